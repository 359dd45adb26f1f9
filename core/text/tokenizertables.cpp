// A cursor that knows just enough JSON to find the tables and to read texts and whole numbers.
#include "core/text/tokenizertables.h"

#include "core/base/utf8.h"

#include <algorithm>

namespace fettle::text {
namespace {

class Cursor {
public:
    explicit Cursor(std::string_view text)
        : m_text(text)
    {
    }

    [[nodiscard]] std::size_t at() const { return m_at; }
    [[nodiscard]] char peek() const { return m_at < m_text.size() ? m_text[m_at] : '\0'; }

    void skipSpace()
    {
        while (m_at < m_text.size() && (m_text[m_at] == ' ' || m_text[m_at] == '\n' || m_text[m_at] == '\r' || m_text[m_at] == '\t'))
            ++m_at;
    }

    // Spaces, then this character.
    bool take(char c)
    {
        skipSpace();
        if (peek() != c)
            return false;
        ++m_at;
        return true;
    }

    bool readText(std::string &out)
    {
        out.clear();
        if (!take('"'))
            return false;
        while (m_at < m_text.size()) {
            const std::size_t begin = m_at;
            while (m_at < m_text.size() && m_text[m_at] != '"' && m_text[m_at] != '\\' && static_cast<unsigned char>(m_text[m_at]) >= 0x20)
                ++m_at;
            out.append(m_text.substr(begin, m_at - begin));
            if (peek() == '"') {
                ++m_at;
                return true;
            }
            if (peek() != '\\' || !readEscape(out))
                return false;
        }
        return false;
    }

    bool readId(TokenId &out)
    {
        skipSpace();
        const std::size_t begin = m_at;
        std::int64_t value = 0;
        for (; peek() >= '0' && peek() <= '9' && value <= kHighestId; ++m_at)
            value = value * 10 + (peek() - '0');
        out = static_cast<TokenId>(value);
        const bool hasLeadingZero = m_text[begin] == '0' && m_at - begin > 1;
        return m_at > begin && !hasLeadingZero && value <= kHighestId
            && (peek() == ',' || peek() == '}' || peek() == ' ' || peek() == '\n' || peek() == '\r');
    }

    // Any value; its own form is checked later, by the general reader.
    bool skipValue()
    {
        skipSpace();
        int depth = 0;
        while (m_at < m_text.size()) {
            const char c = m_text[m_at];
            if (c == '"') {
                if (!skipText())
                    return false;
            } else if (c == '{' || c == '[') {
                ++depth;
                ++m_at;
            } else if (c == '}' || c == ']') {
                if (depth == 0)
                    return true;
                --depth;
                ++m_at;
            } else if (c == ',' && depth == 0) {
                return true;
            } else {
                ++m_at;
                continue;
            }
            if (depth == 0)
                return true;
        }
        return false;
    }

private:
    bool skipText()
    {
        for (++m_at; m_at < m_text.size(); ++m_at) {
            if (m_text[m_at] == '\\')
                ++m_at;
            else if (m_text[m_at] == '"') {
                ++m_at;
                return true;
            }
        }
        return false;
    }

    bool readUnit(unsigned &unit)
    {
        unit = 0;
        for (int digit = 0; digit < 4; ++digit, ++m_at) {
            const char c = peek();
            const char small = static_cast<char>(c | 0x20);
            if (c >= '0' && c <= '9')
                unit = unit * 16 + static_cast<unsigned>(c - '0');
            else if (small >= 'a' && small <= 'f')
                unit = unit * 16 + static_cast<unsigned>(small - 'a') + 10;
            else
                return false;
        }
        return true;
    }

    bool readEscape(std::string &out)
    {
        ++m_at;
        const char c = peek();
        ++m_at;
        switch (c) {
        case '"':
        case '\\':
        case '/': out += c; return true;
        case 'b': out += '\b'; return true;
        case 'f': out += '\f'; return true;
        case 'n': out += '\n'; return true;
        case 'r': out += '\r'; return true;
        case 't': out += '\t'; return true;
        case 'u': break;
        default: return false;
        }
        unsigned unit = 0;
        if (!readUnit(unit))
            return false;
        if (unit >= 0xD800 && unit < 0xDC00) {
            unsigned low = 0;
            if (m_text.substr(m_at, 2) != "\\u")
                return false;
            m_at += 2;
            if (!readUnit(low) || low < 0xDC00 || low > 0xDFFF)
                return false;
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
            return false;
        }
        appendUtf8(out, unit);
        return true;
    }

