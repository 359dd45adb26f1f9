#include "core/data/autopsy.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <limits>

namespace fettle::data {

namespace {

constexpr double kEvenOdds = 0.6931471805599453; // ln 2
constexpr std::size_t kFewest = 20;              // fewer records have no spread to speak of
constexpr double kSpreads = 4.0, kLeastFactor = 1.5;
constexpr double kMedianToDeviation = 1.4826;    // of a normal distribution

double medianOf(std::vector<double> values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double farAbove(const std::vector<double> &values)
{
    if (values.size() < kFewest)
        return std::numeric_limits<double>::infinity();
    const double middle = medianOf(values);
    std::vector<double> distances;
    distances.reserve(values.size());
    for (const double value : values)
        distances.push_back(std::abs(value - middle));
    return std::max(middle + kSpreads * kMedianToDeviation * medianOf(std::move(distances)), kLeastFactor * middle);
}

} // namespace

AutopsyLimits autopsyLimits(const std::vector<double> &answers, const std::vector<double> &questions)
{
    return {kEvenOdds, std::max(farAbove(answers), kEvenOdds), farAbove(questions)};
}

std::string autopsyLimitsText(const AutopsyLimits &limits)
{
    return fmt::format("{} {} {}", limits.known, limits.surprising, limits.odd);
}

std::optional<AutopsyLimits> autopsyLimitsFrom(std::string_view text)
{
    const std::string copy(text);
    const char *at = copy.c_str();
    double values[3] = {};
    for (double &value : values) {
        char *end = nullptr;
        value = std::strtod(at, &end);
        if (end == at || std::isnan(value))
            return std::nullopt;
        at = end;
    }
    return AutopsyLimits{values[0], values[1], values[2]};
}

} // namespace fettle::data
