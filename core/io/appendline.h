// A file of lines that only grows: what was appended is durable, and a crash costs at most the line that was being written.
#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <string>

namespace fettle::io {

// line: without its line break. A last line that a crash has cut off is ended first. Errors: NotFound (no folder), NoPermission, DiskFull.
[[nodiscard]] Result<> appendLine(const std::filesystem::path &file, std::string line);

} // namespace fettle::io
