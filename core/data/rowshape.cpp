// Recognising shapes by the names of columns.
#include "core/data/rowshape.h"

#include "core/data/conversation.h"

#include <algorithm>
#include <array>
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
constexpr std::array<std::string_view, 1> kRating = {"rating"};
constexpr std::array<std::string_view, 1> kStatus = {"status"};
constexpr std::array<std::string_view, 1> kOwnContext = {"context"};
constexpr std::array<std::string_view, 2> kTools = {"tools", "functions"};
constexpr std::array<std::string_view, 1> kHistory = {"history"};
constexpr std::array<std::string_view, 8> kMessages = {"messages", "conversations", "conversation", "dialog", "dialogue", "chat", "items", "turns"};

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
    if (plan.mapping.contains(field))
        return;
    if (auto column = pick(columns, names, used))
        plan.mapping[field] = std::move(*column);
}

// The one column of a similar name that has no field yet; none where there are several.
void pickSimilar(RowPlan &plan, const char *field, const std::vector<std::string> &columns, std::set<std::string> &used)
{
    auto similar = similarColumns(field, columns);
    std::erase_if(similar, [&](const std::string &column) { return used.contains(column); });
    if (similar.size() != 1)
        return;
    used.insert(similar.front());
    plan.mapping[field] = std::move(similar.front());
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
    std::set<std::string_view> known; // a row can have thousands of names
    for (const auto &[name, value] : row.members) {
        if (known.insert(name).second)
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
    pickInto(plan, "rating", columns, kRating, used);
    pickInto(plan, "status", columns, kStatus, used);
}

} // namespace

std::vector<std::string> similarColumns(std::string_view field, const std::vector<std::string> &columns)
{
    std::vector<std::string> similar;
    for (const std::string &column : columns) {
        if (isSimilarTo(field, column) && std::find(similar.begin(), similar.end(), column) == similar.end())
            similar.push_back(column);
    }
    return similar;
}

bool isTakenBySimilarity(const std::string &field, const std::string &column)
{
    const Names names = field == "instruction" ? Names(kInstruction) : field == "response" ? Names(kResponse) : Names(kContext);
    return isSimilarTo(field, column) && std::find(names.begin(), names.end(), columnKey(column)) == names.end();
}

RowPlan fieldsOf(const std::vector<std::string> &columns, NameMatch match)
{
    RowPlan plan;
    std::set<std::string> used;
    const auto pickField = [&](const char *field, Names names) {
        pickInto(plan, field, columns, names, used);
        if (match == NameMatch::Similar && !plan.mapping.contains(field))
            pickSimilar(plan, field, columns, used);
    };
    // "input" alone is the weakest name of an instruction: beside a question it is its context.
    pickField("instruction", Names(kInstruction).first(kInstruction.size() - 1));
    pickInto(plan, "instruction", columns, Names(kInstruction).last(1), used);
    pickField("response", kResponse);
    pickField("context", kContext);
    pickExtras(plan, columns, used);
    pickInto(plan, "history", columns, kHistory, used);
    plan.shape = shapeOf(plan);
    return plan;
}

std::optional<RowPlan> recogniseColumns(const std::vector<std::string> &columns, NameMatch match)
{
    RowPlan plan = fieldsOf(columns, match);
    return plan.mapping.contains("instruction") ? std::optional(std::move(plan)) : std::nullopt;
}

std::optional<RowPlan> recogniseRow(const JsonValue &row, NameMatch match)
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
            pickInto(plan, "context", columns, kOwnContext, used);
            return plan;
        }
    }
    if (std::string column; treeIn(row, column) != nullptr) {
        RowPlan plan{"tree", {{"tree", column}}};
        std::set<std::string> used{column};
        pickInto(plan, "tags", columns, kTags, used);
        pickInto(plan, "split", columns, kSplit, used);
        return plan;
    }
    if (const JsonValue *instances = row.find("instances"); instances != nullptr && isListOfInstances(*instances)) {
        RowPlan plan = fieldsOf(columns, NameMatch::Known);
        std::erase_if(plan.mapping, [](const auto &entry) { return entry.first == "context" || entry.first == "response" || entry.first == "system"; });
        plan.shape = "instances";
        plan.mapping["instances"] = "instances";
        if (plan.mapping.contains("instruction"))
            return plan;
    }
    // A prompt and a completion may be lists of messages too.
    const JsonValue *prompt = row.find("prompt");
    const JsonValue *completion = row.find("completion");
    if (prompt != nullptr && completion != nullptr && !conversationShape(*prompt).empty()) {
        RowPlan plan{"prompt-completion", {{"messages", "prompt"}, {"completion", "completion"}}};
        std::set<std::string> used{"prompt", "completion"};
        pickExtras(plan, columns, used);
        pickInto(plan, "context", columns, kOwnContext, used);
        return plan;
    }
    auto plan = recogniseColumns(columns, match);
    // A tree or a list under a familiar name is another shape, which is not known here.
    return plan && row.find(plan->mapping.at("instruction"))->isScalar() ? plan : std::nullopt;
}

void addLateColumns(RowPlan &plan, const std::vector<std::string> &columns, const std::map<std::string, std::string> &mapping)
{
    std::set<std::string> used;
    for (const auto &[field, column] : plan.mapping)
        used.insert(column);
    for (const auto &[field, column] : mapping)
        used.insert(column);
    RowPlan late;
    pickExtras(late, columns, used);
    if (plan.mapping.contains("messages"))
        pickInto(late, "context", columns, kOwnContext, used);
    else if (plan.mapping.contains("instruction") && !plan.mapping.contains("instances"))
        pickInto(late, "history", columns, kHistory, used);
    for (const auto &[field, column] : late.mapping)
        if (!plan.mapping.contains(field) && !mapping.contains(field))
            plan.mapping[field] = column;
}

RowPlan withMapping(std::optional<RowPlan> plan, const std::map<std::string, std::string> &mapping)
{
    RowPlan result = plan.value_or(RowPlan{"columns", {}});
    if (mapping.empty())
        return result;
    result.shape = "columns";
    // Fields that the user named leave the conversation shapes; a column that was given a field serves no other one.
    if (mapping.contains("instruction") || mapping.contains("response")) {
        for (const char *field : {"messages", "completion", "tree", "instances"})
            result.mapping.erase(field);
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

} // namespace fettle::data
