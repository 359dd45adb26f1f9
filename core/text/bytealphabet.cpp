// The alphabet of byte-level tokenizers as two tables.
#include "core/text/bytealphabet.h"

#include "core/base/utf8.h"
#include "core/text/unicode.h"

#include <array>

namespace fettle::text {
namespace {

constexpr bool standsForItself(int byte)
{
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<char32_t, 256> makeCharacters()
{
    std::array<char32_t, 256> made{};
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte)
        made[static_cast<std::size_t>(byte)] = standsForItself(byte) ? static_cast<char32_t>(byte) : next++;
    return made;
}
constexpr std::array<char32_t, 256> kCharacters = makeCharacters();

constexpr std::array<short, 0x144> makeBytes()
{
    std::array<short, 0x144> made{};
    made.fill(-1);
    for (std::size_t byte = 0; byte < 256; ++byte)
        made[kCharacters[byte]] = static_cast<short>(byte);
    return made;
}
constexpr std::array<short, 0x144> kBytes = makeBytes();

} // namespace

char32_t characterOf(unsigned char byte)
{
    return kCharacters[byte];
}

int byteOf(char32_t c)
{
    return c < kBytes.size() ? kBytes[c] : -1;
}

std::optional<std::string> bytesOf(std::string_view tokenText)
{
    std::string bytes;
    bytes.reserve(tokenText.size());
    for (std::size_t i = 0; i < tokenText.size();) {
        const Decoded c = decodeUnchecked(tokenText.data() + i);
        const int byte = byteOf(c.value);
        if (byte < 0)
            return std::nullopt;
        bytes += static_cast<char>(byte);
        i += c.length;
    }
    return bytes;
}

std::string spelled(std::string_view bytes)
{
    std::string text;
    for (const char byte : bytes)
        appendUtf8(text, characterOf(static_cast<unsigned char>(byte)));
    return text;
}

} // namespace fettle::text
