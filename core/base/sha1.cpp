#include "core/base/sha1.h"

#include <array>
#include <bit>
#include <fmt/format.h>

namespace fettle {
namespace {

using State = std::array<std::uint32_t, 5>;

void addBlock(State &state, const unsigned char *block)
{
    std::array<std::uint32_t, 80> w;
    for (std::size_t i = 0; i < 16; ++i)
        w[i] = std::uint32_t{block[4 * i]} << 24 | std::uint32_t{block[4 * i + 1]} << 16 | std::uint32_t{block[4 * i + 2]} << 8 | std::uint32_t{block[4 * i + 3]};
    for (std::size_t i = 16; i < 80; ++i)
        w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < 80; ++i) {
        const auto [f, k] = i < 20   ? std::pair{(b & c) | (~b & d), 0x5A827999u}
                            : i < 40 ? std::pair{b ^ c ^ d, 0x6ED9EBA1u}
                            : i < 60 ? std::pair{(b & c) | (b & d) | (c & d), 0x8F1BBCDCu}
                                     : std::pair{b ^ c ^ d, 0xCA62C1D6u};
        const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

} // namespace

std::string sha1Hex(std::string_view text)
{
    std::string padded(text);
    padded += '\x80';
    while (padded.size() % 64 != 56)
        padded += '\0';
    const std::uint64_t bits = std::uint64_t{text.size()} * 8;
    for (int shift = 56; shift >= 0; shift -= 8)
        padded += static_cast<char>(bits >> shift);
    State state = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    for (std::size_t begin = 0; begin < padded.size(); begin += 64)
        addBlock(state, reinterpret_cast<const unsigned char *>(padded.data()) + begin);
    std::string hex;
    for (const std::uint32_t word : state)
        hex += fmt::format("{:08x}", word);
    return hex;
}

std::string gitBlobName(std::string_view content)
{
    std::string text = fmt::format("blob {}", content.size());
    text += '\0';
    text += content;
    return sha1Hex(text);
}

} // namespace fettle
