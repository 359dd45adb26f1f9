// The chat template of models that have none of their own: GPT-2, Pythia, base models.
#pragma once

#include "core/text/chattemplate.h"

namespace fettle::text {

// "Question: ...", "Answer: ...", and the model's end mark behind each answer.
[[nodiscard]] const ChatTemplate &plainTemplate();

} // namespace fettle::text
