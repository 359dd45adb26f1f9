// See chartpane.h.
#include "ui/runs/chartpane.h"

#include "ui/runs/chartlegend.h"
#include "ui/runs/overlaychart.h"
#include "ui/runs/scrubber.h"
#include "ui/runs/smallchart.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/words.h"

#include <QCloseEvent>
#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLocale>
#include <QSettings>
#include <QSlider>
#include <QStackedWidget>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

using namespace measure;

namespace {

const auto kSmoothingKey = QStringLiteral("runs/smoothing");
const auto kAxisKey = QStringLiteral("runs/axis");
const auto kLogKey = QStringLiteral("runs/logAxis");
constexpr int kUsualSmoothing = 85; // percent

// 0.000089: two digits that matter, written out as long as that can be read.
QString rateText(double rate)
{
    constexpr double kSmallest = 1e-7;
    return rate >= kSmallest ? QLocale().toString(rate, 'f', std::max(0, 1 - int(std::floor(std::log10(rate))))) : QLocale().toString(rate, 'g', 2);
}

std::vector<SmallChart::Quantity> quantities()
{
    return {
        {ChartPane::tr("Learning rate"), ChartPane::tr("Rate"), {}, ChartPane::tr("How large a correction was after each step."),
         &RunSeries::learningRate,
         rateText},
        {ChartPane::tr("Gradient norm"), ChartPane::tr("Gradient"), {}, ChartPane::tr("How strongly a step pulled before it was limited. A spike is one odd record."),
         &RunSeries::gradNorm, [](double value) { return QLocale().toString(value, 'f', 2); }},
        {ChartPane::tr("Token accuracy"), ChartPane::tr("Accuracy"), QStringLiteral("%"), ChartPane::tr("How many of the learnt tokens were the model's first guess when it read them."),
         &RunSeries::accuracy, [](double value) { return std::isfinite(value) ? QLocale().toString(100 * value, 'f', 1) : QStringLiteral("–"); }},
        {ChartPane::tr("General questions"), ChartPane::tr("General"), {},
         ChartPane::tr("The forgetting meter: how surprised the model is by answers to questions of everyday knowledge, in nats for each token. Above the line it has clearly forgotten something."),
         nullptr, lossText,
         [](const RunCurves &curves) {
             QPolygonF points;
             for (const engine::GeneralPoint &point : curves.general)
                 points.append(QPointF(double(point.step), point.loss));
             return points;
         },
         forgettingLimit},
        {ChartPane::tr("Tokens per second"), ChartPane::tr("Tokens/s"), {}, ChartPane::tr("How fast rows are read."), &RunSeries::tokensPerSecond,
         [](double value) { return countText(qRound64(value)); }},
        {ChartPane::tr("Memory"), ChartPane::tr("Memory"), ChartPane::tr("GB"), ChartPane::tr("The most memory that the run has needed so far."),
         &RunSeries::peakBytes, [](double value) { return gigabytesText(qint64(value)); }},
    };
}

} // namespace

ChartPane::ChartPane(const RunCurves &curves, QWidget *parent) : Pane(Surface::Page, {}, parent), m_curves(curves), m_scale(curves)
{
    setupTools();
    setupCharts();
    connectCharts();
    const QSettings settings;
    m_smoothing->setValue(settings.value(kSmoothingKey, kUsualSmoothing).toInt());
    smoothingMoved(m_smoothing->value());
    m_logAxis->setChecked(settings.value(kLogKey, false).toBool());
    m_axis->setCurrentIndex(settings.value(kAxisKey, 0).toInt());
}

