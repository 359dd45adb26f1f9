// The methods of str, list, tuple and dict that a sandbox lets templates call. Methods that change a list or a dict are not among them.
#include "core/text/jinja/engine.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

using Method = Value (*)(Engine &, const Value &self, const Arguments &);

const std::string &textOf(const Arguments &arguments, std::size_t position, std::string_view method)
{
    if (position >= arguments.positional.size() || !arguments.positional[position].is(Kind::String))
        stop(tr("{}() needs a text as argument {}", method, position + 1));
    return arguments.positional[position].text();
}

std::optional<std::string_view> optionalText(const Arguments &arguments, std::size_t position, std::string_view name)
{
    const Value *value = arguments.find(position, name);
    if (!value || value->is(Kind::None))
        return std::nullopt;
    if (!value->is(Kind::String))
        stop(tr("argument must be str or None, not {}", typeName(*value)));
    return value->text();
}

template <Ends Which> Value stripMethod(Engine &, const Value &self, const Arguments &arguments)
{
    arguments.check("strip", {"chars"});
    return strip(self.text(), Which, optionalText(arguments, 0, "chars"));
}

template <bool FromRight> Value splitMethod(Engine &engine, const Value &self, const Arguments &arguments)
{
    arguments.check("split", {"sep", "maxsplit"});
    const auto separator = optionalText(arguments, 0, "sep");
    if (separator && separator->empty())
        stop(tr("empty separator"));
    engine.step(static_cast<std::int64_t>(self.text().size() / 8));
    const std::int64_t most = integerArgument(arguments, 1, "maxsplit", -1);
    Values parts;
    for (std::string &part : FromRight ? splitFromRight(self.text(), separator, most) : split(self.text(), separator, most))
        parts.emplace_back(std::move(part));
    return Value::list(std::move(parts));
}

Value splitLinesMethod(Engine &engine, const Value &self, const Arguments &arguments)
{
    arguments.check("splitlines", {"keepends"});
    engine.step(static_cast<std::int64_t>(self.text().size() / 8));
    Values lines;
    for (std::string &line : splitLines(self.text(), flagArgument(arguments, 0, "keepends", false)))
        lines.emplace_back(std::move(line));
    return Value::list(std::move(lines));
}

// The code points [begin, end) that optional arguments name, as Python counts them.
struct Window {
    std::int64_t begin, end;
};
Window windowOf(const Value &self, const Arguments &arguments)
{
    const std::int64_t length = codePointCount(self.text());
    const auto bound = [&](std::size_t position, std::int64_t fallback) {
        if (position >= arguments.positional.size() || arguments.positional[position].is(Kind::None))
            return fallback;
        const std::int64_t at = integerArgument(arguments, position, "", fallback);
        return at < 0 ? std::max<std::int64_t>(at < -length ? 0 : at + length, 0) : at;
    };
    return {bound(1, 0), std::min(bound(2, length), length)};
}

template <bool AtEnd> Value affixMethod(Engine &, const Value &self, const Arguments &arguments)
{
    const char *name = AtEnd ? "endswith" : "startswith";
    if (arguments.positional.empty())
        stop(tr("{}() needs a text", name));
    const Window window = windowOf(self, arguments);
    if (window.begin > codePointCount(self.text()))
        return false;
    const std::string part = sliced(self.text(), window.begin, window.end);
    const auto fits = [&](const Value &affix) {
        if (!affix.is(Kind::String))
            stop(tr("{} first arg must be str or a tuple of str, not {}", name, typeName(affix)));
        return AtEnd ? part.ends_with(affix.text()) : part.starts_with(affix.text());
    };
    const Value &first = arguments.positional[0];
    if (first.is(Kind::Tuple))
        return std::any_of(first.items().begin(), first.items().end(), fits);
    return fits(first);
}

template <bool FromRight, bool Fails> Value findMethodOf(Engine &, const Value &self, const Arguments &arguments)
{
    const Window window = windowOf(self, arguments);
    const std::int64_t at = findIn(self.text(), textOf(arguments, 0, "find"), window.begin, window.end, FromRight);
    if (Fails && at < 0)
        stop(tr("substring not found"));
    return at;
}

Value countMethod(Engine &, const Value &self, const Arguments &arguments)
{
    const std::string &part = textOf(arguments, 0, "count");
    const Window window = windowOf(self, arguments);
    if (window.begin > window.end)
        return 0;
    return countIn(sliced(self.text(), window.begin, window.end), part);
}

Value replaceMethod(Engine &engine, const Value &self, const Arguments &arguments)
{
    const std::string &old = textOf(arguments, 0, "replace");
    const std::string &by = textOf(arguments, 1, "replace");
    const std::int64_t count = integerArgument(arguments, 2, "count", -1);
    const std::int64_t found = countIn(self.text(), old);
    engine.charge(static_cast<std::int64_t>(self.text().size())
                  + (count < 0 ? found : std::min(found, count)) * static_cast<std::int64_t>(by.size()));
    return replaced(self.text(), old, by, count);
}

