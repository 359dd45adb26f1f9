// Filters as SQL. All values are bound or are numbers of our own enums.
#include "core/data/recordquery.h"

#include "core/base/words.h"
#include "core/data/autopsy.h"
#include "core/data/filterlanguage.h"
#include "core/data/recordstate.h"
#include "core/data/textorder.h"
#include "core/data/textsearch.h"
#include "core/store/schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fettle::data {

namespace {

template <class Enum>
std::string numbersOf(const std::vector<Enum> &values)
{
    std::vector<int> numbers;
    for (const Enum value : values)
        numbers.push_back(static_cast<int>(value));
    return fmt::format("({})", fmt::join(numbers, ","));
}

std::string orderOf(RecordSort sort)
{
    switch (sort) {
    case RecordSort::Number: return "r.id";
    case RecordSort::Instruction: return "c.instruction";
    case RecordSort::Response: return "c.response";
    case RecordSort::Tokens: return "c.tokens";
    case RecordSort::Loss: return "r.loss";
    case RecordSort::Status: return "r.status";
    case RecordSort::Split: return "r.split";
    case RecordSort::Updated: return "r.updated";
    }
    return "r.id";
}

bool isOfText(RecordSort sort)
{
    return sort == RecordSort::Instruction || sort == RecordSort::Response;
}

// ORDER BY; empty for texts, which are put in order by TextOrder.
std::string orderClause(const RecordFilter &filter)
{
    if (isOfText(filter.sort))
        return {};
    const char *direction = filter.descending ? " DESC" : "";
    std::string clause = fmt::format(" ORDER BY {}{}", orderOf(filter.sort), direction);
    if (filter.sort == RecordSort::Tokens || filter.sort == RecordSort::Loss)
        clause += " NULLS LAST";
    if (filter.sort != RecordSort::Number)
        clause += fmt::format(", r.id{}", direction);
    return clause;
}

// Of a statement whose columns are the record, its content, and the beginning of the text.
Result<std::vector<RecordId>> readInTextOrder(const store::Database &database, store::Statement &statement, const RecordFilter &filter)
{
    TextOrder order;
    for (;;) {
        const auto hasRow = statement.step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        order.add({statement.integer(0)}, statement.integer(1), statement.view(2));
    }
    auto select = database.prepare(fmt::format("SELECT {} FROM content c WHERE id = ?", orderOf(filter.sort)));
    if (!select)
        return passError(select);
    return order.take(filter.descending, [&](std::int64_t content) -> Result<std::string> {
        select->reset();
        const auto hasRow = select->bind(content).step();
        if (!hasRow)
            return passError(hasRow);
        return *hasRow ? select->text(0) : std::string();
    });
}

std::vector<RecordFlag> flagsOf(std::int64_t bits)
{
    std::vector<RecordFlag> flags;
    for (int i = 0; i < kRecordFlags; ++i) {
        if ((bits >> i & 1) != 0)
            flags.push_back(static_cast<RecordFlag>(i));
    }
    return flags;
}

// The same for one source (bound four times), four times as fast as making the name of each record.
constexpr std::string_view kIsFromSource =
    "CASE WHEN instr(r.source, ', ') = 0 THEN r.source = ? ELSE substr(r.source, 1, length(?) + 1) = ? || ',' AND instr(substr(r.source, length(?) + 2), ',') = 0 END";

std::string marksFor(const std::vector<std::string> &values)
{
    return fmt::format("({})", fmt::join(std::vector<std::string_view>(values.size(), "?"), ","));
}

Result<> readGroups(const store::Database &database, const std::string &sql, std::map<std::string, std::int64_t> &counts)
{
    auto groups = database.prepare(sql);
    if (!groups)
        return passError(groups);
    for (;;) {
        const auto hasRow = groups->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return {};
        counts[groups->text(0)] = groups->integer(1);
    }
}

} // namespace

