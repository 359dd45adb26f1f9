#include "core/data/textsearch.h"

#include "core/data/wordindex.h"
#include "core/store/database.h"
#include "core/store/idset.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

namespace fettle::data {

namespace {

constexpr std::size_t kFewContents = 4000; // fewer are found by the index, more by going through all records once

void keepCommon(std::string &set, const std::string &other)
{
    set.resize(std::min(set.size(), other.size()));
    for (std::size_t i = 0; i < set.size(); ++i)
        set[i] = static_cast<char>(set[i] & other[i]);
}

void join(std::string &set, const std::string &other)
{
    set.resize(std::max(set.size(), other.size()));
    for (std::size_t i = 0; i < other.size(); ++i)
        set[i] = static_cast<char>(set[i] | other[i]);
}

void takeOut(std::string &set, const std::string &other)
{
    for (std::size_t i = 0; i < std::min(set.size(), other.size()); ++i)
        set[i] = static_cast<char>(set[i] & ~other[i]);
}

std::size_t countOf(const std::string &set)
{
    std::size_t count = 0;
    for (const char byte : set)
        count += static_cast<std::size_t>(std::popcount(static_cast<unsigned char>(byte)));
    return count;
}

std::vector<std::int64_t> idsOf(const std::string &set)
{
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < set.size(); ++i) {
        for (int bit = 0; set[i] != 0 && bit < 8; ++bit) {
            const auto id = static_cast<std::int64_t>(i) * 8 + bit;
            if (store::hasId(set, id))
                ids.push_back(id);
        }
    }
    return ids;
}

std::string anyOf(const std::vector<std::string> &queries, std::string_view by)
{
    return fmt::format("(({}))", fmt::join(queries, fmt::format("){}(", by)));
}

Result<std::string> match(const store::Database &database, const std::string &query, std::int64_t largest)
{
    auto statement = database.prepare("SELECT rowid FROM contentText WHERE contentText MATCH ?");
    if (!statement)
        return passError(statement);
    statement->bind(query);
    std::string found;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return found;
        if (statement->integer(0) <= largest) // a damaged index may name what is not there
            store::addId(found, statement->integer(0));
    }
}

// The sets of the queries that are one plain word; the others are given back.
template <class Take>
Result<std::vector<std::string>> takePlain(const store::Database &database, const std::vector<std::string> &queries, std::int64_t largest, bool canRead, const Take &take)
{
    std::vector<std::string> left;
    for (const std::string &query : queries) {
        const auto word = canRead ? plainBeginning(query) : std::nullopt;
        auto found = word ? contentsWithBeginning(database, *word, largest) : Result<std::optional<std::string>>(std::nullopt);
        if (!found)
            return passError(found);
        if (*found)
            take(std::move(**found));
        else
            left.push_back(query);
    }
    return left;
}

} // namespace

Result<TextCondition> findTexts(const store::Database &database, const std::vector<std::string> &mustMatch, const std::vector<std::string> &mustNotMatch)
{
    if (mustMatch.empty() && mustNotMatch.empty())
        return TextCondition{};
    // Within a change, FTS5 alone knows what is not yet in its pages.
    const bool canRead = !database.isInTransaction();
    std::optional<store::Transaction> oneState;
    if (canRead) {
        auto begun = store::Transaction::begin(database, store::TransactionKind::Read);
        if (!begun)
            return passError(begun);
        oneState.emplace(std::move(*begun));
    }
    const auto largest = database.integer("SELECT coalesce(max(id), 0) FROM content");
    if (!largest)
        return passError(largest);
    std::optional<std::string> found; // nothing yet: all
    std::string avoided;
    const auto narrow = [&found](std::string set) { found ? keepCommon(*found, set) : static_cast<void>(found = std::move(set)); };
    const auto must = takePlain(database, mustMatch, *largest, canRead, narrow);
    if (!must)
        return passError(must);
    const auto mustNot = takePlain(database, mustNotMatch, *largest, canRead, [&avoided](const std::string &set) { join(avoided, set); });
    if (!mustNot)
        return passError(mustNot);
    if (!must->empty()) {
        auto set = match(database, anyOf(*must, " AND "), *largest);
        if (!set)
            return passError(set);
        narrow(std::move(*set));
    }
    if (!mustNot->empty()) {
        const auto set = match(database, anyOf(*mustNot, " OR "), *largest);
        if (!set)
            return passError(set);
        join(avoided, *set);
    }
    if (!found)
        return TextCondition{"NOT hasId(?, r.content)", std::move(avoided), true};
    takeOut(*found, avoided);
    if (countOf(*found) <= kFewContents)
        return TextCondition{"r.content IN (SELECT value FROM json_each(?))", fmt::format("[{}]", fmt::join(idsOf(*found), ",")), false};
    return TextCondition{"hasId(?, r.content)", std::move(*found), true};
}

} // namespace fettle::data
