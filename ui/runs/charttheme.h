// QCustomPlot knows neither the palette nor the type sizes of the window: both are set by hand here, after every change of theme.
#pragma once

class QCustomPlot;

namespace fettle::ui {

// Axes, ticks, labels, grid and background in the colours of the tokens in use. Graphs keep their pens: their owner sets them.
void applyChartTheme(QCustomPlot &plot);

} // namespace fettle::ui