Result<std::string> flagsExpression(const store::Database &database)
{
    const auto limit = store::readValue(database, "lengthLimit");
    if (!limit)
        return passError(limit);
    std::int64_t tokens = 0;
    if (*limit)
        std::from_chars((*limit)->data(), (*limit)->data() + (*limit)->size(), tokens);
    std::string flags = "(r.flags | c.flags";
    const auto add = [&](std::string_view condition, RecordFlag flag) { flags += fmt::format(" | (CASE WHEN {} THEN {} ELSE 0 END)", condition, flagBit(flag)); };
    if (tokens > 0) {
        add(fmt::format("c.tokens > {}", tokens), RecordFlag::TooLong);
        // answerAt: the place of the answer's first token. One that begins at the limit or behind it is cut away whole.
        add(fmt::format("c.answerAt >= {}", tokens), RecordFlag::AnswerCut);
    }
    const auto autopsy = store::readValue(database, "autopsyLimits");
    if (!autopsy)
        return passError(autopsy);
    if (const auto limits = autopsyLimitsFrom(autopsy->value_or(std::string()))) {
        add(fmt::format("c.baseLoss < {}", limits->known), RecordFlag::KnownAlready);
        if (std::isfinite(limits->surprising))
            add(fmt::format("c.baseLoss > {}", limits->surprising), RecordFlag::Surprising);
        if (std::isfinite(limits->odd))
            add(fmt::format("c.questionLoss > {}", limits->odd), RecordFlag::OddWording);
    }
    return flags + ")";
}

Result<std::vector<RecordId>> readIds(store::Statement &statement)
{
    std::vector<RecordId> ids;
    for (;;) {
        const auto hasRow = statement.step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return ids;
        ids.push_back({statement.integer(0)});
    }
}

Result<std::vector<RecordId>> findRecords(const store::Database &database, const RecordFilter &filter)
{
    std::vector<std::string> conditions;
    if (!filter.statuses.empty())
        conditions.push_back("r.status IN " + numbersOf(filter.statuses));
    if (!filter.splits.empty())
        conditions.push_back("r.split IN " + numbersOf(filter.splits));
    if (!filter.tags.empty())
        conditions.push_back("r.id IN (SELECT record FROM recordTag WHERE tag IN " + marksFor(filter.tags) + ")");
    if (!filter.sources.empty()) {
        const std::vector<std::string_view> each(filter.sources.size(), kIsFromSource);
        conditions.push_back(fmt::format("({})", fmt::join(each, " OR ")));
    }
    bool needsContent = isOfText(filter.sort) || filter.sort == RecordSort::Tokens;
    const auto flags = flagsExpression(database);
    if (!flags)
        return passError(flags);
    auto compiled = compileFilter(filter.query, *flags);
    if (!compiled)
        return passError(compiled);
    needsContent = needsContent || compiled->needsContent;
    if (std::string query = fullTextQuery(filter.text); !query.empty())
        compiled->mustMatch.push_back(std::move(query));
    const auto texts = findTexts(database, compiled->mustMatch, compiled->mustNotMatch);
    if (!texts)
        return passError(texts);
    if (filter.flag) {
        conditions.push_back(fmt::format("{} & {} <> 0 AND r.status <> {}", *flags, flagBit(*filter.flag), static_cast<int>(RecordStatus::Rejected)));
        needsContent = true;
    }
    conditions.insert(conditions.end(), compiled->conditions.begin(), compiled->conditions.end());
    if (!texts->sql.empty())
        conditions.push_back(texts->sql);
    std::string sql = isOfText(filter.sort) ? fmt::format("SELECT r.id, r.content, substr({}, 1, {}) FROM record r", orderOf(filter.sort), TextOrder::kBeginning) : "SELECT r.id FROM record r";
    if (needsContent)
        sql += kJoinContent;
    if (!conditions.empty())
        sql += fmt::format(" WHERE {}", fmt::join(conditions, " AND "));
    sql += orderClause(filter);

    auto statement = database.prepare(sql);
    if (!statement)
        return passError(statement);
    for (const std::string &tag : filter.tags)
        statement->bind(tag);
    for (const std::string &source : filter.sources)
        statement->bind(source).bind(source).bind(source).bind(source);
    for (const FilterValue &value : compiled->values)
        std::visit([&](const auto &bound) { statement->bind(bound); }, value);
    if (texts->isSet)
        statement->bindBytes(texts->found);
    else if (!texts->sql.empty())
        statement->bind(texts->found);
    return isOfText(filter.sort) ? readInTextOrder(database, *statement, filter) : readIds(*statement);
}

