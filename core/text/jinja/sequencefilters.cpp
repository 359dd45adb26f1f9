// Filters on sequences that keep the order: selecting, mapping, cutting.
#include "core/text/jinja/filtertools.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

Value defaultFilter(Engine &, const Value &input, const Arguments &arguments)
{
    arguments.check("default", {"default_value", "boolean"});
    const bool asBoolean = flagArgument(arguments, 1, "boolean", false);
    if (!input.is(Kind::Undefined) && !(asBoolean && !isTrue(input)))
        return input;
    const Value *given = arguments.find(0, "default_value");
    return given ? *given : Value("");
}

Value firstFilter(Engine &, const Value &input, const Arguments &)
{
    if (!isIterable(input))
        stop(tr("'{}' object is not iterable", typeName(input)));
    Value first;
    return pulling(input)(first) ? first : Value::undefined("No first item, sequence was empty.");
}

Value lastFilter(Engine &, const Value &input, const Arguments &)
{
    if (input.is(Kind::Generator) || !isIterable(input))
        stop(tr("'{}' object is not reversible", typeName(input)));
    const Values items = iterate(input);
    return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Value reverseFilter(Engine &, const Value &input, const Arguments &)
{
    if (input.is(Kind::String)) {
        std::u32string text = toCodePoints(input.text());
        std::reverse(text.begin(), text.end());
        return fromCodePoints(text);
    }
    if (!isIterable(input))
        stop(tr("argument must be iterable"));
    Values items = iterate(input);
    std::reverse(items.begin(), items.end());
    if (input.is(Kind::Generator))
        return Value::list(std::move(items));
    const Value list = Value::list(std::move(items));
    return Value::generator(list, pulling(list), "list_reverseiterator");
}

Value listFilter(Engine &engine, const Value &input, const Arguments &)
{
    Values items = iterate(input);
    engine.chargeItems(static_cast<std::int64_t>(items.size()));
    return Value::list(std::move(items));
}

Value itemsFilter(Engine &, const Value &input, const Arguments &)
{
    return lazily(input, [input] {
        Values pairs;
        if (input.is(Kind::Undefined))
            return pairs;
        if (!input.is(Kind::Dict))
            stop(tr("Can only get item pairs from a mapping."));
        for (const auto &[key, value] : input.dict().items)
            pairs.push_back(Value::tuple({key, value}));
        return pairs;
    });
}

Value attrFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("attr", {"name"}, 1);
    const std::string name = textArgument(arguments, 0, "name", "");
    Value found;
    if (input.is(Kind::Namespace) || input.is(Kind::Object) || findMethod(input, name, found))
        return engine.attribute(input, name);
    return Value::undefined(tr("'{} object' has no attribute '{}'", typeName(input), name));
}

Value mapFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    if (!isTrue(input))
        return lazily(input, [] { return Values(); });
    std::function<Value(const Value &)> change;
    if (arguments.positional.empty() && arguments.find(SIZE_MAX, "attribute")) {
        for (const auto &[name, value] : arguments.named)
            if (name != "attribute" && name != "default")
                stop(tr("Unexpected keyword argument '{}'", name));
        AttributePath path(*arguments.find(SIZE_MAX, "attribute"));
        if (const Value *fallback = arguments.find(SIZE_MAX, "default"))
            path.fallback = *fallback;
        change = [&engine, path](const Value &item) { return path.of(engine, item); };
    } else {
        if (arguments.positional.empty())
            stop(tr("map requires a filter argument"));
        const std::string name = toText(arguments.positional[0]);
        Arguments rest = arguments;
        rest.positional.erase(rest.positional.begin());
        change = [&engine, name, rest](const Value &item) { return engine.filter(name, item, rest); };
    }
    return Value::generator(input, [&engine, pull = pulling(input), change](Value &out) {
        Value item;
        if (!pull(item))
            return false;
        engine.step();
        out = change(item);
        return true;
    });
}

