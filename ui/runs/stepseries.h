// One number of every step of a run, and lines thinned for a picture. A series keeps the lowest, the highest and the sum of each block of
// steps beside its values, so that a chart of a million steps reads a few thousand of them. Values in, values out; knows no widget.
#pragma once

#include <QPolygonF>

#include <cstdint>
#include <vector>

namespace fettle::ui {

class StepSeries {
public:
    // Indices; -1 where no value is finite.
    struct Extremes { std::ptrdiff_t lowest = -1, highest = -1; };
    // Of the finite values.
    struct Sum { double sum = 0; std::size_t count = 0; };

    void append(double value);
    void clear();
    void reserve(std::size_t count);
    [[nodiscard]] std::size_t size() const { return m_values.size(); }
    [[nodiscard]] bool empty() const { return m_values.empty(); }
    [[nodiscard]] bool hasFinite() const { return m_hasFinite; } // at least one value is a number
    [[nodiscard]] double operator[](std::size_t index) const { return m_values[index]; }
    // Of the values from begin to before end; both at most size().
    [[nodiscard]] Extremes extremes(std::size_t begin, std::size_t end) const;
    [[nodiscard]] Sum sum(std::size_t begin, std::size_t end) const;

private:
    static constexpr std::size_t kBlock = 16;
    struct Block { // of values that are all there
        double sum = 0;
        std::int16_t lowest = -1, highest = -1; // from the block's beginning; -1: nothing finite
        std::int16_t count = 0;                 // of the finite ones
    };
    std::vector<double> m_values;
    std::vector<Block> m_blocks;
    bool m_hasFinite = false;
};

// Exponential moving average with the start corrected as in Adam (Kingma and Ba, 2015, section 3), so that the curve begins at the first
// value and not at zero. weight: 0 (the values themselves) to below 1. Values that are not finite are passed over.
class Smoother {
public:
    explicit Smoother(double weight);
    [[nodiscard]] double next(double value); // the average up to here; NaN before the first finite value

private:
    double m_weight, m_average = 0, m_power = 1, m_last;
};
[[nodiscard]] std::vector<double> smoothedValues(const std::vector<double> &values, double weight);

// At most two points for each of the columns between from and to, the lowest and the highest, in their order: a line through them looks
// like the line through all. The neighbours just outside are kept, so that the line leaves the picture. x ascends.
[[nodiscard]] QPolygonF thinnedPoints(const std::vector<double> &x, const std::vector<double> &y, double from, double to, int columns);
[[nodiscard]] QPolygonF thinnedPoints(const StepSeries &x, const StepSeries &y, double from, double to, int columns);

// Up to where a chart must reach to show what is usual: values that stand out far above those around them, odd steps, are left above. Of few
// values all are shown; of none, 0.
[[nodiscard]] double usualTop(const std::vector<double> &values);

// One point for each column: the mean of what falls into it. For a line that is smooth already; two points would make a band of it.
[[nodiscard]] QPolygonF averagedPoints(const StepSeries &x, const StepSeries &y, double from, double to, int columns);

} // namespace fettle::ui
