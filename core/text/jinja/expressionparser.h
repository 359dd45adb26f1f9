// The expressions of the grammar.
#pragma once

#include "core/text/jinja/ast.h"
#include "core/text/jinja/tokenstream.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace fettle::text::jinja {

// The value of an Integer token. Fails when it does not fit.
[[nodiscard]] Value integerOf(const Token &token);

class ExpressionParser {
public:
    static constexpr int kMostLinks = 5000; // see countLink()

    explicit ExpressionParser(TokenStream &tokens)
        : m_tokens(tokens)
    {
    }

    // Names with a meaning inside macros that have been seen.
    struct Uses {
        bool caller = false, varargs = false, kwargs = false;
    };
    [[nodiscard]] Uses startUses() { return std::exchange(m_uses, {}); }
    // What was seen since; it counts for the outer body too.
    [[nodiscard]] Uses endUses(Uses outer);

    [[nodiscard]] ExpressionPtr parse(bool withCondition = true);
    // One expression, or several with commas between them: a tuple.
    [[nodiscard]] ExpressionPtr parseTuple(bool withCondition = true, std::initializer_list<std::string_view> ends = {},
                                           bool inParentheses = false);
    // |filter|filter(...) behind input (null for blocks). firstInline: the first name stands without its bar.
    [[nodiscard]] ExpressionPtr parseFilters(ExpressionPtr input, bool firstInline);
    [[nodiscard]] Target parseTarget(bool withTuple, bool withNamespace);

private:
    [[nodiscard]] ExpressionPtr make(ExpressionKind kind) const;
    [[nodiscard]] ExpressionPtr join(ExpressionKind kind, ExpressionPtr left, ExpressionPtr right, std::string symbol = {}) const;
    [[nodiscard]] ExpressionPtr parseOr();
    [[nodiscard]] ExpressionPtr parseAnd();
    [[nodiscard]] ExpressionPtr parseNot();
    [[nodiscard]] ExpressionPtr parseCompare();
    [[nodiscard]] ExpressionPtr parseSum();
    [[nodiscard]] ExpressionPtr parseConcat();
    [[nodiscard]] ExpressionPtr parseProduct();
    [[nodiscard]] ExpressionPtr parsePower();
    [[nodiscard]] ExpressionPtr parseUnary(bool withFilters = true);
    [[nodiscard]] ExpressionPtr parsePrimary();
    [[nodiscard]] ExpressionPtr parseList();
    [[nodiscard]] ExpressionPtr parseDict();
    [[nodiscard]] ExpressionPtr parsePostfix(ExpressionPtr expression);
    [[nodiscard]] ExpressionPtr parseFilterExpression(ExpressionPtr expression);
    [[nodiscard]] ExpressionPtr parseSubscript(ExpressionPtr expression);
    [[nodiscard]] ExpressionPtr parseSubscribed();
    [[nodiscard]] ExpressionPtr parseTest(ExpressionPtr expression);
    [[nodiscard]] ExpressionPtr parseCall(ExpressionPtr called);
    void parseArguments(Expression &into);
    [[nodiscard]] Target parseOneTarget(bool withNamespace);

    // Counts what makes an expression deep without brackets: a + b + c, x|f|g, a.b.c.
    void countLink();

    TokenStream &m_tokens;
    Uses m_uses;
    int m_depth = 0;
    int m_links = 0; // in the outermost expression
};

} // namespace fettle::text::jinja
