// Runs of the stand-in: what a project keeps of them, and a run that goes on step by step. See fakeengine.h and fakeproject.h.
#include "tests/ui/support/fakeengine.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace fettle::ui {

namespace {

using Lock = std::scoped_lock<std::recursive_mutex>;

} // namespace

Result<std::vector<engine::RunInfo>> FakeProject::runs() const
{
    const Lock lock(m_state->mutex);
    return m_state->runs;
}

Result<engine::RunInfo> FakeProject::run(RunId id) const
{
    const Lock lock(m_state->mutex);
    const auto found = std::ranges::find(m_state->runs, id, &engine::RunInfo::id);
    if (found == m_state->runs.end())
        return fail(ErrorCode::NotFound, "Run " + std::to_string(id.value) + " does not exist.");
    return *found;
}

Result<> FakeProject::deleteRun(RunId id)
{
    const Lock lock(m_state->mutex);
    for (auto *runs : {&m_state->runs, &m_state->trashedRuns})
        std::erase_if(*runs, [id](const engine::RunInfo &run) { return run.id == id; });
    return {};
}

Result<std::vector<engine::MetricPoint>> FakeProject::metrics(RunId id, std::int64_t afterStep) const
{
    const Lock lock(m_state->mutex);
    std::vector<engine::MetricPoint> points = m_state->metrics[id.value];
    std::erase_if(points, [afterStep](const engine::MetricPoint &point) { return point.step <= afterStep; });
    return points;
}

Result<std::vector<engine::EvalPoint>> FakeProject::evals(RunId id) const
{
    const Lock lock(m_state->mutex);
    return m_state->evals[id.value];
}

Result<std::vector<engine::CheckpointInfo>> FakeProject::checkpoints(RunId id) const
{
    const Lock lock(m_state->mutex);
    return m_state->checkpoints[id.value];
}

Result<> FakeProject::labelRun(RunId id, const engine::RunLabel &label)
{
    const Lock lock(m_state->mutex);
    for (engine::RunInfo &run : m_state->runs) {
        if (run.id != id)
            continue;
        run.name = label.name;
        run.tags = label.tags;
        run.note = label.note;
        run.isArchived = label.isArchived;
        return {};
    }
    return fail(ErrorCode::NotFound, "There is no such run.");
}

Result<engine::RunInfo> FakeProject::makeResult(RunId id, std::int64_t step)
{
    const Lock lock(m_state->mutex);
    for (engine::RunInfo &run : m_state->runs) {
        if (run.id != id)
            continue;
        run.resultStep = step;
        return run;
    }
    return fail(ErrorCode::NotFound, "There is no such run.");
}

Result<data::RunProbes> FakeProject::probes(RunId id) const
{
    const Lock lock(m_state->mutex);
    return m_state->probes[id.value];
}

Result<data::LossLedger> FakeProject::lossLedger(RunId id) const
{
    const Lock lock(m_state->mutex);
    return m_state->ledgers[id.value];
}

Result<std::vector<engine::GeneralPoint>> FakeProject::generalLosses(RunId id) const
{
    const Lock lock(m_state->mutex);
    return m_state->general[id.value];
}

Result<std::int64_t> FakeProject::markInterruptedRuns()
{
    const Lock lock(m_state->mutex);
    std::int64_t marked = 0;
    for (engine::RunInfo &run : m_state->runs) {
        if (run.state == engine::RunState::Running || run.state == engine::RunState::Preparing) {
            run.state = engine::RunState::Interrupted;
            ++marked;
        }
    }
    return marked;
}

Result<engine::RunSummary> FakeEngine::trainRun(ProjectApi &project, const engine::TrainRequest &request, const engine::RunEvents &events,
                                                const engine::RunControl *control, std::stop_token stop)
{
    if (beforeRun)
        beforeRun(request);
    FakeProjectState &state = static_cast<FakeProject &>(project).state();
    engine::RunInfo run;
    {
        const Lock lock(state.mutex);
        run.id = RunId{std::int64_t(state.runs.size()) + 1};
        run.name = "Run " + std::to_string(run.id.value);
        run.method = request.recipe.method;
        run.modelPath = request.model;
        run.modelName = "SmolLM2-135M-Instruct";
        run.snapshot = request.snapshot;
        run.steps = runSteps;
        run.recipeJson = nlohmann::json{{"epochs", request.recipe.real("epochs")}}.dump();
        run.started = "2024-05-14T14:21:00";
        run.recipeJson = train::recipeToJson(request.recipe).dump();
        run.tags = request.tags;
        run.note = request.note;
        run.state = engine::RunState::Preparing;
        state.runs.push_back(run);
    }
    events.stateChanged(run);
    return drive(state, run, 0, events, control, stop);
}

Result<engine::RunSummary> FakeEngine::resumeRun(ProjectApi &project, RunId id, const engine::ComputeOptions &,
                                                 const engine::RunEvents &events, const engine::RunControl *control,
                                                 std::stop_token stop)
{
    const auto run = project.run(id);
    if (!run)
        return passError(run);
    return drive(static_cast<FakeProject &>(project).state(), *run, run->step, events, control, stop);
}

