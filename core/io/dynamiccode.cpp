#include "core/io/dynamiccode.h"

#include <algorithm>
#include <cmath>

namespace fettle::io {

namespace {

constexpr int kExponents = 7;

// For each power of ten from -6 to 0 the middles of equal steps between a tenth of it and itself, then 0 and 1. Rounded to fp32 where the reference does.
std::array<float, 256> makeValues(DynamicRange range)
{
    std::array<float, 256> values{};
    std::size_t count = 0;
    for (int i = 0; i < kExponents; ++i) {
        const int steps = range == DynamicRange::Signed ? 1 << i : 1 << (i + 1);
        const auto power = static_cast<float>(std::pow(10.0, i - (kExponents - 1)));
        const float first = 0.1f, step = (1.0f - first) / static_cast<float>(steps);
        // Counted from the nearer end, rounded once.
        const auto border = [&](int j) {
            return j < (steps + 1) / 2 ? std::fma(step, static_cast<float>(j), first) : std::fma(-step, static_cast<float>(steps - j), 1.0f);
        };
        for (int j = 0; j < steps; ++j) {
            const float middle = power * ((border(j) + border(j + 1)) / 2.0f);
            values[count++] = middle;
            if (range == DynamicRange::Signed)
                values[count++] = -middle;
        }
    }
    values[count++] = 0.0f;
    values[count++] = 1.0f;
    std::sort(values.begin(), values.end());
    return values;
}

std::array<float, 255> middlesOf(const std::array<float, 256> &values)
{
    std::array<float, 255> middles{};
    for (std::size_t i = 0; i < middles.size(); ++i)
        middles[i] = (values[i] + values[i + 1]) / 2.0f;
    return middles;
}

} // namespace

const std::array<float, 256> &dynamicValues(DynamicRange range)
{
    static const std::array<float, 256> both = makeValues(DynamicRange::Signed), positive = makeValues(DynamicRange::Positive);
    return range == DynamicRange::Signed ? both : positive;
}

std::uint8_t nearestDynamicCode(DynamicRange range, float value)
{
    static const std::array<float, 255> both = middlesOf(dynamicValues(DynamicRange::Signed)), positive = middlesOf(dynamicValues(DynamicRange::Positive));
    const auto &middles = range == DynamicRange::Signed ? both : positive;
    return static_cast<std::uint8_t>(std::lower_bound(middles.begin(), middles.end(), value) - middles.begin());
}

} // namespace fettle::io
