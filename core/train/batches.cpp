#include "core/train/batches.h"

#include "core/base/random.h"
#include "core/base/sha256.h"
#include "core/train/packing.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace fettle::train {
namespace {

// Streams of one seed: each use of chance has its own number, so that adding one changes no other.
constexpr std::uint64_t kOrderStream = 1;

} // namespace

std::int64_t Document::trainedTokens() const
{
    if (trained.empty())
        return 0;
    return static_cast<std::int64_t>(std::count_if(trained.begin() + 1, trained.end(), [](std::uint8_t flag) { return flag != 0; }));
}

std::string hashOfDocuments(std::span<const Document> train, std::span<const Document> heldOut)
{
    Sha256 sha;
    for (const std::span<const Document> documents : {train, heldOut}) {
        sha.update(fmt::format("{} documents\n", documents.size()));
        for (const Document &document : documents) {
            sha.update(fmt::format("{}\n", document.length()));
            sha.update(std::as_bytes(std::span(document.ids)));
            sha.update(std::as_bytes(std::span(document.trained)));
        }
    }
    return sha.finishHex();
}

PackedRow layOut(std::span<const Document> documents, std::span<const std::int64_t> chosen)
{
    PackedRow row;
    row.borders.push_back(0);
    for (const std::int64_t index : chosen) {
        const Document &document = documents[static_cast<std::size_t>(index)];
        const std::int64_t begin = row.length();
        const std::int64_t length = document.length();
        row.documents.push_back(index);
        row.ids.insert(row.ids.end(), document.ids.begin(), document.ids.end());
        for (std::int64_t t = 0; t < length; ++t)
            row.positions.push_back(t);
        for (std::int64_t t = 0; t + 1 < length; ++t) {
            if (!document.trained[static_cast<std::size_t>(t + 1)])
                continue;
            row.targetPositions.push_back(begin + t);
            row.targets.push_back(document.ids[static_cast<std::size_t>(t + 1)]);
        }
        row.borders.push_back(begin + length);
    }
    return row;
}

std::vector<std::int64_t> epochOrder(std::int64_t documents, const BatchSettings &settings, std::int64_t epoch)
{
    std::vector<std::int64_t> order(static_cast<std::size_t>(documents));
    std::iota(order.begin(), order.end(), 0);
    if (settings.isShuffled) {
        RandomStream stream = RandomStream(settings.seed, kOrderStream).split(static_cast<std::uint64_t>(epoch));
        stream.shuffle(std::span(order));
    }
    return order;
}

std::vector<PackedRow> packRows(std::span<const Document> documents, std::span<const std::int64_t> chosen, const BatchSettings &settings)
{
    std::vector<PackedRow> rows;
    if (!settings.isPacked) {
        for (const std::int64_t &index : chosen)
            rows.push_back(layOut(documents, std::span(&index, 1)));
        return rows;
    }
    std::vector<std::int64_t> lengths;
    for (const std::int64_t index : chosen)
        lengths.push_back(documents[static_cast<std::size_t>(index)].length());
    // A longer document counts as a full row and so gets a row of its own.
    for (std::vector<std::int64_t> &members : packBestFit(lengths, settings.tokensPerMicroBatch)) {
        for (std::int64_t &member : members)
            member = chosen[static_cast<std::size_t>(member)];
        rows.push_back(layOut(documents, members));
    }
    return rows;
}

BatchPlan::BatchPlan(std::span<const Document> documents, const BatchSettings &settings)
    : m_documents(documents)
    , m_settings(settings)
{
    m_settings.rowsPerStep = std::max<std::int64_t>(m_settings.rowsPerStep, 1);
}

std::int64_t BatchPlan::stepsPerEpoch() const
{
    const auto documents = static_cast<std::int64_t>(m_documents.size());
    return std::max<std::int64_t>((documents + m_settings.rowsPerStep - 1) / m_settings.rowsPerStep, 1);
}

std::vector<std::int64_t> BatchPlan::chosen(std::int64_t step) const
{
    const auto documents = static_cast<std::int64_t>(m_documents.size());
    const std::int64_t epoch = step / stepsPerEpoch();
    if (epoch != m_orderEpoch) {
        m_order = epochOrder(documents, m_settings, epoch);
        m_orderEpoch = epoch;
    }
    const std::int64_t begin = (step % stepsPerEpoch()) * m_settings.rowsPerStep;
    const std::int64_t end = std::min(begin + m_settings.rowsPerStep, documents);
    return {m_order.begin() + begin, m_order.begin() + end};
}

std::vector<PackedRow> BatchPlan::rows(std::int64_t step) const
{
    return packRows(m_documents, chosen(step), m_settings);
}

double BatchPlan::epochsAfter(std::int64_t steps) const
{
    return static_cast<double>(steps) / static_cast<double>(stepsPerEpoch());
}

} // namespace fettle::train
