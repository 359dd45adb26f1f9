// str() and repr(): how Python writes values.
#include "core/text/jinja/value.h"

#include "core/text/jinja/nesting.h"
#include "core/text/jinja/pystring.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

std::string joined(const Values &items)
{
    std::string out;
    for (const Value &item : items) {
        if (!out.empty())
            out += ", ";
        out += toRepr(item);
    }
    return out;
}

std::string dictRepr(const Dict &dict)
{
    std::string out = "{";
    for (const auto &[key, value] : dict.items) {
        if (out.size() > 1)
            out += ", ";
        out += toRepr(key) + ": " + toRepr(value);
    }
    return out + "}";
}

} // namespace

std::string floatToText(double value)
{
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value < 0 ? "-inf" : "inf";
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr; // shortest digits
    std::string text(buffer, end);
    const std::size_t mark = text.find('e');
    const int exponent = std::atoi(text.c_str() + mark + 1);
    if (exponent < -4 || exponent >= 16)
        return text;
    const bool negative = text[0] == '-';
    std::string digits;
    for (const char c : text.substr(0, mark))
        if (c >= '0' && c <= '9')
            digits += c;
    std::string out;
    if (exponent < 0) {
        out = "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    } else {
        const auto whole = static_cast<std::size_t>(exponent) + 1;
        if (digits.size() < whole)
            digits.append(whole - digits.size(), '0');
        const std::string fraction = digits.substr(whole);
        out = digits.substr(0, whole) + "." + (fraction.empty() ? "0" : fraction);
    }
    return negative ? "-" + out : out;
}

std::string toText(const Value &value)
{
    switch (value.kind()) {
    case Kind::Undefined: return {};
    case Kind::String: return value.text();
    default: return toRepr(value);
    }
}

std::string toRepr(const Value &value)
{
    const Nesting nesting;
    switch (value.kind()) {
    case Kind::Undefined: return "Undefined";
    case Kind::None: return "None";
    case Kind::Bool: return value.integer() ? "True" : "False";
    case Kind::Int: return std::to_string(value.integer());
    case Kind::Float: return floatToText(value.number());
    case Kind::String: return pyQuoted(value.text());
    case Kind::List: return "[" + joined(value.items()) + "]";
    case Kind::Tuple: return "(" + joined(value.items()) + (value.items().size() == 1 ? ",)" : ")");
    case Kind::Dict: return dictRepr(value.dict());
    case Kind::View: return fmt::format("{}([{}])", value.view().name, joined(value.view().items));
    case Kind::Range: {
        const IntRange &range = value.range();
        if (range.step == 1)
            return fmt::format("range({}, {})", range.start, range.stop);
        return fmt::format("range({}, {}, {})", range.start, range.stop, range.step);
    }
    case Kind::Namespace: return "<Namespace " + dictRepr(value.dict()) + ">";
    default: return fmt::format("<{}>", typeName(value));
    }
}

} // namespace fettle::text::jinja
