#include "core/engine/runhooks.h"

#include "core/base/words.h"

namespace fettle::engine {
namespace {

train::Wish wishOf(const RunRecorder &recorder, const RunControl *control, const std::stop_token &stop)
{
    if (recorder.storageError())
        return train::Wish::StopAndKeep;
    using Wish = RunControl::Wish;
    switch (control ? control->wish.load() : Wish::Continue) {
    case Wish::Continue: break;
    case Wish::Pause: return train::Wish::Pause;
    case Wish::StopAndKeep: return train::Wish::StopAndKeep;
    case Wish::StopAndDiscard: return train::Wish::StopAndDiscard;
    }
    return stop.stop_requested() ? train::Wish::StopAndKeep : train::Wish::Continue;
}

// Says Pausing or Stopping once. A failure to store it is seen again when the final state is stored.
void announce(train::Wish wish, RunRecorder &recorder)
{
    const RunState state = recorder.info().state;
    if (wish == train::Wish::Pause && state == RunState::Running)
        (void)recorder.moveTo(RunState::Pausing);
    else if (wish != train::Wish::Continue && wish != train::Wish::Pause && (state == RunState::Running || state == RunState::Pausing))
        (void)recorder.moveTo(RunState::Stopping);
}

} // namespace

train::TrainerHooks hooksFor(RunRecorder &recorder, const RunControl *control, std::stop_token stop)
{
    train::TrainerHooks hooks;
    hooks.stepFinished = [&](const train::StepReport &report) { recorder.step(report); };
    hooks.rowsRead = [&](std::span<const train::RowLoss> rows) { recorder.rowsRead(rows); };
    hooks.evaluated = [&](const train::EvalReport &report) { recorder.evaluated(report); };
    hooks.generalMeasured = [&](const Result<train::EvalReport> &report) { recorder.generalMeasured(report); };
    hooks.beforeCheckpoint = [&] { return recorder.makeDurable(); };
    hooks.checkpointed = [&](const train::CheckpointReport &report) { recorder.checkpointed(report); };
    hooks.checkpointRemoved = [&](std::int64_t step) { recorder.checkpointRemoved(step); };
    hooks.madeSmaller = [&](std::int64_t step, std::int64_t tokens) {
        recorder.notice(tr("The memory ran out at step {}. It is read again in rows of at most {} tokens; the correction stays the same.", step, tokens));
    };
    hooks.takeCheckpointRequest = [control] { return control && control->checkpointNow.exchange(false); };
    hooks.wish = [&recorder, control, stop = std::move(stop)] {
        const train::Wish wish = wishOf(recorder, control, stop);
        announce(wish, recorder);
        return wish;
    };
    return hooks;
}

} // namespace fettle::engine
