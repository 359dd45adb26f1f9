// The calls of the engine that the window uses, as interfaces: the real engine stands behind realengine.cpp, tests put their own behind
// it. Names, meaning and errors are those of core/engine; nothing here knows Qt. Every object is used by one thread only.
#pragma once

#include "core/engine/autopsy.h"
#include "core/engine/ballot.h"
#include "core/engine/correction.h"
#include "core/engine/delivery.h"
#include "core/engine/drafting.h"
#include "core/engine/fit.h"
#include "core/engine/history.h"
#include "core/engine/lens.h"
#include "core/engine/machine.h"
#include "core/engine/methodmemory.h"
#include "core/engine/modelfiles.h"
#include "core/engine/models.h"
#include "core/engine/playground.h"
#include "core/engine/project.h"
#include "core/engine/race.h"
#include "core/engine/sample.h"
#include "core/engine/serve.h"
#include "core/engine/tokenlosses.h"
#include "core/engine/training.h"
#include "core/engine/webmodels.h"

#include <memory>

namespace fettle::ui {

class ProjectApi { // see engine::Project
public:
    virtual ~ProjectApi() = default;

    [[nodiscard]] virtual std::filesystem::path folder() const = 0;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual std::optional<std::string> setting(const std::string &key) const = 0;
    [[nodiscard]] virtual Result<> setSetting(const std::string &key, const std::string &value) = 0;

