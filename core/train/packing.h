// Best-fit-decreasing packing: which documents share a row. Knows lengths only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fettle::train {

// Puts documents (by their lengths, each from 1 to capacity) into as few rows of capacity tokens as best-fit-decreasing finds: longest
// first, each into the fullest row that still has room; among equally full rows the one that has been so for longest; equal lengths keep
// their order. The result is that of TRL's "bfd" strategy, row by row. Returns for each row the indices of its documents.
// Lengths of 0 are left out; longer ones than capacity count as capacity (they must have been cut before).
[[nodiscard]] std::vector<std::vector<std::int64_t>> packBestFit(std::span<const std::int64_t> lengths, std::int64_t capacity);

} // namespace fettle::train
