#include "core/data/splitting.h"

#include "core/base/random.h"
#include "core/base/words.h"
#include "core/data/neighbours.h"
#include "core/data/recordedits.h"
#include "core/data/textchecks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

namespace fettle::data {

namespace {

constexpr double kSimilarity = 0.8; // as in the findings

struct Item {
    RecordId id;
    Split split = Split::Unassigned;
    std::string question; // in normal form
    std::string unit;     // what stays together by rule: a tag, a file, or nothing
    std::string stratum;  // what the shares hold in
};

struct Together {
    std::vector<std::size_t> items;
    std::uint64_t order = 0; // by chance
    std::optional<Split> fixed;
};

std::string fileOf(const std::string &source)
{
    return source.substr(0, source.rfind(", line "));
}

Result<std::vector<Item>> readItems(const store::Database &database, const std::vector<RecordId> &ids, const SplitRule &rule, std::stop_token stop)
{
    std::vector<Item> items;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i % 1024 == 0 && stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Dividing the records was cancelled."), tr("Nothing was changed."));
        auto state = readState(database, ids[i]);
        if (!state)
            return passError(state);
        if (!*state || (*state)->status == RecordStatus::Rejected)
            continue;
        const auto record = recordOf(database, ids[i], std::move(**state));
        if (!record)
            return passError(record);
        Item item{ids[i], record->split, normalForm(instructionOf(*record)) + '\n' + normalForm(record->context), {}, {}};
        const std::string tag = record->tags.empty() ? std::string() : record->tags.front();
        if (rule.by == SplitBy::WholeTags)
            item.unit = tag;
        else if (rule.by == SplitBy::WholeSources)
            item.unit = fileOf(record->source);
        else if (rule.by == SplitBy::WithinTags)
            item.stratum = tag;
        items.push_back(std::move(item));
    }
    return items;
}

// Near-duplicates and units joined: one group where either connects.
std::vector<Together> join(const std::vector<Item> &items, std::vector<std::size_t> roots, std::uint64_t seed)
{
    const auto rootOf = [&](std::size_t i) {
        while (roots[i] != i)
            i = roots[i] = roots[roots[i]];
        return i;
    };
    std::unordered_map<std::string_view, std::size_t> byUnit, byQuestion;
    const auto connect = [&](std::unordered_map<std::string_view, std::size_t> &first, std::string_view key, std::size_t item) {
        const auto [place, isNew] = first.try_emplace(key, item);
        const std::size_t a = rootOf(item), b = rootOf(place->second);
        if (!isNew && a != b)
            roots[std::max(a, b)] = std::min(a, b);
    };
    for (std::size_t i = 0; i < items.size(); ++i) {
        connect(byQuestion, items[i].question, i);
        if (!items[i].unit.empty())
            connect(byUnit, items[i].unit, i);
    }
    std::map<std::size_t, Together> groups;
    for (std::size_t i = 0; i < items.size(); ++i)
        groups[rootOf(i)].items.push_back(i);
    std::vector<Together> result;
    for (auto &[root, group] : groups) {
        // By the text and not by the number: a question keeps its place when others are added.
        const Item &first = items[root];
        group.order = textHash(first.unit.empty() ? first.question : first.unit, seed);
        result.push_back(std::move(group));
    }
    std::stable_sort(result.begin(), result.end(), [](const Together &a, const Together &b) { return a.order < b.order; });
    return result;
}

// Groups in the order of chance until each share is full; a group that would overshoot by more than half of it goes to the next one.
void fill(const std::vector<Together *> &groups, const SplitShares &shares, std::vector<Split> &splits)
{
    std::size_t open = 0;
    for (const Together *group : groups)
        open += group->fixed ? 0 : group->items.size();
    const auto part = [&](double share) { return static_cast<std::size_t>(std::llround(share * static_cast<double>(open))); };
    const std::size_t wantedHeldOut = part(shares.heldOut), wantedTest = part(shares.test);
    std::size_t heldOut = 0, test = 0;
    for (const Together *group : groups) {
        const std::size_t size = group->items.size();
        Split split = Split::Train;
        if (group->fixed) {
            split = *group->fixed;
        } else if (heldOut + (size + 1) / 2 <= wantedHeldOut) {
            split = Split::HeldOut;
            heldOut += size;
        } else if (test + (size + 1) / 2 <= wantedTest) {
            split = Split::Test;
            test += size;
        }
        for (const std::size_t item : group->items)
            splits[item] = split;
    }
}

} // namespace

Result<SplitPlan> planSplits(const store::Database &database, const std::vector<RecordId> &ids, const SplitRule &rule, const ProgressCallback &progress,
                             std::stop_token stop)
{
    const SplitShares &shares = rule.shares;
    const bool isPossible = shares.train >= 0 && shares.heldOut >= 0 && shares.test >= 0 && std::abs(shares.train + shares.heldOut + shares.test - 1) < 1e-6;
    if (!isPossible)
        return fail(ErrorCode::BadInput, tr("The shares {}, {} and {} do not add up to 1.", shares.train, shares.heldOut, shares.test),
                    tr("Give three shares from 0 to 1, for example 0.8, 0.1 and 0.1."));
    const auto items = readItems(database, ids, rule, stop);
    if (!items)
        return passError(items);
    const std::vector<std::string_view> questions = [&] {
        std::vector<std::string_view> views;
        for (const Item &item : *items)
            views.push_back(item.question);
        return views;
    }();
    auto roots = groupNeighbours(questions, kSimilarity, progress, stop);
    if (!roots)
        return passError(roots);
    std::vector<Together> groups = join(*items, std::move(*roots), shares.seed);
    std::map<std::string, std::vector<Together *>> strata;
    for (Together &group : groups) {
        if (rule.keepsAssigned) {
            for (const std::size_t item : group.items) {
                const Split split = (*items)[item].split;
                if (split != Split::Unassigned && (!group.fixed || split == Split::Train))
                    group.fixed = split; // what is trained on anywhere is trained on
            }
        }
        strata[(*items)[group.items.front()].stratum].push_back(&group);
    }
    std::vector<Split> splits(items->size(), Split::Train);
    for (const auto &[name, members] : strata)
        fill(members, shares, splits);
    SplitPlan plan;
    plan.groups = static_cast<std::int64_t>(groups.size());
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Item &item = (*items)[i];
        const Split split = rule.keepsAssigned && item.split != Split::Unassigned ? item.split : splits[i];
        ++plan.counts[split];
        if (split != item.split)
            plan.moves.emplace_back(item.id, split);
    }
    return plan;
}

Result<> applySplits(const store::Database &database, const SplitPlan &plan)
{
    std::map<std::int64_t, Split> splits;
    std::vector<RecordId> ids;
    for (const auto &[id, split] : plan.moves) {
        splits[id.value] = split;
        ids.push_back(id);
    }
    const auto changer = [&](const Record &record) -> Result<std::optional<Record>> {
        Record after = record;
        after.split = splits.at(record.id.value);
        return after;
    };
    const auto changed = changeRecords(database, ids, changer, [](std::int64_t count) { return tr("Divided {} into train, held-out and test", countedRecords(count)); });
    return changed ? Result<>() : passError(changed);
}

} // namespace fettle::data
