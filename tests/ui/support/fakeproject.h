// A project in memory, for GUI tests and pictures. Handles share one state, as handles share one database.
#pragma once

#include "ui/bridge/engineapi.h"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace fettle::ui {

struct FakeProjectState {
    std::recursive_mutex mutex;
    std::filesystem::path folder;
    std::map<std::string, std::string> settings;
    std::map<std::int64_t, data::Record> records;
    std::map<std::int64_t, std::int64_t> tokens; // by record
    std::map<std::int64_t, double> losses, baseLosses;
    std::map<std::int64_t, engine::AnswerDraft> drafts;
    std::int64_t maxLength = 0;
    std::vector<engine::SnapshotInfo> snapshots;
    std::map<std::int64_t, std::vector<data::Record>> snapshotRecords;
    std::int64_t snapshotCounter = -1; // changes at the newest snapshot
    std::vector<engine::RunInfo> runs, trashedRuns;
    std::int64_t bytesOfRun = 1'200'000'000;
    std::map<std::int64_t, std::vector<engine::MetricPoint>> metrics;
    std::map<std::int64_t, std::vector<engine::EvalPoint>> evals;
    std::map<std::int64_t, std::vector<engine::CheckpointInfo>> checkpoints;
    std::map<std::int64_t, data::RunProbes> probes; // by run
    std::map<std::int64_t, std::vector<engine::CurveNote>> curveNotes;
    std::map<std::int64_t, data::LossLedger> ledgers;
    std::map<std::int64_t, std::vector<engine::GeneralPoint>> general;
    std::vector<engine::SavedPrompt> prompts;
    std::vector<engine::HistoryEntry> history; // newest last
    std::vector<engine::BallotInfo> ballots;
    std::map<std::int64_t, std::vector<evaluate::BallotPair>> ballotPairs; // by ballot
    std::map<std::int64_t, std::vector<evaluate::BallotVote>> votes;
    std::optional<Error> voteError; // what a vote that is written gets
    struct Change { engine::JournalEntry entry; std::map<std::int64_t, data::Record> before, after; std::map<std::int64_t, engine::AnswerDraft> accepted; };
    std::vector<Change> done, undone;
    std::set<std::thread::id> undoReaders; // the threads that asked what can be taken back
    std::set<std::pair<std::int64_t, std::int64_t>> agreed; // contradictions that are none
    std::int64_t changes = 0;
    std::atomic<bool> areCountsHeld = false, areListsHeld = false; // who counts or searches waits until it is told to stop or this is over
    std::atomic<int> listsWaiting = 0, listsStopped = 0;
    int timesCounted = 0, timesListed = 0;
    std::int64_t nextRecord = 1;

    void add(std::vector<data::Record> added); // without a journal entry; gives ids
    void change(const std::string &what, std::int64_t count, const std::function<void()> &does);
    [[nodiscard]] std::map<std::int64_t, std::vector<engine::RecordFlag>> findings() const;
};

class FakeProject : public ProjectApi {
public:
    explicit FakeProject(std::shared_ptr<FakeProjectState> state) : m_state(std::move(state)) {}
    [[nodiscard]] FakeProjectState &state() const { return *m_state; }