void ChartPane::setupTools()
{
    m_measure = new Segmented({tr("Loss"), tr("Perplexity")});
    m_measure->setAccessibleName(tr("What the chart shows"));
    m_measure->setSegmentToolTip(0, tr("How surprised the model is by the right answer, in nats for each token. Lower is better."));
    m_measure->setSegmentToolTip(1, tr("The same as a number of words: as unsure as a choice among so many. Lower is better."));
    m_choice = new QComboBox;
    m_choice->addItems(curveChoiceNames());
    for (int i = 0; i < m_choice->count(); ++i)
        m_choice->setItemData(i, curveChoiceHelp(CurveChoice(i)), Qt::ToolTipRole);
    m_choice->setAccessibleName(tr("Which curves are drawn"));
    m_choice->setToolTip(tr("The loss of the whole run, or of parts of the data: topics and lengths that lag behind are seen here."));
    m_legend = new ChartLegend;
    m_smoothingName = smallLabel(tr("Smoothing"));
    m_smoothing = new QSlider(Qt::Horizontal);
    m_smoothing->setRange(0, 99);
    m_smoothing->setPageStep(5);
    m_smoothing->setFixedWidth(92);
    m_smoothing->setAccessibleName(tr("Smoothing"));
    m_smoothing->setToolTip(tr("How much each point of the strong line takes from the steps before it. It changes the picture only."));
    m_smoothingValue = smallLabel({});
    m_smoothingValue->setFixedWidth(QFontMetrics(textFont(TextSize::Small)).horizontalAdvance(QStringLiteral("0.00")) + 2);
    m_axis = new QComboBox;
    m_axis->addItems({tr("Steps"), tr("Tokens"), tr("Epochs"), tr("Minutes")});
    m_axis->setAccessibleName(tr("What the horizontal axis counts"));
    m_axis->setToolTip(tr("What all charts count from left to right: corrections, tokens that were read, rounds through the data, or minutes of work."));
    m_logAxis = new Button(tr("Log axis"), {}, tr("Spreads small losses: equal distances are equal ratios."));
    m_logAxis->setCheckable(true);
    m_whole = iconButton(QStringLiteral("maximize-2"), tr("Show the whole run (the wheel zooms, Shift and dragging zooms into a box, dragging moves a zoomed view)"), ButtonLook::Normal);
    m_fullScreen = iconButton(QStringLiteral("monitor"), tr("Full screen: the charts alone (F11; Escape goes back)"), ButtonLook::Normal);
    m_save = iconButton(QStringLiteral("download"), tr("Save the chart as a picture or as numbers"), ButtonLook::Normal);
    m_tools = new QHBoxLayout;
    m_tools->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    m_tools->setSpacing(kStep2);
    m_tools->addWidget(m_measure);
    m_tools->addStretch(1);
    m_tools->addWidget(m_smoothingName);
    m_tools->addWidget(m_smoothing);
    m_tools->addWidget(m_smoothingValue);
    m_tools->addSpacing(kStep2);
    m_tools->addWidget(m_axis);
    m_tools->addWidget(m_logAxis);
    m_tools->addWidget(m_whole);
    m_tools->addWidget(m_save);
}

void ChartPane::setupCharts()
{
    m_loss = new LossChart(m_curves, m_series, m_scale);
    m_groups = new GroupPane(m_curves, m_scale);
    m_charts = new QStackedWidget;
    m_charts->addWidget(m_loss);
    m_charts->addWidget(m_groups);
    m_scrubber = new Scrubber(m_curves, m_scale);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(m_tools);
    m_secondTools = new QHBoxLayout;
    m_secondTools->setContentsMargins(kPaneSide, 0, kPaneSide, kStep1);
    m_secondTools->setSpacing(kStep3);
    m_secondTools->addWidget(m_choice);
    m_secondTools->addWidget(m_legend);
    m_secondTools->addStretch(1);
    m_secondTools->addWidget(m_fullScreen);
    column->addLayout(m_secondTools);
    column->addWidget(m_charts, 1);
    column->addWidget(m_scrubber);
    column->addWidget(new Separator);
    m_smallRow = new QHBoxLayout;
    auto *row = m_smallRow;
    row->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep1);
    row->setSpacing(kStep5);
    for (SmallChart::Quantity &quantity : quantities()) {
        m_small.push_back(new SmallChart(m_curves, m_series, m_scale, std::move(quantity)));
        row->addWidget(m_small.back(), 1);
    }
    column->addLayout(row);
}

