// Grouping by question and answer, and the way from and to the database.
#include "core/data/findings.h"

#include "core/base/allcores.h"
#include "core/base/words.h"
#include "core/data/neighbours.h"
#include "core/data/recordstate.h"
#include "core/data/textchecks.h"
#include "core/data/textfindings.h"
#include "core/data/textoutliers.h"
#include "core/store/schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

namespace fettle::data {

namespace {

struct Group {
    std::vector<std::size_t> members;
    bool isInTraining = false;
    bool isContradicted = false;
    std::uint64_t firstAnswer = 0;
    bool hasAnswer = false;
};

bool isBlankText(std::string_view text)
{
    return text.find_first_not_of("\n ") == std::string_view::npos;
}

bool isHeldBack(Split split)
{
    return split == Split::HeldOut || split == Split::Test;
}

// Questions and answers are judged together: a translation has one language on each side.
Result<> markOutliers(std::span<const ComparedRecord> records, std::vector<std::int64_t> &flags, const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<std::string_view> texts;
    texts.reserve(records.size() * 2);
    for (const ComparedRecord &record : records) {
        texts.push_back(record.question);
        texts.push_back(record.answer);
    }
    const auto outliers = findOutliers(texts, progress, stop);
    if (!outliers)
        return passError(outliers);
    for (std::size_t i = 0; i < records.size(); ++i) {
        if ((*outliers)[i * 2] || (*outliers)[i * 2 + 1])
            flags[i] |= flagBit(RecordFlag::Outlier);
    }
    return {};
}

// A tag that so few records have beside the most frequent one that next to nothing is learnt of it.
constexpr std::int64_t kTagImbalance = 50;

// Records with such a tag. Rejected ones do not count.
Result<std::set<std::int64_t>> findRareTags(const store::Database &database)
{
    std::set<std::int64_t> found;
    auto statement = database.prepare("WITH counted AS (SELECT t.tag AS tag, count(*) AS n FROM recordTag t JOIN record r ON r.id = t.record WHERE r.status <> ?1 GROUP BY t.tag) "
                                      "SELECT DISTINCT t.record FROM recordTag t JOIN counted c ON c.tag = t.tag WHERE c.n * ?2 < (SELECT max(n) FROM counted)");
    if (!statement)
        return passError(statement);
    statement->bind(static_cast<std::int64_t>(RecordStatus::Rejected)).bind(kTagImbalance);
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return found;
        found.insert(statement->integer(0));
    }
}

constexpr std::size_t kReadTogether = 4096; // records that are read before all cores look at them

constexpr std::string_view kTextChecksKey = "textChecks";       // version that has seen every text
constexpr std::string_view kTextChecksPlaceKey = "textChecksAt"; // how far a newer one has come

ComparedRecord compared(const Record &record)
{
    ComparedRecord result{record.id, record.split, {}, {}};
    std::size_t last = record.turns.size();
    while (last > 0 && record.turns[last - 1].role != Role::Assistant)
        --last;
    bool hasContext = !record.context.empty();
    for (std::size_t i = 0; i + 1 < std::max<std::size_t>(last, 1); ++i) {
        result.question += normalForm(record.turns[i].text) + '\n';
        if (hasContext && record.turns[i].role == Role::User) {
            result.question += normalForm(record.context) + '\n';
            hasContext = false;
        }
    }
    if (last > 0) {
        result.answer = normalForm(record.turns[last - 1].text);
        if (!record.turns[last - 1].extraJson.empty())
            result.answer += '\n' + record.turns[last - 1].extraJson;
    }
    return result;
}

// A record as it lies in the database.
struct StoredRecord {
    RecordId id;
    Split split = Split::Unassigned;
    std::string turns, context;
};

// Puts the records behind the others, read and in normal form.
Result<> appendCompared(const store::Database &database, std::span<const StoredRecord> stored, std::vector<ComparedRecord> &records, std::stop_token stop)
{
    const std::size_t begin = records.size();
    records.resize(begin + stored.size());
    const auto read = [&](std::size_t i) -> Result<> {
        auto turns = readTurns(stored[i].turns);
        if (!turns)
            return tl::unexpected(damagedContent(database, stored[i].id));
        Record record;
        record.id = stored[i].id;
        record.split = stored[i].split;
        record.turns = std::move(*turns);
        record.context = stored[i].context;
        records[begin + i] = compared(record);
        return {};
    };
    return onAllCores(stored.size(), read, std::move(stop));
}

// Pairs of texts whose answers may differ, by content hash, the smaller one first.
using Agreements = std::set<std::pair<std::string, std::string>>;
constexpr std::string_view kAgreementsKey = "agreedAnswers";

std::pair<std::string, std::string> agreementKey(const std::string &one, const std::string &other)
{
    return {std::min(one, other), std::max(one, other)};
}

Result<Agreements> readAgreements(const store::Database &database)
{
    const auto stored = store::readValue(database, kAgreementsKey);
    if (!stored)
        return passError(stored);
    Agreements agreements;
    const auto json = nlohmann::json::parse(stored->value_or("[]"), nullptr, false);
    if (!json.is_array())
        return agreements; // damaged: the pairs are shown again, nothing is lost but a decision
    for (const auto &pair : json) {
        if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
            agreements.emplace(pair[0].get<std::string>(), pair[1].get<std::string>());
    }
    return agreements;
}

// Places of the records that contradict an earlier one, with the place of the first such one. hashes: of the contents, in the same order.
std::vector<std::pair<std::size_t, std::size_t>> contradictions(std::span<const ComparedRecord> records, std::span<const std::string> hashes,
                                                                const Agreements &agreements)
{
    std::unordered_map<std::string_view, std::vector<std::size_t>> byQuestion; // one record for each answer
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (isBlankText(records[i].question) || records[i].answer.empty())
            continue;
        std::vector<std::size_t> &earlier = byQuestion[records[i].question];
        bool isNew = true;
        for (const std::size_t other : earlier) {
            if (records[other].answer == records[i].answer) {
                isNew = false;
            } else if (!agreements.contains(agreementKey(hashes[other], hashes[i]))) {
                pairs.emplace_back(other, i);
                break;
            }
        }
        if (isNew)
            earlier.push_back(i);
    }
    return pairs;
}

