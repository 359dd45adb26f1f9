// What short pieces of text were tokenised to before, one table for each thread, so that nothing is locked. A piece of at most 24 bytes
// and 6 tokens fills one cache line; a newer piece replaces an older one of the same place.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace fettle::text {

struct PieceKey {
    std::uint64_t a = 0, b = 0, c = 0;
    std::uint8_t length = 0;

    static constexpr std::size_t kLongest = 24;
    // piece: 1 to kLongest bytes. The words overlap; with the length they tell pieces apart.
    explicit PieceKey(std::string_view piece)
        : length(static_cast<std::uint8_t>(piece.size()))
    {
        const char *p = piece.data();
        const std::size_t n = piece.size();
        if (n >= 8) {
            std::memcpy(&a, p, 8);
            std::memcpy(&b, p + n - 8, 8);
            if (n > 16)
                std::memcpy(&c, p + 8, 8);
        } else if (n >= 4) {
            std::uint32_t first = 0, last = 0;
            std::memcpy(&first, p, 4);
            std::memcpy(&last, p + n - 4, 4);
            a = first;
            b = last;
        } else {
            const auto byte = [p](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])); };
            a = byte(0) | byte(n / 2) << 8 | byte(n - 1) << 16;
        }
    }

    [[nodiscard]] std::uint64_t hash() const
    {
        std::uint64_t h = (a ^ 0x9E3779B97F4A7C15ULL) * 0xBF58476D1CE4E5B9ULL;
        h = (h ^ (h >> 29) ^ b) * 0x94D049BB133111EBULL;
        h = (h ^ (h >> 31) ^ c ^ length) * 0xD6E8FEB86659FD93ULL;
        return h ^ (h >> 32);
    }
};

struct alignas(64) PieceEntry {
    static constexpr std::size_t kMostTokens = 6;
    std::uint64_t a, b, c;
    std::uint32_t serial; // of the model; 0: empty
    std::uint8_t length;
    std::uint8_t count;
    std::uint8_t lengths[kMostTokens];
    std::int32_t ids[kMostTokens];

    [[nodiscard]] bool holds(const PieceKey &key, std::uint32_t model) const
    {
        return a == key.a && b == key.b && c == key.c && length == key.length && serial == model;
    }
};

class PieceCache {
public:
    static constexpr std::size_t kEntries = 1 << 15; // 2 MiB
    [[nodiscard]] PieceEntry &at(const PieceKey &key, std::uint32_t model)
    {
        return m_entries[(key.hash() + model * 0x9E3779B9U) & (kEntries - 1)];
    }
    [[nodiscard]] static PieceCache &ofThisThread()
    {
        thread_local PieceCache cache;
        return cache;
    }

private:
    std::unique_ptr<PieceEntry[]> m_entries = std::make_unique<PieceEntry[]>(kEntries);
};

} // namespace fettle::text
