// Values of a Parquet file as JSON: texts quoted, numbers with all their digits, dates and times as ISO 8601.
#pragma once

#include "core/data/parquet/rows.h"

namespace fettle::data::parquet {

// Whether values of this kind can be written out.
[[nodiscard]] bool isReadable(const SchemaElement &element);
// The value at hand. Throws Damage.
void appendValue(std::string &json, ColumnReader &column, const Node &node);
// Quoted and escaped; bytes that are no UTF-8 stay as they are.
void appendJsonText(std::string &json, std::string_view text);

} // namespace fettle::data::parquet
