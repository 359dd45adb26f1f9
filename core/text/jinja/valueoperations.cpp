// What Python does with any two values: truth, equality, order, length, iteration, membership.
#include "core/text/jinja/value.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jinja/nesting.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

constexpr std::size_t kLongestIterated = 1 << 20; // bytes of a text whose characters a loop may visit

bool sameItems(const Values &a, const Values &b)
{
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), areEqual);
}

bool sameDict(const Dict &a, const Dict &b)
{
    if (a.items.size() != b.items.size())
        return false;
    return std::all_of(a.items.begin(), a.items.end(), [&](const auto &item) {
        const Value *other = b.find(item.first);
        return other && areEqual(item.second, *other);
    });
}

} // namespace

bool isTrue(const Value &value)
{
    switch (value.kind()) {
    case Kind::Undefined:
    case Kind::None: return false;
    case Kind::Bool:
    case Kind::Int: return value.integer() != 0;
    case Kind::Float: return value.number() != 0.0;
    case Kind::String: return !value.text().empty();
    case Kind::List:
    case Kind::Tuple: return !value.items().empty();
    case Kind::Dict: return !value.dict().items.empty();
    case Kind::View: return !value.view().items.empty();
    case Kind::Range: return value.range().size() > 0;
    default: return true;
    }
}

bool areEqual(const Value &a, const Value &b)
{
    const Nesting nesting;
    if (a.isNumber() && b.isNumber()) {
        if (a.isInteger() && b.isInteger())
            return a.integer() == b.integer();
        return a.number() == b.number();
    }
    if (a.kind() != b.kind())
        return false;
    switch (a.kind()) {
    case Kind::Undefined:
    case Kind::None: return true;
    case Kind::String: return a.text() == b.text();
    case Kind::List:
    case Kind::Tuple: return sameItems(a.items(), b.items());
    case Kind::Dict: return sameDict(a.dict(), b.dict());
    case Kind::Range: return sameItems(iterate(a), iterate(b));
    default: return a.isSame(b);
    }
}

int compare(const Value &a, const Value &b, std::string_view operation)
{
    const Nesting nesting;
    if (a.isNumber() && b.isNumber()) {
        if (a.isInteger() && b.isInteger())
            return a.integer() < b.integer() ? -1 : a.integer() > b.integer();
        const double x = a.number();
        const double y = b.number();
        if (std::isnan(x) || std::isnan(y))
            return 2; // neither less, nor equal, nor greater
        return x < y ? -1 : x > y;
    }
    if (a.is(Kind::String) && b.is(Kind::String)) {
        const int order = a.text().compare(b.text()); // UTF-8 sorts as its code points do
        return order < 0 ? -1 : order > 0;
    }
    if ((a.is(Kind::List) && b.is(Kind::List)) || (a.is(Kind::Tuple) && b.is(Kind::Tuple))) {
        const std::size_t shared = std::min(a.items().size(), b.items().size());
        for (std::size_t i = 0; i < shared; ++i)
            if (!areEqual(a.items()[i], b.items()[i]))
                return compare(a.items()[i], b.items()[i], operation);
        return a.items().size() < b.items().size() ? -1 : a.items().size() > b.items().size();
    }
    for (const Value *value : {&a, &b})
        if (value->is(Kind::Undefined))
            stop(value->undefinedMessage());
    stop(tr("'{}' not supported between instances of '{}' and '{}'", operation, typeName(a), typeName(b)));
}

std::string_view typeName(const Value &value)
{
    switch (value.kind()) {
    case Kind::Undefined: return "Undefined";
    case Kind::None: return "NoneType";
    case Kind::Bool: return "bool";
    case Kind::Int: return "int";
    case Kind::Float: return "float";
    case Kind::String: return "str";
    case Kind::List: return "list";
    case Kind::Tuple: return "tuple";
    case Kind::Dict: return "dict";
    case Kind::View: return value.view().name;
    case Kind::Range: return "range";
    case Kind::Generator: return value.generator().name;
    case Kind::Namespace: return "Namespace";
    case Kind::Callable: return "function";
    case Kind::Object: return value.object().typeName();
    }
    return "object";
}

bool isHashable(const Value &value)
{
    switch (value.kind()) {
    case Kind::List:
    case Kind::Dict: return false;
    case Kind::Tuple: return std::all_of(value.items().begin(), value.items().end(), isHashable);
    default: return true;
    }
}

std::int64_t lengthOf(const Value &value)
{
    switch (value.kind()) {
    case Kind::Undefined: return 0;
    case Kind::String: return codePointCount(value.text());
    case Kind::List:
    case Kind::Tuple: return static_cast<std::int64_t>(value.items().size());
    case Kind::Dict: return static_cast<std::int64_t>(value.dict().items.size());
    case Kind::View: return static_cast<std::int64_t>(value.view().items.size());
    case Kind::Range: return value.range().size();
    case Kind::Object: {
        Value length;
        if (value.object().attribute("length", length))
            return length.integer();
        break;
    }
    default: break;
    }
    stop(tr("object of type '{}' has no len()", typeName(value)));
}

bool isIterable(const Value &value)
{
    switch (value.kind()) {
    case Kind::None:
    case Kind::Bool:
    case Kind::Int:
    case Kind::Float:
    case Kind::Namespace:
    case Kind::Callable:
    case Kind::Object: return false;
    default: return true;
    }
}

Values iterate(const Value &value)
{
    switch (value.kind()) {
    case Kind::Undefined: return {};
    case Kind::String: {
        Values out;
        const std::string &text = value.text();
        if (text.size() > kLongestIterated)
            stop(tr("a loop over the characters of a text would have too many rounds"), Failure::Reason::Limit);
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = at;
            (void)nextCodePoint(text, at);
            out.push_back(text.substr(begin, at - begin));
        }
        return out;
    }
    case Kind::List:
    case Kind::Tuple: return value.items();
    case Kind::Dict: {
        Values out;
        for (const auto &item : value.dict().items)
            out.push_back(item.first);
        return out;
    }
    case Kind::View: return value.view().items;
    case Kind::Range: {
        Values out;
        const IntRange &range = value.range();
        for (std::int64_t i = 0, count = range.size(); i < count; ++i)
            out.push_back(range.start + i * range.step);
        return out;
    }
    case Kind::Generator: {
        Values out;
        Value item;
        while (value.generator().next(item))
            out.push_back(item);
        return out;
    }
    default: stop(tr("'{}' object is not iterable", typeName(value)));
    }
}

bool contains(const Value &container, const Value &item)
{
    switch (container.kind()) {
    case Kind::String:
        if (!item.is(Kind::String))
            stop(tr("'in <string>' requires string as left operand, not {}", typeName(item)));
        return container.text().find(item.text()) != std::string::npos;
    case Kind::Dict:
        if (!isHashable(item))
            stop(tr("unhashable type: '{}'", typeName(item)));
        return container.dict().find(item) != nullptr;
    case Kind::Undefined: return false;
    default: {
        if (!isIterable(container))
            stop(tr("argument of type '{}' is not iterable", typeName(container)));
        const Values items = iterate(container);
        return std::any_of(items.begin(), items.end(), [&](const Value &other) { return areEqual(other, item); });
    }
    }
}

} // namespace fettle::text::jinja
