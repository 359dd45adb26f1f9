#include "core/generate/blockcodes.h"

#include <cstring>

namespace fettle::generate {

namespace {

using io::StorageType;

const std::uint8_t *unsignedBytes(const std::byte *bytes) { return reinterpret_cast<const std::uint8_t *>(bytes); }

float halfAt(const std::byte *bytes)
{
    std::uint16_t bits;
    std::memcpy(&bits, bytes, 2);
    return io::floatFromF16(bits);
}

// Elements 0 to 15 in the low nibbles, 16 to 31 in the high ones.
void splitNibbles(const std::uint8_t *nibbles, std::int8_t *codes)
{
    for (int i = 0; i < 16; ++i) {
        codes[i] = static_cast<std::int8_t>(nibbles[i] & 15);
        codes[16 + i] = static_cast<std::int8_t>(nibbles[i] >> 4);
    }
}

void addFifthBits(const std::byte *bits, std::int8_t *codes, int offset)
{
    std::uint32_t high;
    std::memcpy(&high, bits, 4);
    for (int i = 0; i < 32; ++i)
        codes[i] = static_cast<std::int8_t>((codes[i] | static_cast<int>((high >> i) & 1) << 4) - offset);
}

// Scale and minimum number j of the twelve bytes of Q4_K and Q5_K: 6 bits each.
void sixBitPair(const std::uint8_t *bytes, int j, int &scale, int &minimum)
{
    if (j < 4) {
        scale = bytes[j] & 63;
        minimum = bytes[j + 4] & 63;
    } else {
        scale = (bytes[j + 4] & 15) | (bytes[j - 4] >> 6) << 4;
        minimum = (bytes[j + 4] >> 4) | (bytes[j] >> 6) << 4;
    }
}

// Q4_K: f16 d, f16 dmin, 12 bytes of scales, 128 bytes of nibbles. Q5_K: 32 bytes of fifth bits before the nibbles.
void takeApartK4or5(const std::byte *block, BlockCodes &out, bool hasFifthBit)
{
    const float d = halfAt(block), dMin = halfAt(block + 2);
    const std::uint8_t *scales = unsignedBytes(block + 4);
    const std::uint8_t *high = unsignedBytes(block + 16);
    const std::uint8_t *low = high + (hasFifthBit ? 32 : 0);
    for (int group = 0; group < 8; ++group) {
        int scale, minimum;
        sixBitPair(scales, group, scale, minimum);
        out.scales[group] = d * static_cast<float>(scale);
        out.minima[group] = -(dMin * static_cast<float>(minimum));
        const std::uint8_t *nibbles = low + group / 2 * 32;
        for (int i = 0; i < 32; ++i) {
            int code = group % 2 ? nibbles[i] >> 4 : nibbles[i] & 15;
            if (hasFifthBit)
                code |= ((high[i] >> group) & 1) << 4;
            out.codes[group * 32 + i] = static_cast<std::int8_t>(code);
        }
    }
}

// Q2_K: 16 bytes (scale in the low, minimum in the high nibble), 64 bytes of 2-bit codes, f16 d, f16 dmin.
void takeApartK2(const std::byte *block, BlockCodes &out)
{
    const std::uint8_t *pairs = unsignedBytes(block);
    const std::uint8_t *codes = unsignedBytes(block + 16);
    const float d = halfAt(block + 80), dMin = halfAt(block + 82);
    for (int group = 0; group < 16; ++group) {
        out.scales[group] = d * static_cast<float>(pairs[group] & 15);
        out.minima[group] = -(dMin * static_cast<float>(pairs[group] >> 4));
        const std::uint8_t *source = codes + group / 8 * 32 + group % 2 * 16;
        const int shift = group % 8 / 2 * 2;
        for (int i = 0; i < 16; ++i)
            out.codes[group * 16 + i] = static_cast<std::int8_t>((source[i] >> shift) & 3);
    }
}

// Q3_K: 32 bytes of third bits, 64 bytes of 2-bit codes, 12 bytes of 6-bit scales (less 32), f16 d.
void takeApartK3(const std::byte *block, BlockCodes &out)
{
    const std::uint8_t *high = unsignedBytes(block);
    const std::uint8_t *codes = unsignedBytes(block + 32);
    const std::uint8_t *packed = unsignedBytes(block + 96);
    const float d = halfAt(block + 108);
    for (int group = 0; group < 16; ++group) {
        const int lowBits = group < 8 ? packed[group] & 15 : packed[group - 8] >> 4;
        const int highBits = (packed[8 + group % 4] >> (group / 4 * 2)) & 3;
        out.scales[group] = d * static_cast<float>((lowBits | highBits << 4) - 32);
        out.minima[group] = 0;
        const int place = group % 2 * 16;
        const std::uint8_t *source = codes + group / 8 * 32 + place;
        const int shift = group % 8 / 2 * 2;
        for (int i = 0; i < 16; ++i) {
            const int third = (high[place + i] >> (group / 2)) & 1;
            out.codes[group * 16 + i] = static_cast<std::int8_t>(((source[i] >> shift) & 3) - (third ? 0 : 4));
        }
    }
}

// Q6_K: 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales, f16 d.
void takeApartK6(const std::byte *block, BlockCodes &out)
{
    const std::uint8_t *low = unsignedBytes(block);
    const std::uint8_t *high = unsignedBytes(block + 128);
    const std::byte *scales = block + 192;
    const float d = halfAt(block + 208);
    for (int group = 0; group < 16; ++group) {
        out.scales[group] = d * static_cast<float>(static_cast<std::int8_t>(scales[group]));
        out.minima[group] = 0;
    }
    for (int half = 0; half < 2; ++half) {
        const std::uint8_t *nibbles = low + half * 64;
        const std::uint8_t *pairs = high + half * 32;
        std::int8_t *codes = out.codes + half * 128;
        for (int i = 0; i < 32; ++i) {
            codes[i] = static_cast<std::int8_t>(((nibbles[i] & 15) | (pairs[i] & 3) << 4) - 32);
            codes[i + 32] = static_cast<std::int8_t>(((nibbles[i + 32] & 15) | ((pairs[i] >> 2) & 3) << 4) - 32);
            codes[i + 64] = static_cast<std::int8_t>(((nibbles[i] >> 4) | ((pairs[i] >> 4) & 3) << 4) - 32);
            codes[i + 96] = static_cast<std::int8_t>(((nibbles[i + 32] >> 4) | (pairs[i] >> 6) << 4) - 32);
        }
    }
}

} // namespace

std::size_t scaleGroup(StorageType type)
{
    return type == StorageType::Q2_K || type == StorageType::Q3_K || type == StorageType::Q6_K ? 16 : 32;
}

void takeApart(StorageType type, const std::byte *block, BlockCodes &out)
{
    switch (type) {
    case StorageType::Q4_0:
        out.scales[0] = halfAt(block);
        out.minima[0] = 0;
        splitNibbles(unsignedBytes(block + 2), out.codes);
        break;
    case StorageType::Q4_1:
        out.scales[0] = halfAt(block);
        out.minima[0] = halfAt(block + 2);
        splitNibbles(unsignedBytes(block + 4), out.codes);
        break;
    case StorageType::Q5_0:
        out.scales[0] = halfAt(block);
        out.minima[0] = 0;
        splitNibbles(unsignedBytes(block + 6), out.codes);
        addFifthBits(block + 2, out.codes, 16);
        break;
    case StorageType::Q5_1:
        out.scales[0] = halfAt(block);
        out.minima[0] = halfAt(block + 2);
        splitNibbles(unsignedBytes(block + 8), out.codes);
        addFifthBits(block + 4, out.codes, 0);
        break;
    case StorageType::Q8_0:
        out.scales[0] = halfAt(block);
        out.minima[0] = 0;
        std::memcpy(out.codes, block + 2, 32);
        break;
    case StorageType::Q2_K: takeApartK2(block, out); break;
    case StorageType::Q3_K: takeApartK3(block, out); break;
    case StorageType::Q4_K: takeApartK4or5(block, out, false); break;
    case StorageType::Q5_K: takeApartK4or5(block, out, true); break;
    case StorageType::Q6_K: takeApartK6(block, out); break;
    default: std::memset(&out, 0, sizeof out); break;
    }
}

} // namespace fettle::generate
