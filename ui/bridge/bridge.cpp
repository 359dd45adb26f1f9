// Projects, records, models, events: every short call that goes to a worker and back. What lasts is in bridgeruns.cpp and bridgeserve.cpp.
// See bridge.h.
#include "ui/bridge/bridge.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace fettle::ui {

namespace {

constexpr int kDrainMs = 40;
constexpr int kGaugeMs = 1000;

} // namespace

Bridge::Bridge(std::unique_ptr<EngineApi> engine, QObject *parent)
    : QObject(parent), m_engine(std::move(engine)),
      m_background([this] { m_backgroundState = {}; }),
      m_counts([this] { m_countsState = {}; }),
      m_lists([this] { m_listsState = {}; }),
      m_fast([this] { m_fastState = {}; }),
      m_writer([this] { m_writerState = {}; }),
      m_checks([] {}),
      m_heavy([this] { m_heavyState = {}; }),
      m_sensors([] {})
{
    m_drainTimer.setSingleShot(true);
    m_drainTimer.setTimerType(Qt::PreciseTimer);
    connect(&m_drainTimer, &QTimer::timeout, this, &Bridge::drain);
    m_gaugeTimer.setInterval(kGaugeMs);
    connect(&m_gaugeTimer, &QTimer::timeout, this, &Bridge::readGauges);
    m_gaugeTimer.start();
    m_sinceDrain.start();
    readSlowly<engine::MachineFacts>(
        this, [](const ProjectApi *, const JobContext &context) { return Result<engine::MachineFacts>(context.engine.machineFacts()); },
        [this](Result<engine::MachineFacts> facts) {
            m_machine = std::move(*facts);
            emit machineKnown();
        });
    readGauges();
}

Bridge::~Bridge()
{
    dropQueue(); // none of it begins while the run at work comes to rest
    if (m_control)
        m_control->wish = engine::RunControl::Wish::Pause; // the next start goes on from the checkpoint
    m_service.finish(); // its questions wait for the engine thread
    m_downloads.finish();
    m_sensors.finish();
    m_heavy.finish();
    m_checks.finish(); // its handle relies on the writer's
    m_writer.finish();
    for (auto &[worker, reader] : readers())
        worker.finish();
}

std::array<std::pair<Worker &, Bridge::Reader &>, 4> Bridge::readers()
{
    return {{{m_fast, m_fastState}, {m_lists, m_listsState}, {m_counts, m_countsState}, {m_background, m_backgroundState}}};
}

// --- events

void Bridge::append(Event event)
{
    if (m_events.append(std::move(event)))
        QMetaObject::invokeMethod(
            this,
            [this] {
                if (!m_drainTimer.isActive())
                    m_drainTimer.start(static_cast<int>(qMax<qint64>(0, kDrainMs - m_sinceDrain.elapsed())));
            },
            Qt::QueuedConnection);
}

void Bridge::drain()
{
    m_sinceDrain.restart();
    std::vector<Event> events = m_events.take();
    for (std::size_t i = 0; i < events.size(); ++i) {
        // Points and tokens in a row travel together: one repaint for many.
        if (auto *metric = std::get_if<MetricEvent>(&events[i])) {
            std::vector<engine::MetricPoint> points{metric->point};
            while (i + 1 < events.size() && std::holds_alternative<MetricEvent>(events[i + 1])
                   && std::get<MetricEvent>(events[i + 1]).run == metric->run) {
                metric = &std::get<MetricEvent>(events[++i]);
                points.push_back(metric->point);
            }
            if (m_job.id == metric->job) {
                m_job.share = m_activeRun.steps > 0 ? double(metric->point.step) / double(m_activeRun.steps) : -1;
                m_job.detail = tr("step %1 of %2").arg(metric->point.step).arg(m_activeRun.steps);
                m_job.tokensPerSecond = metric->point.tokensPerSecond;
                m_job.secondsLeft = metric->secondsLeft;
                emit jobChanged();
            }
            m_activeRun.step = metric->point.step;
            emit metricsAppended(metric->run, points, metric->secondsLeft);
        } else if (auto *token = std::get_if<TokenEvent>(&events[i])) {
            std::vector<engine::GeneratedToken> tokens{std::move(token->token)};
            const JobId job = token->job;
            while (i + 1 < events.size() && std::holds_alternative<TokenEvent>(events[i + 1])
                   && std::get<TokenEvent>(events[i + 1]).job == job)
                tokens.push_back(std::move(std::get<TokenEvent>(events[++i]).token));
            emit tokensGenerated(job, tokens);
        } else {
            handle(events[i]);
        }
    }
}

