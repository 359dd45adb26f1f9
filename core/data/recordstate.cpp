// Reading and writing the facts around a content, and their JSON images.
#include "core/data/recordstate.h"
#include "core/base/words.h"

#include <chrono>
#include <fmt/format.h>

namespace fettle::data {

namespace {

using nlohmann::json;

std::int64_t nowMs()
{
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Result<> insertTags(const store::Database &database, RecordId id, const std::vector<std::string> &tags)
{
    if (tags.empty())
        return {};
    auto insert = database.prepare("INSERT INTO recordTag(record, position, tag) VALUES(?, ?, ?)");
    if (!insert)
        return passError(insert);
    std::int64_t position = 0;
    for (const std::string &tag : tags) {
        if (auto done = insert->bind(id.value).bind(position++).bind(tag).run(); !done)
            return done;
    }
    return {};
}

Result<> replaceTags(const store::Database &database, RecordId id, const std::vector<std::string> &tags)
{
    auto remove = database.prepare("DELETE FROM recordTag WHERE record = ?");
    if (!remove)
        return passError(remove);
    if (auto done = remove->bind(id.value).run(); !done)
        return done;
    return insertTags(database, id, tags);
}

tl::unexpected<Error> damagedImage(std::string_view image)
{
    return fail(ErrorCode::BadInput, tr("The history of this project is damaged."), tr("Restore the project folder from a copy."),
                std::string(image.substr(0, 200)));
}

std::optional<std::vector<std::string>> tagsOf(const json &value)
{
    std::vector<std::string> tags;
    if (!value.is_array())
        return std::nullopt;
    for (const auto &tag : value) {
        if (!tag.is_string())
            return std::nullopt;
        tags.push_back(tag.get<std::string>());
    }
    return tags;
}

template <class T>
bool isNumberIn(const json &value, T lowest, T highest)
{
    return value.is_number_integer() && value.get<std::int64_t>() >= static_cast<std::int64_t>(lowest)
        && value.get<std::int64_t>() <= static_cast<std::int64_t>(highest);
}

// One field of an image; false where the value cannot be right.
bool takeField(const std::string &key, const json &value, RecordState &state)
{
    if (key == "content" && isNumberIn<std::int64_t>(value, 1, INT64_MAX))
        state.content = value.get<std::int64_t>();
    else if (key == "status" && isNumberIn(value, RecordStatus::New, RecordStatus::Rejected))
        state.status = static_cast<RecordStatus>(value.get<int>());
    else if (key == "split" && isNumberIn(value, Split::Unassigned, Split::Test))
        state.split = static_cast<Split>(value.get<int>());
    else if (key == "rating" && isNumberIn(value, 0, 5))
        state.rating = value.get<int>();
    else if (key == "note" && value.is_string())
        state.note = value.get<std::string>();
    else if (key == "source" && value.is_string())
        state.source = value.get<std::string>();
    else if (key == "tags" && tagsOf(value))
        state.tags = *tagsOf(value);
    else
        return false;
    return true;
}

} // namespace

RecordState stateOf(const Record &record, std::int64_t content)
{
    return {content, record.status, record.split, record.rating, record.note, record.source, record.tags};
}

Result<std::vector<std::string>> readTags(const store::Database &database, RecordId id)
{
    auto statement = database.prepare("SELECT tag FROM recordTag WHERE record = ? ORDER BY position");
    if (!statement)
        return passError(statement);
    statement->bind(id.value);
    std::vector<std::string> tags;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return tags;
        tags.push_back(statement->text(0));
    }
}


Result<std::optional<RecordState>> readState(const store::Database &database, RecordId id)
{
    auto statement = database.prepare("SELECT content, status, split, rating, note, source FROM record WHERE id = ?");
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->bind(id.value).step();
    if (!hasRow)
        return passError(hasRow);
    if (!*hasRow)
        return std::optional<RecordState>();
    RecordState state;
    state.content = statement->integer(0);
    state.status = static_cast<RecordStatus>(std::clamp<std::int64_t>(statement->integer(1), 0, 3));
    state.split = static_cast<Split>(std::clamp<std::int64_t>(statement->integer(2), 0, 3));
    state.rating = static_cast<int>(std::clamp<std::int64_t>(statement->integer(3), 0, 5));
    state.note = statement->text(4);
    state.source = statement->text(5);
    auto tags = readTags(database, id);
    if (!tags)
        return passError(tags);
    state.tags = std::move(*tags);
    return std::optional(std::move(state));
}

Result<RecordId> insertState(const store::Database &database, RecordId id, const RecordState &state)
{
    auto insert = database.prepare("INSERT INTO record(id, content, status, split, rating, note, source, updated) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    if (!insert)
        return passError(insert);
    insert->bind(id.isValid() ? std::optional(id.value) : std::optional<std::int64_t>());
    insert->bind(state.content).bind(static_cast<int>(state.status)).bind(static_cast<int>(state.split)).bind(state.rating);
    insert->bind(state.note).bind(state.source).bind(nowMs());
    if (auto done = insert->run(); !done)
        return passError(done);
    const RecordId stored{database.lastInsertId()};
    if (auto done = insertTags(database, stored, state.tags); !done)
        return passError(done);
    return stored;
}

Result<> removeState(const store::Database &database, RecordId id)
{
    auto statement = database.prepare("DELETE FROM record WHERE id = ?");
    if (!statement)
        return passError(statement);
    return statement->bind(id.value).run();
}

Result<Record> recordOf(const store::Database &database, RecordId id, RecordState state)
{
    Record record;
    record.id = id;
    record.status = state.status;
    record.split = state.split;
    record.rating = state.rating;
    record.note = std::move(state.note);
    record.source = std::move(state.source);
    record.tags = std::move(state.tags);
    if (auto done = readContent(database, state.content, record); !done)
        return passError(done);
    return record;
}

Result<Record> readRecord(const store::Database &database, RecordId id)
{
    auto state = readState(database, id);
    if (!state)
        return passError(state);
    if (!*state)
        return fail(ErrorCode::NotFound, tr("There is no record {} in this project.", id.value), tr("It may have been deleted: undo brings it back."));
    return recordOf(database, id, std::move(**state));
}

json imageOf(const RecordState &state)
{
    return {{"content", state.content}, {"status", static_cast<int>(state.status)}, {"split", static_cast<int>(state.split)},
            {"rating", state.rating},   {"note", state.note},                       {"source", state.source},
            {"tags", state.tags}};
}

json imageOf(const RecordState &to, const RecordState &from)
{
    json all = imageOf(to);
    const json other = imageOf(from);
    json image = json::object();
    for (auto &[key, value] : all.items()) {
        if (value != other[key])
            image[key] = std::move(value);
    }
    return image;
}

Result<> applyImage(const store::Database &database, RecordId id, std::string_view image)
{
    const json parsed = json::parse(image, nullptr, false);
    if (!parsed.is_object())
        return damagedImage(image);
    RecordState values;
    for (const auto &[key, value] : parsed.items()) {
        if (!takeField(key, value, values))
            return damagedImage(image);
        if (key == "tags") {
            if (auto done = replaceTags(database, id, values.tags); !done)
                return done;
            continue;
        }
        // What was found out about the old text does not hold for another one. The key is one of takeField's.
        auto update = database.prepare(key == "content" ? "UPDATE record SET flags = 0, loss = NULL, lossRun = NULL, content = ? WHERE id = ?"
                                                        : fmt::format("UPDATE record SET {} = ? WHERE id = ?", key));
        if (!update)
            return passError(update);
        if (value.is_string())
            update->bind(value.get<std::string>());
        else
            update->bind(value.get<std::int64_t>());
        if (auto done = update->bind(id.value).run(); !done)
            return done;
    }
    auto touch = database.prepare("UPDATE record SET updated = ? WHERE id = ?");
    if (!touch)
        return passError(touch);
    return touch->bind(nowMs()).bind(id.value).run();
}

Result<RecordState> stateFromImage(std::string_view image)
{
    const json parsed = json::parse(image, nullptr, false);
    if (!parsed.is_object())
        return damagedImage(image);
    RecordState state;
    for (const auto &[key, value] : parsed.items()) {
        if (!takeField(key, value, state))
            return damagedImage(image);
    }
    if (state.content == 0)
        return damagedImage(image);
    return state;
}

std::string aboutOf(const RecordState &state)
{
    json image = imageOf(state);
    image.erase("content");
    image.erase("split"); // frozen on its own
    return image.dump();
}

Result<> readAbout(std::string_view about, Record &record)
{
    const json parsed = json::parse(about, nullptr, false);
    if (!parsed.is_object())
        return damagedImage(about);
    RecordState state;
    for (const auto &[key, value] : parsed.items()) {
        if (!takeField(key, value, state))
            return damagedImage(about);
    }
    record.status = state.status;
    record.rating = state.rating;
    record.note = std::move(state.note);
    record.source = std::move(state.source);
    record.tags = std::move(state.tags);
    return {};
}

} // namespace fettle::data
