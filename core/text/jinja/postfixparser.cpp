// What stands behind a value in an expression: attributes, items, slices, calls, filters, tests.
#include "core/text/jinja/expressionparser.h"

#include "core/base/words.h"
#include "core/text/jinja/failure.h"

#include <charconv>
#include <fmt/format.h>

namespace fettle::text::jinja {

Value integerOf(const Token &token)
{
    std::string_view digits = token.text;
    int base = 10;
    if (digits.size() > 2 && digits[0] == '0' && digits[1] > '9') {
        const char mark = static_cast<char>(digits[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : 2;
        digits.remove_prefix(2);
    }
    std::int64_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (result.ec != std::errc())
        throw Failure{tr("the number {} is too large", token.text), Failure::Reason::Error, token.line};
    return value;
}

ExpressionPtr ExpressionParser::parsePostfix(ExpressionPtr expression)
{
    for (;; countLink()) {
        if (m_tokens.atOperator(".") || m_tokens.atOperator("["))
            expression = parseSubscript(std::move(expression));
        else if (m_tokens.atOperator("("))
            expression = parseCall(std::move(expression));
        else
            return expression;
    }
}

ExpressionPtr ExpressionParser::parseFilterExpression(ExpressionPtr expression)
{
    for (;; countLink()) {
        if (m_tokens.atOperator("|"))
            expression = parseFilters(std::move(expression), false);
        else if (m_tokens.atName("is"))
            expression = parseTest(std::move(expression));
        else if (m_tokens.atOperator("("))
            expression = parseCall(std::move(expression));
        else
            return expression;
    }
}

ExpressionPtr ExpressionParser::parseSubscript(ExpressionPtr expression)
{
    ExpressionPtr made = make(ExpressionKind::Item);
    if (m_tokens.takeOperator(".")) {
        if (m_tokens.at(TokenType::Name)) {
            made->kind = ExpressionKind::Attribute;
            made->name = m_tokens.take().text;
            made->parts.push_back(std::move(expression));
            return made;
        }
        ExpressionPtr number = make(ExpressionKind::Constant);
        number->value = integerOf(m_tokens.expect(TokenType::Integer, "a name or a number"));
        made->parts.push_back(std::move(expression));
        made->parts.push_back(std::move(number));
        return made;
    }
    m_tokens.expectOperator("[");
    std::vector<ExpressionPtr> arguments;
    while (!m_tokens.atOperator("]")) {
        if (!arguments.empty())
            m_tokens.expectOperator(",");
        arguments.push_back(parseSubscribed());
    }
    m_tokens.take();
    made->parts.push_back(std::move(expression));
    if (arguments.size() == 1) {
        made->parts.push_back(std::move(arguments.front()));
    } else {
        ExpressionPtr tuple = make(ExpressionKind::Tuple);
        tuple->parts = std::move(arguments);
        made->parts.push_back(std::move(tuple));
    }
    return made;
}

// An index, or begin:end:step with parts left out (null).
ExpressionPtr ExpressionParser::parseSubscribed()
{
    ExpressionPtr first;
    if (!m_tokens.atOperator(":")) {
        first = parse();
        if (!m_tokens.atOperator(":"))
            return first;
    }
    ExpressionPtr slice = make(ExpressionKind::Slice);
    slice->parts.push_back(std::move(first));
    m_tokens.take();
    const auto atEnd = [&] { return m_tokens.atOperator("]") || m_tokens.atOperator(","); };
    slice->parts.push_back(m_tokens.atOperator(":") || atEnd() ? nullptr : parse());
    if (m_tokens.takeOperator(":"))
        slice->parts.push_back(atEnd() ? nullptr : parse());
    else
        slice->parts.push_back(nullptr);
    return slice;
}

ExpressionPtr ExpressionParser::parseFilters(ExpressionPtr input, bool firstInline)
{
    for (int filters = 0; m_tokens.atOperator("|") || firstInline; ++filters) {
        if (filters > kMostLinks / 10)
            m_tokens.failHere(tr("too many filters in a row"));
        if (!firstInline)
            m_tokens.take();
        firstInline = false;
        ExpressionPtr filter = make(ExpressionKind::Filter);
        filter->name = m_tokens.expect(TokenType::Name, "the name of a filter").text;
        while (m_tokens.takeOperator("."))
            filter->name += "." + m_tokens.expect(TokenType::Name, "the name of a filter").text;
        filter->parts.push_back(std::move(input));
        if (m_tokens.atOperator("("))
            parseArguments(*filter);
        input = std::move(filter);
    }
    return input;
}

ExpressionPtr ExpressionParser::parseTest(ExpressionPtr expression)
{
    ExpressionPtr test = make(ExpressionKind::Test);
    m_tokens.take();
    const bool negated = m_tokens.takeName("not");
    test->name = m_tokens.expect(TokenType::Name, "the name of a test").text;
    while (m_tokens.takeOperator("."))
        test->name += "." + m_tokens.expect(TokenType::Name, "the name of a test").text;
    test->parts.push_back(std::move(expression));
    const bool atLiteral = m_tokens.at(TokenType::Name) || m_tokens.at(TokenType::String) || m_tokens.at(TokenType::Integer)
        || m_tokens.at(TokenType::Float) || m_tokens.atOperator("[") || m_tokens.atOperator("{");
    if (m_tokens.atOperator("(")) {
        parseArguments(*test);
    } else if (atLiteral && !m_tokens.atName("else") && !m_tokens.atName("or") && !m_tokens.atName("and")) {
        if (m_tokens.atName("is"))
            m_tokens.failHere(tr("tests with \"is\" cannot be chained"));
        test->parts.push_back(parsePostfix(parsePrimary()));
    }
    if (!negated)
        return test;
    ExpressionPtr made = make(ExpressionKind::Not);
    made->parts.push_back(std::move(test));
    return made;
}

ExpressionPtr ExpressionParser::parseCall(ExpressionPtr called)
{
    ExpressionPtr call = make(ExpressionKind::Call);
    call->parts.push_back(std::move(called));
    parseArguments(*call);
    return call;
}

void ExpressionParser::parseArguments(Expression &into)
{
    m_tokens.expectOperator("(");
    bool isFirst = true;
    const auto refuseIf = [&](bool wrong) {
        if (wrong)
            m_tokens.failHere(tr("the arguments of a call are in the wrong order"));
    };
    while (!m_tokens.atOperator(")")) {
        if (!isFirst) {
            m_tokens.expectOperator(",");
            if (m_tokens.atOperator(")"))
                break;
        }
        isFirst = false;
        if (m_tokens.takeOperator("*")) {
            refuseIf(into.moreArguments || into.moreNamed);
            into.moreArguments = parse();
        } else if (m_tokens.takeOperator("**")) {
            refuseIf(into.moreNamed != nullptr);
            into.moreNamed = parse();
        } else if (m_tokens.at(TokenType::Name) && m_tokens.ahead().isOperator("=")) {
            refuseIf(into.moreNamed != nullptr);
            std::string name = m_tokens.take().text;
            m_tokens.take();
            into.named.emplace_back(std::move(name), parse());
        } else {
            refuseIf(into.moreArguments || into.moreNamed || !into.named.empty());
            into.parts.push_back(parse());
        }
    }
    m_tokens.take();
}

} // namespace fettle::text::jinja
