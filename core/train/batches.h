// What the model reads in each optimiser step, and in which order: documents chosen by the seed, split into packed rows without padding.
// Everything is a pure function of documents, seed and step number: a run can go on at any step without a stored iterator.
// Knows no tensor and no text.
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::train {

// The kept tokens of one record and which of them are learnt. The first token of a document can be no target: nothing comes before it.
struct Document {
    RecordId record;
    std::vector<TokenId> ids;
    std::vector<std::uint8_t> trained; // 0/1 for each id
    double weight = 1; // how often an epoch reads it: 2 twice, 0.5 every other epoch on average (see core/train/mix.h)
    [[nodiscard]] std::int64_t length() const { return static_cast<std::int64_t>(ids.size()); }
    [[nodiscard]] std::int64_t trainedTokens() const; // targets: trained ids after the first
};

// One computation: T tokens of several documents side by side, no padding. Attention must stop at the borders.
struct PackedRow {
    std::vector<std::int64_t> documents;       // indices of the documents, in the order of the row
    std::vector<TokenId> ids;                  // (T)
    std::vector<std::int64_t> positions;       // (T), from 0 in each document
    std::vector<std::int64_t> borders;         // documents + 1 offsets: document d is [borders[d], borders[d + 1])
    std::vector<std::int64_t> targetPositions; // ascending places t in the row whose next token is learnt
    std::vector<TokenId> targets;              // ids[t + 1] for each of them
    [[nodiscard]] std::int64_t length() const { return static_cast<std::int64_t>(ids.size()); }
    [[nodiscard]] std::int64_t trainedTokens() const { return static_cast<std::int64_t>(targets.size()); }
};

// SHA-256 over all tokens and marks, and the weights where any is not 1; lower-case hex.
[[nodiscard]] std::string hashOfDocuments(std::span<const Document> train, std::span<const Document> heldOut);

// Lays documents side by side in the given order.
[[nodiscard]] PackedRow layOut(std::span<const Document> documents, std::span<const std::int64_t> chosen);

struct BatchSettings {
    std::int64_t rowsPerStep = 8;            // documents in one optimiser step (the effective batch size)
    std::int64_t tokensPerMicroBatch = 1024; // capacity of a packed row; a longer document has a row of its own
    bool isPacked = true;                    // false: one document in each row
    bool isShuffled = true;
    std::uint64_t seed = 0;
};

// Indices of all documents in the order of one epoch (from 0).
[[nodiscard]] std::vector<std::int64_t> epochOrder(std::int64_t documents, const BatchSettings &settings, std::int64_t epoch);

// Splits the chosen documents into rows: packed by best-fit-decreasing, or one each.
[[nodiscard]] std::vector<PackedRow> packRows(std::span<const Document> documents, std::span<const std::int64_t> chosen,
                                              const BatchSettings &settings);

// The road through the data. The last step of an epoch holds what is left and may be smaller.
class BatchPlan {
public:
    // documents must outlive the plan.
    BatchPlan(std::span<const Document> documents, const BatchSettings &settings);

    [[nodiscard]] std::int64_t stepsPerEpoch() const;
    [[nodiscard]] std::int64_t documentsPerEpoch() const { return m_perEpoch; } // counted as often as they are read
    // Documents of optimiser step number step (from 0), across as many epochs as needed.
    [[nodiscard]] std::vector<std::int64_t> chosen(std::int64_t step) const;
    [[nodiscard]] std::vector<PackedRow> rows(std::int64_t step) const;
    // Epochs completed when `steps` steps are done, with the share of the one that is under way.
    [[nodiscard]] double epochsAfter(std::int64_t steps) const;
    [[nodiscard]] bool isEpochEnd(std::int64_t stepsDone) const { return stepsDone % stepsPerEpoch() == 0; }

private:
    [[nodiscard]] std::vector<std::int64_t> orderOf(std::int64_t epoch) const;
    std::span<const Document> m_documents;
    BatchSettings m_settings;
    std::int64_t m_perEpoch = 0;
    // Documents of one weight that is no whole number: some of them are read once more in each epoch.
    struct Part { std::vector<std::int64_t> documents; std::int64_t more = 0; };
    std::vector<Part> m_parts;
    bool m_isMixed = false;
    mutable std::int64_t m_orderEpoch = -1; // the order of one epoch is kept: it is asked for step after step
    mutable std::vector<std::int64_t> m_order;
};

} // namespace fettle::train
