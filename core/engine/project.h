// A project folder (<name>.fettle/) as the window and the command line see it: records with unlimited undo, snapshots, runs, prompts.
// Values in, values out. One writer (engine thread) and any number of read-only handles (one for each thread that reads) on the same
// project.db; a handle never changes thread.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/autopsy.h"
#include "core/data/bulkchange.h"
#include "core/data/dataexport.h"
#include "core/data/drafts.h"
#include "core/data/importer.h"
#include "core/data/lossledger.h"
#include "core/data/mixgroups.h"
#include "core/data/probes.h"
#include "core/data/record.h"
#include "core/data/recordview.h"
#include "core/data/snapshotdiff.h"
#include "core/data/splitting.h"
#include "core/evaluate/ballotfile.h"

#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::engine {

// WriteBeside: a second writing handle for another thread of the process that holds the project ReadWrite (a run beside the edits). It
// relies on that handle's claim and must be closed before it; the two take turns, each write is one short transaction.
enum class Access { ReadOnly, ReadWrite, WriteBeside };

// How records are asked for and shown (core/data/recordview.h).
using data::AnswerDraft;
using data::Contradiction;
using data::JournalEntry;
using data::nameOf;
using data::RecordCounts;
using data::RecordFilter;
using data::RecordFlag;
using data::RecordRow;
using data::RecordSort;
using data::RecordVersion;
using data::SnapshotInfo;
using data::SplitShares;

enum class RunState { Idle, Preparing, Running, Pausing, Paused, Stopping, Finished, Cancelled, Failed, Interrupted };
[[nodiscard]] std::string_view nameOf(RunState state);

// What a run learns from, counted when it begins.
struct RunRows {
    std::int64_t all = 0;     // training rows; 0: not known
    std::int64_t cut = 0;     // lost the end of their answer to the greatest length
    std::int64_t endless = 0; // have no end mark that is learnt, because the chat template writes none there
    std::int64_t longest = 0; // tokens before the cut
};

struct RunInfo {
    RunId id;
    std::string name; // "Run 3"
    RunState state = RunState::Idle;
    std::string method;
    std::string modelPath, modelName, modelHash;
    SnapshotId snapshot;
    std::string recipeJson;
    std::int64_t step = 0, steps = 0;
    double epoch = 0;
    std::optional<double> trainLoss, evalLoss;
    std::int64_t tokens = 0, trainedTokens = 0;
    double seconds = 0;
    std::string started;  // ISO 8601
    std::string adapter;  // folder of the result, empty while there is none
    std::string failure;  // message and hint of a failed run
    std::optional<std::int64_t> resultStep; // the checkpoint that was made the result; none: the end of the run
    std::vector<std::string> tags;
    std::string note;
    bool isArchived = false;
    RunRows rows;
    std::string trashed; // when it was thrown away, ISO 8601; empty: it was not
};

// A run in the trash and what its folder takes on the disk.
struct TrashedRun { RunInfo run; std::int64_t bytes = 0; };

// What people call a run and write about it.
struct RunLabel {
    std::string name;
    std::vector<std::string> tags;
    std::string note;
    bool isArchived = false;
};

// General: the questions of the forgetting meter; its rows are their numbers, its readings steps (0: before the run).
enum class LedgerPart { Train, HeldOut, General };

struct MetricPoint { // one optimiser step
    std::int64_t step = 0;
    double epoch = 0, loss = 0, learningRate = 0, gradNorm = 0, tokensPerSecond = 0;
    std::int64_t tokens = 0;    // so far
    std::int64_t peakBytes = 0;
    double seconds = 0;         // since the start, without pauses
    double accuracy = std::numeric_limits<double>::quiet_NaN(); // share of the learnt tokens that were the likeliest; NaN: not measured
    std::int64_t pageFaults = 0; // pages that had to be fetched from a disk during the step: the memory does not suffice
};
struct EvalPoint {
    std::int64_t step = 0;
    double loss = 0;
    std::int64_t tokens = 0;
    double accuracy = std::numeric_limits<double>::quiet_NaN();
};
// Mean loss over the general questions (nats for each token of their answers; each question counts the same).
struct GeneralPoint { std::int64_t step = 0; double loss = 0; };
struct CheckpointInfo { std::int64_t step = 0; std::string path; std::optional<double> evalLoss; };

