// Operators, literals and targets of assignments.
#include "core/text/jinja/expressionparser.h"

#include "core/base/words.h"
#include "core/text/jinja/failure.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <utility>

namespace fettle::text::jinja {
namespace {

constexpr int kDeepest = 200;

bool isBoolName(std::string_view name)
{
    return name == "true" || name == "True" || name == "false" || name == "False";
}

} // namespace

ExpressionParser::Uses ExpressionParser::endUses(Uses outer)
{
    const Uses inner = m_uses;
    m_uses = {outer.caller || inner.caller, outer.varargs || inner.varargs, outer.kwargs || inner.kwargs};
    return inner;
}

ExpressionPtr ExpressionParser::make(ExpressionKind kind) const
{
    auto made = std::make_unique<Expression>();
    made->kind = kind;
    made->line = m_tokens.current().line;
    return made;
}

void ExpressionParser::countLink()
{
    if (++m_links > kMostLinks)
        m_tokens.failHere(tr("an expression is too long"));
}

ExpressionPtr ExpressionParser::join(ExpressionKind kind, ExpressionPtr left, ExpressionPtr right, std::string symbol) const
{
    ExpressionPtr made = make(kind);
    made->name = std::move(symbol);
    made->line = left->line;
    made->parts.push_back(std::move(left));
    made->parts.push_back(std::move(right));
    return made;
}

ExpressionPtr ExpressionParser::parse(bool withCondition)
{
    if (m_depth == 0)
        m_links = 0;
    if (++m_depth > kDeepest)
        m_tokens.failHere(tr("an expression is nested too deeply"));
    ExpressionPtr first = parseOr();
    while (withCondition && m_tokens.takeName("if")) {
        countLink();
        ExpressionPtr made = make(ExpressionKind::Conditional);
        ExpressionPtr condition = parseOr();
        made->parts.push_back(std::move(condition));
        made->parts.push_back(std::move(first));
        if (m_tokens.takeName("else"))
            made->parts.push_back(parse());
        first = std::move(made);
    }
    --m_depth;
    return first;
}

ExpressionPtr ExpressionParser::parseOr()
{
    ExpressionPtr left = parseAnd();
    for (; m_tokens.takeName("or"); countLink())
        left = join(ExpressionKind::Or, std::move(left), parseAnd());
    return left;
}

ExpressionPtr ExpressionParser::parseAnd()
{
    ExpressionPtr left = parseNot();
    for (; m_tokens.takeName("and"); countLink())
        left = join(ExpressionKind::And, std::move(left), parseNot());
    return left;
}

ExpressionPtr ExpressionParser::parseNot()
{
    if (!m_tokens.atName("not"))
        return parseCompare();
    if (++m_depth > kDeepest)
        m_tokens.failHere(tr("an expression is nested too deeply"));
    ExpressionPtr made = make(ExpressionKind::Not);
    m_tokens.take();
    made->parts.push_back(parseNot());
    --m_depth;
    return made;
}

ExpressionPtr ExpressionParser::parseCompare()
{
    ExpressionPtr first = parseSum();
    ExpressionPtr made;
    while (true) {
        std::string symbol;
        for (const char *candidate : {"==", "!=", ">=", "<=", ">", "<"})
            if (symbol.empty() && m_tokens.takeOperator(candidate))
                symbol = candidate;
        if (symbol.empty() && m_tokens.takeName("in"))
            symbol = "in";
        if (symbol.empty() && m_tokens.atName("not") && m_tokens.ahead().isName("in")) {
            m_tokens.take();
            m_tokens.take();
            symbol = "not in";
        }
        if (symbol.empty())
            break;
        if (!made) {
            made = make(ExpressionKind::Compare);
            made->parts.push_back(std::move(first));
        }
        made->operators.push_back(symbol);
        made->parts.push_back(parseSum());
    }
    return made ? std::move(made) : std::move(first);
}

ExpressionPtr ExpressionParser::parseSum()
{
    ExpressionPtr left = parseConcat();
    for (; m_tokens.atOperator("+") || m_tokens.atOperator("-"); countLink()) {
        std::string symbol = m_tokens.take().text;
        left = join(ExpressionKind::Binary, std::move(left), parseConcat(), std::move(symbol));
    }
    return left;
}

ExpressionPtr ExpressionParser::parseConcat()
{
    ExpressionPtr first = parseProduct();
    if (!m_tokens.atOperator("~"))
        return first;
    ExpressionPtr made = make(ExpressionKind::Concat);
    made->parts.push_back(std::move(first));
    while (m_tokens.takeOperator("~"))
        made->parts.push_back(parseProduct());
    return made;
}

ExpressionPtr ExpressionParser::parseProduct()
{
    ExpressionPtr left = parsePower();
    for (; m_tokens.atOperator("*") || m_tokens.atOperator("/") || m_tokens.atOperator("//") || m_tokens.atOperator("%"); countLink()) {
        std::string symbol = m_tokens.take().text;
        left = join(ExpressionKind::Binary, std::move(left), parsePower(), std::move(symbol));
    }
    return left;
}

ExpressionPtr ExpressionParser::parsePower()
{
    ExpressionPtr left = parseUnary();
    for (; m_tokens.takeOperator("**"); countLink())
        left = join(ExpressionKind::Binary, std::move(left), parseUnary(), "**");
    return left;
}

ExpressionPtr ExpressionParser::parseUnary(bool withFilters)
{
    if (++m_depth > kDeepest)
        m_tokens.failHere(tr("an expression is nested too deeply"));
    ExpressionPtr made;
    if (m_tokens.atOperator("-") || m_tokens.atOperator("+")) {
        made = make(m_tokens.atOperator("-") ? ExpressionKind::Negative : ExpressionKind::Positive);
        m_tokens.take();
        made->parts.push_back(parseUnary(false));
    } else {
        made = parsePrimary();
    }
    made = parsePostfix(std::move(made));
    if (withFilters)
        made = parseFilterExpression(std::move(made));
    --m_depth;
    return made;
}

ExpressionPtr ExpressionParser::parsePrimary()
{
    ExpressionPtr made = make(ExpressionKind::Constant);
    const Token &token = m_tokens.current();
    switch (token.type) {
    case TokenType::Name:
        if (isBoolName(token.text)) {
            made->value = token.text[0] == 't' || token.text[0] == 'T';
        } else if (token.text == "none" || token.text == "None") {
            made->value = nullptr;
        } else {
            made->kind = ExpressionKind::Name;
            made->name = token.text;
            m_uses.caller = m_uses.caller || token.text == "caller";
            m_uses.varargs = m_uses.varargs || token.text == "varargs";
            m_uses.kwargs = m_uses.kwargs || token.text == "kwargs";
        }
        m_tokens.take();
        return made;
    case TokenType::String: {
        std::string text;
        while (m_tokens.at(TokenType::String))
            text += m_tokens.take().text;
        made->value = std::move(text);
        return made;
    }
    case TokenType::Integer: made->value = integerOf(m_tokens.take()); return made;
    case TokenType::Float: {
        const std::string digits = m_tokens.take().text;
        double number = 0; // out of range: infinite or zero, as in Python
        if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc::result_out_of_range)
            number = digits.find("e-") == std::string::npos && digits.find("E-") == std::string::npos ? HUGE_VAL : 0.0;
        made->value = number;
        return made;
    }
    default: break;
    }
    if (m_tokens.takeOperator("(")) {
        made = parseTuple(true, {}, true);
        m_tokens.expectOperator(")");
        return made;
    }
    if (m_tokens.atOperator("["))
        return parseList();
    if (m_tokens.atOperator("{"))
        return parseDict();
    m_tokens.failHere(tr("unexpected {}", m_tokens.describeCurrent()));
}

