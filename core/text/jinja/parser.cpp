// The statements of the grammar.
#include "core/text/jinja/parser.h"

#include "core/base/words.h"
#include "core/text/jinja/expressionparser.h"
#include "core/text/jinja/lexer.h"

#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

constexpr int kDeepest = 100; // nested blocks

class Parser {
public:
    explicit Parser(std::string source)
        : m_tokens(jinja::tokenize(source))
        , m_expressions(m_tokens)
    {
        m_program.source = std::move(source);
    }

    Program run()
    {
        m_program.body = parseBody({});
        return std::move(m_program);
    }

private:
    using Ends = std::vector<std::string_view>;

    // Statements up to one of the end tags, which is the current token then.
    Body parseBody(const Ends &ends)
    {
        if (++m_depth > kDeepest)
            m_tokens.failHere(tr("blocks are nested too deeply"));
        Body body;
        while (!m_tokens.at(TokenType::End)) {
            if (m_tokens.at(TokenType::Data)) {
                auto text = make(StatementKind::Text);
                text->text = m_tokens.take().text;
                body.push_back(std::move(text));
            } else if (m_tokens.at(TokenType::VariableBegin)) {
                m_tokens.take();
                auto print = make(StatementKind::Print);
                print->expression = m_expressions.parseTuple();
                m_tokens.expect(TokenType::VariableEnd, "}}");
                body.push_back(std::move(print));
            } else {
                m_tokens.expect(TokenType::BlockBegin, "{%");
                for (const std::string_view end : ends)
                    if (m_tokens.atName(end)) {
                        --m_depth;
                        return body;
                    }
                parseStatement(body);
                m_tokens.expect(TokenType::BlockEnd, "%}");
            }
        }
        if (!ends.empty())
            m_tokens.failHere(tr("the template ends before {{% {} %}}", ends.front()));
        --m_depth;
        return body;
    }

    // ": %}" body, up to an end tag; the end tag's name is taken.
    std::string_view parseBlock(Body &body, const Ends &ends)
    {
        m_tokens.takeOperator(":");
        m_tokens.expect(TokenType::BlockEnd, "%}");
        body = parseBody(ends);
        const std::string name = m_tokens.take().text;
        for (const std::string_view end : ends)
            if (end == name)
                return end;
        return {};
    }

    std::unique_ptr<Statement> make(StatementKind kind) const
    {
        auto statement = std::make_unique<Statement>();
        statement->kind = kind;
        statement->line = m_tokens.current().line;
        return statement;
    }

    void parseStatement(Body &body)
    {
        if (!m_tokens.at(TokenType::Name))
            m_tokens.failHere(tr("a tag must begin with its name"));
        const std::string tag = m_tokens.current().text;
        if (tag == "for")
            body.push_back(parseFor());
        else if (tag == "if")
            body.push_back(parseIf());
        else if (tag == "set")
            body.push_back(parseSet());
        else if (tag == "macro")
            body.push_back(parseMacro());
        else if (tag == "call")
            body.push_back(parseCall());
        else if (tag == "filter")
            body.push_back(parseFilter());
        else if (tag == "with")
            body.push_back(parseWith());
        else if (tag == "block")
            body.push_back(parseNamedBlock());
        else if (tag == "generation")
            body.push_back(parseGeneration());
        else if (tag == "print")
            parsePrint(body);
        else if (tag == "break" || tag == "continue")
            body.push_back(parseJump(tag));
        else if (tag == "include" || tag == "extends" || tag == "import" || tag == "from" || tag == "autoescape")
            m_tokens.failHere(tr("the tag {{% {} %}} cannot be used in chat templates", tag));
        else
            m_tokens.failHere(tr("unknown tag {{% {} %}}", tag));
    }

    std::unique_ptr<Statement> parseFor()
    {
        auto loop = make(StatementKind::For);
        m_tokens.take();
        loop->target = m_expressions.parseTarget(true, false);
        m_tokens.expectName("in");
        loop->expression = m_expressions.parseTuple(false, {"recursive"});
        if (m_tokens.takeName("if"))
            loop->condition = m_expressions.parse();
        loop->recursive = m_tokens.takeName("recursive");
        ++m_loops;
        const std::string_view end = parseBlock(loop->body, {"endfor", "else"});
        --m_loops;
        if (end == "else")
            parseBlock(loop->otherwise, {"endfor"});
        return loop;
    }

    std::unique_ptr<Statement> parseIf()
    {
        auto branch = make(StatementKind::If);
        m_tokens.take();
        branch->expression = m_expressions.parseTuple(false);
        const std::string_view end = parseBlock(branch->body, {"elif", "else", "endif"});
        if (end == "else") {
            parseBlock(branch->otherwise, {"endif"});
        } else if (end == "elif") {
            m_tokens.back(); // the elif is read as an if of its own
            if (++m_elifs > 2000)
                m_tokens.failHere(tr("too many elif branches"));
            branch->otherwise.push_back(parseIf());
            --m_elifs;
        }
        return branch;
    }

