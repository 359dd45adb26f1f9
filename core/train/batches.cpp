#include "core/train/batches.h"

#include "core/base/random.h"
#include "core/base/sha256.h"
#include "core/train/packing.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <numeric>

namespace fettle::train {
namespace {

// Streams of one seed: each use of chance has its own number, so that adding one changes no other.
constexpr std::uint64_t kOrderStream = 1, kMixStream = 5;

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
            if (document.weight != 1)
                sha.update(fmt::format("weight {}\n", document.weight));
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
    std::map<double, Part> parts; // by the share that is left of the weight
    for (std::size_t i = 0; i < documents.size(); ++i) {
        const double weight = documents[i].weight, whole = std::floor(weight);
        m_isMixed = m_isMixed || weight != 1;
        m_perEpoch += static_cast<std::int64_t>(whole);
        if (weight > whole)
            parts[weight - whole].documents.push_back(static_cast<std::int64_t>(i));
    }
    for (auto &[share, part] : parts) {
        part.more = std::llround(share * static_cast<double>(part.documents.size()));
        m_perEpoch += part.more;
        m_parts.push_back(std::move(part));
    }
}

std::vector<std::int64_t> BatchPlan::orderOf(std::int64_t epoch) const
{
    if (!m_isMixed)
        return epochOrder(static_cast<std::int64_t>(m_documents.size()), m_settings, epoch);
    std::vector<std::int64_t> items;
    for (std::size_t i = 0; i < m_documents.size(); ++i)
        items.insert(items.end(), static_cast<std::size_t>(m_documents[i].weight), static_cast<std::int64_t>(i));
    RandomStream stream = RandomStream(m_settings.seed, kMixStream).split(static_cast<std::uint64_t>(epoch));
    for (const Part &part : m_parts) {
        std::vector<std::int64_t> drawn = part.documents;
        stream.shuffle(std::span(drawn));
        items.insert(items.end(), drawn.begin(), drawn.begin() + part.more);
    }
    std::ranges::sort(items); // in the order of the records where they are not shuffled
    std::vector<std::int64_t> order = epochOrder(static_cast<std::int64_t>(items.size()), m_settings, epoch);
    for (std::int64_t &place : order)
        place = items[static_cast<std::size_t>(place)];
    return order;
}

std::int64_t BatchPlan::stepsPerEpoch() const
{
    return std::max<std::int64_t>((m_perEpoch + m_settings.rowsPerStep - 1) / m_settings.rowsPerStep, 1);
}

std::vector<std::int64_t> BatchPlan::chosen(std::int64_t step) const
{
    const std::int64_t epoch = step / stepsPerEpoch();
    if (epoch != m_orderEpoch) {
        m_order = orderOf(epoch);
        m_orderEpoch = epoch;
    }
    const std::int64_t begin = (step % stepsPerEpoch()) * m_settings.rowsPerStep;
    const std::int64_t end = std::min(begin + m_settings.rowsPerStep, m_perEpoch);
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
