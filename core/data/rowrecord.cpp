// Building a record from the columns of a row whose shape is known.
#include "core/base/words.h"
#include "core/data/rowshape.h"

#include "core/base/utf8.h"
#include "core/data/conversation.h"
#include "core/data/textchecks.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data {

namespace {

const JsonValue *valueOf(const JsonValue &row, const RowPlan &plan, const char *field)
{
    const auto column = plan.mapping.find(field);
    return column == plan.mapping.end() ? nullptr : row.find(column->second);
}

// A list or text of words, parted by commas or semicolons.
std::vector<std::string> tagsFrom(const JsonValue &value)
{
    std::vector<std::string> tags;
    const auto add = [&](std::string_view text) {
        const auto begin = text.find_first_not_of(" \t\r\n");
        if (begin == std::string_view::npos)
            return;
        std::string tag(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
        if (std::find(tags.begin(), tags.end(), tag) == tags.end())
            tags.push_back(std::move(tag));
    };
    if (value.kind == JsonValue::Kind::Array) {
        for (const JsonValue &item : value.items) {
            if (item.isScalar())
                add(item.text);
        }
        return tags;
    }
    // A list that was written into the cell of a table.
    if (JsonValue list; value.text.substr(0, 1) == "[") {
        JsonReader reader(value.text);
        const bool isList = !reader.readValue(list) && !reader.expectEnd() && std::all_of(list.items.begin(), list.items.end(), [](const JsonValue &item) { return item.kind == JsonValue::Kind::String; });
        if (isList)
            return tagsFrom(list);
    }
    std::string_view rest = value.text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find_first_of(",;"), rest.size());
        add(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return tags;
}

std::optional<Split> splitFrom(std::string_view text)
{
    const std::string key = columnKey(text);
    if (key.empty())
        return Split::Unassigned;
    if (key == "train" || key == "training")
        return Split::Train;
    if (key == "heldout" || key == "validation" || key == "valid" || key == "val" || key == "dev" || key == "eval" || key == "evaluation")
        return Split::HeldOut;
    if (key == "test" || key == "testing")
        return Split::Test;
    return std::nullopt;
}

RowOutcome reject(std::string field, std::string reason)
{
    RowOutcome outcome;
    outcome.field = std::move(field);
    outcome.reason = std::move(reason);
    return outcome;
}

// A conversation with a context of its own. Files for other programs also join it to the first question, where it is then taken off.
void takeContext(const JsonValue &row, const RowPlan &plan, RowOutcome &outcome)
{
    const JsonValue *value = valueOf(row, plan, "context");
    if (value == nullptr || !value->isScalar() || value->text.empty())
        return;
    Record &record = *outcome.record;
    record.context = value->text;
    const auto question = std::find_if(record.turns.begin(), record.turns.end(), [](const Turn &turn) { return turn.role == Role::User; });
    const std::string joined = ContextJoin{}.separator + record.context;
    if (question == record.turns.end() || question->text.size() < joined.size() || question->text.compare(question->text.size() - joined.size(), joined.size(), joined) != 0)
        return;
    question->text.resize(question->text.size() - joined.size());
    outcome.notices.emplace_back("joinedContext");
}

void readExtras(const JsonValue &row, const RowPlan &plan, RowOutcome &outcome)
{
    Record &record = *outcome.record;
    if (const JsonValue *value = valueOf(row, plan, "tags"))
        record.tags = tagsFrom(*value);
    if (const JsonValue *value = valueOf(row, plan, "note"); value != nullptr && value->isScalar())
        record.note = value->text;
    if (const JsonValue *value = valueOf(row, plan, "split"); value != nullptr && value->isScalar()) {
        const auto split = splitFrom(value->text);
        record.split = split.value_or(Split::Unassigned);
        if (!split)
            outcome.notices.emplace_back("unknownSplit");
    }
    if (const JsonValue *value = valueOf(row, plan, "rating"); value != nullptr && value->isScalar() && !value->text.empty()) {
        const bool isRating = value->text.size() == 1 && value->text[0] >= '0' && value->text[0] <= '5';
        record.rating = isRating ? value->text[0] - '0' : 0;
        if (!isRating)
            outcome.notices.emplace_back("unknownRating");
    }
    if (const JsonValue *value = valueOf(row, plan, "status"); value != nullptr && value->isScalar() && !value->text.empty()) {
        bool isStatus = false;
        for (const auto status : {RecordStatus::New, RecordStatus::Edited, RecordStatus::Approved, RecordStatus::Rejected}) {
            if (value->text != nameOf(status))
                continue;
            record.status = status;
            isStatus = true;
        }
        if (!isStatus)
            outcome.notices.emplace_back("unknownStatus");
    }
    if (plan.mapping.contains("messages"))
        takeContext(row, plan, outcome);
}

// Earlier questions and answers as LLaMA-Factory's Alpaca files hold them: [["question", "answer"], ...].
std::string readHistory(const JsonValue &history, std::vector<Turn> &turns)
{
    if (history.kind == JsonValue::Kind::Null)
        return {};
    if (history.kind != JsonValue::Kind::Array)
        return tr("is not a list of questions and answers");
    for (const JsonValue &exchange : history.items) {
        if (exchange.kind != JsonValue::Kind::Array || exchange.items.size() != 2 || exchange.items[0].kind != JsonValue::Kind::String
            || exchange.items[1].kind != JsonValue::Kind::String)
            return tr("is not a list of questions and answers");
        turns.push_back({Role::User, exchange.items[0].text, {}});
        turns.push_back({Role::Assistant, exchange.items[1].text, {}});
    }
    return {};
}

// Text of a mapped field. Empty with isMissing where the row lacks the column.
struct FieldText {
    std::string text;
    std::string problem;
    bool isMissing = false;
    bool isNumber = false;
};

FieldText textOf(const JsonValue &row, const RowPlan &plan, const char *field)
{
    const JsonValue *value = valueOf(row, plan, field);
    if (value == nullptr)
        return {{}, {}, true, false};
    if (!value->isScalar())
        return {{}, value->kind == JsonValue::Kind::Array ? tr("a list is not text") : tr("an object is not text"), false, false};
    return {value->text, {}, false, value->kind == JsonValue::Kind::Number || value->kind == JsonValue::Kind::Boolean};
}

std::string columnOf(const RowPlan &plan, const char *field)
{
    const auto found = plan.mapping.find(field);
    return found == plan.mapping.end() ? field : found->second;
}

RowOutcome pairFromRow(const JsonValue &row, const RowPlan &plan)
{
    RowOutcome outcome;
    FieldText texts[4];
    constexpr const char *kFields[4] = {"instruction", "context", "response", "system"};
    for (std::size_t i = 0; i < 4; ++i) {
        texts[i] = textOf(row, plan, kFields[i]);
        if (!texts[i].problem.empty())
            return reject(columnOf(plan, kFields[i]), texts[i].problem);
        if (texts[i].isNumber)
            outcome.notices.emplace_back("numberAsText");
    }
    auto &[instruction, context, response, system] = texts;
    if (instruction.isMissing)
        return reject(columnOf(plan, "instruction"), tr("the field is missing"));
    if (response.isMissing && plan.mapping.contains("response"))
        return reject(columnOf(plan, "response"), tr("the field is missing"));
    Record record;
    if (!system.text.empty())
        record.turns.push_back({Role::System, std::move(system.text), {}});
    if (const JsonValue *history = valueOf(row, plan, "history")) {
        if (const std::string problem = readHistory(*history, record.turns); !problem.empty())
            return reject(columnOf(plan, "history"), problem);
    }
    record.turns.push_back({Role::User, std::move(instruction.text), {}});
    record.turns.push_back({Role::Assistant, std::move(response.text), {}});
    record.context = std::move(context.text);
    outcome.record = std::move(record);
    return outcome;
}

// Text that is no UTF-8 makes the whole row unusable; names the first field that holds it.
std::string badField(const Record &record, const RowPlan &plan)
{
    const bool isTable = plan.mapping.contains("instruction");
    for (const Turn &turn : record.turns) {
        if (isValidUtf8(turn.text) && isValidUtf8(turn.extraJson))
            continue;
        if (isTable && (turn.role == Role::User || turn.role == Role::Assistant))
            return columnOf(plan, turn.role == Role::User ? "instruction" : "response");
        return std::string(nameOf(turn.role));
    }
    if (!isValidUtf8(record.context))
        return columnOf(plan, "context");
    if (!isValidUtf8(record.note))
        return "note";
    if (!isValidUtf8(record.toolsJson))
        return "tools";
    for (const std::string &tag : record.tags) {
        if (!isValidUtf8(tag))
            return "tags";
    }
    return {};
}

} // namespace

RowOutcome recordFromRow(const JsonValue &row, const RowPlan &plan, std::string_view file)
{
    RowOutcome outcome;
    const bool isList = row.kind == JsonValue::Kind::Array;
    if (isList || plan.mapping.contains("messages")) {
        outcome = conversationFromRow(row, plan, file);
    } else if (row.kind == JsonValue::Kind::Object && plan.mapping.contains("tree")) {
        outcome = recordsFromTree(row, plan);
    } else if (row.kind == JsonValue::Kind::Object && plan.mapping.contains("instances")) {
        outcome = recordsFromInstances(row, plan);
    } else if (row.kind != JsonValue::Kind::Object) {
        return reject({}, tr("{} is not a record", row.kind == JsonValue::Kind::Null ? "null" : fmt::format("\"{}\"", firstCodePoints(row.text, 40))));
    } else if (!plan.mapping.contains("instruction")) {
        return reject({}, tr("no column is known to hold the instruction"));
    } else {
        outcome = pairFromRow(row, plan);
    }
    if (!outcome.record)
        return outcome;
    readExtras(row, plan, outcome);
    for (Record &record : outcome.more) {
        record.tags = outcome.record->tags;
        record.note = outcome.record->note;
        record.split = outcome.record->split;
    }
    const auto check = [&](const Record &record) {
        if (isBlank(responseOf(record)))
            outcome.notices.emplace_back("emptyResponse");
        if (isBlank(instructionOf(record)))
            outcome.notices.emplace_back("emptyInstruction");
        return badField(record, plan);
    };
    std::string field = check(*outcome.record);
    for (std::size_t i = 0; i < outcome.more.size() && field.empty(); ++i)
        field = check(outcome.more[i]);
    return field.empty() ? outcome : reject(field, tr("holds bytes that are no text in this encoding"));
}

} // namespace fettle::data
