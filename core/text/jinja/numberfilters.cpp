// Filters that make numbers.
#include "core/text/jinja/filtertools.h"

#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace fettle::text::jinja {
namespace {

// float(text): surrounding spaces, underscores between digits, inf and nan.
std::optional<double> parseFloat(std::string_view text)
{
    std::string digits = strip(text, Ends::Both);
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (digits[i] != '_')
            continue;
        const auto isDigit = [&](std::size_t at) { return at < digits.size() && digits[at] >= '0' && digits[at] <= '9'; };
        if (i == 0 || !isDigit(i - 1) || !isDigit(i + 1))
            return std::nullopt;
        digits.erase(i--, 1);
    }
    std::string_view rest = digits;
    bool negative = false;
    if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
        negative = rest[0] == '-';
        rest.remove_prefix(1);
    }
    if (rest.empty() || rest[0] == '+' || rest[0] == '-')
        return std::nullopt;
    double value = 0;
    const std::string small = lower(rest);
    if (small == "inf" || small == "infinity") {
        value = HUGE_VAL;
    } else if (small == "nan") {
        value = std::nan("");
    } else {
        if (!(rest[0] == '.' || (rest[0] >= '0' && rest[0] <= '9')))
            return std::nullopt;
        const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), value);
        if (result.ptr != rest.data() + rest.size() || result.ec == std::errc::invalid_argument)
            return std::nullopt;
        if (result.ec == std::errc::result_out_of_range)
            value = small.find("e-") != std::string::npos ? 0.0 : HUGE_VAL;
    }
    return negative ? -value : value;
}

// int(text, base); base 0 takes it from the prefix.
std::optional<std::int64_t> parseInteger(std::string_view text, std::int64_t base)
{
    std::string digits = strip(text, Ends::Both);
    bool negative = false;
    if (!digits.empty() && (digits[0] == '+' || digits[0] == '-')) {
        negative = digits[0] == '-';
        digits.erase(0, 1);
    }
    if (digits.size() > 2 && digits[0] == '0') {
        const char mark = static_cast<char>(digits[1] | 0x20);
        const std::int64_t marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
        if (marked != 0 && (base == 0 || base == marked)) {
            digits.erase(0, 2);
            base = marked;
            if (digits[0] == '_')
                digits.erase(0, 1);
        }
    }
    if (base == 0)
        base = 10;
    if (digits.empty() || base < 2 || base > 36 || digits.front() == '_' || digits.back() == '_' || digits.find("__") != std::string::npos)
        return std::nullopt;
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    if (digits[0] == '-' || digits[0] == '+')
        return std::nullopt;
    std::int64_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, static_cast<int>(base));
    if (result.ec == std::errc::result_out_of_range)
        stop(tr("a number is too large"), Failure::Reason::Limit);
    if (result.ec != std::errc() || result.ptr != digits.data() + digits.size())
        return std::nullopt;
    return negative ? -value : value;
}

std::optional<std::int64_t> truncated(double value)
{
    if (!std::isfinite(value))
        return std::nullopt;
    if (std::fabs(value) >= 9.2e18)
        stop(tr("a number is too large"), Failure::Reason::Limit);
    return static_cast<std::int64_t>(value);
}

Value intFilter(Engine &, const Value &input, const Arguments &arguments)
{
    arguments.check("int", {"default", "base"});
    const Value *given = arguments.find(0, "default");
    const Value fallback = given ? *given : Value(0);
    if (input.is(Kind::Undefined))
        stop(input.undefinedMessage());
    if (input.isInteger())
        return input.integer();
    std::optional<std::int64_t> value;
    if (input.is(Kind::Float)) {
        value = truncated(input.number());
    } else if (input.is(Kind::String)) {
        value = parseInteger(input.text(), integerArgument(arguments, 1, "base", 10));
        if (!value)
            if (const auto number = parseFloat(input.text()))
                value = truncated(*number);
    }
    return value ? Value(*value) : fallback;
}

