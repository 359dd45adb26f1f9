// See runcomparison.h.
#include "ui/runs/runcomparison.h"

#include "core/base/csvcell.h"
#include "ui/runs/runwords.h"
#include "ui/runs/stepseries.h"
#include "ui/widgets/words.h"

#include <QCoreApplication>
#include <QLocale>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {

struct Compare {
    Q_DECLARE_TR_FUNCTIONS(fettle::ui::Compare)
};

constexpr std::size_t kKeptPoints = 4000; // of a training curve
constexpr std::size_t kShownChanges = 500;
const auto kNone = QStringLiteral("–");

// Smoothed first, so that what is left out is still in the mean.
std::vector<engine::MetricPoint> reducedPoints(std::vector<engine::MetricPoint> points, double smoothing)
{
    std::vector<double> losses;
    losses.reserve(points.size());
    for (const engine::MetricPoint &point : points)
        losses.push_back(point.loss);
    const std::vector<double> smooth = smoothedValues(losses, smoothing);
    const std::size_t stride = points.size() / kKeptPoints + 1;
    std::vector<engine::MetricPoint> kept;
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (i % stride != 0 && i + 1 != points.size())
            continue;
        kept.push_back(points[i]);
        kept.back().loss = smooth[i];
    }
    return kept;
}

Result<ComparedRun> readRun(const ProjectApi &project, EngineApi &engine, engine::RunInfo info, double smoothing)
{
    auto points = project.metrics(info.id, -1);
    if (!points)
        return passError(points);
    auto evals = project.evals(info.id);
    if (!evals)
        return passError(evals);
    ComparedRun run;
    run.outcome = engine::outcomeOf(info, *points, *evals);
    if (const auto recipe = train::recipeFromJson(nlohmann::json::parse(info.recipeJson, nullptr, false))) {
        if (const auto cost = engine.methodCost(info.modelPath.empty() ? info.modelName : info.modelPath, *recipe))
            run.outcome.trainedParameters = cost->trainableParameters;
    }
    run.curves.steps = info.steps;
    run.curves.points = reducedPoints(std::move(*points), smoothing);
    run.curves.evals = std::move(*evals);
    run.info = std::move(info);
    return run;
}

Result<DataDifference> readDifference(const ProjectApi &project, SnapshotId from, SnapshotId to)
{
    auto diff = project.diffSnapshots(from, to, kShownChanges);
    if (!diff)
        return passError(diff);
    const auto before = project.snapshotRecords(from, data::Split::HeldOut);
    if (!before)
        return passError(before);
    const auto after = project.snapshotRecords(to, data::Split::HeldOut);
    if (!after)
        return passError(after);
    return DataDifference{from, to, std::move(*diff), engine::isSameContent(*before, *after)};
}

QString snapshotText(const engine::RunInfo &run)
{
    return run.snapshot.isValid() ? Compare::tr("snapshot %1").arg(run.snapshot.value) : kNone;
}

ComparisonRow rowOf(const RunComparison &comparison, const QString &name, const QString &help, const std::function<QString(const engine::RunInfo &)> &valueOf)
{
    ComparisonRow row{name, help, {}, false};
    for (const ComparedRun &run : comparison.runs)
        row.values.append(valueOf(run.info));
    row.differs = std::ranges::any_of(row.values, [&](const QString &value) { return value != row.values.front(); });
    return row;
}

// What is unlike the reference in one run, by name.
QStringList unlikeReference(const RunComparison &comparison, std::size_t run)
{
    QStringList names;
    for (const ComparisonRow &row : settingRows(comparison)) {
        if (row.values[qsizetype(run)] != row.values.front())
            names.append(row.name.toLower());
    }
    return names;
}

} // namespace

