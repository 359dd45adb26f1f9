#include "ui/train/raceview.h"

#include "ui/data/flowlayout.h"
#include "ui/runs/axisscale.h"
#include "ui/runs/linetoggle.h"
#include "ui/runs/overlaychart.h"
#include "ui/runs/runwords.h"
#include "ui/theme/tokens.h"
#include "ui/train/racetable.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <nlohmann/json.hpp>

namespace fettle::ui {

using namespace measure;

namespace {

// How far the next lies behind the best: losses of the same held-out records at the last reading of both, record by record.
std::optional<RaceLead> leadOf(const ProjectApi &project, const std::vector<engine::RaceStanding> &standings)
{
    if (standings.size() < 2 || standings[1].run.state != engine::RunState::Finished)
        return std::nullopt;
    const auto best = project.lossLedger(standings[0].run.id), next = project.lossLedger(standings[1].run.id);
    if (!best || !next || best->heldOut.isEmpty() || best->heldOut.rows != next->heldOut.rows)
        return std::nullopt;
    const std::vector<float> lower = data::lastLosses(best->heldOut), higher = data::lastLosses(next->heldOut);
    std::vector<double> differences;
    for (std::size_t row = 0; row < lower.size(); ++row) {
        if (const double difference = double(higher[row]) - double(lower[row]); std::isfinite(difference))
            differences.push_back(difference);
    }
    if (differences.size() < 2)
        return std::nullopt;
    const double mean = std::accumulate(differences.begin(), differences.end(), 0.0) / double(differences.size());
    return RaceLead{mean, evaluate::bootstrapMean(differences), differences.size()};
}

QString leadText(const RaceLead &lead)
{
    const QString measured = RaceView::tr("Record by record the lead is %1 (95 % interval %2 to %3)").arg(lossText(lead.mean), lossText(lead.interval.low), lossText(lead.interval.high));
    const QString records = RaceView::tr("%n held-out record(s)", nullptr, int(lead.records));
    return lead.interval.low > 0 ? RaceView::tr("%1: on these %2 it is real. Each ran once, with one seed.").arg(measured, records)
                                 : RaceView::tr("%1: on these %2 it may be chance. Each ran once, with one seed.").arg(measured, records);
}

constexpr double kRoomAtEnd = 1.015; // so that the last mark is whole

QString raceText(const std::string &tag)
{
    return RaceView::tr("Race %1").arg(QString::fromStdString(tag).section(QLatin1Char(' '), 1));
}

} // namespace

RaceView::RaceView(const PageContext &context, QWidget *parent) : Pane(Surface::Page, {}, parent), m_context(context)
{
    setupLayout();
    for (const auto signal : {&Bridge::runsChanged, &Bridge::settingsChanged})
        connect(&context.bridge, signal, this, &RaceView::readRaces);
    connect(&context.bridge, &Bridge::runStateChanged, this, &RaceView::readRaces);
    connect(&context.bridge, &Bridge::evaluated, this, &RaceView::readStandings);
}

void RaceView::setupLayout()
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, kPaneTop, 0, 0);
    column->setSpacing(kStep2);
    auto *line = new QHBoxLayout;
    line->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    line->setSpacing(kStep2);
    auto *back = new Button(tr("Back to the settings"), QStringLiteral("chevron-left"), tr("Shows model, data, method and settings again."));
    back->setObjectName(QStringLiteral("leaveRace"));
    connect(back, &QPushButton::clicked, this, &RaceView::leaveWanted);
    m_races = new QComboBox;
    m_races->setObjectName(QStringLiteral("races"));
    m_races->setAccessibleName(tr("Race"));
    m_races->setToolTip(tr("Which race is shown."));
    connect(m_races, &QComboBox::currentIndexChanged, this, [this] {
        m_tag = m_races->currentData().toString().toStdString();
        readStandings();
    });
    line->addWidget(back);
    line->addWidget(m_races);
    line->addStretch(1);
    m_ask = new Button(tr("Ask the held-out questions"), QStringLiteral("message-square"), tr("Each run of the race answers the held-out questions, so that exact answers can be counted. Takes some minutes."));
    m_ask->setObjectName(QStringLiteral("askRace"));
    connect(m_ask, &QPushButton::clicked, this, &RaceView::askQuestions);
    m_play = new Button(tr("Talk to the best"), QStringLiteral("columns-2"), tr("Opens the run with the lowest held-out loss in the playground, beside its base."));
    m_play->setObjectName(QStringLiteral("playBest"));
    connect(m_play, &QPushButton::clicked, this, [this] { m_context.openPage(QStringLiteral("playground"), QStringLiteral("run %1").arg(m_standings.front().run.id.value)); });
    m_use = primaryButton(tr("Use its settings"), QStringLiteral("sliders-horizontal"), tr("Takes method and settings of the run with the lowest held-out loss for the next run."));
    m_use->setObjectName(QStringLiteral("useBest"));
    connect(m_use, &QPushButton::clicked, this, [this] {
        if (auto recipe = train::recipeFromJson(nlohmann::json::parse(m_standings.front().run.recipeJson, nullptr, false)))
            emit settingsWanted(*recipe);
    });
    for (Button *button : {m_ask, m_play, m_use})
        line->addWidget(button);
    column->addLayout(line);
    auto *words = new QVBoxLayout;
    words->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    words->setSpacing(kStep1);
    m_title = titleLabel({});
    m_text = mutedLabel({});
    m_text->setWordWrap(true);
    words->addWidget(m_title);
    words->addWidget(m_text);
    column->addLayout(words);
    setupChart(*column);
    m_table = new RaceTable;
    connect(m_table, &RaceTable::opened, this, [this](RunId run) { m_context.openPage(QStringLiteral("runs"), QStringLiteral("run %1").arg(run.value)); });
    column->addWidget(new Separator);
    column->addWidget(m_table, 2);
}

