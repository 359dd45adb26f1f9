#include "core/text/jinja/value.h"

#include "core/base/utf8.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

constexpr std::size_t kFewKeys = 12;
constexpr std::size_t kLongestIterated = 1 << 20;
constexpr int kDeepest = 500; // nesting of values that are compared or written

struct Depth {
    static thread_local int depth;
    Depth()
    {
        if (++depth > kDeepest) {
            --depth;
            stop("values are nested too deeply", Failure::Reason::Limit);
        }
    }
    ~Depth() { --depth; }
    Depth(const Depth &) = delete;
    Depth &operator=(const Depth &) = delete;
};
thread_local int Depth::depth = 0;

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

const Value *Dict::find(std::string_view key) const
{
    if (!index.empty()) {
        const auto found = index.find(key);
        return found == index.end() ? nullptr : &items[found->second].second;
    }
    for (const auto &[name, value] : items)
        if (name.is(Kind::String) && name.text() == key)
            return &value;
    return nullptr;
}

const Value *Dict::find(const Value &key) const
{
    if (key.is(Kind::String))
        return find(std::string_view(key.text()));
    for (const auto &[name, value] : items)
        if (areEqual(name, key))
            return &value;
    return nullptr;
}

void Dict::set(Value key, Value value)
{
    if (const Value *known = find(key)) {
        *const_cast<Value *>(known) = std::move(value);
        return;
    }
    items.emplace_back(std::move(key), std::move(value));
    if (items.size() <= kFewKeys)
        return;
    const std::size_t from = index.empty() ? 0 : items.size() - 1;
    for (std::size_t i = from; i < items.size(); ++i)
        if (items[i].first.is(Kind::String))
            index.emplace(items[i].first.text(), i);
}

std::int64_t IntRange::size() const
{
    if (step > 0)
        return start < stop ? (stop - start - 1) / step + 1 : 0;
    return start > stop ? (start - stop - 1) / -step + 1 : 0;
}

const Value *Arguments::find(std::size_t position, std::string_view name) const
{
    for (const auto &[key, value] : named)
        if (key == name)
            return &value;
    return position < positional.size() ? &positional[position] : nullptr;
}

void Arguments::check(std::string_view function, std::initializer_list<std::string_view> names, std::size_t required) const
{
    if (positional.size() > names.size())
        stop(fmt::format("{}() takes at most {} arguments, {} were given", function, names.size(), positional.size()));
    for (const auto &[key, value] : named) {
        const auto known = std::find(names.begin(), names.end(), key);
        if (known == names.end())
            stop(fmt::format("{}() got an unexpected argument '{}'", function, key));
        if (static_cast<std::size_t>(known - names.begin()) < positional.size())
            stop(fmt::format("{}() got two values for the argument '{}'", function, key));
    }
    std::size_t position = 0;
    for (const std::string_view name : names) {
        if (position < required && !find(position, name))
            stop(fmt::format("{}() misses the argument '{}'", function, name));
        ++position;
    }
}

Value Object::call(Engine &, const Arguments &)
{
    stop(fmt::format("'{}' object is not callable", typeName()));
}

std::uint16_t Value::around(const Value &value)
{
    if (value.m_depth >= kDeepest)
        stop("values are nested too deeply", Failure::Reason::Limit);
    return static_cast<std::uint16_t>(value.m_depth + 1);
}

std::uint16_t Value::around(const Values &values)
{
    std::uint16_t depth = 1;
    for (const Value &value : values)
        depth = std::max(depth, around(value));
    return depth;
}

Value Value::list(Values items)
{
    const std::uint16_t depth = around(items);
    return {Kind::List, std::make_shared<Values>(std::move(items)), depth};
}

Value Value::tuple(Values items)
{
    const std::uint16_t depth = around(items);
    return {Kind::Tuple, std::make_shared<Values>(std::move(items)), depth};
}

Value Value::dict(Dict items)
{
    std::uint16_t depth = 1;
    for (const auto &[key, value] : items.items)
        depth = std::max({depth, around(key), around(value)});
    return {Kind::Dict, std::make_shared<Dict>(std::move(items)), depth};
}

