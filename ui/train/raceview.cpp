#include "ui/train/raceview.h"

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
#include <nlohmann/json.hpp>

namespace fettle::ui {

using namespace measure;

namespace {

QString raceText(const std::string &tag)
{
    return RaceView::tr("Race %1").arg(QString::fromStdString(tag).section(QLatin1Char(' '), 1));
}

} // namespace

RaceView::RaceView(const PageContext &context, QWidget *parent) : QWidget(parent), m_context(context)
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
    m_table = new RaceTable;
    connect(m_table, &RaceTable::opened, this, [this](RunId run) { m_context.openPage(QStringLiteral("runs"), QStringLiteral("run %1").arg(run.value)); });
    column->addWidget(m_table, 1);
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
    m_context.bridge.readSlowly<std::vector<engine::RaceStanding>>(
        this,
        [tag = m_tag](const ProjectApi *project, const JobContext &job) -> Result<std::vector<engine::RaceStanding>> {
            if (project == nullptr)
                return std::vector<engine::RaceStanding>();
            return job.engine.raceStandings(*project, tag);
        },
        [this](Result<std::vector<engine::RaceStanding>> standings) {
            if (standings)
                showStandings(std::move(*standings));
        },
        "raceStandings");
}

void RaceView::showStandings(std::vector<engine::RaceStanding> standings)
{
    m_standings = std::move(standings);
    m_table->setStandings(m_standings);
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
    text += QLatin1Char(' ') + tr("Each ran once, with one seed: a small lead may be chance.");
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
