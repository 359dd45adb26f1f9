// Compares two models by their logits on fixed probe prompts. The proof behind every export.
#pragma once

#include "core/export/exporting.h"
#include "core/model/sites.h"
#include "core/text/tokenizer.h"

#include <vector>

namespace fettle::exporting {

// Token ids of the probe prompts: short texts in several languages and kinds, cut to the model's context.
[[nodiscard]] std::vector<std::vector<TokenId>> probePrompts(const text::Tokenizer &tokenizer, const model::ModelConfig &config);

// tolerance: largest allowed absolute difference, relative to the largest absolute logit of the expected model.
[[nodiscard]] Result<SelfTest> compareLogits(const model::ModelWeights &expected, const model::Sites &expectedSites,
                                             const model::ModelWeights &found, const model::Sites &foundSites,
                                             const std::vector<std::vector<TokenId>> &prompts, double tolerance);

// A written GGUF file against what was exported: every tensor's values, tokenizer, chat template, end tokens, and what it says next on the probe
// prompts, computed by the decoder that reads the file as other programs do. Keeps the file's weights as they are stored.
[[nodiscard]] Result<SelfTest> testGguf(const Source &source, GgufForm form, const std::filesystem::path &file, const ProgressCallback &progress,
                                        std::stop_token stop);

} // namespace fettle::exporting