struct CurveNote { // what somebody wrote at a step of a run
    std::int64_t id = 0; // 0: not stored yet
    std::int64_t step = 0;
    std::string text, when; // ISO 8601
};

struct SavedPrompt { std::int64_t id = 0; std::string title, system, text; std::string when; bool pinned = false; std::string context = {}, toolsJson = {}; };

// A blind vote on one result of a run. Its pairs of answers are stored as they were seen.
enum class BallotSource { HeldOut, Prompts }; // held-out rows of the run's snapshot, or the saved questions of the project
struct BallotInfo {
    evaluate::BallotId id;
    std::string token;   // names the ballot in files that go out; 32 hex digits
    RunId run;
    std::string adapter; // "3", "3@40"
    std::string name;    // "Run 3, step 207"
    BallotSource source = BallotSource::HeldOut;
    std::uint64_t seed = 1207;  // draws questions and sides
    std::int64_t wanted = 30;   // questions
    int maxTokens = 128;        // longest answer
    std::string when;           // ISO 8601
    bool isComplete = false;    // all pairs that it will ever have are there
    std::int64_t pairs = 0, votes = 0;
};

class Project {
public:
    // Errors: BadInput (not a project, newer schema), NotFound, NoPermission, DiskFull.
    [[nodiscard]] static Result<Project> create(const std::filesystem::path &folder);
    [[nodiscard]] static Result<Project> open(const std::filesystem::path &folder, Access access);
    Project(Project &&) noexcept;
    Project &operator=(Project &&) noexcept;
    ~Project();

    [[nodiscard]] std::filesystem::path folder() const;
    [[nodiscard]] std::string name() const;
    // Whether the open project still lies in its folder. Errors: NotFound (moved, deleted, its disk was taken away).
    [[nodiscard]] Result<> isInPlace() const;
    // Project-wide settings, JSON values by key ("contextSeparator", "baseModel", "defaultSystem", "maxLength").
    [[nodiscard]] std::optional<std::string> setting(const std::string &key) const;
    // One that is a text; nothing where it is not set or no text.
    [[nodiscard]] std::optional<std::string> textSetting(const std::string &key) const;
    [[nodiscard]] Result<> setSetting(const std::string &key, const std::string &value);