void Bridge::handle(Event &event)
{
    if (auto *state = std::get_if<RunStateEvent>(&event)) {
        m_activeRun = state->run;
        emit runStateChanged(state->run);
        emit runsChanged();
    } else if (auto *progress = std::get_if<JobProgressEvent>(&event)) {
        progressJob(progress->job, progress->progress);
    } else if (auto *eval = std::get_if<EvalEvent>(&event)) {
        emit evaluated(eval->run, eval->point);
    } else if (auto *general = std::get_if<GeneralEvent>(&event)) {
        emit generalMeasured(general->run, general->point);
    } else if (auto *checkpoint = std::get_if<CheckpointEvent>(&event)) {
        emit checkpointed(checkpoint->run, checkpoint->checkpoint);
    } else if (auto *probe = std::get_if<ProbeEvent>(&event)) {
        emit probed(probe->run, probe->step);
    } else if (auto *notice = std::get_if<NoticeEvent>(&event)) {
        emit runNoticed(notice->run, QString::fromStdString(notice->text));
    } else if (auto *started = std::get_if<AnswerStartedEvent>(&event)) {
        emit answerStarted(started->job, started->badges, started->promptTokens);
    } else if (auto *column = std::get_if<ColumnEvent>(&event)) {
        emit columnFinished(column->job, column->column, column->result);
    } else if (auto *call = std::get_if<CallEvent>(&event)) {
        call->call();
    }
}

ProgressCallback Bridge::progressOf(JobId job)
{
    return [this, job](const Progress &progress) { append(JobProgressEvent{job, progress}); };
}

void Bridge::showJob(JobInfo job)
{
    if (m_job.kind == JobInfo::Kind::Run && m_job.id != job.id)
        return; // a run stays in view
    m_job = std::move(job);
    emit jobChanged();
}

void Bridge::progressJob(JobId job, const Progress &progress)
{
    if (m_job.id != job) {
        JobInfo info;
        info.id = job;
        info.kind = JobInfo::Kind::Other;
        info.canCancel = true;
        showJob(info);
        if (m_job.id != job)
            return;
    }
    const QString what = QString::fromStdString(progress.what);
    if (m_job.title.isEmpty())
        m_job.title = what;
    else
        m_job.detail = what;
    m_job.share = progress.total > 0 ? double(progress.done) / double(progress.total) : -1;
    m_job.secondsLeft = progress.secondsLeft;
    emit jobChanged();
}

void Bridge::endJob(JobId job)
{
    if (m_job.id != job)
        return;
    m_job = {};
    emit jobChanged();
}

void Bridge::cancel(JobId job)
{
    if (job == 0)
        return;
    if (job == m_draftJob) {
        stopDrafting();
        return;
    }
    if (job == m_runJob && m_control)
        m_control->wish = engine::RunControl::Wish::StopAndKeep;
    if (const auto held = std::ranges::find(m_queue, job, &QueuedRun::job); held != m_queue.end() && held->isHeld) {
        leaveQueue(job);
        return;
    }
    for (Worker *worker : {&m_heavy, &m_writer, &m_checks, &m_fast, &m_lists, &m_counts, &m_background, &m_sensors}) {
        if (worker->cancel(job))
            break;
    }
}

