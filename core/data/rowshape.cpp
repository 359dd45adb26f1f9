// Recognising shapes by the names of columns, and building pairs.
#include "core/data/rowshape.h"

#include "core/base/utf8.h"
#include "core/data/conversation.h"
#include "core/data/textchecks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>
#include <span>

namespace fettle::data {

namespace {

using Names = std::span<const std::string_view>;

// In the order in which they are preferred; spelled as columnKey() gives them.
constexpr std::array<std::string_view, 10> kInstruction = {"instruction", "instructions", "prompt", "question", "query", "user", "human", "usermessage", "request", "input"};
constexpr std::array<std::string_view, 6> kContext = {"context", "input", "contexts", "passage", "background", "document"};
constexpr std::array<std::string_view, 9> kResponse = {"response", "output", "answer", "completion", "reply", "target", "assistant", "assistantmessage", "solution"};
constexpr std::array<std::string_view, 3> kSystem = {"system", "systemprompt", "systemmessage"};
constexpr std::array<std::string_view, 4> kTags = {"tags", "tag", "category", "categories"};
constexpr std::array<std::string_view, 1> kSplit = {"split"};
constexpr std::array<std::string_view, 2> kNote = {"note", "notes"};
constexpr std::array<std::string_view, 1> kTools = {"tools"};
constexpr std::array<std::string_view, 1> kHistory = {"history"};
constexpr std::array<std::string_view, 6> kMessages = {"messages", "conversations", "conversation", "dialog", "dialogue", "chat"};

std::optional<std::string> pick(const std::vector<std::string> &columns, Names names, std::set<std::string> &used)
{
    for (const std::string_view name : names) {
        for (const std::string &column : columns) {
            if (columnKey(column) == name && !used.contains(column)) {
                used.insert(column);
                return column;
            }
        }
    }
    return std::nullopt;
}

void pickInto(RowPlan &plan, const char *field, const std::vector<std::string> &columns, Names names, std::set<std::string> &used)
{
    if (auto column = pick(columns, names, used))
        plan.mapping[field] = std::move(*column);
}

std::string shapeOf(const RowPlan &plan)
{
    const auto key = [&](const char *field) {
        const auto found = plan.mapping.find(field);
        return found == plan.mapping.end() ? std::string() : columnKey(found->second);
    };
    if (key("instruction") == "instruction" && key("context") == "context" && key("response") == "response")
        return "dolly";
    if (key("instruction") == "instruction" && !key("response").empty())
        return "alpaca";
    if (key("instruction") == "prompt" && !key("response").empty())
        return "prompt-completion";
    if (key("instruction") == "question" && key("response") == "answer")
        return "question-answer";
    return "columns";
}

std::vector<std::string> namesOf(const JsonValue &row)
{
    std::vector<std::string> names;
    for (const auto &[name, value] : row.members) {
        if (std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    }
    return names;
}

void pickExtras(RowPlan &plan, const std::vector<std::string> &columns, std::set<std::string> &used)
{
    pickInto(plan, "system", columns, kSystem, used);
    pickInto(plan, "tags", columns, kTags, used);
    pickInto(plan, "split", columns, kSplit, used);
    pickInto(plan, "note", columns, kNote, used);
    pickInto(plan, "tools", columns, kTools, used);
}

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
}

// Earlier questions and answers as LLaMA-Factory's Alpaca files hold them: [["question", "answer"], ...].
std::string readHistory(const JsonValue &history, std::vector<Turn> &turns)
{
    if (history.kind == JsonValue::Kind::Null)
        return {};
    if (history.kind != JsonValue::Kind::Array)
        return "is not a list of questions and answers";
    for (const JsonValue &exchange : history.items) {
        if (exchange.kind != JsonValue::Kind::Array || exchange.items.size() != 2 || exchange.items[0].kind != JsonValue::Kind::String
            || exchange.items[1].kind != JsonValue::Kind::String)
            return "is not a list of questions and answers";
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
        return {{}, value->kind == JsonValue::Kind::Array ? "a list is not text" : "an object is not text", false, false};
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
        return reject(columnOf(plan, "instruction"), "the field is missing");
    if (response.isMissing && plan.mapping.contains("response"))
        return reject(columnOf(plan, "response"), "the field is missing");
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
std::string badField(const Record &record)
{
    for (const Turn &turn : record.turns) {
        if (!isValidUtf8(turn.text) || !isValidUtf8(turn.extraJson))
            return std::string(nameOf(turn.role));
    }
    if (!isValidUtf8(record.context))
        return "context";
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

std::string columnKey(std::string_view name)
{
    std::string key;
    for (const char c : name) {
        if (c != ' ' && c != '_' && c != '-')
            key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return key;
}

std::optional<RowPlan> recogniseColumns(const std::vector<std::string> &columns)
{
    RowPlan plan;
    std::set<std::string> used;
    pickInto(plan, "instruction", columns, kInstruction, used);
    if (!plan.mapping.contains("instruction"))
        return std::nullopt;
    pickInto(plan, "response", columns, kResponse, used);
    pickInto(plan, "context", columns, kContext, used);
    pickExtras(plan, columns, used);
    pickInto(plan, "history", columns, kHistory, used);
    plan.shape = shapeOf(plan);
    return plan;
}

std::optional<RowPlan> recogniseRow(const JsonValue &row)
{
    if (row.kind == JsonValue::Kind::Array) {
        const std::string shape = conversationShape(row);
        return shape.empty() ? std::nullopt : std::optional(RowPlan{shape, {}});
    }
    if (row.kind != JsonValue::Kind::Object)
        return std::nullopt;
    const std::vector<std::string> columns = namesOf(row);
    for (const std::string_view name : kMessages) {
        for (const std::string &column : columns) {
            const std::string shape = columnKey(column) == name ? conversationShape(*row.find(column)) : std::string();
            if (shape.empty())
                continue;
            RowPlan plan{shape, {{"messages", column}}};
            std::set<std::string> used{column};
            pickExtras(plan, columns, used);
            return plan;
        }
    }
    // A prompt and a completion may be lists of messages too.
    const JsonValue *prompt = row.find("prompt");
    const JsonValue *completion = row.find("completion");
    if (prompt != nullptr && completion != nullptr && !conversationShape(*prompt).empty()) {
        RowPlan plan{"prompt-completion", {{"messages", "prompt"}, {"completion", "completion"}}};
        std::set<std::string> used{"prompt", "completion"};
        pickExtras(plan, columns, used);
        return plan;
    }
    auto plan = recogniseColumns(columns);
    // A tree or a list under a familiar name is another shape, which is not known here.
    return plan && row.find(plan->mapping.at("instruction"))->isScalar() ? plan : std::nullopt;
}

RowPlan withMapping(std::optional<RowPlan> plan, const std::map<std::string, std::string> &mapping)
{
    RowPlan result = plan.value_or(RowPlan{"columns", {}});
    if (mapping.empty())
        return result;
    result.shape = "columns";
    // Fields that the user named leave the conversation shapes; a column that was given a field serves no other one.
    if (mapping.contains("instruction") || mapping.contains("response")) {
        result.mapping.erase("messages");
        result.mapping.erase("completion");
    }
    for (const auto &[field, column] : mapping) {
        std::erase_if(result.mapping, [&](const auto &entry) { return entry.second == column && !mapping.contains(entry.first); });
        if (column.empty())
            result.mapping.erase(field);
        else
            result.mapping[field] = column;
    }
    return result;
}

RowOutcome recordFromRow(const JsonValue &row, const RowPlan &plan, std::string_view file)
{
    RowOutcome outcome;
    const bool isList = row.kind == JsonValue::Kind::Array;
    if (isList || plan.mapping.contains("messages")) {
        outcome = conversationFromRow(row, plan, file);
    } else if (row.kind != JsonValue::Kind::Object) {
        return reject({}, fmt::format("{} is not a record", row.kind == JsonValue::Kind::Null ? "null" : fmt::format("\"{}\"", firstCodePoints(row.text, 40))));
    } else if (!plan.mapping.contains("instruction")) {
        return reject({}, "no column is known to hold the instruction");
    } else {
        outcome = pairFromRow(row, plan);
    }
    if (!outcome.record)
        return outcome;
    readExtras(row, plan, outcome);
    if (const std::string field = badField(*outcome.record); !field.empty())
        return reject(field, "holds bytes that are no text in this encoding");
    if (isBlank(responseOf(*outcome.record)))
        outcome.notices.emplace_back("emptyResponse");
    if (isBlank(instructionOf(*outcome.record)))
        outcome.notices.emplace_back("emptyInstruction");
    return outcome;
}

} // namespace fettle::data