Value floatFilter(Engine &, const Value &input, const Arguments &arguments)
{
    arguments.check("float", {"default"});
    if (input.is(Kind::Undefined))
        stop(input.undefinedMessage());
    if (input.isNumber())
        return input.number();
    if (input.is(Kind::String))
        if (const auto number = parseFloat(input.text()))
            return *number;
    const Value *given = arguments.find(0, "default");
    return given ? *given : Value(0.0);
}

Value absFilter(Engine &, const Value &input, const Arguments &)
{
    if (input.is(Kind::Float))
        return std::fabs(input.number());
    if (!input.isInteger())
        stop(input.is(Kind::Undefined) ? input.undefinedMessage() : tr("bad operand type for abs(): '{}'", typeName(input)));
    return input.integer() < 0 ? negative(input) : Value(input.integer());
}

double rounded(double value, std::int64_t precision)
{
    if (!std::isfinite(value))
        return value;
    if (precision >= 0) {
        if (precision > 300)
            return value;
        const std::string digits = fmt::format("{:.{}f}", value, precision); // correctly rounded, ties to even
        double result = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), result);
        return result;
    }
    if (precision < -310)
        return 0.0 * value;
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(value / scale) * scale;
}

Value roundFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("round", {"precision", "method"});
    const std::int64_t precision = integerArgument(arguments, 0, "precision", 0);
    const std::string method = textArgument(arguments, 1, "method", "common");
    if (method != "common" && method != "ceil" && method != "floor")
        stop(tr("method must be common, ceil or floor"));
    if (!input.isNumber())
        stop(input.is(Kind::Undefined) ? input.undefinedMessage()
                                       : tr("type {} doesn't define __round__ method", typeName(input)));
    if (method == "common") {
        if (!input.isInteger())
            return rounded(input.number(), precision);
        return precision >= 0 ? Value(input.integer()) : Value(static_cast<std::int64_t>(rounded(input.number(), precision)));
    }
    const Value scale = binary(engine, "**", 10, precision);
    const double scaled = binary(engine, "*", input, scale).number();
    return binary(engine, "/", method == "ceil" ? std::ceil(scaled) : std::floor(scaled), scale);
}

Value fileSizeFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("filesizeformat", {"binary"});
    const bool isBinary = flagArgument(arguments, 0, "binary", false);
    const double bytes = floatFilter(engine, input, {}).number();
    const double base = isBinary ? 1024 : 1000;
    if (bytes == 1)
        return "1 Byte";
    if (bytes < base)
        return fmt::format("{} Bytes", static_cast<std::int64_t>(bytes));
    static constexpr std::string_view kLetters = "kMGTPEZY";
    double unit = base;
    for (std::size_t i = 0; i < kLetters.size(); ++i) {
        unit *= base;
        if (bytes < unit || i + 1 == kLetters.size()) {
            const char letter = isBinary && i == 0 ? 'K' : kLetters[i];
            return fmt::format("{:.1f} {}{}", base * bytes / unit, letter, isBinary ? "iB" : "B");
        }
    }
    return {};
}

Value sumFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("sum", {"attribute", "start"});
    const Value *path = arguments.find(0, "attribute");
    const AttributePath attribute(path ? *path : Value(nullptr));
    const Value *start = arguments.find(1, "start");
    Value total = start ? *start : Value(0);
    if (total.is(Kind::String))
        stop(tr("sum() can't sum strings [use ''.join(seq) instead]"));
    for (const Value &item : iterate(input))
        total = binary(engine, "+", total, attribute.of(engine, item));
    return total;
}

} // namespace

void addNumberFilters(std::map<std::string_view, FilterFunction> &table)
{
    table["int"] = intFilter;
    table["float"] = floatFilter;
    table["abs"] = absFilter;
    table["round"] = roundFilter;
    table["filesizeformat"] = fileSizeFilter;
    table["sum"] = sumFilter;
    table["length"] = table["count"] = [](Engine &, const Value &input, const Arguments &) { return Value(lengthOf(input)); };
}

} // namespace fettle::text::jinja
