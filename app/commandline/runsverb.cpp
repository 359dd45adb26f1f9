// runs: the history of a project, and what differs between some of them.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/runmoves.h"
#include "core/engine/runoutcome.h"
#include "core/train/settingcomparison.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::cli {

namespace {

constexpr std::size_t kShownChanges = 10; // records of a difference that people see; JSON has more
constexpr std::size_t kListedChanges = 1000;

struct RunsArguments {
    std::string project;
    std::vector<std::string> compared;
};

std::string lossCell(const std::optional<double> &value)
{
    return value ? fmt::format("{:.4f}", *value) : std::string("-");
}

Json numberOrNull(const auto &value)
{
    return value ? Json(*value) : Json(nullptr);
}

// A process that was killed leaves a run that says it goes on: it is marked as interrupted where nobody else works on the project.
void markDeadRuns(const engine::Project &project, const std::string &folder)
{
    const auto runs = project.runs();
    const auto goesOn = [](const engine::RunInfo &run) { return !engine::isAtRest(run.state); };
    if (!runs || std::ranges::none_of(*runs, goesOn))
        return;
    if (auto writer = engine::Project::open(folder, engine::Access::ReadWrite))
        (void)writer->markInterruptedRuns(); // a folder that cannot be written keeps what it says
}

int listRuns(const engine::Project &project, Context &context)
{
    auto runs = project.runs();
    if (!runs)
        return context.terminal.fail(runs.error());
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (const auto &run : *runs) {
        list.push_back(cli::toJson(run));
        rows.push_back({std::to_string(run.id.value), std::string(engine::nameOf(run.state)), run.method, fmt::format("{}/{}", run.step, run.steps), lossCell(run.trainLoss),
                        lossCell(run.evalLoss), formatDuration(run.seconds), run.started});
    }
    context.terminal.json({{"runs", list}});
    context.terminal.say(rows.empty() ? tr("No runs yet.") : formatTable({"run", "state", "method", "steps", "train loss", "held-out loss", "time", "started"}, rows));
    return 0;
}

struct Compared {
    std::vector<engine::RunInfo> runs;
    std::vector<std::vector<engine::EvalPoint>> evals;
    std::vector<engine::RunOutcome> outcomes;
};

Result<Compared> readRuns(const engine::Project &project, const std::vector<std::string> &names)
{
    Compared compared;
    for (const std::string &name : names) {
        auto id = parseRun(name);
        if (!id)
            return passError(id);
        auto run = project.run(*id);
        if (!run)
            return passError(run);
        auto points = project.metrics(*id);
        if (!points)
            return passError(points);
        auto evals = project.evals(*id);
        if (!evals)
            return passError(evals);
        engine::RunOutcome outcome = engine::outcomeOf(*run, *points, *evals);
        if (const auto recipe = train::recipeFromJson(nlohmann::json::parse(run->recipeJson, nullptr, false))) {
            if (const auto cost = engine::methodCost(run->modelPath, *recipe))
                outcome.trainedParameters = cost->trainableParameters;
        }
        compared.runs.push_back(std::move(*run));
        compared.evals.push_back(std::move(*evals));
        compared.outcomes.push_back(outcome);
    }
    return compared;
}

std::string settingCell(const std::optional<train::SettingValue> &value)
{
    if (!value)
        return "-";
    return std::visit([](const auto &held) { return fmt::format("{}", held); }, *value);
}

void tellSettings(const Compared &compared, Json &document, std::string &text)
{
    std::vector<std::string> recipes, heads = {"setting"};
    for (const engine::RunInfo &run : compared.runs) {
        recipes.push_back(run.recipeJson);
        heads.push_back(fmt::format("run {}", run.id.value));
    }
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows;
    const auto add = [&](const std::string &key, const auto &cellOf) {
        std::vector<std::string> row = {key};
        for (const engine::RunInfo &run : compared.runs)
            row.push_back(cellOf(run));
        const bool differs = std::any_of(row.begin() + 2, row.end(), [&](const std::string &value) { return value != row[1]; });
        list.push_back({{"key", key}, {"values", std::vector<std::string>(row.begin() + 1, row.end())}, {"differs", differs}});
        if (differs)
            rows.push_back(std::move(row));
    };
    add("method", [](const engine::RunInfo &run) { return run.method; });
    add("model", [](const engine::RunInfo &run) { return run.modelName; });
    add("snapshot", [](const engine::RunInfo &run) { return std::to_string(run.snapshot.value); });
    for (const train::SettingComparison &setting : train::compareSettings(recipes)) {
        Json values = Json::array();
        std::vector<std::string> row = {std::string(setting.field->key)};
        for (const auto &value : setting.values) {
            values.push_back(value ? std::visit([](const auto &held) { return Json(held); }, *value) : Json(nullptr));
            row.push_back(settingCell(value));
        }
        list.push_back({{"key", setting.field->key}, {"values", values}, {"differs", setting.differs}});
        if (setting.differs)
            rows.push_back(std::move(row));
    }
    document["settings"] = std::move(list);
    text += rows.empty() ? tr("All settings are the same.") + "\n" : formatTable(heads, rows);
}

void tellOutcomes(const Compared &compared, Json &document, std::string &text)
{
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < compared.runs.size(); ++i) {
        const engine::RunInfo &run = compared.runs[i];
        const engine::RunOutcome &outcome = compared.outcomes[i];
        Json json = cli::toJson(run);
        json["bestLoss"] = numberOrNull(outcome.bestLoss);
        json["bestStep"] = outcome.bestLoss ? Json(outcome.bestStep) : Json(nullptr);
        json["lastLoss"] = numberOrNull(outcome.lastLoss);
        json["trainedParameters"] = numberOrNull(outcome.trainedParameters);
        json["peakBytes"] = outcome.peakBytes;
        Json curve = Json::array();
        for (const engine::EvalPoint &eval : compared.evals[i])
            curve.push_back({{"step", eval.step}, {"loss", eval.loss}});
        json["heldOut"] = std::move(curve);
        list.push_back(std::move(json));
        rows.push_back({std::to_string(run.id.value), std::string(engine::nameOf(run.state)), lossCell(outcome.bestLoss), outcome.bestLoss ? std::to_string(outcome.bestStep) : "-",
                        lossCell(outcome.lastLoss), lossCell(outcome.trainLoss), outcome.trainedParameters ? std::to_string(*outcome.trainedParameters) : "-",
                        fmt::format("{}/{}", run.step, run.steps), formatDuration(run.seconds), outcome.peakBytes > 0 ? formatBytes(static_cast<double>(outcome.peakBytes)) : "-"});
    }
    document["runs"] = std::move(list);
    text += "\n" + formatTable({"run", "state", "best held-out", "at step", "last held-out", "train loss", "trained values", "steps", "time", "memory"}, rows);
}

