// What two texts do not share, word by word: for views that lay them side by side. Byte ranges in each text, in order, never empty.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace fettle {

struct ByteRange {
    std::size_t begin = 0, end = 0;
    friend bool operator==(const ByteRange &, const ByteRange &) = default;
};

struct WordDiff {
    std::vector<ByteRange> onlyLeft, onlyRight; // neighbouring words and what lies between them are one range
};

// Longest common sequence of words, by dynamic programming on what lies between the common ends.
// A word is a run without blanks. Beyond a million pairs of words (some ten milliseconds) everything between the common ends counts as different.
[[nodiscard]] WordDiff diffWords(std::string_view left, std::string_view right);

} // namespace fettle