    std::filesystem::path folder() const override;
    std::string name() const override;
    std::optional<std::string> setting(const std::string &key) const override;
    Result<> setSetting(const std::string &key, const std::string &value) override;
    Result<data::ImportReport> importFile(const std::filesystem::path &file, const data::ImportOptions &options,
                                          const ProgressCallback &progress, std::stop_token stop) override;
    Result<std::vector<RecordId>> addRecords(std::vector<data::Record> records, const std::string &what) override;
    Result<std::vector<RecordId>> recordIds(const engine::RecordFilter &filter, std::stop_token stop = {}) const override;
    Result<std::vector<engine::RecordRow>> recordRows(const std::vector<RecordId> &ids) const override;
    Result<data::Record> record(RecordId id) const override;
    Result<engine::RecordCounts> recordCounts(std::stop_token stop = {}) const override;
    Result<> saveRecord(const data::Record &record) override;
    Result<> setStatus(const std::vector<RecordId> &ids, data::RecordStatus status) override;
    Result<> setSplit(const std::vector<RecordId> &ids, data::Split split) override;
    Result<> setRating(const std::vector<RecordId> &ids, int rating) override;
    Result<> addTag(const std::vector<RecordId> &ids, const std::string &tag) override;
    Result<> removeTag(const std::vector<RecordId> &ids, const std::string &tag) override;
    Result<> deleteRecords(const std::vector<RecordId> &ids) override;
    Result<data::BulkPreview> previewChange(const data::BulkChange &change, const std::vector<RecordId> &ids, std::size_t shown,
                                            const ProgressCallback &progress, std::stop_token stop) const override;
    Result<std::int64_t> applyChange(const data::BulkChange &change, const std::vector<RecordId> &ids, const ProgressCallback &progress,
                                     std::stop_token stop) override;
    Result<std::vector<engine::RecordVersion>> deletedRecords(std::int64_t most) const override;
    Result<std::int64_t> restoreDeleted(const std::vector<RecordId> &ids) override;
    Result<std::vector<data::Turn>> questionTurns(const data::Record &record) const override;
    Result<> putDraft(RecordId id, const engine::AnswerDraft &draft) override;
    Result<std::optional<engine::AnswerDraft>> draft(RecordId id) const override;
    Result<std::int64_t> acceptDrafts(const std::vector<RecordId> &ids) override;
    Result<> discardDrafts(const std::vector<RecordId> &ids) override;
    Result<std::vector<data::MixGroup>> mixGroups(std::int64_t maxLength) const override;
    Result<data::SplitPlan> planSplits(const std::vector<RecordId> &ids, const data::SplitRule &rule, const ProgressCallback &progress,
                                       std::stop_token stop) const override;
    Result<> applySplits(const data::SplitPlan &plan) override;
    Result<data::DataExportReport> exportRecords(const std::vector<RecordId> &ids, data::DataFormat format, const std::filesystem::path &file,
                                                 const ProgressCallback &progress, std::stop_token stop) const override;
    Result<> nameSnapshot(SnapshotId id, const std::string &name) override;
    Result<data::SnapshotDiff> diffSnapshots(SnapshotId older, std::optional<SnapshotId> newer, std::size_t shown) const override;
    Result<std::int64_t> backToSnapshot(SnapshotId id, const ProgressCallback &progress, std::stop_token stop) override;
    std::optional<engine::JournalEntry> undoEntry() const override;
    std::optional<engine::JournalEntry> redoEntry() const override;
    Result<engine::JournalEntry> undo() override;
    Result<engine::JournalEntry> redo() override;
    Result<std::vector<engine::RecordVersion>> recordHistory(RecordId id) const override;
    Result<std::vector<engine::JournalEntry>> journal(std::int64_t newest) const override;
    std::int64_t changeCounter() const override;
    Result<std::vector<engine::Contradiction>> contradictions(std::stop_token stop) const override;
    Result<> setAgreement(const engine::Contradiction &pair, bool doAgree) override;
    Result<> mergeRecords(const data::Record &kept, RecordId other) override;
    Result<> updateFindings(const ProgressCallback &progress, std::stop_token stop) override;
    Result<engine::SnapshotInfo> freezeSnapshot(const engine::RecordFilter &filter, const engine::SplitShares &shares) override;
    Result<std::vector<engine::SnapshotInfo>> snapshots() const override;
    Result<std::vector<data::Record>> snapshotRecords(SnapshotId id, std::optional<data::Split> split) const override;
    Result<std::vector<engine::RunInfo>> runs() const override;
    Result<engine::RunInfo> run(RunId id) const override;
    Result<> deleteRun(RunId id) override;
    Result<> trashRun(RunId id) override;
    Result<> restoreRun(RunId id) override;
    Result<std::vector<engine::TrashedRun>> trashedRuns() const override;
    std::int64_t runBytes(RunId id) const override;
    Result<std::vector<engine::MetricPoint>> metrics(RunId id, std::int64_t afterStep) const override;
    Result<std::vector<engine::EvalPoint>> evals(RunId id) const override;
    Result<std::vector<engine::CheckpointInfo>> checkpoints(RunId id) const override;
    Result<std::int64_t> markInterruptedRuns() override;
    Result<> labelRun(RunId id, const engine::RunLabel &label) override;
    Result<engine::RunInfo> makeResult(RunId id, std::int64_t step) override;
    Result<data::RunProbes> probes(RunId id) const override;
    Result<std::vector<engine::CurveNote>> curveNotes(RunId id) const override;
    Result<engine::CurveNote> putCurveNote(RunId id, const engine::CurveNote &note) override;
    Result<> removeCurveNote(RunId id, std::int64_t note) override;
    Result<data::LossLedger> lossLedger(RunId id) const override;
    Result<std::vector<engine::GeneralPoint>> generalLosses(RunId id) const override;
    Result<std::vector<engine::SavedPrompt>> prompts() const override;
    Result<std::int64_t> savePrompt(const engine::SavedPrompt &prompt) override;
    Result<> deletePrompt(std::int64_t id) override;
    Result<std::vector<engine::HistoryEntry>> history(std::size_t most) const override;
    Result<engine::HistoryEntry> historyWords(const engine::HistoryEntry &entry) const override;
    Result<> addHistory(const engine::HistoryEntry &entry) override;
    Result<> removeHistory(const std::string &id) override;
    Result<engine::BallotInfo> addBallot(const engine::BallotInfo &ballot) override;
    Result<> addBallotPair(evaluate::BallotId ballot, const evaluate::BallotPair &pair) override;
    Result<> completeBallot(evaluate::BallotId ballot) override;
    Result<> deleteBallot(evaluate::BallotId ballot) override;
    Result<std::vector<engine::BallotInfo>> ballots() const override;
    Result<std::vector<evaluate::BallotPair>> ballotPairs(evaluate::BallotId ballot) const override;
    Result<std::vector<evaluate::BallotVote>> votes(evaluate::BallotId ballot) const override;
    Result<> putVote(evaluate::BallotId ballot, const evaluate::BallotVote &vote) override;
    Result<> takeBackVote(evaluate::BallotId ballot, std::int64_t position, const std::string &voter) override;
    Result<engine::BallotInfo> importVotes(const evaluate::BallotResult &result) override;

private:
    Result<> changeRecords(const std::vector<RecordId> &ids, const std::string &what, const std::function<void(data::Record &)> &does);

    std::shared_ptr<FakeProjectState> m_state;
};

} // namespace fettle::ui
