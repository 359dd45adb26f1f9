// The loop of a run. It is one class in one file although it is long: what happens between two steps, and in which order, is what a resumed run
// must repeat, and is read in one place.
#include "core/train/trainer.h"

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/model/torcherror.h"
#include "core/train/checkpoint.h"
#include "core/train/lossbatch.h"
#include "core/train/optimizer.h"
#include "core/train/timeleft.h"
#include "core/train/together.h"
#include "core/tune/adapter.h"

#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::train {
namespace {

// Dropout passes of one step are numbered from step * kPassesPerStep: no pass depends on how the steps before were split into rows.
constexpr std::uint64_t kPassesPerStep = 1 << 20;
constexpr const char *kOptimizerFile = "optimizer.safetensors";
constexpr const char *kStateFile = "state.json";

std::int64_t tokensOf(std::span<const Document> documents)
{
    std::int64_t tokens = 0;
    for (const Document &document : documents)
        tokens += document.length();
    return tokens;
}

// isShared: every process reads a part of them.
std::vector<PackedRow> rowsToMeasure(std::span<const Document> documents, const TrainerSetup &setup, bool isShared)
{
    std::vector<std::int64_t> chosen(documents.size());
    for (std::size_t i = 0; i < chosen.size(); ++i)
        chosen[i] = static_cast<std::int64_t>(i);
    if (isShared)
        chosen = Together(setup).ownShare(documents, std::move(chosen));
    return packRows(documents, chosen, batchSettings(setup.recipe));
}

class Loop {
public:
    Loop(const TrainerSetup &setup, const TrainerHooks &hooks, std::stop_token stop)
        : m_setup(setup)
        , m_together(setup)
        , m_hooks(hooks)
        , m_stop(std::move(stop))
        , m_plan(setup.trainDocuments, batchSettings(setup.recipe))
        , m_batches(batchSettings(setup.recipe))
        , m_heldOut(rowsToMeasure(setup.heldOutDocuments, setup, true))
        , m_general(rowsToMeasure(setup.generalDocuments, setup, false))
        , m_engine(setup.weights, lossOptions(setup.recipe, [this] { return wish() != Wish::Continue; }))
        , m_optimizer(parametersFor(*setup.adapter, setup.recipe), adamSettings(setup.recipe))
        , m_steps(totalSteps(setup.recipe, m_plan.stepsPerEpoch()))
        , m_schedule(scheduleOf(setup.recipe, m_steps))
        , m_changes(setup.epochChanges)
        , m_timeLeft(evaluationInSteps())
    {
        m_state.recipe = setup.recipe;
        m_state.documentsHash = hashOfDocuments(setup.trainDocuments, setup.heldOutDocuments);
        m_setup.adapter->setTraining(true);
    }

    ~Loop() { m_setup.adapter->setTraining(false); }

    Result<> resume(const std::filesystem::path &checkpoint);
    [[nodiscard]] Result<> begin(Result<> ready) const { return m_together.begin(std::move(ready), m_state.documentsHash + (m_together.isAlone() ? "" : m_setup.adapter->hash())); }
    Result<TrainOutcome> run();

private:
    enum class StepEnd { Done, Interrupted };
    Result<StepEnd> step();
    Result<StepEnd> retrySmaller(const PackedRow &row, const Error &error);
    Result<StepEnd> agree(Result<StepEnd> own, Together::Step &sums, std::span<const std::int64_t> chosen);
    void reportLosses(std::span<const DocumentLoss> losses) const;
    void report(StepReport done, std::int64_t stepTokens, double seconds);
    void setEpochs(double epochs);
    [[nodiscard]] Result<std::int64_t> stepsFor(double epochs) const;
    Result<> changeEpochs();
    [[nodiscard]] double acceptedEpochs() const;
    Result<> evaluateIfDue();
    [[nodiscard]] Result<EvalReport> measure(const std::vector<PackedRow> &rows, std::span<const Document> documents, bool isShared);
    void measureGeneralIfDue();
    void countPatience(double loss);
    [[nodiscard]] bool hasLostPatience() const;
    Result<> saveIfDue();
    Result<> save();
    Result<TrainOutcome> obey(Wish wish);
    TrainOutcome outcome(TrainEnd end) const { return {end, m_steps, hasLostPatience() && m_state.step < m_steps, m_state}; }