Value Value::view(const char *name, Values items)
{
    const std::uint16_t depth = around(items);
    return {Kind::View, std::make_shared<View>(View{name, std::move(items)}), depth};
}

Value Value::generator(const Value &source, std::function<bool(Value &)> next, const char *name)
{
    return {Kind::Generator, std::make_shared<Generator>(Generator{std::move(next), name}), around(source)};
}

Value Value::callable(std::string name, std::function<Value(Engine &, const Arguments &)> call, const Value &bound)
{
    return {Kind::Callable, std::make_shared<Callable>(Callable{std::move(name), std::move(call)}), around(bound)};
}

Value Value::object(std::shared_ptr<Object> object, const Values &kept) { return {Kind::Object, std::move(object), around(kept)}; }

Value Value::fromJson(const nlohmann::ordered_json &json)
{
    const Depth depth;
    switch (json.type()) {
    case nlohmann::ordered_json::value_t::null: return nullptr;
    case nlohmann::ordered_json::value_t::boolean: return json.get<bool>();
    case nlohmann::ordered_json::value_t::number_integer: return json.get<std::int64_t>();
    case nlohmann::ordered_json::value_t::number_unsigned: {
        const auto number = json.get<std::uint64_t>();
        return number > static_cast<std::uint64_t>(INT64_MAX) ? Value(static_cast<double>(number)) : Value(static_cast<std::int64_t>(number));
    }
    case nlohmann::ordered_json::value_t::number_float: return json.get<double>();
    case nlohmann::ordered_json::value_t::string: return replaceInvalidUtf8(json.get_ref<const std::string &>());
    case nlohmann::ordered_json::value_t::array: {
        Values items;
        items.reserve(json.size());
        for (const nlohmann::ordered_json &item : json)
            items.push_back(fromJson(item));
        return list(std::move(items));
    }
    case nlohmann::ordered_json::value_t::object: {
        Dict made;
        for (const auto &[key, value] : json.items())
            made.set(Value(replaceInvalidUtf8(key)), fromJson(value));
        return dict(std::move(made));
    }
    default: return nullptr;
    }
}

bool Value::isSame(const Value &other) const
{
    if (m_kind != other.m_kind)
        return false;
    switch (m_kind) {
    case Kind::None: return true;
    case Kind::Bool:
    case Kind::Int: return m_int == other.m_int;
    case Kind::Float: return m_float == other.m_float;
    case Kind::String: return text() == other.text();
    case Kind::Tuple: return m_data == other.m_data || (items().empty() && other.items().empty());
    default: return m_data == other.m_data;
    }
}

std::string Value::undefinedMessage() const { return m_data ? text() : std::string("a value is undefined"); }

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
    const Depth depth;
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
    const Depth depth;
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
    stop(fmt::format("'{}' not supported between instances of '{}' and '{}'", operation, typeName(a), typeName(b)));
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
    stop(fmt::format("object of type '{}' has no len()", typeName(value)));
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
            stop("a loop over the characters of a text would have too many rounds", Failure::Reason::Limit);
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
    default: stop(fmt::format("'{}' object is not iterable", typeName(value)));
    }
}

bool contains(const Value &container, const Value &item)
{
    switch (container.kind()) {
    case Kind::String:
        if (!item.is(Kind::String))
            stop(fmt::format("'in <string>' requires string as left operand, not {}", typeName(item)));
        return container.text().find(item.text()) != std::string::npos;
    case Kind::Dict:
        if (!isHashable(item))
            stop(fmt::format("unhashable type: '{}'", typeName(item)));
        return container.dict().find(item) != nullptr;
    case Kind::Undefined: return false;
    default: {
        if (!isIterable(container))
            stop(fmt::format("argument of type '{}' is not iterable", typeName(container)));
        const Values items = iterate(container);
        return std::any_of(items.begin(), items.end(), [&](const Value &other) { return areEqual(other, item); });
    }
    }
}

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
    const Depth depth;
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
