// Races in a project: what marks their runs, and how they stand. core/train/race.h says what runs in one.
#pragma once

#include "core/engine/training.h"
#include "core/train/race.h"

#include <map>

namespace fettle::engine {

// The tag of its runs, and the rows that all of them learn.
struct Race {
    std::string tag; // "race 2"
    SnapshotId snapshot;
};

// How one run of a race stands.
struct RaceStanding {
    RunInfo run;
    std::string lane; // "LoRA, rank 8": the note of the run
    std::int64_t trainableParameters = 0, peakBytes = 0; // 0: not known
    std::optional<double> exactMatch; // share of the held-out questions answered word for word, where they were asked
};

// "race 2" of a run; empty: it belongs to none.
[[nodiscard]] inline std::string raceOf(const RunInfo &run)
{
    for (const std::string &tag : run.tags) {
        if (tag.starts_with("race "))
            return tag;
    }
    return {};
}

// What the request of a lane carries, so that its run is known as part of the race.
[[nodiscard]] inline TrainRequest laneRequest(const TrainRequest &common, const train::RaceLane &lane, const Race &race)
{
    TrainRequest request = common;
    request.recipe = lane.recipe;
    request.snapshot = race.snapshot;
    request.tags = {race.tag};
    request.note = lane.name;
    return request;
}

// Numbers the race and freezes the rows, where the request names no snapshot. Errors: those of the project.
[[nodiscard]] Result<Race> beginRace(Project &project, const TrainRequest &common);
// Lowest held-out loss first, runs without one last. Errors: those of the project.
[[nodiscard]] Result<std::vector<RaceStanding>> raceStandings(const Project &project, const std::string &tag);
// Kept beside the standings that are there.
[[nodiscard]] Result<> keepExactMatches(Project &project, const std::string &tag, const std::map<RunId, double> &shares);

} // namespace fettle::engine
