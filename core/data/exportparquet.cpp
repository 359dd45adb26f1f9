#include "core/data/exportparquet.h"

#include "core/base/words.h"
#include "core/data/jsonreader.h"
#include "core/data/parquet/filewriter.h"
#include "core/data/recordstate.h"

#include <algorithm>
#include <functional>

namespace fettle::data {

namespace {

using parquet::Meaning;
using parquet::Repetition;
using parquet::SchemaElement;
using parquet::Type;

enum class About { Context, Tools, Split, Rating, Status, Note };
constexpr std::pair<About, const char *> kAbout[] = {{About::Context, "context"}, {About::Tools, "tools"}, {About::Split, "split"},
                                                     {About::Rating, "rating"}, {About::Status, "status"}, {About::Note, "note"}};

// What the records of the file have: the columns follow from it.
struct Parts {
    std::vector<std::string> messageFields; // beside role and content, in the order in which they were met
    std::vector<std::pair<About, const char *>> about;
    bool hasTags = false;
};

using Members = std::vector<std::pair<std::string, std::string>>; // name, JSON as it was written

Members namedMembers(const std::string &object)
{
    JsonReader reader(object);
    JsonValue value;
    Members members;
    if (object.empty() || reader.readValue(value))
        return members;
    for (const auto &[name, member] : value.members)
        members.emplace_back(name, object.substr(member.begin, member.end - member.begin));
    return members;
}

std::string aboutText(const Record &record, About about)
{
    switch (about) {
    case About::Context: return record.context;
    case About::Tools: return record.toolsJson;
    case About::Split: return std::string(nameOf(record.split));
    case About::Rating: return record.rating > 0 ? "rated" : "";
    case About::Status: return record.status == RecordStatus::New ? "" : std::string(nameOf(record.status));
    case About::Note: return record.note;
    }
    return {};
}

void learnParts(const Record &record, Parts &parts)
{
    for (const Turn &turn : record.turns) {
        for (const auto &[name, value] : namedMembers(turn.extraJson)) {
            if (std::find(parts.messageFields.begin(), parts.messageFields.end(), name) == parts.messageFields.end())
                parts.messageFields.push_back(name);
        }
    }
    for (const auto &entry : kAbout) {
        if (!aboutText(record, entry.first).empty() && std::find(parts.about.begin(), parts.about.end(), entry) == parts.about.end())
            parts.about.push_back(entry);
    }
    parts.hasTags = parts.hasTags || !record.tags.empty();
}

SchemaElement leafElement(std::string name, Repetition repetition, Meaning meaning, Type type = Type::ByteArray)
{
    return {type, 0, repetition, std::move(name), 0, meaning, 0, {}, false};
}

SchemaElement groupElement(std::string name, Repetition repetition, std::int64_t children, Meaning meaning = Meaning::Plain)
{
    return {{}, 0, repetition, std::move(name), children, meaning, 0, {}, false};
}

std::vector<SchemaElement> schemaOf(const Parts &parts)
{
    const auto fields = static_cast<std::int64_t>(parts.messageFields.size());
    const auto columns = static_cast<std::int64_t>(parts.about.size()) + (parts.hasTags ? 2 : 1);
    std::vector<SchemaElement> schema = {groupElement("schema", Repetition::Required, columns), groupElement("messages", Repetition::Required, 1, Meaning::List),
                                         groupElement("list", Repetition::Repeated, 1), groupElement("element", Repetition::Required, 2 + fields),
                                         leafElement("role", Repetition::Required, Meaning::Text), leafElement("content", Repetition::Required, Meaning::Text)};
    for (const std::string &name : parts.messageFields)
        schema.push_back(leafElement(name, Repetition::Optional, Meaning::Json));
    for (const auto &[about, name] : parts.about) {
        const bool isNumber = about == About::Rating;
        schema.push_back(leafElement(name, Repetition::Optional, about == About::Tools ? Meaning::Json : isNumber ? Meaning::Plain : Meaning::Text, isNumber ? Type::Int32 : Type::ByteArray));
    }
    if (parts.hasTags) {
        schema.push_back(groupElement("tags", Repetition::Required, 1, Meaning::List));
        schema.push_back(groupElement("list", Repetition::Repeated, 1));
        schema.push_back(leafElement("element", Repetition::Required, Meaning::Text));
    }
    return schema;
}

// Why the table cannot hold the record, or nothing.
std::string whyNotInTable(const Record &record, const Parts &parts)
{
    if (record.turns.empty())
        return tr("it has no turns");
    const bool hasQuestion = std::any_of(record.turns.begin(), record.turns.end(), [](const Turn &turn) { return turn.role == Role::User; });
    if (!record.context.empty() && !hasQuestion)
        return tr("its context belongs to no question");
    for (const Turn &turn : record.turns) {
        std::size_t next = 0; // the columns stand in one order
        for (const auto &[name, value] : namedMembers(turn.extraJson)) {
            const auto begin = parts.messageFields.begin() + static_cast<std::ptrdiff_t>(next);
            const auto found = std::find(begin, parts.messageFields.end(), name);
            if (found == parts.messageFields.end() || name == "role" || name == "content")
                return tr("the fields of a message stand in another order than in the records before");
            next = static_cast<std::size_t>(found - parts.messageFields.begin()) + 1;
        }
    }
    return {};
}

void addMessages(parquet::FileWriter &writer, const Record &record, const Parts &parts)
{
    bool hasContext = !record.context.empty();
    for (const Turn &turn : record.turns) {
        const int repetition = &turn == &record.turns.front() ? 0 : 1;
        std::string text = turn.text;
        if (turn.role == Role::User && hasContext) { // for readers that know no context
            text += ContextJoin{}.separator + record.context;
            hasContext = false;
        }
        writer.add(0, repetition, 1, nameOf(turn.role));
        writer.add(1, repetition, 1, text);
        const Members members = namedMembers(turn.extraJson);
        for (std::size_t i = 0; i < parts.messageFields.size(); ++i) {
            const auto found = std::find_if(members.begin(), members.end(), [&](const auto &member) { return member.first == parts.messageFields[i]; });
            if (found == members.end())
                writer.add(2 + i, repetition, 1);
            else
                writer.add(2 + i, repetition, 2, found->second);
        }
    }
}

Result<> addTableRow(parquet::FileWriter &writer, const Record &record, const Parts &parts)
{
    addMessages(writer, record, parts);
    std::size_t column = 2 + parts.messageFields.size();
    for (const auto &[about, name] : parts.about) {
        const std::string text = aboutText(record, about);
        const int definition = text.empty() ? 0 : 1;
        if (about == About::Rating)
            writer.addNumber(column++, 0, definition, record.rating);
        else
            writer.add(column++, 0, definition, text);
    }
    if (parts.hasTags) {
        if (record.tags.empty())
            writer.add(column, 0, 0);
        for (const std::string &tag : record.tags)
            writer.add(column, &tag == &record.tags.front() ? 0 : 1, 1, tag);
    }
    return writer.endRow();
}

struct Walk {
    const store::Database &database;
    const std::vector<RecordId> &ids;
    const ProgressCallback &progress;
    std::stop_token stop;
    std::string what;
};

Result<> forEach(const Walk &walk, const std::function<Result<>(const Record &)> &work)
{
    for (std::size_t i = 0; i < walk.ids.size(); ++i) {
        if (i % 512 == 0) {
            if (walk.stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("Writing the records was cancelled."), tr("No file was written."));
            if (walk.progress)
                walk.progress({walk.what, static_cast<std::int64_t>(i), static_cast<std::int64_t>(walk.ids.size())});
        }
        const auto record = readRecord(walk.database, walk.ids[i]);
        if (!record && record.error().code == ErrorCode::NotFound)
            continue; // deleted meanwhile
        if (!record)
            return passError(record);
        if (auto done = work(*record); !done)
            return done;
    }
    return {};
}

} // namespace

Result<DataExportReport> exportParquet(const store::Database &database, const std::vector<RecordId> &ids, const std::filesystem::path &file,
                                       const ProgressCallback &progress, std::stop_token stop)
{
    Parts parts;
    const auto learn = [&](const Record &record) -> Result<> {
        learnParts(record, parts);
        return {};
    };
    if (auto done = forEach({database, ids, progress, stop, tr("Reading records")}, learn); !done)
        return passError(done);
    auto writer = parquet::FileWriter::create(file, schemaOf(parts));
    if (!writer)
        return passError(writer);
    DataExportReport report;
    const auto write = [&](const Record &record) -> Result<> {
        if (std::string problem = whyNotInTable(record, parts); !problem.empty()) {
            report.skipped.push_back({record.id, std::move(problem)});
            return {};
        }
        ++report.rows;
        return addTableRow(*writer, record, parts);
    };
    if (auto done = forEach({database, ids, progress, stop, tr("Writing records")}, write); !done)
        return passError(done);
    if (auto done = writer->commit(); !done)
        return passError(done);
    return report;
}

} // namespace fettle::data
