// Python's two ways to put values into text: "%5.2f" % x and "{:>10}".format(x).
#include "core/text/jinja/engine.h"

#include "core/base/utf8.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

constexpr std::int64_t kWidest = 1 << 20;
constexpr int kMostDigits = 400;

struct Spec {
    std::string fill = " ";
    char align = 0;          // < > ^ =, 0: the kind's own
    char sign = '-';
    bool alternate = false;
    char grouping = 0;       // , or _
    std::int64_t width = 0;
    int precision = -1;
    char type = 0;
};

[[noreturn]] void badFormat(std::string what) { stop("a format is wrong: " + std::move(what)); }

std::string grouped(std::string digits, char separator, std::size_t size)
{
    if (!separator)
        return digits;
    const std::size_t point = std::min(digits.find_first_of(".e"), digits.size());
    for (std::size_t at = point; at > size;) {
        at -= size;
        digits.insert(at, 1, separator);
    }
    return digits;
}

// Python's 'g' and its kin write exponents with at least two digits, as C does and fmt too.
std::string floatDigits(double value, char type, int precision, bool alternate)
{
    if (std::isnan(value))
        return std::isupper(static_cast<unsigned char>(type)) ? "NAN" : "nan";
    if (std::isinf(value))
        return std::isupper(static_cast<unsigned char>(type)) ? "INF" : "inf";
    precision = precision < 0 ? 6 : std::min(precision, kMostDigits);
    const std::string format = fmt::format("{{:{}.{}{}}}", alternate ? "#" : "", precision, type);
    return fmt::format(fmt::runtime(format), value);
}

std::string integerDigits(std::int64_t value, char type, bool alternate)
{
    const std::uint64_t size = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    switch (type) {
    case 'x': return (alternate ? "0x" : "") + fmt::format("{:x}", size);
    case 'X': return (alternate ? "0X" : "") + fmt::format("{:X}", size);
    case 'o': return (alternate ? "0o" : "") + fmt::format("{:o}", size);
    case 'b': return (alternate ? "0b" : "") + fmt::format("{:b}", size);
    default: return std::to_string(size);
    }
}

std::string signOf(bool negative, char sign) { return negative ? "-" : sign == '+' ? "+" : sign == ' ' ? " " : ""; }

// sign and digits, brought to the width; zeros go between them.
std::string numberPadded(const std::string &sign, const std::string &digits, const Spec &spec)
{
    if (spec.align == '=') {
        const std::int64_t missing = spec.width - static_cast<std::int64_t>(sign.size() + digits.size());
        std::string out = sign;
        for (std::int64_t i = 0; i < missing; ++i)
            out += spec.fill;
        return out + digits;
    }
    return padded(sign + digits, spec.width, spec.align == '<' ? Align::Left : spec.align == '^' ? Align::Center : Align::Right, spec.fill);
}

std::string centered(std::string_view text, std::int64_t width, const std::string &fill)
{
    const std::int64_t missing = std::max<std::int64_t>(width - codePointCount(text), 0);
    std::string out;
    for (std::int64_t i = 0; i < missing / 2; ++i)
        out += fill;
    out += text;
    for (std::int64_t i = missing / 2; i < missing; ++i)
        out += fill;
    return out;
}

// ---- format()

Spec parseSpec(std::string_view text)
{
    Spec spec;
    const std::u32string c = toCodePoints(text);
    std::size_t i = 0;
    const auto at = [&](std::size_t k) { return k < c.size() ? c[k] : U'\0'; };
    const auto isAlign = [](char32_t x) { return x == '<' || x == '>' || x == '^' || x == '='; };
    if (isAlign(at(1))) {
        spec.fill = fromCodePoints(std::u32string_view(c).substr(0, 1));
        spec.align = static_cast<char>(at(1));
        i = 2;
    } else if (isAlign(at(0))) {
        spec.align = static_cast<char>(at(0));
        i = 1;
    }
    if (at(i) == '+' || at(i) == '-' || at(i) == ' ')
        spec.sign = static_cast<char>(at(i++));
    if (at(i) == '#') {
        spec.alternate = true;
        ++i;
    }
    if (at(i) == '0') {
        if (!spec.align) {
            spec.fill = "0";
            spec.align = '=';
        }
        ++i;
    }
    for (; at(i) >= '0' && at(i) <= '9'; ++i)
        if ((spec.width = spec.width * 10 + static_cast<std::int64_t>(at(i) - '0')) > kWidest)
            badFormat("the width is too large");
    if (at(i) == ',' || at(i) == '_')
        spec.grouping = static_cast<char>(at(i++));
    if (at(i) == '.') {
        ++i;
        if (!(at(i) >= '0' && at(i) <= '9'))
            badFormat("digits are missing behind the point");
        spec.precision = 0;
        for (; at(i) >= '0' && at(i) <= '9'; ++i)
            if ((spec.precision = spec.precision * 10 + static_cast<int>(at(i) - '0')) > kWidest)
                badFormat("the precision is too large");
    }
    if (i + 1 < c.size() || (i < c.size() && c[i] > 0x7F))
        badFormat(fmt::format("\"{}\" is no format specification", text));
    if (i < c.size())
        spec.type = static_cast<char>(c[i]);
    return spec;
}

