#include "core/engine/fit.h"

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/data/probes.h"
#include "core/engine/adapterpath.h"
#include "core/engine/adapterrecipe.h"
#include "core/engine/models.h"
#include "core/engine/stackedbase.h"
#include "core/engine/basestorage.h"
#include "core/generate/decodeweights.h"
#include "core/generate/generator.h"
#include "core/model/device.h"
#include "core/model/torcherror.h"
#include "core/model/weights.h"
#include "core/train/measure.h"
#include "core/train/optimizer.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <thread>

namespace fettle::engine {
namespace {

constexpr std::int64_t kLeastReserve = 64'000'000;
constexpr std::int64_t kShortEnough = 256; // tokens: such a row is computed without trying shorter ones
constexpr double kCaution = 1.25;          // what follows from shorter rows may be so much too small
// What is offered fits with room for what differs from one measurement to the next.
constexpr double kRoom = 1.03, kRoomExtrapolated = 1.1;
constexpr std::size_t kMostSuggestions = 3;
constexpr double kAsSmall = 1.25; // a file of so many times the room of 4 bits is left as it is

// What one choice of settings takes, measured on the weights that are loaded.
struct Need {
    FitBytes bytes;
    double secondsPerToken = 0, updateSeconds = 0;
    double joulesPerToken = 0, updateJoules = 0; // 0: not known
    std::int64_t rowTokens = 0;
    bool isExtrapolated = false;
};

struct Gauge {
    train::TrainerSetup setup; // weights and adapter
    std::span<const train::Document> documents;
    std::int64_t before = 0;  // the process without the run
    std::int64_t weights = 0; // bytes
    std::int64_t answers = 0; // of the copy that answers the probe prompts between the steps
    std::int64_t available = 0;
    bool isElsewhere = false; // computed on another device, whose memory counts
    ProgressCallback progress;
    std::stop_token stop;

    Result<Need> measure(const train::Recipe &recipe)
    {
        setup.recipe = recipe;
        const train::PackedRow row = train::longestRow(documents, recipe);
        const std::int64_t length = row.length();
        m_done = 0;
        m_toDo = length;
        if (length <= kShortEnough)
            return needOf(row);
        m_toDo = length / 8 + length / 4 + length;
        auto eighth = needOf(train::shortened(row, documents, length / 8));
        if (!eighth)
            return eighth;
        auto quarter = needOf(train::shortened(row, documents, length / 4));
        if (!quarter)
            return quarter;
        const double slope = static_cast<double>(quarter->bytes.activations - eighth->bytes.activations) / static_cast<double>(quarter->rowTokens - eighth->rowTokens);
        const std::int64_t more = static_cast<std::int64_t>(std::max(slope, 0.0) * static_cast<double>(length - quarter->rowTokens));
        if (static_cast<double>(quarter->bytes.total() + more) * kCaution < static_cast<double>(isElsewhere ? available : std::min(available, memoryFigures().availableBytes + weights)))
            return needOf(row);
        Need need = *quarter;
        need.bytes.activations += more;
        need.rowTokens = length;
        need.isExtrapolated = true;
        keepReserve(need.bytes);
        return need;
    }

private:
    void keepReserve(FitBytes &bytes) const
    {
        bytes.reserve = 0;
        bytes.reserve = answers + std::max(kLeastReserve, bytes.total() / 10);
    }

    Result<Need> needOf(const train::PackedRow &row)
    {
        returnFreeMemory();
        if (progress)
            progress({tr("Computing {} tokens at once", row.length()), m_done, m_toDo, m_secondsPerToken > 0 ? m_secondsPerToken * static_cast<double>(m_toDo - m_done) : -1.0});
        const Stopwatch watch;
        auto pass = train::measurePass(setup, row, stop);
        if (!pass)
            return passError(pass);
        m_secondsPerToken = watch.seconds() / static_cast<double>(row.length());
        m_done += row.length();
        Need need;
        need.bytes.weights = weights;
        need.bytes.optimizer = pass->optimizerBytes;
        need.bytes.gradients = pass->gradientBytes;
        if (isElsewhere)
            need.bytes = {pass->weightBytes, 0, 0, 0, 0};
        need.bytes.activations = std::max<std::int64_t>(0, pass->peakBytes - before - need.bytes.total());
        keepReserve(need.bytes);
        need.rowTokens = row.length();
        need.secondsPerToken = pass->rowSeconds / static_cast<double>(row.length());
        need.updateSeconds = pass->updateSeconds;
        need.joulesPerToken = pass->rowJoules.value_or(0) / static_cast<double>(row.length());
        need.updateJoules = pass->updateJoules.value_or(0);
        return need;
    }

