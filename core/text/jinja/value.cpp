// Making values, and the arguments of calls.
#include "core/text/jinja/value.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jinja/nesting.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

constexpr std::size_t kFewKeys = 12;
constexpr int kDeepest = Nesting::kDeepest;

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
        stop(tr("{}() takes at most {} arguments, {} were given", function, names.size(), positional.size()));
    for (const auto &[key, value] : named) {
        const auto known = std::find(names.begin(), names.end(), key);
        if (known == names.end())
            stop(tr("{}() got an unexpected argument '{}'", function, key));
        if (static_cast<std::size_t>(known - names.begin()) < positional.size())
            stop(tr("{}() got two values for the argument '{}'", function, key));
    }
    std::size_t position = 0;
    for (const std::string_view name : names) {
        if (position < required && !find(position, name))
            stop(tr("{}() misses the argument '{}'", function, name));
        ++position;
    }
}

Value Object::call(Engine &, const Arguments &)
{
    stop(tr("'{}' object is not callable", typeName()));
}

std::uint16_t Value::around(const Value &value)
{
    if (value.m_depth >= kDeepest)
        stop(tr("values are nested too deeply"), Failure::Reason::Limit);
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

Value Value::object(std::shared_ptr<Object> object, const Values &kept)
{
    return {Kind::Object, std::move(object), around(kept)};
}

Value Value::fromJson(const nlohmann::ordered_json &json)
{
    const Nesting nesting;
    switch (json.type()) {
    case nlohmann::ordered_json::value_t::null: return nullptr;
    case nlohmann::ordered_json::value_t::boolean: return json.get<bool>();
    case nlohmann::ordered_json::value_t::number_integer: return json.get<std::int64_t>();
    case nlohmann::ordered_json::value_t::number_unsigned: {
        const auto number = json.get<std::uint64_t>();
        return number > static_cast<std::uint64_t>(INT64_MAX) ? Value(static_cast<double>(number))
                                                              : Value(static_cast<std::int64_t>(number));
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

std::string Value::undefinedMessage() const
{
    return m_data ? text() : tr("a value is undefined");
}

} // namespace fettle::text::jinja
