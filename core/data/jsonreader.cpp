// Recursive descent with a bound on depth.
#include "core/data/jsonreader.h"

#include "core/base/utf8.h"
#include "core/base/words.h"

#include <fmt/format.h>

namespace fettle::data {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

// How a stray character is named in a message.
std::string shown(std::string_view text, std::size_t position)
{
    const auto byte = static_cast<unsigned char>(text[position]);
    if (byte < 0x20 || byte == 0x7f)
        return tr("the control character {:02X}", byte);
    std::size_t end = position;
    const char32_t c = nextCodePoint(text, end);
    if (c == 0xfffd)
        return tr("the byte {:02X}", byte);
    return fmt::format("\"{}\"", text.substr(position, end - position));
}

} // namespace

const JsonValue *JsonValue::find(std::string_view key) const
{
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
        if (member->first == key)
            return &member->second;
    }
    return nullptr;
}

void JsonReader::skipSpace()
{
    while (m_position < m_text.size()) {
        const char c = m_text[m_position];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
        ++m_position;
    }
}

std::optional<JsonProblem> JsonReader::readValue(JsonValue &value)
{
    skipSpace();
    return readAny(value, 0);
}

std::optional<JsonProblem> JsonReader::expectEnd()
{
    skipSpace();
    if (isAtEnd())
        return std::nullopt;
    return problem(tr("{} stands after the end of the value", shown(m_text, m_position)));
}

JsonReader::Problem JsonReader::readAny(JsonValue &value, int depth)
{
    if (isAtEnd())
        return problem(tr("a value is missing"));
    value.begin = m_position;
    Problem found;
    const char c = m_text[m_position];
    if (c == '{' || c == '[') {
        if (depth >= kMaxDepth)
            return problem(tr("more than {} values are nested in each other", kMaxDepth));
        found = c == '{' ? readObject(value, depth) : readArray(value, depth);
    } else if (c == '"') {
        value.kind = JsonValue::Kind::String;
        found = readString(value.text);
    } else if (c == '-' || isDigit(c)) {
        found = readNumber(value);
    } else {
        found = readWord(value);
    }
    value.end = m_position;
    return found;
}

JsonReader::Problem JsonReader::readArray(JsonValue &value, int depth)
{
    value.kind = JsonValue::Kind::Array;
    ++m_position;
    skipSpace();
    if (peek() == ']' && !isAtEnd()) {
        ++m_position;
        return std::nullopt;
    }
    for (;;) {
        skipSpace();
        value.items.emplace_back();
        if (auto found = readAny(value.items.back(), depth + 1))
            return found;
        skipSpace();
        if (isAtEnd())
            return problem(tr("the list is not closed: ] is missing"));
        if (m_text[m_position] == ']') {
            ++m_position;
            return std::nullopt;
        }
        if (m_text[m_position] != ',')
            return problem(tr("a comma or ] is missing before {}", shown(m_text, m_position)));
        ++m_position;
    }
}

JsonReader::Problem JsonReader::readObject(JsonValue &value, int depth)
{
    value.kind = JsonValue::Kind::Object;
    ++m_position;
    skipSpace();
    if (!isAtEnd() && peek() == '}') {
        ++m_position;
        return std::nullopt;
    }
    for (;;) {
        skipSpace();
        if (isAtEnd())
            return problem(tr("the object is not closed: } is missing"));
        if (m_text[m_position] != '"')
            return problem(tr("a name in double quotes is missing before {}", shown(m_text, m_position)));
        auto &member = value.members.emplace_back();
        if (auto found = readString(member.first))
            return found;
        skipSpace();
        if (isAtEnd() || m_text[m_position] != ':')
            return problem(tr("a colon is missing after \"{}\"", firstCodePoints(member.first, 40)));
        ++m_position;
        skipSpace();
        if (auto found = readAny(member.second, depth + 1))
            return found;
        skipSpace();
        if (isAtEnd())
            return problem(tr("the object is not closed: } is missing"));
        if (m_text[m_position] == '}') {
            ++m_position;
            return std::nullopt;
        }
        if (m_text[m_position] != ',')
            return problem(tr("a comma or }} is missing before {}", shown(m_text, m_position)));
        ++m_position;
    }
}