    std::int64_t m_done = 0, m_toDo = 0; // tokens of the passes
    double m_secondsPerToken = 0;        // of both readings of a pass; 0: not known yet
};

// Without records: every row full, every token trained.
std::vector<train::Document> fullRows(const train::Recipe &recipe, const model::ModelConfig &config)
{
    const std::int64_t longest = std::max<std::int64_t>(2, config.context > 0 ? std::min(recipe.integer("maxLength"), config.context) : recipe.integer("maxLength"));
    const std::int64_t count = recipe.boolean("packing") ? std::max<std::int64_t>(1, recipe.integer("tokensPerMicroBatch") / longest) : 1;
    train::Document document;
    for (std::int64_t t = 0; t < longest; ++t)
        document.ids.push_back(static_cast<TokenId>(t * 7 % config.vocabulary));
    document.trained.assign(document.ids.size(), 1);
    return std::vector<train::Document>(static_cast<std::size_t>(std::min(count, train::batchSettings(recipe).rowsPerStep)), document);
}

struct Candidate {
    std::string label;
    std::vector<std::string> settings;
    bool isSmallerRows = false; // and nothing else: of these the largest that fits is offered
};

std::vector<Candidate> candidates(const train::Recipe &recipe, const Need &need, std::int64_t longestDocument)
{
    std::vector<Candidate> all;
    const auto tokensSetting = [](std::int64_t tokens) { return fmt::format("tokensPerMicroBatch={}", tokens); };
    const auto fewest = std::max<std::int64_t>(1, static_cast<std::int64_t>(train::findSetting("tokensPerMicroBatch")->minimum));
    std::vector<std::int64_t> tokens;
    for (std::int64_t smaller = need.rowTokens / 2; recipe.boolean("packing") && smaller > longestDocument; smaller /= 2)
        tokens.push_back(smaller);
    if (recipe.boolean("packing") && need.rowTokens > longestDocument)
        tokens.push_back(longestDocument);
    const bool canRecompute = recipe.text("checkpointing") != "full";
    std::erase_if(tokens, [&](std::int64_t count) { return count < fewest; });
    for (const std::int64_t count : tokens)
        all.push_back({tr("Read {} tokens at a time", count), {tokensSetting(count)}, true});
    if (canRecompute)
        all.push_back({tr("Compute layers again instead of keeping them"), {"checkpointing=full"}, false});
    if (canRecompute && !tokens.empty())
        all.push_back({tr("Both: {} tokens at a time, layers computed again", tokens.back()), {tokensSetting(tokens.back()), "checkpointing=full"}, false});
    return all;
}

std::string priceOf(double before, double now)
{
    if (before <= 0 || now <= before * 1.02)
        return tr("takes no more time");
    return tr("a step takes {:.0f} % longer", 100 * (now / before - 1));
}

// What every recipe that is tried has in common.
struct Ground {
    StartPoint start; // with the recipe as it was asked for
    model::ModelConfig config;
    std::span<const train::Document> documents;
    double tokensPerStep = 0;
    std::int64_t before = 0, available = 0; // bytes: of the process without the run, and free
    std::int64_t answers = 0;               // bytes of the copy that answers the probe prompts
    ProgressCallback progress;
    std::stop_token stop;

