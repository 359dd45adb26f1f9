// The functions that every template has.
#include "core/base/words.h"
#include "core/text/jinja/engine.h"

#include <ctime>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

constexpr std::int64_t kLongestRange = 100'000; // the sandbox's own limit

Value makeRange(Engine &, const Arguments &arguments)
{
    if (!arguments.named.empty() || arguments.positional.empty() || arguments.positional.size() > 3)
        stop(tr("range() takes 1 to 3 integers"));
    std::int64_t numbers[3] = {0, 0, 1};
    for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
        const Value &value = arguments.positional[i];
        if (!value.isInteger())
            stop(value.is(Kind::Undefined) ? value.undefinedMessage()
                                           : tr("'{}' object cannot be interpreted as an integer", typeName(value)));
        numbers[i] = value.integer();
    }
    if (arguments.positional.size() == 1)
        std::swap(numbers[0], numbers[1]);
    if (numbers[2] == 0)
        stop(tr("range() arg 3 must not be zero"));
    constexpr std::int64_t kFar = std::int64_t{1} << 40;
    for (const std::int64_t number : numbers)
        if (number > kFar || number < -kFar)
            stop(tr("Range too big. The sandbox blocks ranges larger than {}.", kLongestRange), Failure::Reason::Limit);
    const IntRange range{numbers[0], numbers[1], numbers[2]};
    if (range.size() > kLongestRange)
        stop(tr("Range too big. The sandbox blocks ranges larger than {}.", kLongestRange), Failure::Reason::Limit);
    return Value::range(range);
}

// dict(mapping or pairs, name=value ...).
Dict dictFrom(const Arguments &arguments)
{
    Dict made;
    if (arguments.positional.size() > 1)
        stop(tr("dict expected at most 1 argument, got {}", arguments.positional.size()));
    if (!arguments.positional.empty()) {
        const Value &source = arguments.positional[0];
        if (source.is(Kind::Dict)) {
            made = source.dict();
        } else {
            for (const Value &pair : iterate(source)) {
                const Values parts = iterate(pair);
                if (parts.size() != 2)
                    stop(tr("dict() needs pairs of key and value"));
                if (!isHashable(parts[0]))
                    stop(tr("unhashable type: '{}'", typeName(parts[0])));
                made.set(parts[0], parts[1]);
            }
        }
    }
    for (const auto &[name, value] : arguments.named)
        made.set(Value(name), value);
    return made;
}

Value makeNamespace(Engine &engine, const Arguments &arguments)
{
    Dict items = dictFrom(arguments);
    for (const auto &[name, value] : items.items)
        if (name.is(Kind::String) && name.text().starts_with('_'))
            stop(tr("cannot store the attribute {} on a namespace: names with an underscore in front are private", toRepr(name)));
    return engine.makeNamespace(std::move(items));
}

Value raiseException(Engine &, const Arguments &arguments)
{
    arguments.check("raise_exception", {"message"}, 1);
    stop(toText(*arguments.find(0, "message")), Failure::Reason::Raised);
}

Value formattedTime(Engine &engine, const Arguments &arguments)
{
    arguments.check("strftime_now", {"format"}, 1);
    const Value &format = *arguments.find(0, "format");
    if (!format.is(Kind::String))
        stop(tr("strftime() argument 1 must be str, not {}", typeName(format)));
    engine.charge(static_cast<std::int64_t>(format.text().size()) * 16);
    // A mark in front tells an empty result from a buffer that is too small.
    const std::string marked = "x" + format.text();
    std::string buffer(marked.size() * 16 + 256, '\0');
    const std::size_t written = std::strftime(buffer.data(), buffer.size(), marked.c_str(), &engine.now());
    if (written == 0)
        stop(tr("the format of strftime_now() gives too long a text"));
    return buffer.substr(1, written - 1);
}

struct Cycler : Object {
    Values items;
    std::size_t position = 0;

    const char *typeName() const override { return "Cycler"; }
    bool attribute(std::string_view name, Value &out) override
    {
        const auto self = std::static_pointer_cast<Cycler>(shared_from_this());
        if (name == "current")
            out = items[position];
        else if (name == "next")
            out = Value::callable("next", [self](Engine &, const Arguments &) {
                Value value = self->items[self->position];
                self->position = (self->position + 1) % self->items.size();
                return value;
            });
        else if (name == "reset")
            out = Value::callable("reset", [self](Engine &, const Arguments &) -> Value {
                self->position = 0;
                return nullptr;
            });
        else
            return false;
        return true;
    }
};

struct Joiner : Object {
    std::string separator;
    bool isUsed = false;

    const char *typeName() const override { return "Joiner"; }
    bool isCallable() const override { return true; }
    bool attribute(std::string_view name, Value &out) override
    {
        if (name == "sep")
            out = separator;
        return name == "sep";
    }
    Value call(Engine &, const Arguments &) override { return std::exchange(isUsed, true) ? separator : std::string(); }
};

Value makeCycler(Engine &, const Arguments &arguments)
{
    if (arguments.positional.empty())
        stop(tr("at least one item has to be provided"));
    auto cycler = std::make_shared<Cycler>();
    cycler->items = arguments.positional;
    return Value::object(cycler, cycler->items);
}

Value makeJoiner(Engine &, const Arguments &arguments)
{
    arguments.check("joiner", {"sep"});
    auto joiner = std::make_shared<Joiner>();
    joiner->separator = textArgument(arguments, 0, "sep", ", ");
    return Value::object(joiner, {});
}

} // namespace

const Dict &globals()
{
    static const Dict table = [] {
        Dict made;
        const auto add = [&](const char *name, Value (*function)(Engine &, const Arguments &)) {
            made.set(Value(name), Value::callable(name, function));
        };
        add("range", makeRange);
        add("dict", [](Engine &, const Arguments &arguments) { return Value::dict(dictFrom(arguments)); });
        add("namespace", makeNamespace);
        add("raise_exception", raiseException);
        add("strftime_now", formattedTime);
        add("cycler", makeCycler);
        add("joiner", makeJoiner);
        return made;
    }();
    return table;
}

} // namespace fettle::text::jinja