Value joinMethod(Engine &engine, const Value &self, const Arguments &arguments)
{
    arguments.check("join", {"iterable"}, 1);
    std::string out;
    bool isFirst = true;
    for (const Value &item : iterate(arguments.positional.at(0))) {
        if (!item.is(Kind::String))
            stop(tr("sequence item: expected str instance, {} found", typeName(item)));
        if (!isFirst)
            out += self.text();
        isFirst = false;
        out += item.text();
        engine.charge(static_cast<std::int64_t>(out.size()));
    }
    return out;
}

template <Align Which> Value padMethod(Engine &engine, const Value &self, const Arguments &arguments)
{
    const std::int64_t width = integerArgument(arguments, 0, "width", 0);
    const std::string fill = textArgument(arguments, 1, "fillchar", " ");
    if (codePointCount(fill) != 1)
        stop(tr("The fill character must be exactly one character long"));
    engine.charge(std::max<std::int64_t>(width, 0));
    engine.charge(static_cast<std::int64_t>(self.text().size())
                  + std::max<std::int64_t>(width, 0) * static_cast<std::int64_t>(fill.size()));
    return padded(self.text(), width, Which, fill);
}

Value zfillMethod(Engine &engine, const Value &self, const Arguments &arguments)
{
    const std::int64_t width = integerArgument(arguments, 0, "width", 0);
    engine.charge(std::max<std::int64_t>(width, 0));
    const std::string &text = self.text();
    const bool hasSign = !text.empty() && (text[0] == '+' || text[0] == '-');
    return (hasSign ? text.substr(0, 1) : std::string())
        + padded(std::string_view(text).substr(hasSign ? 1 : 0), width - (hasSign ? 1 : 0), Align::Right, "0");
}

template <bool FromRight> Value partitionMethod(Engine &, const Value &self, const Arguments &arguments)
{
    const std::string &separator = textOf(arguments, 0, "partition");
    if (separator.empty())
        stop(tr("empty separator"));
    const std::string &text = self.text();
    const std::size_t at = FromRight ? text.rfind(separator) : text.find(separator);
    if (at == std::string::npos)
        return FromRight ? Value::tuple({"", "", text}) : Value::tuple({text, "", ""});
    return Value::tuple({text.substr(0, at), separator, text.substr(at + separator.size())});
}

Value removePrefixMethod(Engine &, const Value &self, const Arguments &arguments)
{
    const std::string &prefix = textOf(arguments, 0, "removeprefix");
    return self.text().starts_with(prefix) ? self.text().substr(prefix.size()) : self.text();
}

Value removeSuffixMethod(Engine &, const Value &self, const Arguments &arguments)
{
    const std::string &suffix = textOf(arguments, 0, "removesuffix");
    return self.text().ends_with(suffix) ? self.text().substr(0, self.text().size() - suffix.size()) : self.text();
}

Value expandTabsMethod(Engine &engine, const Value &self, const Arguments &arguments)
{
    const std::int64_t size = integerArgument(arguments, 0, "tabsize", 8);
    engine.charge(std::clamp<std::int64_t>(size, 0, INT32_MAX));
    engine.charge(static_cast<std::int64_t>(self.text().size())
                  + countIn(self.text(), "\t") * std::clamp<std::int64_t>(size, 0, INT32_MAX));
    return expandTabs(self.text(), size);
}

template <std::string (*Change)(std::string_view)> Value changeMethod(Engine &engine, const Value &self, const Arguments &arguments)
{
    arguments.check("change of case", {});
    engine.step(static_cast<std::int64_t>(self.text().size() / 32));
    return Change(self.text());
}

Value indexOfItem(Engine &, const Value &self, const Arguments &arguments)
{
    arguments.check("index", {"value"}, 1);
    const Values items = iterate(self);
    for (std::size_t i = 0; i < items.size(); ++i)
        if (areEqual(items[i], arguments.positional.at(0)))
            return i;
    stop(tr("{} is not in list", toRepr(arguments.positional.at(0))));
}

Value countOfItem(Engine &, const Value &self, const Arguments &arguments)
{
    arguments.check("count", {"value"}, 1);
    const Values items = iterate(self);
    return static_cast<std::int64_t>(
        std::count_if(items.begin(), items.end(), [&](const Value &item) { return areEqual(item, arguments.positional.at(0)); }));
}

Value copyMethod(Engine &, const Value &self, const Arguments &)
{
    return self;
}