    [[nodiscard]] const train::Recipe &recipe() const { return start.recipe; }
    [[nodiscard]] double secondsPerStep(const Need &need) const { return need.secondsPerToken * tokensPerStep + need.updateSeconds; }
    [[nodiscard]] bool hasRoom(const Need &need) const
    {
        return static_cast<double>(need.bytes.total()) * (need.isExtrapolated ? kRoomExtrapolated : kRoom) <= static_cast<double>(available);
    }
    [[nodiscard]] bool isElsewhere() const { return recipe().text("device") != "cpu"; }
    // What a run holds before it computes anything.
    [[nodiscard]] Result<FitBytes> least(const train::Recipe &of) const
    {
        if (isElsewhere())
            return FitBytes{(of.text("compute") == "bf16" ? 2 : 4) * config.parameters(), 0, 0, 0, kLeastReserve};
        StartPoint from = start;
        from.recipe = of;
        auto weights = weightBytes(from);
        if (!weights)
            return passError(weights);
        auto trained = trainableParameters(of, config);
        if (!trained)
            return passError(trained);
        return FitBytes{*weights, train::momentBytes(*trained, train::adamSettings(of).moments), 4 * *trained, 0, kLeastReserve};
    }
    // The base loaded as the recipe keeps it in memory, with what it trains.
    [[nodiscard]] Result<Gauge> open(const train::Recipe &of) const
    {
        StartPoint from = start;
        from.recipe = of;
        auto trainee = loadTrainee(from, progress, stop);
        if (!trainee)
            return passError(trainee);
        returnFreeMemory();
        Gauge gauge;
        gauge.setup.weights = trainee->weights;
        gauge.setup.adapter = trainee->adapter;
        gauge.documents = documents;
        gauge.before = before;
        // Files that are mapped come in page by page: what the weights hold is at least what they say.
        gauge.weights = std::max(memoryFigures().ownBytes - before, trainee->weights->bytes());
        gauge.answers = answers;
        gauge.available = available;
        gauge.isElsewhere = isElsewhere();
        gauge.progress = progress;
        gauge.stop = stop;
        return gauge;
    }
};

// The copy of the base that a run keeps besides, to answer the probe prompts: loaded once as the run does it. 0 where it answers none, or where the
// copy does not fit: then the run goes on without answers.
Result<std::int64_t> answerBytes(const Project *project, const Ground &ground, int threads)
{
    const std::string choice = project ? project->setting(data::kProbeSetting).value_or(std::string()) : std::string();
    if (ground.isElsewhere() || data::probeChoiceFrom(choice).isNone())
        return 0;
    returnFreeMemory();
    const std::int64_t before = memoryFigures().ownBytes;
    const auto copy = generate::Generator::load(ground.start.model, threads, ground.progress, ground.stop);
    if (!copy && copy.error().code == ErrorCode::Cancelled)
        return passError(copy);
    if (!copy)
        return 0;
    returnFreeMemory(); // of reading the file
    return std::max(memoryFigures().ownBytes - before, static_cast<std::int64_t>((*copy)->weights().bytes()));
}

// Less that is computed at once. Errors: those of measuring; Cancelled.
Result<> suggestSmallerWork(FitResult &result, Gauge &gauge, const Need &need, const Ground &ground, std::int64_t longestDocument)
{
    bool hasSmallerRows = false;
    for (const Candidate &candidate : candidates(ground.recipe(), need, longestDocument)) {
        if (ground.stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Measuring was cancelled."));
        if (result.suggestions.size() + 1 >= kMostSuggestions) // one place is left for a change of another kind
            return {};
        if (candidate.isSmallerRows && hasSmallerRows)
            continue;
        train::Recipe changed = ground.recipe();
        for (const std::string &setting : candidate.settings) {
            if (auto applied = train::applySetting(changed, setting); !applied)
                return passError(applied);
        }
        auto now = gauge.measure(changed);
        if (!now)
            return passError(now);
        if (!ground.hasRoom(*now))
            continue;
        hasSmallerRows = hasSmallerRows || candidate.isSmallerRows;
        const double seconds = ground.secondsPerStep(*now);
        result.suggestions.push_back({candidate.label, priceOf(result.secondsPerStep, seconds), candidate.settings, now->bytes.total(), seconds});
    }
    return {};
}

// The base in 16 bits on a device that holds it in 32.
Result<> suggestHalf(FitResult &result, const Ground &ground)
{
    train::Recipe half = ground.recipe();
    half.values["compute"] = std::string("bf16");
    const auto least = ground.least(half);
    if (!least)
        return passError(least);
    if (ground.recipe().text("compute") == "bf16" || least->total() > ground.available)
        return {};
    auto gauge = ground.open(half);
    if (!gauge)
        return passError(gauge);
    auto need = gauge->measure(half);
    if (!need)
        return passError(need);
    if (!ground.hasRoom(*need))
        return {};
    const double seconds = ground.secondsPerStep(*need);
    result.suggestions.push_back({tr("Keep the base model in 16 bits"), tr("the adapter learns beside a base that is rounded a little"), {"compute=bf16"}, need->bytes.total(), seconds});
    return {};
}

// The base in fewer bits: as the file holds it where that is as small, which rounds nothing, else in 4 bits. It is loaded anew and measured.
Result<> suggestStorage(FitResult &result, const Ground &ground)
{
    if (ground.recipe().method == "full" || result.suggestions.size() >= kMostSuggestions)
        return {};
    if (ground.isElsewhere())
        return suggestHalf(result, ground);
    train::Recipe file = ground.recipe(), nf4 = file;
    file.values["storage"] = std::string("file");
    nf4.values["storage"] = std::string("nf4");
    const auto present = ground.least(ground.recipe()), asInFile = ground.least(file), rounded = ground.least(nf4);
    for (const auto *bytes : {&present, &asInFile, &rounded}) {
        if (!*bytes)
            return passError(*bytes);
    }
    const bool isFile = static_cast<double>(asInFile->weights) <= kAsSmall * static_cast<double>(rounded->weights);
    const FitBytes &least = isFile ? *asInFile : *rounded;
    if (least.weights >= present->weights || least.total() > ground.available)
        return {};
    const train::Recipe &changed = isFile ? file : nf4;
    auto gauge = ground.open(changed);
    if (!gauge)
        return passError(gauge);
    auto need = gauge->measure(changed);
    if (!need)
        return passError(need);
    if (!ground.hasRoom(*need))
        return {};
    const double seconds = ground.secondsPerStep(*need);
    const std::string time = result.secondsPerStep > 0 ? priceOf(result.secondsPerStep, seconds) : tr("{:.1f} s for each step", seconds);
    result.suggestions.push_back({isFile ? tr("Keep the base model as small as its file") : tr("Keep the base model in 4 bits (NF4)"),
                                  isFile ? time : tr("{}; the adapter learns beside a base that is rounded a little", time),
                                  {isFile ? "storage=file" : "storage=nf4"}, need->bytes.total(), seconds});
    return {};
}

// What a lower rank saves in values, gradients and moments is exact; what it saves besides is not counted.
Result<> suggestLowerRank(FitResult &result, const Ground &ground)
{
    const train::Recipe &recipe = ground.recipe();
    if (recipe.method != "lora" || !ground.start.startFolder.empty() || result.suggestions.size() >= kMostSuggestions)
        return {};
    const auto before = ground.least(recipe);
    if (!before)
        return passError(before);
    for (std::int64_t rank = recipe.integer("rank") / 2; rank >= 1; rank /= 2) {
        train::Recipe changed = recipe;
        changed.values["rank"] = rank;
        const auto fewer = ground.least(changed);
        if (!fewer)
            return passError(fewer);
        const std::int64_t bytes = result.bytes.total() - (before->total() - fewer->total()) - (before->gradients - fewer->gradients); // values, too
        if (bytes > result.available)
            continue;
        result.suggestions.push_back({tr("Lower the rank to {}", rank), tr("learns fewer details"), {fmt::format("rank={}", rank)}, bytes, result.secondsPerStep});
        break;
    }
    return {};
}

} // namespace

Result<FitResult> measureFit(const Project *project, const FitRequest &request, const ProgressCallback &progress, std::stop_token stop)
try {
    train::Recipe recipe = project ? withProjectMix(*project, request.run.recipe) : request.run.recipe;
    if (!request.run.compute.device.empty())
        recipe.values["device"] = request.run.compute.device;
    if (auto valid = train::validate(recipe); !valid)
        return passError(valid);
    auto path = project && !request.run.onto.empty() ? mergedBase(*project, request.run.model, request.run.onto, progress, stop) : resolveModel(request.run.model);
    if (!path)
        return passError(path);
    std::string startAdapter;
    if (!request.run.adapter.empty()) {
        auto start = resolveAdapter(request.run.adapter, project);
        if (!start)
            return passError(start);
        startAdapter = start->folder.string();
    }
    if (auto possible = checkMethod(recipe, *path, startAdapter); !possible)
        return passError(possible);
    auto config = model::readConfig(*path);
    if (!config)
        return passError(config);
    if (!startAdapter.empty()) {
        auto own = recipeOfAdapter(recipe, startAdapter, *config);
        if (!own)
            return passError(own);
        recipe = std::move(own->recipe);
    }

    TrainingData data;
    if (project || !request.records.empty()) {
        auto lens = Lens::open(request.run.model);
        if (!lens)
            return passError(lens);
        auto records = project ? planRecords(*project, request.run, stop) : dealRecords(request.records, recipe.real("evalFraction"));
        if (!records)
            return passError(records);
        const data::RenderOptions options = project ? renderOptions(*project, recipe) : renderOptions(recipe);
        auto labelled = labelTrainingData(**lens, records->train, {}, options, recipe, request.run.compute.threads, progress, stop);
        if (!labelled)
            return passError(labelled);
        data = std::move(*labelled);
        if (auto checked = checkTrainingData(data, recipe); !checked)
            return passError(checked);
    }
    const bool hasRecords = !data.train.documents.empty();
    if (!hasRecords)
        data.train.documents = fullRows(recipe, *config);

    const int threads = request.run.compute.threads;
    at::set_num_threads(threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
    returnFreeMemory();
    const MemoryFigures figures = memoryFigures();
    FitResult result;
    result.available = request.availableBytes > 0 ? request.availableBytes : figures.availableBytes;
    result.total = std::max(figures.totalBytes, result.available);
    result.device = recipe.text("device");
    auto device = model::findDevice(result.device);
    if (!device)
        return passError(device);
    if (!device->is_cpu()) {
        model::returnDeviceMemory(*device);
        const model::DeviceMemory memory = model::deviceMemory(*device);
        result.available = request.availableBytes > 0 ? request.availableBytes : memory.freeBytes;
        result.total = std::max(memory.totalBytes, result.available);
    }
    const std::int64_t before = device->is_cpu() ? figures.ownBytes : model::deviceMemory(*device).usedBytes;
    const train::BatchPlan plan(data.train.documents, train::batchSettings(recipe));
    result.steps = hasRecords ? train::totalSteps(recipe, plan.stepsPerEpoch()) : 0;
    struct FreeAtEnd {
        ~FreeAtEnd() { returnFreeMemory(); }
    } const freeAtEnd;
    double tokens = 0;
    std::int64_t longestDocument = 0;
    for (const train::Document &document : data.train.documents) {
        tokens += static_cast<double>(document.length()) * document.weight;
        longestDocument = std::max(longestDocument, document.length());
    }
    Ground ground{{recipe, *path, startAdapter, {}}, *config, data.train.documents, tokens / static_cast<double>(plan.stepsPerEpoch()), before, result.available, 0, progress, stop};
    const auto least = ground.least(recipe);
    if (!least)
        return passError(least);
    // What cannot even be loaded is not tried.
    if (least->total() > result.available) {
        result.bytes = *least;
        result.peakBytes = before + least->total() - least->reserve;
        result.isExtrapolated = true;
        if (!request.isAdvised)
            return result;
        if (auto suggested = suggestStorage(result, ground); !suggested)
            return passError(suggested);
        return result;
    }
    auto answers = answerBytes(project, ground, threads);
    if (!answers)
        return passError(answers);
    ground.answers = *answers;
    returnFreeMemory(); // of that copy
    Need need;
    {
        auto gauge = ground.open(recipe);
        if (!gauge)
            return passError(gauge);
        auto measured = gauge->measure(recipe);
        if (!measured)
            return passError(measured);
        need = *measured;
        result.bytes = need.bytes;
        result.peakBytes = before + need.bytes.total() - need.bytes.reserve + ground.answers;
        result.rowTokens = need.rowTokens;
        result.isExtrapolated = need.isExtrapolated;
        result.secondsPerStep = ground.secondsPerStep(need);
        result.joulesPerStep = need.joulesPerToken * ground.tokensPerStep + need.updateJoules;
        if (result.fits() || !request.isAdvised)
            return result;
        if (auto suggested = suggestSmallerWork(result, *gauge, need, ground, longestDocument); !suggested)
            return passError(suggested);
    }
    returnFreeMemory(); // of the base as it was
    if (auto suggested = suggestStorage(result, ground); !suggested)
        return passError(suggested);
    if (auto suggested = suggestLowerRank(result, ground); !suggested)
        return passError(suggested);
    return result;
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, "measuring"));
}

} // namespace fettle::engine
