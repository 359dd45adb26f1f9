// train, fit, resume: the work.
#include "app/commandline/commandline.h"
#include "core/base/process.h"
#include "core/base/words.h"
#include "core/engine/fit.h"
#include "core/engine/helptraining.h"
#include "core/engine/models.h"
#include "core/engine/race.h"
#include "core/engine/recipefile.h"
#include "core/train/settings.h"

#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <functional>

namespace fettle::cli {

namespace fs = std::filesystem;

Json toJson(const engine::RunInfo &run)
{
    const auto number = [](const std::optional<double> &value) { return value ? Json(*value) : Json(nullptr); };
    return {{"run", run.id.value}, {"name", run.name}, {"state", engine::nameOf(run.state)}, {"method", run.method}, {"model", run.modelName},
            {"step", run.step}, {"steps", run.steps}, {"trainLoss", number(run.trainLoss)}, {"evalLoss", number(run.evalLoss)}, {"tokens", run.tokens},
            {"trainedTokens", run.trainedTokens}, {"adapter", run.adapter}, {"started", run.started}, {"seconds", run.seconds}, {"failure", run.failure}};
}

engine::RunEvents runEvents(Context &context)
{
    Terminal &terminal = context.terminal;
    engine::RunEvents events;
    events.progressed = terminal.progressCallback();
    events.stateChanged = [&terminal](const engine::RunInfo &run) {
        terminal.jsonLine({{"event", "state"}, {"run", run.id.value}, {"state", engine::nameOf(run.state)}, {"steps", run.steps}});
    };
    events.stepFinished = [&terminal](RunId run, const engine::MetricPoint &point, double secondsLeft) {
        terminal.jsonLine({{"event", "step"}, {"run", run.value}, {"step", point.step}, {"epoch", point.epoch}, {"loss", point.loss}, {"learningRate", point.learningRate},
                           {"gradNorm", point.gradNorm}, {"tokens", point.tokens}, {"tokensPerSecond", point.tokensPerSecond}, {"peakBytes", point.peakBytes},
                           {"seconds", point.seconds}, {"secondsLeft", secondsLeft}});
        terminal.progressText(tr("step {}  epoch {:.2f}  loss {:.4f}  {:.0f} tokens/s  {}{}", point.step, point.epoch, point.loss, point.tokensPerSecond,
                                          formatBytes(static_cast<double>(point.peakBytes)), secondsLeft >= 0 ? "  " + formatDuration(secondsLeft) + " left" : ""));
    };
    events.evaluated = [&terminal](RunId run, const engine::EvalPoint &point) {
        terminal.jsonLine({{"event", "evaluation"}, {"run", run.value}, {"step", point.step}, {"loss", point.loss}, {"tokens", point.tokens}});
        terminal.note(tr("held-out loss after step {}: {:.4f}", point.step, point.loss));
    };
    events.generalMeasured = [&terminal](RunId run, const engine::GeneralPoint &point) {
        terminal.jsonLine({{"event", "general"}, {"run", run.value}, {"step", point.step}, {"loss", point.loss}});
    };
    events.checkpointed = [&terminal](RunId run, const engine::CheckpointInfo &checkpoint) {
        terminal.jsonLine({{"event", "checkpoint"}, {"run", run.value}, {"step", checkpoint.step}, {"path", checkpoint.path}});
    };
    events.noticed = [&terminal](RunId run, const std::string &text) {
        terminal.jsonLine({{"event", "notice"}, {"run", run.value}, {"text", text}});
        terminal.note(text);
    };
    return events;
}

Json runResult(const engine::RunInfo &run)
{
    Json json = toJson(run);
    json["event"] = "result";
    return json;
}

namespace {

struct TrainArguments {
    std::string model, project, data, out = "fettle-adapter", method = "lora", preset = "balanced", recipe, adapter, onto;
    std::vector<std::string> set;
    std::int64_t snapshot = 0;
};

Result<train::Recipe> chooseRecipe(const TrainArguments &arguments, std::int64_t rows)
{
    auto preset = train::presetFromName(arguments.preset);
    if (!preset)
        return passError(preset);
    train::Recipe recipe = train::presetRecipe(*preset, arguments.method, rows);
    if (!arguments.recipe.empty()) {
        auto read = engine::readRecipe(arguments.recipe);
        if (!read)
            return read;
        recipe = *read;
    }
    for (const auto &assignment : arguments.set)
        if (auto applied = train::applySetting(recipe, assignment); !applied)
            return passError(applied);
    if (auto valid = train::validate(recipe); !valid)
        return passError(valid);
    return recipe;
}

int finish(const Result<engine::RunSummary> &summary, Context &context, const std::string &adapter = {})
{
    context.terminal.endProgress();
    if (!summary)
        return context.terminal.fail(summary.error());
    engine::RunInfo run = summary->run;
    if (!adapter.empty())
        run.adapter = adapter;
    context.terminal.jsonLine(runResult(run));
    context.terminal.say(tr("{}: {} after {} steps, {}. Training loss {}, held-out loss {}.{}", run.name, engine::nameOf(run.state), run.step, formatDuration(run.seconds),
                                     run.trainLoss ? fmt::format("{:.4f}", *run.trainLoss) : "none", run.evalLoss ? fmt::format("{:.4f}", *run.evalLoss) : "none",
                                     run.adapter.empty() ? "" : "\nAdapter: " + run.adapter));
    return context.stop.stop_requested() ? exitCode(ErrorCode::Cancelled) : 0;
}

// Training in the processes of a launcher: process 0 does what the verb says, the others help it. Started alone there is one.
int withRanks(Context &context, const std::function<int(const engine::ComputeOptions &)> &work)
{
    auto compute = context.compute(Context::Work::Training);
    if (!compute)
        return context.terminal.fail(compute.error());
    auto ranks = train::Ranks::join(context.stop);
    if (!ranks)
        return context.terminal.fail(ranks.error());
    train::Ranks &all = **ranks;
    if (!all.isAlone() && compute->threads == 0)
        compute->threads = all.threads();
    int code = 0;
    if (all.rank() > 0) {
        auto helped = engine::helpTraining(all, *compute, context.stop);
        code = helped ? 0 : exitCode(helped.error().code);
    } else {
        // Said at once: the launcher leaves little time.
        const std::stop_callback isEnding(context.stop, [&context, count = all.count()] {
            if (count > 1)
                context.terminal.note(tr("The run ends: it was stopped, or one of its {} processes is gone. What was learnt up to the last checkpoint is kept; "
                                         "\"fettle resume\" goes on from there, with any number of processes.", count));
        });
        code = work(*compute);
    }
    all.leave(code);
    return code;
}

// A folder that vanishes with the object: the project behind `train --data`.
struct TemporaryFolder {
    fs::path path;
    ~TemporaryFolder()
    {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
};

// Files or folders: the adapter appears under its name at once or not at all.
Result<> moveFolder(const fs::path &from, const fs::path &to)
{
    std::error_code error;
    const fs::path staging = to.string() + ".partial";
    fs::remove_all(staging, error);
    fs::copy(from, staging, fs::copy_options::recursive, error);
    if (!error)
        fs::rename(staging, to, error);
    if (error) {
        std::error_code ignored;
        fs::remove_all(staging, ignored);
        return fail(ErrorCode::NoPermission, tr("Cannot write the adapter to {}.", to.string()), tr("Choose another folder with --out."), error.message());
    }
    return {};
}

int runTrain(const TrainArguments &arguments, Context &context, const engine::ComputeOptions &compute)
{
    Terminal &terminal = context.terminal;
    engine::TrainRequest request;
    request.model = arguments.model;
    request.adapter = arguments.adapter;
    request.snapshot = SnapshotId{arguments.snapshot};
    request.compute = compute;

    if (!arguments.project.empty()) {
        auto project = engine::Project::open(arguments.project, engine::Access::ReadWrite);
        if (!project)
            return terminal.fail(project.error());
        auto counts = project->recordCounts();
        if (!counts)
            return terminal.fail(counts.error());
        auto recipe = chooseRecipe(arguments, counts->all - counts->bySplit[data::Split::HeldOut] - counts->bySplit[data::Split::Test]);
        if (!recipe)
            return terminal.fail(recipe.error());
        request.recipe = *recipe;
        request.onto = arguments.onto;
        return finish(engine::trainRun(*project, request, runEvents(context), nullptr, context.stop), context);
    }

    std::error_code error;
    const fs::path out = fs::absolute(arguments.out);
    if (fs::exists(out, error) && !fs::is_empty(out, error))
        return terminal.fail({ErrorCode::Usage, tr("{} exists already.", arguments.out), tr("Name a new folder with --out, or remove this one."), {}});
    auto records = readDataFile(arguments.data, context);
    if (!records)
        return terminal.fail(records.error());
    auto recipe = chooseRecipe(arguments, static_cast<std::int64_t>(records->size()));
    if (!recipe)
        return terminal.fail(recipe.error());
    request.recipe = *recipe;
    const TemporaryFolder folder{fs::path(out.string() + fmt::format(".{}.fettle", processId()))};
    auto project = engine::Project::create(folder.path);
    if (!project)
        return terminal.fail(project.error());
    if (auto added = project->addRecords(std::move(*records), tr("Read ") + arguments.data); !added)
        return terminal.fail(added.error());
    auto summary = engine::trainRun(*project, request, runEvents(context), nullptr, context.stop);
    if (summary && !summary->run.adapter.empty()) {
        fs::remove(out, error); // an empty folder may be there
        if (auto moved = moveFolder(summary->run.adapter, out); !moved)
            return terminal.fail(moved.error());
        return finish(summary, context, out.string());
    }
    return finish(summary, context);
}

std::vector<std::string> methodKeys()
{
    std::vector<std::string> keys;
    for (const auto &method : train::methods())
        keys.emplace_back(method.key);
    return keys;
}

std::string settingsHelp()
{
    std::string text = tr("Methods:") + "\n";
    for (const auto &method : train::methods())
        text += fmt::format("  {:<22} {}: {}\n", method.key, method.label, tr(method.help));
    text += "\n" + tr("Settings for --set KEY=VALUE:") + "\n";
    for (const auto &field : train::settingFields()) {
        std::string range;
        if (!field.choices.empty())
            for (const auto choice : field.choices)
                range += (range.empty() ? "" : " | ") + std::string(choice);
        else if (field.kind == train::SettingKind::Integer || field.kind == train::SettingKind::Real)
            range = tr("{:g} to {:g}", field.minimum, field.maximum);
        std::string standard = std::visit([](const auto &value) { return fmt::format("{}", value); }, field.standard);
        if (standard.empty())
            standard = tr("none");
        text += tr("  {:<22} {}{}{} (default {}{})\n", field.key, field.method.empty() ? "" : fmt::format("[{}] ", field.method), tr(field.help),
                            field.unit.empty() ? "" : fmt::format(" [{}]", tr(field.unit)), standard, range.empty() ? "" : "; " + range);
    }
    return text;
}

struct FitArguments : TrainArguments {
    double gigabytes = 0;
};

void sayFit(const engine::FitResult &fit, Terminal &terminal)
{
    const auto size = [](std::int64_t bytes) { return formatBytes(static_cast<double>(bytes)); };
    std::vector<std::vector<std::string>> rows;
    for (const auto &[name, bytes] : {std::pair{tr("weights"), fit.bytes.weights}, {tr("optimiser"), fit.bytes.optimizer}, {tr("gradients"), fit.bytes.gradients},
                                      {tr("activations"), fit.bytes.activations}, {tr("reserve"), fit.bytes.reserve}, {tr("together"), fit.bytes.total()}})
        rows.push_back({name, size(bytes)});
    terminal.say(formatTable({"part", "memory"}, rows));
    terminal.say(fit.fits() ? tr("It fits: {} are free.", size(fit.available)) : tr("It does not fit: only {} are free.", size(fit.available)));
    if (fit.secondsPerStep > 0)
        terminal.say(fit.steps > 0 ? tr("{:.2f} s for each step, {} for {} steps.", fit.secondsPerStep, formatDuration(fit.seconds()), fit.steps)
                                   : tr("{:.2f} s for each step.", fit.secondsPerStep));
    if (fit.joulesPerStep > 0)
        terminal.say(tr("The processor uses about {:.1f} J for each step.", fit.joulesPerStep));
    for (const engine::FitSuggestion &suggestion : fit.suggestions)
        terminal.say(tr("{} (--set {}): {}; {}.", suggestion.label, fmt::join(suggestion.settings, " --set "), size(suggestion.bytes), suggestion.price));
    if (!fit.fits() && fit.suggestions.empty())
        terminal.say(tr("Choose a smaller model, a method that trains less, or a lower maxLength."));
}

int runFit(const FitArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    if (!arguments.project.empty() && !arguments.data.empty())
        return terminal.fail({ErrorCode::Usage, tr("fit takes --project P or --data FILE, not both."), {}, {}});
    auto place = workplace(arguments.project, context, Context::Work::Training);
    if (!place)
        return terminal.fail(place.error());
    engine::FitRequest request;
    std::int64_t count = 0;
    if (const engine::Project *project = place->projectOrNull()) {
        auto counts = project->recordCounts();
        if (!counts)
            return terminal.fail(counts.error());
        count = counts->all - counts->bySplit[data::Split::HeldOut] - counts->bySplit[data::Split::Test];
    } else if (!arguments.data.empty()) {
        auto records = readDataFile(arguments.data, context);
        if (!records)
            return terminal.fail(records.error());
        request.records = std::move(*records);
        count = static_cast<std::int64_t>(request.records.size());
    }
    auto recipe = chooseRecipe(arguments, std::max<std::int64_t>(count, 1));
    if (!recipe)
        return terminal.fail(recipe.error());
    request.run.model = arguments.model;
    request.run.adapter = arguments.adapter;
    request.run.recipe = *recipe;
    request.run.compute = place->compute;
    request.availableBytes = static_cast<std::int64_t>(arguments.gigabytes * 1e9);
    auto fit = engine::measureFit(place->projectOrNull(), request, terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!fit)
        return terminal.fail(fit.error());
    Json suggestions = Json::array();
    for (const engine::FitSuggestion &suggestion : fit->suggestions)
        suggestions.push_back({{"label", suggestion.label}, {"price", suggestion.price}, {"settings", suggestion.settings}, {"bytes", suggestion.bytes}, {"secondsPerStep", suggestion.secondsPerStep}});
    terminal.json({{"bytes", {{"weights", fit->bytes.weights}, {"optimizer", fit->bytes.optimizer}, {"gradients", fit->bytes.gradients}, {"activations", fit->bytes.activations}, {"reserve", fit->bytes.reserve}}},
                   {"device", fit->device}, {"available", fit->available}, {"fits", fit->fits()}, {"peakBytes", fit->peakBytes}, {"rowTokens", fit->rowTokens}, {"extrapolated", fit->isExtrapolated},
                   {"secondsPerStep", fit->secondsPerStep}, {"joulesPerStep", fit->joulesPerStep}, {"steps", fit->steps}, {"seconds", fit->seconds()}, {"suggestions", suggestions}});
    sayFit(*fit, terminal);
    return fit->fits() ? 0 : exitCode(ErrorCode::OutOfMemory);
}

struct RaceArguments : TrainArguments {
    std::vector<std::string> methods, vary;
};

// "rank=8,16,32" as a key and its values.
Result<train::RaceChoice> raceChoice(const RaceArguments &arguments)
{
    train::RaceChoice choice{arguments.methods, {}};
    if (choice.methods.empty())
        choice.methods = {arguments.method};
    for (const std::string &varied : arguments.vary) {
        const auto equals = varied.find('=');
        if (equals == std::string::npos)
            return fail(ErrorCode::Usage, tr("\"{}\" is not KEY=VALUE,VALUE.", varied), tr("For example --vary rank=8,16."));
        choice.grid.push_back({varied.substr(0, equals), CLI::detail::split(varied.substr(equals + 1), ',')});
    }
    return choice;
}

void sayStandings(const std::vector<engine::RaceStanding> &standings, Terminal &terminal)
{
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (const engine::RaceStanding &standing : standings) {
        const engine::RunInfo &run = standing.run;
        Json line = toJson(run);
        line["lane"] = standing.lane;
        line["trainedParameters"] = standing.trainableParameters;
        line["peakBytes"] = standing.peakBytes;
        list.push_back(std::move(line));
        rows.push_back({std::to_string(run.id.value), standing.lane, run.evalLoss ? fmt::format("{:.4f}", *run.evalLoss) : "-", std::to_string(standing.trainableParameters),
                        formatDuration(run.seconds), formatBytes(static_cast<double>(standing.peakBytes))});
    }
    terminal.jsonLine({{"event", "result"}, {"race", standings.empty() ? "" : engine::raceOf(standings.front().run)}, {"standings", list}});
    terminal.say(formatTable({"run", "method", "held-out loss", "trained", "time", "memory"}, rows));
}

int runRace(const RaceArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    auto compute = context.compute(Context::Work::Training);
    if (!compute)
        return terminal.fail(compute.error());
    auto project = engine::Project::open(arguments.project, engine::Access::ReadWrite);
    if (!project)
        return terminal.fail(project.error());
    auto counts = project->recordCounts();
    if (!counts)
        return terminal.fail(counts.error());
    const std::int64_t rows = counts->all - counts->bySplit[data::Split::HeldOut] - counts->bySplit[data::Split::Test];
    auto recipe = chooseRecipe(arguments, rows);
    if (!recipe)
        return terminal.fail(recipe.error());
    auto choice = raceChoice(arguments);
    auto preset = train::presetFromName(arguments.preset);
    if (!choice || !preset)
        return terminal.fail(choice ? preset.error() : choice.error());
    auto lanes = train::raceLanes(*choice, *recipe, *preset, std::max<std::int64_t>(rows, 1));
    if (!lanes)
        return terminal.fail(lanes.error());
    engine::TrainRequest request;
    request.model = arguments.model;
    request.recipe = *recipe;
    request.compute = *compute;
    auto race = engine::beginRace(*project, request);
    if (!race)
        return terminal.fail(race.error());
    engine::KeptBase base; // the lanes have it in common
    for (const train::RaceLane &lane : *lanes) {
        terminal.note(lane.name);
        const auto summary = engine::trainRun(*project, engine::laneRequest(request, lane, *race), runEvents(context), nullptr, context.stop, &base);
        terminal.endProgress();
        if (!summary)
            return terminal.fail(summary.error());
        if (context.stop.stop_requested())
            return exitCode(ErrorCode::Cancelled);
    }
    auto standings = engine::raceStandings(*project, race->tag);
    if (!standings)
        return terminal.fail(standings.error());
    sayStandings(*standings, terminal);
    return 0;
}

// What a run is made of, for the verbs that make one.
void addChoices(CLI::App &verb, TrainArguments &arguments)
{
    verb.add_option("--model", arguments.model, tr("Base model"))->default_val(engine::kDefaultModelName);
    verb.add_option("--project", arguments.project, tr("Project whose records are learnt"));
    verb.add_option("--data", arguments.data, tr("A data file instead of a project"));
    verb.add_option("--method", arguments.method, tr("What is trained"))->check(CLI::IsMember(methodKeys()))->capture_default_str();
    verb.add_option("--preset", arguments.preset, tr("quick, balanced or thorough"))->check(CLI::IsMember({"quick", "balanced", "thorough"}))->capture_default_str();
    verb.add_option("--recipe", arguments.recipe, tr("Recipe file (JSON) instead of a preset"));
    verb.add_option("--adapter", arguments.adapter, tr("Start from this adapter: folder, or RUN[@STEP] of the project"));
    verb.add_option("--set", arguments.set, tr("KEY=VALUE, may be given several times"))->allow_extra_args(false);
    verb.footer([] { return settingsHelp(); });
}

} // namespace

void addTrainVerbs(Registry &registry)
{
    auto arguments = std::make_shared<TrainArguments>();
    CLI::App *verb = registry.add("train", tr("Trains a model on a project or a data file"), [arguments](Context &context) {
        if (arguments->project.empty() == arguments->data.empty())
            return context.terminal.fail({ErrorCode::Usage, tr("train needs either --project P or --data FILE."), {}, {}});
        return withRanks(context, [&](const engine::ComputeOptions &compute) { return runTrain(*arguments, context, compute); });
    });
    addChoices(*verb, *arguments);
    verb->add_option("--onto", arguments->onto, tr("With --project: writes this adapter into the base first, and trains a new one on that: folder, or RUN[@STEP]"))->excludes("--adapter")->needs("--project");
    verb->add_option("--snapshot", arguments->snapshot, tr("With --project: number of a snapshot to learn from, in place of the records as they are"))->check(CLI::PositiveNumber)->needs("--project");
    verb->add_option("--out", arguments->out, tr("With --data: folder of the adapter"))->capture_default_str();

    auto fit = std::make_shared<FitArguments>();
    verb = registry.add("fit", tr("Measures whether a run fits into memory and how long it takes, before it starts"), [fit](Context &context) { return runFit(*fit, context); });
    addChoices(*verb, *fit);
    verb->add_option("--memory", fit->gigabytes, tr("As if so many gigabytes were free: what would fit on another computer"))->check(CLI::PositiveNumber);

    auto race = std::make_shared<RaceArguments>();
    verb = registry.add("race", tr("Trains with several methods or settings on the same records and compares them"), [race](Context &context) { return runRace(*race, context); });
    verb->add_option("--model", race->model, tr("Base model"))->default_val(engine::kDefaultModelName);
    verb->add_option("--project", race->project, tr("Project whose records are learnt"))->required();
    verb->add_option("--methods", race->methods, tr("The methods that race: lora,prefix,..."))->delimiter(',')->check(CLI::IsMember(methodKeys()));
    verb->add_option("--vary", race->vary, tr("KEY=VALUE,VALUE: each method that has the setting runs once with each value; may be given several times"))->allow_extra_args(false);
    verb->add_option("--preset", race->preset, tr("quick, balanced or thorough"))->check(CLI::IsMember({"quick", "balanced", "thorough"}))->capture_default_str();
    verb->add_option("--set", race->set, tr("KEY=VALUE for all: epochs, seed, maxLength ...; may be given several times"))->allow_extra_args(false);

    struct ResumeArguments { std::string run, project; double epochs = 0; };
    auto resume = std::make_shared<ResumeArguments>();
    verb = registry.add("resume", tr("Goes on with a run exactly where it stopped"), [resume](Context &context) {
        auto run = parseRun(resume->run);
        if (!run)
            return context.terminal.fail(run.error());
        return withRanks(context, [&](const engine::ComputeOptions &compute) {
            auto project = engine::Project::open(resume->project, engine::Access::ReadWrite);
            if (!project)
                return context.terminal.fail(project.error());
            if (auto marked = project->markInterruptedRuns(); !marked)
                return context.terminal.fail(marked.error());
            engine::RunControl control;
            control.epochs = resume->epochs;
            return finish(engine::resumeRun(*project, *run, compute, runEvents(context), &control, context.stop), context);
        });
    });
    verb->add_option("RUN", resume->run, tr("Number of the run"))->required();
    verb->add_option("--project", resume->project, tr("The project"))->required();
    verb->add_option("--epochs", resume->epochs, tr("Another number of epochs for the whole run, from here on"))->check(CLI::Range(0.01, 1000.0));
}

} // namespace fettle::cli