    [[nodiscard]] Wish wish() const
    {
        const Wish wish = m_hooks.wish ? m_hooks.wish() : Wish::Continue;
        return wish == Wish::Continue && m_stop.stop_requested() ? Wish::StopAndKeep : wish;
    }
    // every > 0: multiples of it; 0: epoch ends. The last step always counts.
    [[nodiscard]] bool isDue(std::int64_t every) const
    {
        if (m_state.step == 0)
            return false;
        return m_state.step == m_steps || (every > 0 ? m_state.step % every == 0 : m_plan.isEpochEnd(m_state.step));
    }
    void learnWhatIsBeside();
    [[nodiscard]] double evaluationInSteps() const;
    [[nodiscard]] Error notFinite(double learningRate) const;

    const TrainerSetup &m_setup;
    const Together m_together;
    const TrainerHooks &m_hooks;
    std::stop_token m_stop;
    BatchPlan m_plan;
    BatchSettings m_batches; // of the steps to come; smaller rows after memory ran out
    std::vector<PackedRow> m_heldOut; // that this process reads
    std::vector<PackedRow> m_general; // process 0 reads them all
    model::LossEngine m_engine;
    AdamW m_optimizer;
    std::int64_t m_steps;
    Schedule m_schedule;
    std::vector<EpochChange> m_changes;
    std::size_t m_changesDone = 0;
    RunProgress m_state;
    std::int64_t m_savedStep = -1;
    bool m_isBestSoFar = false; // the evaluation of this step: it is saved where the run may end at its best
    TimeLeft m_timeLeft;
};

Result<> Loop::resume(const std::filesystem::path &checkpoint)
{
    auto state = readProgress(checkpoint / kStateFile);
    if (!state)
        return passError(state);
    if (state->documentsHash != m_state.documentsHash)
        return fail(ErrorCode::BadInput, tr("The rows, the tokenizer or the chat template are not those that the run began with."),
                    tr("Start a new run. It can begin from this run's adapter."));
    if (recipeToJson(state->recipe) != recipeToJson(m_setup.recipe)) // written out: defaults count as set
        return fail(ErrorCode::BadInput, tr("The settings are not those that the run began with."),
                    tr("Start a new run. It can begin from this run's adapter."));
    if (auto loaded = m_optimizer.load(checkpoint / kOptimizerFile, state->step); !loaded)
        return passError(loaded);
    m_state = std::move(*state);
    m_savedStep = m_state.step;
    if (m_state.evaluationSeconds > 0)
        m_timeLeft.evaluationTook(m_state.evaluationSeconds);
    m_timeLeft.besideTakes(m_state.besideSeconds);
    return {};
}

Result<TrainOutcome> Loop::run()
{
    for (;;) {
        if (auto changed = changeEpochs(); !changed)
            return passError(changed);
        const Stopwatch pause; // an evaluation with all that listeners do at it
        const std::int64_t evaluatedBefore = m_state.evaluatedStep;
        if (auto evaluated = evaluateIfDue(); !evaluated && evaluated.error().code != ErrorCode::Cancelled)
            return passError(evaluated);
        measureGeneralIfDue();
        if (m_state.evaluatedStep != evaluatedBefore)
            m_timeLeft.evaluationTook(pause.seconds());
        if (auto saved = saveIfDue(); !saved)
            return passError(saved);
        const auto now = m_together.wish(wish());
        if (!now)
            return passError(now);
        if (*now != Wish::Continue && m_state.step < m_steps)
            return obey(*now);
        if (m_state.step >= m_steps || hasLostPatience())
            return outcome(TrainEnd::Finished);
        auto done = step();
        if (!done)
            return passError(done);
        if (*done == StepEnd::Done && m_hooks.betweenSteps)
            m_hooks.betweenSteps();
    }
}

// The warm-up stays as the run began it: a longer run does not go back into it.
void Loop::setEpochs(double epochs)
{
    const Recipe changed = withEpochs(m_setup.recipe, epochs);
    m_steps = totalSteps(changed, m_plan.stepsPerEpoch());
    const std::int64_t warmup = m_schedule.warmupSteps;
    m_schedule = scheduleOf(changed, m_steps);
    m_schedule.warmupSteps = std::min(warmup, m_steps);
}

Result<std::int64_t> Loop::stepsFor(double epochs) const
{
    if (m_setup.recipe.integer("maxSteps") > 0)
        return fail(ErrorCode::BadInput, tr("The number of epochs is not changed: the run ends after a fixed number of steps."));
    const Recipe changed = withEpochs(m_setup.recipe, epochs);
    if (auto valid = validate(changed); !valid)
        return passError(valid);
    const std::int64_t steps = totalSteps(changed, m_plan.stepsPerEpoch());
    if (steps < m_state.step)
        return fail(ErrorCode::BadInput, tr("The number of epochs is not changed: {:g} are over already.", epochs));
    return steps;
}

// At the same place of the loop when it is wished and when a resumed run repeats it.
Result<> Loop::changeEpochs()
{
    for (; m_changesDone < m_changes.size() && m_changes[m_changesDone].step <= m_state.step; ++m_changesDone)
        setEpochs(m_changes[m_changesDone].epochs);
    const auto epochs = m_together.epochs(acceptedEpochs());
    if (!epochs)
        return passError(epochs);
    if (*epochs > 0) {
        m_changes.resize(m_changesDone); // the newest wish counts, not one that was to come
        setEpochs(*epochs);
    }
    return {};
}

// 0: there is no wish, or it is not possible.
double Loop::acceptedEpochs() const
{
    const std::optional<double> wished = m_hooks.takeEpochs ? m_hooks.takeEpochs() : std::nullopt;
    if (!wished)
        return 0;
    const auto steps = stepsFor(*wished);
    if (!steps) {
        if (m_hooks.epochsRefused)
            m_hooks.epochsRefused(steps.error().message);
        return 0;
    }
    if (m_hooks.epochsChanging && !m_hooks.epochsChanging({m_state.step, *wished}, *steps))
        return 0;
    return *wished;
}

// Gradients of all rows of the step, then one correction. The sum over all trained tokens of the step is divided by their number, however
// they are split into rows.
Result<Loop::StepEnd> Loop::step()
{
    const Stopwatch watch;
    const std::int64_t pageFaultsBefore = ownPageFaults();
    const std::vector<std::int64_t> chosen = m_plan.chosen(m_state.step);
    std::int64_t tokens = 0;
    std::int64_t trainedTokens = 0;
    for (const std::int64_t index : chosen) {
        tokens += m_setup.trainDocuments[static_cast<std::size_t>(index)].length();
        trainedTokens += m_setup.trainDocuments[static_cast<std::size_t>(index)].trainedTokens();
    }
    const std::vector<PackedRow> rows = packRows(m_setup.trainDocuments, m_together.ownShare(m_setup.trainDocuments, chosen), m_batches);
    const double scale = 1.0 / static_cast<double>(std::max<std::int64_t>(trainedTokens, 1));

    m_optimizer.zeroGradients();
    Together::Step sums;
    Result<StepEnd> end = StepEnd::Done;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (wish() != Wish::Continue) {
            end = StepEnd::Interrupted;
            break;
        }
        if (rows[i].targets.empty())
            continue;
        m_setup.adapter->setDropoutState({static_cast<std::uint64_t>(m_setup.recipe.integer("seed")),
                                          static_cast<std::uint64_t>(m_state.step) * kPassesPerStep + m_together.firstPass(kPassesPerStep) + i});
        auto loss = m_engine.lossAndGradient(toLossBatch(rows[i]), *m_setup.adapter, scale);
        if (!loss) {
            if (loss.error().code == ErrorCode::Cancelled)
                end = StepEnd::Interrupted;
            else
                end = loss.error().code == ErrorCode::OutOfMemory ? retrySmaller(rows[i], loss.error()) : passError(loss);
            break;
        }
        sums.lossSum += loss->sum;
        sums.correct += loss->correct;
        const std::vector<DocumentLoss> read = lossByDocument(rows[i], loss->losses);
        if (m_together.isAlone())
            reportLosses(read);
        else
            sums.read.insert(sums.read.end(), read.begin(), read.end());
    }
    end = agree(std::move(end), sums, chosen);
    if (!end || *end != StepEnd::Done)
        return end;
    const double lossSum = sums.lossSum;

