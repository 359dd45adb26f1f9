// The tokens of a template, read one after the other; both parsers take from it.
#pragma once

#include "core/text/jinja/lexer.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text::jinja {

class TokenStream {
public:
    explicit TokenStream(std::vector<Token> tokens)
        : m_tokens(std::move(tokens))
    {
    }
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

} // namespace fettle::text::jinja
