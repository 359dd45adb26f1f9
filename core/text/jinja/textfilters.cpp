// Filters that make text.
#include "core/text/jinja/filtertools.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jinja/pystring.h"
#include "core/text/unicode.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

template <std::string (*Change)(std::string_view)> Value changed(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("filter", {});
    const std::string text = toText(input);
    engine.step(static_cast<std::int64_t>(text.size() / 32));
    return Change(text);
}

// Words begin after -, spaces and opening brackets.
Value titleFilter(Engine &, const Value &input, const Arguments &)
{
    const std::u32string text = toCodePoints(toText(input));
    std::string out;
    std::u32string rest;
    bool atBegin = true;
    const auto flush = [&] {
        out += lower(fromCodePoints(rest));
        rest.clear();
    };
    for (const char32_t c : text) {
        const bool separates = c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || isPySpace(c);
        if (separates || atBegin) {
            flush();
            out += separates ? fromCodePoints({&c, 1}) : upper(fromCodePoints({&c, 1}));
            atBegin = separates;
        } else {
            rest += c;
        }
    }
    flush();
    return out;
}

Value trimFilter(Engine &, const Value &input, const Arguments &arguments)
{
    arguments.check("trim", {"chars"});
    const Value *chars = arguments.find(0, "chars");
    if (!chars || chars->is(Kind::None))
        return strip(toText(input), Ends::Both);
    if (!chars->is(Kind::String))
        stop(tr("strip arg must be None or str"));
    return strip(toText(input), Ends::Both, chars->text());
}

Value replaceFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("replace", {"old", "new", "count"}, 2);
    const std::string text = toText(input);
    const std::string old = toText(*arguments.find(0, "old"));
    const std::string by = toText(*arguments.find(1, "new"));
    const Value *limit = arguments.find(2, "count");
    const std::int64_t count = !limit || limit->is(Kind::None) ? -1 : integerArgument(arguments, 2, "count", -1);
    const std::int64_t found = countIn(text, old);
    engine.charge(static_cast<std::int64_t>(text.size())
                  + (count < 0 ? found : std::min(found, count)) * static_cast<std::int64_t>(by.size()));
    return replaced(text, old, by, count);
}

Value joinFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("join", {"d", "attribute"});
    const std::string separator = textArgument(arguments, 0, "d", "");
    const Value *path = arguments.find(1, "attribute");
    const AttributePath attribute(path ? *path : Value(nullptr));
    std::string out;
    bool isFirst = true;
    for (const Value &item : iterate(input)) {
        if (!isFirst)
            out += separator;
        isFirst = false;
        out += toText(attribute.of(engine, item));
        engine.charge(static_cast<std::int64_t>(out.size()));
    }
    return out;
}

Value centerFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("center", {"width"});
    const std::int64_t width = integerArgument(arguments, 0, "width", 80);
    engine.charge(std::max<std::int64_t>(width, 0));
    return padded(toText(input), width, Align::Center);
}

Value indentFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("indent", {"width", "first", "blank"});
    if (!input.is(Kind::String))
        stop(input.is(Kind::Undefined) ? input.undefinedMessage()
                                       : tr("unsupported operand type(s) for +=: '{}' and 'str'", typeName(input)));
    const Value *width = arguments.find(0, "width");
    std::string indention(4, ' ');
    if (width && width->is(Kind::String)) {
        indention = width->text();
    } else if (width) {
        const std::int64_t spaces = std::max<std::int64_t>(integerArgument(arguments, 0, "width", 4), 0);
        engine.charge(spaces);
        indention.assign(static_cast<std::size_t>(spaces), ' ');
    }
    const bool blank = flagArgument(arguments, 2, "blank", false);
    const std::vector<std::string> lines = splitLines(input.text() + "\n");
    engine.charge(static_cast<std::int64_t>(input.text().size() + (lines.size() + 1) * (indention.size() + 1)));
    std::string out = flagArgument(arguments, 1, "first", false) ? indention : std::string();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) {
            out += '\n';
            if (blank || !lines[i].empty())
                out += indention;
        }
        out += lines[i];
    }
    return out;
}

Value truncateFilter(Engine &, const Value &input, const Arguments &arguments)
{
    arguments.check("truncate", {"length", "killwords", "end", "leeway"});
    const std::int64_t length = integerArgument(arguments, 0, "length", 255);
    const std::string end = textArgument(arguments, 2, "end", "...");
    const Value *slack = arguments.find(3, "leeway");
    const std::int64_t leeway = !slack || slack->is(Kind::None) ? 5 : integerArgument(arguments, 3, "leeway", 5);
    const std::int64_t endLength = codePointCount(end);
    if (length < endLength)
        stop(tr("expected length >= {}, got {}", endLength, length));
    if (leeway < 0)
        stop(tr("expected leeway >= 0, got {}", leeway));
    if (lengthOf(input) <= length + leeway)
        return input;
    if (!input.is(Kind::String))
        stop(tr("the filter 'truncate' needs a text, not {}", typeName(input)));
    const std::string head = sliced(input.text(), 0, length - endLength);
    if (flagArgument(arguments, 1, "killwords", false))
        return head + end;
    const std::size_t space = head.rfind(' ');
    return (space == std::string::npos ? head : head.substr(0, space)) + end;
}

