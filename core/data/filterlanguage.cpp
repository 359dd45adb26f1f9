// Terms to SQL. Values are bound, names are our own.
#include "core/data/filterlanguage.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/data/recordview.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

namespace fettle::data {

namespace {

struct Term {
    bool isNegated = false;
    std::string key;   // "" for words
    std::string sign;  // ":", "<", "<=", ">", ">=", "="
    std::string value; // quotes removed
    bool isQuoted = false;
    std::string shown; // as it was written
};

bool isSpace(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// "length>=5": length, >=. No key where the text before the sign is no word of letters, as in 12:30.
std::size_t readKey(std::string_view text, Term &term)
{
    std::size_t end = 0;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0)
        ++end;
    if (end == 0 || end == text.size() || std::string_view(":<>=").find(text[end]) == std::string_view::npos)
        return 0;
    std::size_t sign = end + 1;
    if (text[end] != ':' && text[end] != '=' && sign < text.size() && text[sign] == '=')
        ++sign;
    std::string key(text.substr(0, end));
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    term.key = std::move(key);
    term.sign = text.substr(end, sign - end);
    return sign;
}

std::vector<Term> termsOf(std::string_view query)
{
    std::vector<Term> terms;
    for (std::size_t i = 0; i < query.size();) {
        if (isSpace(query[i]) || query[i] == '\0') {
            ++i;
            continue;
        }
        const std::size_t begin = i;
        Term term;
        if (query[i] == '-' && i + 1 < query.size() && !isSpace(query[i + 1])) {
            term.isNegated = true;
            ++i;
        }
        i += readKey(query.substr(i), term);
        // A quote that is still open while somebody types reaches to the end.
        while (i < query.size() && !isSpace(query[i])) {
            if (query[i] != '"') {
                term.value += query[i++];
                continue;
            }
            term.isQuoted = true;
            const std::size_t end = std::min(query.find('"', i + 1), query.size());
            term.value += query.substr(i + 1, end - i - 1);
            i = std::min(end + 1, query.size());
        }
        term.shown = query.substr(begin, i - begin);
        terms.push_back(std::move(term));
    }
    return terms;
}

std::vector<std::string> alternatives(const Term &term)
{
    if (term.isQuoted)
        return {term.value}; // its commas are text
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= term.value.size()) {
        const std::size_t end = std::min(term.value.find(',', begin), term.value.size());
        if (end > begin)
            parts.push_back(term.value.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

tl::unexpected<Error> problem(const Term &term, std::string_view why, std::string hint)
{
    return fail(ErrorCode::BadInput, fmt::format("\"{}\": {}.", firstCodePoints(term.shown, 60), why), std::move(hint));
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

struct Named { std::string_view name, sql; };

constexpr Named kHas[] = {
    {"context", "c.context <> ''"}, {"answer", "c.response <> ''"}, {"system", "c.turns LIKE '[[\"system\",%'"}, {"tools", "c.tools <> ''"},
    {"conversation", "c.isPair = 0"}, {"tags", "EXISTS (SELECT 1 FROM recordTag t WHERE t.record = r.id)"}, {"note", "r.note <> ''"},
    {"rating", "r.rating > 0"}, {"loss", "r.loss IS NOT NULL"}, {"base", "c.baseLoss IS NOT NULL"}, {"split", "r.split <> 0"},
    {"draft", "EXISTS (SELECT 1 FROM openDraft d WHERE d.record = r.id)"},
};
constexpr Named kNumbers[] = {{"length", "c.tokens"}, {"loss", "r.loss"}, {"base", "c.baseLoss"}, {"rating", "r.rating"}, {"turns", "c.turnCount"}, {"no", "r.id"}};

bool looksIntoContent(std::string_view sql)
{
    return sql.find("c.") != std::string_view::npos;
}

class Compiler {
public:
    explicit Compiler(std::string_view flags) : m_flags(flags) { }
    Result<CompiledFilter> compile(std::string_view query)
    {
        for (const Term &term : termsOf(query)) {
            if (auto done = add(term); !done)
                return passError(done);
        }
        return std::move(m_filter);
    }

private:
    Result<> add(const Term &term)
    {
        if (term.key.empty())
            return addWords(term);
        for (const Named &number : kNumbers) {
            if (term.key == number.name)
                return addNumber(term, number.sql);
        }
        const auto &keys = filterKeys();
        const bool isKnown = std::any_of(keys.begin(), keys.end(), [&](const FilterKey &key) { return key.name == term.key; });
        if (!isKnown) {
            std::vector<std::string_view> names;
            for (const FilterKey &key : keys)
                names.push_back(key.name);
            return problem(term, tr("there is no such filter"),
                           tr("Filters are {}. To search for the text itself, write it in quotation marks.", fmt::join(names, ", ")));
        }
        if (term.sign != ":" && term.sign != "=")
            return problem(term, tr("only numbers can be compared"), tr("Write {}:value.", term.key));
        const auto values = alternatives(term);
        if (values.empty())
            return {}; // still being typed
        std::vector<std::string> choices;
        for (const std::string &value : values) {
            auto choice = choiceFor(term, value);
            if (!choice)
                return passError(choice);
            m_filter.needsContent = m_filter.needsContent || looksIntoContent(*choice);
            choices.push_back(std::move(*choice));
        }
        push(term, fmt::format("({})", fmt::join(choices, " OR ")));
        return {};
    }

    Result<std::string> choiceFor(const Term &term, const std::string &value)
    {
        if (term.key == "tag") {
            m_filter.values.emplace_back(value);
            return std::string("r.id IN (SELECT record FROM recordTag WHERE tag = ? COLLATE NOCASE)");
        }
        if (term.key == "note" || term.key == "source") {
            m_filter.values.emplace_back(value);
            return fmt::format("instr(lower(r.{}), lower(?)) > 0", term.key);
        }
        const auto &keys = filterKeys();
        const FilterKey &key = *std::find_if(keys.begin(), keys.end(), [&](const FilterKey &entry) { return entry.name == term.key; });
        const auto found = std::find(key.values.begin(), key.values.end(), lower(value));
        if (found == key.values.end())
            return problem(term, tr("{} is never \"{}\"", term.key, firstCodePoints(value, 40)), tr("It can be {}.", fmt::join(key.values, ", ")));
        const auto place = static_cast<int>(found - key.values.begin());
        if (term.key == "status")
            return fmt::format("r.status = {}", place);
        if (term.key == "split")
            return fmt::format("r.split = {}", place);
        if (term.key == "finding") {
            m_filter.needsContent = true;
            return fmt::format("({} & {} <> 0 AND r.status <> {})", m_flags, flagBit(static_cast<RecordFlag>(place)), static_cast<int>(RecordStatus::Rejected));
        }
        return std::string(kHas[place].sql);
    }

    static std::optional<double> numberIn(std::string_view text)
    {
        double number = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
        return code == std::errc() && end == text.data() + text.size() && number == number ? std::optional(number) : std::nullopt;
    }

    Result<> addNumber(const Term &term, std::string_view column)
    {
        if (term.value.empty())
            return {}; // still being typed
        const std::size_t dots = term.value.find("..");
        const bool isRange = dots != std::string::npos && (term.sign == ":" || term.sign == "=");
        const auto first = numberIn(std::string_view(term.value).substr(0, isRange ? dots : std::string::npos));
        const auto last = isRange ? numberIn(std::string_view(term.value).substr(dots + 2)) : first;
        if (!first || !last)
            return problem(term, tr("\"{}\" is not a number", firstCodePoints(term.value, 40)), tr("Write {0}>512, {0}<=20 or {0}:100..200.", term.key));
        m_filter.needsContent = m_filter.needsContent || looksIntoContent(column);
        m_filter.values.emplace_back(*first);
        if (isRange) {
            m_filter.values.emplace_back(*last);
            push(term, fmt::format("({0} >= ? AND {0} <= ?)", column));
        } else {
            push(term, fmt::format("{} {} ?", column, term.sign == ":" ? "=" : term.sign));
        }
        return {};
    }

    Result<> addWords(const Term &term)
    {
        std::string query;
        if (!term.isQuoted) {
            query = fullTextQuery(term.value);
        } else if (std::string words = fullTextQuery(term.value); !words.empty()) {
            query = "\"";
            for (const char c : term.value)
                query += c == '\0' ? std::string() : c == '"' ? std::string("\"\"") : std::string(1, c);
            query += '"';
        }
        if (query.empty())
            return {};
        if (!term.isNegated)
            m_filter.words.push_back(term.value);
        (term.isNegated ? m_filter.mustNotMatch : m_filter.mustMatch).push_back(std::move(query));
        return {};
    }

    // What is unknown (no length yet, no loss) fulfils no condition, so it fulfils every opposite.
    void push(const Term &term, const std::string &condition)
    {
        m_filter.conditions.push_back(term.isNegated ? fmt::format("NOT coalesce({}, 0)", condition) : condition);
    }

    std::string_view m_flags;
    CompiledFilter m_filter;
};

} // namespace

Result<CompiledFilter> compileFilter(std::string_view query, std::string_view flags)
{
    return Compiler(flags).compile(query);
}

std::string fullTextQuery(std::string_view text)
{
    std::string query;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
        std::string word;
        bool hasToken = false;
        for (const char c : text.substr(begin, end - begin)) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte == 0)
                continue; // would end the query
            hasToken = hasToken || byte >= 0x80 || std::isalnum(byte) != 0;
            word += c;
            if (c == '"')
                word += '"';
        }
        if (hasToken)
            query += fmt::format("{}\"{}\"*", query.empty() ? "" : " ", word);
        begin = end + 1;
    }
    return query;
}

const std::vector<FilterKey> &filterKeys()
{
    static const std::vector<FilterKey> keys = [] {
        std::vector<FilterKey> list = {
            {"tag", ":", {}},
            {"status", ":", {"new", "edited", "approved", "rejected"}}, // in the order of RecordStatus
            {"split", ":", {"none", "train", "held-out", "test"}},      // in the order of Split
            {"finding", ":", {}},
            {"has", ":", {}},
            {"length", ">", {}}, {"loss", ">", {}}, {"base", ">", {}}, {"rating", ">", {}}, {"turns", ">", {}}, {"no", ":", {}},
            {"source", ":", {}}, {"note", ":", {}},
        };
        for (int i = 0; i < kRecordFlags; ++i)
            list[3].values.push_back(nameOf(static_cast<RecordFlag>(i)));
        for (const Named &named : kHas)
            list[4].values.push_back(named.name);
        return list;
    }();
    return keys;
}

} // namespace fettle::data
