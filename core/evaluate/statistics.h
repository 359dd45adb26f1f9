// Is a difference more than luck? Intervals and tests for shares, votes and paired values. Pure arithmetic; the same seed gives the same bits.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace fettle::evaluate {

struct Interval { double low = 0, high = 0; };

// 95 % interval of a share (Wilson 1927, without continuity correction). successes may be halves (ties). total 0: 0 to 1, nothing is known.
[[nodiscard]] Interval wilsonInterval(double successes, std::int64_t total);

// Two-sided exact sign test: how likely so uneven a result would be if neither side were better. Ties are left out by the caller.
[[nodiscard]] double signTest(std::int64_t wins, std::int64_t losses);

struct BootstrapSettings {
    std::uint64_t seed = 1207;
    int resamples = 2000;
};
// 95 % percentile interval of a statistic of n rows (Efron 1979). statistic gets n row numbers drawn with replacement; rows are drawn as
// wholes, so a difference within a row stays paired. n 0: 0 to 0.
[[nodiscard]] Interval bootstrapInterval(std::size_t n, const std::function<double(std::span<const std::size_t>)> &statistic,
                                         const BootstrapSettings &settings = {});
// Of the mean of values; for a paired comparison these are the differences, row by row.
[[nodiscard]] Interval bootstrapMean(std::span<const double> values, const BootstrapSettings &settings = {});

} // namespace fettle::evaluate
