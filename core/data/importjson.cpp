// JSON and JSONL: finds the rows of a file, whatever they are wrapped in.
#include "core/base/words.h"
#include "core/data/conversation.h"
#include "core/data/rowcollector.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data {

namespace {

using Kind = JsonValue::Kind;

Error brokenJson(const ImportJob &job, const JsonProblem &problem)
{
    LineCounter lines(job.text);
    return {ErrorCode::BadInput,
            tr("Cannot read {} as JSON: line {}, column {}: {}.", job.name, lines.lineAt(problem.offset), lines.columnAt(problem.offset), problem.reason),
            tr("Repair this place, or save the file again from the program that wrote it. If every line is a row of its own, choose the format jsonl."),
            {}};
}

Split splitFromListName(std::string_view name)
{
    const std::string key = columnKey(name);
    if (key == "train" || key == "training")
        return Split::Train;
    if (key == "heldout" || key == "validation" || key == "valid" || key == "val" || key == "dev" || key == "eval")
        return Split::HeldOut;
    return key == "test" ? Split::Test : Split::Unassigned;
}

bool isListOfRows(const JsonValue &value)
{
    if (value.kind != Kind::Array || value.items.empty())
        return false;
    return std::all_of(value.items.begin(), value.items.end(), [](const JsonValue &item) {
        return item.kind == Kind::Object || (item.kind == Kind::Array && !conversationShape(item).empty());
    });
}

// {"instruction": ["a", "b"], "output": ["c", "d"]}, or the same with objects {"0": ...} in place of lists (as pandas writes it).
bool isObjectOfColumns(const JsonValue &value)
{
    if (value.members.empty())
        return false;
    std::vector<std::string> names;
    const Kind kind = value.members.front().second.kind;
    if (kind != Kind::Array && kind != Kind::Object)
        return false;
    for (const auto &[name, column] : value.members) {
        if (column.kind != kind)
            return false;
        names.push_back(name);
    }
    if (kind == Kind::Object && !value.members.front().second.members.empty() && recogniseRow(value.members.front().second))
        return false; // a dictionary of rows
    return recogniseColumns(names).has_value();
}

std::size_t lengthOf(const JsonValue &column)
{
    return column.kind == Kind::Array ? column.items.size() : column.members.size();
}

const JsonValue *cellOf(const JsonValue &column, std::size_t row)
{
    if (row >= lengthOf(column))
        return nullptr;
    return column.kind == Kind::Array ? &column.items[row] : &column.members[row].second;
}

Result<> readColumns(const JsonValue &table, RowCollector &collector)
{
    std::size_t rows = 0;
    for (const auto &[name, column] : table.members)
        rows = std::max(rows, lengthOf(column));
    for (std::size_t i = 0; i < rows && !collector.isFull(); ++i) {
        JsonValue row;
        row.kind = Kind::Object;
        const JsonValue *first = nullptr;
        for (const auto &[name, column] : table.members) {
            if (const JsonValue *cell = cellOf(column, i)) {
                row.members.emplace_back(name, *cell);
                first = first == nullptr ? cell : first;
            }
        }
        if (auto done = collector.addRow(row, first->begin, first->end); !done)
            return done;
        if (auto done = collector.pulse(first->begin); !done)
            return done;
    }
    return {};
}

// {"columns": ["a", "b"], "data": [[1, 2], ...]}, as pandas writes it with orient="split".
const JsonValue *splitTable(const JsonValue &value)
{
    const JsonValue *columns = value.find("columns");
    const JsonValue *data = value.find("data");
    if (columns == nullptr || data == nullptr || columns->kind != Kind::Array || data->kind != Kind::Array || columns->items.empty())
        return nullptr;
    const bool areNames = std::all_of(columns->items.begin(), columns->items.end(), [](const JsonValue &name) { return name.kind == Kind::String; });
    const bool areRows = std::all_of(data->items.begin(), data->items.end(), [](const JsonValue &row) { return row.kind == Kind::Array; });
    return areNames && areRows ? data : nullptr;
}

Result<> readSplitTable(const JsonValue &columns, const JsonValue &data, RowCollector &collector)
{
    for (const JsonValue &cells : data.items) {
        if (collector.isFull())
            break;
        if (cells.items.size() != columns.items.size()) {
            collector.rejectRow(cells.begin, cells.end, {}, tr("the row has {} fields, \"columns\" names {}", cells.items.size(), columns.items.size()));
            continue;
        }
        JsonValue row;
        row.kind = Kind::Object;
        for (std::size_t i = 0; i < cells.items.size(); ++i)
            row.members.emplace_back(columns.items[i].text, cells.items[i]);
        if (auto done = collector.addRow(row, cells.begin, cells.end); !done)
            return done;
        if (auto done = collector.pulse(cells.begin); !done)
            return done;
    }
    return {};
}

// The datasets server of Hugging Face wraps each row: {"row_idx": 0, "row": {...}}.
const JsonValue &unwrapped(const JsonValue &row)
{
    const JsonValue *inner = row.find("row");
    return inner != nullptr && inner->kind == Kind::Object && row.find("row_idx") != nullptr ? *inner : row;
}

Result<> readList(const JsonValue &list, Split split, RowCollector &collector)
{
    for (const JsonValue &row : list.items) {
        if (collector.isFull())
            break;
        if (auto done = collector.addRow(unwrapped(row), row.begin, row.end, split); !done)
            return done;
        if (auto done = collector.pulse(row.begin); !done)
            return done;
    }
    return {};
}

Result<> readObject(const JsonValue &value, const ImportJob &job, RowCollector &collector)
{
    const bool isMapped = std::any_of(job.options.mapping.begin(), job.options.mapping.end(), [&](const auto &entry) {
        const JsonValue *found = value.find(entry.second);
        return found != nullptr && found->isScalar();
    });
    const auto plan = recogniseRow(value);
    if (plan)
        return collector.addRow(value, value.begin, value.end);
    if (isMapped)
        return collector.addRow(value, value.begin, value.end);
    if (const JsonValue *data = splitTable(value))
        return readSplitTable(*value.find("columns"), *data, collector);
    if (isObjectOfColumns(value))
        return readColumns(value, collector);
    bool hasLists = false;
    for (const auto &[name, member] : value.members) {
        if (!isListOfRows(member))
            continue;
        hasLists = true;
        collector.note("wrappedRows", tr("The rows were found under \"{}\".", name));
        if (auto done = readList(member, splitFromListName(name), collector); !done)
            return done;
    }
    if (hasLists)
        return {};
    const bool isDictionary = !value.members.empty() && std::all_of(value.members.begin(), value.members.end(), [](const auto &member) {
        return member.second.kind == Kind::Object || !conversationShape(member.second).empty();
    });
    if (!isDictionary)
        return collector.addRow(value, value.begin, value.end);
    for (const auto &[name, row] : value.members) {
        if (collector.isFull())
            break;
        if (auto done = collector.addRow(row, row.begin, row.end); !done)
            return done;
        if (auto done = collector.pulse(row.begin); !done)
            return done;
    }
    return {};
}

// The list is read row by row; only one that is a single conversation (messages at the top) must be seen whole.
Result<> readTopList(const ImportJob &job, JsonReader &reader, RowCollector &collector)
{
    JsonReader probe = reader;
    probe.advance();
    JsonValue first;
    probe.skipSpace();
    if (probe.peek() == '{' && !probe.readValue(first)) {
        JsonValue alone;
        alone.kind = Kind::Array;
        alone.items.push_back(std::move(first));
        const bool isMessage = !conversationShape(alone).empty() && (alone.items[0].find("content") != nullptr || alone.items[0].find("value") != nullptr);
        if (isMessage && job.options.mapping.empty() && !recogniseRow(alone.items[0])) {
            JsonValue conversation;
            if (const auto problem = reader.readValue(conversation))
                return tl::unexpected(brokenJson(job, *problem));
            return collector.addRow(conversation, conversation.begin, conversation.end);
        }
    }
    reader.advance();
    reader.skipSpace();
    if (reader.peek() == ']') {
        reader.advance();
        return {};
    }
    for (;;) {
        JsonValue row;
        if (const auto problem = reader.readValue(row))
            return tl::unexpected(brokenJson(job, *problem));
        if (auto done = collector.addRow(row, row.begin, row.end); !done)
            return done;
        if (collector.isFull())
            return {};
        if (auto done = collector.pulse(row.end); !done)
            return done;
        reader.skipSpace();
        if (reader.peek() == ']' && !reader.isAtEnd()) {
            reader.advance();
            return {};
        }
        if (reader.peek() != ',')
            return tl::unexpected(brokenJson(job, {reader.position(), tr("a comma or ] is missing after a row")}));
        reader.advance();
    }
}

} // namespace

