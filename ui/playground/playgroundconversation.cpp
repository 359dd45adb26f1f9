// Asking: a new conversation, one more question, the same again, an earlier one changed; and going back and forth in what was said. See
// playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/promptparts.h"
#include "ui/playground/samplingbar.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QLineEdit>
#include <QPlainTextEdit>

namespace fettle::ui {

void PlaygroundPage::askWritten()
{
    const std::size_t index = m_editing ? std::min(*m_editing, m_conversation.exchanges.size()) : m_follow->isChecked() ? m_conversation.exchanges.size() : 0;
    ask({m_composer->toPlainText(), m_system->text(), m_parts->context(), m_parts->tools()}, index);
    if (m_job != 0 && index > 0)
        m_composer->clear(); // a conversation goes on: what was asked stands above the answers
}

void PlaygroundPage::askAgain()
{
    if (m_job != 0 || m_asked.text.isEmpty())
        return;
    m_sampling->chooseAnotherSeed();
    ask(m_asked, m_shown);
}

// index: of the question in the conversation; what stood there and behind it stays in the history as a conversation of its own.
void PlaygroundPage::ask(const Question &question, std::size_t index)
{
    if (question.text.trimmed().isEmpty() || !m_parts->problem().isEmpty() || m_job != 0 || bridge().project() == nullptr)
        return;
    m_asked = question;
    m_editing.reset();
    forgetReadings();
    engine::GenerateRequest request;
    request.sampling = m_sampling->sampling();
    m_seed = request.sampling.seed;
    m_sampling->setSeed(m_seed); // an empty field is seed 0, and says so
    if (index < m_conversation.exchanges.size() || m_conversation.id.empty())
        m_conversation.id = newConversationId();
    m_conversation.exchanges.resize(std::min(index, m_conversation.exchanges.size()));
    for (std::size_t i = index; i < m_pastTurns.size(); ++i)
        forgetTurn(i);
    m_conversation.exchanges.push_back({question.text, {}});
    m_conversation.system = question.system;
    m_conversation.context = question.context;
    m_conversation.tools = question.tools;
    m_conversation.settings = SamplingBar::textOf(request.sampling);
    m_conversation.seed = m_seed;
    m_shown = m_conversation.exchanges.size() - 1;
    m_conversation.baseModel = bridge().baseModel();
    request.conversation = m_conversation.turns(m_shown, m_base.number);
    request.context = question.context.toStdString();
    request.toolsJson = question.tools.toStdString();
    m_columns = {&m_base};
    if (m_tuned.head->hasChoice())
        m_columns.push_back(&m_tuned);
    for (const auto &side : m_more)
        m_columns.push_back(side.get());
    m_questionLine->setText(question.text.simplified());
    for (Side *side : m_columns) {
        side->isOtherBase = false;
        side->badge.reset();
        side->asked = side->head->choice();
        request.columns.push_back(side->asked);
        if (m_shown > 0)
            request.columns.back().conversation = m_conversation.turns(m_shown, side->number);
        side->head->clearBadges();
        side->answer->begin();
    }
    updateTurns();
    m_followsEnd = true;
    keepEndInView();
    if (bridge().isRunActive())
        m_sideState = tr("Answered as soon as the training has done its present step.");
    // The number of the job is known only after the call; the answer comes later still.
    auto job = std::make_shared<JobId>(0);
    *job = m_job = bridge().generate(bridge().baseModel(), request, this, [this, job](Result<std::vector<engine::ColumnResult>> results) {
        if (*job != m_job)
            return; // stopped, and perhaps asked anew
        if (!results && results.error().code != ErrorCode::Cancelled)
            context().showMessage(messageOf(results.error()));
        endAnswers(results ? tr("ended") : results.error().code == ErrorCode::Cancelled ? tr("stopped") : tr("no answer"));
    });
    updateActions();
}

// Ends at once for the eye, too: a question that still waits behind other work is never reported back.
void PlaygroundPage::stopAnswers()
{
    if (m_job == 0)
        return;
    bridge().cancel(m_job);
    endAnswers(tr("stopped"));
}

void PlaygroundPage::endAnswers(const QString &why)
{
    m_job = 0;
    for (const Side *side : m_columns)
        side->answer->stop(why);
    keepAnswers();
    updateDivergence();
    updateShift();
    updateActions();
}

void PlaygroundPage::keepAnswers()
{
    if (m_shown >= m_conversation.exchanges.size())
        return;
    Exchange &exchange = m_conversation.exchanges[m_shown];
    exchange.answers.clear();
    for (const Side *side : m_columns)
        exchange.answers.push_back({side->number, side->head->columnName(), side->asked, side->answer->answer(), side->answer->text(), side->answer->ending(), side->badge, side->answer->reading()});
    forgetTurn(m_shown);
    keepInHistory();
}

void PlaygroundPage::showExchange(std::size_t index)
{
    if (m_job != 0 || index >= m_conversation.exchanges.size())
        return;
    m_shown = index;
    forgetReadings();
    const Exchange &exchange = m_conversation.exchanges[index];
    m_asked = {exchange.question, m_conversation.system, m_conversation.context, m_conversation.tools};
    m_questionLine->setText(exchange.question.simplified());
    m_columns.clear();
    for (Side *side : sides()) {
        side->head->clearBadges();
        const KeptAnswer *kept = exchange.answerOf(side->number);
        if (kept == nullptr) {
            side->answer->clear();
            continue;
        }
        m_columns.push_back(side);
        side->badge = kept->badge;
        side->asked = kept->choice;
        side->isOtherBase = kept->isOfOtherBase();
        side->answer->restore(kept->tokens, kept->text, kept->ending);
        side->answer->setReading(kept->reading);
        if (kept->badge)
            side->head->setBadges(*kept->badge, m_conversation.seed);
    }
    m_followsEnd = false;
    updateTurns();
    updateDivergence();
    updateShift();
    updateActions();
    showLiveTurn();
}

// The question goes back into the field; sent, it takes its place.
void PlaygroundPage::editQuestion()
{
    if (m_job != 0 || m_shown >= m_conversation.exchanges.size())
        return;
    m_editing = m_shown;
    m_composer->setPlainText(m_conversation.exchanges[m_shown].question);
    m_system->setText(m_conversation.system);
    m_parts->setParts(m_conversation.context, m_conversation.tools);
    m_composer->setFocus();
    m_composer->selectAll();
    updateActions();
}

// Another way on from the question that is shown: what came after it stays in the history.
void PlaygroundPage::branchHere()
{
    if (m_job != 0 || m_shown >= m_conversation.exchanges.size())
        return;
    m_conversation.exchanges.resize(m_shown + 1);
    m_conversation.id = newConversationId();
    m_editing.reset();
    m_follow->setChecked(true);
    m_composer->clear();
    m_composer->setFocus();
    showExchange(m_shown);
}

// An entry of the history: its columns where they can still be chosen, its answers as they were.
void PlaygroundPage::putBack(const engine::HistoryEntry &entry)
{
    if (m_job != 0 || entry.exchanges.empty())
        return;
    m_conversation = conversationOf(entry);
    m_editing.reset();
    forgetTurns();
    for (Exchange &exchange : m_conversation.exchanges) {
        std::vector<int> taken;
        for (KeptAnswer &answer : exchange.answers) {
            answer.column = columnFor(answer, taken);
            taken.push_back(answer.column);
        }
    }
    m_system->setText(m_conversation.system);
    m_parts->setParts(m_conversation.context, m_conversation.tools);
    m_sampling->setSeed(m_conversation.seed);
    m_follow->setEnabled(true);
    m_follow->setChecked(true);
    m_composer->clear();
    showExchange(m_conversation.exchanges.size() - 1);
    m_composer->setFocus();
}

// The column that answers an old question again; 0: there is no room for it.
int PlaygroundPage::columnFor(const KeptAnswer &answer, const std::vector<int> &taken)
{
    const auto isFree = [&](int column) { return std::ranges::find(taken, column) == taken.end(); };
    const engine::ColumnChoice &wanted = answer.choice;
    if (wanted.adapter == "base" && wanted.model.empty() && isFree(m_base.number))
        return m_base.number;
    const auto isSame = [&](const Side &side) { return side.head->choice().adapter == wanted.adapter && side.head->choice().model == wanted.model; };
    for (const Side *side : sides())
        if (side != &m_base && isFree(side->number) && isSame(*side))
            return side->number;
    const auto known = std::ranges::find_if(m_choices, [&](const AdapterChoice &choice) { return choice.adapter == wanted.adapter && choice.model == wanted.model; });
    if (known != m_choices.end() && isFree(m_tuned.number)) {
        m_tuned.head->choose(wanted.adapter, wanted.model);
        return m_tuned.number;
    }
    const std::size_t before = m_more.size();
    addColumn(known != m_choices.end() ? *known : AdapterChoice{answer.name, wanted.adapter, wanted.model});
    return m_more.size() > before ? m_more.back()->number : 0;
}

void PlaygroundPage::updateConversation()
{
    const std::size_t count = m_conversation.exchanges.size();
    const bool isIdle = m_job == 0, isShown = m_shown < count;
    m_turn->setText(tr("%1 of %2").arg(m_shown + 1).arg(count));
    for (QWidget *widget : std::initializer_list<QWidget *>{m_turn, m_earlier, m_later})
        widget->setVisible(count > 1);
    m_earlier->setEnabled(isIdle && m_shown > 0);
    m_later->setEnabled(isIdle && m_shown + 1 < count);
    setActionPossible(m_editAction, isIdle && isShown, isIdle ? tr("Ask something first.") : tr("The models are answering."));
    setActionPossible(m_branchAction, isIdle && isShown, isIdle ? tr("Ask something first.") : tr("The models are answering."));
    m_follow->setEnabled(count > 0);
    if (count == 0)
        m_follow->setChecked(false);
}

} // namespace fettle::ui
