// What Home says about a project, read in one go off the GUI thread. Values only.
#pragma once

#include "ui/bridge/engineapi.h"

#include <QDateTime>
#include <QString>

#include <stop_token>
#include <vector>

namespace fettle::ui {

struct HomeFacts {
    engine::RecordCounts counts;
    std::vector<engine::RunInfo> runs; // newest last
    std::vector<engine::JournalEntry> journal; // newest first
    std::optional<engine::SnapshotInfo> snapshot; // the newest
    std::vector<RecordId> heldOut;
};

[[nodiscard]] Result<HomeFacts> readHomeFacts(const ProjectApi &project, std::stop_token stop);

// The run whose answers are shown: the newest that has a result. Null: none yet.
[[nodiscard]] const engine::RunInfo *newestResult(const HomeFacts &facts);
// Runs with a result and a held-out loss, best first.
[[nodiscard]] std::vector<engine::RunInfo> resultsByLoss(const HomeFacts &facts);

// One row of "Waits for you".
struct Waiting {
    QString iconName;
    bool isBad = false; // red instead of amber
    QString strong;     // "6 contradictions"
    QString rest;       // "in the data: the same question with different answers"
    QString button;     // "Settle"
    QString page, target; // where the button leads
    RunId resume;       // or the run that it resumes
};
// Worst first, at most five.
[[nodiscard]] std::vector<Waiting> waitingThings(const HomeFacts &facts);

// One line of the recent activity.
struct Activity { QDateTime when; QString text; };
[[nodiscard]] std::vector<Activity> recentActivity(const HomeFacts &facts, std::size_t most);

} // namespace fettle::ui
