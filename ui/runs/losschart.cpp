// The plot itself; what lies over it is in chartoverlay.cpp. See losschart.h.
#include "ui/runs/losschart.h"

#include "ui/runs/chartoverlay.h"
#include "ui/runs/charttheme.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <QHelpEvent>
#include <QToolTip>
#include <QVBoxLayout>

#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {

constexpr int kTicks = 10;
constexpr double kFewestSteps = 4; // closest view
constexpr double kGrip = 6;         // pixels beside the line of the chosen step where it can be taken
constexpr double kNoteHeight = 14; // pixels of the mark of a note
constexpr int kMostCircles = 120;    // more evaluations in view are a line without circles

// The first and the last circle stand on the edge of the plot.
class WholeCircles : public QCPGraph {
public:
    using QCPGraph::QCPGraph;

protected:
    QRect clipRect() const override { return parentPlot()->viewport(); }
};

QVector<QCPGraphData> graphData(const QPolygonF &line, const LossChart &chart)
{
    QVector<QCPGraphData> data;
    data.reserve(line.size());
    for (const QPointF &point : line)
        data.append(QCPGraphData(point.x(), chart.measured(point.y())));
    return data;
}

} // namespace

LossChart::LossChart(const RunCurves &curves, const RunSeries &series, const AxisScale &scale, QWidget *parent)
    : QWidget(parent), m_curves(curves), m_series(series), m_axis(scale)
{
    setFocusPolicy(Qt::StrongFocus);
    setProperty("focusRing", true);
    setMinimumHeight(160);
    setAccessibleName(tr("Loss over the steps of the run"));
    setToolTip(QString());
    setupPlot();
    setupGraphs();
    m_overlay = new ChartOverlay(*this);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_plot);
    m_overlay->raise();
    applyTheme();
}

void LossChart::setupPlot()
{
    m_plot = new QCustomPlot;
    m_plot->setFocusProxy(this);
    setupCourse(*m_plot);
    setAxisCounts(*m_plot, axisCounts(m_axis.axis()), kTicks);
    m_plot->plotLayout()->setRowSpacing(0);
    m_plot->setPlottingHint(QCP::phFastPolylines, false);
    m_plot->installEventFilter(this);
    connect(m_plot->xAxis, qOverload<const QCPRange &, const QCPRange &>(&QCPAxis::rangeChanged), this,
            [this](const QCPRange &now, const QCPRange &before) {
                m_isWhole = m_isWhole && std::abs(now.size() - before.size()) < 1e-9 && std::abs(now.lower - before.lower) < 1e-9;
                clampView();
                fillGraphs();
            });
    connectMouse();
    connect(m_plot, &QCustomPlot::mouseDoubleClick, this, [this](QMouseEvent *event) {
        if (!m_isWhole)
            showAll();
        else if (!m_curves.points.empty() && m_plot->axisRect()->rect().contains(event->pos()))
            emit noteWished(noteStep(m_axis.toStep(m_plot->xAxis->pixelToCoord(event->pos().x()))));
    });
    connect(m_plot, &QCustomPlot::afterReplot, this, [this] {
        const QRect rect = plotRect();
        m_overlay->update();
        emit viewChanged(m_plot->xAxis->range().lower, m_plot->xAxis->range().upper, rect.left(), rect.right());
    });
}

void LossChart::connectMouse()
{
    connect(m_plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent *event) {
        const double step = m_axis.toStep(m_plot->xAxis->pixelToCoord(event->pos().x()));
        if (m_isScrubbing)
            emit scrubbed(step);
        else if (!m_plot->axisRect()->rect().contains(event->pos()))
            emit pointerLeft();
        else if (event->buttons() == Qt::NoButton)
            emit hovered(step);
    });
    connect(m_plot, &QCustomPlot::mousePress, this, [this](QMouseEvent *event) { pressed(*event); });
    connect(m_plot, &QCustomPlot::mouseRelease, this, [this](QMouseEvent *event) { released(*event); });
}

