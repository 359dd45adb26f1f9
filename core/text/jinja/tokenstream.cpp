// Taking tokens, and the messages when another one was needed.
#include "core/text/jinja/tokenstream.h"

#include "core/base/words.h"
#include "core/text/jinja/failure.h"

#include <fmt/format.h>

namespace fettle::text::jinja {

bool TokenStream::takeName(std::string_view name)
{
    const bool is = atName(name);
    if (is)
        take();
    return is;
}

bool TokenStream::takeOperator(std::string_view symbol)
{
    const bool is = atOperator(symbol);
    if (is)
        take();
    return is;
}

Token TokenStream::expect(TokenType type, std::string_view what)
{
    if (!at(type))
        failHere(tr("expected {}, found {}", what, describeCurrent()));
    return take();
}

void TokenStream::expectName(std::string_view name)
{
    if (!takeName(name))
        failHere(tr("expected \"{}\", found {}", name, describeCurrent()));
}

void TokenStream::expectOperator(std::string_view symbol)
{
    if (!takeOperator(symbol))
        failHere(tr("expected \"{}\", found {}", symbol, describeCurrent()));
}

void TokenStream::failHere(std::string message) const
{
    throw Failure{std::move(message), Failure::Reason::Error, current().line};
}

std::string TokenStream::describeCurrent() const
{
    switch (current().type) {
    case TokenType::Data: return "text";
    case TokenType::VariableBegin: return "\"{{\"";
    case TokenType::VariableEnd: return "\"}}\"";
    case TokenType::BlockBegin: return "\"{%\"";
    case TokenType::BlockEnd: return "\"%}\"";
    case TokenType::End: return "the end of the template";
    default: return "\"" + current().text + "\"";
    }
}

} // namespace fettle::text::jinja
