// See overlaychart.h.
#include "ui/runs/overlaychart.h"

#include "ui/runs/charttheme.h"
#include "ui/runs/linetoggle.h"
#include "ui/runs/stepseries.h"
#include "ui/theme/tokens.h"

#include <QVBoxLayout>

#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {

constexpr int kOverlayTicks = 8;
constexpr double kClosest = 1e-4;   // of the whole axis
constexpr int kMostMarks = 60;      // a line with more points is drawn without marks

} // namespace

OverlayChart::OverlayChart(QWidget *parent) : QWidget(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setProperty("focusRing", true);
    setMinimumHeight(160);
    setAccessibleName(tr("Chart of several lines"));
    setupPlot();
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_plot);
    applyTheme();
}

void OverlayChart::setupPlot()
{
    m_plot = new QCustomPlot;
    m_plot->setFocusProxy(this);
    setupCourse(*m_plot);
    setCounts(AxisCounts::Whole);
    m_plot->installEventFilter(this);
    m_cursorLine = new QCPItemStraightLine(m_plot);
    m_cursorLine->setVisible(false);
    m_cursorLine->setSelectable(false);
    connect(m_plot->xAxis, qOverload<const QCPRange &, const QCPRange &>(&QCPAxis::rangeChanged), this,
            [this](const QCPRange &now, const QCPRange &before) {
                m_isWhole = m_isWhole && std::abs(now.size() - before.size()) < 1e-9 && std::abs(now.lower - before.lower) < 1e-9;
                clampView();
                fill();
            });
    connect(m_plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent *event) {
        if (m_plot->axisRect()->rect().contains(event->pos()))
            emit hovered(m_plot->xAxis->pixelToCoord(event->pos().x()));
        else
            emit pointerLeft();
    });
    connect(m_plot, &QCustomPlot::mouseDoubleClick, this, &OverlayChart::showAll);
    connect(m_plot, &QCustomPlot::afterReplot, this, [this] {
        const QRect rect = m_plot->axisRect()->rect();
        emit viewChanged(viewFrom(), viewTo(), rect.left(), rect.right());
    });
}