void Bridge::readGauges()
{
    readOn<engine::Gauges>(
        m_sensors, m_sensorsState, this,
        [folder = m_folder](const ProjectApi *, const JobContext &context) { return Result<engine::Gauges>(context.engine.gauges(folder)); },
        [this](Result<engine::Gauges> gauges) {
            if (gauges)
                emit gaugesRead(*gauges);
        },
        "gauges");
}

// --- projects

bool Bridge::refuseWhileRunning(QObject *receiver, const Done<> &done)
{
    if (!isRunActive())
        return false;
    deliver<void>(receiver, receiver != nullptr, done,
                  fail(ErrorCode::Usage, tr("%1 is still learning in this project.").arg(QString::fromStdString(m_activeRun.name)).toStdString(), tr("Pause or stop it first.").toStdString()));
    return true;
}

void Bridge::openOnWriter(std::function<Result<std::unique_ptr<ProjectApi>>(const JobContext &)> open, QObject *receiver, Done<> done)
{
    if (refuseWhileRunning(receiver, done))
        return;
    const JobId id = m_nextJob++;
    m_writer.post(id, [this, id, open = std::move(open), done = std::move(done), target = QPointer<QObject>(receiver),
                        hasReceiver = receiver != nullptr](std::stop_token stop) {
        Result<std::unique_ptr<ProjectApi>> project = caught([&] { return open({*m_engine, progressOf(id), stop}); });
        Result<> result;
        std::shared_ptr<ProjectApi> opened;
        if (!project) {
            result = passError(project);
        } else {
            opened = std::move(*project);
            if (auto marked = opened->markInterruptedRuns(); !marked)
                result = passError(marked);
        }
        appendEnd(id);
        QMetaObject::invokeMethod(
            this,
            [this, opened = std::move(opened), result, target, hasReceiver, done]() mutable {
                if (result)
                    adoptProject(std::move(opened));
                if (done && (!hasReceiver || target))
                    done(result);
                else if (!done && !result)
                    report(result.error());
            },
            Qt::QueuedConnection);
    });
}

void Bridge::createProject(const std::filesystem::path &folder, QObject *receiver, Done<> done)
{
    openOnWriter([folder](const JobContext &context) { return context.engine.createProject(folder); }, receiver, std::move(done));
}

void Bridge::openProject(const std::filesystem::path &folder, QObject *receiver, Done<> done)
{
    if (m_project && folder.lexically_normal() == m_folder.lexically_normal()) { // it is open
        if (done)
            done({});
        return;
    }
    openOnWriter([folder](const JobContext &context) { return context.engine.openProject(folder, engine::Access::ReadWrite); }, receiver,
                 std::move(done));
}

void Bridge::createSampleProject(const std::filesystem::path &folder, QObject *receiver, Done<> done)
{
    openOnWriter([folder](const JobContext &context) { return context.engine.createSampleProject(folder, context.progress, context.stop); },
                 receiver, std::move(done));
}

// The writer goes over to the project by an order in its line: what was written before, for the project that was shown, still goes there.
void Bridge::adoptProject(std::shared_ptr<ProjectApi> opened)
{
    dropQueue();
    if (m_project) {
        stopServing();
        stopDrafting();
        m_project.reset();
        emit projectClosed();
    }
    const std::filesystem::path folder = opened->folder();
    m_writer.post(m_nextJob++, [this, opened = std::move(opened)](std::stop_token) {
        stopChecks();
        m_writerState.project = opened;
    });
    auto project = m_engine->openProject(folder, engine::Access::ReadOnly);
    if (!project) {
        closeWriter();
        report(project.error());
        return;
    }
    m_project = std::move(*project);
    m_folder = folder;
    for (auto &[worker, reader] : readers()) {
        worker.post(m_nextJob++, [this, folder, &reader = reader](std::stop_token) {
            reader.project.reset();
            if (auto own = m_engine->openProject(folder, engine::Access::ReadOnly))
                reader.project = std::move(*own);
        });
    }
    readQueue();
    emit projectOpened();
    emit undoChanged();
    emit runsChanged();
}

