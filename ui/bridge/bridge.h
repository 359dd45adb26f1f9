// Between the window and the engine: owns the threads and the handles, takes jobs by value, gives finished values back on the GUI thread.
// Knows no widget. Everything public is called on the GUI thread.
//
//   engine      one heavy job at a time: runs, answers, exports. Answers are served between the steps of a run.
//   writer      the one that writes records, so that an edit never waits behind a run
//   checks      findings and token lengths: minutes on a large project, stored in short steps, so that an edit never waits behind them
//   fast        token lens and quick reads: typing never waits
//   lists       which records a list holds: what somebody waits for, so nothing else waits here
//   counts      how many there are of what: seconds on a large project, once for all pages that show it
//   background  slow reads: previews, plans, the model library, hashes
//   downloads   models from a hub: the only work that waits for a network
//   sensors     load, memory, temperature of the machine: a sensor that sleeps holds nobody up
#pragma once

#include "ui/bridge/engineapi.h"
#include "ui/bridge/eventbuffer.h"
#include "ui/bridge/worker.h"

#include "core/engine/runqueue.h"

#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>

#include <array>
#include <atomic>
#include <functional>
#include <memory>

namespace fettle::ui {

template <class T = void>
using Done = std::function<void(Result<T>)>;

// What a job sees beside its own arguments.
struct JobContext {
    EngineApi &engine;
    ProgressCallback progress; // shown in the status bar
    std::stop_token stop;
};

inline constexpr const char *kAnswerKey = "answer"; // jobs of the engine thread that are served between the steps of a run

// What a write touches, so that the window reads again what it shows.
enum class Touched { Nothing, Records, Snapshots, Runs, Prompts, Settings };

// The service for one's own programs, as it is now.
struct ServingState {
    bool isOn = false;
    engine::ServeAddress address; // empty url: it is starting
    std::string served;           // "base", "3", "3@40"
    int answered = 0, refused = 0;
    std::optional<Error> failure; // why it ended by itself
};

// The answers that a model proposes for records, as it is now.
struct DraftingState {
    bool isOn = false;
    QString author;
    std::int64_t done = 0, total = 0; // records that were looked at
    std::int64_t drafted = 0;
    RecordId current;  // that is being answered, and what is written so far
    std::string text;
    std::optional<Error> failure; // why it ended by itself
};

// How surprised a model is by each token of a record.
struct LensLosses {
    QString of;                // "Run 3", or empty: the base model
    std::vector<float> tokens; // nats, by token of the lens; NaN: none
};

// The model that is fetched from a hub, as it is now.
struct DownloadState {
    bool isOn = false;
    QString wanted; // "org/name", "org/name:Q4_K_M"
    Progress progress;              // bytes; total 0: the hub is still asked
    double bytesPerSecond = 0;      // 0: not known yet
    std::optional<Error> failure;   // why it ended by itself
    std::filesystem::path finished; // what is there now; empty: it did not end well, or has not ended
};

// The job that the status bar shows.
struct JobInfo {
    enum class Kind { None, Run, Answer, Export, Import, Other };
    JobId id = 0;
    Kind kind = Kind::None;
    QString title;  // "Run 8", "Import"
    QString detail; // "LoRA", "step 129 of 207", "Reading rows"
    double share = -1; // below 0: unknown
    double tokensPerSecond = 0;
    double secondsLeft = -1;
    bool canPause = false;
    bool canCancel = false;
};

// A run that waits for its turn.
struct QueuedRun {
    JobId job = 0;
    QString title;       // "New run", "Run 8"
    engine::RunInfo run; // what it will be; without a number where it is new
    engine::RunWish wish;
    bool isHeld = false; // kept from the last time: it begins when startHeldRuns is called
};

class Bridge : public QObject {
    Q_OBJECT

public:
    explicit Bridge(std::unique_ptr<EngineApi> engine, QObject *parent = nullptr);
    ~Bridge() override;

    // --- project
    void createProject(const std::filesystem::path &folder, QObject *receiver = nullptr, Done<> done = {});
    void openProject(const std::filesystem::path &folder, QObject *receiver = nullptr, Done<> done = {});
    void createSampleProject(const std::filesystem::path &folder, QObject *receiver = nullptr, Done<> done = {});
    void closeProject();
    // Read-only handle of the GUI thread; null while no project is open. For short reads by key only.
    [[nodiscard]] const ProjectApi *project() const { return m_project.get(); }
    [[nodiscard]] std::string baseModel() const; // of the project, else the default model
    void setBaseModel(const std::string &model);
    // A project setting that is a JSON string, number or boolean; fallback where it is not set.
    [[nodiscard]] QString settingText(const std::string &key, const QString &fallback = {}) const;
    // touched: Nothing where only the caller knows the setting.
    void setSettingText(const std::string &key, const QString &value, Touched touched = Touched::Settings);

