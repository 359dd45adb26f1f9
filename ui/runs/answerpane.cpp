// See answerpane.h.
#include "ui/runs/answerpane.h"

#include "core/base/worddiff.h"
#include "ui/data/markedtext.h"
#include "ui/runs/paneparts.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrollpane.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/words.h"

#include <QAction>
#include <QEvent>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr std::size_t kLongestQuestion = 400; // bytes shown; the whole one is the tooltip

int wordsIn(std::string_view text, const std::vector<ByteRange> &ranges)
{
    int words = 0;
    for (const ByteRange &range : ranges) {
        bool isInWord = false;
        for (std::size_t at = range.begin; at < range.end; ++at) {
            const bool isBlank = text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r';
            words += !isBlank && !isInWord ? 1 : 0;
            isInWord = !isBlank;
        }
    }
    return words;
}

QString shortened(const std::string &text)
{
    const QString whole = QString::fromStdString(text);
    return text.size() <= kLongestQuestion ? whole : whole.left(int(kLongestQuestion)) + QStringLiteral("…");
}

} // namespace

AnswerPane::AnswerPane(const Actions &actions, QWidget *parent) : QWidget(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeBar(actions));
    m_list = new Pane(Surface::Page);
    auto *inner = new QVBoxLayout(m_list);
    inner->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_list, 1);
    m_nothing = makeNothing(actions);
    column->addWidget(m_nothing, 1);
    setProbes({});
}

QWidget *AnswerPane::makeBar(const Actions &actions)
{
    auto *bar = new Pane(Surface::Window, Qt::BottomEdge);
    auto *rows = new QVBoxLayout(bar);
    rows->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2 + 1);
    rows->setSpacing(kStep2);
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep2);
    line->addWidget(actionButton(actions.previous, QStringLiteral("chevron-left")));
    m_title = strongLabel({});
    line->addWidget(m_title);
    line->addWidget(actionButton(actions.next, QStringLiteral("chevron-right")));
    line->addStretch(1);
    line->addWidget(actionButton(actions.makeResult, QStringLiteral("package-check")));
    line->addWidget(actionButton(actions.openInPlayground, QStringLiteral("columns-2")));
    rows->addLayout(line);
    auto *second = new QHBoxLayout;
    second->setSpacing(kStep2);
    m_choice = new Segmented({tr("Base"), tr("Step before"), tr("Expected")});
    m_choice->setAccessibleName(tr("What the answers are compared with"));
    m_choice->setSegmentToolTip(0, tr("Marks the words that differ from the answer of the base model."));
    m_choice->setSegmentToolTip(1, tr("Marks the words that differ from the answer before this step."));
    m_choice->setSegmentToolTip(2, tr("Marks the words that differ from the answer of the record; your own questions have none."));
    connect(m_choice, &Segmented::chosen, this, [this](int index) { setAgainst(Against(index)); });
    second->addWidget(m_choice);
    second->addStretch(1);
    second->addWidget(actionButton(actions.choosePrompts, QStringLiteral("pencil")));
    rows->addLayout(second);
    return bar;
}

QWidget *AnswerPane::makeNothing(const Actions &actions)
{
    auto *page = new Pane(Surface::Page);
    auto *column = new QVBoxLayout(page);
    column->setContentsMargins(kPaneSide, kStep4, kPaneSide, kStep4);
    column->setSpacing(kStep3);
    auto *text = mutedLabel(tr("This run answers no probe prompts. A run asks them at every evaluation, so that you see what it learns: questions "
                               "from held-out records, and your own. They are chosen before a run starts."));
    text->setWordWrap(true);
    column->addWidget(text);
    auto *button = new Button({}, QStringLiteral("pencil"));
    button->followAction(actions.choosePrompts);
    column->addWidget(button, 0, Qt::AlignLeft);
    column->addStretch(1);
    return page;
}

AnswerPane::Block AnswerPane::addBlock(QVBoxLayout *column, const data::ProbeQuestion &question, int number)
{
    Block block{};
    auto *pane = new Pane(Surface::Page, Qt::BottomEdge);
    auto *rows = new QVBoxLayout(pane);
    rows->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    rows->setSpacing(kStep1 + 2);
    block.question = strongLabel(shortened(question.question));
    block.question->setWordWrap(true);
    block.question->setToolTip(QString::fromStdString(question.question));
    block.question->setTextFormat(Qt::PlainText);
    block.answer = markedLabel(tr("Answer to question %1").arg(number));
    block.otherName = smallLabel({});
    block.other = markedLabel(tr("What it is compared with, question %1").arg(number));
    rows->addWidget(block.question);
    rows->addWidget(block.answer);
    auto *state = new QHBoxLayout;
    state->setSpacing(kStep1 + 2);
    block.mark = new IconLabel(QStringLiteral("check"), Ink::Good, 14);
    block.verdict = smallLabel({});
    state->addWidget(block.mark);
    state->addWidget(block.verdict, 1);
    rows->addLayout(state);
    rows->addWidget(block.otherName);
    rows->addWidget(block.other);
    column->addWidget(pane);
    return block;
}

