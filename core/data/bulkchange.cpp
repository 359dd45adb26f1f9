#include "core/data/bulkchange.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/data/personaldata.h"
#include "core/data/recordedits.h"
#include "core/data/textfindings.h"

#include <algorithm>

namespace fettle::data {

namespace {

// Every text of a record through `change`.
template <class Change>
void changeTexts(Record &record, const Change &change)
{
    for (Turn &turn : record.turns)
        turn.text = change(turn.text);
    record.context = change(record.context);
}

Result<> replaceIn(std::string &text, const Replacer &replacer)
{
    if (text.empty())
        return {};
    auto replaced = replacer.apply(text);
    if (!replaced)
        return passError(replaced);
    text = std::move(*replaced);
    return {};
}

Result<std::optional<Record>> replaced(const Record &record, const Replacement &where, const Replacer &replacer)
{
    Record after = record;
    for (Turn &turn : after.turns) {
        const bool isWanted = turn.role == Role::User ? where.inQuestions : turn.role == Role::Assistant ? where.inAnswers : where.inOtherTurns;
        if (!isWanted)
            continue;
        if (auto done = replaceIn(turn.text, replacer); !done)
            return passError(done);
    }
    if (where.inContext) {
        if (auto done = replaceIn(after.context, replacer); !done)
            return passError(done);
    }
    if (where.inNotes) {
        if (auto done = replaceIn(after.note, replacer); !done)
            return passError(done);
    }
    return after == record ? std::optional<Record>() : std::optional(std::move(after));
}

Result<RecordChanger> changerOf(const BulkChange &change)
{
    if (const auto *flag = std::get_if<RecordFlag>(&change)) {
        if (!hasFix(*flag))
            return fail(ErrorCode::Usage, tr("The finding {} has no fix that a program can do.", nameOf(*flag)), tr("Look at the records one by one."));
        return RecordChanger([flag = *flag](const Record &record) -> Result<std::optional<Record>> { return fixedRecord(record, flag); });
    }
    const auto &replacement = std::get<Replacement>(change);
    const auto replacer = Replacer::compile(replacement);
    if (!replacer)
        return passError(replacer);
    return RecordChanger([replacement, replacer = *replacer](const Record &record) { return replaced(record, replacement, replacer); });
}

std::string whatOf(const BulkChange &change, std::int64_t count)
{
    const auto *flag = std::get_if<RecordFlag>(&change);
    if (flag == nullptr)
        return tr("Replaced \"{}\" in {}", firstCodePoints(std::get<Replacement>(change).find, 40), countedRecords(count));
    switch (*flag) {
    case RecordFlag::OddEncoding: return tr("Repaired the letters of {}", countedRecords(count));
    case RecordFlag::Boilerplate: return tr("Took boilerplate out of {}", countedRecords(count));
    case RecordFlag::PersonalData: return tr("Masked personal data in {}", countedRecords(count));
    case RecordFlag::Leak: return tr("Moved {} that leaked to train", countedRecords(count));
    default: return tr("Rejected {} ({})", countedRecords(count), nameOf(*flag));
    }
}

} // namespace

bool hasFix(RecordFlag flag)
{
    return flag != RecordFlag::Contradiction && flag != RecordFlag::TooLong && flag != RecordFlag::RareTag && flag != RecordFlag::UnbalancedMarkup
        && flag != RecordFlag::Surprising && flag != RecordFlag::OddWording;
}

std::optional<Record> fixedRecord(const Record &record, RecordFlag flag)
{
    Record after = record;
    switch (flag) {
    case RecordFlag::OddEncoding: changeTexts(after, [](const std::string &text) { return repairedEncoding(text); }); break;
    case RecordFlag::PersonalData: changeTexts(after, [](const std::string &text) { return maskPersonalData(text); }); break;
    case RecordFlag::Boilerplate: {
        for (Turn &turn : after.turns)
            if (turn.role == Role::Assistant)
                turn.text = withoutBoilerplate(turn.text);
        if (responseOf(after).empty()) { // nothing else was said
            after = record;
            after.status = RecordStatus::Rejected;
        }
        break;
    }
    case RecordFlag::Leak: after.split = Split::Train; break;
    case RecordFlag::Duplicate:
    case RecordFlag::NearDuplicate:
    case RecordFlag::Empty:
    case RecordFlag::Placeholder:
    case RecordFlag::Outlier:
    case RecordFlag::KnownAlready:
    case RecordFlag::AnswerCut: after.status = RecordStatus::Rejected; break;
    case RecordFlag::Contradiction:
    case RecordFlag::TooLong:
    case RecordFlag::RareTag:
    case RecordFlag::Surprising:
    case RecordFlag::OddWording:
    case RecordFlag::UnbalancedMarkup: break;
    }
    return after == record ? std::nullopt : std::optional(std::move(after));
}

Result<BulkPreview> previewChange(const store::Database &database, const BulkChange &change, const std::vector<RecordId> &ids, std::size_t shown,
                                  const ProgressCallback &progress, std::stop_token stop)
{
    const auto changer = changerOf(change);
    if (!changer)
        return passError(changer);
    BulkPreview preview;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i % 256 == 0) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("Looking for what would change was cancelled."));
            if (progress)
                progress({tr("Looking for what would change"), static_cast<std::int64_t>(i), static_cast<std::int64_t>(ids.size())});
        }
        const auto state = readState(database, ids[i]);
        if (!state)
            return passError(state);
        if (!*state)
            continue; // deleted meanwhile
        auto record = recordOf(database, ids[i], **state);
        if (!record)
            return passError(record);
        auto after = (*changer)(*record);
        if (!after)
            return passError(after);
        if (!*after)
            continue;
        preview.changed.push_back(ids[i]);
        if (preview.shown.size() < shown)
            preview.shown.push_back({std::move(*record), std::move(**after)});
    }
    return preview;
}

Result<std::int64_t> applyChange(const store::Database &database, const BulkChange &change, const std::vector<RecordId> &ids, const ProgressCallback &progress,
                                 std::stop_token stop)
{
    const auto changer = changerOf(change);
    if (!changer)
        return passError(changer);
    return changeRecords(database, ids, *changer, [&](std::int64_t count) { return whatOf(change, count); }, progress, stop);
}

} // namespace fettle::data
