// How much an answer shares with the expected one, in words and letters: ROUGE as the `rouge-score` package counts it (without a stemmer),
// chrF++ and BLEU as `sacrebleu` does with its default settings. Counts of answers are added up for the score of many.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fettle::evaluate {

struct Overlap { double precision = 0, recall = 0, f1 = 0; }; // 0 to 1

// Words are runs of a-z and 0-9 after lower-casing, so that a text in another script has none: use chrF++ there.
[[nodiscard]] Overlap rougeN(std::string_view expected, std::string_view answer, std::size_t n);
[[nodiscard]] Overlap rougeL(std::string_view expected, std::string_view answer); // longest common subsequence

// n-grams of 1 to 6 letters, then of 1 and 2 words.
struct ChrfCounts {
    static constexpr std::size_t kLetterOrders = 6, kWordOrders = 2;
    struct Order { std::int64_t answer = 0, expected = 0, common = 0; };
    std::array<Order, kLetterOrders + kWordOrders> orders{};
    ChrfCounts &operator+=(const ChrfCounts &other);
};
[[nodiscard]] ChrfCounts chrfCounts(std::string_view expected, std::string_view answer);
[[nodiscard]] double chrfPlusPlus(const ChrfCounts &counts); // 0 to 100

struct BleuCounts {
    static constexpr std::size_t kOrders = 4;
    std::int64_t answerLength = 0, expectedLength = 0; // words after the 13a tokeniser
    std::array<std::int64_t, kOrders> common{}, answer{};
    BleuCounts &operator+=(const BleuCounts &other);
};
// Fixed: orders 1 to 4, for many answers. Effective: the orders that the answer is long enough for, for one answer.
enum class BleuOrder { Fixed, Effective };
[[nodiscard]] BleuCounts bleuCounts(std::string_view expected, std::string_view answer);
[[nodiscard]] double bleu(const BleuCounts &counts, BleuOrder order = BleuOrder::Fixed); // 0 to 100

} // namespace fettle::evaluate