Result<std::vector<RecordRow>> readRows(const store::Database &database, const std::vector<RecordId> &ids)
{
    const auto flags = flagsExpression(database);
    if (!flags)
        return passError(flags);
    auto statement = database.prepare(fmt::format("SELECT c.instruction, c.response, r.status, r.split, c.turnCount, c.tokens, r.loss, {}, substr(d.text, 1, 200) "
                                                  "FROM record r JOIN content c ON c.id = r.content LEFT JOIN openDraft d ON d.record = r.id WHERE r.id = ?",
                                                  *flags));
    if (!statement)
        return passError(statement);
    std::vector<RecordRow> rows;
    rows.reserve(ids.size());
    for (const RecordId id : ids) {
        statement->reset();
        const auto hasRow = statement->bind(id.value).step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            continue;
        RecordRow row;
        row.id = id;
        row.instruction = statement->text(0);
        row.response = statement->text(1);
        row.status = static_cast<RecordStatus>(std::clamp<std::int64_t>(statement->integer(2), 0, 3));
        row.split = static_cast<Split>(std::clamp<std::int64_t>(statement->integer(3), 0, 3));
        row.turns = static_cast<int>(statement->integer(4));
        row.tokens = statement->optionalInteger(5);
        row.loss = statement->optionalReal(6);
        row.flags = flagsOf(statement->integer(7));
        row.draft = statement->text(8);
        std::replace_if(row.draft.begin(), row.draft.end(), [](unsigned char c) { return c < 0x20; }, ' ');
        auto tags = readTags(database, id);
        if (!tags)
            return passError(tags);
        row.tags = std::move(*tags);
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<RecordCounts> countRecords(const store::Database &database)
{
    const auto flags = flagsExpression(database);
    if (!flags)
        return passError(flags);
    RecordCounts counts;
    for (const auto status : {RecordStatus::New, RecordStatus::Edited, RecordStatus::Approved, RecordStatus::Rejected})
        counts.byStatus[status] = 0;
    for (const auto split : {Split::Unassigned, Split::Train, Split::HeldOut, Split::Test})
        counts.bySplit[split] = 0;
    for (int i = 0; i < kRecordFlags; ++i)
        counts.byFlag[static_cast<RecordFlag>(i)] = 0;

    auto groups = database.prepare(fmt::format("SELECT r.status, r.split, {} AS f, count(*) FROM record r{} GROUP BY 1, 2, 3", *flags, kJoinContent));
    if (!groups)
        return passError(groups);
    for (;;) {
        const auto hasRow = groups->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        const auto status = static_cast<RecordStatus>(std::clamp<std::int64_t>(groups->integer(0), 0, 3));
        const std::int64_t count = groups->integer(3);
        counts.all += count;
        counts.byStatus[status] += count;
        counts.bySplit[static_cast<Split>(std::clamp<std::int64_t>(groups->integer(1), 0, 3))] += count;
        if (status == RecordStatus::Rejected)
            continue;
        for (const RecordFlag flag : flagsOf(groups->integer(2)))
            counts.byFlag[flag] += count;
    }
    const auto drafts = database.integer("SELECT count(*) FROM openDraft");
    if (!drafts)
        return passError(drafts);
    counts.drafts = *drafts;
    const auto autopsy = store::readValue(database, "autopsyModel");
    if (!autopsy)
        return passError(autopsy);
    counts.autopsyModel = autopsy->value_or(std::string());
    if (!counts.autopsyModel.empty()) {
        const auto known = database.integer(fmt::format("SELECT count(*) FROM record r{} WHERE c.baseLoss IS NOT NULL", kJoinContent));
        if (!known)
            return passError(known);
        counts.autopsied = *known;
    }
    auto lengths = database.prepare(fmt::format("SELECT c.tokens, count(*) FROM record r{} WHERE c.tokens IS NOT NULL AND r.status <> {} GROUP BY 1", kJoinContent,
                                                static_cast<int>(RecordStatus::Rejected)));
    if (!lengths)
        return passError(lengths);
    for (;;) {
        const auto hasRow = lengths->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        counts.byLength[lengths->integer(0)] = lengths->integer(1);
    }
    if (auto read = readGroups(database, "SELECT tag, count(DISTINCT record) FROM recordTag GROUP BY tag", counts.byTag); !read)
        return passError(read);
    if (auto read = readGroups(database, fmt::format("SELECT {}, count(*) FROM record r GROUP BY 1", kSourceOfRecord), counts.bySource); !read)
        return passError(read);
    return counts;
}

} // namespace fettle::data
