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

int firstDifference(const std::vector<engine::GeneratedToken> &base, bool isBaseFinished, const std::vector<engine::GeneratedToken> &other, bool isOtherFinished)
{
    const std::size_t both = std::min(base.size(), other.size());
    for (std::size_t i = 0; i < both; ++i)
        if (base[i].id != other[i].id)
            return static_cast<int>(i);
    // One has ended where the other goes on.
    if ((isBaseFinished && other.size() > base.size()) || (isOtherFinished && base.size() > other.size()))
        return static_cast<int>(both);
    return -1;
}

const KeptAnswer *answerBeside(const Exchange &exchange, int column)
{
    const KeptAnswer *own = exchange.answerOf(column);
    if (own == nullptr || own->isOfOtherBase())
        return nullptr;
    if (column != 1)
        return exchange.answerOf(1);
    const auto found = std::ranges::find_if(exchange.answers, [](const KeptAnswer &other) { return other.column != 1 && !other.isOfOtherBase(); });
    return found != exchange.answers.end() ? &*found : nullptr;
}

std::optional<engine::GeneratedToken> tokenBeside(const Exchange &exchange, int column, int index)
{
    const auto place = static_cast<std::size_t>(index);
    const KeptAnswer *own = exchange.answerOf(column), *other = answerBeside(exchange, column);
    if (own == nullptr)
        return {};
    if (place < own->reading.size())
        return own->reading[place];
    if (other == nullptr)
        return {};
    // Both have read the same words only up to the first that differs, that one included.
    const int divergence = firstDifference(own->tokens, true, other->tokens, true);
    if ((divergence < 0 || index <= divergence) && place < other->tokens.size())
        return other->tokens[place];
    return {};
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
    engine::HistoryEntry entry{conversation.id, when, conversation.system.toStdString(), conversation.seed, {}, conversation.context.toStdString(), conversation.tools.toStdString(),
                               conversation.baseModel};
    for (const Exchange &exchange : conversation.exchanges) {
        engine::HistoryExchange kept{exchange.question.toStdString(), {}};
        for (const KeptAnswer &answer : exchange.answers)
            kept.answers.push_back({answer.name.toStdString(), answer.choice.adapter, answer.choice.model, answer.choice.strength, answer.text.toStdString(), answer.tokens,
                                    answer.ending.toStdString(), answer.badge});
        entry.exchanges.push_back(std::move(kept));
    }
    return entry;
}

Conversation conversationOf(const engine::HistoryEntry &entry)
{
    Conversation conversation{entry.id, entry.baseModel, QString::fromStdString(entry.system), QString::fromStdString(entry.context), QString::fromStdString(entry.toolsJson), {}, entry.seed, {}};
    for (const engine::HistoryExchange &kept : entry.exchanges) {
        Exchange exchange{QString::fromStdString(kept.question), {}};
        for (const engine::HistoryAnswer &answer : kept.answers) {
            KeptAnswer own;
            own.name = QString::fromStdString(answer.name);
            own.choice.adapter = answer.adapter;
            own.choice.model = answer.model;
            own.choice.strength = answer.strength;
            own.text = QString::fromStdString(answer.text);
            own.tokens = answer.tokens;
            own.ending = QString::fromStdString(answer.ending);
            own.badge = answer.badge;
            exchange.answers.push_back(std::move(own));
        }
        conversation.exchanges.push_back(std::move(exchange));
    }
    return conversation;
}

} // namespace fettle::ui
