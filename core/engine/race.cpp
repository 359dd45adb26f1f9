#include "core/engine/race.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace fettle::engine {
namespace {

constexpr const char *kRaceCount = "races"; // of the project: how many were begun

// Shares of exact answers by the number of the run.
std::string exactMatchSetting(const std::string &tag)
{
    return "exact matches of " + tag;
}

nlohmann::json keptExactMatches(const Project &project, const std::string &tag)
{
    auto kept = nlohmann::json::parse(project.setting(exactMatchSetting(tag)).value_or("{}"), nullptr, false);
    return kept.is_object() ? kept : nlohmann::json::object();
}

} // namespace

Result<Race> beginRace(Project &project, const TrainRequest &common)
{
    const std::int64_t number = std::strtoll(project.setting(kRaceCount).value_or("0").c_str(), nullptr, 10) + 1;
    Race race{"race " + std::to_string(number), common.snapshot};
    if (!race.snapshot.isValid()) {
        SplitShares shares;
        shares.heldOut = common.recipe.real("evalFraction");
        shares.train = 1.0 - shares.heldOut;
        auto frozen = project.freezeSnapshot({}, shares);
        if (!frozen)
            return passError(frozen);
        race.snapshot = frozen->id;
    }
    if (auto kept = project.setSetting(kRaceCount, std::to_string(number)); !kept)
        return passError(kept);
    return race;
}

Result<std::vector<RaceStanding>> raceStandings(const Project &project, const std::string &tag)
{
    auto runs = project.runs();
    if (!runs)
        return passError(runs);
    const nlohmann::json exact = keptExactMatches(project, tag);
    std::vector<RaceStanding> standings;
    for (const RunInfo &run : *runs) {
        if (raceOf(run) != tag)
            continue;
        RaceStanding standing{run, run.note.empty() ? run.method : run.note, 0, 0, {}};
        auto points = project.metrics(run.id);
        if (!points)
            return passError(points);
        for (const MetricPoint &point : *points)
            standing.peakBytes = std::max(standing.peakBytes, point.peakBytes);
        if (const auto recipe = train::recipeFromJson(nlohmann::json::parse(run.recipeJson, nullptr, false))) {
            if (const auto cost = methodCost(run.modelPath, *recipe)) // the model may be gone meanwhile
                standing.trainableParameters = cost->trainableParameters;
        }
        if (const auto found = exact.find(std::to_string(run.id.value)); found != exact.end() && found->is_number())
            standing.exactMatch = found->get<double>();
        standings.push_back(std::move(standing));
    }
    const auto loss = [](const RaceStanding &standing) { return standing.run.evalLoss.value_or(std::numeric_limits<double>::infinity()); };
    std::ranges::stable_sort(standings, {}, loss);
    return standings;
}

Result<> keepExactMatches(Project &project, const std::string &tag, const std::map<RunId, double> &shares)
{
    nlohmann::json kept = keptExactMatches(project, tag);
    for (const auto &[run, share] : shares)
        kept[std::to_string(run.value)] = share;
    return project.setSetting(exactMatchSetting(tag), kept.dump());
}

} // namespace fettle::engine
