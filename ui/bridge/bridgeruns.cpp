// Runs, answers, exports: the jobs of the engine thread. See bridge.h.
#include "ui/bridge/bridge.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace fettle::ui {

JobId Bridge::planRun(const engine::TrainRequest &request, QObject *receiver, Done<engine::TrainPlan> done)
{
    return readSlowly<engine::TrainPlan>(
        receiver,
        [request](const ProjectApi *project, const JobContext &context) -> Result<engine::TrainPlan> {
            if (!project)
                return fail(ErrorCode::NotFound, tr("No project is open.").toStdString(), tr("Open a project or begin a new one first.").toStdString());
            return context.engine.planRun(*project, request, {}, context.stop);
        },
        std::move(done), "plan");
}

JobId Bridge::measureFit(const engine::TrainRequest &request, QObject *receiver, Done<engine::FitResult> done)
{
    return work<engine::FitResult>(
        tr("Measuring"), JobInfo::Kind::Other, receiver,
        [this, request, folder = m_folder](const JobContext &context) -> Result<engine::FitResult> {
            freeModels(); // one model in memory at a time, and what is measured is the run alone
            auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
            if (!project)
                return passError(project);
            engine::FitRequest wanted;
            wanted.run = request;
            return context.engine.measureFit(**project, wanted, context.progress, context.stop);
        },
        std::move(done));
}

JobId Bridge::enqueueRun(QueuedRun queued)
{
    const JobId id = queued.job = m_nextJob++;
    auto control = std::make_shared<engine::RunControl>();
    control->epochs = queued.wish.epochs;
    m_heavy.post(id, [this, id, title = queued.title, control, folder = m_folder, wish = queued.wish](std::stop_token stop) {
        append(CallEvent{[this, id, title, control] {
            if (const auto begun = std::ranges::find(m_queue, id, &QueuedRun::job); begun != m_queue.end() && !begun->wish.resume.isValid())
                m_starting = *begun;
            leaveQueue(id);
            m_control = control;
            m_runJob = id;
            m_activeRun = {};
            JobInfo info;
            info.id = id;
            info.kind = JobInfo::Kind::Run;
            info.title = title;
            info.canPause = true;
            info.canCancel = true;
            m_job = {};
            showJob(info);
        }});
        m_heavyState.losses.reset(); // a run needs the memory more
        engine::RunEvents events;
        events.stateChanged = [this, id](const engine::RunInfo &run) {
            append(RunStateEvent{id, run});
            append(CallEvent{[this, id, run] {
                if (m_job.id != id)
                    return;
                if (std::exchange(m_starting, {}))
                    storeQueue(); // the project has the run now
                m_job.title = QString::fromStdString(run.name);
                emit jobChanged();
            }});
        };
        events.progressed = progressOf(id);
        events.stepFinished = [this, id](RunId run, const engine::MetricPoint &point, double secondsLeft) {
            append(MetricEvent{id, run, point, secondsLeft});
        };
        events.evaluated = [this](RunId run, const engine::EvalPoint &point) { append(EvalEvent{run, point}); };
        events.generalMeasured = [this](RunId run, const engine::GeneralPoint &point) { append(GeneralEvent{run, point}); };
        events.checkpointed = [this](RunId run, const engine::CheckpointInfo &checkpoint) { append(CheckpointEvent{run, checkpoint}); };
        events.probed = [this](RunId run, std::int64_t step) { append(ProbeEvent{run, step}); };
        events.noticed = [this](RunId run, const std::string &text) { append(NoticeEvent{run, text}); };
        events.betweenSteps = [this](const engine::LiveRun &live) {
            m_heavyState.live = &live;
            m_heavy.runWaiting(std::string(kAnswerKey));
            m_heavyState.live = nullptr;
        };
        // A run has a handle of its own: the writer's stays on the writer's thread, and an edit never waits for a step.
        auto result = std::make_shared<Result<engine::RunSummary>>(fail(ErrorCode::Internal, tr("The run did not start.").toStdString()));
        *result = caught([&]() -> Result<engine::RunSummary> {
            auto project = m_engine->openProject(folder, engine::Access::WriteBeside);
            if (!project)
                return passError(project);
            return wish.resume.isValid() ? m_engine->resumeRun(**project, wish.resume, wish.compute, events, control.get(), stop)
                                         : m_engine->trainRun(**project, wish.request, events, control.get(), stop);
        });
        append(CallEvent{[this, id, result] { endRun(id, *result); }});
    }, [this, id] {
        leaveQueue(id);
        emit jobChanged();
    });
    m_queue.insert(std::ranges::find(m_queue, true, &QueuedRun::isHeld), std::move(queued)); // before those that wait for a word
    storeQueue();
    emit queueChanged();
    emit jobChanged();
    return id;
}