void ChartPane::connectCharts()
{
    connect(m_measure, &Segmented::chosen, this,
            [this](int index) {
                m_loss->setMeasure(index == 0 ? LossChart::Measure::Loss : LossChart::Measure::Perplexity);
                m_groups->setPerplexity(index != 0);
            });
    connect(m_choice, &QComboBox::currentIndexChanged, this, &ChartPane::curvesChosen);
    connect(m_groups, &GroupPane::hovered, this, [this](double step) { setCursor(step); });
    connect(m_groups, &GroupPane::pointerLeft, this, [this] { setCursor({}); });
    connect(&m_groups->chart(), &OverlayChart::viewChanged, this, [this](double from, double to, int left, int right) {
        if (m_charts->currentWidget() == m_groups)
            showView(from, to, left, right);
    });
    connect(m_axis, &QComboBox::currentIndexChanged, this, &ChartPane::axisChosen);
    connect(m_smoothing, &QSlider::valueChanged, this, &ChartPane::smoothingMoved);
    connect(m_logAxis, &QPushButton::toggled, this, [this](bool isLog) {
        m_loss->setScale(isLog ? LossChart::Scale::Logarithmic : LossChart::Scale::Linear);
        m_groups->chart().setLogarithmic(isLog);
        QSettings().setValue(kLogKey, isLog);
    });
    connect(m_whole, &QPushButton::clicked, m_loss, &LossChart::showAll);
    connect(m_whole, &QPushButton::clicked, &m_groups->chart(), &OverlayChart::showAll);
    connect(m_loss, &LossChart::viewChanged, this, [this](double from, double to, int left, int right) {
        if (m_charts->currentWidget() == m_loss)
            showView(from, to, left, right);
    });
    connect(m_loss, &LossChart::hovered, this, [this](double step) { setCursor(step); });
    connect(m_loss, &LossChart::pointerLeft, this, [this] { setCursor({}); });
    connect(m_loss, &LossChart::clicked, this, [this](double step) { choose(std::int64_t(std::llround(step))); });
    connect(m_loss, &LossChart::scrubbed, this, [this](double step) {
        setCursor({}); // the read-out follows what is chosen
        choose(std::int64_t(std::llround(step)));
    });
    connect(m_loss, &LossChart::keyStepped, this, [this](int checkpoints) { stepBy(checkpoints); });
    connect(m_scrubber, &Scrubber::hovered, this, [this](double step) { setCursor(step); });
    connect(m_scrubber, &Scrubber::pointerLeft, this, [this] { setCursor({}); });
    for (SmallChart *chart : m_small) {
        connect(chart, &SmallChart::hovered, this, [this](double step) { setCursor(step); });
        connect(chart, &SmallChart::pointerLeft, this, [this] { setCursor({}); });
    }
    connect(m_scrubber, &Scrubber::stepChosen, this, [this](std::optional<std::int64_t> step) {
        m_loss->setChosen(step);
        emit checkpointChosen(step);
    });
}

void ChartPane::showRun()
{
    m_groups->setWaiting();
    if (shownCurves() != CurveChoice::WholeRun)
        emit groupsWished(shownCurves());
    m_series.follow(m_curves);
    m_scrubber->forgetChoice();
    m_loss->setChosen({});
    m_loss->setCursor({});
    m_loss->showAll();
    refresh();
}

void ChartPane::adopt(RunSeries series)
{
    series.setAxis(m_series.axis(), m_curves); // as a rule it was made for them
    series.setSmoothing(m_series.smoothing());
    m_series = std::move(series);
}

void ChartPane::refresh()
{
    m_series.follow(m_curves);
    m_loss->refresh();
    m_scrubber->refresh();
    if (!isVisible())
        return; // the small charts are filled when they come into view
    if (shownCurves() != CurveChoice::WholeRun)
        m_groups->refresh();
    refreshSmall();
}