// select, reject, selectattr, rejectattr.
template <bool Wanted, bool ByAttribute> Value selectFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    if (!isTrue(input))
        return lazily(input, [] { return Values(); });
    constexpr std::size_t kFirst = ByAttribute ? 1 : 0;
    if (arguments.positional.size() < kFirst)
        stop(tr("Missing parameter for attribute name"));
    const AttributePath path(ByAttribute ? arguments.positional[0] : Value(nullptr));
    std::function<bool(const Value &)> test = isTrue;
    if (arguments.positional.size() > kFirst) {
        const std::string name = toText(arguments.positional[kFirst]);
        Arguments rest = arguments;
        rest.positional.erase(rest.positional.begin(), rest.positional.begin() + static_cast<std::ptrdiff_t>(kFirst) + 1);
        test = [&engine, name, rest](const Value &value) { return engine.test(name, value, rest); };
    }
    return Value::generator(input, [&engine, pull = pulling(input), path, test](Value &out) {
        Value item;
        while (pull(item)) {
            engine.step();
            if (test(path.of(engine, item)) != Wanted)
                continue;
            out = item;
            return true;
        }
        return false;
    });
}

Value batchFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("batch", {"linecount", "fill_with"}, 1);
    const std::int64_t size = integerArgument(arguments, 0, "linecount", 1);
    const Value *given = arguments.find(1, "fill_with");
    return lazily(input, [&engine, input, size, fill = given ? *given : Value(nullptr)] {
        Values batches;
        Values batch;
        for (const Value &item : iterate(input)) {
            if (static_cast<std::int64_t>(batch.size()) == size) {
                batches.push_back(Value::list(std::move(batch)));
                batch.clear();
            }
            batch.push_back(item);
        }
        if (batch.empty())
            return batches;
        if (!fill.is(Kind::None) && static_cast<std::int64_t>(batch.size()) < size) {
            engine.chargeItems(size);
            batch.resize(static_cast<std::size_t>(size), fill);
        }
        batches.push_back(Value::list(std::move(batch)));
        return batches;
    });
}

Value sliceFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("slice", {"slices", "fill_with"}, 1);
    const std::int64_t slices = integerArgument(arguments, 0, "slices", 1);
    const Value *given = arguments.find(1, "fill_with");
    return lazily(input, [&engine, input, slices, fill = given ? *given : Value(nullptr)] {
        if (slices == 0)
            stop(tr("integer division or modulo by zero"));
        engine.chargeItems(std::max<std::int64_t>(slices, 0));
        const Values items = iterate(input);
        const auto length = static_cast<std::int64_t>(items.size());
        Values made;
        std::int64_t offset = 0;
        for (std::int64_t i = 0; i < slices; ++i) {
            const std::int64_t each = length / slices;
            const std::int64_t begin = offset + i * each;
            if (i < length % slices)
                ++offset;
            const std::int64_t end = offset + (i + 1) * each;
            Values part(items.begin() + begin, items.begin() + end);
            if (!fill.is(Kind::None) && i >= length % slices)
                part.push_back(fill);
            made.push_back(Value::list(std::move(part)));
        }
        return made;
    });
}

Value refused(Engine &, const Value &, const Arguments &)
{
    stop(tr("the filters pprint, random, striptags, urlize and wordwrap cannot be used in chat templates"));
}

} // namespace

void addSequenceFilters(std::map<std::string_view, FilterFunction> &table)
{
    table["default"] = table["d"] = defaultFilter;
    table["first"] = firstFilter;
    table["last"] = lastFilter;
    table["reverse"] = reverseFilter;
    table["list"] = listFilter;
    table["items"] = itemsFilter;
    table["attr"] = attrFilter;
    table["map"] = mapFilter;
    table["select"] = selectFilter<true, false>;
    table["reject"] = selectFilter<false, false>;
    table["selectattr"] = selectFilter<true, true>;
    table["rejectattr"] = selectFilter<false, true>;
    table["batch"] = batchFilter;
    table["slice"] = sliceFilter;
    for (const char *name : {"pprint", "random", "striptags", "urlize", "wordwrap"})
        table[name] = refused;
}

} // namespace fettle::text::jinja
