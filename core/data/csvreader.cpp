// Reading rows, and finding out how they are written.
#include "core/data/csvreader.h"

#include "core/base/words.h"
#include "core/data/rowshape.h"

#include <algorithm>
#include <compare>
#include <optional>

namespace fettle::data {

namespace {

constexpr std::size_t kSampledBytes = 256 * 1024;
constexpr int kSampledRows = 100;

// How well a delimiter explains the first rows. Compared from the first value to the last.
struct Fit {
    bool isEven = false;  // at least half of the rows have as many fields as the first line names
    int fields = 0;       // of instruction and response, how many the first line names
    double share = 0;     // of the rows that have as many fields as the first line
    std::size_t columns = 0;
    friend auto operator<=>(const Fit &, const Fit &) = default;
};

// Nothing where the first line is broken or names one column only.
std::optional<Fit> fitOf(std::string_view sample, bool isCut, CsvStyle style)
{
    CsvReader reader(sample, style);
    CsvRow row;
    if (!reader.next(row) || !row.problem.empty() || row.fields.size() < 2)
        return std::nullopt;
    const std::size_t columns = row.fields.size();
    const RowPlan plan = fieldsOf(row.fields, NameMatch::Similar);
    int rows = 0, even = 0;
    while (rows < kSampledRows && reader.next(row)) {
        // The last row of a sample that was cut may end anywhere, also within quotation marks.
        if (isCut && (row.end == sample.size() || row.isUnclosed))
            break;
        ++rows;
        // Spreadsheets end rows with delimiters for columns that nobody uses.
        while (row.fields.size() > columns && row.fields.back().empty())
            row.fields.pop_back();
        even += row.problem.empty() && row.fields.size() == columns;
    }
    const double share = rows == 0 ? 1.0 : static_cast<double>(even) / rows;
    return Fit{share >= 0.5, static_cast<int>(plan.mapping.contains("instruction")) + static_cast<int>(plan.mapping.contains("response")), share, columns};
}

bool usesSingleQuotes(std::string_view text)
{
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.size() < 2 || line.front() != '\'')
        return false;
    return line.back() == '\'' && line.find('"') == std::string_view::npos;
}

} // namespace

bool CsvReader::isLineEnd(std::size_t position) const
{
    return m_text[position] == '\n' || m_text[position] == '\r';
}

void CsvReader::skipLineEnd()
{
    if (m_position >= m_text.size())
        return;
    const bool isReturn = m_text[m_position] == '\r';
    ++m_position;
    if (isReturn && m_position < m_text.size() && m_text[m_position] == '\n')
        ++m_position;
}

bool CsvReader::next(CsvRow &row)
{
    while (m_position < m_text.size() && isLineEnd(m_position))
        skipLineEnd();
    if (m_position >= m_text.size())
        return false;
    row = {};
    row.begin = m_position;
    for (;;) {
        row.fields.emplace_back();
        row.problem = readField(row.fields.back(), row.isUnclosed);
        if (!row.problem.empty()) {
            // Go on behind the first line of the row: what swallowed the following ones was the mistake.
            m_position = std::min(m_text.find_first_of("\r\n", row.begin), m_text.size());
            break;
        }
        if (m_position >= m_text.size() || isLineEnd(m_position))
            break;
        ++m_position; // the delimiter
    }
    row.end = m_position;
    skipLineEnd();
    return true;
}

std::string CsvReader::readField(std::string &field, bool &isUnclosed)
{
    if (m_position < m_text.size() && m_text[m_position] == m_style.quote)
        return readQuoted(field, isUnclosed);
    std::size_t end = m_position;
    while (end < m_text.size() && m_text[end] != m_style.delimiter && !isLineEnd(end))
        ++end;
    field = m_text.substr(m_position, end - m_position);
    m_position = end;
    return {};
}

std::string CsvReader::readQuoted(std::string &field, bool &isUnclosed)
{
    ++m_position;
    for (;;) {
        const std::size_t quote = m_text.find(m_style.quote, m_position);
        if (quote == std::string_view::npos) {
            isUnclosed = true;
            return tr("a quotation mark is opened and never closed");
        }
        field.append(m_text, m_position, quote - m_position);
        m_position = quote + 1;
        if (m_position >= m_text.size() || m_text[m_position] == m_style.delimiter || isLineEnd(m_position))
            return {};
        if (m_text[m_position] != m_style.quote)
            return tr("text follows a closing quotation mark: a quotation mark inside a field must be doubled");
        field += m_style.quote;
        ++m_position;
    }
}

CsvStyle recogniseCsvStyle(std::string_view text, std::optional<char> knownQuote)
{
    // Excel's own first line, which says how to read the rest.
    if (text.size() > 4 && text.starts_with("sep=") && (text.size() == 5 || text[5] == '\r' || text[5] == '\n'))
        return {text[4], knownQuote.value_or('"'), std::min(text.find_first_not_of("\r\n", 5), text.size())};
    const std::string_view sample = text.substr(0, kSampledBytes);
    const char quote = knownQuote.value_or(usesSingleQuotes(text) ? '\'' : '"');
    CsvStyle best{',', quote, 0};
    std::optional<Fit> bestFit;
    for (const char delimiter : {',', ';', '\t', '|'}) {
        const auto fit = fitOf(sample, sample.size() < text.size(), {delimiter, quote, 0});
        if (fit && (!bestFit || *fit > *bestFit)) {
            bestFit = fit;
            best.delimiter = delimiter;
        }
    }
    return best;
}

} // namespace fettle::data
