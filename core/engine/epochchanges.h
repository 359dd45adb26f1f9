// Another number of epochs while a run goes on. What was wished, and at which step, lies beside the run (epochs.json) before it takes
// effect: a resumed run repeats it at the same step, whichever checkpoint it goes on from. Internal header of the engine.
//
//   [{"step": 0, "epochs": 3}, {"step": 120, "epochs": 5}]   the first entry is what the run began with
#pragma once

#include "core/engine/runrecorder.h"

#include <filesystem>
#include <vector>

namespace fettle::engine {

// Empty where nothing was changed. Errors: BadInput naming the field that is missing or wrong.
[[nodiscard]] Result<std::vector<train::EpochChange>> readEpochChanges(const std::filesystem::path &runFolder);

class EpochKeeper {
public:
    // recipe: what the run began with. References must outlive the keeper, and the keeper the training.
    EpochKeeper(Project &project, RunRecorder &recorder, const train::Recipe &recipe, std::vector<train::EpochChange> changes);
    // control may be null.
    void listenTo(train::TrainerHooks &hooks, const RunControl *control);

private:
    [[nodiscard]] bool change(const train::EpochChange &change, std::int64_t steps);
    Project &m_project;
    RunRecorder &m_recorder;
    const train::Recipe &m_recipe;
    std::vector<train::EpochChange> m_changes;
};

} // namespace fettle::engine