void RaceView::setupChart(QVBoxLayout &column)
{
    m_chartSide = new QWidget;
    auto *side = new QVBoxLayout(m_chartSide);
    side->setContentsMargins(0, 0, 0, 0);
    side->setSpacing(kStep1);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    head->setSpacing(kStep2);
    head->addWidget(strongLabel(tr("Held-out loss")));
    head->addWidget(mutedLabel(tr("over tokens read, the same number for all")));
    head->addStretch(1);
    side->addLayout(head);
    auto *legend = new QHBoxLayout;
    legend->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    m_legendRow = new FlowLayout(kStep1, 0);
    legend->addLayout(m_legendRow);
    side->addLayout(legend);
    m_chart = new OverlayChart;
    m_chart->setObjectName(QStringLiteral("raceChart"));
    m_chart->setAccessibleName(tr("Held-out losses of the race"));
    m_chart->setToolTip(tr("The wheel zooms, dragging moves a zoomed view, a double click shows everything."));
    connect(m_chart, &OverlayChart::hovered, this, [this](double tokens) { showCursor(tokens); });
    connect(m_chart, &OverlayChart::pointerLeft, this, [this] { showCursor({}); });
    side->addWidget(m_chart, 1);
    column.addWidget(m_chartSide, 3);
}

bool RaceView::hasRaces() const
{
    return m_races->count() > 0;
}

void RaceView::showRace(const QString &tag)
{
    m_tag = tag.toStdString();
    readRaces();
}

