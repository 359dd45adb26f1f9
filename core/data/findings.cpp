// Grouping by question and answer, and the way from and to the database.
#include "core/data/findings.h"

#include "core/base/words.h"
#include "core/data/neighbours.h"
#include "core/data/recordstate.h"
#include "core/data/textchecks.h"

#include <algorithm>
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
        const bool isAsked = records[i].split == Split::HeldOut || records[i].split == Split::Test;
        if (isAsked && group.isInTraining)
            flags[i] |= flagBit(RecordFlag::Leak);
    }
    const auto neighbours = earlierNeighbours(questions, 0.8, progress, stop);
    if (!neighbours)
        return passError(neighbours);
    for (std::size_t i = 0; i < owners.size(); ++i) {
        if ((*neighbours)[i] < 0)
            continue;
        for (const std::size_t member : byQuestion[keys[owners[i]]].members)
            flags[member] |= flagBit(RecordFlag::NearDuplicate);
    }
    return flags;
}

Result<std::vector<RecordRelations>> findRelations(const store::Database &database, const ProgressCallback &progress, std::stop_token stop)
{
    const auto total = database.integer("SELECT count(*) FROM record");
    if (!total)
        return passError(total);
    auto statement = database.prepare("SELECT id, split, content, status, flags FROM record ORDER BY id");
    if (!statement)
        return passError(statement);
    std::vector<RecordRelations> relations;
    std::vector<ComparedRecord> records;
    std::vector<std::size_t> places;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        if (relations.size() % 1024 == 0) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
            if (progress)
                progress({tr("Reading records"), static_cast<std::int64_t>(relations.size()), *total});
        }
        relations.push_back({{statement->integer(0)}, 0, statement->integer(4)});
        if (statement->integer(3) == static_cast<int>(RecordStatus::Rejected))
            continue;
        Record record;
        record.id = relations.back().id;
        record.split = static_cast<Split>(std::clamp<std::int64_t>(statement->integer(1), 0, 3));
        if (auto done = readContent(database, statement->integer(2), record); !done)
            return passError(done);
        places.push_back(relations.size() - 1);
        records.push_back(compared(record));
    }
    const auto flags = relate(records, progress, stop);
    if (!flags)
        return passError(flags);
    for (std::size_t i = 0; i < places.size(); ++i)
        relations[places[i]].flags = (*flags)[i];
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

} // namespace fettle::data
