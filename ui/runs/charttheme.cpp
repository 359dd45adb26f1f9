// See charttheme.h.
#include "ui/runs/charttheme.h"

#include "ui/runs/stepseries.h"
#include "ui/theme/tokens.h"

#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {

class WholeTicker : public QCPAxisTicker {
protected:
    double getTickStep(const QCPRange &range) override { return wholeStep(QCPAxisTicker::getTickStep(range)); }
};

} // namespace

void setupCourse(QCustomPlot &plot)
{
    plot.setLocale(QLocale()); // it leaves out the separators of thousands otherwise
    plot.axisRect()->setAutoMargins(QCP::msNone);
    plot.axisRect()->setMargins(QMargins(kChartLeft, kChartTop, measure::kPaneSide, kChartBottom));
    plot.axisRect()->setRangeDrag(Qt::Horizontal);
    plot.axisRect()->setRangeZoom(Qt::Horizontal);
    plot.setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    plot.xAxis->setNumberFormat(QStringLiteral("gb"));
    plot.xAxis->setNumberPrecision(9);
    plot.yAxis->ticker()->setTickCount(5);
}

double wholeStep(double step)
{
    return std::max(1.0, std::floor(step + 1e-9));
}

void setAxisCounts(QCustomPlot &plot, AxisCounts counts, int ticks)
{
    const QSharedPointer<QCPAxisTicker> ticker(counts == AxisCounts::Whole ? new WholeTicker : new QCPAxisTicker);
    ticker->setTickCount(ticks);
    plot.xAxis->setTicker(ticker);
}

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

double usualTopOf(const QCPGraph &line, const QCPRange &view)
{
    std::vector<double> values;
    for (const QCPGraphData &point : *line.data()) {
        if (view.contains(point.key))
            values.push_back(point.value);
    }
    return usualTop(values);
}

void setLossRange(QCPAxis &axis, const QCPRange *shown, bool isLogarithmic)
{
    const QCPRange range = shown ? *shown : QCPRange(isLogarithmic ? 1.0 : 0.0, 3.0);
    if (isLogarithmic) {
        const double room = std::max(1.02, std::pow(range.upper / std::max(range.lower, kSmallestLoss), 0.06));
        axis.setRange(std::max(range.lower / room, kSmallestLoss), range.upper * room);
    } else {
        const double least = (range.size() > 0 ? 0.02 : 0.25) * std::abs(range.upper) + 1e-6; // one value alone has no scale yet
        const double room = std::max(0.06 * range.size(), least);
        axis.setRange(range.lower >= 0 ? std::max(0.0, range.lower - room) : range.lower - room, range.upper + room);
    }
    constexpr int kMostDigits = 6;
    QVector<double> ticks;
    axis.ticker()->generate(axis.range(), QLocale::c(), QLatin1Char('f'), kMostDigits, ticks, nullptr, nullptr);
    const auto isRounded = [&](int digits) { // a tick at 2.75 must not be called 2.8
        const double unit = std::pow(10.0, -digits);
        return std::ranges::any_of(ticks, [&](double tick) { return std::abs(tick - unit * std::round(tick / unit)) > 1e-4 * unit; });
    };
    int digits = axis.range().size() > 8 ? 0 : 1;
    while (digits < kMostDigits && isRounded(digits))
        ++digits;
    axis.setNumberFormat(QStringLiteral("f"));
    axis.setNumberPrecision(digits);
}

} // namespace fettle::ui
