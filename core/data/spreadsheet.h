// The cells of an XLSX workbook (ECMA-376) as text, within bounds: no entity is expanded, nothing grows beyond what a sheet needs.
// libzip reads the package, Expat the XML. Knows nothing of records.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

struct SheetText {
    // Line n is row n of the sheet: a JSON object from column letters to cells ({"A":"Question","C":12}), or empty where the row is.
    // Numbers stand as in the file, digit by digit.
    std::string text;
    std::string sheet;               // the one that was read
    std::vector<std::string> others; // left aside
    std::int64_t dates = 0;          // cells shown as dates; they are written as 2024-05-01 or 2024-05-01 13:30:00
    std::int64_t errors = 0;         // cells that hold #N/A and the like, taken as that text
    std::int64_t uncalculated = 0;   // formulas without a stored result, taken as empty
};

// sheet: its name, or "" for the first that is not hidden. name stands for the file in messages.
// Errors: BadInput (no workbook, damaged, protected by a password, a bomb, no such sheet), Cancelled.
[[nodiscard]] Result<SheetText> readSheet(std::string_view bytes, const std::string &name, const std::string &sheet = {}, std::stop_token stop = {});

// 0 for A, 27 for AB; -1 for what names no column of a sheet (XFD is the last).
[[nodiscard]] int columnOfReference(std::string_view reference);

} // namespace fettle::data
