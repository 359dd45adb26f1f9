// What the name of a column says about its content. Knows names, not rows.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

// Names that mean the same in files ("system_prompt", "System Prompt") compare equal: lower case, no space, _ or -.
[[nodiscard]] std::string columnKey(std::string_view name);
// Whether a name holds a word for instruction, context or response ("house_answer", "Question text", "answer (final)") and none that makes
// it a fact about the text ("answer_id", "is_answer") or another field ("system prompt"). Words end at _ - . : / space, brackets and where capitals begin.
[[nodiscard]] bool isSimilarTo(std::string_view field, std::string_view column);

} // namespace fettle::data
