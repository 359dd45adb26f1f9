// Filters that compare values: sorting, grouping, smallest, largest, unique.
#include "core/text/jinja/filtertools.h"

#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace fettle::text::jinja {
namespace {

struct Keyed {
    Value key;
    Value value;
};

// Stable, also backwards; equal values keep their order, as in Python.
void sortKeyed(Engine &engine, std::vector<Keyed> &items, bool backwards)
{
    engine.step(static_cast<std::int64_t>(static_cast<double>(items.size()) * (1 + std::log2(static_cast<double>(items.size()) + 1))));
    std::stable_sort(items.begin(), items.end(),
                     [&](const Keyed &a, const Keyed &b) { return backwards ? compare(b.key, a.key) == -1 : compare(a.key, b.key) == -1; });
}

Value keyOf(Engine &engine, const AttributePath &path, const Value &item, bool caseSensitive)
{
    const Value key = path.of(engine, item);
    return caseSensitive ? key : withoutCase(key);
}

Values valuesOf(const std::vector<Keyed> &items)
{
    Values values;
    for (const Keyed &item : items)
        values.push_back(item.value);
    return values;
}

Value sortFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("sort", {"reverse", "case_sensitive", "attribute"});
    const bool caseSensitive = flagArgument(arguments, 1, "case_sensitive", false);
    const Value *attribute = arguments.find(2, "attribute");
    // Several attributes may be named, with commas between them.
    std::vector<AttributePath> paths;
    if (attribute && attribute->is(Kind::String)) {
        for (const std::string &part : split(attribute->text(), ",", -1))
            paths.emplace_back(Value(part));
    } else {
        paths.emplace_back(attribute ? *attribute : Value(nullptr));
    }
    std::vector<Keyed> items;
    for (const Value &item : iterate(input)) {
        Values keys;
        for (const AttributePath &path : paths)
            keys.push_back(keyOf(engine, path, item, caseSensitive));
        items.push_back({keys.size() == 1 ? keys.front() : Value::list(std::move(keys)), item});
    }
    sortKeyed(engine, items, flagArgument(arguments, 0, "reverse", false));
    return Value::list(valuesOf(items));
}

Value dictsortFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("dictsort", {"case_sensitive", "by", "reverse"});
    const bool caseSensitive = flagArgument(arguments, 0, "case_sensitive", false);
    const std::string by = textArgument(arguments, 1, "by", "key");
    if (by != "key" && by != "value")
        stop(tr("You can only sort by either \"key\" or \"value\""));
    if (!input.is(Kind::Dict))
        stop(input.is(Kind::Undefined) ? input.undefinedMessage() : tr("'{}' object has no attribute 'items'", typeName(input)));
    std::vector<Keyed> items;
    for (const auto &[key, value] : input.dict().items) {
        const Value &chosen = by == "key" ? key : value;
        items.push_back({caseSensitive ? chosen : withoutCase(chosen), Value::tuple({key, value})});
    }
    sortKeyed(engine, items, flagArgument(arguments, 2, "reverse", false));
    return Value::list(valuesOf(items));
}

Value uniqueFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("unique", {"case_sensitive", "attribute"});
    const bool caseSensitive = flagArgument(arguments, 0, "case_sensitive", false);
    const Value *attribute = arguments.find(1, "attribute");
    const AttributePath path(attribute ? *attribute : Value(nullptr));
    const auto seen = std::make_shared<Dict>();
    return Value::generator(input, [&engine, pull = pulling(input), path, caseSensitive, seen](Value &out) {
        Value item;
        while (pull(item)) {
            const Value key = keyOf(engine, path, item, caseSensitive);
            if (!isHashable(key))
                stop(tr("unhashable type: '{}'", typeName(key)));
            engine.step(key.is(Kind::String) ? 1 : static_cast<std::int64_t>(seen->items.size()));
            if (seen->find(key))
                continue;
            seen->set(key, true);
            out = item;
            return true;
        }
        return false;
    });
}

template <int Order> Value extremeFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("min or max", {"case_sensitive", "attribute"});
    const bool caseSensitive = flagArgument(arguments, 0, "case_sensitive", false);
    const Value *attribute = arguments.find(1, "attribute");
    const AttributePath path(attribute ? *attribute : Value(nullptr));
    std::optional<Keyed> best;
    for (const Value &item : iterate(input)) {
        Value key = keyOf(engine, path, item, caseSensitive);
        if (!best || compare(key, best->key) == Order)
            best = {std::move(key), item};
    }
    return best ? best->value : Value::undefined("No aggregated item, sequence was empty.");
}

// Pairs of key and list; also known as .grouper and .list.
Value groupbyFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("groupby", {"attribute", "default", "case_sensitive"}, 1);
    AttributePath path(*arguments.find(0, "attribute"));
    if (const Value *fallback = arguments.find(1, "default"))
        path.fallback = *fallback;
    const bool caseSensitive = flagArgument(arguments, 2, "case_sensitive", false);
    std::vector<Keyed> items;
    for (const Value &item : iterate(input))
        items.push_back({keyOf(engine, path, item, caseSensitive), item});
    sortKeyed(engine, items, false);
    Values groups;
    for (std::size_t begin = 0; begin < items.size();) {
        std::size_t end = begin;
        Values members;
        while (end < items.size() && areEqual(items[end].key, items[begin].key))
            members.push_back(items[end++].value);
        const Value key = caseSensitive ? items[begin].key : path.of(engine, members.front());
        groups.push_back(Value::tuple({key, Value::list(std::move(members))}));
        begin = end;
    }
    return Value::list(std::move(groups));
}

} // namespace

void addOrderFilters(std::map<std::string_view, FilterFunction> &table)
{
    table["sort"] = sortFilter;
    table["dictsort"] = dictsortFilter;
    table["unique"] = uniqueFilter;
    table["min"] = extremeFilter<-1>;
    table["max"] = extremeFilter<1>;
    table["groupby"] = groupbyFilter;
}

} // namespace fettle::text::jinja
