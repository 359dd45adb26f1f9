#include "core/train/race.h"

#include "core/base/words.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::train {
namespace {

constexpr std::string_view kEqualKeys[] = {"epochs",  "rowsPerStep", "gradientAccumulation", "maxSteps", "maxLength", "trainOn",
                                           "sampler", "packing",     "seed",                 "patience", "evalEvery", "evalFraction"};

Result<> checkGrid(const RaceChoice &choice)
{
    for (const auto &[key, values] : choice.grid) {
        const SettingField *field = findSetting(key);
        if (field == nullptr)
            return fail(ErrorCode::Usage, tr("There is no setting \"{}\".", key), tr("fettle train --help lists them."));
        if (isKeptEqual(*field))
            return fail(ErrorCode::Usage, tr("\"{}\" is the same for all in a race.", key), tr("Vary a setting of the methods, such as rank or learningRate."));
        const auto has = [field](const std::string &method) { return isSettingOf(*field, method); };
        if (values.empty() || std::ranges::none_of(choice.methods, has))
            return fail(ErrorCode::Usage, tr("\"{}\" is no setting of the methods that race, or it has no values.", key), tr("Name values such as 8,16,32."));
    }
    return {};
}

// Each lane with each value.
Result<std::vector<RaceLane>> spread(const std::vector<RaceLane> &lanes, const SettingField &field, const std::vector<std::string> &values)
{
    std::vector<RaceLane> all;
    for (const RaceLane &lane : lanes) {
        if (!isSettingOf(field, lane.recipe.method)) {
            all.push_back(lane);
            continue;
        }
        for (const std::string &value : values) {
            RaceLane made = lane;
            if (auto applied = applySetting(made.recipe, fmt::format("{}={}", field.key, value)); !applied)
                return passError(applied);
            // The strength of an adapter, alpha / rank, stays what it was.
            if (field.key == "rank")
                made.recipe.values["alpha"] = lane.recipe.real("alpha") / static_cast<double>(lane.recipe.integer("rank")) * static_cast<double>(made.recipe.integer("rank"));
            std::string label = tr(field.label);
            std::ranges::transform(label.begin(), label.begin() + 1, label.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            made.name += fmt::format(", {} {}", label, value);
            all.push_back(std::move(made));
        }
    }
    return all;
}

} // namespace

bool isKeptEqual(const SettingField &field)
{
    return std::ranges::find(kEqualKeys, field.key) != std::end(kEqualKeys);
}

Result<std::vector<RaceLane>> raceLanes(const RaceChoice &choice, const Recipe &common, Preset preset, std::int64_t trainRows)
{
    if (auto checked = checkGrid(choice); !checked)
        return passError(checked);
    std::vector<RaceLane> lanes;
    for (const std::string &key : choice.methods) {
        const MethodInfo *method = findMethod(key);
        if (method == nullptr)
            return fail(ErrorCode::Usage, tr("There is no method \"{}\".", key), tr("fettle train --help lists them."));
        RaceLane lane{std::string(method->label), key == common.method ? common : presetRecipe(preset, key, trainRows)};
        for (const std::string_view equal : kEqualKeys) {
            const auto given = common.values.find(equal);
            lane.recipe.values[std::string(equal)] = given == common.values.end() ? findSetting(equal)->standard : given->second;
        }
        lane.recipe.values["patience"] = std::int64_t{0};
        lanes.push_back(std::move(lane));
    }
    for (const auto &[key, values] : choice.grid) {
        auto all = spread(lanes, *findSetting(key), values);
        if (!all)
            return all;
        lanes = std::move(*all);
    }
    if (lanes.size() < 2 || lanes.size() > kMostRaceLanes)
        return fail(ErrorCode::Usage, lanes.size() < 2 ? tr("One alone is no race.") : tr("{} runs are more than a race may have: at most {}.", lanes.size(), kMostRaceLanes),
                    tr("Choose two to {} methods or values.", kMostRaceLanes));
    for (const RaceLane &lane : lanes) {
        if (auto valid = validate(lane.recipe); !valid)
            return passError(valid);
    }
    return lanes;
}

} // namespace fettle::train
