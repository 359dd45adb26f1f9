// Lists of messages (OpenAI: role and content; ShareGPT: from and value) to turns.
#pragma once

#include "core/data/rowshape.h"

namespace fettle::data {

// By any of its names: user, human, prompter; assistant, gpt, bot; system, developer; tool, function, observation.
[[nodiscard]] std::optional<Role> roleFrom(std::string_view name);
// The same, unless the user has said otherwise.
[[nodiscard]] std::optional<Role> roleIn(const RowPlan &plan, const std::string &name);
// "messages", "sharegpt", or "" where the value is not a list of messages.
[[nodiscard]] std::string conversationShape(const JsonValue &value);
// plan.mapping: messages, and optionally completion, system, tools; a row that is itself a list of messages needs none.
[[nodiscard]] RowOutcome conversationFromRow(const JsonValue &row, const RowPlan &plan, std::string_view file);

} // namespace fettle::data
