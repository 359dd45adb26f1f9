// Runs a parsed template. One Engine renders once. What the template may use up (steps, bytes, depth) is counted here, and every part
// that can grow something asks first.
#pragma once

#include "core/base/ids.h"
#include "core/text/chattemplate.h"
#include "core/text/jinja/ast.h"

#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text::jinja {

// Variables of one block; names not found here are looked for in the parent.
struct Scope {
    std::vector<std::pair<std::string, Value>> variables;
    std::shared_ptr<Scope> parent;
    [[nodiscard]] Value *find(std::string_view name);
    void set(std::string_view name, Value value);
};
using ScopePtr = std::shared_ptr<Scope>;

class Engine {
public:
    Engine(const Program &program, Dict context, const RenderLimits &limits, const std::tm &now);

    ~Engine();
    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;

    // The whole output. Throws Failure.
    [[nodiscard]] std::string run();
    // Code points of the output that generation blocks wrote.
    [[nodiscard]] const std::vector<TextSpan> &generated() const { return m_generated; }

    // Used by filters, tests, methods and global functions.
    [[nodiscard]] Value call(const Value &function, const Arguments &arguments);
    [[nodiscard]] Value attribute(const Value &object, std::string_view name); // object.name
    [[nodiscard]] Value item(const Value &object, const Value &key); // object[key]
    [[nodiscard]] Value filter(std::string_view name, const Value &input, const Arguments &arguments);
    [[nodiscard]] bool test(std::string_view name, const Value &value, const Arguments &arguments);
    void step(std::int64_t steps = 1);
    // Before text of so many bytes is made. Fails when that is too much.
    void charge(std::int64_t bytes);
    // Before a list of so many items is made.
    void chargeItems(std::int64_t count);
    [[nodiscard]] Value makeNamespace(Dict items);
    [[nodiscard]] const std::tm &now() const { return m_now; }

private:
    enum class Flow { Normal, Break, Continue };
    friend struct LoopObject;
    class Nested;

    [[nodiscard]] Flow run(const Body &body, const ScopePtr &scope);
    [[nodiscard]] Flow run(const Statement &statement, const ScopePtr &scope);
    void runFor(const Statement &loop, const Value &iterable, const ScopePtr &scope, int depth);
    [[nodiscard]] Values filtered(const Statement &loop, const Value &iterable, const ScopePtr &scope);
    void runCall(const Statement &statement, const ScopePtr &scope);
    void runGeneration(const Statement &statement, const ScopePtr &scope);
    [[nodiscard]] std::string captured(const Body &body, const ScopePtr &scope);
    [[nodiscard]] Value macro(const Statement &statement, const ScopePtr &scope);
    [[nodiscard]] Value callMacro(const Statement &statement, const ScopePtr &scope, const Arguments &arguments);
    void assign(const Target &target, const Value &value, const ScopePtr &scope);
    void write(std::string_view text);

    [[nodiscard]] Value evaluate(const Expression &expression, const ScopePtr &scope);
    [[nodiscard]] Value evaluateParts(const Expression &expression, const ScopePtr &scope);
    [[nodiscard]] Value lookUp(std::string_view name, const ScopePtr &scope);
    [[nodiscard]] Value slice(const Value &object, const Expression &parts, const ScopePtr &scope);
    [[nodiscard]] Value compareChain(const Expression &expression, const ScopePtr &scope);
    // first: where the positional arguments begin in the parts.
    [[nodiscard]] Arguments arguments(const Expression &expression, std::size_t first, const ScopePtr &scope);
    // block: the input of the innermost filter of a filter block.
    [[nodiscard]] Value filters(const Expression &expression, const ScopePtr &scope, const Value *block);

    const Program &m_program;
    ScopePtr m_root = std::make_shared<Scope>();
    Dict m_context;
    const Dict &m_globals;
    RenderLimits m_limits;
    std::tm m_now;
    std::int64_t m_steps = 0;
    int m_nested = 0;
    int m_calls = 0;
    std::vector<std::string> m_buffers; // the last one is written to; the first is the output
    std::vector<TextSpan> m_generated;
    Values m_namespaces;
    std::size_t m_countedBytes = 0; // of the output; and the code points in them
    std::int64_t m_countedPoints = 0;
};

// a op b for + - * / // % **.
[[nodiscard]] Value binary(Engine &engine, std::string_view symbol, const Value &a, const Value &b);
[[nodiscard]] Value negative(const Value &value);
[[nodiscard]] Value positive(const Value &value);
// Python's object[begin:end:step]; none or an integer each.
[[nodiscard]] Value sliceOf(const Value &object, const Value &begin, const Value &end, const Value &step);

// range, dict, namespace, raise_exception, strftime_now, cycler, joiner.
[[nodiscard]] const Dict &globals();
// A method of a str, list, tuple or dict bound to its object; nothing when there is none that is safe.
[[nodiscard]] bool findMethod(const Value &object, std::string_view name, Value &out);

using FilterFunction = Value (*)(Engine &, const Value &input, const Arguments &);
[[nodiscard]] const std::map<std::string_view, FilterFunction> &filterTable();
using TestFunction = bool (*)(Engine &, const Value &value, const Arguments &);
[[nodiscard]] const std::map<std::string_view, TestFunction> &testTable();

// text % arguments; text.format(arguments); one value by a format specification (">10.2f").
[[nodiscard]] std::string percentFormat(Engine &engine, std::string_view format, const Value &arguments);
[[nodiscard]] std::string braceFormat(Engine &engine, std::string_view format, const Arguments &arguments);

struct JsonStyle {
    bool ensureAscii = false;
    bool sortKeys = false;
    bool isIndented = false;
    std::string indent;
    std::string itemSeparator;
    std::string keySeparator;
};
[[nodiscard]] std::string toJson(Engine &engine, const Value &value, const JsonStyle &style);

// A positional or named argument of a filter; fallback where it is not given. Fails when it is of another kind.
[[nodiscard]] std::int64_t integerArgument(const Arguments &arguments, std::size_t position, std::string_view name, std::int64_t fallback);
[[nodiscard]] bool flagArgument(const Arguments &arguments, std::size_t position, std::string_view name, bool fallback);
[[nodiscard]] std::string textArgument(const Arguments &arguments, std::size_t position, std::string_view name, std::string_view fallback);

} // namespace fettle::text::jinja