void AnswerPane::setProbes(data::RunProbes probes)
{
    const bool isSame = probes.questions == m_probes.questions && m_content != nullptr;
    m_probes = std::move(probes);
    m_byStep.clear();
    for (const data::ProbeAnswer &answer : m_probes.answers) {
        auto &answers = m_byStep[answer.step];
        answers.resize(m_probes.questions.size());
        if (answer.position >= 0 && std::size_t(answer.position) < answers.size())
            answers[std::size_t(answer.position)] = &answer.text;
    }
    m_nothing->setVisible(m_probes.questions.empty());
    m_list->setVisible(!m_probes.questions.empty());
    const bool hasExpected = std::ranges::any_of(m_probes.questions, [](const data::ProbeQuestion &question) { return !question.expected.empty(); });
    m_choice->setSegmentEnabled(2, hasExpected);
    if (!isSame) {
        delete m_content;
        m_blocks.clear();
        auto *content = new Pane(Surface::Page);
        auto *column = new QVBoxLayout(content);
        column->setContentsMargins(0, 0, 0, 0);
        column->setSpacing(0);
        for (const data::ProbeQuestion &question : m_probes.questions)
            m_blocks.push_back(addBlock(column, question, int(m_blocks.size()) + 1));
        column->addStretch(1);
        m_content = scrollPane(content);
        m_list->layout()->addWidget(m_content);
    }
    fill();
}

void AnswerPane::setChosen(std::optional<std::int64_t> step, bool isCheckpoint)
{
    m_chosen = step;
    m_isCheckpoint = isCheckpoint;
    fill();
}

void AnswerPane::setAgainst(Against against)
{
    m_against = against;
    m_choice->setCurrent(int(against));
    fill();
}

std::optional<std::int64_t> AnswerPane::answeredStep() const
{
    if (!m_chosen)
        return {};
    auto after = m_byStep.upper_bound(*m_chosen);
    if (after == m_byStep.begin())
        return {};
    const std::int64_t step = std::prev(after)->first;
    return step < 0 ? std::nullopt : std::optional(step);
}

std::optional<std::int64_t> AnswerPane::stepBefore(std::int64_t step) const
{
    const auto here = m_byStep.find(step);
    return here == m_byStep.end() || here == m_byStep.begin() ? std::nullopt : std::optional(std::prev(here)->first);
}

const std::string *AnswerPane::answerAt(std::int64_t step, std::size_t question) const
{
    const auto answers = m_byStep.find(step);
    return answers == m_byStep.end() ? nullptr : answers->second[question];
}

void AnswerPane::fill()
{
    const auto step = answeredStep();
    m_title->setText(!m_chosen ? tr("No step") : m_isCheckpoint ? tr("Checkpoint %1").arg(countText(*m_chosen)) : tr("Step %1").arg(countText(*m_chosen)));
    m_title->setToolTip(step && *step != *m_chosen ? tr("Answers of step %1, the last ones before it.").arg(countText(*step)) : QString());
    for (std::size_t question = 0; question < m_blocks.size(); ++question)
        fillBlock(question);
}

void AnswerPane::fillBlock(std::size_t question)
{
    Block &block = m_blocks[question];
    const auto step = answeredStep();
    const std::string *answer = step ? answerAt(*step, question) : nullptr;
    const auto before = step ? stepBefore(*step) : std::optional<std::int64_t>();
    const std::int64_t beforeStep = before.value_or(data::kBaseStep);
    const std::string &expected = m_probes.questions[question].expected;
    const std::string *other = m_against == Against::Base ? answerAt(data::kBaseStep, question)
        : m_against == Against::Before                    ? (before ? answerAt(*before, question) : nullptr)
                                                          : (expected.empty() ? nullptr : &expected);
    const QString otherName = m_against == Against::Expected ? tr("Expected")
        : m_against == Against::Base || beforeStep < 0                 ? tr("Base model")
                                                               : tr("Step %1").arg(countText(beforeStep));
    for (QWidget *part : std::initializer_list<QWidget *>{block.answer, block.mark})
        part->setVisible(answer != nullptr);
    if (!answer) {
        block.verdict->setText(m_byStep.empty() || !m_chosen ? tr("It is answered at the first evaluation.") : tr("Not answered before this step."));
        block.otherName->setVisible(other != nullptr);
        block.other->setVisible(other != nullptr);
        block.otherName->setText(otherName);
        if (other)
            block.other->setText(markedHtml(*other, {}, Mark::Removed));
        return;
    }
    const WordDiff diff = other ? diffWords(*other, *answer) : WordDiff{};
    block.answer->setText(answer->empty() ? tr("<i>no answer: it ends at once</i>") : markedHtml(*answer, diff.onlyRight, Mark::Differs));
    const bool isSame = other && *other == *answer;
    const int words = other ? std::max(wordsIn(*answer, diff.onlyRight), wordsIn(*other, diff.onlyLeft)) : 0;
    block.mark->setIcon(isSame ? QStringLiteral("check") : QStringLiteral("pen-line"), isSame ? Ink::Good : Ink::Accent);
    block.mark->setVisible(other != nullptr);
    block.verdict->setText(!other                            ? tr("There is nothing to compare it with.")
                           : isSame && m_against == Against::Expected ? tr("as expected, word for word")
                           : isSame                          ? tr("the same as %1").arg(otherName)
                           : words == 0                      ? tr("the same words as %1, with other spaces or line breaks").arg(otherName)
                                                             : tr("differs from %1 in %n word(s)", nullptr, words).arg(otherName));
    block.otherName->setVisible(other && !isSame);
    block.other->setVisible(other && !isSame);
    block.otherName->setText(otherName);
    if (other)
        block.other->setText(markedHtml(*other, diff.onlyLeft, Mark::Removed));
}

QString AnswerPane::answerText(int question) const
{
    const auto step = answeredStep();
    const std::string *answer = step ? answerAt(*step, std::size_t(question)) : nullptr;
    return answer ? QString::fromStdString(*answer) : QString();
}

QString AnswerPane::otherText(int question) const
{
    const Block &block = m_blocks[std::size_t(question)];
    return block.other->isVisibleTo(this) ? block.other->text() : QString();
}

QString AnswerPane::verdictText(int question) const
{
    return m_blocks[std::size_t(question)].verdict->text();
}

void AnswerPane::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        fill(); // the marks carry colours
}

} // namespace fettle::ui