Result<engine::RunSummary> FakeEngine::drive(FakeProjectState &state, engine::RunInfo run, std::int64_t from,
                                             const engine::RunEvents &events, const engine::RunControl *control, std::stop_token stop)
{
    const auto put = [&](engine::RunState to) {
        run.state = to;
        {
            const Lock lock(state.mutex);
            state.runs[std::size_t(run.id.value - 1)] = run;
        }
        events.stateChanged(run);
    };
    const auto checkpoint = [&](std::int64_t step) {
        const engine::CheckpointInfo info{step, "runs/" + std::to_string(run.id.value) + "/checkpoint-" + std::to_string(step), run.evalLoss};
        {
            const Lock lock(state.mutex);
            state.checkpoints[run.id.value].push_back(info);
        }
        events.checkpointed(run.id, info);
    };
    const auto epochs = [&run] {
        const auto recipe = nlohmann::json::parse(run.recipeJson, nullptr, false);
        return recipe.is_object() ? recipe.value("epochs", 3.0) : 3.0;
    };
    const auto changeEpochs = [&](double wished) {
        const auto steps = std::int64_t(std::ceil(double(run.steps) * wished / epochs() - 1e-6));
        if (steps < run.step) {
            events.noticed(run.id, "The number of epochs is not changed: that many are over already.");
            return;
        }
        run.steps = steps;
        run.recipeJson = nlohmann::json{{"epochs", wished}}.dump();
        put(run.state);
        events.noticed(run.id, "From step " + std::to_string(run.step) + " on the run has another number of epochs: " + std::to_string(steps) + " steps.");
    };
    if (!runNotice.empty())
        events.noticed(run.id, runNotice);
    put(engine::RunState::Running);
    for (std::int64_t step = from + 1; step <= run.steps; ++step) {
        if (beforeStep)
            beforeStep(int(step));
        engine::MetricPoint point;
        point.step = step;
        point.epoch = epochs() * double(step) / double(run.steps);
        point.loss = 0.8 + 2.0 * std::exp(-double(step) / 25.0) + 0.12 * std::sin(double(step) * 2.7);
        point.learningRate = 2e-4 * (1.0 - double(step) / double(run.steps + 1));
        point.gradNorm = 0.4 + 0.3 * std::exp(-double(step) / 10.0);
        point.tokensPerSecond = 541;
        point.tokens = step * 2048;
        point.peakBytes = 3'700'000'000;
        point.seconds = double(step) * 3.9;
        run.step = step;
        run.epoch = point.epoch;
        run.trainLoss = point.loss;
        run.tokens = point.tokens;
        run.seconds = point.seconds;
        {
            const Lock lock(state.mutex);
            state.metrics[run.id.value].push_back(point);
            state.runs[std::size_t(run.id.value - 1)] = run;
        }
        events.stepFinished(run.id, point, double(run.steps - step) * 3.9);
        if (step % 20 == 0 || step == run.steps) {
            const engine::EvalPoint eval{step, point.loss + 0.2, 5000};
            run.evalLoss = eval.loss;
            {
                const Lock lock(state.mutex);
                state.evals[run.id.value].push_back(eval);
            }
            events.evaluated(run.id, eval);
            if (!probeQuestions.empty() && events.probed) {
                {
                    const Lock lock(state.mutex);
                    data::RunProbes &probes = state.probes[run.id.value];
                    for (std::size_t i = 0; probes.questions.size() < probeQuestions.size(); ++i)
                        probes.questions.push_back({{}, probeQuestions[i], {}});
                    for (std::size_t i = 0; i < probeQuestions.size(); ++i) {
                        if (step == 20)
                            probes.answers.insert(probes.answers.begin() + std::ptrdiff_t(i), {data::kBaseStep, std::int64_t(i), "I am not sure about this."});
                        probes.answers.push_back({step, std::int64_t(i), "I am sure about this since step " + std::to_string(step) + "."});
                    }
                }
                events.probed(run.id, step);
            }
            checkpoint(step);
        }
        if (control && control->checkpointNow.exchange(false))
            checkpoint(step);
        if (events.betweenSteps)
            events.betweenSteps({run.id, run.name, step, run.modelPath, nullptr});
        if (runError && step >= run.steps / 2) {
            run.failure = runError->message;
            put(engine::RunState::Failed);
            return tl::unexpected<Error>(*runError);
        }
        if (const double wished = control ? control->epochs.exchange(0) : 0; wished > 0)
            changeEpochs(wished);
        const auto wish = control ? control->wish.load() : engine::RunControl::Wish::Continue;
        if (wish == engine::RunControl::Wish::Pause) {
            put(engine::RunState::Pausing);
            checkpoint(step);
            put(engine::RunState::Paused);
            return engine::RunSummary{run, true};
        }
        if (stop.stop_requested() || wish != engine::RunControl::Wish::Continue) {
            put(engine::RunState::Stopping);
            checkpoint(step);
            run.adapter = "runs/" + std::to_string(run.id.value) + "/adapter";
            put(engine::RunState::Cancelled);
            return engine::RunSummary{run, false};
        }
    }
    run.adapter = "runs/" + std::to_string(run.id.value) + "/adapter";
    put(engine::RunState::Finished);
    return engine::RunSummary{run, false};
}

} // namespace fettle::ui