void LossChart::pressed(const QMouseEvent &event)
{
    const bool isBox = event.button() == Qt::RightButton || event.modifiers() & Qt::ShiftModifier;
    m_plot->setSelectionRectMode(isBox ? QCP::srmZoom : QCP::srmNone);
    m_pressX = isBox ? -1 : event.pos().x();
    const bool isAtLine = m_chosen && std::abs(xOf(double(*m_chosen)) - event.pos().x()) <= kGrip;
    m_isScrubbing = !isBox && event.button() == Qt::LeftButton && (m_isWhole || isAtLine);
    m_plot->setInteraction(QCP::iRangeDrag, !m_isScrubbing);
}

void LossChart::released(const QMouseEvent &event)
{
    const bool isClick = m_pressX >= 0 && std::abs(event.pos().x() - m_pressX) < 4;
    const engine::CurveNote *note = isClick && event.pos().y() < plotRect().top() + kNoteHeight ? noteAt(event.pos().x()) : nullptr;
    if (note)
        emit noteActivated(note->id);
    else if (isClick)
        emit clicked(m_axis.toStep(m_plot->xAxis->pixelToCoord(event.pos().x())));
    m_pressX = -1;
    m_isScrubbing = false;
}

std::int64_t LossChart::noteStep(double step) const
{
    return std::clamp<std::int64_t>(std::llround(step), 0, m_curves.points.back().step);
}

const engine::CurveNote *LossChart::noteAt(double x) const
{
    const engine::CurveNote *nearest = nullptr;
    double best = kGrip + 1;
    for (const engine::CurveNote &note : m_curves.notes) {
        const double distance = std::abs(xOf(double(note.step)) + kNoteHeight / 3 - x); // the flag stands at the right of its line
        if (distance < best) {
            best = distance;
            nearest = &note;
        }
    }
    return nearest;
}

void LossChart::setupGraphs()
{
    m_rawLine = m_plot->addGraph();
    m_smoothLine = m_plot->addGraph();
    m_heldOut = m_plot->addGraph();
    m_heldOutCircles = new WholeCircles(m_plot->xAxis, m_plot->yAxis); // the plot owns it
    m_heldOutCircles->setLineStyle(QCPGraph::lsNone);
    for (QCPGraph *graph : {m_rawLine, m_smoothLine, m_heldOut, m_heldOutCircles}) {
        graph->setAdaptiveSampling(false); // thinned already
        graph->setSelectable(QCP::stNone);
        graph->setAntialiased(true);
    }
}

