// Jinja's tokens, with trim_blocks and lstrip_blocks on, as jinja2's lexer makes them. Knows no grammar.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text::jinja {

enum class TokenType : std::uint8_t { Data, VariableBegin, VariableEnd, BlockBegin, BlockEnd, Name, String, Integer, Float, Operator, End };

struct Token {
    TokenType type = TokenType::End;
    std::string text; // of Data, Name, String (unescaped), Operator; digits of numbers
    int line = 1;
    [[nodiscard]] bool isOperator(std::string_view what) const { return type == TokenType::Operator && text == what; }
    [[nodiscard]] bool isName(std::string_view what) const { return type == TokenType::Name && text == what; }
};

// Throws Failure with the line. source: valid UTF-8.
[[nodiscard]] std::vector<Token> tokenize(std::string_view source);

} // namespace fettle::text::jinja
