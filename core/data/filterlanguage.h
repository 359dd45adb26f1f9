// The language of the search field: words that must occur, and conditions such as
//   tag:dosage status:new,edited length>512 loss>2 has:context -split:test "exact phrase"
// All terms must hold; a minus in front turns one round; a comma parts alternatives. Becomes full-text queries and SQL conditions on the tables
// record r and content c. Knows no database.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fettle::data {

using FilterValue = std::variant<std::int64_t, double, std::string>;

struct CompiledFilter {
    std::vector<std::string> conditions; // SQL with ? in the order of values
    std::vector<FilterValue> values;
    std::vector<std::string> mustMatch, mustNotMatch; // full-text queries for the texts of the record
    std::vector<std::string> words;      // what is searched for, to be marked where it occurs
    bool needsContent = false;           // a condition looks into c
};

// flags: the SQL expression of a record's flags (see flagsExpression). Errors: BadInput; the message names the term, the hint what is possible.
[[nodiscard]] Result<CompiledFilter> compileFilter(std::string_view query, std::string_view flags = "0");

// Every word must occur, the last letters may be missing: what is being typed is found at once. "" where no word holds a letter or digit.
[[nodiscard]] std::string fullTextQuery(std::string_view text);

// For completion: what can stand in front of the colon or the comparison, and the values that are known beforehand.
struct FilterKey {
    std::string_view name; // "status"
    std::string_view sign; // ":" or ">"
    std::vector<std::string_view> values; // empty: numbers, words or tags
};
[[nodiscard]] const std::vector<FilterKey> &filterKeys();

} // namespace fettle::data
