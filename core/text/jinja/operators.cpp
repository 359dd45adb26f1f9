// Python's arithmetic on the values of a template. Integers have 64 bits here; what would need more is refused.
#include "core/text/jinja/engine.h"

#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

[[noreturn]] void tooLarge()
{
    stop(tr("a number is too large"), Failure::Reason::Limit);
}

[[noreturn]] void unsupportedOperands(std::string_view symbol, const Value &a, const Value &b)
{
    for (const Value *value : {&a, &b})
        if (value->is(Kind::Undefined))
            stop(value->undefinedMessage());
    stop(tr("unsupported operand type(s) for {}: '{}' and '{}'", symbol, typeName(a), typeName(b)));
}

std::int64_t floorDivide(std::int64_t a, std::int64_t b)
{
    if (a == INT64_MIN && b == -1)
        tooLarge();
    const std::int64_t quotient = a / b;
    return (a % b != 0 && (a % b < 0) != (b < 0)) ? quotient - 1 : quotient;
}

double floatRemainder(double a, double b)
{
    double rest = std::fmod(a, b);
    if (rest != 0.0 && (rest < 0) != (b < 0))
        rest += b;
    else if (rest == 0.0)
        rest = std::copysign(0.0, b);
    return rest;
}

Value integerPower(std::int64_t base, std::int64_t exponent)
{
    if (exponent < 0) {
        if (base == 0)
            stop(tr("0.0 cannot be raised to a negative power"));
        return std::pow(static_cast<double>(base), static_cast<double>(exponent));
    }
    std::int64_t result = 1;
    if (base == 0 || base == 1 || base == -1)
        return exponent == 0 ? std::int64_t{1} : base == -1 && exponent % 2 == 0 ? std::int64_t{1} : base;
    for (std::int64_t i = 0; i < exponent; ++i)
        if (__builtin_mul_overflow(result, base, &result))
            tooLarge();
    return result;
}

Value integers(std::string_view symbol, std::int64_t a, std::int64_t b)
{
    std::int64_t result = 0;
    if (symbol == "+") {
        if (__builtin_add_overflow(a, b, &result))
            tooLarge();
        return result;
    }
    if (symbol == "-") {
        if (__builtin_sub_overflow(a, b, &result))
            tooLarge();
        return result;
    }
    if (symbol == "*") {
        if (__builtin_mul_overflow(a, b, &result))
            tooLarge();
        return result;
    }
    if (symbol == "**")
        return integerPower(a, b);
    if (b == 0)
        stop(symbol == "/" ? tr("division by zero") : tr("integer division or modulo by zero"));
    if (symbol == "/")
        return static_cast<double>(a) / static_cast<double>(b);
    if (symbol == "//")
        return floorDivide(a, b);
    return a - floorDivide(a, b) * b;
}

