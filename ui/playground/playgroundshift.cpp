// What one column makes of another one's words: colours by probability shift, and the probabilities of both at any place. Each answer is read word
// for word by the model beside it, on demand. See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/pastturn.h"
#include "ui/playground/shiftlegend.h"
#include "ui/playground/tokenpane.h"

#include <QScrollArea>

#include <algorithm>

namespace fettle::ui {

// A column stands beside the base, the base beside the first column that reads the same tokens. A run that still learns is another model with
// every step: it cannot read an answer again.
const PlaygroundPage::Side *PlaygroundPage::besideOf(const Side &own) const
{
    if (own.isOtherBase)
        return nullptr;
    if (&own != &m_base)
        return &m_base;
    const auto found = std::ranges::find_if(m_columns, [this](const Side *side) { return side != &m_base && !side->isOtherBase; });
    return found != m_columns.end() ? *found : nullptr;
}

std::optional<engine::GeneratedToken> PlaygroundPage::tokenBeside(const Side &own, int index) const
{
    const auto place = static_cast<std::size_t>(index);
    if (const auto &reading = own.answer->reading(); place < reading.size())
        return reading[place];
    const Side *other = besideOf(own);
    if (other == nullptr)
        return {};
    // Both have read the same words only up to the first that differs, that one included.
    const auto &others = other->answer->answer();
    const int divergence = firstDifference(own.answer->answer(), own.answer->isFinished(), others, other->answer->isFinished());
    if ((divergence < 0 || index <= divergence) && place < others.size())
        return others[place];
    return {};
}

QString PlaygroundPage::shortName(const Side &side)
{
    return side.head->columnName().section(QLatin1Char(','), 0, 0);
}

void PlaygroundPage::updateShift()
{
    const bool isShown = m_shiftAction->isChecked();
    m_shiftLegend->setVisible(isShown);
    for (const Side *side : sides())
        side->answer->setShaded(isShown);
    for (PastTurn *turn : m_pastTurns)
        if (turn != nullptr)
            turn->setShaded(isShown);
    if (isShown)
        readAnswers();
}

void PlaygroundPage::forgetReadings()
{
    bridge().cancel(m_readingJob);
    m_readingJob = 0;
    m_shiftLegend->setNote({});
}

// Where words are coloured those of every exchange; else only those of the one that is shown.
void PlaygroundPage::readAnswers()
{
    if (m_job != 0 || m_readingJob != 0 || bridge().project() == nullptr)
        return;
    std::vector<AnswerToRead> wanted;
    std::vector<ReadPlace> read;
    bool isPlain = false, isForeign = false;
    for (std::size_t i = 0; i < m_conversation.exchanges.size(); ++i) {
        if (i != m_shown && !m_shiftAction->isChecked())
            continue;
        const Exchange &exchange = m_conversation.exchanges[i];
        for (const KeptAnswer &answer : exchange.answers) {
            const KeptAnswer *reader = answerBeside(exchange, answer.column);
            isPlain |= answer.tokens.empty() && !answer.text.isEmpty();
            if (reader == nullptr || reader->choice.adapter == engine::kLiveAdapter || answer.tokens.empty() || !answer.reading.empty())
                continue;
            if (m_conversation.baseModel != bridge().baseModel()) { // its tokens say nothing to the model of today
                isForeign = true;
                continue;
            }
            AnswerToRead own;
            own.request.columns = {reader->column == m_base.number ? engine::ColumnChoice{} : reader->choice};
            own.request.conversation = m_conversation.turns(i, answer.column);
            own.request.context = m_conversation.context.toStdString();
            own.request.toolsJson = m_conversation.tools.toStdString();
            for (const engine::GeneratedToken &token : answer.tokens)
                own.answer.push_back(token.id);
            wanted.push_back(std::move(own));
            read.push_back({i, answer.column});
        }
    }
    m_shiftLegend->setNote(!wanted.empty() ? tr("reading...")
                           : isPlain       ? tr("This answer was kept without its probabilities: ask again.")
                           : isForeign     ? tr("Another base model answered: ask again.")
                                           : QString());
    if (wanted.empty())
        return;
    // The number of the job is known only after the call; what was read comes later still.
    auto job = std::make_shared<JobId>(0);
    *job = m_readingJob = bridge().readAnswers(bridge().baseModel(), std::move(wanted), this, [this, job, read](Result<Readings> readings) {
        if (*job == m_readingJob)
            showReadings(read, readings);
    });
}

void PlaygroundPage::showReadings(const std::vector<ReadPlace> &read, const Result<Readings> &readings)
{
    m_readingJob = 0;
    m_shiftLegend->setNote(readings ? QString() : QString::fromStdString(readings.error().message));
    if (!readings)
        return;
    for (std::size_t i = 0; i < read.size(); ++i) {
        const auto [exchange, column] = read[i];
        for (KeptAnswer &answer : m_conversation.exchanges[exchange].answers)
            if (answer.column == column)
                answer.reading = (*readings)[i];
        if (PastTurn *turn = m_pastTurns[exchange])
            turn->setReading(column, (*readings)[i]);
        const Side *side = sideNumbered(column);
        if (exchange == m_shown && side != nullptr && std::ranges::find(m_columns, side) != m_columns.end())
            side->answer->setReading((*readings)[i]);
    }
    for (const Side *side : sides())
        showToken(*side);
}

// The chosen one, with what is known of it now.
void PlaygroundPage::showToken(const Side &own)
{
    const auto index = own.answer->chosenToken();
    if (!index)
        return;
    for (const Side *side : sides()) // one place at a time
        if (side != &own)
            side->answer->chooseToken({});
    const auto beside = tokenBeside(own, *index);
    const Side *other = besideOf(own);
    own.answer->tokenPane().showToken(*index, own.answer->answer()[static_cast<std::size_t>(*index)], shortName(own), &own != &m_base, beside ? &*beside : nullptr,
                                      other ? shortName(*other) : QString());
    if (!beside)
        readAnswers();
    // The pane below the answer has just opened: its place is known after the next layout.
    QMetaObject::invokeMethod(this, [this, number = own.number] {
        const Side *side = sideNumbered(number);
        if (side == nullptr || !side->answer->chosenToken())
            return;
        const QRect place = side->answer->tokenPlace(*side->answer->chosenToken());
        const QPoint point = side->answer->mapTo(m_turnScroll->widget(), place.center());
        m_turnScroll->ensureVisible(point.x(), point.y(), 0, 2 * place.height());
    }, Qt::QueuedConnection);
}

} // namespace fettle::ui