std::string kindOf(const data::SnapshotChange &change)
{
    return !change.before ? "added" : !change.after ? "removed" : "changed";
}

// Each other snapshot against the first run's.
Result<> tellData(const engine::Project &project, const Compared &compared, Json &document, std::string &text)
{
    Json list = Json::array();
    const SnapshotId first = compared.runs.front().snapshot;
    std::vector<SnapshotId> told = {first};
    for (const engine::RunInfo &run : compared.runs) {
        if (!first.isValid() || !run.snapshot.isValid() || std::ranges::find(told, run.snapshot) != told.end())
            continue;
        told.push_back(run.snapshot);
        auto diff = project.diffSnapshots(first, run.snapshot, kListedChanges);
        if (!diff)
            return passError(diff);
        auto before = project.snapshotRecords(first, data::Split::HeldOut);
        auto after = project.snapshotRecords(run.snapshot, data::Split::HeldOut);
        if (!before || !after)
            return passError(before ? after : before);
        const bool isComparable = engine::isSameContent(*before, *after);
        Json changes = Json::array();
        text += "\n" + tr("Snapshot {} to {}: {} added, {} removed, {} changed, {} the same.", first.value, run.snapshot.value, diff->added, diff->removed, diff->changed, diff->same);
        text += isComparable ? "\n" : " " + tr("The held-out records differ: their losses cannot be compared.") + "\n";
        for (const data::SnapshotChange &change : diff->shown) {
            const data::Record &record = change.after ? *change.after : *change.before;
            changes.push_back({{"record", record.id.value}, {"change", kindOf(change)}});
            if (changes.size() <= kShownChanges)
                text += fmt::format("  {} {}: {}\n", kindOf(change), record.id.value, data::instructionOf(record).substr(0, 80));
        }
        list.push_back({{"from", first.value}, {"to", run.snapshot.value}, {"added", diff->added}, {"removed", diff->removed}, {"changed", diff->changed},
                        {"same", diff->same}, {"sameHeldOut", isComparable}, {"records", std::move(changes)}});
    }
    document["data"] = std::move(list);
    return {};
}

int compareRuns(const engine::Project &project, const std::vector<std::string> &names, Context &context)
{
    const auto compared = readRuns(project, names);
    if (!compared)
        return context.terminal.fail(compared.error());
    Json document = Json::object();
    std::string text;
    tellSettings(*compared, document, text);
    tellOutcomes(*compared, document, text);
    if (auto told = tellData(project, *compared, document, text); !told)
        return context.terminal.fail(told.error());
    context.terminal.json(document);
    context.terminal.say(text);
    return 0;
}

} // namespace

void addRunsVerb(Registry &registry)
{
    auto arguments = std::make_shared<RunsArguments>();
    CLI::App *verb = registry.add("runs", tr("Lists the runs of a project, or compares some of them"), [arguments](Context &context) {
        auto project = engine::Project::open(arguments->project, engine::Access::ReadOnly);
        if (!project)
            return context.terminal.fail(project.error());
        markDeadRuns(*project, arguments->project);
        return arguments->compared.empty() ? listRuns(*project, context) : compareRuns(*project, arguments->compared, context);
    });
    verb->add_option("--project", arguments->project, tr("The project"))->required();
    verb->add_option("--compare", arguments->compared, tr("Numbers of two or more runs: what differs in settings, data and outcome, the first against the others"))->expected(2, 64);
}

} // namespace fettle::cli