std::string formatText(const std::string &text, const Spec &spec)
{
    if (spec.type && spec.type != 's')
        badFormat(fmt::format("code '{}' is not for texts", spec.type));
    if (spec.align == '=' && spec.fill != "0")
        badFormat("'=' is not for texts");
    const std::string cut = spec.precision >= 0 ? sliced(text, 0, std::min<std::int64_t>(spec.precision, codePointCount(text))) : text;
    if (spec.align == '^')
        return centered(cut, spec.width, spec.fill);
    return padded(cut, spec.width, spec.align == '>' ? Align::Right : Align::Left, spec.fill);
}

std::string formatFloat(double value, const Spec &spec)
{
    std::string digits;
    const double size = std::fabs(value);
    if (spec.type == 0 && spec.precision < 0) {
        digits = floatToText(size);
    } else if (spec.type == '%') {
        digits = floatDigits(size * 100, 'f', spec.precision, spec.alternate) + "%";
    } else if (spec.type == 0) {
        digits = floatDigits(size, 'g', spec.precision, spec.alternate);
        if (digits.find_first_of(".e") == std::string::npos && std::isfinite(size))
            digits += ".0";
    } else if (std::string_view("eEfFgGn").find(spec.type) != std::string_view::npos) {
        digits = floatDigits(size, spec.type == 'n' ? 'g' : spec.type, spec.precision, spec.alternate);
    } else {
        badFormat(fmt::format("code '{}' is not for numbers with a point", spec.type));
    }
    const std::string sign = signOf(std::signbit(value) && !std::isnan(value), spec.sign);
    digits = grouped(std::move(digits), spec.grouping, 3);
    if (spec.align == '^')
        return centered(sign + digits, spec.width, spec.fill);
    return numberPadded(sign, digits, spec);
}

std::string formatInteger(std::int64_t value, const Spec &spec)
{
    if (spec.type == 'c') {
        if (value < 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
            badFormat("no character has this number");
        std::string c;
        appendUtf8(c, static_cast<char32_t>(value));
        Spec shape = spec;
        shape.type = 's';
        return formatText(c, shape);
    }
    if (spec.type && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos)
        return formatFloat(static_cast<double>(value), spec);
    if (spec.precision >= 0 || (spec.type && std::string_view("dnxXob").find(spec.type) == std::string_view::npos))
        badFormat("this specification is not for whole numbers");
    const bool decimal = !spec.type || spec.type == 'd' || spec.type == 'n';
    std::string digits = integerDigits(value, spec.type, false);
    digits = grouped(digits, spec.grouping, decimal ? 3 : 4);
    std::string sign = signOf(value < 0, spec.sign);
    if (spec.alternate && !decimal)
        sign += integerDigits(0, spec.type, true).substr(0, 2);
    if (spec.align == '=' && spec.fill == "0" && spec.grouping) // zeros are grouped too
        for (const std::size_t group = decimal ? 3 : 4; static_cast<std::int64_t>(sign.size() + digits.size()) < spec.width;) {
            const std::size_t begin = digits.find(spec.grouping);
            const bool full = (begin == std::string::npos ? digits.size() : begin) == group;
            digits = (full ? std::string("0") + spec.grouping : std::string("0")) + digits;
        }
    if (spec.align == '^')
        return centered(sign + digits, spec.width, spec.fill);
    return numberPadded(sign, digits, spec);
}

std::string formatValue(Engine &engine, const Value &value, std::string_view text)
{
    if (text.empty())
        return toText(value);
    const Spec spec = parseSpec(text);
    engine.charge(spec.width * 4);
    switch (value.kind()) {
    case Kind::String: return formatText(value.text(), spec);
    case Kind::Int:
    case Kind::Bool: return formatInteger(value.integer(), spec);
    case Kind::Float: return formatFloat(value.number(), spec);
    default: stop(fmt::format("unsupported format string passed to {}.__format__", typeName(value)));
    }
}

class Braces {
public:
    Braces(Engine &engine, const Arguments &arguments) : m_engine(engine), m_arguments(arguments) {}

    std::string format(std::string_view text, int depth)
    {
        if (depth > 2)
            badFormat("fields are nested too deeply");
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
                out += c;
                ++i;
            } else if (c == '{') {
                const std::size_t end = closing(text, i);
                out += field(text.substr(i + 1, end - i - 1), depth);
                m_engine.charge(static_cast<std::int64_t>(out.size()));
                i = end;
            } else if (c == '}') {
                badFormat("Single '}' encountered in format string");
            } else {
                out += c;
            }
        }
        return out;
    }