Result<> readJson(const ImportJob &job, RowCollector &collector)
{
    JsonReader reader(job.text);
    reader.skipSpace();
    if (reader.isAtEnd())
        return fail(ErrorCode::BadInput, tr("Cannot read {}: it is empty.", job.name), tr("Choose a file with rows."));
    if (reader.peek() == '[') {
        if (auto done = readTopList(job, reader, collector); !done)
            return done;
    } else {
        JsonValue value;
        if (const auto problem = reader.readValue(value))
            return tl::unexpected(brokenJson(job, *problem));
        JsonReader rest(job.text, reader.position());
        if (const auto problem = rest.expectEnd())
            return tl::unexpected(brokenJson(job, *problem));
        return value.kind == Kind::Object ? readObject(value, job, collector) : collector.addRow(value, value.begin, value.end);
    }
    if (collector.isFull())
        return {}; // a preview does not look at the rest
    if (const auto problem = reader.expectEnd())
        return tl::unexpected(brokenJson(job, *problem));
    return {};
}

Result<> readJsonLines(const ImportJob &job, RowCollector &collector)
{
    const std::string_view text = job.text;
    for (std::size_t begin = 0; begin < text.size() && !collector.isFull();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = text.substr(begin, end - begin);
        if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
            // Read in place and not as a copy, so that the places of values are those of the file.
            JsonReader reader(text.substr(0, end), begin);
            JsonValue row;
            auto problem = reader.readValue(row);
            if (!problem)
                problem = reader.expectEnd();
            if (problem) {
                const std::size_t column = std::min(problem->offset, end) - begin + 1;
                collector.rejectRow(begin, end, {}, tr("column {}: {}", column, problem->reason));
            } else if (auto done = collector.addRow(row, begin, end); !done) {
                return done;
            }
            if (auto done = collector.pulse(end); !done)
                return done;
        }
        begin = end + 1;
    }
    return {};
}

} // namespace fettle::data
