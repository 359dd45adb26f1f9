// Delimited text (RFC 4180): quoted fields with delimiters, doubled quotes and line ends. A quote that is never closed costs its own line,
// not the rest of the file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

inline constexpr char kNoQuote = '\xff'; // which no UTF-8 text holds: quotation marks are text

struct CsvStyle {
    char delimiter = ',';
    char quote = '"';
    std::size_t begin = 0; // where the line with the names begins: behind a line "sep=;"
};

struct CsvRow {
    std::vector<std::string> fields;
    std::size_t begin = 0, end = 0; // bytes of the file, without the line end
    std::string problem;            // empty: the row is well-formed
    bool isUnclosed = false;        // the problem is a quotation mark that is never closed
};

class CsvReader {
public:
    CsvReader(std::string_view text, CsvStyle style) : m_text(text), m_style(style), m_position(style.begin) { }
    // The next row that is not an empty line; false at the end.
    [[nodiscard]] bool next(CsvRow &row);

private:
    [[nodiscard]] std::string readField(std::string &field, bool &isUnclosed);
    [[nodiscard]] std::string readQuoted(std::string &field, bool &isUnclosed);
    [[nodiscard]] bool isLineEnd(std::size_t position) const;
    void skipLineEnd();
    std::string_view m_text;
    CsvStyle m_style;
    std::size_t m_position = 0;
};

// Delimiter (comma, semicolon, tab, bar) and quote (double or single). The first rows are read with each delimiter, quotation marks
// respected. It must give two or more columns in the first line; the best one, in this order: half of the rows or more have as many fields
// as the first line; the first line names an instruction and a response; the larger share of such rows; more columns; the order above.
// quote: where it is known.
[[nodiscard]] CsvStyle recogniseCsvStyle(std::string_view text, std::optional<char> quote = {});

} // namespace fettle::data
