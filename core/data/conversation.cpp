// Turns from messages: roles by any of their names, content as text or as parts of text, everything else of a message kept as JSON.
#include "core/data/conversation.h"

#include "core/base/utf8.h"
#include "core/base/words.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::data {

namespace {

struct Problem { std::string field, reason; };

// Text of a message: a text, null (a message of tool calls), or parts that are all text.
std::optional<Problem> readContent(const JsonValue &content, std::string &text, std::vector<std::string> &notices)
{
    if (content.isScalar()) {
        text = content.text;
        if (content.kind == JsonValue::Kind::Number || content.kind == JsonValue::Kind::Boolean)
            notices.emplace_back("numberAsText");
        return std::nullopt;
    }
    if (content.kind != JsonValue::Kind::Array)
        return Problem{"content", tr("an object is not text")};
    for (const JsonValue &part : content.items) {
        const JsonValue *type = part.find("type");
        const JsonValue *value = part.find("text");
        if (part.kind == JsonValue::Kind::String)
            text += part.text;
        else if (value != nullptr && value->kind == JsonValue::Kind::String && (type == nullptr || type->text == "text"))
            text += value->text;
        else
            return Problem{"content", tr("a part of the kind \"{}\" is not text", type == nullptr ? "unknown" : std::string(firstCodePoints(type->text, 40)))};
    }
    if (content.items.size() > 1)
        notices.emplace_back("joinedParts");
    return std::nullopt;
}

// A JSON text; bytes that are no text stay as they are and reject the row later.
std::string quoted(const std::string &text)
{
    return isValidUtf8(text) ? nlohmann::json(text).dump() : '"' + text + '"';
}

// The members of a message beside role and text, as they stand in the file.
std::string extrasOf(const JsonValue &message, std::string_view roleKey, std::string_view textKey, std::string_view file)
{
    std::string json;
    for (const auto &[name, value] : message.members) {
        if (name == roleKey || name == textKey)
            continue;
        json += fmt::format("{}{}: {}", json.empty() ? "{" : ", ", quoted(name), file.substr(value.begin, value.end - value.begin));
    }
    return json.empty() ? json : json + "}";
}

// Which members of a message say who speaks and what. Empty: it is no such message.
struct MessageKeys { std::string_view role, text; };

MessageKeys keysOf(const JsonValue &message)
{
    for (const std::string_view role : {"role", "from", "speaker"}) {
        const JsonValue *found = message.find(role);
        if (found == nullptr)
            continue;
        for (const std::string_view text : {"content", "value", "text", "message"}) {
            if (message.find(text) != nullptr)
                return {role, text};
        }
        return {role, role == "role" ? "content" : "value"}; // a message of tool calls only
    }
    return {};
}

// A message that names its speakers by its members: {"human": "...", "assistant": "..."} or {"input": "...", "output": "..."}.
std::optional<Role> speakerFrom(std::string_view name)
{
    const std::string key = columnKey(name);
    return key == "input" ? Role::User : key == "output" ? Role::Assistant : roleFrom(key);
}

bool isExchange(const JsonValue &message)
{
    return message.kind == JsonValue::Kind::Object && !message.members.empty()
        && std::all_of(message.members.begin(), message.members.end(), [](const auto &member) { return member.second.kind == JsonValue::Kind::String && speakerFrom(member.first); });
}

std::optional<Problem> readMessages(const JsonValue &list, const RowPlan &plan, std::string_view file, std::vector<Turn> &turns, RowOutcome &outcome)
{
    std::vector<std::string> &notices = outcome.notices;
    if (list.kind != JsonValue::Kind::Array)
        return Problem{"messages", tr("is not a list of messages")};
    std::size_t number = 0;
    for (const JsonValue &message : list.items) {
        ++number;
        if (isExchange(message)) {
            for (const auto &[name, value] : message.members) {
                const Role speaker = *speakerFrom(name);
                if (speaker != Role::System || !value.text.empty()) // every exchange may repeat an empty one
                    turns.push_back({speaker, value.text, {}});
            }
            continue;
        }
        const auto [roleKey, textKey] = keysOf(message);
        const JsonValue *role = roleKey.empty() ? nullptr : message.find(roleKey);
        if (message.kind != JsonValue::Kind::Object || role == nullptr)
            return Problem{"role", tr("message {} has no role", number)};
        const auto known = role->kind == JsonValue::Kind::String ? roleIn(plan, role->text) : std::nullopt;
        if (role->kind == JsonValue::Kind::String)
            outcome.speakers.push_back(role->text);
        if (!known)
            return Problem{std::string(roleKey), tr("message {}: the role \"{}\" is not known", number, firstCodePoints(role->text, 40))};
        if (columnKey(role->text) == "developer" && *known == Role::System)
            notices.emplace_back("developerRole");
        if (columnKey(role->text) == "functioncall")
            notices.emplace_back("functionCall");
        Turn turn{*known, {}, extrasOf(message, roleKey, textKey, file)};
        const JsonValue *content = message.find(textKey);
        if (content == nullptr && turn.extraJson.empty())
            return Problem{std::string(textKey), tr("message {} has no text", number)};
        if (content != nullptr) {
            if (auto problem = readContent(*content, turn.text, notices)) {
                problem->reason = tr("message {}: {}", number, problem->reason);
                return problem;
            }
        }
        turns.push_back(std::move(turn));
    }
    return std::nullopt;
}

// Tools as a list, or as a text that holds one. Functions in OpenAI's old form lack the frame {"type": "function", ...}.
std::optional<Problem> readTools(const JsonValue &value, std::string_view file, bool areFunctions, std::string &tools)
{
    if (value.kind == JsonValue::Kind::Array) {
        tools = file.substr(value.begin, value.end - value.begin);
        if (areFunctions) {
            tools = "[";
            for (const JsonValue &function : value.items)
                tools += fmt::format("{}{{\"type\": \"function\", \"function\": {}}}", tools.size() == 1 ? "" : ", ", file.substr(function.begin, function.end - function.begin));
            tools += ']';
        }
        return std::nullopt;
    }
    if (value.kind == JsonValue::Kind::Null || (value.kind == JsonValue::Kind::String && value.text.empty()))
        return std::nullopt;
    JsonValue list;
    JsonReader reader(value.text);
    if (value.kind != JsonValue::Kind::String || reader.readValue(list) || reader.expectEnd() || list.kind != JsonValue::Kind::Array)
        return Problem{"tools", tr("is not a list of tools")};
    tools = value.text;
    return std::nullopt;
}

const JsonValue *mapped(const JsonValue &row, const RowPlan &plan, const char *field)
{
    const auto column = plan.mapping.find(field);
    return column == plan.mapping.end() ? nullptr : row.find(column->second);
}

} // namespace