Result<RunComparison> readComparison(const ProjectApi &project, EngineApi &engine, const std::vector<RunId> &runs, double smoothing, std::stop_token stop)
{
    RunComparison comparison;
    std::vector<std::string> recipes;
    for (const RunId id : runs) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, Compare::tr("Comparing was cancelled.").toStdString());
        auto info = project.run(id);
        if (!info)
            continue; // deleted since it was chosen
        recipes.push_back(info->recipeJson);
        auto run = readRun(project, engine, std::move(*info), smoothing);
        if (!run)
            return passError(run);
        comparison.runs.push_back(std::move(*run));
    }
    comparison.settings = train::compareSettings(recipes);
    for (const ComparedRun &run : comparison.runs) {
        const SnapshotId from = comparison.runs.front().info.snapshot, to = run.info.snapshot;
        const bool isKnown = from == to || std::ranges::find(comparison.data, to, &DataDifference::to) != comparison.data.end();
        if (isKnown || !from.isValid() || !to.isValid())
            continue;
        auto difference = readDifference(project, from, to);
        if (!difference)
            return passError(difference);
        comparison.data.push_back(std::move(*difference));
    }
    return comparison;
}

std::vector<ComparisonRow> settingRows(const RunComparison &comparison)
{
    std::vector<ComparisonRow> rows;
    rows.push_back(rowOf(comparison, Compare::tr("Method"), Compare::tr("Which parts of the model are trained."), [](const engine::RunInfo &run) { return methodText(run.method); }));
    rows.push_back(rowOf(comparison, Compare::tr("Base model"), Compare::tr("The model that each run began with."), [](const engine::RunInfo &run) { return modelNameText(run.modelName); }));
    rows.push_back(rowOf(comparison, Compare::tr("Data"), Compare::tr("The frozen state of the records that each run learns from."), snapshotText));
    for (const train::SettingComparison &setting : comparison.settings) {
        ComparisonRow row{settingLabel(*setting.field), QCoreApplication::translate("fettle::train::Settings", std::string(setting.field->help).c_str()), {}, setting.differs};
        for (const auto &value : setting.values)
            row.values.append(value ? settingValueText(*setting.field, *value) : kNone);
        rows.push_back(std::move(row));
    }
    return rows;
}

QStringList outcomeHeads()
{
    return {Compare::tr("Run"), Compare::tr("Best"), Compare::tr("at step"), Compare::tr("Last"), Compare::tr("Train"), Compare::tr("Trained"),
            Compare::tr("Steps"), Compare::tr("Minutes"), Compare::tr("GB"), Compare::tr("State")};
}

QStringList outcomeHelps()
{
    return {Compare::tr("The run and its method"),
            Compare::tr("The lowest loss on held-out records. Lower is better."),
            Compare::tr("The step at which it was lowest"),
            Compare::tr("The loss on held-out records at the last measurement"),
            Compare::tr("The loss on the records that were learnt"),
            Compare::tr("How many values of the model are trained"),
            Compare::tr("Corrections that were made, of those planned"),
            Compare::tr("Time of work, without pauses"),
            Compare::tr("The most memory that was needed"),
            Compare::tr("How far the run came")};
}

QStringList outcomeCells(const ComparedRun &run)
{
    const auto loss = [](const std::optional<double> &value) { return value ? lossText(*value) : kNone; };
    const engine::RunOutcome &outcome = run.outcome;
    const QString steps = run.info.step == run.info.steps ? countText(run.info.steps) : Compare::tr("%1 of %2").arg(countText(run.info.step), countText(run.info.steps));
    return {QString::fromStdString(run.info.name),
            loss(outcome.bestLoss),
            outcome.bestLoss ? countText(outcome.bestStep) : kNone,
            loss(outcome.lastLoss),
            loss(outcome.trainLoss),
            outcome.trainedParameters ? largeCountText(double(*outcome.trainedParameters)) : kNone,
            steps,
            QLocale().toString(run.info.seconds / 60, 'f', run.info.seconds < 600 ? 1 : 0),
            outcome.peakBytes > 0 ? gigabytesText(outcome.peakBytes) : kNone,
            runStateText(run.info.state)};
}