    // --- records
    [[nodiscard]] Result<data::ImportReport> importFile(const std::filesystem::path &file, const data::ImportOptions &options,
                                                        const ProgressCallback &progress = {}, std::stop_token stop = {});
    [[nodiscard]] Result<std::vector<RecordId>> addRecords(std::vector<data::Record> records, const std::string &what);
    [[nodiscard]] Result<std::vector<RecordId>> recordIds(const RecordFilter &filter, std::stop_token stop = {}) const; // sorted as the filter says
    [[nodiscard]] Result<std::vector<RecordRow>> recordRows(const std::vector<RecordId> &ids) const;
    [[nodiscard]] Result<data::Record> record(RecordId id) const;
    [[nodiscard]] Result<RecordCounts> recordCounts(std::stop_token stop = {}) const; // remembered until something that is listed changes
    // Durable when it returns. Status becomes Edited where the trained content changed and the status was not changed by the caller.
    [[nodiscard]] Result<> saveRecord(const data::Record &record);
    [[nodiscard]] Result<> setStatus(const std::vector<RecordId> &ids, data::RecordStatus status);
    [[nodiscard]] Result<> setSplit(const std::vector<RecordId> &ids, data::Split split);
    [[nodiscard]] Result<> setRating(const std::vector<RecordId> &ids, int rating); // 0 to 5, 0: not rated
    [[nodiscard]] Result<> addTag(const std::vector<RecordId> &ids, const std::string &tag);
    [[nodiscard]] Result<> removeTag(const std::vector<RecordId> &ids, const std::string &tag);
    [[nodiscard]] Result<> deleteRecords(const std::vector<RecordId> &ids);
    // Many records at once, each call one step of undo (core/data/bulkchange.h, splitting.h). Deleted records stay in the trash.
    [[nodiscard]] Result<data::BulkPreview> previewChange(const data::BulkChange &change, const std::vector<RecordId> &ids, std::size_t shown,
                                                          const ProgressCallback &progress = {}, std::stop_token stop = {}) const;
    [[nodiscard]] Result<std::int64_t> applyChange(const data::BulkChange &change, const std::vector<RecordId> &ids,
                                                   const ProgressCallback &progress = {}, std::stop_token stop = {});
    [[nodiscard]] Result<std::vector<RecordVersion>> deletedRecords(std::int64_t most) const; // newest first
    [[nodiscard]] Result<std::int64_t> deletedCount() const;
    [[nodiscard]] Result<std::int64_t> restoreDeleted(const std::vector<RecordId> &ids);
    // Answers that a model proposed (core/data/drafts.h); accepting makes them the answers, as one step of undo.
    // How a model is asked for the answer of a record, as a run of this project renders it.
    [[nodiscard]] Result<std::vector<data::Turn>> questionTurns(const data::Record &record) const;
    [[nodiscard]] Result<> putDraft(RecordId id, const AnswerDraft &draft);
    [[nodiscard]] Result<std::optional<AnswerDraft>> draft(RecordId id) const;
    [[nodiscard]] Result<std::int64_t> acceptDrafts(const std::vector<RecordId> &ids);
    [[nodiscard]] Result<> discardDrafts(const std::vector<RecordId> &ids);
    // What a mix chooses from; maxLength: the tokens of a record that fit.
    [[nodiscard]] Result<std::vector<data::MixGroup>> mixGroups(std::int64_t maxLength) const;
    [[nodiscard]] Result<data::SplitPlan> planSplits(const std::vector<RecordId> &ids, const data::SplitRule &rule, const ProgressCallback &progress = {},
                                                     std::stop_token stop = {}) const;
    [[nodiscard]] Result<> applySplits(const data::SplitPlan &plan);
    // Writes records for other programs (core/data/dataexport.h).
    [[nodiscard]] Result<data::DataExportReport> exportRecords(const std::vector<RecordId> &ids, data::DataFormat format, const std::filesystem::path &file,
                                                               const ProgressCallback &progress = {}, std::stop_token stop = {}) const;
    // What undo/redo would take back or repeat; empty: nothing.
    [[nodiscard]] std::optional<JournalEntry> undoEntry() const;
    [[nodiscard]] std::optional<JournalEntry> redoEntry() const;
    [[nodiscard]] Result<JournalEntry> undo();
    [[nodiscard]] Result<JournalEntry> redo();
    [[nodiscard]] Result<std::vector<JournalEntry>> journal(std::int64_t newest) const;
    [[nodiscard]] Result<std::vector<RecordVersion>> recordHistory(RecordId id) const; // newest first
    // Grows with every durable change; the window compares it to know when to read again.
    [[nodiscard]] std::int64_t changeCounter() const;
    // The same for what the table of records shows (text, status, tags, lengths, losses, findings): stands still while metrics are appended.
    [[nodiscard]] std::int64_t recordCounter() const;

    // Recomputes duplicates, contradictions, empty, leaks, odd encodings; TooLong needs lengths (see engine/lens.h, measureLengths).
    // Pairs of records that ask the same and answer differently, as the last check found them; see core/data/findings.h.
    [[nodiscard]] Result<std::vector<Contradiction>> contradictions(std::stop_token stop = {}) const;
    [[nodiscard]] Result<> setAgreement(const Contradiction &pair, bool doAgree); // both answers are right
    [[nodiscard]] Result<> mergeRecords(const data::Record &kept, RecordId other); // one step: kept is stored, other rejected
    [[nodiscard]] Result<> updateFindings(const ProgressCallback &progress = {}, std::stop_token stop = {});
    // Records whose present text has no stored length under this key (see storeLengths); all of them where the key is another one.
    [[nodiscard]] Result<std::vector<RecordId>> recordsWithoutLength(const std::string &key) const;
    // Forgets lengths that were counted in another way (model, template, joining rule). Call before storeLengths.
    [[nodiscard]] Result<> useLengthKey(const std::string &key);
    // By content hash: a record that was edited since it was measured keeps its length open.
    [[nodiscard]] Result<> storeLengths(const std::vector<data::ContentLength> &lengths, std::int64_t maxLength);
    [[nodiscard]] Result<> storeLosses(RunId run, const std::vector<std::pair<RecordId, double>> &losses);

