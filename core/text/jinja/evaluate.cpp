// The expressions of a template.
#include "core/text/jinja/engine.h"

#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

Value noAttribute(const Value &object, const Value &name)
{
    std::string kind(typeName(object));
    kind = object.is(Kind::None) ? "None" : kind + " object";
    if (name.is(Kind::String))
        return Value::undefined(tr("'{}' has no attribute {}", kind, pyQuoted(name.text())));
    return Value::undefined(tr("{} has no element {}", kind, toRepr(name)));
}

bool indexed(const Value &object, std::int64_t index, Value &out)
{
    const std::int64_t length = lengthOf(object);
    if (index < 0)
        index += length;
    if (index < 0 || index >= length)
        return false;
    switch (object.kind()) {
    case Kind::String: out = sliced(object.text(), index, index + 1); return true;
    case Kind::Range: out = object.range().start + index * object.range().step; return true;
    default: out = object.items()[static_cast<std::size_t>(index)]; return true;
    }
}

bool isSequence(const Value &value)
{
    return value.is(Kind::String) || value.is(Kind::List) || value.is(Kind::Tuple) || value.is(Kind::Range);
}

bool ordered(const std::string &symbol, const Value &left, const Value &right)
{
    if (symbol == "==")
        return areEqual(left, right);
    if (symbol == "!=")
        return !areEqual(left, right);
    if (symbol == "in")
        return contains(right, left);
    if (symbol == "not in")
        return !contains(right, left);
    const int order = compare(left, right, symbol);
    if (symbol == "<")
        return order == -1;
    if (symbol == ">")
        return order == 1;
    if (symbol == "<=")
        return order == -1 || order == 0;
    return order == 0 || order == 1;
}

} // namespace

Value Engine::lookUp(std::string_view name, const ScopePtr &scope)
{
    for (Scope *at = scope.get(); at; at = at->parent.get())
        if (const Value *found = at->find(name))
            return *found;
    if (const Value *found = m_context.find(name))
        return *found;
    if (const Value *found = m_globals.find(name))
        return *found;
    return Value::undefined(tr("'{}' is undefined", name));
}

Value Engine::evaluate(const Expression &expression, const ScopePtr &scope)
{
    if (++m_nested > 1500) {
        --m_nested;
        stop(tr("an expression is nested too deeply"), Failure::Reason::Limit);
    }
    step();
    try {
        Value value = evaluateParts(expression, scope);
        --m_nested;
        return value;
    } catch (Failure &failure) {
        --m_nested;
        if (failure.line == 0)
            failure.line = expression.line;
        throw;
    }
}

Value Engine::evaluateParts(const Expression &expression, const ScopePtr &scope)
{
    const auto part = [&](std::size_t i) { return evaluate(*expression.parts[i], scope); };
    const auto allParts = [&] {
        Values values;
        values.reserve(expression.parts.size());
        for (std::size_t i = 0; i < expression.parts.size(); ++i)
            values.push_back(part(i));
        return values;
    };
    switch (expression.kind) {
    case ExpressionKind::Constant: return expression.value;
    case ExpressionKind::Name: return lookUp(expression.name, scope);
    case ExpressionKind::List: return Value::list(allParts());
    case ExpressionKind::Tuple: return Value::tuple(allParts());
    case ExpressionKind::Dict: {
        Dict dict;
        for (std::size_t i = 0; i + 1 < expression.parts.size(); i += 2) {
            Value key = part(i);
            if (!isHashable(key))
                stop(tr("unhashable type: '{}'", typeName(key)));
            dict.set(std::move(key), part(i + 1));
        }
        return Value::dict(std::move(dict));
    }
    case ExpressionKind::Attribute: return attribute(part(0), expression.name);
    case ExpressionKind::Item:
        if (expression.parts[1]->kind == ExpressionKind::Slice)
            return slice(part(0), *expression.parts[1], scope);
        {
            const Value object = part(0);
            return item(object, part(1));
        }
    case ExpressionKind::Slice: stop(tr("a slice stands where only an index can"));
    case ExpressionKind::Call: {
        const Value function = part(0);
        return call(function, arguments(expression, 1, scope));
    }
    case ExpressionKind::Filter: return filters(expression, scope, nullptr);
    case ExpressionKind::Test: {
        const Value value = part(0);
        return test(expression.name, value, arguments(expression, 1, scope));
    }
    case ExpressionKind::Conditional:
        if (isTrue(part(0)))
            return part(1);
        if (expression.parts.size() > 2)
            return part(2);
        return Value::undefined("the inline if-expression evaluated to false and no else section was defined");
    case ExpressionKind::And: {
        Value left = part(0);
        return isTrue(left) ? part(1) : left;
    }
    case ExpressionKind::Or: {
        Value left = part(0);
        return isTrue(left) ? left : part(1);
    }
    case ExpressionKind::Not: return !isTrue(part(0));
    case ExpressionKind::Negative: return negative(part(0));
    case ExpressionKind::Positive: return positive(part(0));
    case ExpressionKind::Binary: {
        const Value left = part(0);
        return binary(*this, expression.name, left, part(1));
    }
    case ExpressionKind::Compare: return compareChain(expression, scope);
    case ExpressionKind::Concat: {
        std::string text;
        for (const Value &value : allParts()) {
            text += toText(value);
            charge(static_cast<std::int64_t>(text.size()));
        }
        return text;
    }
    }
    return {};
}