// Where some pairs were agreed on, only those that are still open keep the mark.
void takeAgreements(std::span<const ComparedRecord> records, std::span<const std::string> hashes, const Agreements &agreements,
                    std::vector<std::int64_t> &flags)
{
    if (agreements.empty())
        return;
    for (std::int64_t &flag : flags)
        flag &= ~flagBit(RecordFlag::Contradiction);
    for (const auto &[left, right] : contradictions(records, hashes, agreements)) {
        flags[left] |= flagBit(RecordFlag::Contradiction);
        flags[right] |= flagBit(RecordFlag::Contradiction);
    }
}

} // namespace

Result<std::vector<std::int64_t>> relate(std::span<const ComparedRecord> records, const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<std::int64_t> flags(records.size(), 0);
    std::unordered_map<std::uint64_t, Group> byQuestion;
    std::unordered_map<std::uint64_t, std::size_t> byBoth;
    std::vector<std::string_view> questions; // the first of each group
    std::vector<std::size_t> owners;
    std::vector<std::uint64_t> keys(records.size(), 0);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const ComparedRecord &record = records[i];
        if (isBlankText(record.question))
            continue;
        keys[i] = textHash(record.question);
        const std::uint64_t answer = textHash(record.answer, 1);
        Group &group = byQuestion[keys[i]];
        if (group.members.empty()) {
            questions.push_back(record.question);
            owners.push_back(i);
        }
        group.members.push_back(i);
        group.isInTraining = group.isInTraining || record.split == Split::Train;
        if (!record.answer.empty()) {
            group.isContradicted = group.isContradicted || (group.hasAnswer && group.firstAnswer != answer);
            group.firstAnswer = group.hasAnswer ? group.firstAnswer : answer;
            group.hasAnswer = true;
        }
        if (!byBoth.try_emplace(keys[i] ^ answer, i).second)
            flags[i] |= flagBit(RecordFlag::Duplicate);
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (keys[i] == 0)
            continue;
        const Group &group = byQuestion[keys[i]];
        if (group.isContradicted && !records[i].answer.empty())
            flags[i] |= flagBit(RecordFlag::Contradiction);
        if (isHeldBack(records[i].split) && group.isInTraining)
            flags[i] |= flagBit(RecordFlag::Leak);
    }
    std::vector<std::uint8_t> uses;
    for (const std::size_t owner : owners) {
        const Group &group = byQuestion[keys[owner]];
        const bool isAsked = std::any_of(group.members.begin(), group.members.end(), [&](std::size_t member) { return isHeldBack(records[member].split); });
        uses.push_back(static_cast<std::uint8_t>((group.isInTraining ? Learnt : NoUse) | (isAsked ? Asked : NoUse)));
    }
    const auto neighbours = findNeighbours(questions, uses, 0.8, progress, stop);
    if (!neighbours)
        return passError(neighbours);
    for (std::size_t i = 0; i < owners.size(); ++i) {
        for (const std::size_t member : byQuestion[keys[owners[i]]].members) {
            if (neighbours->earlier[i] >= 0)
                flags[member] |= flagBit(RecordFlag::NearDuplicate);
            if (neighbours->isLeaked[i] && isHeldBack(records[member].split))
                flags[member] |= flagBit(RecordFlag::Leak);
        }
    }
    if (auto done = markOutliers(records, flags, progress, stop); !done)
        return passError(done);
    return flags;
}