private:
    static std::size_t closing(std::string_view text, std::size_t open)
    {
        int depth = 0;
        bool inIndex = false;
        for (std::size_t i = open; i < text.size(); ++i) {
            if (text[i] == '[')
                inIndex = true;
            else if (text[i] == ']')
                inIndex = false;
            else if (text[i] == '{' && !inIndex)
                ++depth;
            else if (text[i] == '}' && !inIndex && --depth == 0)
                return i;
        }
        badFormat("expected '}' before end of string");
    }

    // name[!conversion][:specification]
    std::string field(std::string_view text, int depth)
    {
        std::size_t end = 0;
        for (bool inIndex = false; end < text.size() && (inIndex || (text[end] != '!' && text[end] != ':')); ++end)
            inIndex = text[end] == '[' || (inIndex && text[end] != ']');
        Value value = lookUp(text.substr(0, end));
        if (end < text.size() && text[end] == '!') {
            const char conversion = end + 1 < text.size() ? text[end + 1] : '\0';
            if (conversion == 'r' || conversion == 'a')
                value = toRepr(value);
            else if (conversion == 's')
                value = toText(value);
            else
                badFormat("unknown conversion behind '!'");
            end += 2;
        }
        const std::string spec = end < text.size() && text[end] == ':' ? format(text.substr(end + 1), depth + 1) : std::string();
        return formatValue(m_engine, value, spec);
    }

    Value lookUp(std::string_view path)
    {
        const std::size_t first = std::min(path.find_first_of(".["), path.size());
        Value value = root(path.substr(0, first));
        for (std::size_t at = first; at < path.size();) {
            if (path[at] == '.') {
                const std::size_t end = std::min(path.find_first_of(".[", at + 1), path.size());
                value = m_engine.attribute(value, path.substr(at + 1, end - at - 1));
                at = end;
            } else {
                const std::size_t end = path.find(']', at);
                if (path[at] != '[' || end == std::string_view::npos)
                    badFormat("Missing ']' in format string");
                const std::string key(path.substr(at + 1, end - at - 1));
                value = m_engine.item(value, isIndex(key) ? Value(static_cast<std::int64_t>(std::stoll(key))) : Value(key));
                at = end + 1;
            }
        }
        return value;
    }

    static bool isIndex(std::string_view text)
    {
        return !text.empty() && text.size() < 16 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    }

    Value root(std::string_view name)
    {
        if (name.empty() || isIndex(name)) {
            const std::size_t index = name.empty() ? m_next++ : static_cast<std::size_t>(std::stoll(std::string(name)));
            if (index >= m_arguments.positional.size())
                stop(fmt::format("Replacement index {} out of range for positional args tuple", index));
            return m_arguments.positional[index];
        }
        const Value *value = m_arguments.find(SIZE_MAX, name);
        if (!value)
            stop(fmt::format("format() has no argument '{}'", name));
        return *value;
    }

    Engine &m_engine;
    const Arguments &m_arguments;
    std::size_t m_next = 0;
};

// ---- %

class Percent {
public:
    Percent(Engine &engine, const Value &arguments) : m_engine(engine), m_arguments(arguments)
    {
        if (arguments.is(Kind::Tuple))
            m_values = arguments.items();
        else
            m_values = {arguments};
    }

    std::string format(std::string_view text)
    {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '%') {
                out += text[i];
                continue;
            }
            out += conversion(text, ++i);
            m_engine.charge(static_cast<std::int64_t>(out.size()));
        }
        const bool mayBeLeft = m_arguments.is(Kind::Dict) || m_arguments.is(Kind::List) || m_arguments.is(Kind::Range) || m_arguments.is(Kind::Undefined);
        if (m_next < m_values.size() && !mayBeLeft && !m_usedNames)
            stop("not all arguments converted during string formatting");
        return out;
    }

