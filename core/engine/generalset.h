// The bundled questions of general knowledge and everyday language, as a model reads them: what the forgetting meter measures a run on.
// Internal header of the engine.
#pragma once

#include "core/engine/lens.h"
#include "core/train/batches.h"

#include <vector>

namespace fettle::engine {

// One document for each question, in the order of the file; record: its number, from 1. Questions that the model's template refuses are
// left out. Errors: those of the file (resources/general/questions.json), BadInput (the template refuses all).
[[nodiscard]] Result<std::vector<train::Document>> generalDocuments(const Lens &lens);

} // namespace fettle::engine