    // --- the base model's own losses (projectautopsy.cpp); engine/autopsy.h computes them
    // Forgets those of another model or way of writing records out. Call before storeBaseLosses.
    [[nodiscard]] Result<> useAutopsyKey(const std::string &key, const std::string &model);
    [[nodiscard]] Result<std::vector<RecordId>> recordsWithoutBaseLoss() const; // one for each text that is not rejected
    [[nodiscard]] Result<> storeBaseLosses(const std::vector<data::BaseLoss> &losses);
    [[nodiscard]] Result<data::AutopsySummary> judgeAutopsy(); // sets the limits of the findings KnownAlready, Surprising and OddWording
    [[nodiscard]] Result<data::AutopsySummary> autopsy() const;

    // --- snapshots: rows that match the filter and are not rejected or empty; unassigned rows are put into splits by shares.
    [[nodiscard]] Result<SnapshotInfo> freezeSnapshot(const RecordFilter &filter, const SplitShares &shares);
    [[nodiscard]] Result<std::vector<SnapshotInfo>> snapshots() const; // newest last
    [[nodiscard]] Result<std::vector<data::Record>> snapshotRecords(SnapshotId id, std::optional<data::Split> split = {}) const;

    [[nodiscard]] Result<> nameSnapshot(SnapshotId id, const std::string &name);
    [[nodiscard]] Result<data::SnapshotDiff> diffSnapshots(SnapshotId older, std::optional<SnapshotId> newer, std::size_t shown) const;
    [[nodiscard]] Result<std::int64_t> backToSnapshot(SnapshotId id, const ProgressCallback &progress = {}, std::stop_token stop = {}); // one step of undo

    // --- runs
    [[nodiscard]] Result<RunInfo> addRun(const RunInfo &run); // id and name are given by the project
    [[nodiscard]] Result<> updateRun(const RunInfo &run); // all but what labelRun writes
    [[nodiscard]] Result<> labelRun(RunId id, const RunLabel &label); // at any time, while the run works too. Errors: BadInput (no name)
    [[nodiscard]] Result<std::vector<RunInfo>> runs() const; // newest last, without those in the trash
    [[nodiscard]] Result<RunInfo> run(RunId id) const;
    [[nodiscard]] Result<> deleteRun(RunId id); // files too, for good
    // A run in the trash keeps everything and can come back. Errors: NotFound, BadInput (it works now).
    [[nodiscard]] Result<> trashRun(RunId id);
    [[nodiscard]] Result<> restoreRun(RunId id);
    [[nodiscard]] Result<std::vector<TrashedRun>> trashedRuns() const; // newest last
    [[nodiscard]] std::int64_t runBytes(RunId id) const;               // that its folder takes on the disk
    [[nodiscard]] std::filesystem::path runFolder(RunId id) const;
    [[nodiscard]] Result<> appendMetrics(RunId id, const std::vector<MetricPoint> &points);
    [[nodiscard]] Result<> appendEval(RunId id, const EvalPoint &point);
    [[nodiscard]] Result<> putCheckpoint(RunId id, const CheckpointInfo &checkpoint);
    [[nodiscard]] Result<> forgetCheckpoint(RunId id, std::int64_t step);
    [[nodiscard]] Result<> truncateRun(RunId id, std::int64_t step); // drops what lies after step: before a resume
    [[nodiscard]] Result<std::vector<MetricPoint>> metrics(RunId id, std::int64_t afterStep = -1) const;
    [[nodiscard]] Result<std::vector<EvalPoint>> evals(RunId id) const;
    [[nodiscard]] Result<std::vector<CheckpointInfo>> checkpoints(RunId id) const;
    // A checkpoint becomes the result of the run: verified, then copied, so that it stays whatever happens to the checkpoint.
    // Errors: NotFound, BadInput (damaged; the run works now), DiskFull.
    [[nodiscard]] Result<RunInfo> makeResult(RunId id, std::int64_t step);

