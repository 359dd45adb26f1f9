// Curves of parts of the data: the losses that a run's ledger keeps for each row, averaged over the rows of a group at each reading. Values in,
// values out; reads no project.
#pragma once

#include "core/engine/project.h"

namespace fettle::engine {

enum class GroupBy { Split, Tag, Length };

inline constexpr std::size_t kMostGroups = 8; // lines that can be told apart

struct LossGroup {
    LedgerPart part = LedgerPart::HeldOut;
    std::string name;       // the tag (empty: rows without one), or the length in words; empty for a whole split
    std::int64_t rows = 0;
    std::vector<std::int64_t> at; // steps for held-out rows, epochs (from 1) for training rows; ascending
    std::vector<double> losses;   // mean of the rows that were read at it, in nats for each token
};
struct LossGroups {
    std::vector<LossGroup> groups; // the largest first; lengths from short to long
    std::int64_t leftOut = 0;      // smaller groups beyond kMostGroups
};

// part: whose rows; Split takes both. rows: tags and lengths of the ledger's records as they are now; one that is not among them counts as
// without tag and without length. A row with several tags counts in each.
[[nodiscard]] LossGroups lossGroups(const data::LossLedger &ledger, std::span<const RecordRow> rows, LedgerPart part, GroupBy by);

} // namespace fettle::engine
