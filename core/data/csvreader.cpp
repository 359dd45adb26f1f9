// Reading rows, and finding out how they are written.
#include "core/data/csvreader.h"

#include <algorithm>
#include <map>

namespace fettle::data {

namespace {

constexpr std::size_t kSampledBytes = 256 * 1024;
constexpr int kSampledRows = 100;

// Share of the sampled rows that have the commonest number of columns, weighted by that number; 0 where there is one column only.
double evenness(std::string_view sample, CsvStyle style)
{
    CsvReader reader(sample, style);
    CsvRow row;
    std::map<std::size_t, int> counts;
    int rows = 0, broken = 0;
    while (rows < kSampledRows && reader.next(row)) {
        // The last row of a sample that was cut may end anywhere.
        if (row.end == sample.size() && rows > 0 && sample.size() == kSampledBytes)
            break;
        ++rows;
        if (row.problem.empty())
            ++counts[row.fields.size()];
        else
            ++broken;
    }
    std::size_t columns = 1;
    int most = 0;
    for (const auto &[width, count] : counts) {
        if (count >= most) {
            most = count;
            columns = width;
        }
    }
    if (rows == 0 || columns < 2)
        return 0;
    const double even = static_cast<double>(most) / rows;
    return even * even * (1 + 0.01 * static_cast<double>(std::min<std::size_t>(columns, 20))) - static_cast<double>(broken) / rows;
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
        row.problem = readField(row.fields.back());
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

std::string CsvReader::readField(std::string &field)
{
    if (m_position < m_text.size() && m_text[m_position] == m_style.quote)
        return readQuoted(field);
    std::size_t end = m_position;
    while (end < m_text.size() && m_text[end] != m_style.delimiter && !isLineEnd(end))
        ++end;
    field = m_text.substr(m_position, end - m_position);
    m_position = end;
    return {};
}

std::string CsvReader::readQuoted(std::string &field)
{
    ++m_position;
    for (;;) {
        const std::size_t quote = m_text.find(m_style.quote, m_position);
        if (quote == std::string_view::npos)
            return "a quotation mark is opened and never closed";
        field.append(m_text, m_position, quote - m_position);
        m_position = quote + 1;
        if (m_position >= m_text.size() || m_text[m_position] == m_style.delimiter || isLineEnd(m_position))
            return {};
        if (m_text[m_position] != m_style.quote)
            return "text follows a closing quotation mark: a quotation mark inside a field must be doubled";
        field += m_style.quote;
        ++m_position;
    }
}

CsvStyle recogniseCsvStyle(std::string_view text)
{
    const std::string_view sample = text.substr(0, kSampledBytes);
    const char quote = usesSingleQuotes(text) ? '\'' : '"';
    CsvStyle best{',', quote};
    double bestScore = 0;
    for (const char delimiter : {',', ';', '\t', '|'}) {
        const double score = evenness(sample, {delimiter, quote});
        if (score > bestScore) {
            bestScore = score;
            best = {delimiter, quote};
        }
    }
    return best;
}

} // namespace fettle::data
