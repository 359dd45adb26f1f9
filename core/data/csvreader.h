// Delimited text (RFC 4180): quoted fields with delimiters, doubled quotes and line ends. A quote that is never closed costs its own line,
// not the rest of the file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

struct CsvStyle {
    char delimiter = ',';
    char quote = '"';
};

struct CsvRow {
    std::vector<std::string> fields;
    std::size_t begin = 0, end = 0; // bytes of the file, without the line end
    std::string problem;            // empty: the row is well-formed
};

class CsvReader {
public:
    CsvReader(std::string_view text, CsvStyle style) : m_text(text), m_style(style) { }
    // The next row that is not an empty line; false at the end.
    [[nodiscard]] bool next(CsvRow &row);

private:
    [[nodiscard]] std::string readField(std::string &field);
    [[nodiscard]] std::string readQuoted(std::string &field);
    [[nodiscard]] bool isLineEnd(std::size_t position) const;
    void skipLineEnd();
    std::string_view m_text;
    CsvStyle m_style;
    std::size_t m_position = 0;
};

// Delimiter (comma, semicolon, tab, bar) and quote (double or single) that give the most even table in the first rows.
[[nodiscard]] CsvStyle recogniseCsvStyle(std::string_view text);

} // namespace fettle::data
