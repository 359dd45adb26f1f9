#include "core/evaluate/statistics.h"

#include "core/base/random.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace fettle::evaluate {

namespace {

constexpr double kNormal975 = 1.959963984540054; // quantile of the normal distribution for 95 %, two-sided

// Between neighbours in a sorted list, linearly.
double quantile(std::span<const double> sorted, double share)
{
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

} // namespace

Interval wilsonInterval(double successes, std::int64_t total)
{
    if (total <= 0)
        return {0, 1};
    const auto n = static_cast<double>(total);
    const double share = successes / n;
    const double z2 = kNormal975 * kNormal975;
    const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
    const double half = kNormal975 * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    return {successes <= 0 ? 0.0 : std::max(0.0, centre - half), successes >= n ? 1.0 : std::min(1.0, centre + half)};
}

double signTest(std::int64_t wins, std::int64_t losses)
{
    const std::int64_t n = wins + losses;
    const std::int64_t fewer = std::min(wins, losses);
    const double logAll = static_cast<double>(n) * std::log(2.0);
    double tail = 0;
    for (std::int64_t k = 0; k <= fewer; ++k)
        tail += std::exp(std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) - std::lgamma(static_cast<double>(n - k) + 1) - logAll);
    return std::min(1.0, 2 * tail);
}

Interval bootstrapInterval(std::size_t n, const std::function<double(std::span<const std::size_t>)> &statistic, const BootstrapSettings &settings)
{
    if (n == 0 || settings.resamples < 1)
        return {};
    RandomStream random(settings.seed);
    std::vector<std::size_t> rows(n);
    std::vector<double> values;
    values.reserve(static_cast<std::size_t>(settings.resamples));
    for (int i = 0; i < settings.resamples; ++i) {
        for (std::size_t &row : rows)
            row = static_cast<std::size_t>(random.below(n));
        values.push_back(statistic(rows));
    }
    std::sort(values.begin(), values.end());
    return {quantile(values, 0.025), quantile(values, 0.975)};
}

Interval bootstrapMean(std::span<const double> values, const BootstrapSettings &settings)
{
    return bootstrapInterval(values.size(), [values](std::span<const std::size_t> rows) {
        double sum = 0;
        for (const std::size_t row : rows)
            sum += values[row];
        return sum / static_cast<double>(rows.size());
    }, settings);
}

} // namespace fettle::evaluate