    // --- reading off the GUI thread. project is null while none is open.
    template <class T>
    JobId read(QObject *receiver, std::function<Result<T>(const ProjectApi *project, const JobContext &)> job, Done<T> done,
               const std::string &replaceKey = {});
    template <class T>
    JobId readSlowly(QObject *receiver, std::function<Result<T>(const ProjectApi *project, const JobContext &)> job, Done<T> done,
                     const std::string &replaceKey = {});
    template <class T>
    JobId readList(QObject *receiver, std::function<Result<T>(const ProjectApi *project, const JobContext &)> job, Done<T> done,
                   const std::string &replaceKey = {});
    template <class T>
    JobId readCounts(QObject *receiver, std::function<Result<T>(const ProjectApi *project, const JobContext &)> job, Done<T> done,
                     const std::string &replaceKey = {});
    // The record as the model reads it. Only the newest of several waiting requests with the same purpose is answered.
    void label(const data::Record &record, const data::RenderOptions &options, QObject *receiver, Done<data::LabelledTokens> done,
               const std::string &purpose = "editor");
    // Works with the lens of the base model, for example to get token texts.
    template <class T>
    JobId withLens(QObject *receiver, std::function<Result<T>(const LensApi &)> job, Done<T> done, const std::string &replaceKey = {});

    // --- writing records: never behind a run. Errors without a receiver go to errorOccurred.
    template <class T>
    JobId write(Touched touched, QObject *receiver, std::function<Result<T>(ProjectApi &, const JobContext &)> job, Done<T> done);
    void saveRecord(const data::Record &record, QObject *receiver = nullptr, Done<> done = {});
    void setStatus(const std::vector<RecordId> &ids, data::RecordStatus status);
    void setSplit(const std::vector<RecordId> &ids, data::Split split);
    void addTag(const std::vector<RecordId> &ids, const std::string &tag);
    void removeTag(const std::vector<RecordId> &ids, const std::string &tag);
    void deleteRecords(const std::vector<RecordId> &ids);
    void undo();
    void redo();
    JobId importFile(const std::filesystem::path &file, const data::ImportOptions &options, QObject *receiver,
                     Done<data::ImportReport> done);
    JobId previewImport(const std::filesystem::path &file, const data::ImportOptions &options, std::int64_t maxRows, QObject *receiver,
                        Done<data::ImportResult> done);
    // Duplicates, contradictions, leaks ..., and token lengths against maxLength where a lens can be opened.
    // Runs beside the edits; of several that wait only the newest is done.
    JobId updateFindings(std::int64_t maxLength, QObject *receiver = nullptr, Done<> done = {});
    // What the base model makes of every record before any run; on the engine thread, behind a run.
    JobId runAutopsy(QObject *receiver, Done<data::AutopsySummary> done);
    void freezeSnapshot(const engine::RecordFilter &filter, const engine::SplitShares &shares, QObject *receiver,
                        Done<engine::SnapshotInfo> done);

    // --- models
    // The library, and what lies at or below each of the added paths; one that cannot be read is listed with its problem.
    JobId listModels(const std::vector<std::filesystem::path> &added, QObject *receiver, Done<std::vector<engine::Inspection>> done);
    // A model folder or file, or all that are found below a folder. Errors: those of inspect, where there is none.
    JobId modelsUnder(const std::filesystem::path &path, QObject *receiver, Done<std::vector<engine::Inspection>> done);
    JobId inspectModel(const std::filesystem::path &path, QObject *receiver, Done<engine::Inspection> done);
    JobId hashModel(const std::filesystem::path &path, QObject *receiver, Done<std::string> done);

