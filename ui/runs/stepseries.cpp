// See stepseries.h.
#include "ui/runs/stepseries.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fettle::ui {

namespace {

// The first index in [first, end) for which the condition, which is false and then true, holds.
template <class Condition>
std::size_t firstIndex(std::size_t first, std::size_t end, Condition condition)
{
    while (first < end) {
        const std::size_t middle = first + (end - first) / 2;
        if (condition(middle))
            end = middle;
        else
            first = middle + 1;
    }
    return first;
}

// Calls visit(begin, end) for the points of each column in view and of the two columns just outside. Looks at few of the points.
template <class Values, class Visit>
void forEachColumn(const Values &x, double from, double to, int columns, Visit visit)
{
    if (x.empty() || columns <= 0 || !(to > from))
        return;
    std::size_t first = firstIndex(0, x.size(), [&](std::size_t i) { return x[i] >= from; });
    const std::size_t end = std::min(firstIndex(first, x.size(), [&](std::size_t i) { return x[i] > to; }) + 1, x.size());
    first = first > 0 ? first - 1 : 0;
    const auto columnOf = [&](std::size_t i) { return std::floor((x[i] - from) / (to - from) * columns); };
    for (std::size_t begin = first; begin < end;) {
        const double column = columnOf(begin);
        const std::size_t next = firstIndex(begin + 1, end, [&](std::size_t i) { return columnOf(i) > column; });
        visit(begin, next);
        begin = next;
    }
}

template <class Values, class ExtremesOf>
QPolygonF thinned(const Values &x, const Values &y, double from, double to, int columns, ExtremesOf extremesOf)
{
    QPolygonF line;
    forEachColumn(x, from, to, columns, [&](std::size_t begin, std::size_t end) {
        const StepSeries::Extremes found = extremesOf(begin, end);
        if (found.lowest < 0)
            return;
        const auto add = [&](std::ptrdiff_t at) { line.append(QPointF(x[std::size_t(at)], y[std::size_t(at)])); };
        add(std::min(found.lowest, found.highest));
        if (found.lowest != found.highest)
            add(std::max(found.lowest, found.highest));
    });
    return line;
}

template <class Values>
void widen(StepSeries::Extremes &found, const Values &values, std::ptrdiff_t lowest, std::ptrdiff_t highest)
{
    if (found.lowest < 0 || values[std::size_t(lowest)] < values[std::size_t(found.lowest)])
        found.lowest = lowest;
    if (found.highest < 0 || values[std::size_t(highest)] > values[std::size_t(found.highest)])
        found.highest = highest;
}

template <class Values>
void widenByEach(StepSeries::Extremes &found, const Values &values, std::size_t begin, std::size_t end)
{
    for (std::size_t i = begin; i < end; ++i) {
        if (std::isfinite(values[i]))
            widen(found, values, std::ptrdiff_t(i), std::ptrdiff_t(i));
    }
}

} // namespace

void StepSeries::append(double value)
{
    m_values.push_back(value);
    m_hasFinite = m_hasFinite || std::isfinite(value);
    if (m_values.size() % kBlock != 0)
        return;
    const std::size_t begin = m_values.size() - kBlock;
    Extremes found;
    widenByEach(found, m_values, begin, m_values.size());
    Block block;
    for (std::size_t i = begin; i < m_values.size(); ++i) {
        if (!std::isfinite(m_values[i]))
            continue;
        block.sum += m_values[i];
        ++block.count;
    }
    if (found.lowest >= 0) {
        block.lowest = std::int16_t(std::size_t(found.lowest) - begin);
        block.highest = std::int16_t(std::size_t(found.highest) - begin);
    }
    m_blocks.push_back(block);
}

void StepSeries::clear()
{
    m_values.clear();
    m_blocks.clear();
    m_hasFinite = false;
}

void StepSeries::reserve(std::size_t count)
{
    m_values.reserve(count);
    m_blocks.reserve(count / kBlock);
}