void Bridge::endRun(JobId job, const Result<engine::RunSummary> &result)
{
    m_control.reset();
    m_runJob = 0;
    if (result) {
        m_activeRun = result->run;
    } else {
        // What the project says about the run is newer than the last event.
        if (m_project && m_activeRun.id.isValid()) {
            if (const auto stored = m_project->run(m_activeRun.id))
                m_activeRun = *stored;
        }
        if (m_activeRun.state != engine::RunState::Cancelled && result.error().code != ErrorCode::Cancelled)
            report(result.error());
    }
    const engine::RunInfo ended = std::exchange(m_activeRun, {});
    if (std::exchange(m_starting, {}))
        storeQueue(); // it failed before the project knew it
    endJob(job);
    if (queuedRuns() == 0)
        m_heavy.post(m_nextJob++, [this](std::stop_token) { m_engine->forgetBase(); });
    emit runEnded(ended);
    emit runsChanged();
    emit recordsChanged(); // losses of the run
    emit snapshotsChanged();
}

void Bridge::pauseRun()
{
    if (m_control)
        m_control->wish = engine::RunControl::Wish::Pause;
}

void Bridge::stopRun(engine::RunControl::Wish wish)
{
    if (m_control)
        m_control->wish = wish;
}

void Bridge::checkpointNow()
{
    if (m_control)
        m_control->checkpointNow = true;
}

void Bridge::changeEpochs(double epochs)
{
    if (m_control)
        m_control->epochs = epochs;
}

void Bridge::freeModels()
{
    m_heavyState.playground.reset();
    m_heavyState.losses.reset();
    if (m_heavyState.live == nullptr) // the run that goes on holds it anyway, and so may the next
        m_engine->forgetBase();
}

Result<> Bridge::usePlayground(JobId job, const std::string &model, std::stop_token stop)
{
    if (m_heavyState.playground && m_heavyState.playgroundModel == model)
        return {};
    freeModels(); // frees the old weights before the new ones come
    auto opened = m_engine->openPlayground(model, {}, progressOf(job), std::move(stop));
    if (!opened)
        return passError(opened);
    m_heavyState.playground = std::move(*opened);
    m_heavyState.playgroundModel = model;
    return {};
}

JobId Bridge::indexRows(const std::string &adapter, QObject *receiver, Done<std::int64_t> done)
{
    return work<std::int64_t>(
        tr("Index of the training rows"), JobInfo::Kind::Other, receiver,
        [this, adapter, model = baseModel(), folder = m_folder](const JobContext &context) -> Result<std::int64_t> {
            if (auto ready = usePlayground(0, model, context.stop); !ready)
                return passError(ready);
            auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
            if (!project)
                return passError(project);
            return m_heavyState.playground->indexRows(adapter, **project, context.progress, context.stop);
        },
        std::move(done));
}

JobId Bridge::nearestRows(const std::string &adapter, const data::Record &conversation, std::size_t count, QObject *receiver, Done<std::vector<engine::NearRow>> done)
{
    return work<std::vector<engine::NearRow>>(
        tr("Nearest training rows"), JobInfo::Kind::Other, receiver,
        [this, adapter, conversation, count, model = baseModel(), folder = m_folder](const JobContext &context) -> Result<std::vector<engine::NearRow>> {
            if (auto ready = usePlayground(0, model, context.stop); !ready)
                return passError(ready);
            auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
            if (!project)
                return passError(project);
            return m_heavyState.playground->nearestRows(adapter, conversation, **project, count, context.stop);
        },
        std::move(done));
}

Result<std::unique_ptr<ProjectApi>> Bridge::readyToAnswer(JobId job, const std::string &model, const std::filesystem::path &folder, std::stop_token stop)
{
    if (auto ready = usePlayground(job, model, std::move(stop)); !ready)
        return passError(ready);
    if (folder.empty())
        return nullptr;
    return m_engine->openProject(folder, engine::Access::ReadOnly);
}

Bridge::Answers Bridge::answerNow(JobId job, const std::string &model, const std::filesystem::path &folder, const engine::GenerateRequest &request,
                                  const engine::GenerateEvents &events, std::stop_token stop)
{
    const auto project = readyToAnswer(job, model, folder, stop);
    if (!project)
        return passError(project);
    return m_heavyState.playground->generate(request, project->get(), events, std::move(stop), m_heavyState.live);
}

