// XLSX: the first row that is not empty names the columns, every other row is an object of its cells.
#include "core/base/words.h"
#include "core/data/rowcollector.h"
#include "core/data/spreadsheet.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data {

namespace {

// Rows times columns; far beyond what people write by hand, and seconds of work at most.
constexpr std::int64_t kCells = 32'000'000;

using Columns = std::vector<std::pair<int, std::string>>; // place in the sheet, name; in rising order

// Letters of the first column that holds something but has no name.
std::string strayCell(const JsonValue &line, const Columns &columns)
{
    auto column = columns.begin();
    for (const auto &[letters, cell] : line.members) {
        const int place = columnOfReference(letters);
        while (column != columns.end() && column->first < place)
            ++column;
        if (!cell.text.empty() && (column == columns.end() || column->first != place))
            return letters;
    }
    return {};
}

bool isBlankLine(const JsonValue &line)
{
    return std::all_of(line.members.begin(), line.members.end(), [](const auto &member) { return member.second.text.empty(); });
}

// Whether the rows in the text have more than kCells cells. Told before any of them is read, because a wide name row over many
// short ones makes much work of a small file.
bool hasTooManyCells(std::string_view text, std::size_t columns)
{
    const std::int64_t most = kCells / std::max<std::int64_t>(1, static_cast<std::int64_t>(columns));
    if (std::count(text.begin(), text.end(), '\n') < most)
        return false; // also if none of the lines is blank
    std::int64_t rows = 0;
    for (std::size_t begin = 0; begin < text.size() && rows <= most;) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        JsonReader reader(text.substr(0, end), begin);
        JsonValue line;
        if (end > begin && !reader.readValue(line) && !isBlankLine(line))
            ++rows;
        begin = end + 1;
    }
    return rows > most;
}

} // namespace

Result<> readSheetRows(const ImportJob &job, RowCollector &collector)
{
    const std::string_view text = job.text;
    Columns columns;
    for (std::size_t begin = 0; begin < text.size() && !collector.isFull();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end > begin) {
            JsonReader reader(text.substr(0, end), begin);
            JsonValue line;
            if (reader.readValue(line))
                return fail(ErrorCode::Internal, tr("Cannot read {}: a row of the sheet was lost.", job.name));
            if (columns.empty()) {
                std::vector<std::string> names;
                for (const auto &[letters, cell] : line.members) {
                    if (cell.text.empty())
                        continue;
                    columns.emplace_back(columnOfReference(letters), cell.text);
                    names.push_back(cell.text);
                }
                if (!names.empty()) {
                    if (end < text.size() && hasTooManyCells(text.substr(end + 1), columns.size()))
                        return fail(ErrorCode::BadInput, tr("Cannot read {}: the sheet has more than {} cells.", job.name, kCells), tr("Remove columns that are not needed, or save it as CSV."));
                    if (auto done = collector.setColumns(names); !done)
                        return done;
                }
            } else if (!isBlankLine(line)) {
                JsonValue row;
                row.kind = JsonValue::Kind::Object;
                std::size_t next = 0;
                if (const auto stray = strayCell(line, columns); !stray.empty()) {
                    collector.rejectRow(begin, end, {}, tr("the cell in column {} has no name above it", stray));
                    begin = end + 1;
                    continue;
                }
                for (const auto &[place, name] : columns) {
                    while (next < line.members.size() && columnOfReference(line.members[next].first) < place)
                        ++next;
                    auto &member = row.members.emplace_back();
                    member.first = name;
                    member.second.kind = JsonValue::Kind::String; // an empty cell is an empty text
                    member.second.begin = begin;
                    member.second.end = end;
                    if (next < line.members.size() && columnOfReference(line.members[next].first) == place)
                        member.second = line.members[next].second;
                }
                if (auto done = collector.addRow(row, begin, end); !done)
                    return done;
                if (auto done = collector.pulse(end); !done)
                    return done;
            }
        }
        begin = end + 1;
    }
    if (columns.empty())
        return fail(ErrorCode::BadInput, tr("Cannot read {}: the sheet is empty.", job.name), tr("Choose a sheet with rows."));
    return {};
}

} // namespace fettle::data
