// How the blind vote is put together, wide and narrow. What it does is in blindvote.cpp.
#include "ui/playground/blindvote.h"

#include "ui/playground/voteresult.h"
#include "ui/playground/voteside.h"
#include "ui/playground/votestart.h"
#include "ui/playground/votewidgets.h"
#include "ui/widgets/button.h"
#include "ui/widgets/choicebutton.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrollpane.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kAfterFrom = 780, kSideFrom = 1100; // height and width from which there is room for them
constexpr int kQuestionHeight = 132;

// Text that scrolls where it is long. name: for screen readers.
QScrollArea *scrollOf(TextLabel *label, const QString &name, const QString &help)
{
    label->setWordWrap(true);
    label->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    label->setFocusPolicy(Qt::NoFocus); // the keys vote
    QScrollArea *area = scrollPane(label);
    area->setAccessibleName(name);
    area->setToolTip(help);
    return area;
}

} // namespace

void BlindVote::setupLayout()
{
    m_stack = new QStackedWidget;
    m_start = new VoteStart;
    m_result = new VoteResult;
    m_stack->addWidget(m_start);
    m_stack->addWidget(makeVoting());
    m_stack->addWidget(m_result);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_stack);
}

QWidget *BlindVote::makeVoting()
{
    auto *whole = new QWidget;
    auto *row = new QHBoxLayout(whole);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    auto *column = new QVBoxLayout;
    column->setSpacing(0);
    column->addWidget(makeProgress());
    column->addWidget(makeQuestion());
    column->addWidget(makeAnswers(), 1);
    column->addWidget(makeDecision());
    column->addWidget(makeAfter());
    row->addLayout(column, 1);
    m_side = new VoteSide;
    row->addWidget(m_side);
    return whole;
}

QWidget *BlindVote::makeProgress()
{
    auto *pane = new Pane(Surface::Window, Qt::BottomEdge);
    pane->setFixedHeight(qRound(kHealthBar * textScale()));
    auto *row = new QHBoxLayout(pane);
    row->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    row->setSpacing(kStep4);
    m_place = strongLabel({});
    m_place->setObjectName(QStringLiteral("votePlace"));
    m_ticks = new VoteTicks;
    m_ready = mutedLabel({});
    m_ready->setObjectName(QStringLiteral("voteReady"));
    row->addWidget(m_place);
    row->addWidget(m_ticks, 1);
    row->addWidget(m_ready);
    return pane;
}

QWidget *BlindVote::makeQuestion()
{
    auto *pane = new Pane(Surface::Page, Qt::BottomEdge);
    auto *column = new QVBoxLayout(pane);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    column->setSpacing(kStep1);
    m_origin = sectionLabel({});
    m_question = titleLabel({});
    m_question->setObjectName(QStringLiteral("voteQuestion"));
    column->addWidget(m_origin);
    auto *area = scrollOf(m_question, tr("Question"), tr("What both models were asked."));
    area->setFixedHeight(qRound(kQuestionHeight / 2 * textScale()));
    column->addWidget(area);
    return pane;
}

QWidget *BlindVote::makeAnswers()
{
    auto *pane = new Pane(Surface::Page);
    auto *row = new QHBoxLayout(pane);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    const auto side = [row](const QString &letter, TextLabel *text, const QString &name, const QString &help) {
        auto *column = new QVBoxLayout;
        column->setContentsMargins(kPaneSide, kPaneSide, kPaneSide, kPaneTop);
        column->setSpacing(kStep2);
        column->addWidget(titleLabel(letter));
        column->addWidget(scrollOf(text, name, help), 1);
        row->addLayout(column, 1);
    };
    m_left = new TextLabel;
    m_left->setObjectName(QStringLiteral("voteLeftAnswer"));
    m_right = new TextLabel;
    m_right->setObjectName(QStringLiteral("voteRightAnswer"));
    side(tr("A"), m_left, tr("Answer A"), tr("One of the two answers; whose it is comes at the end."));
    row->addWidget(new Separator(Qt::Vertical));
    side(tr("B"), m_right, tr("Answer B"), tr("The other answer; whose it is comes at the end."));
    return pane;
}

QWidget *BlindVote::makeDecision()
{
    auto *pane = new Pane(Surface::Window, Qt::TopEdge | Qt::BottomEdge);
    auto *rows = new QVBoxLayout(pane);
    rows->setContentsMargins(kPaneSide, kPaneSide, kPaneSide, kPaneTop);
    rows->setSpacing(kStep3);
    auto *choices = new QHBoxLayout;
    choices->setSpacing(kStep3);
    choices->addWidget(new ChoiceButton(m_actions.left, tr("the left answer")));
    choices->addWidget(new ChoiceButton(m_actions.equal, tr("counts half for each")));
    choices->addWidget(new ChoiceButton(m_actions.bothBad, tr("neither may go out")));
    choices->addWidget(new ChoiceButton(m_actions.right, tr("the right answer")));
    rows->addLayout(choices);
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep2);
    for (QAction *action : {m_actions.takeBack, m_actions.skip}) {
        auto *button = quietButton({}, action->property("iconName").toString());
        button->setObjectName(action->objectName());
        line->addWidget(button);
        button->followAction(action);
    }
    line->addStretch(1);
    line->addWidget(mutedLabel(tr("The names follow after the last vote")));
    rows->addLayout(line);
    return pane;
}

QWidget *BlindVote::makeAfter()
{
    m_after = new Pane(Surface::Page);
    auto *grid = new QGridLayout(m_after);
    grid->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    grid->setHorizontalSpacing(kStep5);
    grid->setVerticalSpacing(kStep2);
    grid->setColumnStretch(1, 1);
    m_afterHead = strongLabel({});
    grid->addWidget(m_afterHead, 0, 0, 1, 2);
    grid->addWidget(mutedLabel(tr("Question")), 1, 0, Qt::AlignTop);
    grid->addWidget(mutedLabel(tr("House answer")), 2, 0, Qt::AlignTop);
    m_afterQuestion = new TextLabel;
    m_afterExpected = new TextLabel;
    m_afterExpected->setObjectName(QStringLiteral("voteExpected"));
    for (TextLabel *label : {m_afterQuestion, m_afterExpected}) {
        label->setWordWrap(true);
        label->setMaximumHeight(qRound(60 * textScale()));
    }
    grid->addWidget(m_afterQuestion, 1, 1);
    grid->addWidget(m_afterExpected, 2, 1);
    return m_after;
}

void BlindVote::fitToSize()
{
    m_side->setVisible(width() >= kSideFrom);
    m_side->setFixedWidth(width() >= 1400 ? kEditorNarrow : 320);
    m_after->setVisible(height() >= kAfterFrom && !m_session.ownVotes().empty());
}

void BlindVote::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitToSize();
}

} // namespace fettle::ui
