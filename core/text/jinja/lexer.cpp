// Text, tags and what white space around tags means (trim_blocks, lstrip_blocks, signs).
#include "core/text/jinja/lexer.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jinja/failure.h"
#include "core/text/jinja/pystring.h"
#include "core/text/unicode.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

std::string withPlainNewlines(std::string_view source)
{
    std::string out;
    out.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] != '\r') {
            out += source[i];
            continue;
        }
        out += '\n';
        if (i + 1 < source.size() && source[i + 1] == '\n')
            ++i;
    }
    if (!out.empty() && out.back() == '\n') // one newline at the end of a template is not part of it
        out.pop_back();
    return out;
}

int hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

class Lexer {
public:
    explicit Lexer(std::string_view source)
        : m_source(withPlainNewlines(source))
    {
    }

    std::vector<Token> run()
    {
        while (m_at < m_source.size())
            lexRoot();
        add(TokenType::End, "");
        return std::move(m_tokens);
    }

private:
    [[noreturn]] void failAt(std::string message, int line) const { throw Failure{std::move(message), Failure::Reason::Error, line}; }

    void add(TokenType type, std::string text) { m_tokens.push_back({type, std::move(text), m_line}); }

    [[nodiscard]] std::string_view rest() const { return std::string_view(m_source).substr(m_at); }

