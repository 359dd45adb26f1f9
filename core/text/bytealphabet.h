// The alphabet of byte-level tokenizers (GPT-2): every byte has a printable character, so that token texts are text. 0x21-7E, A1-AC and
// AE-FF stand for themselves, the others for U+0100 and up.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fettle::text {

[[nodiscard]] char32_t characterOf(unsigned char byte);
// -1 for characters outside the alphabet.
[[nodiscard]] int byteOf(char32_t c);
// The bytes that a token text stands for; nothing when it has characters outside the alphabet.
[[nodiscard]] std::optional<std::string> bytesOf(std::string_view tokenText);
[[nodiscard]] std::string spelled(std::string_view bytes);

} // namespace fettle::text