void RaceView::readRaces()
{
    if (m_context.bridge.project() == nullptr)
        return;
    m_context.bridge.read<std::vector<std::string>>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<std::vector<std::string>> {
            std::vector<std::string> tags; // newest first
            if (project == nullptr)
                return tags;
            auto runs = project->runs();
            if (!runs)
                return passError(runs);
            for (auto run = runs->rbegin(); run != runs->rend(); ++run) {
                const std::string tag = engine::raceOf(*run);
                if (!tag.empty() && std::ranges::find(tags, tag) == tags.end())
                    tags.push_back(tag);
            }
            return tags;
        },
        [this](const Result<std::vector<std::string>> &tags) {
            if (!tags)
                return;
            const QSignalBlocker blocker(m_races);
            m_races->clear();
            for (const std::string &tag : *tags)
                m_races->addItem(raceText(tag), QString::fromStdString(tag));
            if (m_tag.empty() && !tags->empty())
                m_tag = tags->front();
            m_races->setCurrentIndex(std::max(0, m_races->findData(QString::fromStdString(m_tag))));
            emit racesRead();
            readStandings();
        },
        "races");
}

void RaceView::readStandings()
{
    if (m_context.bridge.project() == nullptr || !isVisible())
        return;
    m_context.bridge.readSlowly<Reading>(
        this,
        [tag = m_tag](const ProjectApi *project, const JobContext &job) -> Result<Reading> {
            Reading reading;
            if (project == nullptr)
                return reading;
            auto standings = job.engine.raceStandings(*project, tag);
            if (!standings)
                return passError(standings);
            reading.standings = std::move(*standings);
            std::vector<RunId> runs;
            std::ranges::transform(reading.standings, std::back_inserter(runs), [](const engine::RaceStanding &standing) { return standing.run.id; });
            std::ranges::sort(runs);
            auto compared = readComparison(*project, job.engine, runs, 0, job.stop);
            if (!compared)
                return passError(compared);
            reading.runs = std::move(compared->runs);
            reading.lead = leadOf(*project, reading.standings);
            return reading;
        },
        [this](Result<Reading> reading) {
            if (!reading)
                return;
            showStandings(std::move(*reading));
        },
        "raceStandings");
}

// A run keeps its colour while the order of the table changes: colours go by the order in which the runs began.
void RaceView::showCurves(const std::vector<ComparedRun> &runs)
{
    std::vector<OverlayLine> lines;
    double end = 0;
    for (const ComparedRun &run : runs) {
        AxisScale scale(run.curves);
        scale.setAxis(RunAxis::Tokens);
        OverlayLine line{QString::fromStdString(run.info.note.empty() ? run.info.name : run.info.note), int(lines.size()), false, {}, {}};
        for (const engine::EvalPoint &eval : run.curves.evals) {
            line.x.push_back(scale.toValue(double(eval.step)));
            line.y.push_back(eval.loss);
            end = std::max(end, line.x.back());
        }
        lines.push_back(std::move(line));
    }
    m_chartSide->setVisible(end > 0);
    m_chart->setEnd(end * kRoomAtEnd);
    m_chart->setLines(std::move(lines));
    showLegend();
}

void RaceView::showLegend()
{
    const auto &lines = m_chart->lines();
    if (std::ranges::equal(m_legend, lines, [](const LineToggle *toggle, const OverlayLine &line) { return toggle->text() == line.name; }))
        return; // one that has the keyboard stays
    for (LineToggle *toggle : m_legend) {
        m_legendRow->removeWidget(toggle);
        toggle->deleteLater();
    }
    m_legend.clear();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto *toggle = new LineToggle(lines[i].name, int(i), tr("Shows or hides the curve of this run."));
        m_legendRow->addWidget(toggle);
        toggle->show();
        m_chart->setSeriesShown(int(i), true);
        connect(toggle, &QAbstractButton::toggled, this, [this, i](bool isShown) { m_chart->setSeriesShown(int(i), isShown); });
        m_legend.push_back(toggle);
    }
}

void RaceView::showCursor(std::optional<double> tokens)
{
    m_chart->setCursor(tokens);
    for (std::size_t i = 0; i < m_legend.size(); ++i) {
        const auto value = tokens ? m_chart->valueAt(i, *tokens) : std::nullopt;
        m_legend[i]->setValue(value ? lossText(*value) : QString());
    }
}