    const double gradNorm = m_optimizer.gradientNorm();
    const double learningRate = m_schedule.at(m_state.step);
    if (!std::isfinite(lossSum) || !std::isfinite(gradNorm))
        return tl::unexpected<Error>(notFinite(learningRate));
    m_optimizer.step(learningRate, gradNorm, m_setup.recipe.real("clipNorm"));

    ++m_state.step;
    m_state.tokens += tokens;
    m_state.trainedTokens += trainedTokens;
    m_state.epochLossSum += lossSum;
    m_state.epochLossTokens += trainedTokens;
    if (m_plan.isEpochEnd(m_state.step)) {
        m_state.lastEpochLoss = m_state.epochLossSum / static_cast<double>(std::max<std::int64_t>(m_state.epochLossTokens, 1));
        m_state.epochLossSum = 0;
        m_state.epochLossTokens = 0;
    }
    StepReport done;
    done.loss = lossSum * scale;
    done.learningRate = learningRate;
    done.gradNorm = gradNorm;
    done.accuracy = static_cast<double>(sums.correct) * scale;
    done.pageFaults = ownPageFaults() - pageFaultsBefore;
    report(done, tokens, watch.seconds());
    return StepEnd::Done;
}

// The same records are read again in rows of half the tokens: the correction that follows is the same but for rounding. What was read of the
// step is dropped. One record alone cannot be split.
Result<Loop::StepEnd> Loop::retrySmaller(const PackedRow &row, const Error &error)
{
    m_engine.releaseMemory();
    returnFreeMemory();
    if (row.documents.size() < 2) {
        Error advice = error;
        advice.message = tr("The memory ran out at step {}, although only one record of {} tokens was read at a time.", m_state.step + 1, row.length());
        advice.hint = tr("Lower maxLength, set checkpointing to full, choose a smaller rank or model, or close other programs.");
        if (m_savedStep > 0)
            advice.hint += tr(" The checkpoint of step {} is good and is kept.", m_savedStep);
        return tl::unexpected<Error>(std::move(advice));
    }
    m_batches.tokensPerMicroBatch = std::max<std::int64_t>(row.length() / 2, 1);
    if (m_hooks.madeSmaller)
        m_hooks.madeSmaller(m_state.step + 1, m_batches.tokensPerMicroBatch);
    return StepEnd::Interrupted;
}