JobId Bridge::readAnswers(const std::string &model, std::vector<AnswerToRead> answers, QObject *receiver, Done<std::vector<std::vector<engine::GeneratedToken>>> done)
{
    using Readings = std::vector<std::vector<engine::GeneratedToken>>;
    const JobId id = m_nextJob++;
    auto cancelled = cancelledAnswer<Readings>(receiver, receiver != nullptr, done);
    m_heavy.postServable(
        id,
        [this, id, model, answers = std::move(answers), folder = m_folder, done = std::move(done), target = QPointer<QObject>(receiver), hasReceiver = receiver != nullptr](std::stop_token stop) {
            const auto read = [&]() -> Result<Readings> {
                const auto project = readyToAnswer(id, model, folder, stop);
                if (!project)
                    return passError(project);
                Readings readings;
                for (const AnswerToRead &own : answers) {
                    auto tokens = m_heavyState.playground->readAnswer(own.request, own.answer, project->get(), stop, m_heavyState.live);
                    if (!tokens)
                        return passError(tokens);
                    readings.push_back(std::move(*tokens));
                }
                return readings;
            };
            auto readings = caught(read);
            appendEnd(id);
            deliver<Readings>(target, hasReceiver, done, std::move(readings));
        },
        std::move(cancelled), kAnswerKey);
    return id;
}

JobId Bridge::generate(const std::string &model, const engine::GenerateRequest &request, QObject *receiver,
                       Done<std::vector<engine::ColumnResult>> done)
{
    const JobId id = m_nextJob++;
    auto cancelled = cancelledAnswer<std::vector<engine::ColumnResult>>(receiver, receiver != nullptr, done);
    m_heavy.postServable(
        id,
        [this, id, model, request, folder = m_folder, done = std::move(done), target = QPointer<QObject>(receiver),
         hasReceiver = receiver != nullptr](std::stop_token stop) {
            append(CallEvent{[this, id] {
                JobInfo info;
                info.id = id;
                info.kind = JobInfo::Kind::Answer;
                info.title = tr("Answering");
                info.canCancel = true;
                showJob(info);
            }});
            engine::GenerateEvents events;
            events.started = [this, id](const std::vector<engine::ColumnBadge> &badges, std::int64_t promptTokens) {
                append(AnswerStartedEvent{id, badges, promptTokens});
            };
            events.token = [this, id](const engine::GeneratedToken &token) { append(TokenEvent{id, token}); };
            events.columnFinished = [this, id](int column, const engine::ColumnResult &result) { append(ColumnEvent{id, column, result}); };
            auto result = std::make_shared<Answers>(caught([&] { return answerNow(id, model, folder, request, events, stop); }));
            append(CallEvent{[this, id, target, hasReceiver, done, result] {
                endJob(id);
                if (done && (!hasReceiver || target))
                    done(std::move(*result));
                else if (!done && !*result)
                    report(result->error());
            }});
        },
        std::move(cancelled), std::string(kAnswerKey));
    return id;
}

Result<LensLosses> Bridge::lossesOf(const data::Record &record, const data::RenderOptions &options, const std::string &model, const std::filesystem::path &folder,
                                    const JobContext &context)
{
    auto project = m_engine->openProject(folder, engine::Access::ReadOnly);
    if (!project)
        return passError(project);
    const auto runs = (*project)->runs();
    const auto path = context.engine.resolveModel(model);
    if (!runs || !path)
        return runs ? Result<LensLosses>(passError(path)) : passError(runs);
    LensLosses losses;
    std::string adapter, key = model;
    for (const engine::RunInfo &run : *runs) { // newest last
        if (run.adapter.empty() || run.modelPath != path->string())
            continue;
        losses.of = QString::fromStdString(run.name);
        adapter = run.adapter;
        key = model + '\n' + adapter + '\n' + std::to_string(run.resultStep.value_or(run.step)) + '\n' + std::to_string(run.seconds);
    }
    if (!m_heavyState.losses || m_heavyState.lossesKey != key) {
        freeModels(); // one model in memory at a time
        auto opened = m_engine->openTokenLosses(model, adapter, project->get(), context.progress, context.stop);
        if (!opened)
            return passError(opened);
        m_heavyState.losses = std::move(*opened);
        m_heavyState.lossesKey = key;
    }
    auto tokens = m_heavyState.losses->of(record, options, context.stop);
    if (!tokens)
        return passError(tokens);
    losses.tokens = std::move(*tokens);
    return losses;
}

JobId Bridge::tokenLosses(const data::Record &record, const data::RenderOptions &options, QObject *receiver, Done<LensLosses> done)
{
    const JobId id = m_nextJob++;
    auto cancelled = cancelledAnswer<LensLosses>(receiver, receiver != nullptr, done);
    m_heavy.postServable(
        id,
        [this, id, record, options, model = baseModel(), folder = m_folder, done = std::move(done), target = QPointer<QObject>(receiver),
         hasReceiver = receiver != nullptr](std::stop_token stop) {
            auto losses = caught([&] { return lossesOf(record, options, model, folder, {*m_engine, progressOf(id), stop}); });
            appendEnd(id);
            deliver<LensLosses>(target, hasReceiver, done, std::move(losses));
        },
        std::move(cancelled), kAnswerKey);
    return id;
}

