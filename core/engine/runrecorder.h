// Writes down what happens in a run: its row, its curves, its checkpoints; and tells the listener. Curves are gathered and become durable
// at least once a second and before every checkpoint, so that a resumed run finds all points up to where it goes on.
#pragma once

#include "core/base/clock.h"
#include "core/engine/training.h"
#include "core/train/trainer.h"

#include <map>
#include <unordered_map>

namespace fettle::engine {

class RunRecorder {
public:
    // info: as the project knows it. All references must outlive the recorder.
    RunRecorder(Project &project, RunInfo info, const RunEvents &events);

    [[nodiscard]] const RunInfo &info() const { return m_info; }
    [[nodiscard]] RunInfo &info() { return m_info; }

    // Stores and announces. Errors: Internal for a move that the table does not know; those of the project.
    [[nodiscard]] Result<> moveTo(RunState state);
    // Stores and tells what was changed in info().
    void infoChanged();
    // Tells the listener the present state.
    void announce() const;
    // Failed, or Interrupted where the disk or the memory and not the run is to blame, with the text of the error; the terminal event. Gives the error on.
    [[nodiscard]] Error failWith(const Error &error);

    void step(const train::StepReport &report);
    // Before the first row: which rows the ledger has, and where an epoch ends. A resumed run goes on with the readings that it has.
    void beginLedger(std::vector<RecordId> trainRows, std::vector<RecordId> heldOutRows, std::int64_t stepsPerEpoch);
    void rowsRead(std::span<const train::RowLoss> rows);
    void evaluated(const train::EvalReport &report);
    void generalMeasured(const Result<train::EvalReport> &report);
    void checkpointed(const train::CheckpointReport &report);
    void checkpointRemoved(std::int64_t step);
    void notice(const std::string &text) const;
    // Points of the curves that were gathered become durable, and the place of the project is looked after.
    void flush();
    // All that was gathered. Errors: the first failure of the database; then no checkpoint may say that it knows more.
    [[nodiscard]] Result<> makeDurable();
    // The ledger of the epoch under way, and the newest loss of each row beside its record.
    void storeRowLosses();

    // The first failure of the database since the start; the run must then stop.
    [[nodiscard]] const std::optional<Error> &storageError() const { return m_storageError; }

private:
    void check(const Result<> &result);
    Project &m_project;
    RunInfo m_info;
    const RunEvents &m_events;
    std::vector<MetricPoint> m_points;
    std::map<RecordId, double> m_rowLosses;
    struct LedgerRows {
        std::unordered_map<RecordId, std::size_t> places;
        std::vector<float> losses; // of the reading under way; NaN: not read yet
    };
    void storeLedger();
    [[nodiscard]] static LedgerRows ledgerRows(const std::vector<RecordId> &rows);
    LedgerRows m_trainLedger, m_heldOutLedger;
    std::int64_t m_stepsPerEpoch = 1, m_ledgerEpoch = 0; // 0: none is under way
    bool m_hasGeneralRows = false;
    Stopwatch m_sinceFlush;
    std::optional<Error> m_storageError;
};

} // namespace fettle::engine