// The step of all processes, once each has read its share.
Result<Loop::StepEnd> Loop::agree(Result<StepEnd> own, Together::Step &sums, std::span<const std::int64_t> chosen)
{
    if (m_together.isAlone())
        return own;
    sums.isInterrupted = own && *own == StepEnd::Interrupted;
    auto all = m_together.step(own ? Result<>() : Result<>(passError(own)), sums, chosen, m_optimizer);
    if (!all)
        return passError(all);
    sums = std::move(*all);
    reportLosses(sums.read);
    return sums.isInterrupted ? StepEnd::Interrupted : StepEnd::Done;
}

void Loop::reportLosses(std::span<const DocumentLoss> losses) const
{
    if (!m_hooks.rowsRead || losses.empty())
        return;
    std::vector<RowLoss> read;
    for (const DocumentLoss &document : losses) {
        const RecordId record = m_setup.trainDocuments[static_cast<std::size_t>(document.document)].record;
        read.push_back({record, document.loss, document.tokens});
    }
    m_hooks.rowsRead(read);
}

void Loop::report(StepReport done, std::int64_t stepTokens, double seconds)
{
    m_state.seconds += seconds;
    m_timeLeft.stepTook(seconds);
    if (!m_hooks.stepFinished)
        return;
    done.step = m_state.step;
    done.epoch = m_plan.epochsAfter(m_state.step);
    done.tokensPerSecond = static_cast<double>(stepTokens) / std::max(seconds, 1e-9);
    done.tokens = m_state.tokens;
    done.trainedTokens = m_state.trainedTokens;
    done.peakBytes = memoryFigures().ownPeakBytes;
    done.seconds = m_state.seconds;
    const std::int64_t evaluations =
        m_setup.heldOutDocuments.empty() ? 0 : evaluationsAfter(m_state.step - 1, m_steps, m_setup.recipe.integer("evalEvery"), m_plan.stepsPerEpoch());
    learnWhatIsBeside();
    done.secondsLeft = m_timeLeft.seconds(m_steps - m_state.step, evaluations); // one that is due now is still to come
    m_hooks.stepFinished(done);
}