ExpressionPtr ExpressionParser::parseTuple(bool withCondition, std::initializer_list<std::string_view> ends, bool inParentheses)
{
    ExpressionPtr tuple = make(ExpressionKind::Tuple);
    bool isTuple = false;
    const auto atEnd = [&] {
        if (m_tokens.at(TokenType::VariableEnd) || m_tokens.at(TokenType::BlockEnd) || m_tokens.atOperator(")"))
            return true;
        return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return m_tokens.atName(end); });
    };
    while (true) {
        if (!tuple->parts.empty())
            m_tokens.expectOperator(",");
        if (atEnd())
            break;
        tuple->parts.push_back(parse(withCondition));
        if (!m_tokens.atOperator(","))
            break;
        isTuple = true;
    }
    if (isTuple)
        return tuple;
    if (!tuple->parts.empty())
        return std::move(tuple->parts.front());
    if (!inParentheses)
        m_tokens.failHere(tr("expected an expression, found {}", m_tokens.describeCurrent()));
    return tuple;
}

ExpressionPtr ExpressionParser::parseList()
{
    ExpressionPtr made = make(ExpressionKind::List);
    m_tokens.expectOperator("[");
    while (!m_tokens.atOperator("]")) {
        if (!made->parts.empty())
            m_tokens.expectOperator(",");
        if (m_tokens.atOperator("]"))
            break;
        made->parts.push_back(parse());
    }
    m_tokens.take();
    return made;
}

ExpressionPtr ExpressionParser::parseDict()
{
    ExpressionPtr made = make(ExpressionKind::Dict);
    m_tokens.expectOperator("{");
    while (!m_tokens.atOperator("}")) {
        if (!made->parts.empty())
            m_tokens.expectOperator(",");
        if (m_tokens.atOperator("}"))
            break;
        made->parts.push_back(parse());
        m_tokens.expectOperator(":");
        made->parts.push_back(parse());
    }
    m_tokens.take();
    return made;
}

Target ExpressionParser::parseOneTarget(bool withNamespace)
{
    Target target;
    if (m_tokens.takeOperator("(")) {
        target = parseTarget(true, withNamespace);
        m_tokens.expectOperator(")");
        return target;
    }
    target.name = m_tokens.expect(TokenType::Name, "a name to assign to").text;
    if (isBoolName(target.name) || target.name == "none" || target.name == "None")
        m_tokens.failHere(tr("cannot assign to \"{}\"", target.name));
    if (withNamespace && m_tokens.takeOperator(".")) {
        target.kind = Target::Kind::Attribute;
        target.attribute = m_tokens.expect(TokenType::Name, "the name of an attribute").text;
    }
    return target;
}

Target ExpressionParser::parseTarget(bool withTuple, bool withNamespace)
{
    if (++m_depth > kDeepest)
        m_tokens.failHere(tr("an expression is nested too deeply"));
    Target first = parseOneTarget(withNamespace);
    if (withTuple && m_tokens.atOperator(",")) {
        Target tuple;
        tuple.kind = Target::Kind::Tuple;
        tuple.parts.push_back(std::move(first));
        while (m_tokens.takeOperator(",")) {
            if (m_tokens.atName("in") || m_tokens.atOperator("=") || m_tokens.atOperator(")") || m_tokens.at(TokenType::BlockEnd))
                break;
            tuple.parts.push_back(parseOneTarget(withNamespace));
        }
        first = std::move(tuple);
    }
    --m_depth;
    return first;
}

} // namespace fettle::text::jinja