    std::unique_ptr<Statement> parseSet()
    {
        auto set = make(StatementKind::Set);
        m_tokens.take();
        set->target = m_expressions.parseTarget(true, true);
        if (m_tokens.takeOperator("=")) {
            set->expression = m_expressions.parseTuple();
            return set;
        }
        set->kind = StatementKind::SetBlock;
        set->expression = m_expressions.parseFilters(nullptr, false);
        parseBlock(set->body, {"endset"});
        return set;
    }

    void parseSignature(Signature &signature)
    {
        m_tokens.expectOperator("(");
        while (!m_tokens.atOperator(")")) {
            if (!signature.parameters.empty())
                m_tokens.expectOperator(",");
            Parameter parameter;
            parameter.name = m_expressions.parseTarget(false, false).name;
            if (m_tokens.takeOperator("="))
                parameter.fallback = m_expressions.parse();
            else if (!signature.parameters.empty() && signature.parameters.back().fallback)
                m_tokens.failHere(tr("a parameter without a default follows one with a default"));
            signature.parameters.push_back(std::move(parameter));
        }
        m_tokens.take();
    }

    // A body that is called: break and continue cannot leave it, and it may ask for its caller and surplus arguments.
    void parseCallable(Statement &statement, std::string_view end)
    {
        const int loops = std::exchange(m_loops, 0);
        ExpressionParser::Uses outer = m_expressions.startUses();
        parseBlock(statement.body, {end});
        const ExpressionParser::Uses uses = m_expressions.endUses(outer);
        statement.signature.usesCaller = uses.caller;
        statement.signature.usesArguments = uses.varargs;
        statement.signature.usesNamed = uses.kwargs;
        m_loops = loops;
    }

    std::unique_ptr<Statement> parseMacro()
    {
        auto macro = make(StatementKind::Macro);
        m_tokens.take();
        macro->text = m_expressions.parseTarget(false, false).name;
        parseSignature(macro->signature);
        parseCallable(*macro, "endmacro");
        return macro;
    }

    std::unique_ptr<Statement> parseCall()
    {
        auto call = make(StatementKind::CallBlock);
        m_tokens.take();
        if (m_tokens.atOperator("("))
            parseSignature(call->signature);
        call->expression = m_expressions.parse();
        if (call->expression->kind != ExpressionKind::Call)
            m_tokens.failHere(tr("{% call %} needs a call"));
        parseCallable(*call, "endcall");
        return call;
    }

    std::unique_ptr<Statement> parseFilter()
    {
        auto filter = make(StatementKind::FilterBlock);
        m_tokens.take();
        filter->expression = m_expressions.parseFilters(nullptr, true);
        parseBlock(filter->body, {"endfilter"});
        return filter;
    }

    std::unique_ptr<Statement> parseWith()
    {
        auto with = make(StatementKind::With);
        m_tokens.take();
        while (!m_tokens.at(TokenType::BlockEnd) && !m_tokens.atOperator(":")) {
            if (!with->assignments.empty())
                m_tokens.expectOperator(",");
            Target target = m_expressions.parseTarget(true, false);
            m_tokens.expectOperator("=");
            with->assignments.emplace_back(std::move(target), m_expressions.parse());
        }
        parseBlock(with->body, {"endwith"});
        return with;
    }

    std::unique_ptr<Statement> parseNamedBlock()
    {
        auto block = make(StatementKind::Block);
        m_tokens.take();
        block->text = m_tokens.expect(TokenType::Name, "the block's name").text;
        block->recursive = m_tokens.takeName("scoped");
        m_tokens.takeName("required");
        const int loops = std::exchange(m_loops, 0);
        parseBlock(block->body, {"endblock"});
        m_loops = loops;
        m_tokens.takeName(block->text);
        return block;
    }

    std::unique_ptr<Statement> parseGeneration()
    {
        auto generation = make(StatementKind::Generation);
        m_tokens.take();
        parseCallable(*generation, "endgeneration");
        m_program.hasGeneration = true;
        return generation;
    }

    void parsePrint(Body &body)
    {
        m_tokens.take();
        bool isFirst = true;
        while (!m_tokens.at(TokenType::BlockEnd)) {
            if (!isFirst)
                m_tokens.expectOperator(",");
            isFirst = false;
            auto print = make(StatementKind::Print);
            print->expression = m_expressions.parse();
            body.push_back(std::move(print));
        }
    }

    std::unique_ptr<Statement> parseJump(const std::string &tag)
    {
        if (m_loops == 0)
            m_tokens.failHere(tr("{{% {} %}} stands outside of a loop", tag));
        auto jump = make(tag == "break" ? StatementKind::Break : StatementKind::Continue);
        m_tokens.take();
        return jump;
    }

    TokenStream m_tokens;
    ExpressionParser m_expressions;
    Program m_program;
    int m_depth = 0;
    int m_loops = 0;
    int m_elifs = 0;
};

} // namespace

Program parse(std::string source)
{
    return Parser(std::move(source)).run();
}

} // namespace fettle::text::jinja