JsonReader::Problem JsonReader::readString(std::string &text)
{
    const std::size_t begin = m_position++;
    for (;;) {
        std::size_t end = m_position;
        while (end < m_text.size() && m_text[end] != '"' && m_text[end] != '\\' && static_cast<unsigned char>(m_text[end]) >= 0x20)
            ++end;
        text.append(m_text, m_position, end - m_position);
        m_position = end;
        if (isAtEnd())
            return JsonProblem{begin, "the text that begins here is not closed by a double quote"};
        if (m_text[m_position] == '"') {
            ++m_position;
            return std::nullopt;
        }
        if (m_text[m_position] != '\\')
            return problem(tr("{} must be written as an escape inside a text", shown(m_text, m_position)));
        if (auto found = readEscape(text))
            return found;
    }
}

std::optional<unsigned> JsonReader::readHex4()
{
    unsigned value = 0;
    for (int i = 0; i < 4; ++i) {
        const char c = peek();
        const int digit = isDigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return std::nullopt;
        value = value * 16 + static_cast<unsigned>(digit);
        ++m_position;
    }
    return value;
}

JsonReader::Problem JsonReader::readEscape(std::string &text)
{
    ++m_position;
    const char c = peek();
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const auto known = kFrom.find(c); !isAtEnd() && c != '\0' && known != std::string_view::npos) {
        text += kTo[known];
        ++m_position;
        return std::nullopt;
    }
    if (c != 'u')
        return problem(tr("a backslash is followed by none of the letters that make an escape"));
    ++m_position;
    auto code = readHex4();
    if (!code)
        return problem(tr("\\u is not followed by four hexadecimal digits"));
    if (*code >= 0xd800 && *code < 0xdc00 && m_text.substr(m_position, 2) == "\\u") {
        const std::size_t afterFirst = m_position;
        m_position += 2;
        const auto low = readHex4();
        if (!low)
            return problem(tr("\\u is not followed by four hexadecimal digits"));
        if (*low >= 0xdc00 && *low < 0xe000) {
            appendUtf8(text, 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00));
            return std::nullopt;
        }
        m_position = afterFirst;
    }
    if (*code >= 0xd800 && *code < 0xe000) {
        // Half a pair is valid JSON but no text: kept as its ill-formed three bytes, which the row is rejected for.
        text += static_cast<char>(0xe0 | *code >> 12);
        text += static_cast<char>(0x80 | (*code >> 6 & 0x3f));
        text += static_cast<char>(0x80 | (*code & 0x3f));
        return std::nullopt;
    }
    appendUtf8(text, static_cast<char32_t>(*code));
    return std::nullopt;
}

JsonReader::Problem JsonReader::readNumber(JsonValue &value)
{
    value.kind = JsonValue::Kind::Number;
    const std::size_t begin = m_position;
    const auto digits = [&] {
        const std::size_t first = m_position;
        while (isDigit(peek()))
            ++m_position;
        return m_position - first;
    };
    if (peek() == '-')
        ++m_position;
    if (peek() == '0') {
        ++m_position;
        if (isDigit(peek()))
            return JsonProblem{begin, "a number cannot begin with 0"};
    } else if (digits() == 0) {
        return JsonProblem{begin, "a minus sign is followed by no digit"};
    }
    if (peek() == '.') {
        ++m_position;
        if (digits() == 0)
            return JsonProblem{begin, "a number has no digit after its point"};
    }
    if (peek() == 'e' || peek() == 'E') {
        ++m_position;
        if (peek() == '+' || peek() == '-')
            ++m_position;
        if (digits() == 0)
            return JsonProblem{begin, "a number has no digit in its exponent"};
    }
    value.text = m_text.substr(begin, m_position - begin);
    return std::nullopt;
}

JsonReader::Problem JsonReader::readWord(JsonValue &value)
{
    for (const std::string_view word : {"true", "false", "null"}) {
        if (m_text.substr(m_position, word.size()) != word)
            continue;
        value.kind = word == "null" ? JsonValue::Kind::Null : JsonValue::Kind::Boolean;
        if (word != "null")
            value.text = word;
        m_position += word.size();
        return std::nullopt;
    }
    for (const std::string_view word : {"NaN", "Infinity"}) {
        if (m_text.substr(m_position, word.size()) == word)
            return problem(tr("{} is not allowed in JSON", word));
    }
    return problem(tr("a value is expected, not {}", shown(m_text, m_position)));
}

} // namespace fettle::data