    // Moves on by bytes, counting lines; remembers whether the last thing read ended a line.
    void advance(std::size_t bytes)
    {
        const auto begin = m_source.begin() + static_cast<std::ptrdiff_t>(m_at);
        m_line += static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(bytes), '\n'));
        m_at += bytes;
        if (bytes > 0)
            m_lineStarting = m_source[m_at - 1] == '\n';
    }

    [[nodiscard]] std::size_t spacesAt(std::size_t at) const
    {
        const std::size_t begin = at;
        while (at < m_source.size()) {
            std::size_t next = at;
            if (!isPySpace(nextCodePoint(m_source, next)))
                break;
            at = next;
        }
        return at - begin;
    }

    // Text up to a tag, with the spaces before the tag taken away as its sign and lstrip_blocks say.
    void addData(std::string_view text, char sign, bool isVariable)
    {
        std::string data(text);
        if (sign == '-') {
            data = strip(text, Ends::Right);
        } else if (sign != '+' && !isVariable) {
            const std::size_t newline = data.rfind('\n');
            const std::size_t lineBegin = newline == std::string::npos ? 0 : newline + 1;
            if ((lineBegin > 0 || m_lineStarting) && lineBegin < data.size() && strip(data.substr(lineBegin), Ends::Both).empty())
                data.resize(lineBegin);
        }
        if (!data.empty())
            add(TokenType::Data, std::move(data));
        advance(text.size());
    }

    void lexRoot()
    {
        std::size_t tag = m_at;
        while (true) {
            tag = m_source.find('{', tag);
            if (tag == std::string::npos || tag + 1 >= m_source.size()) {
                add(TokenType::Data, std::string(rest()));
                advance(rest().size());
                return;
            }
            const char kind = m_source[tag + 1];
            if (kind == '{' || kind == '%' || kind == '#')
                break;
            ++tag;
        }
        const char kind = m_source[tag + 1];
        const std::size_t signAt = tag + 2;
        const char sign = signAt < m_source.size() && (m_source[signAt] == '-' || m_source[signAt] == '+') ? m_source[signAt] : '\0';
        addData(std::string_view(m_source).substr(m_at, tag - m_at), sign, kind == '{');
        const std::size_t opening = sign ? 3 : 2;
        if (kind == '%') {
            if (const std::size_t raw = rawBegin(opening)) {
                advance(raw);
                lexRaw();
                return;
            }
        }
        const int line = m_line;
        if (kind == '#') {
            advance(opening);
            lexComment(line);
            return;
        }
        add(kind == '{' ? TokenType::VariableBegin : TokenType::BlockBegin, "");
        advance(opening);
        lexTag(kind == '{');
    }

    // The length of {% raw %} here, 0 when it is another tag.
    [[nodiscard]] std::size_t rawBegin(std::size_t opening) const
    {
        std::size_t at = m_at + opening;
        at += spacesAt(at);
        if (m_source.compare(at, 3, "raw") != 0)
            return 0;
        at += 3;
        at += spacesAt(at);
        if (m_source.compare(at, 3, "-%}") == 0)
            return at + 3 + spacesAt(at + 3) - m_at;
        return m_source.compare(at, 2, "%}") == 0 ? at + 2 - m_at : 0;
    }

    // The length of an end of tag (+%} -%} %}, with what it takes of the text behind it), 0 when there is none.
    [[nodiscard]] std::size_t endOfTag(std::size_t at, std::string_view close) const
    {
        const std::string_view here = std::string_view(m_source).substr(at);
        if (here.starts_with('+') && here.substr(1).starts_with(close))
            return 3;
        if (here.starts_with('-') && here.substr(1).starts_with(close))
            return 3 + spacesAt(at + 3);
        if (!here.starts_with(close))
            return 0;
        return here.size() > 2 && here[2] == '\n' ? 3 : 2;
    }

    void lexRaw()
    {
        const int line = m_line;
        for (std::size_t at = m_source.find("{%", m_at); at != std::string::npos; at = m_source.find("{%", at + 2)) {
            std::size_t inner = at + 2;
            char sign = '\0';
            if (inner < m_source.size() && (m_source[inner] == '-' || m_source[inner] == '+'))
                sign = m_source[inner++];
            inner += spacesAt(inner);
            if (m_source.compare(inner, 6, "endraw") != 0)
                continue;
            inner += 6;
            inner += spacesAt(inner);
            const std::size_t end = endOfTag(inner, "%}");
            if (end == 0)
                continue;
            addData(std::string_view(m_source).substr(m_at, at - m_at), sign, false);
            advance(inner + end - m_at);
            return;
        }
        if (m_at < m_source.size()) // a raw tag that is the very end is let pass
            failAt(tr("{% raw %} has no {% endraw %}"), line);
    }

    void lexComment(int line)
    {
        for (std::size_t at = m_source.find("#}", m_at); at != std::string::npos; at = m_source.find("#}", at + 1)) {
            // A sign before the end belongs to it.
            const bool hasSign = at > m_at && (m_source[at - 1] == '-' || m_source[at - 1] == '+');
            const std::size_t begin = hasSign ? at - 1 : at;
            advance(begin + endOfTag(begin, "#}") - m_at);
            return;
        }
        failAt(tr("a comment {# has no end #}"), line);
    }

    void lexTag(bool isVariable)
    {
        std::string open; // brackets that wait to be closed
        while (m_at < m_source.size()) { // at the end of the source the parser says what it misses
            if (open.empty()) {
                const std::size_t end = isVariable ? endOfVariable() : endOfTag(m_at, "%}");
                if (end > 0) {
                    add(isVariable ? TokenType::VariableEnd : TokenType::BlockEnd, "");
                    advance(end);
                    return;
                }
            }
            if (const std::size_t spaces = spacesAt(m_at))
                advance(spaces);
            else if (!lexNumber() && !lexName() && !lexString())
                lexOperator(open);
        }
    }

    [[nodiscard]] std::size_t endOfVariable() const
    {
        if (rest().starts_with("-}}"))
            return 3 + spacesAt(m_at + 3);
        return rest().starts_with("}}") ? 2 : 0;
    }

    // Digits with single underscores between them.
    [[nodiscard]] std::size_t digitsAt(std::size_t at, bool (*isDigit)(char)) const
    {
        const std::size_t begin = at;
        while (at < m_source.size()) {
            if (isDigit(m_source[at]))
                ++at;
            else if (m_source[at] == '_' && at > begin && at + 1 < m_source.size() && isDigit(m_source[at + 1]))
                at += 2;
            else
                break;
        }
        return at - begin;
    }

    bool lexNumber()
    {
        const auto isDecimal = [](char c) { return c >= '0' && c <= '9'; };
        if (!isDecimal(m_source[m_at]))
            return false;
        if (const std::size_t radix = radixNumber())
            return finishNumber(TokenType::Integer, radix);
        const std::size_t whole = digitsAt(m_at, isDecimal);
        std::size_t end = m_at + whole;
        bool isFloat = false;
        const bool afterDot = m_at > 0 && m_source[m_at - 1] == '.';
        if (!afterDot && end + 1 < m_source.size() && m_source[end] == '.' && isDecimal(m_source[end + 1])) {
            isFloat = true;
            end += 1 + digitsAt(end + 1, isDecimal);
        }
        if (!afterDot && end < m_source.size() && (m_source[end] == 'e' || m_source[end] == 'E')) {
            std::size_t exponent = end + 1;
            if (exponent < m_source.size() && (m_source[exponent] == '+' || m_source[exponent] == '-'))
                ++exponent;
            if (const std::size_t digits = digitsAt(exponent, isDecimal)) {
                isFloat = true;
                end = exponent + digits;
            }
        }
        if (!isFloat && m_source[m_at] == '0') { // 0 and 00 are numbers, 012 is 0 and 12
            end = m_at + digitsAt(m_at, [](char c) { return c == '0'; });
        }
        return finishNumber(isFloat ? TokenType::Float : TokenType::Integer, end - m_at);
    }

    [[nodiscard]] std::size_t radixNumber() const
    {
        if (m_source[m_at] != '0' || m_at + 2 >= m_source.size())
            return 0;
        bool (*isDigit)(char) = nullptr;
        switch (m_source[m_at + 1] | 0x20) {
        case 'x': isDigit = [](char c) { return hexDigit(c) >= 0; }; break;
        case 'o': isDigit = [](char c) { return c >= '0' && c <= '7'; }; break;
        case 'b': isDigit = [](char c) { return c == '0' || c == '1'; }; break;
        default: return 0;
        }
        const std::size_t from = m_at + 2 + (m_source[m_at + 2] == '_' ? 1 : 0);
        const std::size_t digits = digitsAt(from, isDigit);
        return digits > 0 ? from + digits - m_at : 0;
    }

    bool finishNumber(TokenType type, std::size_t length)
    {
        std::string digits = m_source.substr(m_at, length);
        digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
        add(type, std::move(digits));
        advance(length);
        return true;
    }

    bool lexName()
    {
        std::size_t end = m_at;
        while (end < m_source.size()) {
            std::size_t next = end;
            if (!hasClass(nextCodePoint(m_source, next), kWord))
                break;
            end = next;
        }
        if (end == m_at)
            return false;
        std::string name = m_source.substr(m_at, end - m_at);
        if (!isKind("isidentifier", name).value_or(false))
            failAt(tr("\"{}\" is no name", name), m_line);
        add(TokenType::Name, std::move(name));
        advance(end - m_at);
        return true;
    }

    bool lexString()
    {
        const char quote = m_source[m_at];
        if (quote != '"' && quote != '\'')
            return false;
        std::size_t end = m_at + 1;
        while (end < m_source.size() && m_source[end] != quote)
            end += m_source[end] == '\\' ? 2 : 1;
        if (end >= m_source.size())
            failAt(tr("a text in quotes has no end"), m_line);
        add(TokenType::String, unescaped(std::string_view(m_source).substr(m_at + 1, end - m_at - 1)));
        advance(end + 1 - m_at);
        return true;
    }

    // Python's "unicode-escape" after "backslashreplace".
    [[nodiscard]] std::string unescaped(std::string_view text) const
    {
        std::string out;
        for (std::size_t i = 0; i < text.size();) {
            if (text[i] != '\\') {
                out += text[i++];
                continue;
            }
            if (++i >= text.size())
                failAt(tr("a text ends with a lone backslash"), m_line);
            const char c = text[i++];
            switch (c) {
            case '\n': break;
            case '\\':
            case '\'':
            case '"': out += c; break;
            case 'a': out += '\a'; break;
            case 'b': out += '\b'; break;
            case 'f': out += '\f'; break;
            case 'n': out += '\n'; break;
            case 'r': out += '\r'; break;
            case 't': out += '\t'; break;
            case 'v': out += '\v'; break;
            case 'x': i += codeEscape(text, i, 2, out); break;
            case 'u': i += codeEscape(text, i, 4, out); break;
            case 'U': i += codeEscape(text, i, 8, out); break;
            case 'N': failAt(tr("escapes by name (\\N) are not supported"), m_line);
            default:
                if (c >= '0' && c <= '7') {
                    unsigned value = static_cast<unsigned>(c - '0');
                    for (int digit = 1; digit < 3 && i < text.size() && text[i] >= '0' && text[i] <= '7'; ++digit)
                        value = value * 8 + static_cast<unsigned>(text[i++] - '0');
                    appendUtf8(out, value);
                } else if (static_cast<unsigned char>(c) < 0x80) {
                    (out += '\\') += c;
                } else {
                    // The character was written as an escape of its own by then, whose backslash this one takes.
                    std::size_t at = i - 1;
                    const auto code = static_cast<unsigned>(nextCodePoint(text, at));
                    i = at;
                    out += code < 0x100  ? fmt::format("\\x{:02x}", code)
                        : code < 0x10000 ? fmt::format("\\u{:04x}", code)
                                         : fmt::format("\\U{:08x}", code);
                }
            }
        }
        return out;
    }

    [[nodiscard]] std::size_t codeEscape(std::string_view text, std::size_t at, std::size_t digits, std::string &out) const
    {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            const int digit = at + i < text.size() ? hexDigit(text[at + i]) : -1;
            if (digit < 0)
                failAt(tr("an escape \\x, \\u or \\U is cut short"), m_line);
            value = value << 4 | static_cast<std::uint32_t>(digit);
        }
        if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
            failAt(tr("an escape names no character"), m_line);
        appendUtf8(out, value);
        return digits;
    }

    void lexOperator(std::string &open)
    {
        static constexpr std::array<std::string_view, 26> kOperators{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                                                     "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
        for (const std::string_view symbol : kOperators) {
            if (!rest().starts_with(symbol))
                continue;
            balance(symbol[0], open);
            add(TokenType::Operator, std::string(symbol));
            advance(symbol.size());
            return;
        }
        failAt(tr("unexpected character \"{}\"", firstCodePoints(rest(), 1)), m_line);
    }

    void balance(char c, std::string &open) const
    {
        if (c == '(' || c == '[' || c == '{') {
            open += c == '(' ? ')' : c == '[' ? ']' : '}';
        } else if (c == ')' || c == ']' || c == '}') {
            if (open.empty())
                failAt(tr("unexpected '{}'", c), m_line);
            if (open.back() != c)
                failAt(tr("unexpected '{}', expected '{}'", c, open.back()), m_line);
            open.pop_back();
        }
    }

    std::string m_source;
    std::size_t m_at = 0;
    int m_line = 1;
    bool m_lineStarting = true;
    std::vector<Token> m_tokens;
};

} // namespace

std::vector<Token> tokenize(std::string_view source)
{
    return Lexer(source).run();
}

} // namespace fettle::text::jinja
