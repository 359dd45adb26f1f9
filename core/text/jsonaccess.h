// Reading the objects of a tokenizer.json without surprises: a missing or wrong field gives a plain value, an unknown kind a clear error.
#pragma once

#include "core/base/result.h"
#include "core/text/regex.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

namespace fettle::text {

[[nodiscard]] std::string textOf(const nlohmann::json &object, const char *field);
[[nodiscard]] bool flagOf(const nlohmann::json &object, const char *field, bool fallback);
// The array in a field, or an empty array.
[[nodiscard]] const nlohmann::json &listOf(const nlohmann::json &object, const char *field);
// The field, or null.
[[nodiscard]] const nlohmann::json &fieldOf(const nlohmann::json &object, const char *field);
// {"pattern": {"String": ...}} or {"pattern": {"Regex": ...}}.
[[nodiscard]] Result<std::variant<std::string, Regex>> patternOf(const nlohmann::json &object);

[[nodiscard]] tl::unexpected<Error> unsupported(std::string_view part, std::string_view kind);

} // namespace fettle::text
