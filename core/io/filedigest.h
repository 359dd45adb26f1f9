// What a file holds, as one number: read in pieces whose memory is given back, so that a file of any size takes little of it.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

namespace fettle::io {

struct FileDigest {
    std::int64_t bytes = 0;
    std::string sha256; // 64 lower-case hexadecimal digits
};

// Errors: NotFound, NoPermission, Cancelled.
[[nodiscard]] Result<FileDigest> digestOfFile(const std::filesystem::path &file, const std::stop_token &stop = {});

} // namespace fettle::io
