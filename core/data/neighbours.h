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

// Which use a text has: learnt from, or asked afterwards. One text can have both.
enum TextUse : std::uint8_t { NoUse = 0, Learnt = 1, Asked = 2 };

struct Neighbours {
    std::vector<std::int64_t> earlier; // for each text the index of an earlier similar one, or -1
    std::vector<bool> isLeaked;        // for each text: it is asked, and a similar one is learnt
};

// Similar: Jaccard similarity of at least `similarity` over word triples. Words are parted by single spaces or line ends.
// uses: of each text, or empty. Errors: Cancelled.
[[nodiscard]] Result<Neighbours> findNeighbours(std::span<const std::string_view> texts, std::span<const std::uint8_t> uses, double similarity,
                                                const ProgressCallback &progress = {}, std::stop_token stop = {});
// For each text the index of the first text of its group; similar ones are in one group, also over several steps. Errors: Cancelled.
[[nodiscard]] Result<std::vector<std::size_t>> groupNeighbours(std::span<const std::string_view> texts, double similarity, const ProgressCallback &progress = {},
                                                               std::stop_token stop = {});

} // namespace fettle::data