StepSeries::Extremes StepSeries::extremes(std::size_t begin, std::size_t end) const
{
    Extremes found;
    const std::size_t firstBlock = (begin + kBlock - 1) / kBlock, endBlock = end / kBlock;
    if (firstBlock >= endBlock) {
        widenByEach(found, m_values, begin, end);
        return found;
    }
    widenByEach(found, m_values, begin, firstBlock * kBlock);
    for (std::size_t i = firstBlock; i < endBlock; ++i) {
        if (m_blocks[i].lowest >= 0)
            widen(found, m_values, std::ptrdiff_t(i * kBlock) + m_blocks[i].lowest, std::ptrdiff_t(i * kBlock) + m_blocks[i].highest);
    }
    widenByEach(found, m_values, endBlock * kBlock, end);
    return found;
}

StepSeries::Sum StepSeries::sum(std::size_t begin, std::size_t end) const
{
    Sum all;
    const auto addEach = [&](std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < to; ++i) {
            if (!std::isfinite(m_values[i]))
                continue;
            all.sum += m_values[i];
            ++all.count;
        }
    };
    const std::size_t firstBlock = (begin + kBlock - 1) / kBlock, endBlock = end / kBlock;
    if (firstBlock >= endBlock) {
        addEach(begin, end);
        return all;
    }
    addEach(begin, firstBlock * kBlock);
    for (std::size_t i = firstBlock; i < endBlock; ++i) {
        all.sum += m_blocks[i].sum;
        all.count += std::size_t(m_blocks[i].count);
    }
    addEach(endBlock * kBlock, end);
    return all;
}

Smoother::Smoother(double weight) : m_weight(weight), m_last(std::numeric_limits<double>::quiet_NaN()) {}

double Smoother::next(double value)
{
    if (std::isfinite(value)) {
        m_average = m_weight * m_average + (1 - m_weight) * value;
        m_power *= m_weight;
        m_last = m_average / (1 - m_power);
    }
    return m_last;
}

std::vector<double> smoothedValues(const std::vector<double> &values, double weight)
{
    std::vector<double> smooth(values.size());
    Smoother smoother(weight);
    std::ranges::transform(values, smooth.begin(), [&](double value) { return smoother.next(value); });
    return smooth;
}

QPolygonF thinnedPoints(const std::vector<double> &x, const std::vector<double> &y, double from, double to, int columns)
{
    return thinned(x, y, from, to, columns, [&](std::size_t begin, std::size_t end) {
        StepSeries::Extremes found;
        widenByEach(found, y, begin, end);
        return found;
    });
}

QPolygonF thinnedPoints(const StepSeries &x, const StepSeries &y, double from, double to, int columns)
{
    return thinned(x, y, from, to, columns, [&](std::size_t begin, std::size_t end) { return y.extremes(begin, end); });
}

// The middle of the values around each one follows a curve that falls or rises, also from its very beginning, and passes over what is odd.
double usualTop(const std::vector<double> &values)
{
    constexpr std::size_t kFewest = 20, kBeside = 4;
    constexpr double kUsual = 0.98, kOutlier = 3, kSmallestRange = 0.1; // of the top
    if (values.size() < kFewest)
        return values.empty() ? 0 : std::ranges::max(values);
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t before = std::min(i, kBeside), end = std::min(i + kBeside + 1, values.size());
        std::vector<double> around(values.begin() + std::ptrdiff_t(i - before), values.begin() + std::ptrdiff_t(std::min(end, i + before + 1)));
        const auto middle = around.begin() + std::ptrdiff_t(around.size() / 2);
        std::ranges::nth_element(around, middle);
        lowest = std::min(lowest, *middle);
        highest = std::max(highest, *middle);
    }
    std::vector<double> all = values;
    const auto usual = all.begin() + std::ptrdiff_t(kUsual * double(all.size() - 1));
    std::ranges::nth_element(all, usual);
    return std::max(*usual, highest + kOutlier * std::max(highest - lowest, kSmallestRange * highest));
}

QPolygonF averagedPoints(const StepSeries &x, const StepSeries &y, double from, double to, int columns)
{
    QPolygonF line;
    forEachColumn(x, from, to, columns, [&](std::size_t begin, std::size_t end) {
        const StepSeries::Sum all = y.sum(begin, end);
        if (all.count > 0) // x goes on evenly within a column
            line.append(QPointF((x[begin] + x[end - 1]) / 2, all.sum / double(all.count)));
    });
    return line;
}

} // namespace fettle::ui