Value floats(std::string_view symbol, double a, double b)
{
    if (symbol == "+")
        return a + b;
    if (symbol == "-")
        return a - b;
    if (symbol == "*")
        return a * b;
    if (symbol == "**") {
        if (a == 0.0 && b < 0)
            stop(tr("0.0 cannot be raised to a negative power"));
        const double result = std::pow(a, b);
        if (std::isinf(result) && std::isfinite(a) && std::isfinite(b))
            tooLarge();
        if (std::isnan(result) && !std::isnan(a) && !std::isnan(b))
            stop(tr("a negative number cannot be raised to a broken power"));
        return result;
    }
    if (b == 0.0)
        stop(symbol == "/" ? tr("float division by zero") : tr("float floor division or modulo by zero"));
    if (symbol == "/")
        return a / b;
    const double rest = floatRemainder(a, b);
    if (symbol == "%")
        return rest;
    const double quotient = (a - rest) / b;
    const double whole = std::floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

Value repeated(Engine &engine, const Value &sequence, std::int64_t times)
{
    times = std::max<std::int64_t>(times, 0);
    std::int64_t size = 0;
    if (sequence.is(Kind::String)) {
        if (__builtin_mul_overflow(static_cast<std::int64_t>(sequence.text().size()), times, &size))
            tooLarge();
        engine.charge(size);
        std::string text;
        text.reserve(static_cast<std::size_t>(size));
        for (std::int64_t i = 0; i < times && !sequence.text().empty(); ++i)
            text += sequence.text();
        return text;
    }
    if (__builtin_mul_overflow(static_cast<std::int64_t>(sequence.items().size()), times, &size))
        tooLarge();
    engine.chargeItems(size);
    Values items;
    for (std::int64_t i = 0; i < times && !sequence.items().empty(); ++i)
        items.insert(items.end(), sequence.items().begin(), sequence.items().end());
    return sequence.is(Kind::List) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value joined(Engine &engine, const Value &a, const Value &b)
{
    if (a.is(Kind::String)) {
        engine.charge(static_cast<std::int64_t>(a.text().size() + b.text().size()));
        return a.text() + b.text();
    }
    engine.chargeItems(static_cast<std::int64_t>(a.items().size() + b.items().size()));
    Values items = a.items();
    items.insert(items.end(), b.items().begin(), b.items().end());
    return a.is(Kind::List) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

bool isRepeatable(const Value &value)
{
    return value.is(Kind::String) || value.is(Kind::List) || value.is(Kind::Tuple);
}

} // namespace

Value binary(Engine &engine, std::string_view symbol, const Value &a, const Value &b)
{
    if (symbol == "%" && a.is(Kind::String))
        return percentFormat(engine, a.text(), b);
    if (a.isInteger() && b.isInteger())
        return integers(symbol, a.integer(), b.integer());
    if (a.isNumber() && b.isNumber())
        return floats(symbol, a.number(), b.number());
    if (symbol == "+" && a.kind() == b.kind() && isRepeatable(a))
        return joined(engine, a, b);
    if (symbol == "*" && isRepeatable(a) && b.isInteger())
        return repeated(engine, a, b.integer());
    if (symbol == "*" && a.isInteger() && isRepeatable(b))
        return repeated(engine, b, a.integer());
    unsupportedOperands(symbol, a, b);
}

Value negative(const Value &value)
{
    if (value.is(Kind::Float))
        return -value.number();
    if (!value.isInteger())
        stop(value.is(Kind::Undefined) ? value.undefinedMessage() : tr("bad operand type for unary -: '{}'", typeName(value)));
    if (value.integer() == INT64_MIN)
        tooLarge();
    return -value.integer();
}

Value positive(const Value &value)
{
    if (value.is(Kind::Float))
        return value;
    if (!value.isInteger())
        stop(value.is(Kind::Undefined) ? value.undefinedMessage() : tr("bad operand type for unary +: '{}'", typeName(value)));
    return value.integer();
}

Value sliceOf(const Value &object, const Value &begin, const Value &end, const Value &step)
{
    const std::int64_t stride = step.is(Kind::None) ? 1 : step.integer();
    if (stride == 0)
        stop(tr("slice step cannot be zero"));
    const std::int64_t length = lengthOf(object);
    const std::int64_t low = stride < 0 ? -1 : 0;
    const std::int64_t high = stride < 0 ? length - 1 : length;
    const auto bound = [&](const Value &value, std::int64_t fallback) {
        if (value.is(Kind::None))
            return fallback;
        std::int64_t at = value.integer();
        if (at < 0)
            at = at < -length ? low : at + length;
        return std::clamp(at, low, std::max(low, high));
    };
    const std::int64_t from = bound(begin, stride < 0 ? high : low);
    const std::int64_t to = bound(end, stride < 0 ? low : high);
    if (object.is(Kind::String) && stride == 1)
        return sliced(object.text(), from, std::max(from, to));
    if (object.is(Kind::Range)) {
        const IntRange &range = object.range();
        return Value::range({range.start + from * range.step, range.start + to * range.step, range.step * stride});
    }
    Values items;
    const Values all = iterate(object);
    // Counted in steps, so that a stride of any size cannot overflow.
    for (std::int64_t at = from; stride > 0 ? at < to : at > to;) {
        items.push_back(all[static_cast<std::size_t>(at)]);
        if (__builtin_add_overflow(at, stride, &at))
            break;
    }
    if (object.is(Kind::List))
        return Value::list(std::move(items));
    if (object.is(Kind::Tuple))
        return Value::tuple(std::move(items));
    std::string text;
    for (const Value &item : items)
        text += item.text();
    return text;
}

} // namespace fettle::text::jinja
