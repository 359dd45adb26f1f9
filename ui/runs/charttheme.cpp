// See charttheme.h.
#include "ui/runs/charttheme.h"

#include "ui/theme/tokens.h"

#include <qcustomplot.h>

namespace fettle::ui {

void applyChartTheme(QCustomPlot &plot)
{
    const Tokens &t = tokens();
    plot.setBackground(QBrush(t.surface1));
    const QPen line(t.borderStrong, 1);
    for (QCPAxis *axis : {plot.xAxis, plot.yAxis}) {
        axis->setBasePen(line);
        axis->setTickPen(line);
        axis->setSubTickPen(line);
        axis->setTickLabelColor(t.muted);
        axis->setTickLabelFont(textFont(TextSize::Small));
        axis->setTickLengthIn(0);
        axis->setTickLengthOut(axis == plot.xAxis ? 4 : 0);
        axis->setSubTicks(false);
        axis->setTickLabelPadding(axis == plot.xAxis ? 4 : 8);
        axis->grid()->setPen(QPen(t.grid, 1));
        axis->grid()->setZeroLinePen(QPen(t.grid, 1));
        axis->grid()->setSubGridVisible(false);
    }
    plot.xAxis->grid()->setVisible(false); // horizontal lines only
}

} // namespace fettle::ui
