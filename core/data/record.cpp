// Names, accessors and the content hash of records.
#include "core/data/recordview.h"

#include "core/base/sha256.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data {

std::string_view instructionOf(const Record &record)
{
    const auto turn = std::find_if(record.turns.begin(), record.turns.end(), [](const Turn &t) { return t.role == Role::User; });
    return turn == record.turns.end() ? std::string_view() : std::string_view(turn->text);
}

std::string_view responseOf(const Record &record)
{
    const auto turn = std::find_if(record.turns.rbegin(), record.turns.rend(), [](const Turn &t) { return t.role == Role::Assistant; });
    return turn == record.turns.rend() ? std::string_view() : std::string_view(turn->text);
}

std::string_view systemOf(const Record &record)
{
    const auto turn = std::find_if(record.turns.begin(), record.turns.end(), [](const Turn &t) { return t.role == Role::System; });
    return turn == record.turns.end() ? std::string_view() : std::string_view(turn->text);
}

bool isPair(const Record &record)
{
    const auto &turns = record.turns;
    const std::size_t first = !turns.empty() && turns.front().role == Role::System ? 1 : 0;
    if (turns.size() != first + 2 || turns[first].role != Role::User || turns[first + 1].role != Role::Assistant)
        return false;
    return record.toolsJson.empty() && std::all_of(turns.begin(), turns.end(), [](const Turn &turn) { return turn.extraJson.empty(); });
}

Record makePair(std::string instruction, std::string context, std::string response, std::string system)
{
    Record record;
    if (!system.empty())
        record.turns.push_back({Role::System, std::move(system), {}});
    record.turns.push_back({Role::User, std::move(instruction), {}});
    record.turns.push_back({Role::Assistant, std::move(response), {}});
    record.context = std::move(context);
    return record;
}

std::string_view nameOf(Role role)
{
    switch (role) {
    case Role::System: return "system";
    case Role::User: return "user";
    case Role::Assistant: return "assistant";
    case Role::Tool: return "tool";
    }
    return "user";
}

std::string_view nameOf(RecordStatus status)
{
    switch (status) {
    case RecordStatus::New: return "new";
    case RecordStatus::Edited: return "edited";
    case RecordStatus::Approved: return "approved";
    case RecordStatus::Rejected: return "rejected";
    }
    return "new";
}

std::string_view nameOf(Split split)
{
    switch (split) {
    case Split::Unassigned: return "";
    case Split::Train: return "train";
    case Split::HeldOut: return "held-out";
    case Split::Test: return "test";
    }
    return "";
}

std::string_view nameOf(RecordFlag flag)
{
    switch (flag) {
    case RecordFlag::Duplicate: return "duplicate";
    case RecordFlag::NearDuplicate: return "near-duplicate";
    case RecordFlag::Contradiction: return "contradiction";
    case RecordFlag::Empty: return "empty";
    case RecordFlag::TooLong: return "too-long";
    case RecordFlag::Leak: return "leak";
    case RecordFlag::OddEncoding: return "odd-encoding";
    case RecordFlag::Boilerplate: return "boilerplate";
    case RecordFlag::PersonalData: return "personal-data";
    case RecordFlag::Placeholder: return "placeholder";
    case RecordFlag::UnbalancedMarkup: return "unbalanced-markup";
    case RecordFlag::Outlier: return "outlier";
    case RecordFlag::AnswerCut: return "answer-cut";
    case RecordFlag::RareTag: return "rare-tag";
    case RecordFlag::KnownAlready: return "known-already";
    case RecordFlag::Surprising: return "surprising";
    case RecordFlag::OddWording: return "odd-wording";
    }
    return "";
}

std::string contentHash(const Record &record)
{
    Sha256 hash;
    // Each part is preceded by its length, so that no two different records give the same bytes.
    const auto add = [&](std::string_view part) {
        hash.update(fmt::format("{}:", part.size()));
        hash.update(part);
    };
    hash.update("fettle record 1\n");
    for (const Turn &turn : record.turns) {
        add(nameOf(turn.role));
        add(turn.text);
        add(turn.extraJson);
    }
    hash.update("context ");
    add(record.context);
    add(record.toolsJson);
    return hash.finishHex();
}

} // namespace fettle::data
