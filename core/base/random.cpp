// Philox4x32-10 and the distributions made from it. Every function here must give the same bits on every machine: integers and the four
// basic operations only, but for log, sqrt, sin and cos in normal().
#include "core/base/random.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace fettle {

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key)
{
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t left = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t right = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(right >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(right),
                   static_cast<std::uint32_t>(left >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(left)};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

RandomStream::RandomStream(std::uint64_t seed, std::uint64_t stream)
    : m_state{splitMix64(seed), stream, 0}
{
}

RandomStream RandomStream::split(std::uint64_t index) const
{
    return RandomStream(RandomState{splitMix64(m_state.key ^ splitMix64(m_state.stream + 0x632BE59BD9B4E019ull)), index, 0});
}

std::uint32_t RandomStream::next32()
{
    const std::uint64_t block = m_state.position / 4;
    if (block != m_wordsBlock) {
        m_words = philox4x32({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                              static_cast<std::uint32_t>(m_state.stream), static_cast<std::uint32_t>(m_state.stream >> 32)},
                             {static_cast<std::uint32_t>(m_state.key), static_cast<std::uint32_t>(m_state.key >> 32)});
        m_wordsBlock = block;
    }
    return m_words[m_state.position++ % 4];
}

std::uint64_t RandomStream::next64()
{
    const std::uint64_t high = next32();
    return high << 32 | next32();
}

std::uint64_t RandomStream::below(std::uint64_t bound)
{
    if (bound == 0)
        return 0;
    // Values under this limit would make the lowest results a little more likely: draw again.
    const std::uint64_t limit = (0 - bound) % bound;
    for (;;) {
        const std::uint64_t value = next64();
        if (value >= limit)
            return value % bound;
    }
}

double RandomStream::uniform()
{
    return static_cast<double>(next64() >> 11) * 0x1p-53;
}

float RandomStream::uniformFloat()
{
    return static_cast<float>(next32() >> 8) * 0x1p-24f;
}

double RandomStream::normal()
{
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

void RandomStream::fillUniform(std::span<float> values, float low, float high)
{
    for (float &value : values)
        value = low + (high - low) * uniformFloat();
}

void RandomStream::fillNormal(std::span<float> values, float mean, float deviation)
{
    for (float &value : values)
        value = mean + deviation * static_cast<float>(normal());
}

std::string toText(const RandomState &state)
{
    return fmt::format("{:x}:{:x}:{:x}", state.key, state.stream, state.position);
}

bool fromText(const std::string &text, RandomState &state)
{
    RandomState read;
    const char *at = text.data();
    const char *const end = at + text.size();
    for (std::uint64_t *part : {&read.key, &read.stream, &read.position}) {
        if (part != &read.key) {
            if (at == end || *at != ':')
                return false;
            ++at;
        }
        const auto [next, error] = std::from_chars(at, end, *part, 16);
        if (error != std::errc{})
            return false;
        at = next;
    }
    if (at != end)
        return false;
    state = read;
    return true;
}

} // namespace fettle