Result<> markTextsChecked(const store::Database &database)
{
    return store::writeValue(database, kTextChecksKey, std::to_string(kTextChecks));
}

Result<bool> recheckTexts(const store::Database &database, std::int64_t most)
{
    const auto version = store::readValue(database, kTextChecksKey);
    if (!version)
        return passError(version);
    if (*version && **version == std::to_string(kTextChecks))
        return false;
    const auto place = store::readValue(database, kTextChecksPlaceKey);
    if (!place)
        return passError(place);
    auto select = database.prepare("SELECT id, flags FROM content WHERE id > ? ORDER BY id LIMIT ?");
    auto update = database.prepare("UPDATE content SET flags = ? WHERE id = ?");
    if (!select || !update)
        return passError(select ? update : select);
    select->bind(static_cast<std::int64_t>(std::strtoll(place->value_or("0").c_str(), nullptr, 10))).bind(most);
    std::int64_t last = -1;
    for (;;) {
        const auto hasRow = select->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        last = select->integer(0);
        Record record;
        if (auto done = readContent(database, last, record); !done)
            return passError(done);
        const std::int64_t flags = textFlags(record);
        if (flags == select->integer(1))
            continue;
        if (auto done = update->bind(flags).bind(last).run(); !done)
            return passError(done);
    }
    if (last >= 0) {
        if (auto done = store::writeValue(database, kTextChecksPlaceKey, std::to_string(last)); !done)
            return passError(done);
        return true;
    }
    if (auto done = store::writeValue(database, kTextChecksPlaceKey, "0"); !done)
        return passError(done);
    if (auto done = markTextsChecked(database); !done)
        return passError(done);
    return false;
}