void LossChart::applyTheme()
{
    const Tokens &t = tokens();
    applyChartTheme(*m_plot);
    QColor soft = t.accent;
    soft.setAlphaF(0.15F);
    m_plot->selectionRect()->setPen(QPen(t.accent, 1));
    m_plot->selectionRect()->setBrush(soft);
    QColor faint = t.series[0];
    faint.setAlphaF(0.32F);
    m_rawLine->setPen(QPen(faint, 1));
    m_smoothLine->setPen(QPen(t.series[0], 2, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    m_heldOut->setPen(QPen(t.series[1], 1.5));
    fillGraphs();
}

double LossChart::measured(double loss) const
{
    const double value = m_measure == Measure::Perplexity ? std::exp(std::min(loss, 30.0)) : loss;
    return m_scale == Scale::Logarithmic ? std::max(value, kSmallestLoss) : value;
}

double LossChart::lastStep() const
{
    const double last = m_curves.points.empty() ? 0 : double(m_curves.points.back().step);
    return std::max({last, double(m_curves.steps), kFewestSteps});
}

void LossChart::refresh()
{
    if (!isVisible()) {
        m_isDirty = true;
        return;
    }
    m_isDirty = false;
    if (m_isWhole) {
        const QSignalBlocker blocker(m_plot->xAxis);
        m_plot->xAxis->setRange(0, lastValue());
    }
    fillGraphs();
    describe();
}

void LossChart::fillGraphs()
{
    if (m_isDirty)
        return;
    const int columns = std::max(1, plotRect().width());
    const QCPRange view = m_plot->xAxis->range();
    m_rawLine->data()->set(graphData(thinnedPoints(m_series.x, m_series.loss, view.lower, view.upper, columns), *this), true);
    m_smoothLine->data()->set(graphData(averagedPoints(m_series.x, m_series.smooth, view.lower, view.upper, columns), *this), true);
    m_smoothLine->setScatterStyle(m_smoothLine->dataCount() == 1 ? QCPScatterStyle(QCPScatterStyle::ssDisc, m_smoothLine->pen().color(), 6) : QCPScatterStyle());
    std::vector<double> evalPlaces, evalLosses;
    for (const engine::EvalPoint &eval : m_curves.evals) {
        evalPlaces.push_back(m_axis.toValue(double(eval.step)));
        evalLosses.push_back(eval.loss);
    }
    const auto held = graphData(thinnedPoints(evalPlaces, evalLosses, view.lower, view.upper, columns), *this);
    m_heldOut->data()->set(held, true);
    QVector<QCPGraphData> circles;
    std::ranges::copy_if(held, std::back_inserter(circles), [&](const QCPGraphData &point) { return view.contains(point.key); });
    m_heldOutCircles->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssCircle, m_heldOut->pen(), QBrush(tokens().surface1), 7));
    m_heldOutCircles->data()->set(circles.size() > kMostCircles ? QVector<QCPGraphData>() : circles, true);
    fitValueAxis();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void LossChart::fitValueAxis()
{
    const QCPRange view = m_plot->xAxis->range();
    const bool isLog = m_scale == Scale::Logarithmic;
    const auto sign = isLog ? QCP::sdPositive : QCP::sdBoth;
    const double top = usualTopOf(*m_rawLine, view); // one odd step lifts the smoothed line for a while
    QCPRange range;
    bool isFirst = true;
    for (const QCPGraph *graph : {m_smoothLine, m_heldOut, m_rawLine}) {
        bool hasFound = false;
        QCPRange found = graph->getValueRange(hasFound, sign, view);
        if (!hasFound)
            continue;
        if (graph != m_heldOut)
            found.upper = std::max(found.lower, std::min(found.upper, top));
        range = isFirst ? found : QCPRange(std::min(range.lower, found.lower), std::max(range.upper, found.upper));
        isFirst = false;
    }
    setLossRange(*m_plot->yAxis, isFirst ? nullptr : &range, isLog);
}

void LossChart::clampView()
{
    QCPRange view = m_plot->xAxis->range();
    const double end = lastValue();
    const double size = std::clamp(view.size(), std::min(kFewestSteps / lastStep(), 1.0) * end, end);
    const double from = std::clamp(view.lower, 0.0, end - size);
    const QSignalBlocker blocker(m_plot->xAxis);
    m_plot->xAxis->setRange(from, from + size);
    if (size >= end - 1e-9)
        m_isWhole = true;
}

void LossChart::showAll()
{
    m_isWhole = true;
    refresh();
}

void LossChart::axisChanged()
{
    setAxisCounts(*m_plot, axisCounts(m_axis.axis()), kTicks);
    showAll();
}

void LossChart::draw(QPaintDevice &device)
{
    QCPPainter painter(&device);
    m_plot->toPainter(&painter, width(), height());
    m_overlay->render(&painter, QPoint(), QRegion(), QWidget::RenderFlags());
}

void LossChart::zoom(double factor, double centre)
{
    m_plot->xAxis->scaleRange(factor, m_axis.toValue(centre));
}

void LossChart::setMeasure(Measure measure)
{
    m_measure = measure;
    refresh();
}

void LossChart::setScale(Scale scale)
{
    m_scale = scale;
    const bool isLog = scale == Scale::Logarithmic;
    m_plot->yAxis->setRange(1, 3); // a logarithmic axis refuses a range that begins at zero
    m_plot->yAxis->setScaleType(isLog ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    refresh();
}

void LossChart::setCursor(std::optional<double> step)
{
    m_cursor = step;
    m_overlay->update();
}

void LossChart::setChosen(std::optional<std::int64_t> step)
{
    m_chosen = step;
    m_overlay->update();
    describe();
}

void LossChart::setEvidence(std::optional<Lost> steps)
{
    m_evidence = steps;
    m_overlay->update();
}

void LossChart::setLost(std::optional<Lost> lost)
{
    m_lost = lost;
    m_overlay->update();
}

std::optional<LossChart::Reading> LossChart::readingAt(double step) const
{
    const std::ptrdiff_t at = pointIndex(m_curves, step + 0.5);
    if (at < 0 || std::size_t(at) >= m_series.size())
        return {};
    const engine::MetricPoint &point = m_curves.points[std::size_t(at)];
    Reading reading;
    reading.step = point.step;
    reading.epoch = std::max(1, int(std::ceil(point.epoch - 1e-9)));
    reading.smoothed = measured(m_series.smooth[std::size_t(at)]);
    reading.raw = measured(point.loss);
    if (const engine::EvalPoint *eval = evalAt(m_curves, double(point.step)))
        reading.heldOut = *eval;
    return reading;
}

double LossChart::viewFrom() const { return m_axis.toStep(m_plot->xAxis->range().lower); }
double LossChart::viewTo() const { return m_axis.toStep(m_plot->xAxis->range().upper); }
int LossChart::drawnPoints() const { return m_rawLine->dataCount(); }
double LossChart::xOf(double step) const { return m_plot->xAxis->coordToPixel(m_axis.toValue(step)); }
double LossChart::yOf(double value) const { return m_plot->yAxis->coordToPixel(value); }

QRect LossChart::plotRect() const
{
    return QRect(kChartLeft, kChartTop, width() - kChartLeft - measure::kPaneSide, height() - kChartTop - kChartBottom);
}

void LossChart::describe()
{
    if (m_curves.points.empty()) {
        setAccessibleDescription(tr("No step yet."));
        return;
    }
    const auto last = readingAt(double(m_curves.points.back().step));
    if (!last)
        return;
    QString text = tr("Step %1 of %2, epoch %3: training loss %4.").arg(countText(last->step), countText(m_curves.steps)).arg(last->epoch).arg(lossText(last->smoothed));
    if (last->heldOut)
        text += QLatin1Char(' ') + tr("Held out %1 at step %2.").arg(lossText(measured(last->heldOut->loss)), countText(last->heldOut->step));
    setAccessibleDescription(text);
}

void LossChart::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange && m_heldOut)
        applyTheme();
    QWidget::changeEvent(event);
}

