// QCustomPlot knows neither the palette nor the type sizes of the window: both are set by hand here, after every change of theme.
#pragma once

class QCPAxis;
class QCPGraph;
class QCPRange;
class QCustomPlot;

namespace fettle::ui {

inline constexpr double kSmallestLoss = 1e-6; // on a logarithmic axis

// Margins that are the same for all charts of a run, so that they stand over one scrubber.
inline constexpr int kChartLeft = 44, kChartTop = 8, kChartBottom = 26;

// A plot over the course of a run: the wheel zooms and dragging moves along the horizontal axis only.
void setupCourse(QCustomPlot &plot);
// What the horizontal axis counts: whole things (steps, tokens), between which no tick lies, or parts of them too (epochs, minutes).
enum class AxisCounts { Whole, Parts };
[[nodiscard]] double wholeStep(double step); // of ticks: the next smaller whole one, never below 1
void setAxisCounts(QCustomPlot &plot, AxisCounts counts, int ticks);

// Axes, ticks, labels, grid and background in the colours of the tokens in use. Graphs keep their pens: their owner sets them.
void applyChartTheme(QCustomPlot &plot);

// usualTop of the part of a line that is in view.
[[nodiscard]] double usualTopOf(const QCPGraph &line, const QCPRange &view);
// A value axis with room around what is shown, and as many digits as its ticks have; nothing: a place for losses to come.
void setLossRange(QCPAxis &axis, const QCPRange *shown, bool isLogarithmic);

} // namespace fettle::ui
