// Contents: stored once, found by hash, indexed for full-text search when they are new.
#include "core/base/words.h"
#include "core/data/recordstate.h"

#include "core/base/utf8.h"
#include "core/data/recordview.h"
#include "core/data/textfindings.h"

#include <fmt/format.h>

namespace fettle::data {

namespace {

constexpr std::int64_t kPreviewCodePoints = 200;

// One line, so that a row of the table shows the beginning and not the first line break.
std::string preview(std::string_view text)
{
    std::string line;
    bool hasSpace = false;
    std::int64_t count = 0;
    for (std::size_t i = 0; i < text.size() && count < kPreviewCodePoints;) {
        const std::size_t begin = i;
        const char32_t c = nextCodePoint(text, i);
        if (c <= U' ' || c == U'\u007f' || c == U'\u2028' || c == U'\u2029') {
            hasSpace = !line.empty();
            continue;
        }
        if (hasSpace && ++count < kPreviewCodePoints)
            line += ' ';
        hasSpace = false;
        line += text.substr(begin, i - begin);
        ++count;
    }
    return line;
}

std::string turnsToJson(const std::vector<Turn> &turns)
{
    auto json = nlohmann::json::array();
    for (const Turn &turn : turns) {
        auto entry = nlohmann::json::array({nameOf(turn.role), turn.text});
        if (!turn.extraJson.empty())
            entry.push_back(turn.extraJson);
        json.push_back(std::move(entry));
    }
    return json.dump();
}

std::optional<Role> roleFromName(const std::string &name)
{
    for (const Role role : {Role::System, Role::User, Role::Assistant, Role::Tool}) {
        if (name == nameOf(role))
            return role;
    }
    return std::nullopt;
}

std::string otherTextsOf(const Record &record)
{
    std::string other;
    const std::string_view instruction = instructionOf(record);
    const std::string_view response = responseOf(record);
    for (const Turn &turn : record.turns) {
        if (turn.text.data() != instruction.data() && turn.text.data() != response.data())
            other.append(turn.text).append("\n");
    }
    return other;
}

Result<> indexContent(const store::Database &database, std::int64_t content, const Record &record, const std::string &otherTexts)
{
    auto index = database.prepare("INSERT INTO contentText(rowid, instruction, context, response, other) VALUES(?, ?, ?, ?, ?)");
    if (!index)
        return passError(index);
    return index->bind(content).bind(instructionOf(record)).bind(record.context).bind(responseOf(record)).bind(otherTexts).run();
}

} // namespace

Result<> checkRecord(const Record &record)
{
    const auto check = [&](std::string_view text, std::string_view field) -> Result<> {
        if (isValidUtf8(text))
            return {};
        return fail(ErrorCode::BadInput,
                    tr("Cannot save record {}: the field \"{}\" holds bytes that are not UTF-8 text.", record.id.value, field),
                    tr("Type the text again or import it with the right encoding."));
    };
    for (const Turn &turn : record.turns) {
        if (auto result = check(turn.text, nameOf(turn.role)); !result)
            return result;
        if (auto result = check(turn.extraJson, "extra"); !result)
            return result;
    }
    for (const std::string &tag : record.tags) {
        if (auto result = check(tag, "tags"); !result)
            return result;
    }
    for (const auto &[text, field] : {std::pair<std::string_view, std::string_view>{record.context, "context"}, {record.note, "note"},
                                      {record.source, "source"}, {record.toolsJson, "tools"}}) {
        if (auto result = check(text, field); !result)
            return result;
    }
    if (record.rating < 0 || record.rating > 5)
        return fail(ErrorCode::BadInput, tr("Cannot save record {}: the rating {} is not between 0 and 5.", record.id.value, record.rating),
                    tr("Choose a rating from 1 to 5, or 0 for none."));
    return {};
}

Result<PreparedRecord> prepared(Record record)
{
    if (auto checked = checkRecord(record); !checked)
        return passError(checked);
    PreparedRecord result{std::move(record), {}, {}, {}, {}, {}, 0};
    result.hash = contentHash(result.record);
    result.turns = turnsToJson(result.record.turns);
    result.instructionPreview = preview(instructionOf(result.record));
    result.responsePreview = preview(responseOf(result.record));
    result.otherTexts = otherTextsOf(result.record);
    result.flags = textFlags(result.record);
    return result;
}

Result<std::int64_t> putContent(const store::Database &database, const PreparedRecord &prepared, Indexing indexing)
{
    const Record &record = prepared.record;
    {
        auto find = database.prepare("SELECT id FROM content WHERE hash = ?");
        if (!find)
            return passError(find);
        const auto found = find->bind(prepared.hash).step();
        if (!found)
            return passError(found);
        if (*found)
            return find->integer(0);
    }
    auto insert = database.prepare("INSERT INTO content(hash, turns, context, tools, instruction, response, turnCount, isPair, flags) "
                                   "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!insert)
        return passError(insert);
    insert->bind(prepared.hash).bind(prepared.turns).bind(record.context).bind(record.toolsJson);
    insert->bind(prepared.instructionPreview).bind(prepared.responsePreview);
    insert->bind(static_cast<std::int64_t>(record.turns.size())).bind(isPair(record) ? 1 : 0).bind(prepared.flags);
    if (auto done = insert->run(); !done)
        return passError(done);
    const std::int64_t content = database.lastInsertId();
    if (indexing == Indexing::Later)
        return content;
    if (auto done = indexContent(database, content, record, prepared.otherTexts); !done)
        return passError(done);
    return content;
}

Result<> indexContents(const store::Database &database, std::int64_t after, std::stop_token stop)
{
    const auto last = database.integer("SELECT coalesce(max(id), 0) FROM content");
    if (!last)
        return passError(last);
    for (std::int64_t content = after + 1; content <= *last; ++content) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Indexing the new texts was cancelled."), tr("Nothing was changed."));
        Record record;
        if (auto done = readContent(database, content, record); !done)
            return done;
        if (auto done = indexContent(database, content, record, otherTextsOf(record)); !done)
            return done;
    }
    return {};
}

std::optional<std::vector<Turn>> readTurns(std::string_view stored)
{
    const auto json = nlohmann::json::parse(stored, nullptr, false);
    if (!json.is_array())
        return std::nullopt;
    std::vector<Turn> turns;
    turns.reserve(json.size());
    for (const auto &entry : json) {
        if (!entry.is_array() || entry.size() < 2 || entry.size() > 3)
            return std::nullopt;
        for (const auto &part : entry) {
            if (!part.is_string())
                return std::nullopt;
        }
        const auto role = roleFromName(entry[0].get<std::string>());
        if (!role)
            return std::nullopt;
        turns.push_back({*role, entry[1].get<std::string>(), entry.size() == 3 ? entry[2].get<std::string>() : std::string()});
    }
    return turns;
}

Error damagedContent(const store::Database &database, RecordId id)
{
    return {ErrorCode::BadInput, tr("The text of record {} is damaged in {}.", id.value, database.file().string()),
            tr("Restore the project folder from a copy, or delete the record."), {}};
}

Result<> readContent(const store::Database &database, std::int64_t content, Record &record)
{
    auto statement = database.prepare("SELECT turns, context, tools FROM content WHERE id = ?");
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->bind(content).step();
    if (!hasRow)
        return passError(hasRow);
    auto turns = *hasRow ? readTurns(statement->view(0)) : std::nullopt;
    if (!turns)
        return tl::unexpected(damagedContent(database, record.id));
    record.turns = std::move(*turns);
    record.context = statement->text(1);
    record.toolsJson = statement->text(2);
    return {};
}

} // namespace fettle::data
