// The statements of a template.
#include "core/text/jinja/engine.h"

#include "core/base/utf8.h"
#include "core/base/words.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

constexpr int kDeepestNesting = 1500; // of statements and expressions; keeps the stack small
constexpr std::int64_t kMostItems = 1'000'000;

} // namespace

class Engine::Nested {
public:
    explicit Nested(Engine &engine)
        : m_engine(engine)
    {
        if (++m_engine.m_nested > kDeepestNesting) {
            --m_engine.m_nested;
            stop(tr("calls and blocks are nested too deeply"), Failure::Reason::Limit);
        }
    }
    ~Nested() { --m_engine.m_nested; }
    Nested(const Nested &) = delete;
    Nested &operator=(const Nested &) = delete;

private:
    Engine &m_engine;
};

// "loop" inside a for block. All values are known when the loop begins.
struct LoopObject : Object {
    Values items;
    std::int64_t index0 = 0;
    int depth0 = 0;
    bool hasChangedBefore = false;
    Values lastChanged;
    std::function<std::string(const Value &)> recurse; // empty: not recursive, or over

    std::shared_ptr<LoopObject> self() { return std::static_pointer_cast<LoopObject>(shared_from_this()); }

    const char *typeName() const override { return "LoopContext"; }
    bool isCallable() const override { return true; }

    bool attribute(std::string_view name, Value &out) override
    {
        const auto length = static_cast<std::int64_t>(items.size());
        if (name == "index")
            out = index0 + 1;
        else if (name == "index0")
            out = index0;
        else if (name == "revindex")
            out = length - index0;
        else if (name == "revindex0")
            out = length - index0 - 1;
        else if (name == "first")
            out = index0 == 0;
        else if (name == "last")
            out = index0 + 1 == length;
        else if (name == "length")
            out = length;
        else if (name == "depth")
            out = depth0 + 1;
        else if (name == "depth0")
            out = depth0;
        else if (name == "previtem")
            out = index0 > 0 ? items[static_cast<std::size_t>(index0 - 1)] : Value::undefined("there is no previous item");
        else if (name == "nextitem")
            out = index0 + 1 < length ? items[static_cast<std::size_t>(index0 + 1)] : Value::undefined("there is no next item");
        else if (name == "cycle")
            out = Value::callable("cycle", [self = self()](Engine &, const Arguments &arguments) {
                if (arguments.positional.empty())
                    stop(tr("no items for cycling given"));
                return arguments.positional[static_cast<std::size_t>(self->index0) % arguments.positional.size()];
            });
        else if (name == "changed")
            out = Value::callable("changed", [self = self()](Engine &, const Arguments &arguments) -> Value {
                const bool same = self->hasChangedBefore && areEqual(Value::tuple(self->lastChanged), Value::tuple(arguments.positional));
                self->hasChangedBefore = true;
                self->lastChanged = arguments.positional;
                return !same;
            });
        else
            return false;
        return true;
    }

    Value call(Engine &, const Arguments &arguments) override
    {
        if (!recurse)
            stop(tr("the loop must have the \"recursive\" marker to be called recursively"));
        if (arguments.positional.size() != 1)
            stop(tr("loop() takes one argument"));
        return recurse(arguments.positional[0]);
    }
};

Value *Scope::find(std::string_view name)
{
    for (auto &[key, value] : variables)
        if (key == name)
            return &value;
    return nullptr;
}

void Scope::set(std::string_view name, Value value)
{
    if (Value *known = find(name))
        *known = std::move(value);
    else
        variables.emplace_back(name, std::move(value));
}

Engine::Engine(const Program &program, Dict context, const RenderLimits &limits, const std::tm &now)
    : m_program(program)
    , m_context(std::move(context))
    , m_globals(globals())
    , m_limits(limits)
    , m_now(now)
{
}

// Namespaces may hold each other in a circle.
Engine::~Engine()
{
    for (const Value &space : m_namespaces)
        space.mutableNamespace() = {};
}

Value Engine::makeNamespace(Dict items)
{
    step(50);
    m_namespaces.push_back(Value::nameSpace(std::move(items)));
    return m_namespaces.back();
}

std::string Engine::run()
{
    m_buffers.emplace_back();
    (void)run(m_program.body, m_root);
    return std::move(m_buffers.front());
}

void Engine::step(std::int64_t steps)
{
    m_steps += steps;
    if (m_steps > m_limits.steps)
        stop(tr("it needs more than {} steps", m_limits.steps), Failure::Reason::Limit);
}

void Engine::charge(std::int64_t bytes)
{
    if (bytes > m_limits.outputBytes)
        stop(tr("it makes a text of more than {} bytes", m_limits.outputBytes), Failure::Reason::Limit);
    step(bytes / 64);
}

void Engine::chargeItems(std::int64_t count)
{
    if (count > kMostItems)
        stop(tr("it makes a list of more than {} items", kMostItems), Failure::Reason::Limit);
    step(count / 4);
}