void Bridge::closeWriter()
{
    m_writer.post(m_nextJob++, [this](std::stop_token) {
        stopChecks();
        m_writerState.project.reset();
    });
}

void Bridge::closeProject()
{
    if (!m_project)
        return;
    dropQueue();
    stopServing();
    stopDrafting();
    m_project.reset();
    m_folder.clear();
    closeWriter();
    for (auto &[worker, reader] : readers())
        worker.post(m_nextJob++, [&reader = reader](std::stop_token) { reader.project.reset(); });
    emit projectClosed();
    emit undoChanged();
}

QString Bridge::settingText(const std::string &key, const QString &fallback) const
{
    const auto stored = m_project ? m_project->setting(key) : std::nullopt;
    if (!stored)
        return fallback;
    const auto json = nlohmann::json::parse(*stored, nullptr, false);
    if (json.is_string())
        return QString::fromStdString(json.get<std::string>());
    return json.is_primitive() && !json.is_null() && !json.is_discarded() ? QString::fromStdString(json.dump()) : fallback;
}

void Bridge::setSettingText(const std::string &key, const QString &value, Touched touched)
{
    write<void>(touched, nullptr,
                [key, json = nlohmann::json(value.toStdString()).dump()](ProjectApi &project, const JobContext &) {
                    return project.setSetting(key, json);
                },
                {});
}

std::string Bridge::baseModel() const
{
    return settingText("baseModel", QString::fromLatin1(engine::kDefaultModelName)).toStdString();
}

void Bridge::setBaseModel(const std::string &model)
{
    setSettingText("baseModel", QString::fromStdString(model));
}

// --- lens

Result<std::shared_ptr<const LensApi>> Bridge::lensFor(const std::string &model)
{
    if (m_fastState.lens && m_fastState.lensModel == model)
        return m_fastState.lens;
    auto lens = m_engine->openLens(model);
    if (!lens)
        return passError(lens);
    m_fastState.lens = *lens;
    m_fastState.lensModel = model;
    return *lens;
}

void Bridge::label(const data::Record &record, const data::RenderOptions &options, QObject *receiver, Done<data::LabelledTokens> done,
                   const std::string &purpose)
{
    withLens<data::LabelledTokens>(
        receiver, [record, options](const LensApi &lens) { return lens.label(record, options); }, std::move(done), "label " + purpose);
}

// --- records

void Bridge::afterWrite(Touched touched)
{
    switch (touched) {
    case Touched::Nothing: return;
    case Touched::Records:
        emit recordsChanged();
        emit snapshotsChanged(); // whether the newest one is current
        break;
    case Touched::Snapshots: emit snapshotsChanged(); break;
    case Touched::Runs: emit runsChanged(); break;
    case Touched::Prompts: emit promptsChanged(); break;
    case Touched::Settings: emit settingsChanged(); break;
    }
    emit undoChanged();
}

void Bridge::saveRecord(const data::Record &record, QObject *receiver, Done<> done)
{
    write<void>(Touched::Records, receiver, [record](ProjectApi &project, const JobContext &) { return project.saveRecord(record); },
                std::move(done));
}

void Bridge::setStatus(const std::vector<RecordId> &ids, data::RecordStatus status)
{
    write<void>(Touched::Records, nullptr, [=](ProjectApi &project, const JobContext &) { return project.setStatus(ids, status); }, {});
}

void Bridge::setSplit(const std::vector<RecordId> &ids, data::Split split)
{
    write<void>(Touched::Records, nullptr, [=](ProjectApi &project, const JobContext &) { return project.setSplit(ids, split); }, {});
}

void Bridge::addTag(const std::vector<RecordId> &ids, const std::string &tag)
{
    write<void>(Touched::Records, nullptr, [=](ProjectApi &project, const JobContext &) { return project.addTag(ids, tag); }, {});
}

