#include "core/engine/lossgroups.h"

#include "core/base/words.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fettle::engine {

namespace {

constexpr std::int64_t kShortest = 64, kLongest = 2048; // tokens: each bucket is twice as long as the one before

// Upper end of the bucket; 0: its length is not known.
std::int64_t bucketOf(const std::optional<std::int64_t> &tokens)
{
    if (!tokens)
        return 0;
    return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::clamp(*tokens, kShortest, 2 * kLongest))));
}

std::string bucketName(std::int64_t end)
{
    if (end == 0)
        return tr("length not measured");
    if (end == kShortest)
        return tr("up to {} tokens", end);
    return end > kLongest ? tr("over {} tokens", kLongest) : tr("{} to {} tokens", end / 2 + 1, end);
}

LossGroup groupOf(const data::LossTable &table, LedgerPart part, std::string name, std::span<const std::size_t> places)
{
    LossGroup group{part, std::move(name), static_cast<std::int64_t>(places.size()), {}, {}};
    for (std::size_t reading = 0; reading < table.at.size(); ++reading) {
        double sum = 0;
        std::int64_t read = 0;
        for (const std::size_t place : places) {
            const float loss = table.losses[reading][place];
            if (!std::isfinite(loss))
                continue;
            sum += static_cast<double>(loss);
            ++read;
        }
        if (read == 0)
            continue;
        group.at.push_back(table.at[reading]);
        group.losses.push_back(sum / static_cast<double>(read));
    }
    return group;
}

void addWhole(LossGroups &all, const data::LossTable &table, LedgerPart part)
{
    std::vector<std::size_t> places(table.rows.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        places[i] = i;
    if (!table.isEmpty())
        all.groups.push_back(groupOf(table, part, {}, places));
}

} // namespace

LossGroups lossGroups(const data::LossLedger &ledger, std::span<const RecordRow> rows, LedgerPart part, GroupBy by)
{
    LossGroups all;
    if (by == GroupBy::Split) {
        addWhole(all, ledger.train, LedgerPart::Train);
        addWhole(all, ledger.heldOut, LedgerPart::HeldOut);
        return all;
    }
    const data::LossTable &table = part == LedgerPart::Train ? ledger.train : ledger.heldOut;
    std::map<std::int64_t, const RecordRow *> known;
    for (const RecordRow &row : rows)
        known[row.id.value] = &row;
    std::map<std::string, std::vector<std::size_t>> byTag;
    std::map<std::int64_t, std::vector<std::size_t>> byLength;
    for (std::size_t place = 0; place < table.rows.size(); ++place) {
        const auto found = known.find(table.rows[place].value);
        const RecordRow *row = found == known.end() ? nullptr : found->second;
        if (by == GroupBy::Length)
            byLength[bucketOf(row ? row->tokens : std::nullopt)].push_back(place);
        else if (!row || row->tags.empty())
            byTag[{}].push_back(place);
        else
            for (const std::string &tag : row->tags)
                byTag[tag].push_back(place);
    }
    for (const auto &[tag, places] : byTag)
        all.groups.push_back(groupOf(table, part, tag, places));
    for (const auto &[end, places] : byLength)
        all.groups.push_back(groupOf(table, part, bucketName(end), places));
    std::erase_if(all.groups, [](const LossGroup &group) { return group.at.empty(); });
    if (by == GroupBy::Tag)
        std::ranges::stable_sort(all.groups, std::ranges::greater(), &LossGroup::rows);
    if (all.groups.size() > kMostGroups) {
        all.leftOut = static_cast<std::int64_t>(all.groups.size() - kMostGroups);
        all.groups.resize(kMostGroups);
    }
    return all;
}

} // namespace fettle::engine
