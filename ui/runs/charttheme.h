// QCustomPlot knows neither the palette nor the type sizes of the window: both are set by hand here, after every change of theme.
#pragma once

class QCPAxis;
class QCPRange;
class QCustomPlot;

namespace fettle::ui {

inline constexpr double kSmallestLoss = 1e-6; // on a logarithmic axis

// Axes, ticks, labels, grid and background in the colours of the tokens in use. Graphs keep their pens: their owner sets them.
void applyChartTheme(QCustomPlot &plot);

// A value axis with room around what is shown; nothing: a place for losses to come.
void setLossRange(QCPAxis &axis, const QCPRange *shown, bool isLogarithmic);

} // namespace fettle::ui
