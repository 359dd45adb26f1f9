// What weights make of the sets of a project: how often each record is read, and which share of what is learnt each set then has. Knows no tokens
// of its own and no tensor; core/train/mix.h applies the weights to a run.
#pragma once

#include "core/data/mixgroups.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::train {

// What the mix calls the records that came from no file.
inline constexpr std::string_view kOwnSet = "own";
inline constexpr std::string_view kTagSet = "tag:"; // "tag:dosage"
// A mix that weighs nothing, also where the project has one; parseWeights gives none for it.
inline constexpr std::string_view kMixOff = "off";

// Whether the setting weighs some set.
[[nodiscard]] bool isMixed(std::string_view mix);

// The product of the weights of all sets that a record is in; 1 where it is in none. source: without the line, "" for none.
[[nodiscard]] double weightOf(std::string_view source, const std::vector<std::string> &tags, const std::map<std::string, double> &weights);
// Whether a record of this source and these tags belongs to the set of that name.
[[nodiscard]] bool isInSet(std::string_view source, const std::vector<std::string> &tags, std::string_view set);

struct MixShare {
    std::string set; // as the mix calls it
    std::int64_t records = 0;
    double without = 0, with = 0; // shares of the trained tokens of an epoch, each record read once and as the weights say
};
struct MixShares {
    std::vector<MixShare> files, tags; // those with the most records first
    double records = 0, trainedTokens = 0; // that an epoch reads
    bool isEstimate = false;               // some lengths are not counted yet
};
[[nodiscard]] MixShares mixShares(const std::vector<data::MixGroup> &groups, const std::map<std::string, double> &weights);

} // namespace fettle::train