private:
    Value next()
    {
        if (m_next >= m_values.size())
            stop("not enough arguments for format string");
        return m_values[m_next++];
    }

    // At the character behind %; leaves at the last one of the conversion.
    std::string conversion(std::string_view text, std::size_t &i)
    {
        const auto at = [&](std::size_t k) { return k < text.size() ? text[k] : '\0'; };
        Value value;
        bool hasValue = false;
        if (at(i) == '(') {
            const std::size_t end = text.find(')', i);
            if (end == std::string_view::npos)
                stop("incomplete format key");
            if (!m_arguments.is(Kind::Dict))
                stop("format requires a mapping");
            const Value *found = m_arguments.dict().find(text.substr(i + 1, end - i - 1));
            if (!found)
                stop(fmt::format("the format's key '{}' is missing", text.substr(i + 1, end - i - 1)));
            value = *found;
            hasValue = m_usedNames = true;
            i = end + 1;
        }
        Spec spec;
        bool left = false;
        bool zero = false;
        for (;; ++i) {
            if (at(i) == '-')
                left = true;
            else if (at(i) == '0')
                zero = true;
            else if (at(i) == '+' || (at(i) == ' ' && spec.sign != '+'))
                spec.sign = at(i);
            else if (at(i) == '#')
                spec.alternate = true;
            else if (at(i) != ' ')
                break;
        }
        spec.width = number(text, i);
        if (spec.width < 0) {
            left = true;
            spec.width = -spec.width;
        }
        if (at(i) == '.') {
            ++i;
            spec.precision = static_cast<int>(std::max<std::int64_t>(number(text, i), 0));
        }
        while (at(i) == 'l' || at(i) == 'h' || at(i) == 'L')
            ++i;
        spec.type = at(i);
        if (!spec.type)
            stop("incomplete format");
        if (spec.type == '%')
            return "%";
        if (!hasValue)
            value = next();
        m_engine.charge(spec.width);
        spec.align = left ? '<' : zero ? '=' : '>';
        spec.fill = zero && !left ? "0" : " ";
        return converted(value, spec);
    }

    std::int64_t number(std::string_view text, std::size_t &i)
    {
        if (i < text.size() && text[i] == '*') {
            ++i;
            const Value value = next();
            if (!value.isInteger())
                stop("* wants int");
            if (std::abs(value.integer()) > kWidest)
                badFormat("the width is too large");
            return value.integer();
        }
        std::int64_t value = 0;
        for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
            if ((value = value * 10 + (text[i] - '0')) > kWidest)
                badFormat("the width is too large");
        return value;
    }

    std::string converted(const Value &value, const Spec &spec)
    {
        switch (spec.type) {
        case 's':
        case 'r':
        case 'a': {
            std::string text = spec.type == 's' ? toText(value) : toRepr(value);
            if (spec.precision >= 0)
                text = sliced(text, 0, std::min<std::int64_t>(spec.precision, codePointCount(text)));
            return padded(text, spec.width, spec.align == '<' ? Align::Left : Align::Right);
        }
        case 'c': {
            std::string c;
            if (value.isInteger() && value.integer() >= 0 && value.integer() <= 0x10FFFF)
                appendUtf8(c, static_cast<char32_t>(value.integer()));
            else if (value.is(Kind::String) && codePointCount(value.text()) == 1)
                c = value.text();
            else
                stop("%c requires int or char");
            return padded(c, spec.width, spec.align == '<' ? Align::Left : Align::Right);
        }
        case 'd':
        case 'i':
        case 'u':
        case 'x':
        case 'X':
        case 'o': return integerConverted(value, spec);
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G': {
            if (!value.isNumber())
                stop(fmt::format("must be real number, not {}", typeName(value)));
            const double number = value.number();
            return numberPadded(signOf(std::signbit(number) && !std::isnan(number), spec.sign), floatDigits(std::fabs(number), spec.type, spec.precision, spec.alternate), spec);
        }
        default: stop(fmt::format("unsupported format character '{}'", spec.type));
        }
    }

    static std::string integerConverted(const Value &value, const Spec &spec)
    {
        const bool decimal = spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
        if (!value.isInteger() && !(decimal && value.is(Kind::Float) && std::fabs(value.number()) < 9e18))
            stop(fmt::format("%{} format: a number is required, not {}", spec.type, typeName(value)));
        const std::int64_t number = value.isInteger() ? value.integer() : static_cast<std::int64_t>(value.number());
        std::string digits = integerDigits(number, spec.type, false);
        if (spec.precision > 0 && digits.size() < static_cast<std::size_t>(spec.precision))
            digits.insert(0, static_cast<std::size_t>(spec.precision) - digits.size(), '0');
        std::string sign = signOf(number < 0, spec.sign);
        if (spec.alternate && !decimal)
            sign += integerDigits(0, spec.type, true).substr(0, 2);
        return numberPadded(sign, digits, spec);
    }

    Engine &m_engine;
    const Value &m_arguments;
    Values m_values;
    std::size_t m_next = 0;
    bool m_usedNames = false;
};

} // namespace

std::string percentFormat(Engine &engine, std::string_view format, const Value &arguments) { return Percent(engine, arguments).format(format); }

std::string braceFormat(Engine &engine, std::string_view format, const Arguments &arguments) { return Braces(engine, arguments).format(format, 0); }

} // namespace fettle::text::jinja
