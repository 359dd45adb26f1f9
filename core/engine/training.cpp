// Training a project: rows of a snapshot, weights and an adapter are brought together, the loop of core/train runs, and what happens is
// written to the project. Shows no tensor; knows no window.
#include "core/engine/training.h"

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/version.h"
#include "core/base/words.h"
#include "core/engine/adapterpath.h"
#include "core/engine/adapterrecipe.h"
#include "core/engine/epochchanges.h"
#include "core/engine/generalset.h"
#include "core/engine/models.h"
#include "core/engine/prober.h"
#include "core/engine/rankjob.h"
#include "core/engine/runhooks.h"
#include "core/engine/runmoves.h"
#include "core/engine/runresult.h"
#include "core/engine/stackedbase.h"
#include "core/engine/trainingdata.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"
#include "core/model/device.h"
#include "core/model/fast/fastpath.h"
#include "core/model/torcherror.h"
#include "core/model/weights.h"
#include "core/train/checkpoint.h"
#include "core/tune/adapter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <thread>

namespace fettle::engine {
namespace fs = std::filesystem;
namespace {

constexpr const char *kOriginFile = "run.json"; // what the run was made of, beside the database
constexpr const char *kRecipeFile = "recipe.json";

// Everything that is known before weights are loaded.
struct Job {
    fs::path model;
    train::Recipe recipe;
    TrainingData data;
    std::shared_ptr<const Lens> lens;
    std::string startAdapter; // folder; empty: fresh
    int threads = 0;
    train::Ranks *ranks = train::Ranks::ofThisProgram(); // the processes that train together
    std::vector<train::EpochChange> epochChanges; // empty, or from the number that the run began with
    std::optional<train::CheckpointOnDisk> resumeFrom;
    KeptBase *kept = nullptr;
};

// What was asked for goes into the recipe, which is what a run is repeated from.
Result<> settleCompute(const ComputeOptions &compute, train::Recipe &recipe)
{
    if (!compute.device.empty())
        recipe.values["device"] = compute.device;
    if (auto device = model::findDevice(recipe.text("device")); !device)
        return passError(device);
    if (compute.compute != ComputeType::Auto)
        recipe.values["compute"] = std::string(compute.compute == ComputeType::Bf16 ? "bf16" : "fp32");
    if (recipe.text("compute") == "bf16" && recipe.text("device") == "cpu" && !model::fast::hasBf16Products())
        return fail(ErrorCode::Usage, tr("This processor has no products of 16-bit numbers (AVX512-BF16)."), tr("Set \"Numbers of the base\" to 32 bits (compute=fp32)."));
    return {};
}

int threadCount(int wanted)
{
    return wanted > 0 ? wanted : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

// The sums of a run depend on the number of threads: it is part of what makes a run repeatable.
Result<> writeOrigin(const fs::path &folder, const RunInfo &run, const Job &job, const SnapshotInfo &snapshot)
{
    const nlohmann::json origin = {
        {"version", std::string(version())}, {"libtorch", TORCH_VERSION},     {"model", run.modelPath},   {"modelHash", run.modelHash},
        {"snapshot", snapshot.hash},         {"adapter", job.startAdapter},   {"threads", job.threads},   {"compute", job.recipe.text("compute")},
        {"device", job.recipe.text("device")},
    };
    if (auto written = io::writeFileAtomically(folder / kOriginFile, origin.dump(2) + "\n"); !written)
        return written;
    return io::writeFileAtomically(folder / kRecipeFile, recipeToJson(job.recipe).dump(2) + "\n");
}

Result<SnapshotInfo> chosenSnapshot(Project &project, const TrainRequest &request)
{
    if (request.snapshot.isValid()) {
        auto all = project.snapshots();
        if (!all)
            return passError(all);
        for (const SnapshotInfo &snapshot : *all) {
            if (snapshot.id == request.snapshot)
                return snapshot;
        }
        return fail(ErrorCode::NotFound, tr("There is no snapshot {} in this project.", request.snapshot.value), tr("Freeze one first."));
    }
    SplitShares shares;
    shares.heldOut = request.recipe.real("evalFraction");
    shares.train = 1.0 - shares.heldOut;
    return project.freezeSnapshot({}, shares);
}

Result<TrainingData> readData(const Project &project, SnapshotId snapshot, const Lens &lens, const train::Recipe &recipe, int threads,
                              const RunEvents &events, std::stop_token stop)
{
    auto trainRecords = project.snapshotRecords(snapshot, data::Split::Train);
    if (!trainRecords)
        return passError(trainRecords);
    auto heldOutRecords = project.snapshotRecords(snapshot, data::Split::HeldOut);
    if (!heldOutRecords)
        return passError(heldOutRecords);
    auto data = labelTrainingData(lens, *trainRecords, *heldOutRecords, renderOptions(project, recipe), recipe, threads, events.progressed, stop);
    if (!data)
        return passError(data);
    if (auto checked = checkTrainingData(*data, recipe); !checked)
        return passError(checked);
    return data;
}

// The adapter becomes the result of the run; an older result of the same run is replaced.
Result<> keepResult(RunRecorder &recorder, const tune::Adapter &adapter, const fs::path &runFolder)
{
    const fs::path folder = resultFolder(runFolder, recorder.info().method);
    if (auto saved = adapter.save(folder); !saved)
        return saved;
    recorder.info().adapter = folder.string();
    recorder.info().resultStep.reset();
    return {};
}

// A run that ended early ends at its best: the checkpoint with the lowest held-out loss.
Result<> keepBest(RunRecorder &recorder, const train::RunProgress &progress, const fs::path &runFolder)
{
    recorder.notice(tr("The run ended at step {}: the held-out loss has not fallen for {} evaluations. The checkpoint of step {} is its result.", progress.step,
                       progress.evaluationsSince, progress.bestStep));
    const auto kept = train::listCheckpoints(runFolder / "checkpoints");
    const auto best = std::ranges::find(kept, progress.bestStep, &train::CheckpointOnDisk::step);
    if (best == kept.end())
        return fail(ErrorCode::NotFound, tr("The checkpoint of step {} is no longer there.", progress.bestStep), tr("Resume the run, or start it again."));
    auto folder = copyAsResult(best->path, runFolder, recorder.info().method);
    if (!folder)
        return passError(folder);
    recorder.info().adapter = folder->string();
    recorder.info().resultStep = progress.bestStep;
    return {};
}

void discardFiles(Project &project, RunRecorder &recorder, const fs::path &checkpoints)
{
    for (const train::CheckpointOnDisk &checkpoint : train::listCheckpoints(checkpoints))
        (void)project.forgetCheckpoint(recorder.info().id, checkpoint.step); // the row may be missing already
    std::error_code ignored; // what stays is removed with the run
    fs::remove_all(checkpoints, ignored);
}

// A run that ended by itself or by a wish: final state, result, summary.
Result<RunSummary> conclude(Project &project, RunRecorder &recorder, const train::TrainOutcome &outcome, const tune::Adapter &adapter)
{
    RunInfo &info = recorder.info();
    const fs::path runFolder = project.runFolder(info.id);
    info.trainLoss = outcome.progress.trainLoss();
    info.evalLoss = outcome.progress.evalLoss;
    info.seconds = outcome.progress.seconds;
    if (auto durable = recorder.makeDurable(); !durable)
        return tl::unexpected<Error>(recorder.failWith(durable.error()));
    if (outcome.end == train::TrainEnd::Finished || outcome.end == train::TrainEnd::Stopped) {
        const bool isBest = outcome.isEarly && outcome.progress.bestStep > 0 && outcome.progress.bestStep != outcome.progress.step;
        if (auto kept = isBest ? keepBest(recorder, outcome.progress, runFolder) : keepResult(recorder, adapter, runFolder); !kept)
            return tl::unexpected<Error>(recorder.failWith(kept.error()));
    }
    if (outcome.end == train::TrainEnd::Discarded)
        discardFiles(project, recorder, runFolder / "checkpoints");

    RunState state = RunState::Finished;
    if (outcome.end == train::TrainEnd::Paused)
        state = RunState::Paused;
    else if (outcome.end != train::TrainEnd::Finished)
        state = RunState::Cancelled;
    if (auto moved = recorder.moveTo(state); !moved)
        return passError(moved);
    return RunSummary{info, outcome.end == train::TrainEnd::Paused};
}

// A run goes on without them where they cannot be read.
std::vector<train::Document> generalQuestions(const Job &job, const RunRecorder &recorder)
{
    if (!job.recipe.boolean("watchGeneral"))
        return {};
    auto documents = generalDocuments(*job.lens);
    if (documents)
        return std::move(*documents);
    recorder.notice(tr("The general questions cannot be asked: {} The training is not concerned.", documents.error().message));
    return {};
}

std::vector<RecordId> recordsOf(const train::LabelledSet &set)
{
    std::vector<RecordId> records;
    for (const train::Document &document : set.documents)
        records.push_back(document.record);
    return records;
}

// From the state Preparing to a state of rest. The one way out is a terminal event.
Result<RunSummary> execute(Project &project, RunRecorder &recorder, const Job &job, const RunEvents &events, const RunControl *control,
                           std::stop_token stop)
{
    const fs::path runFolder = project.runFolder(recorder.info().id);
    const auto failed = [&](const Error &error) { return tl::unexpected<Error>(recorder.failWith(error)); };

    const StartPoint start{job.recipe, job.model, job.startAdapter, job.resumeFrom ? job.resumeFrom->path : fs::path(), recorder.info().modelHash};
    if (job.ranks) {
        if (auto sent = sendJob(*job.ranks, start, job.epochChanges, job.data); !sent)
            return failed(sent.error());
    }
    auto trainee = loadTrainees(job.ranks, start, events.progressed, stop, job.kept);
    if (!trainee)
        return failed(trainee.error());

    const std::string reason = model::fast::whyNot(*trainee->weights, *trainee->adapter);
    if (!reason.empty() && job.recipe.text("compute") == "bf16")
        return failed(Error{ErrorCode::Usage, tr("This run cannot be computed in 16-bit numbers: {}.", reason), tr("Set \"Numbers of the base\" to 32 bits (compute=fp32).")});
    if (!reason.empty())
        recorder.notice(tr("The run is computed on the plain path, which takes more time and memory: {}.", reason));

    train::TrainerSetup setup;
    setup.weights = trainee->weights;
    setup.adapter = trainee->adapter;
    setup.trainDocuments = job.data.train.documents;
    setup.heldOutDocuments = job.data.heldOut.documents;
    const std::vector<train::Document> general = generalQuestions(job, recorder);
    setup.generalDocuments = general;
    setup.recipe = job.recipe;
    setup.epochChanges = job.epochChanges;
    setup.checkpointFolder = runFolder / "checkpoints";
    setup.ranks = job.ranks;
    if (job.resumeFrom)
        setup.resumeFrom = job.resumeFrom->path;

    train::TrainerHooks hooks = hooksFor(recorder, control, stop);
    if (events.betweenSteps) {
        hooks.betweenSteps = [&] {
            const RunInfo &info = recorder.info();
            events.betweenSteps({info.id, info.name, info.step, job.model, trainee->adapter.get()});
        };
    }
    EpochKeeper epochs(project, recorder, job.recipe, job.epochChanges);
    epochs.listenTo(hooks, control);
    recorder.beginLedger(recordsOf(job.data.train), recordsOf(job.data.heldOut), train::BatchPlan(job.data.train.documents, train::batchSettings(job.recipe)).stepsPerEpoch());
    Prober prober(project, recorder, events, {job.model, job.lens, job.recipe, job.threads, [&hooks] { return hooks.wish() != train::Wish::Continue; }});
    prober.listenTo(hooks, *trainee->adapter);
    if (auto moved = recorder.moveTo(RunState::Running); !moved)
        return failed(moved.error());
    returnFreeMemory(); // of tokenising and reading, as before a measurement: the peak is that of the run
    resetOwnPeak();
    if (job.resumeFrom) // answers that were cut short by the pause
        prober.answerAt(job.resumeFrom->step, *trainee->adapter, job.resumeFrom->path);
    auto outcome = train::runTraining(setup, hooks, stop);
    if (!outcome) {
        recorder.flush();
        return failed(recorder.storageError() ? *recorder.storageError() : outcome.error());
    }
    return conclude(project, recorder, *outcome, *trainee->adapter);
}

void noticeLosses(const RunRecorder &recorder, const train::LabelledSet &set, const train::Recipe &recipe)
{
    const auto rows = set.documents.size() + set.dropped.size() + set.failed.size();
    if (!set.failed.empty())
        recorder.notice(tr("{} of {} rows are left out: {}", set.failed.size(), rows, set.firstFailure->message));
    if (!set.dropped.empty())
        recorder.notice(tr("{} of {} rows are left out: nothing in them is learnt.", set.dropped.size(), rows));
    if (!set.cut.empty())
        recorder.notice(tr("{} of {} rows are cut at {} tokens; the longest has {}.", set.cut.size(), rows, recipe.integer("maxLength"),
                                    set.longest));
}

RunRows rowsOf(const train::LabelledSet &set)
{
    const auto count = [](const auto &rows) { return static_cast<std::int64_t>(rows.size()); };
    return {count(set.documents) + count(set.dropped), count(set.cut), count(set.endless), set.longest};
}

// Of the run as it is now, with the number of epochs that was wished last.
std::int64_t stepsOf(const Job &job, const train::Recipe &recipe)
{
    const train::BatchPlan plan(job.data.train.documents, train::batchSettings(recipe));
    return train::totalSteps(recipe, plan.stepsPerEpoch());
}

// Where a run can go on: its newest sound checkpoint, or its beginning when it has none.
Result<std::optional<train::CheckpointOnDisk>> placeToResume(Project &project, const RunRecorder &recorder)
{
    const fs::path folder = project.runFolder(recorder.info().id) / "checkpoints";
    std::optional<train::CheckpointOnDisk> place;
    auto newest = train::newestValidCheckpoint(folder);
    if (newest) {
        for (const Error &damaged : newest->damaged)
            recorder.notice(tr("{} The run goes on from step {}.", damaged.message, newest->checkpoint.step));
        place = newest->checkpoint;
    } else if (newest.error().code == ErrorCode::NotFound) {
        recorder.notice(tr("The run has no checkpoint yet: it begins again."));
    } else {
        recorder.notice(tr("{} The run begins again.", newest.error().message));
    }
    const std::int64_t step = place ? place->step : 0;
    auto known = project.checkpoints(recorder.info().id);
    if (!known)
        return passError(known);
    for (const CheckpointInfo &checkpoint : *known) {
        if (checkpoint.step > step || !place) {
            if (auto forgotten = project.forgetCheckpoint(recorder.info().id, checkpoint.step); !forgotten)
                return passError(forgotten);
        }
    }
    train::dropCheckpointsAfter(folder, place ? step : -1);
    if (auto truncated = project.truncateRun(recorder.info().id, step); !truncated)
        return passError(truncated);
    return place;
}

// The thread count and the adapter that the run began with; defaults where the file is missing.
void readOrigin(const fs::path &folder, Job &job)
{
    const auto origin = io::readJsonFile(folder / kOriginFile);
    if (!origin)
        return;
    job.startAdapter = io::jsonField<std::string>(*origin, "adapter", kOriginFile, std::string()).value_or(std::string());
    const auto threads = io::jsonField<std::int64_t>(*origin, "threads", kOriginFile, std::int64_t{0}).value_or(0);
    if (job.threads == 0 && threads > 0 && threads <= threadCount(0))
        job.threads = static_cast<int>(threads);
}

// Declared first in a call, so that it acts when weights and scratch are gone: a pause or an end gives the memory back to other programs.
struct FreeMemoryAtEnd {
    FreeMemoryAtEnd() = default;
    FreeMemoryAtEnd(const FreeMemoryAtEnd &) = delete;
    FreeMemoryAtEnd &operator=(const FreeMemoryAtEnd &) = delete;
    ~FreeMemoryAtEnd() { returnFreeMemory(); }
};

// What throws must not leave a run behind that says it works.
Result<RunSummary> recorded(Project &project, const RunInfo &info, const RunEvents &events, const std::function<Result<RunSummary>(RunRecorder &)> &work)
{
    RunRecorder recorder(project, info, events);
    try {
        return work(recorder);
    } catch (const std::exception &exception) {
        return tl::unexpected<Error>(recorder.failWith(model::errorFromException(exception, "training")));
    }
}

} // namespace

Result<RunSummary> trainRun(Project &project, const TrainRequest &request, const RunEvents &events, const RunControl *control, std::stop_token stop, KeptBase *kept)
try {
    const FreeMemoryAtEnd freeMemory;
    if (auto valid = train::validate(request.recipe); !valid)
        return passError(valid);
    Job job;
    job.kept = kept;
    job.recipe = withProjectMix(project, request.recipe);
    if (auto possible = settleCompute(request.compute, job.recipe); !possible)
        return passError(possible);
    job.threads = threadCount(request.compute.threads);
    at::set_num_threads(job.threads);
    if (!request.onto.empty() && !request.adapter.empty())
        return fail(ErrorCode::Usage, tr("A run goes on from an adapter, or begins a new one on a base with an earlier one written into it."), tr("Choose one of both."));
    auto path = request.onto.empty() ? resolveModel(request.model) : mergedBase(project, request.model, request.onto, events.progressed, stop);
    if (!path)
        return passError(path);
    job.model = *path;
    if (!request.adapter.empty()) {
        auto start = resolveAdapter(request.adapter, &project);
        if (!start)
            return passError(start);
        job.startAdapter = start->folder.string();
    }
    if (auto possible = checkMethod(job.recipe, job.model, job.startAdapter); !possible)
        return passError(possible);
    std::vector<std::string> brought; // settings that the adapter begins with
    if (!job.startAdapter.empty()) {
        auto config = model::readConfig(job.model);
        if (!config)
            return passError(config);
        auto own = recipeOfAdapter(job.recipe, job.startAdapter, *config);
        if (!own)
            return passError(own);
        job.recipe = std::move(own->recipe);
        brought = std::move(own->changed);
    }
    auto lens = Lens::open(request.onto.empty() ? request.model : job.model.string());
    if (!lens)
        return passError(lens);
    auto snapshot = chosenSnapshot(project, request);
    if (!snapshot)
        return passError(snapshot);
    job.lens = *lens;
    auto data = readData(project, snapshot->id, **lens, job.recipe, job.threads, events, stop);
    if (!data)
        return passError(data);
    job.data = std::move(*data);
    auto hash = modelHash(job.model, stop);
    if (!hash)
        return passError(hash);

    RunInfo info;
    info.state = RunState::Preparing;
    info.method = job.recipe.method;
    info.modelPath = job.model.string();
    info.modelName = (*lens)->modelName();
    info.modelHash = *hash;
    info.snapshot = snapshot->id;
    info.recipeJson = recipeToJson(job.recipe).dump();
    info.steps = stepsOf(job, job.recipe);
    info.rows = rowsOf(job.data.train);
    info.started = isoNow();
    auto added = project.addRun(info);
    if (!added)
        return passError(added);
    if (!request.tags.empty() || !request.note.empty()) {
        added->tags = request.tags;
        added->note = request.note;
        if (auto labelled = project.labelRun(added->id, {added->name, added->tags, added->note, false}); !labelled)
            return passError(labelled);
    }
    return recorded(project, *added, events, [&](RunRecorder &recorder) -> Result<RunSummary> {
        recorder.announce();
        if (auto written = writeOrigin(project.runFolder(added->id), *added, job, *snapshot); !written)
            return tl::unexpected<Error>(recorder.failWith(written.error()));
        if (!brought.empty())
            recorder.notice(tr("The adapter that the run goes on from brings its own settings: {}.", fmt::join(brought, ", ")));
        noticeLosses(recorder, job.data.train, job.recipe);
        for (const std::string &set : job.data.unknownSets)
            recorder.notice(tr("The mix names \"{}\", and no record belongs to it.", set));
        return execute(project, recorder, job, events, control, stop);
    });
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, "training"));
}