void LossChart::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    if (m_isDirty)
        refresh();
}

void LossChart::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    m_overlay->setGeometry(rect());
    fillGraphs();
}

void LossChart::keyPressEvent(QKeyEvent *event)
{
    const double centre = m_cursor.value_or(m_chosen ? double(*m_chosen) : (viewFrom() + viewTo()) / 2);
    constexpr int kFar = 1'000'000;
    switch (event->key()) {
    case Qt::Key_Left: emit keyStepped(-1); break;
    case Qt::Key_Right: emit keyStepped(1); break;
    case Qt::Key_Home: emit keyStepped(-kFar); break;
    case Qt::Key_End: emit keyStepped(kFar); break;
    case Qt::Key_Plus:
    case Qt::Key_Equal: zoom(0.7, centre); break;
    case Qt::Key_Minus: zoom(1 / 0.7, centre); break;
    case Qt::Key_0: showAll(); break;
    case Qt::Key_N:
        if (!m_curves.points.empty())
            emit noteWished(noteStep(centre));
        break;
    default: QWidget::keyPressEvent(event);
    }
}

bool LossChart::eventFilter(QObject *object, QEvent *event)
{
    if (object == m_plot && event->type() == QEvent::Leave)
        emit pointerLeft();
    if (object == m_plot && event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        if (const engine::CurveNote *note = noteAt(help->pos().x())) {
            QToolTip::showText(help->globalPos(), tr("Step %1: %2").arg(countText(note->step), QString::fromStdString(note->text)), m_plot);
            return true;
        }
    }
    return QWidget::eventFilter(object, event);
}

} // namespace fettle::ui