    // One at a time, beside everything else; what has come is kept when it is stopped, and gone on from by the next start of the same name.
    void startDownload(const QString &wanted);
    void stopDownload();
    [[nodiscard]] const DownloadState &download() const { return m_download; }
    JobId listDownloads(QObject *receiver, Done<std::vector<engine::UnfinishedDownload>> done); // those that ended early
    JobId discardDownload(const QString &wanted, QObject *receiver, Done<std::int64_t> done);
    // Errors beside those of the engine: Usage where a run needs the model.
    JobId planRemoval(const std::filesystem::path &model, QObject *receiver, Done<engine::ModelRemoval> done);
    JobId removeModel(const std::filesystem::path &model, QObject *receiver, Done<std::int64_t> done);
    JobId readModelCard(const std::filesystem::path &model, QObject *receiver, Done<std::string> done); // newest wins
    JobId knownMemory(const std::filesystem::path &model, QObject *receiver, Done<engine::ModelMemory> done); // newest wins
    JobId measureMemory(const std::filesystem::path &model, QObject *receiver, Done<engine::ModelMemory> done); // behind a run

    // --- runs
    JobId planRun(const engine::TrainRequest &request, QObject *receiver, Done<engine::TrainPlan> done); // newest wins
    // Waits behind a run that goes on.
    JobId measureFit(const engine::TrainRequest &request, QObject *receiver, Done<engine::FitResult> done);
    JobId startRun(const engine::TrainRequest &request);
    JobId resumeRun(RunId run, const engine::ComputeOptions &compute, double epochs = 0); // epochs: another number of them; 0: as it is
    void pauseRun();   // the active one; ends with a complete checkpoint
    void stopRun(engine::RunControl::Wish wish); // StopAndKeep or StopAndDiscard
    void checkpointNow();
    void changeEpochs(double epochs); // of the active run, from its next step on; a notice says what came of it
    [[nodiscard]] bool isRunActive() const { return m_control != nullptr; }
    [[nodiscard]] RunId activeRun() const { return m_activeRun.id; }
    [[nodiscard]] const engine::RunInfo &activeRunInfo() const { return m_activeRun; }
    [[nodiscard]] int queuedRuns() const; // that begin by themselves
    // In the order in which they start. The project keeps them: those that wait when the program ends are held at its next start.
    [[nodiscard]] const std::vector<QueuedRun> &queue() const { return m_queue; }
    void startHeldRuns();
    void moveQueuedRun(JobId job, int places); // -1: one place earlier, 1: one later; out of the queue: cancel

    // --- answers: between the steps while a run goes on
    JobId generate(const std::string &model, const engine::GenerateRequest &request, QObject *receiver,
                   Done<std::vector<engine::ColumnResult>> done);
    // What one column makes of each answer, token by token: see engine::Playground::readAnswer.
    struct AnswerToRead { engine::GenerateRequest request; std::vector<TokenId> answer; };
    JobId readAnswers(const std::string &model, std::vector<AnswerToRead> answers, QObject *receiver, Done<std::vector<std::vector<engine::GeneratedToken>>> done);
    // With the newest run of the base model that has a result, else with the base model alone. Served between the steps of a run too.
    JobId tokenLosses(const data::Record &record, const data::RenderOptions &options, QObject *receiver, Done<LensLosses> done);
    JobId exportAdapter(const engine::ExportRequest &request, QObject *receiver, Done<engine::ExportResult> done);
    JobId examine(const std::string &adapter, QObject *receiver, Done<engine::ExamResult> done);

    // Why did it say that? adapter: RUN[@STEP]; conversation: with the answer. The index is read on demand; see engine::Playground.
    JobId indexRows(const std::string &adapter, QObject *receiver, Done<std::int64_t> done);
    JobId nearestRows(const std::string &adapter, const data::Record &conversation, std::size_t count, QObject *receiver, Done<std::vector<engine::NearRow>> done);

    // --- drafts: one record after the other, between the steps of a run too; each is kept beside its record as soon as it is written. Stopped
    // with the project; nothing happens while some are being drafted.
    void startDrafting(const engine::DraftWish &wish, std::vector<RecordId> ids);
    void stopDrafting();
    [[nodiscard]] const DraftingState &drafting() const { return m_drafting; }

    // --- one's own programs: off at the start, stopped with the project and the window. Their questions wait in the same line as the others.
    void startServing(const std::string &adapter);
    void stopServing();
    [[nodiscard]] const ServingState &serving() const { return m_serving; }

