// Forwards each call of the interfaces to core/engine. See realengine.h.
#include "ui/bridge/realengine.h"

namespace fettle::ui {

namespace {

class RealProject : public ProjectApi {
public:
    explicit RealProject(engine::Project project) : m_project(std::move(project)) {}

    engine::Project &project() { return m_project; }
    const engine::Project &project() const { return m_project; }

    std::filesystem::path folder() const override { return m_project.folder(); }
    std::string name() const override { return m_project.name(); }
    std::optional<std::string> setting(const std::string &key) const override { return m_project.setting(key); }
    Result<std::vector<engine::HistoryEntry>> history(std::size_t most) const override { return engine::readHistory(m_project.folder(), most); }
    Result<engine::HistoryEntry> historyWords(const engine::HistoryEntry &entry) const override { return engine::readHistoryWords(m_project.folder(), entry); }
    Result<> addHistory(const engine::HistoryEntry &entry) override { return engine::addHistory(m_project.folder(), entry); }
    Result<> removeHistory(const std::string &id) override { return engine::removeHistory(m_project.folder(), id); }
    Result<> setSetting(const std::string &key, const std::string &value) override { return m_project.setSetting(key, value); }
    Result<data::ImportReport> importFile(const std::filesystem::path &file, const data::ImportOptions &options,
                                          const ProgressCallback &progress, std::stop_token stop) override
    {
        return m_project.importFile(file, options, progress, stop);
    }
    Result<std::vector<RecordId>> addRecords(std::vector<data::Record> records, const std::string &what) override
    {
        return m_project.addRecords(std::move(records), what);
    }
    Result<std::vector<RecordId>> recordIds(const engine::RecordFilter &filter, std::stop_token stop) const override { return m_project.recordIds(filter, std::move(stop)); }
    Result<std::vector<engine::RecordRow>> recordRows(const std::vector<RecordId> &ids) const override
    {
        return m_project.recordRows(ids);
    }
    Result<data::Record> record(RecordId id) const override { return m_project.record(id); }
    Result<engine::RecordCounts> recordCounts(std::stop_token stop) const override { return m_project.recordCounts(std::move(stop)); }
    Result<> saveRecord(const data::Record &record) override { return m_project.saveRecord(record); }
    Result<> setStatus(const std::vector<RecordId> &ids, data::RecordStatus status) override { return m_project.setStatus(ids, status); }
    Result<> setSplit(const std::vector<RecordId> &ids, data::Split split) override { return m_project.setSplit(ids, split); }
    Result<> setRating(const std::vector<RecordId> &ids, int rating) override { return m_project.setRating(ids, rating); }
    Result<> addTag(const std::vector<RecordId> &ids, const std::string &tag) override { return m_project.addTag(ids, tag); }
    Result<> removeTag(const std::vector<RecordId> &ids, const std::string &tag) override { return m_project.removeTag(ids, tag); }
    Result<> deleteRecords(const std::vector<RecordId> &ids) override { return m_project.deleteRecords(ids); }
    Result<data::BulkPreview> previewChange(const data::BulkChange &change, const std::vector<RecordId> &ids, std::size_t shown,
                                            const ProgressCallback &progress, std::stop_token stop) const override
    {
        return m_project.previewChange(change, ids, shown, progress, stop);
    }
    Result<std::int64_t> applyChange(const data::BulkChange &change, const std::vector<RecordId> &ids, const ProgressCallback &progress,
                                     std::stop_token stop) override
    {
        return m_project.applyChange(change, ids, progress, stop);
    }
    Result<std::vector<engine::RecordVersion>> deletedRecords(std::int64_t most) const override { return m_project.deletedRecords(most); }
    Result<std::int64_t> restoreDeleted(const std::vector<RecordId> &ids) override { return m_project.restoreDeleted(ids); }
    Result<std::vector<data::Turn>> questionTurns(const data::Record &record) const override { return m_project.questionTurns(record); }
    Result<> putDraft(RecordId id, const engine::AnswerDraft &draft) override { return m_project.putDraft(id, draft); }
    Result<std::optional<engine::AnswerDraft>> draft(RecordId id) const override { return m_project.draft(id); }
    Result<std::int64_t> acceptDrafts(const std::vector<RecordId> &ids) override { return m_project.acceptDrafts(ids); }
    Result<> discardDrafts(const std::vector<RecordId> &ids) override { return m_project.discardDrafts(ids); }
    Result<std::vector<data::MixGroup>> mixGroups(std::int64_t maxLength) const override { return m_project.mixGroups(maxLength); }
    Result<data::SplitPlan> planSplits(const std::vector<RecordId> &ids, const data::SplitRule &rule, const ProgressCallback &progress,
                                       std::stop_token stop) const override
    {
        return m_project.planSplits(ids, rule, progress, stop);
    }
    Result<> applySplits(const data::SplitPlan &plan) override { return m_project.applySplits(plan); }
    Result<data::DataExportReport> exportRecords(const std::vector<RecordId> &ids, data::DataFormat format, const std::filesystem::path &file,
                                                 const ProgressCallback &progress, std::stop_token stop) const override
    {
        return m_project.exportRecords(ids, format, file, progress, stop);
    }
    Result<> nameSnapshot(SnapshotId id, const std::string &name) override { return m_project.nameSnapshot(id, name); }
    Result<data::SnapshotDiff> diffSnapshots(SnapshotId older, std::optional<SnapshotId> newer, std::size_t shown) const override
    {
        return m_project.diffSnapshots(older, newer, shown);
    }
    Result<std::int64_t> backToSnapshot(SnapshotId id, const ProgressCallback &progress, std::stop_token stop) override { return m_project.backToSnapshot(id, progress, stop); }
    std::optional<engine::JournalEntry> undoEntry() const override { return m_project.undoEntry(); }
    std::optional<engine::JournalEntry> redoEntry() const override { return m_project.redoEntry(); }
    Result<engine::JournalEntry> undo() override { return m_project.undo(); }
    Result<engine::JournalEntry> redo() override { return m_project.redo(); }
    Result<std::vector<engine::RecordVersion>> recordHistory(RecordId id) const override { return m_project.recordHistory(id); }
    Result<std::vector<engine::JournalEntry>> journal(std::int64_t newest) const override { return m_project.journal(newest); }
    std::int64_t changeCounter() const override { return m_project.changeCounter(); }
    Result<std::vector<engine::Contradiction>> contradictions(std::stop_token stop) const override { return m_project.contradictions(stop); }
    Result<> setAgreement(const engine::Contradiction &pair, bool doAgree) override { return m_project.setAgreement(pair, doAgree); }
    Result<> mergeRecords(const data::Record &kept, RecordId other) override { return m_project.mergeRecords(kept, other); }
    Result<> updateFindings(const ProgressCallback &progress, std::stop_token stop) override
    {
        return m_project.updateFindings(progress, stop);
    }
    Result<engine::SnapshotInfo> freezeSnapshot(const engine::RecordFilter &filter, const engine::SplitShares &shares) override
    {
        return m_project.freezeSnapshot(filter, shares);
    }
    Result<std::vector<engine::SnapshotInfo>> snapshots() const override { return m_project.snapshots(); }
    Result<std::vector<data::Record>> snapshotRecords(SnapshotId id, std::optional<data::Split> split) const override
    {
        return m_project.snapshotRecords(id, split);
    }
    Result<std::vector<engine::RunInfo>> runs() const override { return m_project.runs(); }
    Result<engine::RunInfo> run(RunId id) const override { return m_project.run(id); }
    Result<> deleteRun(RunId id) override { return m_project.deleteRun(id); }
    Result<> trashRun(RunId id) override { return m_project.trashRun(id); }
    Result<> restoreRun(RunId id) override { return m_project.restoreRun(id); }
    Result<std::vector<engine::TrashedRun>> trashedRuns() const override { return m_project.trashedRuns(); }
    std::int64_t runBytes(RunId id) const override { return m_project.runBytes(id); }
    Result<std::vector<engine::MetricPoint>> metrics(RunId id, std::int64_t afterStep) const override
    {
        return m_project.metrics(id, afterStep);
    }
    Result<std::vector<engine::EvalPoint>> evals(RunId id) const override { return m_project.evals(id); }
    Result<std::vector<engine::CheckpointInfo>> checkpoints(RunId id) const override { return m_project.checkpoints(id); }
    Result<std::int64_t> markInterruptedRuns() override { return m_project.markInterruptedRuns(); }
    Result<> labelRun(RunId id, const engine::RunLabel &label) override { return m_project.labelRun(id, label); }
    Result<engine::RunInfo> makeResult(RunId id, std::int64_t step) override { return m_project.makeResult(id, step); }
    Result<data::RunProbes> probes(RunId id) const override { return m_project.probes(id); }
    Result<std::vector<engine::CurveNote>> curveNotes(RunId id) const override { return m_project.curveNotes(id); }
    Result<engine::CurveNote> putCurveNote(RunId id, const engine::CurveNote &note) override { return m_project.putCurveNote(id, note); }
    Result<> removeCurveNote(RunId id, std::int64_t note) override { return m_project.removeCurveNote(id, note); }
    Result<data::LossLedger> lossLedger(RunId id) const override { return m_project.lossLedger(id); }
    Result<std::vector<engine::GeneralPoint>> generalLosses(RunId id) const override { return m_project.generalLosses(id); }
    Result<std::vector<engine::SavedPrompt>> prompts() const override { return m_project.prompts(); }
    Result<std::int64_t> savePrompt(const engine::SavedPrompt &prompt) override { return m_project.savePrompt(prompt); }
    Result<> deletePrompt(std::int64_t id) override { return m_project.deletePrompt(id); }
    Result<engine::BallotInfo> addBallot(const engine::BallotInfo &ballot) override { return m_project.addBallot(ballot); }
    Result<> addBallotPair(evaluate::BallotId ballot, const evaluate::BallotPair &pair) override { return m_project.addBallotPair(ballot, pair); }
    Result<> completeBallot(evaluate::BallotId ballot) override { return m_project.completeBallot(ballot); }
    Result<> deleteBallot(evaluate::BallotId ballot) override { return m_project.deleteBallot(ballot); }
    Result<std::vector<engine::BallotInfo>> ballots() const override { return m_project.ballots(); }
    Result<std::vector<evaluate::BallotPair>> ballotPairs(evaluate::BallotId ballot) const override { return m_project.ballotPairs(ballot); }
    Result<std::vector<evaluate::BallotVote>> votes(evaluate::BallotId ballot) const override { return m_project.votes(ballot); }
    Result<> putVote(evaluate::BallotId ballot, const evaluate::BallotVote &vote) override { return m_project.putVote(ballot, vote); }
    Result<> takeBackVote(evaluate::BallotId ballot, std::int64_t position, const std::string &voter) override
    {
        return m_project.takeBackVote(ballot, position, voter);
    }
    Result<engine::BallotInfo> importVotes(const evaluate::BallotResult &result) override { return m_project.importVotes(result); }

private:
    engine::Project m_project;
};

// Every ProjectApi that reaches this engine was made by it.
engine::Project &unwrap(ProjectApi &project)
{
    return static_cast<RealProject &>(project).project();
}
const engine::Project &unwrap(const ProjectApi &project)
{
    return static_cast<const RealProject &>(project).project();
}
const engine::Project *unwrap(const ProjectApi *project)
{
    return project ? &unwrap(*project) : nullptr;
}

Result<std::unique_ptr<ProjectApi>> wrap(Result<engine::Project> project)
{
    if (!project)
        return passError(project);
    return std::make_unique<RealProject>(std::move(*project));
}

class RealLens : public LensApi {
public:
    explicit RealLens(std::shared_ptr<const engine::Lens> lens) : m_lens(std::move(lens)) {}
    const engine::Lens &lens() const { return *m_lens; }

