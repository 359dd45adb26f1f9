// Joins the context to the first question, adds the project's system text where the record has none.
#include "core/data/messages.h"

#include "core/base/words.h"
#include "core/data/recordstate.h"
#include "core/io/jsonfile.h"

#include <fmt/format.h>

namespace fettle::data {

namespace {

using nlohmann::ordered_json;

Result<> addExtras(ordered_json &message, const Turn &turn)
{
    if (turn.extraJson.empty())
        return {};
    const auto extra = io::parseOrderedJson(turn.extraJson, tr("the extra fields of a message"), {.repeatedKeys = io::RepeatedKeys::KeepLast});
    if (!extra)
        return passError(extra);
    if (!extra->is_object())
        return fail(ErrorCode::BadInput, tr("The extra fields of a message are not a JSON object."), tr("Correct the record in the editor."));
    for (const auto &[key, value] : extra->items()) {
        if (key != "role" && key != "content")
            message[key] = value;
    }
    return {};
}

} // namespace

Result<Messages> messagesOf(const Record &record, const RenderOptions &options)
{
    if (auto checked = checkRecord(record); !checked)
        return passError(checked);
    Messages messages;
    if (systemOf(record).data() == nullptr && !options.defaultSystem.empty()) {
        messages.list.push_back({{"role", "system"}, {"content", options.defaultSystem}});
        messages.parts.emplace_back();
    }
    std::size_t lastAssistant = record.turns.size();
    for (std::size_t i = 0; i < record.turns.size(); ++i)
        lastAssistant = record.turns[i].role == Role::Assistant ? i : lastAssistant;
    bool hasQuestion = false;
    bool hasSystem = false;
    for (std::size_t i = 0; i < record.turns.size(); ++i) {
        const Turn &turn = record.turns[i];
        ordered_json message = {{"role", nameOf(turn.role)}, {"content", turn.text}};
        std::vector<MessagePart> parts = {{TokenSource::OtherTurn, turn.text}};
        if (turn.role == Role::User && !hasQuestion) {
            hasQuestion = true;
            parts[0].source = TokenSource::Instruction;
            if (!record.context.empty()) {
                message["content"] = turn.text + options.contextJoin.separator + record.context;
                parts.push_back({TokenSource::Context, record.context});
            }
        } else if (turn.role == Role::System && !hasSystem) {
            hasSystem = true;
            parts[0].source = TokenSource::System;
        } else if (i == lastAssistant) {
            parts[0].source = TokenSource::Response;
        }
        if (turn.role == Role::Assistant)
            messages.assistants.push_back(messages.list.size());
        if (auto added = addExtras(message, turn); !added)
            return passError(added);
        if (turn.role == Role::Assistant && message.contains("weight") && message["weight"].is_number() && message["weight"] == 0)
            messages.unlearnt.push_back(messages.list.size());
        messages.list.push_back(std::move(message));
        messages.parts.push_back(std::move(parts));
    }
    if (!record.toolsJson.empty()) {
        auto tools = io::parseOrderedJson(record.toolsJson, tr("the tools of a record"), {.repeatedKeys = io::RepeatedKeys::KeepLast});
        if (!tools)
            return passError(tools);
        messages.tools = std::move(*tools);
    }
    return messages;
}

} // namespace fettle::data
