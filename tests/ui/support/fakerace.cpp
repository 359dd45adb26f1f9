// Races of the stand-in: numbered by their tags, the later run is the better one. See fakeengine.h.
#include "tests/ui/support/fakeengine.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace fettle::ui {

Result<engine::Race> FakeEngine::beginRace(ProjectApi &project, const engine::TrainRequest &common)
{
    FakeProjectState &state = static_cast<FakeProject &>(project).state();
    const std::scoped_lock lock(state.mutex);
    std::string &count = state.settings["races"];
    count = std::to_string(std::atoi(count.c_str()) + 1);
    engine::Race race{"race " + count, common.snapshot};
    if (!race.snapshot.isValid()) {
        const auto frozen = project.freezeSnapshot({}, {});
        if (!frozen)
            return passError(frozen);
        race.snapshot = frozen->id;
    }
    return race;
}

Result<std::vector<engine::RaceStanding>> FakeEngine::raceStandings(const ProjectApi &project, const std::string &tag)
{
    FakeProjectState &state = static_cast<const FakeProject &>(project).state();
    const std::scoped_lock lock(state.mutex);
    std::vector<engine::RaceStanding> standings;
    const auto kept = state.settings.find("exact matches of " + tag);
    const auto exact = kept == state.settings.end() ? nlohmann::json::object() : nlohmann::json::parse(kept->second);
    for (const engine::RunInfo &run : state.runs) {
        if (engine::raceOf(run) != tag)
            continue;
        engine::RaceStanding standing{run, run.note, 0, 3'700'000'000, {}};
        if (const auto recipe = train::recipeFromJson(nlohmann::json::parse(run.recipeJson)))
            standing.trainableParameters = methodCost("SmolLM2-135M-Instruct", *recipe)->trainableParameters;
        if (const auto found = exact.find(std::to_string(run.id.value)); found != exact.end())
            standing.exactMatch = found->get<double>();
        standings.push_back(std::move(standing));
    }
    std::ranges::stable_sort(standings, {}, [](const engine::RaceStanding &standing) { return standing.run.evalLoss.value_or(1e9) - 0.01 * double(standing.run.id.value); });
    return standings;
}

Result<> FakeEngine::keepExactMatches(ProjectApi &project, const std::string &tag, const std::map<RunId, double> &shares)
{
    FakeProjectState &state = static_cast<FakeProject &>(project).state();
    const std::scoped_lock lock(state.mutex);
    nlohmann::json kept = nlohmann::json::object();
    for (const auto &[run, share] : shares)
        kept[std::to_string(run.value)] = share;
    state.settings["exact matches of " + tag] = kept.dump();
    return {};
}

} // namespace fettle::ui
