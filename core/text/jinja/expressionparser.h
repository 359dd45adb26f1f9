// The expressions of the grammar, and the stream of tokens that both parsers read from.
#pragma once

#include "core/text/jinja/ast.h"
#include "core/text/jinja/lexer.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text::jinja {

class TokenStream {
public:
    explicit TokenStream(std::vector<Token> tokens) : m_tokens(std::move(tokens)) {}
    [[nodiscard]] const Token &current() const { return m_tokens[m_at]; }
    [[nodiscard]] const Token &ahead() const { return m_tokens[std::min(m_at + 1, m_tokens.size() - 1)]; }
    Token take() { return m_tokens[m_at + 1 < m_tokens.size() ? m_at++ : m_at]; }
    void back() { --m_at; }
    [[nodiscard]] bool at(TokenType type) const { return current().type == type; }
    [[nodiscard]] bool atName(std::string_view name) const { return current().isName(name); }
    [[nodiscard]] bool atOperator(std::string_view symbol) const { return current().isOperator(symbol); }
    bool takeName(std::string_view name);
    bool takeOperator(std::string_view symbol);
    Token expect(TokenType type, std::string_view what);
    void expectName(std::string_view name);
    void expectOperator(std::string_view symbol);
    [[noreturn]] void failHere(std::string message) const;
    [[nodiscard]] std::string describeCurrent() const;

private:
    std::vector<Token> m_tokens;
    std::size_t m_at = 0;
};

class ExpressionParser {
public:
    explicit ExpressionParser(TokenStream &tokens) : m_tokens(tokens) {}

    // Names with a meaning inside macros that have been seen.
    struct Uses {
        bool caller = false, varargs = false, kwargs = false;
    };
    [[nodiscard]] Uses startUses() { return std::exchange(m_uses, {}); }
    // What was seen since; it counts for the outer body too.
    [[nodiscard]] Uses endUses(Uses outer);

    [[nodiscard]] ExpressionPtr parse(bool withCondition = true);
    // One expression, or several with commas between them: a tuple.
    [[nodiscard]] ExpressionPtr parseTuple(bool withCondition = true, std::initializer_list<std::string_view> ends = {}, bool inParentheses = false);
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