    [[nodiscard]] virtual Result<data::ImportReport> importFile(const std::filesystem::path &file, const data::ImportOptions &options,
                                                                const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<std::vector<RecordId>> addRecords(std::vector<data::Record> records, const std::string &what) = 0;
    [[nodiscard]] virtual Result<std::vector<RecordId>> recordIds(const engine::RecordFilter &filter, std::stop_token stop = {}) const = 0;
    [[nodiscard]] virtual Result<std::vector<engine::RecordRow>> recordRows(const std::vector<RecordId> &ids) const = 0;
    [[nodiscard]] virtual Result<data::Record> record(RecordId id) const = 0;
    [[nodiscard]] virtual Result<engine::RecordCounts> recordCounts(std::stop_token stop = {}) const = 0;
    [[nodiscard]] virtual Result<> saveRecord(const data::Record &record) = 0;
    [[nodiscard]] virtual Result<> setStatus(const std::vector<RecordId> &ids, data::RecordStatus status) = 0;
    [[nodiscard]] virtual Result<> setSplit(const std::vector<RecordId> &ids, data::Split split) = 0;
    [[nodiscard]] virtual Result<> setRating(const std::vector<RecordId> &ids, int rating) = 0;
    [[nodiscard]] virtual Result<> addTag(const std::vector<RecordId> &ids, const std::string &tag) = 0;
    [[nodiscard]] virtual Result<> removeTag(const std::vector<RecordId> &ids, const std::string &tag) = 0;
    [[nodiscard]] virtual Result<> deleteRecords(const std::vector<RecordId> &ids) = 0;
    [[nodiscard]] virtual Result<data::BulkPreview> previewChange(const data::BulkChange &change, const std::vector<RecordId> &ids, std::size_t shown,
                                                                  const ProgressCallback &progress, std::stop_token stop) const = 0;
    [[nodiscard]] virtual Result<std::int64_t> applyChange(const data::BulkChange &change, const std::vector<RecordId> &ids,
                                                           const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<std::vector<engine::RecordVersion>> deletedRecords(std::int64_t most) const = 0;
    [[nodiscard]] virtual Result<std::int64_t> restoreDeleted(const std::vector<RecordId> &ids) = 0;
    [[nodiscard]] virtual Result<std::vector<data::Turn>> questionTurns(const data::Record &record) const = 0;
    [[nodiscard]] virtual Result<> putDraft(RecordId id, const engine::AnswerDraft &draft) = 0;
    [[nodiscard]] virtual Result<std::optional<engine::AnswerDraft>> draft(RecordId id) const = 0;
    [[nodiscard]] virtual Result<std::int64_t> acceptDrafts(const std::vector<RecordId> &ids) = 0;
    [[nodiscard]] virtual Result<> discardDrafts(const std::vector<RecordId> &ids) = 0;
    [[nodiscard]] virtual Result<std::vector<data::MixGroup>> mixGroups(std::int64_t maxLength) const = 0;
    [[nodiscard]] virtual Result<data::SplitPlan> planSplits(const std::vector<RecordId> &ids, const data::SplitRule &rule,
                                                             const ProgressCallback &progress, std::stop_token stop) const = 0;
    [[nodiscard]] virtual Result<> applySplits(const data::SplitPlan &plan) = 0;
    [[nodiscard]] virtual Result<data::DataExportReport> exportRecords(const std::vector<RecordId> &ids, data::DataFormat format,
                                                                       const std::filesystem::path &file, const ProgressCallback &progress,
                                                                       std::stop_token stop) const = 0;
    [[nodiscard]] virtual Result<> nameSnapshot(SnapshotId id, const std::string &name) = 0;
    [[nodiscard]] virtual Result<data::SnapshotDiff> diffSnapshots(SnapshotId older, std::optional<SnapshotId> newer, std::size_t shown) const = 0;
    [[nodiscard]] virtual Result<std::int64_t> backToSnapshot(SnapshotId id, const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual std::optional<engine::JournalEntry> undoEntry() const = 0;
    [[nodiscard]] virtual std::optional<engine::JournalEntry> redoEntry() const = 0;
    [[nodiscard]] virtual Result<engine::JournalEntry> undo() = 0;
    [[nodiscard]] virtual Result<engine::JournalEntry> redo() = 0;
    [[nodiscard]] virtual Result<std::vector<engine::RecordVersion>> recordHistory(RecordId id) const = 0;
    [[nodiscard]] virtual Result<std::vector<engine::JournalEntry>> journal(std::int64_t newest) const = 0;
    [[nodiscard]] virtual std::int64_t changeCounter() const = 0;
    [[nodiscard]] virtual Result<std::vector<engine::Contradiction>> contradictions(std::stop_token stop) const = 0;
    [[nodiscard]] virtual Result<> setAgreement(const engine::Contradiction &pair, bool doAgree) = 0;
    [[nodiscard]] virtual Result<> mergeRecords(const data::Record &kept, RecordId other) = 0;
    [[nodiscard]] virtual Result<> updateFindings(const ProgressCallback &progress, std::stop_token stop) = 0;

    [[nodiscard]] virtual Result<engine::SnapshotInfo> freezeSnapshot(const engine::RecordFilter &filter,
                                                                      const engine::SplitShares &shares) = 0;
    [[nodiscard]] virtual Result<std::vector<engine::SnapshotInfo>> snapshots() const = 0;
    [[nodiscard]] virtual Result<std::vector<data::Record>> snapshotRecords(SnapshotId id, std::optional<data::Split> split) const = 0;

    [[nodiscard]] virtual Result<std::vector<engine::RunInfo>> runs() const = 0;
    [[nodiscard]] virtual Result<engine::RunInfo> run(RunId id) const = 0;
    [[nodiscard]] virtual Result<> deleteRun(RunId id) = 0;
    [[nodiscard]] virtual Result<> trashRun(RunId id) = 0;
    [[nodiscard]] virtual Result<> restoreRun(RunId id) = 0;
    [[nodiscard]] virtual Result<std::vector<engine::TrashedRun>> trashedRuns() const = 0;
    [[nodiscard]] virtual std::int64_t runBytes(RunId id) const = 0;
    [[nodiscard]] virtual Result<std::vector<engine::MetricPoint>> metrics(RunId id, std::int64_t afterStep) const = 0;
    [[nodiscard]] virtual Result<std::vector<engine::EvalPoint>> evals(RunId id) const = 0;
    [[nodiscard]] virtual Result<std::vector<engine::CheckpointInfo>> checkpoints(RunId id) const = 0;
    [[nodiscard]] virtual Result<std::int64_t> markInterruptedRuns() = 0;
    [[nodiscard]] virtual Result<> labelRun(RunId id, const engine::RunLabel &label) = 0;
    [[nodiscard]] virtual Result<engine::RunInfo> makeResult(RunId id, std::int64_t step) = 0;
    [[nodiscard]] virtual Result<data::RunProbes> probes(RunId id) const = 0;
    [[nodiscard]] virtual Result<std::vector<engine::CurveNote>> curveNotes(RunId id) const = 0;
    [[nodiscard]] virtual Result<engine::CurveNote> putCurveNote(RunId id, const engine::CurveNote &note) = 0;
    [[nodiscard]] virtual Result<> removeCurveNote(RunId id, std::int64_t note) = 0;
    [[nodiscard]] virtual Result<data::LossLedger> lossLedger(RunId id) const = 0;
    [[nodiscard]] virtual Result<std::vector<engine::GeneralPoint>> generalLosses(RunId id) const = 0;

    [[nodiscard]] virtual Result<std::vector<engine::SavedPrompt>> prompts() const = 0;
    [[nodiscard]] virtual Result<std::int64_t> savePrompt(const engine::SavedPrompt &prompt) = 0;
    [[nodiscard]] virtual Result<> deletePrompt(std::int64_t id) = 0;

    // --- what was asked in the playground
    [[nodiscard]] virtual Result<std::vector<engine::HistoryEntry>> history(std::size_t most) const = 0; // newest first
    [[nodiscard]] virtual Result<engine::HistoryEntry> historyWords(const engine::HistoryEntry &entry) const = 0; // see readHistoryWords
    [[nodiscard]] virtual Result<> addHistory(const engine::HistoryEntry &entry) = 0;
    [[nodiscard]] virtual Result<> removeHistory(const std::string &id) = 0;

    [[nodiscard]] virtual Result<engine::BallotInfo> addBallot(const engine::BallotInfo &ballot) = 0;
    [[nodiscard]] virtual Result<> addBallotPair(evaluate::BallotId ballot, const evaluate::BallotPair &pair) = 0;
    [[nodiscard]] virtual Result<> completeBallot(evaluate::BallotId ballot) = 0;
    [[nodiscard]] virtual Result<> deleteBallot(evaluate::BallotId ballot) = 0;
    [[nodiscard]] virtual Result<std::vector<engine::BallotInfo>> ballots() const = 0;
    [[nodiscard]] virtual Result<std::vector<evaluate::BallotPair>> ballotPairs(evaluate::BallotId ballot) const = 0;
    [[nodiscard]] virtual Result<std::vector<evaluate::BallotVote>> votes(evaluate::BallotId ballot) const = 0;
    [[nodiscard]] virtual Result<> putVote(evaluate::BallotId ballot, const evaluate::BallotVote &vote) = 0;
    [[nodiscard]] virtual Result<> takeBackVote(evaluate::BallotId ballot, std::int64_t position, const std::string &voter) = 0;
    [[nodiscard]] virtual Result<engine::BallotInfo> importVotes(const evaluate::BallotResult &result) = 0;
};

class LensApi { // see engine::Lens; immutable, usable from several threads
public:
    virtual ~LensApi() = default;
    [[nodiscard]] virtual Result<data::LabelledTokens> label(const data::Record &record, const data::RenderOptions &options) const = 0;
    [[nodiscard]] virtual Result<engine::TokenizeResult> tokenize(const std::string &text, bool parseSpecial) const = 0;
    [[nodiscard]] virtual std::string tokenText(TokenId id) const = 0;
    [[nodiscard]] virtual std::string modelName() const = 0;
};

class TokenLossesApi { // see engine::TokenLosses
public:
    virtual ~TokenLossesApi() = default;
    [[nodiscard]] virtual Result<std::vector<float>> of(const data::Record &record, const data::RenderOptions &options, std::stop_token stop) = 0;
};

class PlaygroundApi { // see engine::Playground
public:
    virtual ~PlaygroundApi() = default;
    [[nodiscard]] virtual Result<std::vector<engine::ColumnResult>> generate(const engine::GenerateRequest &request,
                                                                             const ProjectApi *project,
                                                                             const engine::GenerateEvents &events, std::stop_token stop,
                                                                             const engine::LiveRun *live) = 0;
    [[nodiscard]] virtual Result<std::vector<engine::GeneratedToken>> readAnswer(const engine::GenerateRequest &request, const std::vector<TokenId> &answer,
                                                                                 const ProjectApi *project, std::stop_token stop, const engine::LiveRun *live) = 0;
    [[nodiscard]] virtual Result<std::int64_t> indexRows(const std::string &adapter, const ProjectApi &project, const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<std::vector<engine::NearRow>> nearestRows(const std::string &adapter, const data::Record &conversation,
                                                                           const ProjectApi &project, std::size_t count, std::stop_token stop) = 0;
    [[nodiscard]] virtual std::string modelPath() const = 0;
};

class EngineApi {
public:
    virtual ~EngineApi() = default;

    // --- projects
    [[nodiscard]] virtual Result<std::unique_ptr<ProjectApi>> createProject(const std::filesystem::path &folder) = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<ProjectApi>> openProject(const std::filesystem::path &folder, engine::Access access) = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<ProjectApi>> createSampleProject(const std::filesystem::path &folder,
                                                                                  const ProgressCallback &progress,
                                                                                  std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<data::ImportResult> readRecords(const std::filesystem::path &file, const data::ImportOptions &options,
                                                                 std::optional<std::int64_t> maxRows,
                                                                 const ProgressCallback &progress, std::stop_token stop) = 0;

    // --- models
    [[nodiscard]] virtual Result<std::filesystem::path> resolveModel(const std::string &model) = 0;
    [[nodiscard]] virtual Result<engine::Inspection> inspect(const std::filesystem::path &path) = 0;
    [[nodiscard]] virtual Result<std::vector<engine::Inspection>> libraryModels(const std::vector<std::filesystem::path> &extraFolders,
                                                                                const ProgressCallback &progress,
                                                                                std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<std::string> modelHash(const std::filesystem::path &path, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::HubDownload> downloadModel(const std::string &wanted, const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual std::vector<engine::UnfinishedDownload> unfinishedDownloads() = 0;
    [[nodiscard]] virtual Result<std::int64_t> discardDownload(const std::string &wanted) = 0;
    [[nodiscard]] virtual Result<engine::ModelRemoval> planRemoval(const std::filesystem::path &model) = 0;
    [[nodiscard]] virtual Result<std::int64_t> removeModel(const std::filesystem::path &model) = 0;
    [[nodiscard]] virtual Result<std::string> readModelCard(const std::filesystem::path &model) = 0;
    [[nodiscard]] virtual Result<engine::ModelMemory> knownMemory(const std::filesystem::path &model, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::ModelMemory> measureMemory(const std::filesystem::path &model, const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<std::shared_ptr<const LensApi>> openLens(const std::string &model) = 0;
    [[nodiscard]] virtual Result<std::int64_t> measureLengths(ProjectApi &project, const LensApi &lens, std::int64_t maxLength,
                                                              const ProgressCallback &progress, std::stop_token stop) = 0;

    [[nodiscard]] virtual Result<data::AutopsySummary> runAutopsy(ProjectApi &project, const std::string &model, const ProgressCallback &progress,
                                                                  std::stop_token stop) = 0;

    // --- training
    [[nodiscard]] virtual Result<engine::MethodCost> methodCost(const std::string &model, const train::Recipe &recipe) = 0;
    [[nodiscard]] virtual Result<engine::TrainPlan> planRun(const ProjectApi &project, const engine::TrainRequest &request,
                                                            const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::FitResult> measureFit(const ProjectApi &project, const engine::FitRequest &request,
                                                               const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::RunSummary> trainRun(ProjectApi &project, const engine::TrainRequest &request,
                                                              const engine::RunEvents &events, const engine::RunControl *control,
                                                              std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::RunSummary> resumeRun(ProjectApi &project, RunId run, const engine::ComputeOptions &compute,
                                                               const engine::RunEvents &events, const engine::RunControl *control,
                                                               std::stop_token stop) = 0;
    // Runs one after the other share the base that they have in common; it is forgotten where something else needs the memory, and by this.
    virtual void forgetBase() = 0;
    [[nodiscard]] virtual Result<engine::Race> beginRace(ProjectApi &project, const engine::TrainRequest &common) = 0;
    [[nodiscard]] virtual Result<std::vector<engine::RaceStanding>> raceStandings(const ProjectApi &project, const std::string &tag) = 0;
    [[nodiscard]] virtual Result<> keepExactMatches(ProjectApi &project, const std::string &tag, const std::map<RunId, double> &shares) = 0;

    // --- answers and results
    [[nodiscard]] virtual Result<std::unique_ptr<PlaygroundApi>> openPlayground(const std::string &model,
                                                                                const engine::ComputeOptions &compute,
                                                                                const ProgressCallback &progress,
                                                                                std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<TokenLossesApi>> openTokenLosses(const std::string &model, const std::string &adapter, const ProjectApi *project,
                                                                                  const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::ExportResult> exportAdapter(const engine::ExportRequest &request, const ProjectApi *project,
                                                                     const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::CorrectionTrial> tryCorrection(const engine::CorrectionRequest &request, const ProjectApi *project,
                                                                        const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::ExamResult> examine(const std::string &model, const std::string &adapter,
                                                             const ProjectApi &project, const engine::ComputeOptions &compute,
                                                             const ProgressCallback &progress, std::stop_token stop) = 0;

    // Serves one's own programs until stopped; the answerer is called on threads of the service.
    [[nodiscard]] virtual Result<> serve(const engine::ServeOptions &options, const engine::Answerer &answerer, const engine::ServeEvents &events, std::stop_token stop) = 0;

    // --- comparing: ready is called on the thread of the call
    [[nodiscard]] virtual Result<engine::BallotOutcome> prepareBallot(const engine::BallotInfo &ballot, const std::string &model,
                                                                      const ProjectApi &project, const engine::PairCallback &ready,
                                                                      const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::EvaluationResult> evaluateRecords(const engine::EvaluationRequest &request, const ProjectApi &project,
                                                                           const ProgressCallback &progress, std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<> writeFile(const std::filesystem::path &file, std::string_view bytes) = 0;
    [[nodiscard]] virtual Result<> writeEvaluation(const evaluate::Comparison &comparison, const std::filesystem::path &file) = 0;

    // --- machine
    [[nodiscard]] virtual engine::MachineFacts machineFacts() = 0;
    [[nodiscard]] virtual engine::MemoryUse memoryUse() = 0;
    [[nodiscard]] virtual engine::Gauges gauges(const std::filesystem::path &folder) = 0; // one thread at a time; see engine::GaugeReader
    [[nodiscard]] virtual std::int64_t freeDiskBytes(const std::filesystem::path &folder) = 0;
    [[nodiscard]] virtual std::vector<engine::Check> doctor() = 0;
};

} // namespace fettle::ui
