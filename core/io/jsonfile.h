// JSON from files that may be broken or hostile: limits on size and nesting, errors with line and column, repeated keys refused.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fettle::io {

enum class RepeatedKeys { Refuse, KeepLast };

struct JsonLimits {
    std::int64_t maxBytes = 256ll << 20;
    int maxDepth = 200;
    RepeatedKeys repeatedKeys = RepeatedKeys::Refuse;
};

// source: how errors call the text ("config.json"). A byte order mark is skipped. Text must be valid UTF-8.
// Errors: BadInput with line and column (1-based, column in bytes), NotFound, NoPermission.
[[nodiscard]] Result<nlohmann::json> parseJson(std::string_view text, std::string_view source, const JsonLimits &limits = {});
[[nodiscard]] Result<nlohmann::json> readJsonFile(const std::filesystem::path &path, const JsonLimits &limits = {});
// The same with the keys in the order of the file, for texts in which order is seen (tools in a prompt).
[[nodiscard]] Result<nlohmann::ordered_json> parseOrderedJson(std::string_view text, std::string_view source, const JsonLimits &limits = {});
[[nodiscard]] Result<nlohmann::ordered_json> readOrderedJsonFile(const std::filesystem::path &path, const JsonLimits &limits = {});

// The whole of a small text file. Errors: as above, BadInput when larger than maxBytes.
[[nodiscard]] Result<std::string> readTextFile(const std::filesystem::path &path, std::int64_t maxBytes = 256ll << 20);

// Checked access to one field of an object: BadInput that names source and field when it is missing, of another kind or out of range.
// T: bool, std::int64_t, double, std::string.
template <class T>
[[nodiscard]] Result<T> jsonField(const nlohmann::json &object, std::string_view field, std::string_view source);
// The same with a value for a field that is missing or null.
template <class T>
[[nodiscard]] Result<T> jsonField(const nlohmann::json &object, std::string_view field, std::string_view source, T fallback);

} // namespace fettle::io