    // --- what a run learnt (projectinsight.cpp); truncateRun drops what lies after its step here too
    [[nodiscard]] Result<> putProbes(RunId id, const std::vector<data::ProbeQuestion> &questions); // once, when the run begins
    // Answers of all questions at one step (data::kBaseStep: the base's), in their order.
    [[nodiscard]] Result<> putProbeAnswers(RunId id, std::int64_t step, const std::vector<std::string> &answers);
    [[nodiscard]] Result<data::RunProbes> probes(RunId id) const;
    [[nodiscard]] Result<std::vector<CurveNote>> curveNotes(RunId id) const; // by step
    // Adds a note (id 0) or changes one; answers it as it is stored. Errors: BadInput (no text), NotFound.
    [[nodiscard]] Result<CurveNote> putCurveNote(RunId id, const CurveNote &note);
    [[nodiscard]] Result<> removeCurveNote(RunId id, std::int64_t note);
    [[nodiscard]] Result<> putLedgerRows(RunId id, LedgerPart part, const std::vector<RecordId> &rows);
    // One reading: an epoch (from 1) of training rows, or the step of an evaluation. losses: one for each of the rows. Replaces an earlier one.
    [[nodiscard]] Result<> putLedger(RunId id, LedgerPart part, std::int64_t at, std::span<const float> losses);
    [[nodiscard]] Result<> truncateLedger(RunId id, LedgerPart part, std::int64_t after); // drops the readings behind it
    [[nodiscard]] Result<data::LossLedger> lossLedger(RunId id) const; // Errors: BadInput where a blob has not the length of its rows
    // One part, its readings from this one on.
    [[nodiscard]] Result<data::LossTable> lossTable(RunId id, LedgerPart part, std::int64_t from = 0) const;

    [[nodiscard]] Result<std::vector<GeneralPoint>> generalLosses(RunId id) const; // by step

    // Runs that say Running, Preparing, Pausing or Stopping although no process works on them become Interrupted. Call after open.
    [[nodiscard]] Result<std::int64_t> markInterruptedRuns();

    // --- prompts of the playground
    [[nodiscard]] Result<std::vector<SavedPrompt>> prompts() const;
    [[nodiscard]] Result<std::int64_t> savePrompt(const SavedPrompt &prompt);
    [[nodiscard]] Result<> deletePrompt(std::int64_t id);

    // --- blind votes: each call is durable when it returns; they go with their run
    [[nodiscard]] Result<BallotInfo> addBallot(const BallotInfo &ballot); // id, token and time are given by the project
    [[nodiscard]] Result<> addBallotPair(evaluate::BallotId ballot, const evaluate::BallotPair &pair); // one that is there already stays
    [[nodiscard]] Result<> completeBallot(evaluate::BallotId ballot);
    [[nodiscard]] Result<> deleteBallot(evaluate::BallotId ballot);
    [[nodiscard]] Result<std::vector<BallotInfo>> ballots() const; // newest last
    [[nodiscard]] Result<std::vector<evaluate::BallotPair>> ballotPairs(evaluate::BallotId ballot) const;
    [[nodiscard]] Result<std::vector<evaluate::BallotVote>> votes(evaluate::BallotId ballot) const; // in the order of voting
    [[nodiscard]] Result<> putVote(evaluate::BallotId ballot, const evaluate::BallotVote &vote);     // replaces the voter's earlier one
    [[nodiscard]] Result<> takeBackVote(evaluate::BallotId ballot, std::int64_t position, const std::string &voter);
    // All votes of a file or none. Gives the ballot; its votes: how many were taken over. Errors: NotFound (another project's), BadInput.
    [[nodiscard]] Result<BallotInfo> importVotes(const evaluate::BallotResult &result);

private:
    [[nodiscard]] Result<std::vector<RunInfo>> runsWhere(std::string_view condition) const;
    [[nodiscard]] Result<> setTrashed(RunId id, bool isTrashed);
    struct State;
    explicit Project(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace fettle::engine
