// Python's format specifications, read and applied.
#include "core/text/jinja/formatspec.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

constexpr int kMostDigits = 400;

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

} // namespace

void badFormat(std::string what)
{
    stop(tr("a format is wrong: {}", what));
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

std::string signOf(bool negative, char sign)
{
    return negative ? "-" : sign == '+' ? "+" : sign == ' ' ? " " : "";
}

std::string numberPadded(const std::string &sign, const std::string &digits, const FormatSpec &spec)
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

namespace {

FormatSpec parseSpec(std::string_view text)
{
    FormatSpec spec;
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
            spec.fill.assign(1, '0');
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

std::string formatText(const std::string &text, const FormatSpec &spec)
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

std::string formatFloat(double value, const FormatSpec &spec)
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

std::string formatInteger(std::int64_t value, const FormatSpec &spec)
{
    if (spec.type == 'c') {
        if (value < 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
            badFormat("no character has this number");
        std::string c;
        appendUtf8(c, static_cast<char32_t>(value));
        FormatSpec shape = spec;
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

} // namespace

std::string formatValue(Engine &engine, const Value &value, std::string_view text)
{
    if (text.empty())
        return toText(value);
    const FormatSpec spec = parseSpec(text);
    engine.charge(spec.width * 4);
    switch (value.kind()) {
    case Kind::String: return formatText(value.text(), spec);
    case Kind::Int:
    case Kind::Bool: return formatInteger(value.integer(), spec);
    case Kind::Float: return formatFloat(value.number(), spec);
    default: stop(tr("unsupported format string passed to {}.__format__", typeName(value)));
    }
}

} // namespace fettle::text::jinja