    // --- comparing: behind a run that goes on
    // Pairs are written to the project as they come and reach ready on the GUI thread; the ballot is complete when it is done.
    JobId prepareBallot(const engine::BallotInfo &ballot, QObject *receiver, std::function<void(const evaluate::BallotPair &)> ready,
                        Done<engine::BallotOutcome> done);
    // rows: what is asked, read on the engine thread.
    using RowsToAsk = std::function<Result<std::vector<data::Record>>(const ProjectApi &project, const JobContext &)>;
    JobId evaluate(const engine::EvaluationRequest &request, RowsToAsk rows, QObject *receiver, Done<engine::EvaluationResult> done);

    void cancel(JobId job);
    [[nodiscard]] const JobInfo &currentJob() const { return m_job; }
    [[nodiscard]] const engine::MachineFacts &machine() const { return m_machine; }
    // Work of any kind on the engine thread.
    template <class T>
    JobId work(const QString &title, JobInfo::Kind kind, QObject *receiver, std::function<Result<T>(const JobContext &)> job,
               Done<T> done);

signals:
    void projectOpened();
    void projectClosed();
    void recordsChanged();
    void snapshotsChanged();
    void runsChanged();
    void promptsChanged();
    void settingsChanged();
    void undoChanged();
    void errorOccurred(const fettle::Error &error);

    void runStateChanged(const fettle::engine::RunInfo &run);
    void metricsAppended(fettle::RunId run, const std::vector<fettle::engine::MetricPoint> &points, double secondsLeft);
    void evaluated(fettle::RunId run, const fettle::engine::EvalPoint &point);
    void generalMeasured(fettle::RunId run, const fettle::engine::GeneralPoint &point);
    void checkpointed(fettle::RunId run, const fettle::engine::CheckpointInfo &checkpoint);
    void probed(fettle::RunId run, qint64 step); // the probe prompts are answered at this step: ProjectApi::probes has them
    void runNoticed(fettle::RunId run, const QString &text); // what a run tells without ending: rows left out, a damaged checkpoint
    void runEnded(const fettle::engine::RunInfo &run); // exactly once for each start or resume

    void answerStarted(fettle::ui::JobId job, const std::vector<fettle::engine::ColumnBadge> &badges, qint64 promptTokens);
    void tokensGenerated(fettle::ui::JobId job, const std::vector<fettle::engine::GeneratedToken> &tokens);
    void columnFinished(fettle::ui::JobId job, int column, const fettle::engine::ColumnResult &result);

    void servingChanged();
    void downloadChanged();
    void draftingChanged();
    void draftWritten(fettle::RecordId record); // it is in the project
    void queueChanged();
    void jobChanged();
    void machineKnown();
    void gaugesRead(const fettle::engine::Gauges &gauges); // once a second

private:
    // Handles that live on one worker's thread.
    struct Writer { std::shared_ptr<ProjectApi> project; };
    struct Reader { std::unique_ptr<ProjectApi> project; std::shared_ptr<const LensApi> lens; std::string lensModel; };
    struct Heavy {
        std::unique_ptr<PlaygroundApi> playground;
        std::string playgroundModel;
        const engine::LiveRun *live = nullptr; // while answers are served between the steps of a run
        std::unique_ptr<TokenLossesApi> losses;
        std::string lossesKey; // of what it was opened with
    };

    struct DraftOrder;
    struct DraftStep;
    void draftNext(std::shared_ptr<const DraftOrder> order);
    [[nodiscard]] Result<DraftStep> draftOne(JobId job, const DraftOrder &order, std::size_t from, const std::stop_token &stop); // engine thread only
    void receiveDraft(JobId job, std::shared_ptr<const DraftOrder> order, Result<DraftStep> step);
    void endDrafting(std::optional<Error> failure);

