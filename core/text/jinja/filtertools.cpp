// Arguments and attributes for filters, and the table of all filters.
#include "core/text/jinja/filtertools.h"

#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text::jinja {

std::function<bool(Value &)> pulling(const Value &value)
{
    if (value.is(Kind::Generator))
        return [value](Value &out) { return value.generator().next(out); };
    return [items = std::shared_ptr<Values>(), value, at = std::size_t{0}](Value &out) mutable {
        if (!items)
            items = std::make_shared<Values>(iterate(value));
        if (at >= items->size())
            return false;
        out = (*items)[at++];
        return true;
    };
}

Value lazily(const Value &source, std::function<Values()> make)
{
    return Value::generator(source, [items = std::shared_ptr<Values>(), make = std::move(make), at = std::size_t{0}](Value &out) mutable {
        if (!items)
            items = std::make_shared<Values>(make());
        if (at >= items->size())
            return false;
        out = (*items)[at++];
        return true;
    });
}

AttributePath::AttributePath(const Value &path)
{
    if (path.is(Kind::String)) {
        for (const std::string &part : split(path.text(), ".", -1)) {
            const bool isNumber =
                !part.empty() && part.size() < 10 && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
            parts.push_back(isNumber ? Value(static_cast<std::int64_t>(std::stoi(part))) : Value(part));
        }
    } else if (!path.is(Kind::None)) {
        parts.push_back(path);
    }
}

Value AttributePath::of(Engine &engine, const Value &value) const
{
    Value found = value;
    for (const Value &part : parts) {
        found = engine.item(found, part);
        if (!fallback.is(Kind::None) && found.is(Kind::Undefined))
            found = fallback;
    }
    return found;
}

Value withoutCase(const Value &value)
{
    return value.is(Kind::String) ? Value(lower(value.text())) : value;
}

std::int64_t integerArgument(const Arguments &arguments, std::size_t position, std::string_view name, std::int64_t fallback)
{
    const Value *value = arguments.find(position, name);
    if (!value)
        return fallback;
    if (!value->isInteger())
        stop(value->is(Kind::Undefined) ? value->undefinedMessage()
                                        : tr("'{}' object cannot be interpreted as an integer", typeName(*value)));
    return value->integer();
}

bool flagArgument(const Arguments &arguments, std::size_t position, std::string_view name, bool fallback)
{
    const Value *value = arguments.find(position, name);
    return value ? isTrue(*value) : fallback;
}

std::string textArgument(const Arguments &arguments, std::size_t position, std::string_view name, std::string_view fallback)
{
    const Value *value = arguments.find(position, name);
    return value ? toText(*value) : std::string(fallback);
}

const std::map<std::string_view, FilterFunction> &filterTable()
{
    static const std::map<std::string_view, FilterFunction> table = [] {
        std::map<std::string_view, FilterFunction> made;
        addTextFilters(made);
        addNumberFilters(made);
        addSequenceFilters(made);
        addOrderFilters(made);
        return made;
    }();
    return table;
}

} // namespace fettle::text::jinja