Value wordCountFilter(Engine &, const Value &input, const Arguments &)
{
    std::int64_t words = 0;
    bool inWord = false;
    for (const char32_t c : toCodePoints(toText(input))) {
        const bool isWord = c == '_' || *isKind("isalnum", fromCodePoints({&c, 1}));
        words += isWord && !inWord;
        inWord = isWord;
    }
    return words;
}

Value formatFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    if (!arguments.positional.empty() && !arguments.named.empty())
        stop(tr("format can't handle positional and keyword arguments at the same time"));
    if (arguments.named.empty())
        return percentFormat(engine, toText(input), Value::tuple(arguments.positional));
    Dict named;
    for (const auto &[name, value] : arguments.named)
        named.set(Value(name), value);
    return percentFormat(engine, toText(input), Value::dict(std::move(named)));
}

Value urlencodeFilter(Engine &, const Value &input, const Arguments &)
{
    if (!input.is(Kind::Dict) && (input.is(Kind::String) || !isIterable(input)))
        return urlQuoted(toText(input), false);
    std::string out;
    const auto add = [&](const Value &key, const Value &value) {
        out += (out.empty() ? "" : "&") + urlQuoted(toText(key), true) + "=" + urlQuoted(toText(value), true);
    };
    if (input.is(Kind::Dict)) {
        for (const auto &[key, value] : input.dict().items)
            add(key, value);
        return out;
    }
    for (const Value &pair : iterate(input)) {
        const Values parts = iterate(pair);
        if (parts.size() != 2)
            stop(tr("urlencode needs pairs of name and value"));
        add(parts[0], parts[1]);
    }
    return out;
}

Value xmlattrFilter(Engine &, const Value &input, const Arguments &arguments)
{
    arguments.check("xmlattr", {"autospace"});
    if (!input.is(Kind::Dict))
        stop(tr("xmlattr needs a dict"));
    std::string out;
    for (const auto &[key, value] : input.dict().items) {
        if (value.is(Kind::None) || value.is(Kind::Undefined))
            continue;
        const std::string name = toText(key);
        if (name.find_first_of(" \t\n\r\f\v/>=") != std::string::npos)
            stop(tr("Invalid character in attribute name: {}", pyQuoted(name)));
        out += (out.empty() ? "" : " ") + escapedHtml(name) + "=\"" + escapedHtml(toText(value)) + "\"";
    }
    return !out.empty() && flagArgument(arguments, 0, "autospace", true) ? " " + out : out;
}

Value tojsonFilter(Engine &engine, const Value &input, const Arguments &arguments)
{
    arguments.check("tojson", {"ensure_ascii", "indent", "separators", "sort_keys"});
    JsonStyle style;
    style.ensureAscii = flagArgument(arguments, 0, "ensure_ascii", false);
    style.sortKeys = flagArgument(arguments, 3, "sort_keys", false);
    if (const Value *indent = arguments.find(1, "indent"); indent && !indent->is(Kind::None)) {
        style.isIndented = true;
        if (indent->is(Kind::String)) {
            style.indent = indent->text();
        } else {
            const std::int64_t spaces = std::max<std::int64_t>(integerArgument(arguments, 1, "indent", 0), 0);
            engine.charge(spaces);
            style.indent.assign(static_cast<std::size_t>(spaces), ' ');
        }
    }
    style.itemSeparator = style.isIndented ? "," : ", ";
    style.keySeparator = ": ";
    if (const Value *separators = arguments.find(2, "separators"); separators && !separators->is(Kind::None)) {
        const Values parts = iterate(*separators);
        if (parts.size() != 2 || !parts[0].is(Kind::String) || !parts[1].is(Kind::String))
            stop(tr("tojson needs two separators"));
        style.itemSeparator = parts[0].text();
        style.keySeparator = parts[1].text();
    }
    return toJson(engine, input, style);
}

} // namespace

void addTextFilters(std::map<std::string_view, FilterFunction> &table)
{
    table["upper"] = changed<upper>;
    table["lower"] = changed<lower>;
    table["capitalize"] = changed<capitalize>;
    table["escape"] = table["e"] = table["forceescape"] = changed<escapedHtml>;
    table["string"] = table["safe"] = [](Engine &, const Value &input, const Arguments &) { return Value(toText(input)); };
    table["title"] = titleFilter;
    table["trim"] = trimFilter;
    table["replace"] = replaceFilter;
    table["join"] = joinFilter;
    table["center"] = centerFilter;
    table["indent"] = indentFilter;
    table["truncate"] = truncateFilter;
    table["wordcount"] = wordCountFilter;
    table["format"] = formatFilter;
    table["urlencode"] = urlencodeFilter;
    table["xmlattr"] = xmlattrFilter;
    table["tojson"] = tojsonFilter;
}

} // namespace fettle::text::jinja