int leadingRun(const RunComparison &comparison)
{
    int best = -1, measured = 0;
    for (std::size_t i = 0; i < comparison.runs.size(); ++i) {
        const auto &loss = comparison.runs[i].outcome.bestLoss;
        measured += loss ? 1 : 0;
        if (loss && (best < 0 || *loss < *comparison.runs[std::size_t(best)].outcome.bestLoss))
            best = int(i);
    }
    return measured >= 2 ? best : -1;
}

QStringList comparisonNotes(const RunComparison &comparison)
{
    QStringList notes;
    for (const DataDifference &difference : comparison.data) {
        if (!difference.isHeldOutSame)
            notes.append(Compare::tr("The held-out records of snapshot %1 and %2 are not the same: a lower loss may only mean easier questions.").arg(difference.from.value).arg(difference.to.value));
    }
    const int leader = leadingRun(comparison);
    if (leader <= 0 || !comparison.runs.front().outcome.bestLoss)
        return notes;
    const ComparedRun &best = comparison.runs[std::size_t(leader)];
    const ComparedRun &reference = comparison.runs.front();
    const QString name = QString::fromStdString(best.info.name), other = QString::fromStdString(reference.info.name);
    const QStringList unlike = unlikeReference(comparison, std::size_t(leader));
    const QString lead = lossText(*reference.outcome.bestLoss - *best.outcome.bestLoss);
    if (lead == lossText(0))
        return notes; // as good as the same
    if (unlike.size() > 1)
        notes.append(Compare::tr("%1 is better than %2 by %3, but %4 things changed at once: %5. Change one at a time to know which of them helped.")
                         .arg(name, other, lead, QString::number(unlike.size()), unlike.mid(0, 6).join(QStringLiteral(", "))));
    else if (unlike.size() == 1)
        notes.append(Compare::tr("%1 is better than %2 by %3; only one thing differs: %4.").arg(name, other, lead, unlike.front()));
    return notes;
}

QByteArray comparisonTable(const RunComparison &comparison)
{
    std::string text = csvCell("part") + ',' + csvCell("name");
    for (const ComparedRun &run : comparison.runs)
        text += ',' + csvCell(run.info.name);
    text += "\r\n";
    const auto add = [&text](const char *part, const QString &name, const QStringList &values) {
        text += csvCell(part) + ',' + csvCell(name.toStdString());
        for (const QString &value : values)
            text += ',' + csvCell(value == kNone ? std::string() : value.toStdString());
        text += "\r\n";
    };
    QList<QStringList> outcomes;
    for (const ComparedRun &run : comparison.runs)
        outcomes.append(outcomeCells(run));
    const QStringList heads = outcomeHeads();
    for (qsizetype column = 1; column < heads.size(); ++column) {
        QStringList values;
        for (const QStringList &cells : outcomes)
            values.append(cells[column]);
        add("outcome", heads[column], values);
    }
    for (const ComparisonRow &row : settingRows(comparison))
        add("setting", row.name, row.values);
    for (const auto &[name, countOf] : std::initializer_list<std::pair<QString, std::int64_t data::SnapshotDiff::*>>{
             {Compare::tr("records added"), &data::SnapshotDiff::added}, {Compare::tr("records removed"), &data::SnapshotDiff::removed},
             {Compare::tr("records changed"), &data::SnapshotDiff::changed}, {Compare::tr("records that are the same"), &data::SnapshotDiff::same}}) {
        QStringList values;
        for (const ComparedRun &run : comparison.runs) {
            const auto found = std::ranges::find(comparison.data, run.info.snapshot, &DataDifference::to);
            values.append(found == comparison.data.end() ? kNone : QString::number(found->diff.*countOf));
        }
        add("data", name, values);
    }
    return QByteArray("\xEF\xBB\xBF") + QByteArray::fromStdString(text);
}

} // namespace fettle::ui
