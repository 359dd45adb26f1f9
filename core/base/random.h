// Random numbers that can be repeated and resumed bit for bit: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011), a pure function of key and counter. A stream is its key, stream number and position, nothing else, so that a checkpoint can
// store it and a backward pass can draw the same dropout mask again.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace fettle {

// Four random words for one counter and key. Stateless: use it directly for masks that are addressed by element.
[[nodiscard]] std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// One step of SplitMix64 as a mixing function; turns neighbouring seeds into unrelated keys.
[[nodiscard]] constexpr std::uint64_t splitMix64(std::uint64_t value)
{
    value += 0x9E3779B97F4A7C15ull;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return value ^ (value >> 31);
}

// Everything that decides what a stream draws next. position counts 32-bit words already drawn.
struct RandomState {
    std::uint64_t key = 0;
    std::uint64_t stream = 0;
    std::uint64_t position = 0;
    friend bool operator==(const RandomState &, const RandomState &) = default;
};

class RandomStream {
public:
    explicit RandomStream(std::uint64_t seed, std::uint64_t stream = 0);
    explicit RandomStream(const RandomState &state) : m_state(state) { }

    // An independent stream, always the same for the same index, whatever was drawn before.
    [[nodiscard]] RandomStream split(std::uint64_t index) const;

    [[nodiscard]] std::uint32_t next32();
    [[nodiscard]] std::uint64_t next64();
    // Uniform in [0, bound) without bias; bound 0 gives 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);
    // Uniform in [0, 1) with 53 (24) random bits.
    [[nodiscard]] double uniform();
    [[nodiscard]] float uniformFloat();
    // Normal with mean 0 and deviation 1 (Box-Muller; each call draws four words and keeps nothing back).
    [[nodiscard]] double normal();
    void fillUniform(std::span<float> values, float low, float high);
    void fillNormal(std::span<float> values, float mean, float deviation);

    // Fisher-Yates.
    template <class T>
    void shuffle(std::span<T> values)
    {
        for (std::size_t left = values.size(); left > 1; --left)
            std::swap(values[left - 1], values[static_cast<std::size_t>(below(left))]);
    }

    [[nodiscard]] RandomState state() const { return m_state; }

private:
    RandomState m_state;
    std::array<std::uint32_t, 4> m_words{};
    std::uint64_t m_wordsBlock = ~std::uint64_t{0}; // which block m_words holds
};

// Text form of a state for JSON ("key:stream:position", hexadecimal). Anything else gives nothing.
[[nodiscard]] std::string toText(const RandomState &state);
[[nodiscard]] bool fromText(const std::string &text, RandomState &state);

} // namespace fettle