    void append(Event event);
    void drain();
    void handle(Event &event);
    void adoptProject(std::shared_ptr<ProjectApi> opened);
    void closeWriter();
    void openOnWriter(std::function<Result<std::unique_ptr<ProjectApi>>(const JobContext &)> open, QObject *receiver, Done<> done);
    [[nodiscard]] bool refuseWhileRunning(QObject *receiver, const Done<> &done);
    void afterWrite(Touched touched);
    void report(const Error &error) { emit errorOccurred(error); }
    [[nodiscard]] Result<LensLosses> lossesOf(const data::Record &record, const data::RenderOptions &options, const std::string &model, const std::filesystem::path &folder,
                                              const JobContext &context); // engine thread only
    JobId enqueueRun(QueuedRun queued); // its number is given here
    void leaveQueue(JobId job);
    [[nodiscard]] QueuedRun titled(QueuedRun queued) const; // with what is shown of it
    void readQueue();
    void storeQueue();
    void dropQueue(); // another project comes: what waits stays kept in the one that goes
    void endRun(JobId job, const Result<engine::RunSummary> &result);
    void showJob(JobInfo job);
    void endJob(JobId job);
    // From any thread: ends the job behind the last progress that it reported, which would show it again.
    void appendEnd(JobId job) { append(CallEvent{[this, job] { endJob(job); }}); }
    void progressJob(JobId job, const Progress &progress);
    [[nodiscard]] std::array<std::pair<Worker &, Reader &>, 4> readers(); // those that read the open project
    [[nodiscard]] Result<std::shared_ptr<const LensApi>> lensFor(const std::string &model); // fast thread only
    [[nodiscard]] ProgressCallback progressOf(JobId job);
    // What a job of the caller's answers when it is cancelled while it waits.
    template <class T>
    [[nodiscard]] std::function<void()> cancelledAnswer(QPointer<QObject> receiver, bool hasReceiver, const Done<T> &done);
    template <class T>
    void deliver(QPointer<QObject> receiver, bool hasReceiver, Done<T> done, Result<T> result);
    template <class T>
    JobId readOn(Worker &worker, Reader &reader, QObject *receiver,
                 std::function<Result<T>(const ProjectApi *, const JobContext &)> job, Done<T> done, const std::string &replaceKey);
    using Answers = Result<std::vector<engine::ColumnResult>>;
    [[nodiscard]] Result<> usePlayground(JobId job, const std::string &model, std::stop_token stop); // heavy thread only
    // The playground ready, and the project that its requests name: null where the folder is empty. Heavy thread only.
    [[nodiscard]] Result<std::unique_ptr<ProjectApi>> readyToAnswer(JobId job, const std::string &model, const std::filesystem::path &folder, std::stop_token stop);
    [[nodiscard]] Answers answerNow(JobId job, const std::string &model, const std::filesystem::path &folder, const engine::GenerateRequest &request,
                                    const engine::GenerateEvents &events, std::stop_token stop); // heavy thread only
    [[nodiscard]] Answers answerProgram(const std::string &model, const std::filesystem::path &folder, const engine::GenerateRequest &request,
                                        const engine::GenerateEvents &events, std::stop_token stop); // from threads of the service
    void freeModels(); // heavy thread only
    void readGauges();
    struct ModelUse { std::string model; Error refusal; };
    [[nodiscard]] std::vector<ModelUse> modelUses() const; // by runs that learn or wait
    template <class T>
    JobId unlessInUse(const std::filesystem::path &model, QObject *receiver, std::function<Result<T>(const JobContext &)> job, Done<T> done);
    void stopChecks(); // from the writer's thread, before it closes its handle

    std::unique_ptr<EngineApi> m_engine;
    std::unique_ptr<ProjectApi> m_project; // GUI thread, read-only
    std::filesystem::path m_folder;
    Writer m_writerState;
    Reader m_fastState, m_listsState, m_countsState, m_backgroundState, m_sensorsState;
    Heavy m_heavyState;

    EventBuffer m_events;
    QTimer m_drainTimer, m_gaugeTimer;
    QElapsedTimer m_sinceDrain;

    JobInfo m_job;
    std::atomic<JobId> m_nextJob = 1; // the service counts too
    ServingState m_serving;
    JobId m_servingJob = 0;
    DraftingState m_drafting;
    JobId m_draftJob = 0;
    DownloadState m_download;
    JobId m_downloadJob = 0;
    std::shared_ptr<engine::RunControl> m_control; // of the active run
    engine::RunInfo m_activeRun;
    JobId m_runJob = 0;
    std::atomic<JobId> m_checkJob = 0, m_autopsyJob = 0;
    std::atomic<bool> m_hasAutopsyHandle = false;
    std::vector<QueuedRun> m_queue;
    std::optional<QueuedRun> m_starting;      // left the queue, and the project does not know the run yet
    std::optional<std::string> m_storedQueue; // as the project has it; none: no project's queue is known
    engine::MachineFacts m_machine;

    // Last, so that they end first.
    Worker m_background, m_counts, m_lists, m_fast, m_writer, m_checks, m_heavy, m_service, m_downloads, m_sensors;
};

} // namespace fettle::ui

#include "ui/bridge/bridgetemplates.h"