void Bridge::removeTag(const std::vector<RecordId> &ids, const std::string &tag)
{
    write<void>(Touched::Records, nullptr, [=](ProjectApi &project, const JobContext &) { return project.removeTag(ids, tag); }, {});
}

void Bridge::deleteRecords(const std::vector<RecordId> &ids)
{
    write<void>(Touched::Records, nullptr, [=](ProjectApi &project, const JobContext &) { return project.deleteRecords(ids); }, {});
}

void Bridge::undo()
{
    write<engine::JournalEntry>(Touched::Records, nullptr, [](ProjectApi &project, const JobContext &) { return project.undo(); }, {});
}

void Bridge::redo()
{
    write<engine::JournalEntry>(Touched::Records, nullptr, [](ProjectApi &project, const JobContext &) { return project.redo(); }, {});
}

JobId Bridge::importFile(const std::filesystem::path &file, const data::ImportOptions &options, QObject *receiver,
                         Done<data::ImportReport> done)
{
    return write<data::ImportReport>(
        Touched::Records, receiver,
        [=](ProjectApi &project, const JobContext &context) { return project.importFile(file, options, context.progress, context.stop); },
        std::move(done));
}

JobId Bridge::previewImport(const std::filesystem::path &file, const data::ImportOptions &options, std::int64_t maxRows,
                            QObject *receiver, Done<data::ImportResult> done)
{
    return readSlowly<data::ImportResult>(
        receiver,
        // 0 rows asked for: all are counted, and only the first records are kept.
        [=](const ProjectApi *, const JobContext &context) { return context.engine.readRecords(file, options, maxRows, {}, context.stop); },
        std::move(done), "preview");
}

JobId Bridge::updateFindings(std::int64_t maxLength, QObject *receiver, Done<> done)
{
    const JobId id = m_nextJob++;
    const auto check = [this, maxLength, folder = m_folder, model = baseModel()](const JobContext &context) -> Result<> {
        // A handle of its own: the writer's stays free for edits.
        auto project = m_engine->openProject(folder, engine::Access::WriteBeside);
        if (!project)
            return passError(project);
        if (const auto found = (*project)->updateFindings(context.progress, context.stop); !found)
            return found;
        const auto lens = context.engine.openLens(model);
        if (!lens)
            return passError(lens);
        if (const auto measured = context.engine.measureLengths(**project, **lens, maxLength, context.progress, context.stop); !measured)
            return passError(measured);
        return {};
    };
    auto cancelled = cancelledAnswer<void>(receiver, receiver != nullptr, done);
    auto work = [this, id, check, done = std::move(done), target = QPointer<QObject>(receiver), hasReceiver = receiver != nullptr](std::stop_token stop) {
        Result<> result = caught([&] { return check({*m_engine, progressOf(id), stop}); });
        const bool isDone = result.has_value();
        deliver<void>(target, hasReceiver, done, std::move(result));
        appendEnd(id);
        if (isDone)
            QMetaObject::invokeMethod(this, [this] { afterWrite(Touched::Records); }, Qt::QueuedConnection);
    };
    // By way of the writer's line: while it goes over to another project, it stops the checks of the old one, not this one.
    m_writer.post(id, [this, id, work = std::move(work), cancelled](std::stop_token) {
        m_checkJob = id;
        m_checks.post(id, work, cancelled, "check");
    }, cancelled);
    return id;
}

void Bridge::stopChecks()
{
    // The handles beside the writer's must be closed before it.
    m_heavy.cancel(m_autopsyJob);
    while (!m_checks.isIdle() || m_hasAutopsyHandle) {
        m_checks.cancel(m_checkJob);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

void Bridge::freezeSnapshot(const engine::RecordFilter &filter, const engine::SplitShares &shares, QObject *receiver,
                            Done<engine::SnapshotInfo> done)
{
    write<engine::SnapshotInfo>(Touched::Records, receiver,
                                [=](ProjectApi &project, const JobContext &) { return project.freezeSnapshot(filter, shares); },
                                std::move(done));
}

} // namespace fettle::ui
