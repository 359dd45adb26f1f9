// SHA-1 (FIPS 180-4), for one purpose: git names its files by it, and model hubs list their small files under these names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fettle {

// 40 lower-case hexadecimal digits.
[[nodiscard]] std::string sha1Hex(std::string_view text);
// The name that git gives to a file of this content.
[[nodiscard]] std::string gitBlobName(std::string_view content);

} // namespace fettle
