// A comparison as a file: CSV for a spreadsheet (one line for each question), JSON for programs, HTML for readers. Knows no place on disk.
#pragma once

#include "core/evaluate/comparison.h"

#include <nlohmann/json_fwd.hpp>

namespace fettle::evaluate {

struct Comparison {
    std::vector<std::string> columns; // names: "base", "Run 3"
    std::vector<QuestionRow> rows;
    std::vector<MeasureSummary> measures;
    std::vector<TagSummary> tags;
    std::optional<JudgeSummary> judge = {};
};

// UTF-8 with a byte order mark, CRLF, quoted as RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe.
[[nodiscard]] Result<std::string> toCsv(const Comparison &comparison, const MeasureSettings &settings = {});
[[nodiscard]] Result<nlohmann::json> toJson(const Comparison &comparison, const MeasureSettings &settings = {});
// A page for people, complete in itself: nothing is loaded and nothing runs. What got worse comes first.
[[nodiscard]] std::string toHtml(const Comparison &comparison);

} // namespace fettle::evaluate