void OverlayChart::applyTheme()
{
    const Tokens &t = tokens();
    applyChartTheme(*m_plot);
    m_cursorLine->setPen(QPen(t.borderStrong, 1));
    for (QCPItemStraightLine *line : m_epochs)
        line->setPen(QPen(t.border, 1, Qt::DotLine));
    for (std::size_t i = 0; i < m_lines.size(); ++i) {
        QCPGraph *graph = m_plot->graph(int(i));
        QColor colour = t.series[std::size_t(m_lines[i].series) % t.series.size()];
        if (m_lines[i].isQuiet)
            colour.setAlphaF(0.55F);
        graph->setPen(QPen(colour, m_lines[i].isQuiet ? 1.2 : 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    }
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void OverlayChart::setLines(std::vector<OverlayLine> lines)
{
    m_lines = std::move(lines);
    m_plot->clearGraphs();
    for (std::size_t i = 0; i < m_lines.size(); ++i) {
        QCPGraph *graph = m_plot->addGraph();
        graph->setAdaptiveSampling(false); // thinned already
        graph->setSelectable(QCP::stNone);
        graph->setAntialiased(true);
        graph->setVisible(isSeriesShown(m_lines[i].series));
    }
    applyTheme();
    if (m_isWhole || std::abs(end() - m_shownEnd) > 1e-9)
        showAll();
    else
        fill();
}

void OverlayChart::setCounts(AxisCounts counts)
{
    setAxisCounts(*m_plot, counts, kOverlayTicks);
}

void OverlayChart::setEnd(double x)
{
    m_end = x;
}

double OverlayChart::end() const
{
    double last = m_end;
    for (const OverlayLine &line : m_lines)
        last = line.x.empty() ? last : std::max(last, line.x.back());
    return last > 0 ? last : 1;
}

bool OverlayChart::isSeriesShown(int series) const
{
    return std::ranges::find(m_hidden, series) == m_hidden.end();
}

void OverlayChart::setSeriesShown(int series, bool isShown)
{
    std::erase(m_hidden, series);
    if (!isShown)
        m_hidden.push_back(series);
    for (std::size_t i = 0; i < m_lines.size(); ++i)
        m_plot->graph(int(i))->setVisible(isSeriesShown(m_lines[i].series));
    fill();
}

void OverlayChart::setLogarithmic(bool isLogarithmic)
{
    m_isLogarithmic = isLogarithmic;
    m_plot->yAxis->setRange(1, 3); // a logarithmic axis refuses a range that begins at zero
    m_plot->yAxis->setScaleType(isLogarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    fill();
}

void OverlayChart::setEpochs(const std::vector<double> &starts)
{
    for (QCPItemStraightLine *line : m_epochs)
        m_plot->removeItem(line);
    m_epochs.clear();
    for (const double start : starts) {
        auto *line = new QCPItemStraightLine(m_plot);
        line->setSelectable(false);
        line->point1->setCoords(start, 0);
        line->point2->setCoords(start, 1);
        line->setPen(QPen(tokens().border, 1, Qt::DotLine));
        m_epochs.push_back(line);
    }
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void OverlayChart::setCursor(std::optional<double> x)
{
    if (x == m_cursor)
        return;
    m_cursor = x;
    m_cursorLine->setVisible(x.has_value());
    if (x) {
        m_cursorLine->point1->setCoords(*x, 0);
        m_cursorLine->point2->setCoords(*x, 1);
    }
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void OverlayChart::fill()
{
    const QCPRange view = m_plot->xAxis->range();
    const int columns = std::max(1, m_plot->axisRect()->width());
    for (std::size_t i = 0; i < m_lines.size(); ++i) {
        const OverlayLine &line = m_lines[i];
        QVector<QCPGraphData> drawn;
        for (const QPointF &point : thinnedPoints(line.x, line.y, view.lower, view.upper, columns))
            drawn.append(QCPGraphData(point.x(), m_isLogarithmic ? std::max(point.y(), kSmallestLoss) : point.y()));
        QCPGraph *graph = m_plot->graph(int(i));
        graph->setScatterStyle(line.isQuiet || drawn.size() > kMostMarks ? QCPScatterStyle() : seriesMark(line.series));
        graph->data()->set(drawn, true);
    }
    fitValueAxis();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void OverlayChart::fitValueAxis()
{
    QCPRange range;
    bool isFirst = true;
    for (int i = 0; i < m_plot->graphCount(); ++i) {
        bool hasFound = false;
        const QCPGraph &line = *m_plot->graph(i);
        QCPRange found = line.getValueRange(hasFound, m_isLogarithmic ? QCP::sdPositive : QCP::sdBoth, m_plot->xAxis->range());
        if (!hasFound || !line.visible())
            continue;
        found.upper = std::max(found.lower, std::min(found.upper, usualTopOf(line, m_plot->xAxis->range())));
        range = isFirst ? found : QCPRange(std::min(range.lower, found.lower), std::max(range.upper, found.upper));
        isFirst = false;
    }
    setLossRange(*m_plot->yAxis, isFirst ? nullptr : &range, m_isLogarithmic);
}

void OverlayChart::clampView()
{
    const QCPRange view = m_plot->xAxis->range();
    const double size = std::clamp(view.size(), kClosest * end(), end());
    const double from = std::clamp(view.lower, 0.0, end() - size);
    const QSignalBlocker blocker(m_plot->xAxis);
    m_plot->xAxis->setRange(from, from + size);
    m_isWhole = m_isWhole || size >= end() - 1e-9;
}

void OverlayChart::showAll()
{
    m_isWhole = true;
    m_shownEnd = end();
    const QSignalBlocker blocker(m_plot->xAxis);
    m_plot->xAxis->setRange(0, end());
    fill();
}

void OverlayChart::zoom(double factor, double centre)
{
    m_plot->xAxis->scaleRange(factor, centre);
}

std::optional<double> OverlayChart::valueAt(std::size_t line, double x) const
{
    const OverlayLine &shown = m_lines.at(line);
    const auto after = std::ranges::upper_bound(shown.x, x + 1e-9 * end());
    for (auto at = after - shown.x.begin() - 1; at >= 0; --at) {
        if (std::isfinite(shown.y[std::size_t(at)]))
            return shown.y[std::size_t(at)];
    }
    return {};
}

double OverlayChart::viewFrom() const { return m_plot->xAxis->range().lower; }
double OverlayChart::viewTo() const { return m_plot->xAxis->range().upper; }
int OverlayChart::drawnPoints(std::size_t line) const { return m_plot->graph(int(line))->dataCount(); }
QPointF OverlayChart::pixelOf(double x, double y) const { return {m_plot->xAxis->coordToPixel(x), m_plot->yAxis->coordToPixel(y)}; }

void OverlayChart::draw(QPaintDevice &device)
{
    QCPPainter painter(&device);
    m_plot->toPainter(&painter, width(), height());
}

void OverlayChart::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange && m_cursorLine) {
        applyTheme();
        fill();
    }
    QWidget::changeEvent(event);
}

void OverlayChart::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fill();
}

void OverlayChart::keyPressEvent(QKeyEvent *event)
{
    const double centre = m_cursor.value_or((viewFrom() + viewTo()) / 2);
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal: zoom(0.7, centre); break;
    case Qt::Key_Minus: zoom(1 / 0.7, centre); break;
    case Qt::Key_0: showAll(); break;
    default: QWidget::keyPressEvent(event);
    }
}

bool OverlayChart::eventFilter(QObject *object, QEvent *event)
{
    if (object == m_plot && event->type() == QEvent::Leave)
        emit pointerLeft();
    return QWidget::eventFilter(object, event);
}

} // namespace fettle::ui