void RaceView::showStandings(Reading reading)
{
    m_standings = std::move(reading.standings);
    std::vector<RunId> runs;
    std::ranges::transform(reading.runs, std::back_inserter(runs), [](const ComparedRun &run) { return run.info.id; });
    m_table->setStandings(m_standings, runs);
    showCurves(reading.runs);
    const auto isDone = [](const engine::RaceStanding &standing) { return standing.run.state == engine::RunState::Finished && standing.run.evalLoss; };
    const auto done = std::ranges::count_if(m_standings, isDone);
    const bool hasBest = !m_standings.empty() && isDone(m_standings.front());
    const bool isOver = std::ranges::none_of(m_standings, [](const engine::RaceStanding &standing) { return isRunWorking(standing.run.state); }) && !m_context.bridge.isRunActive();
    m_play->setEnabled(hasBest);
    m_use->setEnabled(hasBest);
    m_ask->setEnabled(done > 0 && isOver && m_questionJob == 0);
    if (!hasBest) {
        m_title->setText(tr("The race is under way"));
        m_text->setText(tr("The first result comes when the first run has ended."));
        return;
    }
    const engine::RaceStanding &best = m_standings.front();
    const QString name = QString::fromStdString(best.lane);
    m_title->setText(isOver ? tr("%1 learnt most from the same records.").arg(name) : tr("%1 leads so far.").arg(name));
    QString text = tr("Its loss on the held-out records is %1; lower is better.").arg(lossText(*best.run.evalLoss));
    if (done > 1)
        text += QLatin1Char(' ') + tr("The next, %1, has %2.").arg(QString::fromStdString(m_standings[1].lane), lossText(*m_standings[1].run.evalLoss));
    text += QLatin1Char(' ') + (reading.lead ? leadText(*reading.lead) : tr("Each ran once, with one seed: a small lead may be chance."));
    m_text->setText(text);
}

void RaceView::askQuestions()
{
    engine::EvaluationRequest request;
    request.model = m_standings.front().run.modelPath;
    request.columns.clear();
    request.withLoss = false;
    std::vector<RunId> runs;
    for (const engine::RaceStanding &standing : m_standings) {
        if (standing.run.state != engine::RunState::Finished)
            continue;
        runs.push_back(standing.run.id);
        request.columns.push_back(std::to_string(standing.run.id.value));
    }
    m_ask->setEnabled(false);
    m_ask->setText(tr("Asking"));
    m_questionJob = m_context.bridge.evaluate(
        request,
        [snapshot = m_standings.front().run.snapshot](const ProjectApi &project, const JobContext &) { return project.snapshotRecords(snapshot, data::Split::HeldOut); }, this,
        [this, runs](const Result<engine::EvaluationResult> &result) { keepAnswers(result, runs); });
}

void RaceView::keepAnswers(const Result<engine::EvaluationResult> &result, const std::vector<RunId> &runs)
{
    m_questionJob = 0;
    m_ask->setText(tr("Ask the held-out questions"));
    if (!result) {
        if (result.error().code != ErrorCode::Cancelled)
            m_context.showMessage(messageOf(result.error()));
        readStandings();
        return;
    }
    const auto &rows = result->comparison.rows;
    std::map<RunId, double> shares;
    for (std::size_t column = 0; column < runs.size() && !rows.empty(); ++column) {
        double exact = 0;
        for (const evaluate::QuestionRow &row : rows)
            exact += evaluate::valueOf(evaluate::Measure::ExactMatch, row, column).value_or(std::nullopt).value_or(0);
        shares[runs[column]] = exact / static_cast<double>(rows.size());
    }
    m_context.bridge.write<void>(
        Touched::Settings, this, [tag = m_tag, shares](ProjectApi &project, const JobContext &job) { return job.engine.keepExactMatches(project, tag, shares); },
        [this](const Result<> &kept) {
            if (!kept)
                m_context.showMessage(messageOf(kept.error()));
            readStandings();
        });
}

} // namespace fettle::ui
