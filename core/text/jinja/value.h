// The values of a template: what Python would have there, as far as templates can see it. None, undefined, tuples, ranges and one-pass
// generators are kinds of their own, because templates can tell them apart. Containers never change once made; only namespaces do.
#pragma once

#include "core/text/jinja/failure.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fettle::text::jinja {

enum class Kind : std::uint8_t {
    Undefined,
    None,
    Bool,
    Int,
    Float,
    String,
    List,
    Tuple,
    Dict,
    View,
    Range,
    Generator,
    Namespace,
    Callable,
    Object
};

class Value;
using Values = std::vector<Value>;

// Keys in the order in which they came; found by a scan while there are few.
struct Dict {
    std::vector<std::pair<Value, Value>> items;
    std::map<std::string, std::size_t, std::less<>> index; // of text keys, once there are many
    [[nodiscard]] const Value *find(const Value &key) const;
    [[nodiscard]] const Value *find(std::string_view key) const;
    void set(Value key, Value value);
};

struct IntRange {
    std::int64_t start, stop, step;
    [[nodiscard]] std::int64_t size() const;
};

// keys(), values(), items() of a dict.
struct View {
    const char *name; // "dict_items"
    Values items;
};

// Values that come once, one by one.
struct Generator {
    std::function<bool(Value &)> next;
    const char *name = "generator";
};

struct Arguments {
    Values positional;
    std::vector<std::pair<std::string, Value>> named;
    // Takes a named argument out; the position-th positional one where it is not named. Undefined when there is none.
    [[nodiscard]] const Value *find(std::size_t position, std::string_view name) const;
    // Refuses what is more than allowed, as Python does.
    void check(std::string_view function, std::initializer_list<std::string_view> names, std::size_t required = 0) const;
};

class Engine;

struct Callable {
    std::string name;
    std::function<Value(Engine &, const Arguments &)> call;
};

// Loops, cyclers, joiners: things with attributes that can sometimes be called.
struct Object : std::enable_shared_from_this<Object> {
    virtual ~Object() = default;
    [[nodiscard]] virtual const char *typeName() const = 0;
    [[nodiscard]] virtual bool attribute(std::string_view name, Value &out) = 0;
    [[nodiscard]] virtual bool isCallable() const { return false; }
    [[nodiscard]] virtual Value call(Engine &engine, const Arguments &arguments);
};

class Value {
public:
    Value() = default; // undefined, without a name
    Value(std::nullptr_t)
        : m_kind(Kind::None)
    {
    }
    Value(bool value)
        : m_kind(Kind::Bool)
        , m_int(value)
    {
    }
    Value(int value)
        : m_kind(Kind::Int)
        , m_int(value)
    {
    }
    Value(std::int64_t value)
        : m_kind(Kind::Int)
        , m_int(value)
    {
    }
    Value(std::size_t value)
        : m_kind(Kind::Int)
        , m_int(static_cast<std::int64_t>(value))
    {
    }
    Value(double value)
        : m_kind(Kind::Float)
        , m_float(value)
    {
    }
    Value(std::string text)
        : m_kind(Kind::String)
        , m_data(std::make_shared<std::string>(std::move(text)))
    {
    }
    Value(std::string_view text)
        : Value(std::string(text))
    {
    }
    Value(const char *text)
        : Value(std::string(text))
    {
    }

