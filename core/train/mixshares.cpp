#include "core/train/mixshares.h"

#include "core/train/settings.h"

#include <algorithm>
#include <functional>

namespace fettle::train {

bool isMixed(std::string_view mix)
{
    const auto weights = parseWeights(mix);
    return weights && !weights->empty();
}

bool isInSet(std::string_view source, const std::vector<std::string> &tags, std::string_view set)
{
    if (set.starts_with(kTagSet))
        return std::ranges::find(tags, set.substr(kTagSet.size())) != tags.end();
    return set == (source.empty() ? kOwnSet : source);
}

double weightOf(std::string_view source, const std::vector<std::string> &tags, const std::map<std::string, double> &weights)
{
    double weight = 1;
    for (const auto &[set, factor] : weights) {
        if (isInSet(source, tags, set))
            weight *= factor;
    }
    return weight;
}

MixShares mixShares(const std::vector<data::MixGroup> &groups, const std::map<std::string, double> &weights)
{
    // Records that are not counted yet are taken for as long as the others.
    double measuredTokens = 0, measured = 0;
    for (const data::MixGroup &group : groups) {
        measuredTokens += static_cast<double>(group.trainedTokens);
        measured += static_cast<double>(group.records - group.unmeasured);
    }
    const double each = measured > 0 ? measuredTokens / measured : 1;
    MixShares shares;
    std::map<std::string, MixShare> files, tags;
    double all = 0;
    for (const data::MixGroup &group : groups) {
        const double tokens = static_cast<double>(group.trainedTokens) + each * static_cast<double>(group.unmeasured);
        const double weight = weightOf(group.source, group.tags, weights);
        all += tokens;
        shares.records += weight * static_cast<double>(group.records);
        shares.trainedTokens += weight * tokens;
        shares.isEstimate = shares.isEstimate || group.unmeasured > 0;
        const auto count = [&](std::map<std::string, MixShare> &sets, const std::string &name) {
            MixShare &set = sets[name];
            set.set = name;
            set.records += group.records;
            set.without += tokens;
            set.with += weight * tokens;
        };
        count(files, group.source.empty() ? std::string(kOwnSet) : group.source);
        for (const std::string &tag : group.tags)
            count(tags, std::string(kTagSet) + tag);
    }
    for (auto &[sets, list] : {std::pair(&files, &shares.files), std::pair(&tags, &shares.tags)}) {
        for (auto &[name, set] : *sets) {
            set.without = all > 0 ? set.without / all : 0;
            set.with = shares.trainedTokens > 0 ? set.with / shares.trainedTokens : 0;
            list->push_back(std::move(set));
        }
        std::ranges::stable_sort(*list, std::ranges::greater(), &MixShare::records);
    }
    return shares;
}

} // namespace fettle::train