// Listeners of a resumed run know it as soon as they have done it again: until then, what the run remembers counts.
void Loop::learnWhatIsBeside()
{
    if (const double seconds = m_hooks.besideEvaluation ? m_hooks.besideEvaluation() : 0; seconds > 0)
        m_timeLeft.besideTakes(seconds);
}

// Reading forward alone costs a third of a step's forward and backward, half of it where the base's weights need no gradients.
double Loop::evaluationInSteps() const
{
    const auto read = static_cast<double>(tokensOf(m_setup.heldOutDocuments) + tokensOf(m_setup.generalDocuments));
    double train = 0;
    for (const Document &document : m_setup.trainDocuments)
        train += static_cast<double>(document.length()) * document.weight;
    return read / (m_setup.recipe.method == "full" ? 3 : 2) * static_cast<double>(m_plan.stepsPerEpoch()) / std::max(train, 1.0);
}

Error Loop::notFinite(double learningRate) const
{
    Error error;
    error.code = ErrorCode::BadInput;
    error.message = tr("The loss is no longer a finite number at step {} (learning rate {:.3g}).", m_state.step + 1, learningRate);
    error.hint = tr("Start again with a lower learning rate, for example {:.3g}.", m_schedule.learningRate / 5);
    if (m_savedStep >= 0)
        error.hint += tr(" The checkpoint of step {} is good and is kept.", m_savedStep);
    return error;
}

Result<> Loop::evaluateIfDue()
{
    if (m_setup.heldOutDocuments.empty() || m_state.evaluatedStep == m_state.step || !isDue(m_setup.recipe.integer("evalEvery")))
        return {};
    const auto report = measure(m_heldOut, m_setup.heldOutDocuments, true);
    if (!report)
        return passError(report);
    m_state.evaluatedStep = m_state.step;
    m_state.evalLoss = report->loss;
    countPatience(report->loss);
    if (m_hooks.evaluated)
        m_hooks.evaluated(*report);
    return {};
}

// The adapter as it is, without dropout. A wish ends it between two rows.
Result<EvalReport> Loop::measure(const std::vector<PackedRow> &rows, std::span<const Document> documents, bool isShared)
{
    const Stopwatch watch;
    m_setup.adapter->setTraining(false);
    auto totals = lossOver(m_engine, *m_setup.adapter, rows, [this] { return wish() != Wish::Continue; }, true);
    if (isShared)
        totals = m_together.totals(std::move(totals));
    m_setup.adapter->setTraining(true);
    if (!totals)
        return passError(totals);
    m_state.seconds += watch.seconds();
    EvalReport report{m_state.step, totals->mean(), totals->tokens, totals->accuracy(), {}};
    for (const DocumentLoss &document : totals->documents)
        report.rows.push_back({documents[static_cast<std::size_t>(document.document)].record, document.loss, document.tokens});
    return report;
}

// At the evaluations, and before the first step. A run never ends because of it.
void Loop::measureGeneralIfDue()
{
    const bool isDueNow = m_state.step == 0 || isDue(m_setup.recipe.integer("evalEvery"));
    if (m_general.empty() || !m_hooks.generalMeasured || m_state.generalStep == m_state.step || !isDueNow)
        return;
    const Stopwatch watch;
    const auto report = measure(m_general, m_setup.generalDocuments, false);
    if (!report && report.error().code == ErrorCode::Cancelled)
        return; // the user wants something else now; a resumed run catches up
    m_state.generalStep = m_state.step;
    if (!report) {
        m_engine.releaseMemory();
        m_general.clear();
    } else if (m_state.step == 0) { // held-out rows are read at the same rate
        const auto general = static_cast<double>(tokensOf(m_setup.generalDocuments));
        m_timeLeft.readingTakes(watch.seconds() * (general + static_cast<double>(tokensOf(m_setup.heldOutDocuments))) / general);
    }
    m_hooks.generalMeasured(report);
}

