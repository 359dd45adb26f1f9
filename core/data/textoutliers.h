// Texts that are written unlike the rest: in another script, or in another language. Nothing is known of languages; the rest of the
// records says what is usual, by the letter triples of its words.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace fettle::data {

// For each text whether it is an outlier. texts: case folded (normalForm). Short texts are judged by their script only, and nothing is
// judged among fewer than twenty. Where several languages are common, none of them is an outlier. Linear. Errors: Cancelled.
[[nodiscard]] Result<std::vector<bool>> findOutliers(std::span<const std::string_view> texts, const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::data