JobId Bridge::runAutopsy(QObject *receiver, Done<data::AutopsySummary> done)
{
    const JobId id = work<data::AutopsySummary>(
        tr("Asking the base model"), JobInfo::Kind::Other, receiver,
        [this, folder = m_folder, model = baseModel()](const JobContext &context) -> Result<data::AutopsySummary> {
            freeModels(); // one model in memory at a time
            m_hasAutopsyHandle = true;
            const auto summary = [&]() -> Result<data::AutopsySummary> {
                auto project = m_engine->openProject(folder, engine::Access::WriteBeside);
                return project ? context.engine.runAutopsy(**project, model, context.progress, context.stop) : passError(project);
            }();
            m_hasAutopsyHandle = false;
            return summary;
        },
        [this, done = std::move(done)](Result<data::AutopsySummary> summary) {
            afterWrite(Touched::Records); // what was measured is kept when it is cancelled
            done(std::move(summary));
        });
    m_autopsyJob = id;
    return id;
}

JobId Bridge::exportAdapter(const engine::ExportRequest &request, QObject *receiver, Done<engine::ExportResult> done)
{
    return work<engine::ExportResult>(
        tr("Export"), JobInfo::Kind::Export, receiver,
        [request, folder = m_folder](const JobContext &context) -> Result<engine::ExportResult> {
            auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
            if (!project)
                return passError(project);
            return context.engine.exportAdapter(request, project->get(), context.progress, context.stop);
        },
        std::move(done));
}

JobId Bridge::prepareBallot(const engine::BallotInfo &ballot, QObject *receiver, std::function<void(const evaluate::BallotPair &)> ready,
                            Done<engine::BallotOutcome> done)
{
    const auto onGui = [this, id = ballot.id, folder = m_folder, target = QPointer<QObject>(receiver), ready = std::move(ready)](const evaluate::BallotPair &pair) {
        if (folder != m_folder)
            return; // another project was opened meanwhile
        write<void>(Touched::Nothing, nullptr, [id, pair](ProjectApi &project, const JobContext &) { return project.addBallotPair(id, pair); }, {});
        if (target)
            ready(pair);
    };
    const auto finish = [this, id = ballot.id, folder = m_folder, done = std::move(done)](Result<engine::BallotOutcome> outcome) {
        if (outcome && folder == m_folder)
            write<void>(Touched::Nothing, nullptr, [id](ProjectApi &project, const JobContext &) { return project.completeBallot(id); }, {});
        done(std::move(outcome));
    };
    return work<engine::BallotOutcome>(
        tr("Blind vote"), JobInfo::Kind::Answer, receiver,
        [this, ballot, onGui, model = baseModel(), folder = m_folder](const JobContext &context) -> Result<engine::BallotOutcome> {
            freeModels(); // one model in memory at a time
            auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
            if (!project)
                return passError(project);
            return context.engine.prepareBallot(
                ballot, model, **project,
                [this, onGui](const evaluate::BallotPair &pair) { append(CallEvent{[onGui, pair] { onGui(pair); }}); }, context.progress, context.stop);
        },
        finish);
}

JobId Bridge::evaluate(const engine::EvaluationRequest &request, RowsToAsk rows, QObject *receiver, Done<engine::EvaluationResult> done)
{
    return work<engine::EvaluationResult>(
        tr("Evaluation"), JobInfo::Kind::Answer, receiver,
        [this, request, rows = std::move(rows), folder = m_folder](const JobContext &context) -> Result<engine::EvaluationResult> {
            freeModels(); // one model in memory at a time
            auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
            if (!project)
                return passError(project);
            auto records = rows(**project, context);
            if (!records)
                return passError(records);
            engine::EvaluationRequest filled = request;
            filled.records = std::move(*records);
            return context.engine.evaluateRecords(filled, **project, context.progress, context.stop);
        },
        std::move(done));
}

JobId Bridge::examine(const std::string &adapter, QObject *receiver, Done<engine::ExamResult> done)
{
    return work<engine::ExamResult>(
        tr("Held-out questions"), JobInfo::Kind::Other, receiver,
        [adapter, model = baseModel(), folder = m_folder](const JobContext &context) -> Result<engine::ExamResult> {
            auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
            if (!project)
                return passError(project);
            return context.engine.examine(model, adapter, **project, {}, context.progress, context.stop);
        },
        std::move(done));
}

} // namespace fettle::ui