// a < b < c: each operand is evaluated once, and none behind the first comparison that fails.
Value Engine::compareChain(const Expression &expression, const ScopePtr &scope)
{
    Value left = evaluate(*expression.parts[0], scope);
    for (std::size_t i = 0; i < expression.operators.size(); ++i) {
        Value right = evaluate(*expression.parts[i + 1], scope);
        if (!ordered(expression.operators[i], left, right))
            return false;
        left = std::move(right);
    }
    return true;
}

Value Engine::slice(const Value &object, const Expression &parts, const ScopePtr &scope)
{
    Value bounds[3];
    bool areIntegers = true;
    for (std::size_t i = 0; i < 3; ++i) {
        bounds[i] = parts.parts[i] ? evaluate(*parts.parts[i], scope) : Value(nullptr);
        areIntegers = areIntegers && (bounds[i].is(Kind::None) || bounds[i].isInteger());
    }
    if (object.is(Kind::Undefined))
        stop(object.undefinedMessage());
    if (!isSequence(object))
        stop(tr("'{}' object cannot be sliced", typeName(object)));
    if (!areIntegers)
        stop(tr("slice indices must be integers or None"));
    return sliceOf(object, bounds[0], bounds[1], bounds[2]);
}

Arguments Engine::arguments(const Expression &expression, std::size_t first, const ScopePtr &scope)
{
    Arguments made;
    for (std::size_t i = first; i < expression.parts.size(); ++i)
        made.positional.push_back(evaluate(*expression.parts[i], scope));
    for (const auto &[name, value] : expression.named) {
        if (made.find(SIZE_MAX, name))
            stop(tr("the argument '{}' is given twice", name));
        made.named.emplace_back(name, evaluate(*value, scope));
    }
    if (expression.moreArguments)
        for (Value &value : iterate(evaluate(*expression.moreArguments, scope)))
            made.positional.push_back(std::move(value));
    if (expression.moreNamed) {
        const Value more = evaluate(*expression.moreNamed, scope);
        if (!more.is(Kind::Dict))
            stop(tr("argument after ** must be a mapping, not {}", typeName(more)));
        for (const auto &[name, value] : more.dict().items) {
            if (!name.is(Kind::String) || made.find(SIZE_MAX, name.text()))
                stop(tr("the argument {} is given twice or is no name", toRepr(name)));
            made.named.emplace_back(name.text(), value);
        }
    }
    return made;
}

Value Engine::filters(const Expression &expression, const ScopePtr &scope, const Value *block)
{
    if (expression.kind != ExpressionKind::Filter)
        return evaluate(expression, scope);
    const Value input = !expression.parts[0] ? *block
        : block                              ? filters(*expression.parts[0], scope, block)
                                             : evaluate(*expression.parts[0], scope);
    return filter(expression.name, input, arguments(expression, 1, scope));
}

Value Engine::call(const Value &function, const Arguments &arguments)
{
    step();
    switch (function.kind()) {
    case Kind::Callable: return function.callable().call(*this, arguments);
    case Kind::Object: return function.object().call(*this, arguments);
    case Kind::Undefined: stop(function.undefinedMessage());
    default: stop(tr("'{}' object is not callable", typeName(function)));
    }
}

// Python's getattr first, then the key.
Value Engine::attribute(const Value &object, std::string_view name)
{
    Value found;
    switch (object.kind()) {
    case Kind::Undefined: stop(object.undefinedMessage());
    case Kind::Namespace:
        if (const Value *value = object.dict().find(name))
            return *value;
        break;
    case Kind::Object:
        if (object.object().attribute(name, found))
            return found;
        break;
    default:
        if (findMethod(object, name, found))
            return found;
        if (object.is(Kind::Dict))
            if (const Value *value = object.dict().find(name))
                return *value;
        if (object.is(Kind::Tuple) && object.items().size() == 2 && (name == "grouper" || name == "list")) // what groupby gives
            return object.items()[name == "list"];
        break;
    }
    return noAttribute(object, Value(name));
}

// The key first, then Python's getattr.
Value Engine::item(const Value &object, const Value &key)
{
    Value found;
    if (object.is(Kind::Undefined))
        stop(object.undefinedMessage());
    if (object.is(Kind::Dict)) {
        if (const Value *value = isHashable(key) ? object.dict().find(key) : nullptr)
            return *value;
    } else if (isSequence(object) && key.isInteger()) {
        if (indexed(object, key.integer(), found))
            return found;
    }
    if (key.is(Kind::String) && !object.is(Kind::Dict))
        return attribute(object, key.text());
    if (key.is(Kind::String) && findMethod(object, key.text(), found))
        return found;
    return noAttribute(object, key);
}

Value Engine::filter(std::string_view name, const Value &input, const Arguments &arguments)
{
    const auto found = filterTable().find(name);
    if (found == filterTable().end())
        stop(tr("there is no filter named '{}'", name));
    step();
    return found->second(*this, input, arguments);
}

bool Engine::test(std::string_view name, const Value &value, const Arguments &arguments)
{
    const auto found = testTable().find(name);
    if (found == testTable().end())
        stop(tr("there is no test named '{}'", name));
    return found->second(*this, value, arguments);
}

} // namespace fettle::text::jinja
