// CSV and TSV: the first row names the columns, every other row is an object of texts.
#include "core/base/words.h"
#include "core/data/csvreader.h"
#include "core/data/rowcollector.h"

#include "core/base/utf8.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data {

Result<> readTable(const ImportJob &job, const CsvStyle &style, RowCollector &collector)
{
    CsvReader reader(job.text, style);
    CsvRow row;
    if (!reader.next(row))
        return fail(ErrorCode::BadInput, tr("Cannot read {}: it is empty.", job.name), tr("Choose a file with rows."));
    if (!row.problem.empty())
        return fail(ErrorCode::BadInput, tr("Cannot read {}: line 1: {}.", job.name, row.problem),
                    tr("The first line must name the columns. Check the delimiter and the quotation marks."));
    std::vector<std::string> columns = row.fields;
    for (std::string &name : columns) {
        if (!isValidUtf8(name))
            name = replaceInvalidUtf8(name);
    }
    if (auto done = collector.setColumns(columns); !done)
        return done;
    while (!collector.isFull() && reader.next(row)) {
        if (auto done = collector.pulse(row.begin); !done)
            return done;
        if (!row.problem.empty()) {
            collector.rejectRow(row.begin, row.end, {}, row.problem);
            continue;
        }
        // Spreadsheets end rows with delimiters for columns that nobody uses.
        while (row.fields.size() > columns.size() && row.fields.back().empty())
            row.fields.pop_back();
        if (row.fields.size() != columns.size()) {
            collector.rejectRow(row.begin, row.end, {}, tr("the row has {} {}, the first line names {}", row.fields.size(), row.fields.size() == 1 ? "field" : "fields", columns.size()));
            continue;
        }
        JsonValue object;
        object.kind = JsonValue::Kind::Object;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            auto &member = object.members.emplace_back();
            member.first = columns[i];
            member.second.kind = JsonValue::Kind::String;
            member.second.text = std::move(row.fields[i]);
            member.second.begin = row.begin;
            member.second.end = row.end;
        }
        if (auto done = collector.addRow(object, row.begin, row.end); !done)
            return done;
    }
    return {};
}

} // namespace fettle::data