void Engine::write(std::string_view text)
{
    charge(static_cast<std::int64_t>(text.size()));
    if (static_cast<std::int64_t>(m_buffers.back().size() + text.size()) > m_limits.outputBytes)
        stop(tr("it makes a text of more than {} bytes", m_limits.outputBytes), Failure::Reason::Limit);
    m_buffers.back().append(text);
}

Engine::Flow Engine::run(const Body &body, const ScopePtr &scope)
{
    for (const auto &statement : body)
        if (const Flow flow = run(*statement, scope); flow != Flow::Normal)
            return flow;
    return Flow::Normal;
}

Engine::Flow Engine::run(const Statement &statement, const ScopePtr &scope)
{
    const Nested nested(*this);
    step();
    try {
        switch (statement.kind) {
        case StatementKind::Text: write(statement.text); break;
        case StatementKind::Print: write(toText(evaluate(*statement.expression, scope))); break;
        case StatementKind::For: runFor(statement, evaluate(*statement.expression, scope), scope, 0); break;
        case StatementKind::If: return run(isTrue(evaluate(*statement.expression, scope)) ? statement.body : statement.otherwise, scope);
        case StatementKind::Set: assign(statement.target, evaluate(*statement.expression, scope), scope); break;
        case StatementKind::SetBlock: {
            const Value text(captured(statement.body, std::make_shared<Scope>(Scope{{}, scope})));
            assign(statement.target, statement.expression ? filters(*statement.expression, scope, &text) : text, scope);
            break;
        }
        case StatementKind::Macro: scope->set(statement.text, macro(statement, scope)); break;
        case StatementKind::CallBlock: runCall(statement, scope); break;
        case StatementKind::FilterBlock: {
            const Value text(captured(statement.body, std::make_shared<Scope>(Scope{{}, scope})));
            write(toText(filters(*statement.expression, scope, &text)));
            break;
        }
        case StatementKind::With: {
            const auto inner = std::make_shared<Scope>(Scope{{}, scope});
            for (const auto &[target, value] : statement.assignments)
                assign(target, evaluate(*value, scope), inner);
            return run(statement.body, inner);
        }
        case StatementKind::Block: {
            const auto inner = std::make_shared<Scope>(Scope{{}, statement.recursive ? scope : m_root});
            (void)run(statement.body, inner);
            break;
        }
        case StatementKind::Generation: runGeneration(statement, scope); break;
        case StatementKind::Break: return Flow::Break;
        case StatementKind::Continue: return Flow::Continue;
        }
    } catch (Failure &failure) {
        if (failure.line == 0)
            failure.line = statement.line;
        throw;
    }
    return Flow::Normal;
}

// With a condition, the loop sees only the values that meet it.
Values Engine::filtered(const Statement &loop, const Value &iterable, const ScopePtr &scope)
{
    Values items = iterate(iterable);
    chargeItems(static_cast<std::int64_t>(items.size()));
    if (!loop.condition)
        return items;
    Values kept;
    for (Value &item : items) {
        const auto inner = std::make_shared<Scope>(Scope{{}, scope});
        assign(loop.target, item, inner);
        if (isTrue(evaluate(*loop.condition, inner)))
            kept.push_back(std::move(item));
    }
    return kept;
}

void Engine::runFor(const Statement &loop, const Value &iterable, const ScopePtr &scope, int depth)
{
    const auto object = std::make_shared<LoopObject>();
    object->items = filtered(loop, iterable, scope);
    object->depth0 = depth;
    if (loop.recursive)
        object->recurse = [this, &loop, scope, depth](const Value &inner) {
            if (++m_calls > m_limits.depth)
                stop(tr("calls are nested more than {} deep", m_limits.depth), Failure::Reason::Limit);
            m_buffers.emplace_back();
            runFor(loop, inner, scope, depth + 1);
            std::string text = std::move(m_buffers.back());
            m_buffers.pop_back();
            --m_calls;
            return text;
        };
    const Value loopValue = Value::object(object, object->items);
    const auto count = static_cast<std::int64_t>(object->items.size());
    for (std::int64_t i = 0; i < count; ++i) {
        step();
        object->index0 = i;
        const auto inner = std::make_shared<Scope>(Scope{{}, scope});
        inner->set("loop", loopValue);
        assign(loop.target, object->items[static_cast<std::size_t>(i)], inner);
        if (run(loop.body, inner) == Flow::Break)
            break;
    }
    object->recurse = nullptr;
    if (count == 0)
        (void)run(loop.otherwise, std::make_shared<Scope>(Scope{{}, scope}));
}

std::string Engine::captured(const Body &body, const ScopePtr &scope)
{
    m_buffers.emplace_back();
    (void)run(body, scope);
    std::string text = std::move(m_buffers.back());
    m_buffers.pop_back();
    return text;
}

