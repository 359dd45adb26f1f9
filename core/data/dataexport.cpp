// One row after the other; the JSON that came in with a record (tool calls, tools) is written as it stands, its digits untouched.
#include "core/data/dataexport.h"

#include "core/base/words.h"
#include "core/data/exportparquet.h"
#include "core/data/recordstate.h"
#include "core/io/atomicfile.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data {

namespace {

struct Row { std::string text, problem; };

std::string jsonText(std::string_view text)
{
    std::string json = "\"";
    for (const char c : text) {
        switch (c) {
        case '"': json += "\\\""; break;
        case '\\': json += "\\\\"; break;
        case '\n': json += "\\n"; break;
        case '\r': json += "\\r"; break;
        case '\t': json += "\\t"; break;
        default: static_cast<unsigned char>(c) < 0x20 ? json += fmt::format("\\u{:04x}", static_cast<int>(c)) : json += c;
        }
    }
    return json + '"';
}

// Line breaks of a JSON text stand between its parts only; inside a text they are escaped.
std::string onOneLine(std::string json)
{
    std::replace_if(json.begin(), json.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return json;
}

// The members of a JSON object without its braces, or nothing.
std::string membersOf(const std::string &object)
{
    const std::size_t begin = object.find('{'), end = object.rfind('}');
    if (begin == std::string::npos || end == std::string::npos || object.find_first_not_of(" \t\r\n", begin + 1) == end)
        return {};
    return onOneLine(object.substr(begin + 1, end - begin - 1));
}

std::string listOf(const std::vector<std::string> &texts)
{
    std::string json = "[";
    for (const std::string &text : texts)
        json += fmt::format("{}{}", json.size() == 1 ? "" : ", ", jsonText(text));
    return json + ']';
}

// What is known of a record beside its conversation; each with a comma in front.
std::string aboutJson(const Record &record)
{
    std::string json;
    if (!record.tags.empty())
        json += ", \"tags\": " + listOf(record.tags);
    if (record.split != Split::Unassigned)
        json += fmt::format(", \"split\": {}", jsonText(nameOf(record.split)));
    if (record.rating > 0)
        json += fmt::format(", \"rating\": {}", record.rating);
    if (record.status != RecordStatus::New)
        json += fmt::format(", \"status\": {}", jsonText(nameOf(record.status)));
    if (!record.note.empty())
        json += ", \"note\": " + jsonText(record.note);
    return json;
}

struct MessageNames { std::string_view role, text, system, user, assistant, tool; };
constexpr MessageNames kOpenAi{"role", "content", "system", "user", "assistant", "tool"};
constexpr MessageNames kShareGpt{"from", "value", "system", "human", "gpt", "tool"};

std::string messageJson(const Turn &turn, std::string_view text, const MessageNames &names)
{
    const std::string_view role = turn.role == Role::System ? names.system : turn.role == Role::User ? names.user : turn.role == Role::Assistant ? names.assistant : names.tool;
    const std::string extra = turn.extraJson.empty() ? std::string() : membersOf(turn.extraJson);
    return fmt::format("{{\"{}\": {}, \"{}\": {}{}{}}}", names.role, jsonText(role), names.text, jsonText(text), extra.empty() ? "" : ", ", extra);
}

// Turns [first, last). A reader that knows no context must see it: it is joined to the first question.
std::string messagesJson(const Record &record, std::size_t first, std::size_t last, const MessageNames &names)
{
    std::string json = "[";
    bool hasContext = !record.context.empty();
    for (std::size_t i = 0; i < last; ++i) {
        const Turn &turn = record.turns[i];
        std::string text = turn.text;
        if (turn.role == Role::User && hasContext) {
            text += ContextJoin{}.separator + record.context;
            hasContext = false;
        }
        if (i >= first)
            json += fmt::format("{}{}", json.size() == 1 ? "" : ", ", messageJson(turn, text, names));
    }
    return json + ']';
}

std::string conversationRest(const Record &record)
{
    std::string json;
    if (!record.toolsJson.empty())
        json += ", \"tools\": " + onOneLine(record.toolsJson);
    if (!record.context.empty())
        json += ", \"context\": " + jsonText(record.context);
    return json + aboutJson(record);
}

bool hasQuestion(const Record &record)
{
    return std::any_of(record.turns.begin(), record.turns.end(), [](const Turn &turn) { return turn.role == Role::User; });
}

Row conversationRow(const Record &record, std::string_view key, const MessageNames &names)
{
    if (record.turns.empty())
        return {{}, tr("it has no turns")};
    if (!record.context.empty() && !hasQuestion(record))
        return {{}, tr("its context belongs to no question")};
    return {fmt::format("{{\"{}\": {}{}}}", key, messagesJson(record, 0, record.turns.size(), names), conversationRest(record)), {}};
}

Row promptRow(const Record &record, bool areLists)
{
    if (record.turns.empty() || record.turns.back().role != Role::Assistant)
        return {{}, tr("it does not end with an answer")};
    const std::size_t last = record.turns.size() - 1;
    if (last == 0)
        return {{}, tr("it has no question")};
    if (!record.context.empty() && !hasQuestion(record))
        return {{}, tr("its context belongs to no question")};
    if (areLists)
        return {fmt::format("{{\"prompt\": {}, \"completion\": {}{}}}", messagesJson(record, 0, last, kOpenAi), messagesJson(record, last, last + 1, kOpenAi), conversationRest(record)), {}};
    return {fmt::format("{{\"prompt\": {}, \"completion\": {}{}}}", jsonText(record.turns[0].text), jsonText(record.turns[1].text), aboutJson(record)), {}};
}

bool isPlainPair(const Record &record)
{
    return isPair(record) && record.turns.size() == 2 && record.context.empty();
}

// [system] (user assistant)+ without anything beside the texts.
bool isExchangeOfTexts(const Record &record)
{
    const std::size_t first = !record.turns.empty() && record.turns.front().role == Role::System ? 1 : 0;
    if (!record.toolsJson.empty() || record.turns.size() < first + 2 || (record.turns.size() - first) % 2 != 0)
        return false;
    for (std::size_t i = 0; i < record.turns.size(); ++i) {
        const Role expected = i < first ? Role::System : (i - first) % 2 == 0 ? Role::User : Role::Assistant;
        if (record.turns[i].role != expected || !record.turns[i].extraJson.empty())
            return false;
    }
    return true;
}

Row alpacaRow(const Record &record)
{
    if (!isExchangeOfTexts(record))
        return {{}, tr("Alpaca holds questions and answers in turn, without tools")};
    const std::size_t first = record.turns.front().role == Role::System ? 1 : 0;
    const std::size_t last = record.turns.size() - 2;
    if (first == 1 && record.turns.front().text.empty())
        return {{}, tr("Alpaca holds no empty system text")};
    if (last > first && !record.context.empty())
        return {{}, tr("Alpaca holds a context for one question only")};
    std::string json = fmt::format("{{\"instruction\": {}, \"input\": {}, \"output\": {}", jsonText(record.turns[last].text), jsonText(record.context), jsonText(record.turns[last + 1].text));
    if (first == 1)
        json += ", \"system\": " + jsonText(record.turns.front().text);
    std::string history;
    for (std::size_t i = first; i < last; i += 2)
        history += fmt::format("{}[{}, {}]", history.empty() ? "" : ", ", jsonText(record.turns[i].text), jsonText(record.turns[i + 1].text));
    if (!history.empty())
        json += fmt::format(", \"history\": [{}]", history);
    return {json + aboutJson(record) + '}', {}};
}

// RFC 4180. A text that stands alone in a line of its own would be lost where it is empty, so each field that could be misread is quoted.
std::string cell(std::string_view text)
{
    if (text.find_first_of(",\"'\r\n;\t|") == std::string_view::npos && (text.empty() || (text.front() != ' ' && text.back() != ' ')))
        return std::string(text);
    std::string quotedText = "\"";
    for (const char c : text)
        quotedText += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quotedText + '"';
}

constexpr std::string_view kCsvHead = "instruction,context,response,system,tags,split,rating,status,note\n";

Row csvRow(const Record &record)
{
    if (!isPair(record))
        return {{}, tr("a table holds one question and its answer")};
    if (record.turns.size() == 3 && record.turns.front().text.empty())
        return {{}, tr("a table holds no empty system text")};
    // A tag with a comma would be read as two.
    const bool isPlain = std::all_of(record.tags.begin(), record.tags.end(), [](const std::string &tag) { return tag.find_first_of(",;[") == std::string::npos; });
    std::string tags = isPlain ? "" : listOf(record.tags);
    for (std::size_t i = 0; isPlain && i < record.tags.size(); ++i)
        tags += (i == 0 ? "" : "; ") + record.tags[i];
    return {fmt::format("{},{},{},{},{},{},{},{},{}", cell(instructionOf(record)), cell(record.context), cell(responseOf(record)), cell(systemOf(record)), cell(tags), nameOf(record.split),
                        record.rating > 0 ? fmt::format("{}", record.rating) : "", record.status == RecordStatus::New ? "" : nameOf(record.status), cell(record.note)),
            {}};
}

Row rowOf(const Record &record, DataFormat format, bool areLists)
{
    switch (format) {
    case DataFormat::Messages: return conversationRow(record, "messages", kOpenAi);
    case DataFormat::PromptCompletion: return promptRow(record, areLists);
    case DataFormat::Alpaca: return alpacaRow(record);
    case DataFormat::ShareGpt: return conversationRow(record, "conversations", kShareGpt);
    case DataFormat::Csv: return csvRow(record);
    case DataFormat::Parquet: break; // exportparquet.cpp
    }
    return {};
}

Result<std::optional<Record>> readOne(const store::Database &database, RecordId id)
{
    auto state = readState(database, id);
    if (!state)
        return passError(state);
    if (!*state)
        return std::optional<Record>(); // deleted meanwhile
    auto record = recordOf(database, id, std::move(**state));
    if (!record)
        return passError(record);
    return std::optional(std::move(*record));
}

} // namespace

std::string_view nameOf(DataFormat format)
{
    switch (format) {
    case DataFormat::Messages: return "messages";
    case DataFormat::PromptCompletion: return "prompt-completion";
    case DataFormat::Alpaca: return "alpaca";
    case DataFormat::ShareGpt: return "sharegpt";
    case DataFormat::Csv: return "csv";
    case DataFormat::Parquet: return "parquet";
    }
    return "";
}

std::optional<DataFormat> dataFormatFrom(std::string_view name)
{
    for (const auto format : {DataFormat::Messages, DataFormat::PromptCompletion, DataFormat::Alpaca, DataFormat::ShareGpt, DataFormat::Csv, DataFormat::Parquet}) {
        if (name == nameOf(format))
            return format;
    }
    return std::nullopt;
}

Result<DataExportReport> exportRecords(const store::Database &database, const std::vector<RecordId> &ids, DataFormat format, const std::filesystem::path &file,
                                       const ProgressCallback &progress, std::stop_token stop)
{
    if (format == DataFormat::Parquet)
        return exportParquet(database, ids, file, progress, stop);
    bool areLists = false; // all rows of a file have one shape
    if (format == DataFormat::PromptCompletion) {
        for (std::size_t i = 0; i < ids.size() && !areLists; ++i) {
            const auto record = readOne(database, ids[i]);
            if (!record)
                return passError(record);
            areLists = *record && !isPlainPair(**record);
        }
    }
    auto out = io::AtomicFile::create(file);
    if (!out)
        return passError(out);
    const bool isArray = format == DataFormat::Alpaca || format == DataFormat::ShareGpt;
    if (auto done = out->write(isArray ? std::string_view("[\n") : format == DataFormat::Csv ? kCsvHead : std::string_view()); !done)
        return passError(done);
    DataExportReport report;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i % 512 == 0) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("Writing the records was cancelled."), tr("No file was written."));
            if (progress)
                progress({tr("Writing records"), static_cast<std::int64_t>(i), static_cast<std::int64_t>(ids.size())});
        }
        const auto record = readOne(database, ids[i]);
        if (!record)
            return passError(record);
        if (!*record)
            continue;
        const Row row = rowOf(**record, format, areLists);
        if (!row.problem.empty()) {
            report.skipped.push_back({ids[i], row.problem});
            continue;
        }
        if (auto done = out->write((isArray && report.rows > 0 ? ",\n" : "") + row.text + (isArray ? "" : "\n")); !done)
            return passError(done);
        ++report.rows;
    }
    if (auto done = out->write(isArray ? std::string_view("\n]\n") : std::string_view()); !done)
        return passError(done);
    if (auto done = out->commit(); !done)
        return passError(done);
    return report;
}

} // namespace fettle::data
