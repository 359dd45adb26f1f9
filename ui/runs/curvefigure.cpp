// See curvefigure.h.
#include "ui/runs/curvefigure.h"

#include "ui/runs/stepseries.h"

#include <QCoreApplication>
#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace fettle::ui {

namespace {

struct Figure {
    Q_DECLARE_TR_FUNCTIONS(fettle::ui::Figure)
};

constexpr double kFigureLeft = 52, kFigureRight = 12, kFigureTop = 26, kFigureBottom = 36;
constexpr double kSampleLine = 18, kSampleGap = 5;
constexpr std::size_t kMostEpochLabels = 12;

struct ValueRange { double low = 0, high = 1; };

ValueRange rangeOf(const CurveFigure &figure)
{
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const FigureLine &line : figure.lines) {
        for (const double value : line.y) {
            if (!std::isfinite(value))
                continue;
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (!(low <= high))
        return {};
    const double room = std::max(0.05 * (high - low), 0.02 * std::abs(high) + 1e-12);
    return {low >= 0 ? std::max(0.0, low - room) : low - room, high + room};
}

FigureLine lineOf(const RunCurves &curves, const QString &name, int series, const std::function<double(const engine::MetricPoint &)> &valueOf)
{
    FigureLine line{name, series, false, false, {}, {}};
    for (const engine::MetricPoint &point : curves.points) {
        line.x.push_back(double(point.step));
        line.y.push_back(valueOf(point));
    }
    return line;
}

void paintAxes(QPainter &painter, const QRectF &plot, const CurveFigure &figure, const ValueRange &range, const Tokens &t)
{
    const auto yOf = [&](double value) { return plot.bottom() - (value - range.low) / (range.high - range.low) * plot.height(); };
    const auto xOf = [&](double value) { return plot.left() + value / figure.end * plot.width(); };
    for (const double tick : roundTicks(range.low, range.high, 6)) {
        painter.setPen(QPen(t.grid, 1));
        painter.drawLine(QPointF(plot.left(), yOf(tick)), QPointF(plot.right(), yOf(tick)));
        painter.setPen(t.muted);
        painter.drawText(QRectF(plot.left() - kFigureLeft, yOf(tick) - 8, kFigureLeft - 6, 16), Qt::AlignRight | Qt::AlignVCenter, QLocale().toString(tick, 'g', 6));
    }
    if (figure.epochs.size() <= kMostEpochLabels) {
        for (const EpochStart &start : figure.epochs) {
            painter.setPen(QPen(t.borderStrong, 1, Qt::DotLine));
            painter.drawLine(QPointF(xOf(start.step), plot.top()), QPointF(xOf(start.step), plot.bottom()));
        }
    }
    painter.setPen(QPen(t.borderStrong, 1));
    painter.drawLine(plot.topLeft(), plot.bottomLeft());
    painter.drawLine(plot.bottomLeft(), plot.bottomRight());
    painter.setPen(t.muted);
    for (const double tick : roundTicks(0, figure.end, std::clamp(int(figure.end), 1, 8))) // never between two steps
        painter.drawText(QRectF(xOf(tick) - 40, plot.bottom() + 3, 80, 16), Qt::AlignHCenter | Qt::AlignTop, QLocale().toString(tick, 'g', 9));
    painter.drawText(QRectF(plot.left(), plot.bottom() + 18, plot.width(), 16), Qt::AlignHCenter | Qt::AlignTop, figure.axisName);
}

void paintLine(QPainter &painter, const QRectF &plot, const FigureLine &line, double end, const ValueRange &range, const Tokens &t)
{
    QColor colour = t.series[std::size_t(line.series) % t.series.size()];
    if (line.isFaint)
        colour.setAlphaF(0.32F);
    QPolygonF points;
    for (const QPointF &point : thinnedPoints(line.x, line.y, 0, end, int(plot.width()) * 2)) {
        const double share = std::clamp((point.y() - range.low) / (range.high - range.low), 0.0, 1.0);
        points.append(QPointF(plot.left() + point.x() / end * plot.width(), plot.bottom() - share * plot.height()));
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colour, line.isFaint ? 0.8 : 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPolyline(points);
    if (!line.hasMarks)
        return;
    painter.setBrush(t.surface1);
    for (const QPointF &point : points)
        painter.drawEllipse(point, 3, 3);
}

void paintNames(QPainter &painter, const QRectF &rect, const CurveFigure &figure, const Tokens &t)
{
    painter.setFont(textFont(TextSize::Body, Weight::SemiBold));
    painter.setPen(t.text);
    painter.drawText(QRectF(rect.left(), rect.top(), rect.width(), 20), Qt::AlignLeft | Qt::AlignVCenter, figure.title);
    double right = rect.right();
    painter.setFont(textFont(TextSize::Small));
    for (auto line = figure.lines.rbegin(); line != figure.lines.rend(); ++line) {
        if (line->isFaint || line->name.isEmpty())
            continue;
        const double width = painter.fontMetrics().horizontalAdvance(line->name);
        painter.setPen(t.text);
        painter.drawText(QRectF(right - width, rect.top(), width + 1, 20), Qt::AlignLeft | Qt::AlignVCenter, line->name);
        right -= width + kSampleGap;
        painter.setPen(QPen(t.series[std::size_t(line->series) % t.series.size()], 1.6));
        painter.drawLine(QPointF(right - kSampleLine, rect.top() + 10), QPointF(right, rect.top() + 10));
        right -= kSampleLine + 3 * kSampleGap;
    }
}

} // namespace

std::vector<double> roundTicks(double from, double to, int most)
{
    std::vector<double> ticks;
    if (!(to > from) || most < 1 || !std::isfinite(to - from))
        return ticks;
    const double power = std::pow(10.0, std::floor(std::log10((to - from) / most)));
    double step = power;
    for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
        step = factor * power;
        if ((to - from) / step <= most)
            break;
    }
    const double first = std::ceil(from / step - 1e-9);
    for (int i = 0; (first + i) * step <= to + 1e-9 * step && i <= 2 * most; ++i)
        ticks.push_back((first + i) * step);
    return ticks;
}

std::vector<CurveFigure> runFigures(const RunCurves &curves, double smoothing)
{
    std::vector<CurveFigure> figures;
    if (curves.points.empty())
        return figures;
    const double end = double(std::max(curves.steps, curves.points.back().step));
    const auto figure = [&](const QString &title) { return CurveFigure{title, Figure::tr("steps"), end, {}, epochStarts(curves)}; };
    CurveFigure loss = figure(Figure::tr("Loss"));
    loss.lines.push_back(lineOf(curves, {}, 0, [](const engine::MetricPoint &point) { return point.loss; }));
    loss.lines.back().isFaint = true;
    loss.lines.push_back({Figure::tr("Train, smoothed"), 0, false, false, loss.lines.front().x, smoothedValues(loss.lines.front().y, smoothing)});
    if (!curves.evals.empty()) {
        FigureLine held{Figure::tr("Held out"), 1, false, true, {}, {}};
        for (const engine::EvalPoint &eval : curves.evals) {
            held.x.push_back(double(eval.step));
            held.y.push_back(eval.loss);
        }
        loss.lines.push_back(std::move(held));
    }
    figures.push_back(std::move(loss));
    for (auto &[title, line] : {std::pair(Figure::tr("Learning rate"), lineOf(curves, {}, 0, [](const engine::MetricPoint &point) { return point.learningRate; })),
                                std::pair(Figure::tr("Gradient norm"), lineOf(curves, {}, 0, [](const engine::MetricPoint &point) { return point.gradNorm; }))}) {
        if (std::ranges::none_of(line.y, [](double value) { return std::isfinite(value) && value != 0; }))
            continue;
        figures.push_back(figure(title));
        figures.back().lines.push_back(line);
    }
    return figures;
}

void paintFigure(QPainter &painter, const QRectF &rect, const CurveFigure &figure, const Tokens &t)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    paintNames(painter, rect, figure, t);
    const QRectF plot = rect.adjusted(kFigureLeft, kFigureTop, -kFigureRight, -kFigureBottom);
    const ValueRange range = rangeOf(figure);
    painter.setFont(textFont(TextSize::Small));
    paintAxes(painter, plot, figure, range, t);
    for (const FigureLine &line : figure.lines)
        paintLine(painter, plot, line, figure.end, range, t);
    painter.restore();
}

} // namespace fettle::ui