std::optional<Role> roleFrom(std::string_view name)
{
    const std::string key = columnKey(name);
    if (key == "system" || key == "developer")
        return Role::System;
    if (key == "user" || key == "human" || key == "prompter")
        return Role::User;
    if (key == "assistant" || key == "gpt" || key == "model" || key == "bot" || key == "chatgpt" || key == "ai" || key == "functioncall")
        return Role::Assistant;
    if (key == "tool" || key == "function" || key == "observation" || key == "ipython" || key == "functionresponse")
        return Role::Tool;
    return std::nullopt;
}

std::optional<Role> roleIn(const RowPlan &plan, const std::string &name)
{
    const auto chosen = plan.roles.find(name);
    return chosen == plan.roles.end() ? roleFrom(name) : std::optional(chosen->second);
}

std::string conversationShape(const JsonValue &value)
{
    if (value.kind != JsonValue::Kind::Array || value.items.empty() || value.items.front().kind != JsonValue::Kind::Object)
        return {};
    const JsonValue &first = value.items.front();
    const JsonValue *role = first.find("role");
    if (role != nullptr && role->kind == JsonValue::Kind::String)
        return "messages";
    const MessageKeys keys = keysOf(first);
    if (!keys.role.empty() && first.find(keys.role)->kind == JsonValue::Kind::String && first.find(keys.text) != nullptr)
        return "sharegpt";
    return isExchange(first) ? "sharegpt" : "";
}

RowOutcome conversationFromRow(const JsonValue &row, const RowPlan &plan, std::string_view file)
{
    RowOutcome outcome;
    Record record;
    const auto reject = [&](Problem problem) {
        outcome.field = std::move(problem.field);
        outcome.reason = std::move(problem.reason);
        return outcome;
    };
    const bool isList = row.kind == JsonValue::Kind::Array;
    const JsonValue *messages = isList ? &row : mapped(row, plan, "messages");
    if (messages == nullptr)
        return reject({plan.mapping.at("messages"), tr("the field is missing")});
    if (auto problem = readMessages(*messages, plan, file, record.turns, outcome))
        return reject(std::move(*problem));
    if (const JsonValue *completion = isList ? nullptr : mapped(row, plan, "completion")) {
        if (auto problem = readMessages(*completion, plan, file, record.turns, outcome))
            return reject(std::move(*problem));
    }
    if (record.turns.empty())
        return reject({isList ? std::string() : plan.mapping.at("messages"), tr("the list of messages is empty")});
    if (const JsonValue *system = isList ? nullptr : mapped(row, plan, "system"); system != nullptr && system->kind == JsonValue::Kind::String
        && !system->text.empty() && record.turns.front().role != Role::System)
        record.turns.insert(record.turns.begin(), {Role::System, system->text, {}});
    if (const JsonValue *tools = isList ? nullptr : mapped(row, plan, "tools")) {
        const bool areFunctions = columnKey(plan.mapping.at("tools")) == "functions";
        if (auto problem = readTools(*tools, file, areFunctions, record.toolsJson))
            return reject(std::move(*problem));
        if (areFunctions && !record.toolsJson.empty())
            outcome.notices.emplace_back("functions");
    }
    outcome.record = std::move(record);
    return outcome;
}

} // namespace fettle::data
