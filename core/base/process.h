// This process as the system sees it. The only place that asks the system about it.
#pragma once

#include <cstdint>
#include <string>

namespace fettle {

// For names of temporary files: no two running processes share it.
[[nodiscard]] std::int64_t processId();

// The file that the code or data at an address was loaded from, so that a second copy of a library is seen; empty where it is not known.
[[nodiscard]] std::string libraryFileOf(const void *address);
// The same for a function that some library brought along, by its name.
[[nodiscard]] std::string libraryFileOfFunction(const char *name);

} // namespace fettle