    Result<data::LabelledTokens> label(const data::Record &record, const data::RenderOptions &options) const override
    {
        return m_lens->label(record, options);
    }
    Result<engine::TokenizeResult> tokenize(const std::string &text, bool parseSpecial) const override
    {
        return m_lens->tokenize(text, parseSpecial);
    }
    std::string tokenText(TokenId id) const override { return m_lens->tokenText(id); }
    std::string modelName() const override { return m_lens->modelName(); }

private:
    std::shared_ptr<const engine::Lens> m_lens;
};

class RealTokenLosses : public TokenLossesApi {
public:
    explicit RealTokenLosses(std::unique_ptr<engine::TokenLosses> losses) : m_losses(std::move(losses)) {}
    Result<std::vector<float>> of(const data::Record &record, const data::RenderOptions &options, std::stop_token stop) override
    {
        return m_losses->of(record, options, stop);
    }

private:
    std::unique_ptr<engine::TokenLosses> m_losses;
};

class RealPlayground : public PlaygroundApi {
public:
    explicit RealPlayground(std::unique_ptr<engine::Playground> playground) : m_playground(std::move(playground)) {}

    Result<std::vector<engine::ColumnResult>> generate(const engine::GenerateRequest &request, const ProjectApi *project,
                                                       const engine::GenerateEvents &events, std::stop_token stop,
                                                       const engine::LiveRun *live) override
    {
        return m_playground->generate(request, unwrap(project), events, stop, live);
    }
    Result<std::vector<engine::GeneratedToken>> readAnswer(const engine::GenerateRequest &request, const std::vector<TokenId> &answer, const ProjectApi *project,
                                                           std::stop_token stop, const engine::LiveRun *live) override
    {
        return m_playground->readAnswer(request, answer, unwrap(project), stop, live);
    }
    Result<std::int64_t> indexRows(const std::string &adapter, const ProjectApi &project, const ProgressCallback &progress, std::stop_token stop) override
    {
        return m_playground->indexRows(adapter, unwrap(project), progress, stop);
    }
    Result<std::vector<engine::NearRow>> nearestRows(const std::string &adapter, const data::Record &conversation, const ProjectApi &project, std::size_t count,
                                                     std::stop_token stop) override
    {
        return m_playground->nearestRows(adapter, conversation, unwrap(project), count, stop);
    }
    std::string modelPath() const override { return m_playground->modelPath(); }

private:
    std::unique_ptr<engine::Playground> m_playground;
};

class RealEngine : public EngineApi {
public:
    Result<std::unique_ptr<ProjectApi>> createProject(const std::filesystem::path &folder) override
    {
        return wrap(engine::Project::create(folder));
    }
    Result<std::unique_ptr<ProjectApi>> openProject(const std::filesystem::path &folder, engine::Access access) override
    {
        return wrap(engine::Project::open(folder, access));
    }
    Result<std::unique_ptr<ProjectApi>> createSampleProject(const std::filesystem::path &folder, const ProgressCallback &progress,
                                                            std::stop_token stop) override
    {
        return wrap(engine::createSampleProject(folder, progress, stop));
    }
    Result<data::ImportResult> readRecords(const std::filesystem::path &file, const data::ImportOptions &options,
                                           std::optional<std::int64_t> maxRows, const ProgressCallback &progress,
                                           std::stop_token stop) override
    {
        return data::readRecords(file, options, maxRows, progress, stop);
    }
    Result<std::filesystem::path> resolveModel(const std::string &model) override { return engine::resolveModel(model); }
    Result<engine::Inspection> inspect(const std::filesystem::path &path) override { return engine::inspect(path); }
    Result<std::vector<engine::Inspection>> libraryModels(const std::vector<std::filesystem::path> &extraFolders,
                                                          const ProgressCallback &progress, std::stop_token stop) override
    {
        return engine::libraryModels(extraFolders, progress, stop);
    }
    Result<std::string> modelHash(const std::filesystem::path &path, std::stop_token stop) override
    {
        return engine::modelHash(path, stop);
    }
    Result<engine::HubDownload> downloadModel(const std::string &wanted, const ProgressCallback &progress, std::stop_token stop) override
    {
        return engine::downloadModel(wanted, progress, std::move(stop));
    }
    std::vector<engine::UnfinishedDownload> unfinishedDownloads() override { return engine::unfinishedDownloads(); }
    Result<std::int64_t> discardDownload(const std::string &wanted) override { return engine::discardDownload(wanted); }
    Result<engine::ModelRemoval> planRemoval(const std::filesystem::path &model) override { return engine::planRemoval(model); }
    Result<std::int64_t> removeModel(const std::filesystem::path &model) override { return engine::removeModel(model); }
    Result<std::string> readModelCard(const std::filesystem::path &model) override { return engine::readModelCard(model); }
    Result<engine::ModelMemory> knownMemory(const std::filesystem::path &model, std::stop_token stop) override { return engine::knownMemory(model, std::move(stop)); }
    Result<engine::ModelMemory> measureMemory(const std::filesystem::path &model, const ProgressCallback &progress, std::stop_token stop) override
    {
        return engine::measureMemory(model, progress, std::move(stop));
    }
    Result<std::shared_ptr<const LensApi>> openLens(const std::string &model) override
    {
        auto lens = engine::Lens::open(model);
        if (!lens)
            return passError(lens);
        return std::make_shared<const RealLens>(std::move(*lens));
    }
    Result<std::int64_t> measureLengths(ProjectApi &project, const LensApi &lens, std::int64_t maxLength,
                                        const ProgressCallback &progress, std::stop_token stop) override
    {
        return engine::measureLengths(unwrap(project), static_cast<const RealLens &>(lens).lens(), maxLength, progress, stop);
    }
    Result<data::AutopsySummary> runAutopsy(ProjectApi &project, const std::string &model, const ProgressCallback &progress, std::stop_token stop) override
    {
        return engine::runAutopsy(unwrap(project), model, {}, progress, stop);
    }
    Result<engine::MethodCost> methodCost(const std::string &model, const train::Recipe &recipe) override { return engine::methodCost(model, recipe); }
    Result<engine::TrainPlan> planRun(const ProjectApi &project, const engine::TrainRequest &request,
                                      const ProgressCallback &progress, std::stop_token stop) override
    {
        return engine::planRun(unwrap(project), request, progress, stop);
    }
    Result<engine::FitResult> measureFit(const ProjectApi &project, const engine::FitRequest &request, const ProgressCallback &progress,
                                         std::stop_token stop) override
    {
        return engine::measureFit(&unwrap(project), request, progress, stop);
    }
    Result<engine::RunSummary> trainRun(ProjectApi &project, const engine::TrainRequest &request, const engine::RunEvents &events,
                                        const engine::RunControl *control, std::stop_token stop) override
    {
        return engine::trainRun(unwrap(project), request, events, control, stop, &m_base);
    }
    void forgetBase() override { m_base.clear(); }
    Result<engine::Race> beginRace(ProjectApi &project, const engine::TrainRequest &common) override { return engine::beginRace(unwrap(project), common); }
    Result<std::vector<engine::RaceStanding>> raceStandings(const ProjectApi &project, const std::string &tag) override { return engine::raceStandings(unwrap(project), tag); }
    Result<> keepExactMatches(ProjectApi &project, const std::string &tag, const std::map<RunId, double> &shares) override
    {
        return engine::keepExactMatches(unwrap(project), tag, shares);
    }
    Result<engine::RunSummary> resumeRun(ProjectApi &project, RunId run, const engine::ComputeOptions &compute,
                                         const engine::RunEvents &events, const engine::RunControl *control,
                                         std::stop_token stop) override
    {
        return engine::resumeRun(unwrap(project), run, compute, events, control, stop, &m_base);
    }
    Result<std::unique_ptr<PlaygroundApi>> openPlayground(const std::string &model, const engine::ComputeOptions &compute,
                                                          const ProgressCallback &progress, std::stop_token stop) override
    {
        auto playground = engine::Playground::open(model, compute, progress, stop);
        if (!playground)
            return passError(playground);
        return std::make_unique<RealPlayground>(std::move(*playground));
    }
    Result<std::unique_ptr<TokenLossesApi>> openTokenLosses(const std::string &model, const std::string &adapter, const ProjectApi *project,
                                                            const ProgressCallback &progress, std::stop_token stop) override
    {
        auto losses = engine::TokenLosses::open(model, adapter, unwrap(project), {}, progress, stop);
        if (!losses)
            return passError(losses);
        return std::make_unique<RealTokenLosses>(std::move(*losses));
    }
    Result<engine::CorrectionTrial> tryCorrection(const engine::CorrectionRequest &request, const ProjectApi *project, const ProgressCallback &progress,
                                                  std::stop_token stop) override
    {
        return engine::tryCorrection(request, unwrap(project), progress, stop);
    }
    Result<engine::ExportResult> exportAdapter(const engine::ExportRequest &request, const ProjectApi *project,
                                               const ProgressCallback &progress, std::stop_token stop) override
    {
        return engine::exportAdapter(request, unwrap(project), progress, stop);
    }
    Result<engine::ExamResult> examine(const std::string &model, const std::string &adapter, const ProjectApi &project,
                                       const engine::ComputeOptions &compute, const ProgressCallback &progress,
                                       std::stop_token stop) override
    {
        return engine::examine(model, adapter, unwrap(project), compute, progress, stop);
    }
    Result<> serve(const engine::ServeOptions &options, const engine::Answerer &answerer, const engine::ServeEvents &events, std::stop_token stop) override
    {
        return engine::serveWith(options, answerer, events, std::move(stop));
    }
    Result<engine::BallotOutcome> prepareBallot(const engine::BallotInfo &ballot, const std::string &model, const ProjectApi &project,
                                                const engine::PairCallback &ready, const ProgressCallback &progress,
                                                std::stop_token stop) override
    {
        return engine::prepareBallot(ballot, model, unwrap(project), {}, ready, progress, stop);
    }
    Result<engine::EvaluationResult> evaluateRecords(const engine::EvaluationRequest &request, const ProjectApi &project,
                                                     const ProgressCallback &progress, std::stop_token stop) override
    {
        return engine::evaluateRecords(request, &unwrap(project), progress, stop);
    }
    Result<> writeFile(const std::filesystem::path &file, std::string_view bytes) override { return engine::writeFile(file, bytes); }
    Result<> writeEvaluation(const evaluate::Comparison &comparison, const std::filesystem::path &file) override
    {
        return engine::writeEvaluation(comparison, {}, file);
    }
    engine::MachineFacts machineFacts() override { return engine::machineFacts(); }
    engine::MemoryUse memoryUse() override { return engine::memoryUse(); }
    engine::Gauges gauges(const std::filesystem::path &folder) override { return m_gauges.read(folder); }
    std::int64_t freeDiskBytes(const std::filesystem::path &folder) override { return engine::freeDiskBytes(folder); }
    std::vector<engine::Check> doctor() override { return engine::doctor(); }

private:
    engine::GaugeReader m_gauges;
    engine::KeptBase m_base; // thread of the runs
};

} // namespace

std::unique_ptr<EngineApi> makeRealEngine()
{
    return std::make_unique<RealEngine>();
}

} // namespace fettle::ui
