// The ledger of a run: the loss of every training row at every epoch and of every held-out row at every evaluation, and what the course of
// a row says: never learnt, forgotten, learnt at once. Values in, values out; knows no database and no model.
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fettle::data {

// One part of the ledger. losses[r][i]: mean loss (nats) over the trained tokens of rows[i] at reading r; NaN where it was not read (yet).
struct LossTable {
    std::vector<RecordId> rows;
    std::vector<std::int64_t> at; // epoch (from 1) of each reading for training rows, step of the evaluation for held-out rows; ascending
    std::vector<std::vector<float>> losses;
    [[nodiscard]] bool isEmpty() const { return rows.empty() || at.empty(); }
};

struct LossLedger {
    LossTable train, heldOut;
};

enum class Verdict : std::uint8_t { None, NeverLearnt, Suspicious, Forgotten, Slow, AtOnce };
inline constexpr Verdict kVerdicts[] = {Verdict::NeverLearnt, Verdict::Suspicious, Verdict::Forgotten, Verdict::Slow, Verdict::AtOnce};

// A row may have several verdicts: bits by 1 << Verdict.
using VerdictBits = std::uint8_t;
[[nodiscard]] constexpr VerdictBits bitOf(Verdict verdict) { return verdict == Verdict::None ? 0 : static_cast<VerdictBits>(1U << static_cast<unsigned>(verdict)); }
[[nodiscard]] Verdict firstVerdict(VerdictBits bits); // in the order of kVerdicts

// What counts as what; in nats for each token unless said otherwise.
struct VerdictLimits {
    double hardShare = 0.2; // the hardest fifth of the last readings counts as hard,
    double hardLoss = 0.5;  // where it is above this
    double flatShare = 0.8; // hard and still above this share of the first reading: never learnt; below: slow
    double rise = 0.3;      // above the lowest reading before it, which was as much below the first one: forgotten
    double onceShare = 0.3; // the second reading below this share of the first, which was hard: learnt at once
    double aboveKin = 2.0;  // hard, and above the mean of its neighbours by this factor: suspicious
};

// Bits for each row of the table; no verdict needs more than what is there (one reading says nothing but suspicious). kin: for each row the
// indices of rows with a similar question (see kinOf), or empty: nothing is suspicious.
[[nodiscard]] std::vector<VerdictBits> verdictsOf(const LossTable &table, std::span<const std::vector<std::int32_t>> kin = {}, const VerdictLimits &limits = {});

// Last reading of each row, NaN where there is none.
[[nodiscard]] std::vector<float> lastLosses(const LossTable &table);
// Mean, lowest and highest tenth of a reading, for the band behind a row's own course. NaN where nothing was read.
struct LossBand { double low = 0, middle = 0, high = 0; };
[[nodiscard]] std::vector<LossBand> lossBands(const LossTable &table);

// For each wanted row at most `count` others that ask about the same thing: most rare words in common (weighted by inverse document
// frequency, words in more than a hundredth of many texts are passed over). questions: of all rows; compared in the normal form.
[[nodiscard]] std::vector<std::vector<std::int32_t>> kinOf(std::span<const std::string> questions, std::span<const std::int32_t> wanted, std::size_t count = 5);

} // namespace fettle::data
