// A project folder (<name>.fettle/) as the window and the command line see it: records with unlimited undo, snapshots, runs, prompts.
// Values in, values out. One writer (engine thread) and any number of read-only handles (one for each thread that reads) on the same
// project.db; a handle never changes thread.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/importer.h"
#include "core/data/record.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::engine {

enum class Access { ReadOnly, ReadWrite };

// Findings that can be a filter. Counted over records that are not rejected.
enum class RecordFlag { Duplicate, NearDuplicate, Contradiction, Empty, TooLong, Leak, OddEncoding };
[[nodiscard]] std::string_view nameOf(RecordFlag flag); // "duplicate", "contradiction", ... as in `check --json`

enum class RecordSort { Number, Instruction, Response, Tokens, Loss, Status, Split, Updated };

struct RecordFilter {
    std::string text; // words that must occur (FTS5), empty: all
    std::vector<data::RecordStatus> statuses; // empty: all
    std::vector<data::Split> splits;          // empty: all
    std::vector<std::string> tags;            // any of them; empty: all
    std::optional<RecordFlag> flag;
    RecordSort sort = RecordSort::Number;
    bool descending = false;
    friend bool operator==(const RecordFilter &, const RecordFilter &) = default;
};

// One line of the table: short previews, never the whole text.
struct RecordRow {
    RecordId id;
    std::string instruction; // first 200 code points, one line
    std::string response;
    std::vector<std::string> tags;
    data::RecordStatus status = data::RecordStatus::New;
    data::Split split = data::Split::Unassigned;
    int turns = 0;
    std::optional<std::int64_t> tokens; // known after updateLengths
    std::optional<double> loss;         // of the newest run that saw the record
    std::vector<RecordFlag> flags;
};

struct RecordCounts {
    std::int64_t all = 0;
    std::map<data::RecordStatus, std::int64_t> byStatus;
    std::map<data::Split, std::int64_t> bySplit;
    std::map<std::string, std::int64_t> byTag;
    std::map<RecordFlag, std::int64_t> byFlag;
    std::map<std::int64_t, std::int64_t> byLength; // tokens -> records, of those whose length is known and that are not rejected
};

struct JournalEntry {
    std::int64_t number = 0;
    std::string what; // "Edited record 12", "Imported 250 records from house-rules.jsonl"
    std::string when; // ISO 8601, local time
    std::int64_t records = 0;
};

struct SplitShares {
    double train = 0.9, heldOut = 0.1, test = 0.0; // sum 1
    std::uint64_t seed = 1207;
};

struct SnapshotInfo {
    SnapshotId id;
    std::string hash; // SHA-256 over the content hashes and splits, in order
    std::string when;
    std::int64_t rows = 0, train = 0, heldOut = 0, test = 0;
    bool isCurrent = false; // the records have not changed since
};

enum class RunState { Idle, Preparing, Running, Pausing, Paused, Stopping, Finished, Cancelled, Failed, Interrupted };
[[nodiscard]] std::string_view nameOf(RunState state);

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
};

struct MetricPoint { // one optimiser step
    std::int64_t step = 0;
    double epoch = 0, loss = 0, learningRate = 0, gradNorm = 0, tokensPerSecond = 0;
    std::int64_t tokens = 0;    // so far
    std::int64_t peakBytes = 0;
    double seconds = 0;         // since the start, without pauses
};
struct EvalPoint { std::int64_t step = 0; double loss = 0; std::int64_t tokens = 0; };
struct CheckpointInfo { std::int64_t step = 0; std::string path; std::optional<double> evalLoss; };