    std::string_view m_text;
    std::size_t m_at = 0;
};

bool readVocabulary(Cursor &cursor, Vocabulary &vocabulary)
{
    if (!cursor.take('{'))
        return false;
    if (cursor.take('}'))
        return true;
    std::string text;
    TokenId id = 0;
    do {
        if (!cursor.readText(text) || !cursor.take(':') || !cursor.readId(id))
            return false;
        vocabulary.add(text, id);
    } while (cursor.take(','));
    return cursor.take('}');
}

// "a b" or ["a", "b"].
bool readMerge(Cursor &cursor, std::string &line, Merge &merge)
{
    cursor.skipSpace();
    if (cursor.peek() == '[')
        return cursor.take('[') && cursor.readText(merge.left) && cursor.take(',') && cursor.readText(merge.right) && cursor.take(']');
    if (!cursor.readText(line) || line.starts_with("#version"))
        return false;
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos)
        return false;
    merge.left.assign(line, 0, space);
    merge.right.assign(line, space + 1);
    return true;
}

bool readMerges(Cursor &cursor, std::vector<Merge> &merges)
{
    if (!cursor.take('['))
        return false;
    if (cursor.take(']'))
        return true;
    std::string line;
    do {
        Merge merge;
        if (!readMerge(cursor, line, merge))
            return false;
        merges.push_back(std::move(merge));
    } while (cursor.take(','));
    return cursor.take(']');
}

struct Place {
    std::size_t begin = 0, end = 0;
};

// The members of "model"; where the tables stand.
bool readModel(Cursor &cursor, TokenizerTables &tables, Place &words, Place &merges)
{
    std::string key;
    if (!cursor.take('{'))
        return false;
    do {
        if (!cursor.readText(key) || !cursor.take(':'))
            return false;
        cursor.skipSpace();
        Place *place = key == "vocab" ? &words : key == "merges" ? &merges : nullptr;
        if (place && place->end > 0) // given twice
            return false;
        const std::size_t begin = cursor.at();
        const bool read = place == &words ? readVocabulary(cursor, tables.vocabulary)
            : place == &merges            ? readMerges(cursor, tables.merges)
                                          : cursor.skipValue();
        if (!read)
            return false;
        if (place)
            *place = {begin, cursor.at()};
    } while (cursor.take(','));
    return cursor.take('}');
}

} // namespace

std::optional<TokenizerTables> takeTables(std::string_view json)
{
    if (!isValidUtf8(json))
        return std::nullopt;
    Cursor cursor(json);
    TokenizerTables tables;
    tables.vocabulary.reserve(std::min<std::size_t>(json.size() / 64, 300'000), json.size() / 8);
    Place words;
    Place merges;
    bool hasModel = false;
    std::string key;
    if (!cursor.take('{'))
        return std::nullopt;
    do {
        if (!cursor.readText(key) || !cursor.take(':'))
            return std::nullopt;
        cursor.skipSpace();
        const bool isModel = key == "model";
        if ((isModel && hasModel) || !(isModel ? readModel(cursor, tables, words, merges) : cursor.skipValue()))
            return std::nullopt;
        hasModel = hasModel || isModel;
    } while (cursor.take(','));
    if (words.end == 0 || merges.end == 0)
        return std::nullopt;
    const bool wordsFirst = words.begin < merges.begin;
    const Place first = wordsFirst ? words : merges;
    const Place second = wordsFirst ? merges : words;
    tables.rest = std::string(json.substr(0, first.begin)) + (wordsFirst ? "{}" : "[]");
    tables.rest += json.substr(first.end, second.begin - first.end);
    tables.rest += wordsFirst ? "[]" : "{}";
    tables.rest += json.substr(second.end);
    return tables;
}

} // namespace fettle::text