Value getMethod(Engine &, const Value &self, const Arguments &arguments)
{
    arguments.check("get", {"key", "default"}, 1);
    if (!arguments.named.empty())
        stop(tr("dict.get() takes no keyword arguments"));
    const Value &key = arguments.positional[0];
    if (!isHashable(key))
        stop(tr("unhashable type: '{}'", typeName(key)));
    if (const Value *value = self.dict().find(key))
        return *value;
    return arguments.positional.size() > 1 ? arguments.positional[1] : Value(nullptr);
}

Value keysMethod(Engine &, const Value &self, const Arguments &arguments)
{
    arguments.check("keys", {});
    return Value::view("dict_keys", iterate(self));
}

Value valuesMethod(Engine &, const Value &self, const Arguments &arguments)
{
    arguments.check("values", {});
    Values values;
    for (const auto &item : self.dict().items)
        values.push_back(item.second);
    return Value::view("dict_values", std::move(values));
}

Value itemsMethod(Engine &, const Value &self, const Arguments &arguments)
{
    arguments.check("items", {});
    Values items;
    for (const auto &[key, value] : self.dict().items)
        items.push_back(Value::tuple({key, value}));
    return Value::view("dict_items", std::move(items));
}

const std::map<std::string_view, Method> &textMethods()
{
    static const std::map<std::string_view, Method> table{
        {"upper", changeMethod<upper>},
        {"lower", changeMethod<lower>},
        {"casefold", changeMethod<casefold>},
        {"swapcase", changeMethod<swapcase>},
        {"capitalize", changeMethod<capitalize>},
        {"title", changeMethod<title>},
        {"strip", stripMethod<Ends::Both>},
        {"lstrip", stripMethod<Ends::Left>},
        {"rstrip", stripMethod<Ends::Right>},
        {"split", splitMethod<false>},
        {"rsplit", splitMethod<true>},
        {"splitlines", splitLinesMethod},
        {"startswith", affixMethod<false>},
        {"endswith", affixMethod<true>},
        {"find", findMethodOf<false, false>},
        {"rfind", findMethodOf<true, false>},
        {"index", findMethodOf<false, true>},
        {"rindex", findMethodOf<true, true>},
        {"count", countMethod},
        {"replace", replaceMethod},
        {"join", joinMethod},
        {"center", padMethod<Align::Center>},
        {"ljust", padMethod<Align::Left>},
        {"rjust", padMethod<Align::Right>},
        {"zfill", zfillMethod},
        {"partition", partitionMethod<false>},
        {"rpartition", partitionMethod<true>},
        {"removeprefix", removePrefixMethod},
        {"removesuffix", removeSuffixMethod},
        {"expandtabs", expandTabsMethod},
        {"format",
         [](Engine &engine, const Value &self, const Arguments &arguments) { return Value(braceFormat(engine, self.text(), arguments)); }},
    };
    return table;
}

const std::map<std::string_view, Method> &listMethods()
{
    static const std::map<std::string_view, Method> table{{"index", indexOfItem}, {"count", countOfItem}, {"copy", copyMethod}};
    return table;
}

const std::map<std::string_view, Method> &dictMethods()
{
    static const std::map<std::string_view, Method> table{
        {"get", getMethod}, {"keys", keysMethod}, {"values", valuesMethod}, {"items", itemsMethod}, {"copy", copyMethod}};
    return table;
}

bool isChanging(const Value &object, std::string_view name)
{
    static constexpr std::string_view kOfDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
    static constexpr std::string_view kOfList[] = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
    if (object.is(Kind::Dict))
        return std::find(std::begin(kOfDict), std::end(kOfDict), name) != std::end(kOfDict);
    return object.is(Kind::List) && std::find(std::begin(kOfList), std::end(kOfList), name) != std::end(kOfList);
}

} // namespace

bool findMethod(const Value &object, std::string_view name, Value &out)
{
    const std::map<std::string_view, Method> *table = nullptr;
    switch (object.kind()) {
    case Kind::String: table = &textMethods(); break;
    case Kind::List:
    case Kind::Range:
    case Kind::Tuple: table = &listMethods(); break;
    case Kind::Dict: table = &dictMethods(); break;
    default: return false;
    }
    if (isChanging(object, name)) {
        out = Value::undefined(fmt::format("access to attribute '{}' of '{}' object is unsafe: templates cannot change lists and dicts",
                                           name, typeName(object)));
        return true;
    }
    if (!object.is(Kind::List) && !object.is(Kind::Dict) && name == "copy")
        return false;
    if (const auto found = table->find(name); found != table->end()) {
        out = Value::callable(
            std::string(name),
            [object, method = found->second](Engine &engine, const Arguments &arguments) { return method(engine, object, arguments); },
            object);
        return true;
    }
    if (object.is(Kind::String) && isKind(name, "")) {
        out = Value::callable(std::string(name), [object, kind = std::string(name)](Engine &, const Arguments &arguments) -> Value {
            arguments.check(kind, {});
            return *isKind(kind, object.text());
        });
        return true;
    }
    return false;
}

} // namespace fettle::text::jinja