struct SavedPrompt { std::int64_t id = 0; std::string title, system, text; std::string when; bool pinned = false; };

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
    // Project-wide settings, JSON values by key ("contextSeparator", "baseModel", "defaultSystem", "maxLength").
    [[nodiscard]] std::optional<std::string> setting(const std::string &key) const;
    [[nodiscard]] Result<> setSetting(const std::string &key, const std::string &value);

    // --- records
    [[nodiscard]] Result<data::ImportReport> importFile(const std::filesystem::path &file, const data::ImportOptions &options,
                                                        const ProgressCallback &progress = {}, std::stop_token stop = {});
    [[nodiscard]] Result<std::vector<RecordId>> addRecords(std::vector<data::Record> records, const std::string &what);
    [[nodiscard]] Result<std::vector<RecordId>> recordIds(const RecordFilter &filter) const; // sorted as the filter says
    [[nodiscard]] Result<std::vector<RecordRow>> recordRows(const std::vector<RecordId> &ids) const;
    [[nodiscard]] Result<data::Record> record(RecordId id) const;
    [[nodiscard]] Result<RecordCounts> recordCounts() const;
    // Durable when it returns. Status becomes Edited where the trained content changed and the status was not changed by the caller.
    [[nodiscard]] Result<> saveRecord(const data::Record &record);
    [[nodiscard]] Result<> setStatus(const std::vector<RecordId> &ids, data::RecordStatus status);
    [[nodiscard]] Result<> setSplit(const std::vector<RecordId> &ids, data::Split split);
    [[nodiscard]] Result<> addTag(const std::vector<RecordId> &ids, const std::string &tag);
    [[nodiscard]] Result<> removeTag(const std::vector<RecordId> &ids, const std::string &tag);
    [[nodiscard]] Result<> deleteRecords(const std::vector<RecordId> &ids);
    // What undo/redo would take back or repeat; empty: nothing.
    [[nodiscard]] std::optional<JournalEntry> undoEntry() const;
    [[nodiscard]] std::optional<JournalEntry> redoEntry() const;
    [[nodiscard]] Result<JournalEntry> undo();
    [[nodiscard]] Result<JournalEntry> redo();
    [[nodiscard]] Result<std::vector<JournalEntry>> journal(std::int64_t newest) const;
    // Grows with every durable change; the window compares it to know when to read again.
    [[nodiscard]] std::int64_t changeCounter() const;

    // Recomputes duplicates, contradictions, empty, leaks, odd encodings; TooLong needs lengths (see engine/lens.h, measureLengths).
    [[nodiscard]] Result<> updateFindings(const ProgressCallback &progress = {}, std::stop_token stop = {});
    [[nodiscard]] Result<> storeLengths(const std::vector<std::pair<RecordId, std::int64_t>> &tokens, std::int64_t maxLength);
    [[nodiscard]] Result<> storeLosses(RunId run, const std::vector<std::pair<RecordId, double>> &losses);

    // --- snapshots: rows that match the filter and are not rejected or empty; unassigned rows are put into splits by shares.
    [[nodiscard]] Result<SnapshotInfo> freezeSnapshot(const RecordFilter &filter, const SplitShares &shares);
    [[nodiscard]] Result<std::vector<SnapshotInfo>> snapshots() const; // newest last
    [[nodiscard]] Result<std::vector<data::Record>> snapshotRecords(SnapshotId id, std::optional<data::Split> split = {}) const;

    // --- runs
    [[nodiscard]] Result<RunInfo> addRun(const RunInfo &run); // id and name are given by the project
    [[nodiscard]] Result<> updateRun(const RunInfo &run);
    [[nodiscard]] Result<std::vector<RunInfo>> runs() const; // newest last
    [[nodiscard]] Result<RunInfo> run(RunId id) const;
    [[nodiscard]] Result<> deleteRun(RunId id); // files too
    [[nodiscard]] std::filesystem::path runFolder(RunId id) const;
    [[nodiscard]] Result<> appendMetrics(RunId id, const std::vector<MetricPoint> &points);
    [[nodiscard]] Result<> appendEval(RunId id, const EvalPoint &point);
    [[nodiscard]] Result<> putCheckpoint(RunId id, const CheckpointInfo &checkpoint);
    [[nodiscard]] Result<> forgetCheckpoint(RunId id, std::int64_t step);
    [[nodiscard]] Result<> truncateRun(RunId id, std::int64_t step); // drops what lies after step: before a resume
    [[nodiscard]] Result<std::vector<MetricPoint>> metrics(RunId id, std::int64_t afterStep = -1) const;
    [[nodiscard]] Result<std::vector<EvalPoint>> evals(RunId id) const;
    [[nodiscard]] Result<std::vector<CheckpointInfo>> checkpoints(RunId id) const;
    // Runs that say Running, Preparing, Pausing or Stopping although no process works on them become Interrupted. Call after open.
    [[nodiscard]] Result<std::int64_t> markInterruptedRuns();

    // --- prompts of the playground
    [[nodiscard]] Result<std::vector<SavedPrompt>> prompts() const;
    [[nodiscard]] Result<std::int64_t> savePrompt(const SavedPrompt &prompt);
    [[nodiscard]] Result<> deletePrompt(std::int64_t id);

private:
    struct State;
    explicit Project(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace fettle::engine
