// Parquet: every row becomes a JSON object, which is then read like a line of JSONL.
#include "core/base/words.h"
#include "core/data/parquet/rows.h"
#include "core/data/rowcollector.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fettle::data {

namespace {

// Dictionaries and packing make texts small that repeat themselves; far beyond this a small file would keep the machine busy for hours.
constexpr std::uint64_t kTextAlways = 64u << 20, kTextGrowth = 500;

Result<> readRowsOf(parquet::Rows &rows, const ImportJob &job, RowCollector &collector, std::int64_t &number)
{
    const std::uint64_t most = std::max<std::uint64_t>(kTextAlways, job.text.size() * kTextGrowth);
    std::uint64_t made = 0;
    for (std::string json; !collector.isFull() && rows.next(json, most - made); ++number) {
        made += json.size(); // at most what is left
        collector.showRow(json, number);
        JsonReader reader(json);
        JsonValue row;
        if (const auto problem = reader.readValue(row))
            collector.rejectRow(0, json.size(), {}, problem->reason);
        else if (auto done = collector.addRow(row, 0, json.size()); !done)
            return done;
        const double share = static_cast<double>(number) / static_cast<double>(std::max<std::int64_t>(1, rows.count()));
        if (auto done = collector.pulse(static_cast<std::size_t>(static_cast<double>(job.text.size()) * share)); !done)
            return done;
    }
    return {};
}

} // namespace

Result<> readParquet(const ImportJob &job, RowCollector &collector)
{
    std::int64_t number = 0;
    try {
        parquet::Rows rows(job.text);
        if (!rows.unreadable().empty())
            collector.note("unreadableColumn", tr("Columns of a kind that is no text were left empty: \"{}\".", fmt::join(rows.unreadable(), "\", \"")),
                           static_cast<std::int64_t>(rows.unreadable().size()));
        number = 1;
        return readRowsOf(rows, job, collector, number);
    } catch (const parquet::Damage &damage) {
        const std::string place = number > 0 ? tr("row {}, ", number) : "";
        return fail(ErrorCode::BadInput, tr("Cannot read {}: {}{}.", job.name, place, damage.reason),
                    tr("Copy or download the file again, or write it again from the program that made it, with Snappy, gzip or Zstandard packing."));
    }
}

} // namespace fettle::data
