// Names of models as people type them and as files spell them. Knows no file system.
#pragma once

#include <string>
#include <string_view>

namespace fettle::engine {

[[nodiscard]] std::string lowerCase(std::string_view text);
// "SmolLM2-135M-Instruct.Q4_1" -> "SmolLM2-135M-Instruct": without the number of a part (-00001-of-00003) and the way of storing
// (Q4_K_M, IQ2_XS, F16, BF16, MXFP4 ...), whichever of '-', '.', '_' stands before it.
[[nodiscard]] std::string nameWithoutQuantisation(std::string_view stem);
// Whether a file of that name belongs to a model without being its weights: configuration, tokenizer, template, card, licence.
[[nodiscard]] bool isCompanionName(std::string_view name);

} // namespace fettle::engine