    // Every container knows how deep it is: values that are nested too deeply are refused when they are made.
    [[nodiscard]] static Value list(Values items);
    [[nodiscard]] static Value tuple(Values items);
    [[nodiscard]] static Value dict(Dict items);
    [[nodiscard]] static Value view(const char *name, Values items);
    [[nodiscard]] static Value range(IntRange range) { return {Kind::Range, std::make_shared<IntRange>(range), 0}; }
    // source: what the generator keeps and draws from.
    [[nodiscard]] static Value generator(const Value &source, std::function<bool(Value &)> next, const char *name = "generator");
    [[nodiscard]] static Value nameSpace(Dict items) { return {Kind::Namespace, std::make_shared<Dict>(std::move(items)), 0}; }
    // bound: the value that the function keeps, if any.
    [[nodiscard]] static Value callable(std::string name, std::function<Value(Engine &, const Arguments &)> call, const Value &bound);
    [[nodiscard]] static Value callable(std::string name, std::function<Value(Engine &, const Arguments &)> call)
    {
        return callable(std::move(name), std::move(call), Value());
    }
    // kept: the values that the object holds.
    [[nodiscard]] static Value object(std::shared_ptr<Object> object, const Values &kept);
    // message: what to say when something is done with it.
    [[nodiscard]] static Value undefined(std::string message)
    {
        return {Kind::Undefined, std::make_shared<std::string>(std::move(message)), 0};
    }
    [[nodiscard]] static Value fromJson(const nlohmann::ordered_json &json);

    [[nodiscard]] Kind kind() const { return m_kind; }
    [[nodiscard]] bool is(Kind kind) const { return m_kind == kind; }
    [[nodiscard]] bool isInteger() const { return m_kind == Kind::Int || m_kind == Kind::Bool; }
    [[nodiscard]] bool isNumber() const { return isInteger() || m_kind == Kind::Float; }
    [[nodiscard]] std::int64_t integer() const { return m_int; }
    [[nodiscard]] double number() const { return m_kind == Kind::Float ? m_float : static_cast<double>(m_int); }
    [[nodiscard]] const std::string &text() const { return *static_cast<const std::string *>(m_data.get()); }
    [[nodiscard]] const Values &items() const { return *static_cast<const Values *>(m_data.get()); }
    [[nodiscard]] const Dict &dict() const { return *static_cast<const Dict *>(m_data.get()); }
    [[nodiscard]] Dict &mutableNamespace() const { return *static_cast<Dict *>(m_data.get()); }
    [[nodiscard]] const View &view() const { return *static_cast<const View *>(m_data.get()); }
    [[nodiscard]] const IntRange &range() const { return *static_cast<const IntRange *>(m_data.get()); }
    [[nodiscard]] Generator &generator() const { return *static_cast<Generator *>(m_data.get()); }
    [[nodiscard]] const Callable &callable() const { return *static_cast<const Callable *>(m_data.get()); }
    [[nodiscard]] Object &object() const { return *static_cast<Object *>(m_data.get()); }
    [[nodiscard]] bool isSame(const Value &other) const; // Python's "is"
    [[nodiscard]] std::string undefinedMessage() const;

private:
    Value(Kind kind, std::shared_ptr<void> data, std::uint16_t depth)
        : m_kind(kind)
        , m_depth(depth)
        , m_data(std::move(data))
    {
    }
    [[nodiscard]] static std::uint16_t around(const Value &value);
    [[nodiscard]] static std::uint16_t around(const Values &values);
    Kind m_kind = Kind::Undefined;
    std::uint16_t m_depth = 0;
    union {
        std::int64_t m_int = 0;
        double m_float;
    };
    std::shared_ptr<void> m_data;
};

[[nodiscard]] bool isTrue(const Value &value);
[[nodiscard]] bool areEqual(const Value &a, const Value &b);
// Below 0, 0, above 0. Fails for kinds that Python does not order.
[[nodiscard]] int compare(const Value &a, const Value &b, std::string_view operation = "<");
// The name of the kind as Python has it ("str", "NoneType"), and as Jinja calls an object of it ("dict object").
[[nodiscard]] std::string_view typeName(const Value &value);
[[nodiscard]] bool isHashable(const Value &value);

// len(); fails for what has no length.
[[nodiscard]] std::int64_t lengthOf(const Value &value);
// What a loop over the value would see; a generator is used up. Fails for what cannot be iterated.
[[nodiscard]] Values iterate(const Value &value);
[[nodiscard]] bool isIterable(const Value &value);
[[nodiscard]] bool contains(const Value &container, const Value &item);

// str() and repr() of Python.
[[nodiscard]] std::string toText(const Value &value);
[[nodiscard]] std::string toRepr(const Value &value);
[[nodiscard]] std::string floatToText(double value);

} // namespace fettle::text::jinja
