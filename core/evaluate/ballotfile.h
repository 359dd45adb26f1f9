// A ballot on its way: one HTML page that colleagues fill in without Fettle and without a network, and the small JSON file that it gives
// back. The page does not say which answer is whose; only the project knows.
#pragma once

#include "core/base/result.h"
#include "core/evaluate/ballot.h"

#include <filesystem>

namespace fettle::evaluate {

// Complete in itself: style and script inside, nothing is loaded, a policy in the page forbids it. token: names the ballot on the way back.
[[nodiscard]] std::string ballotPage(std::span<const BallotPair> pairs, std::string_view token, std::string_view projectName);

struct BallotResult {
    std::string token, voter;
    std::vector<BallotVote> votes;
};
// The file that the page saves. Refused where anything in it is not what the page writes; at most 1 MiB is read.
// Errors: BadInput (naming file and field), NotFound, NoPermission.
[[nodiscard]] Result<BallotResult> readBallotResult(const std::filesystem::path &file);

} // namespace fettle::evaluate
