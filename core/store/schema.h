// The tables of project.db and how an older file becomes a newer one. Knows what is stored, not what it means.
#pragma once

#include "core/store/database.h"

#include <span>

namespace fettle::store {

inline constexpr std::int64_t kApplicationId = 0x4665746c; // "Fetl"

// Step n makes version n of version n - 1 (version 0 is an empty file).
[[nodiscard]] std::span<const std::string_view> schemaSteps();

// Brings a file to the newest version, each step in a transaction of its own; read-only handles only check.
// Errors: BadInput (another program's database, a newer schema, or an older one that may only be read), DiskFull, NoPermission.
[[nodiscard]] Result<> applySchema(const Database &database, std::span<const std::string_view> steps = schemaSteps());

// --- values by key: settings of the project and counters
[[nodiscard]] Result<std::optional<std::string>> readValue(const Database &database, std::string_view key);
[[nodiscard]] Result<> writeValue(const Database &database, std::string_view key, std::string_view value);
[[nodiscard]] Result<std::int64_t> counter(const Database &database, std::string_view name);
[[nodiscard]] Result<> countUp(const Database &database, std::string_view name);

} // namespace fettle::store
