// See conversation.h.
#include "ui/playground/conversation.h"

#include <QUuid>

#include <algorithm>

namespace fettle::ui {

const KeptAnswer *Exchange::answerOf(int column) const
{
    const auto found = std::ranges::find(answers, column, &KeptAnswer::column);
    return found != answers.end() ? &*found : nullptr;
}

std::vector<data::Turn> Conversation::turns(std::size_t index, int column) const
{
    std::vector<data::Turn> turns;
    if (!system.isEmpty())
        turns.push_back({data::Role::System, system.toStdString(), {}});
    for (std::size_t i = 0; i < index && i < exchanges.size(); ++i) {
        const KeptAnswer *answer = exchanges[i].answerOf(column);
        if (answer == nullptr || answer->text.isEmpty()) {
            const auto any = std::ranges::find_if(exchanges[i].answers, [](const KeptAnswer &kept) { return !kept.text.isEmpty(); });
            if (any == exchanges[i].answers.end())
                continue; // nobody answered: there is nothing to go on from
            answer = &*any;
        }
        turns.push_back({data::Role::User, exchanges[i].question.toStdString(), {}});
        turns.push_back({data::Role::Assistant, answer->text.toStdString(), {}});
    }
    if (index < exchanges.size())
        turns.push_back({data::Role::User, exchanges[index].question.toStdString(), {}});
    return turns;
}

data::Record Conversation::recordOf(std::size_t index, int column, const QString &answer) const
{
    data::Record record;
    record.turns = turns(index, column);
    for (data::Turn &turn : record.turns)
        if (turn.role == data::Role::Assistant)
            turn.extraJson = R"({"weight": 0})";
    record.turns.push_back({data::Role::Assistant, answer.toStdString(), {}});
    record.context = context.toStdString();
    record.toolsJson = tools.toStdString();
    return record;
}

std::string newConversationId()
{
    return QUuid::createUuid().toString(QUuid::WithoutBraces).toStdString();
}

engine::HistoryEntry entryOf(const Conversation &conversation, const std::string &when)
{
    engine::HistoryEntry entry{conversation.id, when, conversation.system.toStdString(), conversation.seed, {}, conversation.context.toStdString(), conversation.tools.toStdString()};
    for (const Exchange &exchange : conversation.exchanges) {
        engine::HistoryExchange kept{exchange.question.toStdString(), {}};
        for (const KeptAnswer &answer : exchange.answers)
            kept.answers.push_back({answer.name.toStdString(), answer.choice.adapter, answer.choice.model, answer.choice.strength, answer.text.toStdString()});
        entry.exchanges.push_back(std::move(kept));
    }
    return entry;
}

Conversation conversationOf(const engine::HistoryEntry &entry)
{
    Conversation conversation{entry.id, QString::fromStdString(entry.system), QString::fromStdString(entry.context), QString::fromStdString(entry.toolsJson), {}, entry.seed, {}};
    for (const engine::HistoryExchange &kept : entry.exchanges) {
        Exchange exchange{QString::fromStdString(kept.question), {}};
        for (const engine::HistoryAnswer &answer : kept.answers) {
            KeptAnswer own;
            own.name = QString::fromStdString(answer.name);
            own.choice.adapter = answer.adapter;
            own.choice.model = answer.model;
            own.choice.strength = answer.strength;
            own.text = QString::fromStdString(answer.text);
            exchange.answers.push_back(std::move(own));
        }
        conversation.exchanges.push_back(std::move(exchange));
    }
    return conversation;
}

} // namespace fettle::ui
