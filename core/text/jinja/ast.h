// A parsed template: statements and expressions as jinja2's parser builds them.
#pragma once

#include "core/text/jinja/value.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fettle::text::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class ExpressionKind : std::uint8_t {
    Constant,
    Name,
    List,
    Tuple,
    Dict,
    Attribute,
    Item,
    Slice,
    Call,
    Filter,
    Test,
    Conditional,
    And,
    Or,
    Not,
    Negative,
    Positive,
    Binary,
    Compare,
    Concat
};

struct Expression {
    ExpressionKind kind = ExpressionKind::Constant;
    int line = 0;
    Value value; // Constant
    std::string name; // Name, Attribute, Filter, Test, Binary (the operator)
    std::vector<ExpressionPtr> parts; // operands; positional arguments behind the called thing (Call, Filter, Test)
    std::vector<std::string> operators; // Compare
    std::vector<std::pair<std::string, ExpressionPtr>> named; // named arguments
    ExpressionPtr moreArguments; // *args
    ExpressionPtr moreNamed; // **kwargs
};

struct Target { // of an assignment
    enum class Kind : std::uint8_t { Name, Attribute, Tuple } kind = Kind::Name;
    std::string name;
    std::string attribute;
    std::vector<Target> parts;
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

struct Parameter {
    std::string name;
    ExpressionPtr fallback; // null: none
};

// The parts of a macro, a call block or a generation block.
struct Signature {
    std::vector<Parameter> parameters;
    bool usesCaller = false, usesArguments = false, usesNamed = false; // caller, varargs, kwargs occur in the body
};

enum class StatementKind : std::uint8_t {
    Text,
    Print,
    For,
    If,
    Set,
    SetBlock,
    Macro,
    CallBlock,
    FilterBlock,
    With,
    Block,
    Generation,
    Break,
    Continue
};

struct Statement {
    StatementKind kind = StatementKind::Text;
    int line = 0;
    std::string text; // Text; the names of Macro and Block
    ExpressionPtr
        expression; // Print, the iterable of For, the condition of If, the value of Set, the call, the filter (its first part is null)
    ExpressionPtr condition; // the filter of For
    bool recursive = false; // For
    Target target; // For, Set, SetBlock
    Signature signature; // Macro, CallBlock
    Body body;
    Body otherwise; // else of For and If (an elif is an If in there)
    std::vector<std::pair<Target, ExpressionPtr>> assignments; // With
};

struct Program {
    std::string source;
    Body body;
    bool hasGeneration = false;
};

} // namespace fettle::text::jinja
