// Texts that share most of their word triples, found without comparing all pairs: MinHash signatures (Broder 1997) and locality-sensitive
// hashing in bands (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3), then checked exactly.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace fettle::data {

// 64-bit hash of a text; equal texts are equal, different ones differ for all practical purposes. Not for hostile input.
[[nodiscard]] std::uint64_t textHash(std::string_view text, std::uint64_t seed = 0);

// For each text the index of an earlier text with Jaccard similarity of at least `similarity` over word triples, or -1.
// Words are parted by single spaces or line ends. Errors: Cancelled.
[[nodiscard]] Result<std::vector<std::int64_t>> earlierNeighbours(std::span<const std::string_view> texts, double similarity,
                                                                  const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::data
