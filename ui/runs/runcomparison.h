// Several runs side by side: what a job reads of them, what differs, and the tables that are made from it. Knows no widget.
#pragma once

#include "core/engine/runoutcome.h"
#include "core/train/settingcomparison.h"
#include "ui/bridge/engineapi.h"
#include "ui/runs/runcurves.h"

#include <QByteArray>
#include <QStringList>

namespace fettle::ui {

inline constexpr std::size_t kMostCompared = 8; // lines that can be told apart

struct ComparedRun {
    engine::RunInfo info;
    engine::RunOutcome outcome;
    RunCurves curves; // few points: losses are smoothed before they are thinned
};
// The data of one snapshot against the reference's.
struct DataDifference {
    SnapshotId from, to;
    data::SnapshotDiff diff;
    bool isHeldOutSame = false; // losses can be compared
};
struct RunComparison {
    std::vector<ComparedRun> runs;                  // the first is the reference
    std::vector<train::SettingComparison> settings; // in the order of the form
    std::vector<DataDifference> data;               // one for each snapshot that is not the reference's
};

// Reads everything; for a worker thread. Runs that are not there any more are left out. smoothing: weight of the moving average.
[[nodiscard]] Result<RunComparison> readComparison(const ProjectApi &project, EngineApi &engine, const std::vector<RunId> &runs, double smoothing,
                                                   std::stop_token stop);

struct ComparisonRow {
    QString name, help;
    QStringList values; // by run; "–" where there is none
    bool differs = false;
};
[[nodiscard]] std::vector<ComparisonRow> settingRows(const RunComparison &comparison); // method, base model and snapshot first
// Run, best held-out loss, its step, last held-out loss, training loss, trained values, steps, minutes, memory, state: by run.
[[nodiscard]] QStringList outcomeHeads();
[[nodiscard]] QStringList outcomeHelps();
[[nodiscard]] QStringList outcomeCells(const ComparedRun &run);
// Index of the run with the lowest held-out loss; -1 where less than two were measured.
[[nodiscard]] int leadingRun(const RunComparison &comparison);
// What one should know before one believes the lead: plain sentences.
[[nodiscard]] QStringList comparisonNotes(const RunComparison &comparison);
// All tables as one CSV file: part, name, one column for each run.
[[nodiscard]] QByteArray comparisonTable(const RunComparison &comparison);

} // namespace fettle::ui