Result<RunSummary> resumeRun(Project &project, RunId run, const ComputeOptions &compute, const RunEvents &events, const RunControl *control,
                             std::stop_token stop, KeptBase *kept)
try {
    const FreeMemoryAtEnd freeMemory;
    auto info = project.run(run);
    if (!info)
        return passError(info);
    if (!canResume(info->state))
        return fail(ErrorCode::Usage, tr("{} is {}: there is nothing to resume.", info->name, nameOf(info->state)),
                    tr("Start a new run; it can begin from this run's adapter."));
    auto recipe = train::recipeFromJson(nlohmann::json::parse(info->recipeJson, nullptr, false));
    if (!recipe)
        return passError(recipe);
    const std::string began = recipe->text("compute"), beganOn = recipe->text("device");
    if (auto possible = settleCompute(compute, *recipe); !possible)
        return passError(possible);
    if (recipe->text("compute") != began)
        return fail(ErrorCode::Usage, tr("{} began in {} and goes on in it.", info->name, began), tr("Leave --compute out."));
    if (recipe->text("device") != beganOn)
        return fail(ErrorCode::Usage, tr("{} began on {} and goes on there.", info->name, beganOn), tr("Leave --device out."));
    Job job;
    job.kept = kept;
    job.model = info->modelPath;
    job.recipe = std::move(*recipe);
    job.threads = compute.threads;
    readOrigin(project.runFolder(run), job);
    job.threads = threadCount(job.threads);
    at::set_num_threads(job.threads);

    auto changes = readEpochChanges(project.runFolder(run));
    if (!changes)
        return passError(changes);
    job.epochChanges = std::move(*changes);
    if (!job.epochChanges.empty())
        job.recipe = train::withEpochs(job.recipe, job.epochChanges.front().epochs);

    auto lens = Lens::open(info->modelPath);
    if (!lens)
        return passError(lens);
    auto hash = modelHash(job.model, stop);
    if (!hash)
        return passError(hash);
    if (*hash != info->modelHash)
        return fail(ErrorCode::BadInput, tr("The model in {} is not the one that {} began with.", info->modelPath, info->name),
                    tr("Put the original files back, or start a new run."));
    job.lens = *lens;
    auto data = readData(project, info->snapshot, **lens, job.recipe, job.threads, events, stop);
    if (!data)
        return passError(data);
    job.data = std::move(*data);

    info->failure.clear();
    if (!job.epochChanges.empty()) {
        const train::Recipe present = train::withEpochs(job.recipe, job.epochChanges.back().epochs);
        info->steps = stepsOf(job, present);
        info->recipeJson = recipeToJson(present).dump();
    }
    return recorded(project, *info, events, [&](RunRecorder &recorder) -> Result<RunSummary> {
        if (auto moved = recorder.moveTo(RunState::Preparing); !moved)
            return passError(moved);
        auto place = placeToResume(project, recorder);
        if (!place)
            return tl::unexpected<Error>(recorder.failWith(place.error()));
        job.resumeFrom = *place;
        recorder.info().step = *place ? (*place)->step : 0;
        return execute(project, recorder, job, events, control, stop);
    });
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, "training"));
}

} // namespace fettle::engine