Value Engine::macro(const Statement &statement, const ScopePtr &scope)
{
    // The scope is not owned when it holds the macro itself: the engine owns the root, blocks live as long as they run.
    const std::weak_ptr<Scope> weak = scope;
    return Value::callable(statement.text.empty() ? "caller" : statement.text,
                           [&statement, weak](Engine &engine, const Arguments &arguments) {
                               const ScopePtr alive = weak.lock();
                               return engine.callMacro(statement, alive ? alive : engine.m_root, arguments);
                           });
}

Value Engine::callMacro(const Statement &statement, const ScopePtr &scope, const Arguments &arguments)
{
    if (++m_calls > m_limits.depth)
        stop(tr("calls are nested more than {} deep", m_limits.depth), Failure::Reason::Limit);
    const Signature &signature = statement.signature;
    const std::string name = statement.text.empty() ? "caller" : statement.text;
    const auto inner = std::make_shared<Scope>(Scope{{}, scope});
    std::vector<bool> used(arguments.named.size(), false);
    const auto takeNamed = [&](std::string_view wanted) -> const Value * {
        for (std::size_t i = 0; i < arguments.named.size(); ++i)
            if (arguments.named[i].first == wanted && !used[i]) {
                used[i] = true;
                return &arguments.named[i].second;
            }
        return nullptr;
    };
    for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
        const Parameter &parameter = signature.parameters[i];
        const Value *given = i < arguments.positional.size() ? &arguments.positional[i] : takeNamed(parameter.name);
        if (given)
            inner->set(parameter.name, *given);
        else if (parameter.fallback)
            inner->set(parameter.name, evaluate(*parameter.fallback, inner));
        else
            inner->set(parameter.name, Value::undefined(fmt::format("parameter '{}' was not provided", parameter.name)));
    }
    if (signature.usesCaller && !inner->find("caller")) {
        const Value *caller = takeNamed("caller");
        inner->set("caller", caller ? *caller : Value::undefined("No caller defined"));
    }
    Dict surplus;
    for (std::size_t i = 0; i < arguments.named.size(); ++i) {
        if (used[i])
            continue;
        if (!signature.usesNamed)
            stop(tr("macro '{}' takes no keyword argument '{}'", name, arguments.named[i].first));
        surplus.set(Value(arguments.named[i].first), arguments.named[i].second);
    }
    if (signature.usesNamed)
        inner->set("kwargs", Value::dict(std::move(surplus)));
    const std::size_t count = signature.parameters.size();
    if (signature.usesArguments)
        inner->set("varargs",
                   Value::tuple(arguments.positional.size() > count
                                    ? Values(arguments.positional.begin() + static_cast<std::ptrdiff_t>(count), arguments.positional.end())
                                    : Values()));
    else if (arguments.positional.size() > count)
        stop(tr("macro '{}' takes not more than {} argument(s)", name, count));
    std::string text = captured(statement.body, inner);
    --m_calls;
    return text;
}

void Engine::runCall(const Statement &statement, const ScopePtr &scope)
{
    const Expression &call = *statement.expression;
    const Value function = evaluate(*call.parts.front(), scope);
    Arguments given = arguments(call, 1, scope);
    given.named.emplace_back("caller", macro(statement, scope));
    write(toText(this->call(function, given)));
}

// transformers counts from what the template has written so far at its top level; inside macros and set blocks the numbers mean the same.
void Engine::runGeneration(const Statement &statement, const ScopePtr &scope)
{
    const std::string text = captured(statement.body, std::make_shared<Scope>(Scope{{}, scope}));
    const std::string &output = m_buffers.front();
    m_countedPoints += codePointCount(std::string_view(output).substr(m_countedBytes));
    m_countedBytes = output.size();
    m_generated.push_back({m_countedPoints, m_countedPoints + codePointCount(text)});
    write(text);
}

void Engine::assign(const Target &target, const Value &value, const ScopePtr &scope)
{
    switch (target.kind) {
    case Target::Kind::Name: scope->set(target.name, value); return;
    case Target::Kind::Attribute: {
        const Value space = lookUp(target.name, scope);
        if (!space.is(Kind::Namespace))
            stop(tr("cannot assign attribute '{}' on '{}', which is no namespace", target.attribute, target.name));
        if (target.attribute.starts_with('_'))
            stop(tr("cannot assign the attribute '{}': names with an underscore in front are private", target.attribute));
        space.mutableNamespace().set(Value(target.attribute), value);
        return;
    }
    case Target::Kind::Tuple: {
        if (!isIterable(value))
            stop(tr("cannot unpack non-iterable {} object", typeName(value)));
        const Values items = iterate(value);
        if (items.size() != target.parts.size())
            stop(tr("cannot unpack {} values into {} names", items.size(), target.parts.size()));
        for (std::size_t i = 0; i < items.size(); ++i)
            assign(target.parts[i], items[i], scope);
        return;
    }
    }
}

} // namespace fettle::text::jinja