// A chart whose quantity was not measured in this run is left out.
void ChartPane::refreshSmall()
{
    for (SmallChart *chart : m_small) {
        chart->refresh();
        chart->setVisible(!chart->isEmpty() || m_curves.points.empty());
    }
}

void ChartPane::showView(double from, double to, int left, int right)
{
    m_scrubber->setView(from, to, left, right);
    for (SmallChart *chart : m_small)
        chart->setView(from, to);
}

CurveChoice ChartPane::shownCurves() const
{
    return CurveChoice(std::max(0, m_choice->currentIndex()));
}

void ChartPane::curvesChosen()
{
    const bool isWhole = shownCurves() == CurveChoice::WholeRun;
    m_choice->setToolTip(curveChoiceHelp(shownCurves()));
    m_charts->setCurrentIndex(isWhole ? 0 : 1);
    m_smoothing->setEnabled(isWhole); // the others are means already
    m_legend->setVisible(isWhole); // parts of the data have their own
    if (isWhole) {
        m_loss->refresh();
        return;
    }
    m_groups->setWaiting();
    emit groupsWished(shownCurves());
}

void ChartPane::setGroups(engine::LossGroups groups, CurveChoice choice)
{
    if (choice == shownCurves())
        m_groups->setGroups(std::move(groups), choice);
}

QWidget &ChartPane::shownChart()
{
    return shownCurves() == CurveChoice::WholeRun ? static_cast<QWidget &>(*m_loss) : m_groups->chart();
}

void ChartPane::drawShownChart(QPaintDevice &device)
{
    if (shownCurves() == CurveChoice::WholeRun)
        m_loss->draw(device);
    else
        m_groups->chart().draw(device);
}

void ChartPane::showEvent(QShowEvent *event)
{
    Pane::showEvent(event);
    refreshSmall();
}

void ChartPane::keyPressEvent(QKeyEvent *event)
{
    if (isWindow() && (event->key() == Qt::Key_Escape || event->key() == Qt::Key_F11))
        emit fullScreenLeft();
    else
        Pane::keyPressEvent(event);
}

void ChartPane::closeEvent(QCloseEvent *event)
{
    event->ignore();
    emit fullScreenLeft();
}

void ChartPane::setCursor(std::optional<double> step)
{
    if (step && (m_curves.points.empty() || *step < 0 || *step > double(m_curves.points.back().step) + 0.5))
        step.reset();
    m_loss->setCursor(step);
    m_groups->setCursor(step);
    for (SmallChart *chart : m_small)
        chart->setCursor(step);
}

void ChartPane::setLost(std::optional<LossChart::Lost> lost)
{
    m_loss->setLost(lost);
    m_scrubber->setFailedStep(lost ? std::optional(lost->to) : std::nullopt);
}

void ChartPane::setNarrow(bool isNarrow)
{
    m_smoothingName->setVisible(!isNarrow);
    m_smoothingValue->setVisible(!isNarrow);
    m_smoothing->setFixedWidth(isNarrow ? 48 : 92);
    m_smallRow->setSpacing(isNarrow ? kStep3 : kStep5);
}

void ChartPane::smoothingMoved(int percent)
{
    m_smoothingValue->setText(QLocale().toString(percent / 100.0, 'f', 2));
    m_series.setSmoothing(percent / 100.0);
    m_loss->refresh();
    QSettings().setValue(kSmoothingKey, percent);
}

void ChartPane::axisChosen(int index)
{
    m_scale.setAxis(RunAxis(std::clamp(index, 0, int(RunAxis::Minutes))));
    m_series.setAxis(m_scale.axis(), m_curves);
    QSettings().setValue(kAxisKey, index);
    m_loss->axisChanged();
    refresh();
}

void ChartPane::choose(std::int64_t step)
{
    m_scrubber->choose(step);
}

void ChartPane::stepBy(int checkpoints)
{
    m_scrubber->stepBy(checkpoints);
}

std::optional<std::int64_t> ChartPane::chosenStep() const
{
    return m_scrubber->chosenStep();
}

} // namespace fettle::ui
