// Reading records for lists: which match a filter, in what order, how many of each kind, and the short rows of the table.
#pragma once

#include "core/data/recordview.h"
#include "core/store/database.h"

namespace fettle::data {

// The first column of all rows of a statement.
[[nodiscard]] Result<std::vector<RecordId>> readIds(store::Statement &statement);
// SQL for the file that a record r came from: "rules.csv, line 12" comes from rules.csv, what stands before the last comma.
inline constexpr std::string_view kSourceOfRecord =
    "(CASE WHEN instr(r.source, ', ') = 0 THEN r.source ELSE rtrim(rtrim(r.source, replace(r.source, ',', '')), ',') END)";
// SQL that joins the content of a record r. What is asked of many records is read from a narrow index instead of two gigabytes of text: numbers,
// flags and beginnings of texts (see schema.cpp, version 12).
inline constexpr std::string_view kJoinContent = " JOIN content c INDEXED BY contentFacts ON c.id = r.content";
[[nodiscard]] Result<std::vector<RecordId>> findRecords(const store::Database &database, const RecordFilter &filter);
// Rows in the order of the ids; ids that no longer exist are left out.
[[nodiscard]] Result<std::vector<RecordRow>> readRows(const store::Database &database, const std::vector<RecordId> &ids);
[[nodiscard]] Result<RecordCounts> countRecords(const store::Database &database);
// The SQL expression of a record's flags (tables record r, content c): stored ones and those that follow from length and text.
[[nodiscard]] Result<std::string> flagsExpression(const store::Database &database);

} // namespace fettle::data
