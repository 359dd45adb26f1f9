// Where this user's files lie, by the rules of the system (XDG base directories on Linux). Creates nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace fettle {

[[nodiscard]] std::filesystem::path homeFolder();
[[nodiscard]] std::filesystem::path configFolder(); // .../fettle
[[nodiscard]] std::filesystem::path cacheFolder();  // .../fettle
[[nodiscard]] std::filesystem::path dataFolder();   // .../fettle
[[nodiscard]] std::filesystem::path executablePath(); // empty where unknown

// Value of an environment variable; unset and empty are the same.
[[nodiscard]] std::optional<std::string> environment(const char *name);
// "~/x" with the home folder in place of "~"; other paths as they are.
[[nodiscard]] std::filesystem::path expandHome(const std::string &path);

// Bytes that this user can still write where path lies (its nearest existing parent); -1 where unknown.
[[nodiscard]] std::int64_t freeDiskBytes(const std::filesystem::path &path);

} // namespace fettle