Result<std::vector<RecordRelations>> findRelations(const store::Database &database, const ProgressCallback &progress, std::stop_token stop)
{
    const auto total = database.integer("SELECT count(*) FROM record");
    if (!total)
        return passError(total);
    auto statement = database.prepare("SELECT r.id, r.split, r.status, r.flags, c.turns, c.context, c.hash FROM record r JOIN content c ON c.id = r.content ORDER BY r.id");
    if (!statement)
        return passError(statement);
    std::vector<RecordRelations> relations;
    std::vector<StoredRecord> stored;
    std::vector<ComparedRecord> records;
    std::vector<std::size_t> places;
    std::vector<std::string> hashes;
    const auto agreements = readAgreements(database);
    if (!agreements)
        return passError(agreements);
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (stored.size() == kReadTogether || !*hasRow) {
            if (auto done = appendCompared(database, stored, records, stop); !done)
                return passError(done);
            stored.clear();
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
            if (progress)
                progress({tr("Reading records"), static_cast<std::int64_t>(relations.size()), *total});
        }
        if (!*hasRow)
            break;
        relations.push_back({{statement->integer(0)}, 0, statement->integer(3)});
        if (statement->integer(2) == static_cast<int>(RecordStatus::Rejected))
            continue;
        const auto split = static_cast<Split>(std::clamp<std::int64_t>(statement->integer(1), 0, 3));
        stored.push_back({relations.back().id, split, statement->text(4), statement->text(5)});
        places.push_back(relations.size() - 1);
        hashes.emplace_back(agreements->empty() ? std::string() : statement->text(6));
    }
    auto flags = relate(records, progress, stop);
    if (!flags)
        return passError(flags);
    takeAgreements(records, hashes, *agreements, *flags);
    const auto rare = findRareTags(database);
    if (!rare)
        return passError(rare);
    for (std::size_t i = 0; i < places.size(); ++i)
        relations[places[i]].flags = (*flags)[i] | (rare->contains(relations[places[i]].id.value) ? flagBit(RecordFlag::RareTag) : 0);
    return relations;
}

Result<> storeRelations(const store::Database &database, std::span<const RecordRelations> relations)
{
    auto update = database.prepare("UPDATE record SET flags = ?1 WHERE id = ?2 AND flags <> ?1");
    if (!update)
        return passError(update);
    for (const RecordRelations &relation : relations) {
        if (auto done = update->bind(relation.flags).bind(relation.id.value).run(); !done)
            return done;
    }
    return {};
}

Result<std::vector<Contradiction>> findContradictions(const store::Database &database, std::stop_token stop)
{
    const auto agreements = readAgreements(database);
    if (!agreements)
        return passError(agreements);
    auto statement = database.prepare("SELECT r.id, r.content, c.hash FROM record r JOIN content c ON c.id = r.content "
                                      "WHERE r.flags & ?1 <> 0 AND r.status <> ?2 ORDER BY r.id");
    if (!statement)
        return passError(statement);
    statement->bind(flagBit(RecordFlag::Contradiction)).bind(static_cast<std::int64_t>(RecordStatus::Rejected));
    std::vector<ComparedRecord> records;
    std::vector<std::string> hashes;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
        Record record;
        record.id = {statement->integer(0)};
        hashes.emplace_back(statement->text(2));
        if (auto done = readContent(database, statement->integer(1), record); !done)
            return passError(done);
        records.push_back(compared(record));
    }
    std::vector<Contradiction> found;
    for (const auto &[left, right] : contradictions(records, hashes, *agreements))
        found.push_back({records[left].id, records[right].id});
    return found;
}

Result<> setAgreement(const store::Database &database, const Contradiction &pair, bool doAgree)
{
    auto agreements = readAgreements(database);
    if (!agreements)
        return passError(agreements);
    const auto left = readRecord(database, pair.left);
    if (!left)
        return passError(left);
    const auto right = readRecord(database, pair.right);
    if (!right)
        return passError(right);
    const auto key = agreementKey(contentHash(*left), contentHash(*right));
    if (doAgree)
        agreements->insert(key);
    else
        agreements->erase(key);
    nlohmann::json json = nlohmann::json::array();
    for (const auto &[one, other] : *agreements)
        json.push_back({one, other});
    return store::writeValue(database, kAgreementsKey, json.dump());
}

} // namespace fettle::data