void Loop::countPatience(double loss)
{
    m_isBestSoFar = !m_state.lowestLoss || loss < *m_state.lowestLoss;
    m_state.evaluationsSince = m_isBestSoFar ? 0 : m_state.evaluationsSince + 1;
    if (m_isBestSoFar)
        m_state.lowestLoss = loss;
}

bool Loop::hasLostPatience() const
{
    const std::int64_t patience = m_setup.recipe.integer("patience");
    return patience > 0 && m_state.evaluationsSince >= patience;
}

Result<> Loop::saveIfDue()
{
    const bool isRequested = m_hooks.takeCheckpointRequest && m_hooks.takeCheckpointRequest();
    // A run that may end early ends at its best: that state has to be there.
    const bool mayBeTheResult = m_isBestSoFar && m_setup.recipe.integer("patience") > 0;
    m_isBestSoFar = false;
    if (!isRequested && !mayBeTheResult && !hasLostPatience() && !isDue(m_setup.recipe.integer("checkpointEvery")))
        return {};
    return save();
}

Result<> Loop::save()
{
    if (m_setup.checkpointFolder.empty() || m_savedStep == m_state.step)
        return {};
    if (m_hooks.beforeCheckpoint) {
        if (auto ready = m_hooks.beforeCheckpoint(); !ready)
            return ready;
    }
    std::optional<double> evalLoss;
    if (m_state.evaluatedStep == m_state.step)
        evalLoss = m_state.evalLoss;
    if (evalLoss && (!m_state.bestLoss || *evalLoss < *m_state.bestLoss)) {
        m_state.bestLoss = evalLoss;
        m_state.bestStep = m_state.step;
    }

    learnWhatIsBeside();
    m_state.evaluationSeconds = m_timeLeft.evaluationSeconds();
    m_state.besideSeconds = m_timeLeft.besideSeconds();

    auto writer = CheckpointWriter::begin(m_setup.checkpointFolder, m_state.step);
    if (!writer)
        return passError(writer);
    if (auto saved = m_setup.adapter->save(writer->path()); !saved)
        return saved;
    if (auto saved = m_optimizer.save(writer->path() / kOptimizerFile); !saved)
        return saved;
    if (auto saved = writeProgress(m_state, writer->path() / kStateFile); !saved)
        return saved;
    auto path = writer->finish();
    if (!path)
        return passError(path);
    m_savedStep = m_state.step;
    if (m_hooks.checkpointed)
        m_hooks.checkpointed({m_state.step, *path, evalLoss});

    const std::int64_t best[] = {m_state.bestStep};
    for (const std::int64_t removed : retainCheckpoints(m_setup.checkpointFolder, m_setup.recipe.integer("keepCheckpoints"), best)) {
        if (m_hooks.checkpointRemoved)
            m_hooks.checkpointRemoved(removed);
    }
    return {};
}

Result<TrainOutcome> Loop::obey(Wish wish)
{
    if (wish == Wish::StopAndDiscard)
        return outcome(TrainEnd::Discarded);
    if (auto saved = save(); !saved)
        return passError(saved);
    return outcome(wish == Wish::Pause ? TrainEnd::Paused : TrainEnd::Stopped);
}

std::int64_t trainedTokensOf(std::span<const Document> documents)
{
    std::int64_t tokens = 0;
    for (const Document &document : documents)
        tokens += document.trainedTokens();
    return tokens;
}

} // namespace

Result<TrainOutcome> runTraining(const TrainerSetup &setup, const TrainerHooks &hooks, std::stop_token stop)
{
    if (trainedTokensOf(setup.trainDocuments) == 0)
        return fail(ErrorCode::BadInput, tr("There is nothing to learn: no row has a trained token."),
                    tr("Check that the rows have answers, that the maximum length does not cut them off, and what the run learns from."));
    try {
        Loop loop(setup, hooks, std::move(stop));
        if (auto begun = loop.begin(setup.resumeFrom ? loop.resume(*setup.resumeFrom) : Result<>()); !begun)
            return passError(begun);
        return loop.run();
    } catch (const std::exception &exception) {
        return tl::unexpected<Error>(model::errorFromException(exception, "training"));
    }
}

} // namespace fettle::train
