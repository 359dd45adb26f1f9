// The ways to compare that the Playground offers, and their keys. See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/playground/batchview.h"
#include "ui/playground/blindvote.h"
#include "ui/playground/promptparts.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/segmented.h"

#include <QPlainTextEdit>
#include <QStackedWidget>

namespace fettle::ui {

void PlaygroundPage::setupModes()
{
    m_modeChoice = new Segmented({tr("Side by side"), tr("Blind vote"), tr("Batch")});
    m_modeChoice->setObjectName(QStringLiteral("playgroundMode"));
    m_modeChoice->setToolTip(tr("How base and tuned model are compared."));
    m_modeChoice->setSegmentToolTip(SideBySide, tr("One question of yours, both answers as they are written."));
    m_modeChoice->setSegmentToolTip(Vote, tr("Many questions, answers without names: which are better?"));
    m_modeChoice->setSegmentToolTip(Batch, tr("Many rows, measured and compared."));
    m_head->addAfterTitle(m_modeChoice);
    connect(m_modeChoice, &Segmented::chosen, this, &PlaygroundPage::setMode);
    addPageAction(QStringLiteral("openSideBySide"), tr("Playground: side by side"), QStringLiteral("columns-2"), {},
                  tr("One question of yours, both answers as they are written."), [this] { setMode(SideBySide); });
    addPageAction(QStringLiteral("openBlindVote"), tr("Playground: blind vote"), QStringLiteral("eye"), {},
                  tr("Many questions, answers without names: which are better?"), [this] { setMode(Vote); });
    addPageAction(QStringLiteral("openBatch"), tr("Playground: batch evaluation"), QStringLiteral("table-2"), {},
                  tr("Many rows, measured and compared."), [this] { setMode(Batch); });
    setupVote();
    setupBatch();
}

void PlaygroundPage::setupVote()
{
    using evaluate::Choice;
    const auto add = [this](const char *name, const QString &text, const char *icon, const QKeySequence &keys, const QString &help, auto does) {
        return addPageAction(QLatin1String(name), text, QLatin1String(icon), keys, help, [this, does] { does(*m_vote); });
    };
    VoteActions actions;
    actions.left = add("voteLeft", tr("A is better"), "check", Qt::Key_1, tr("Votes for the left answer."), [](BlindVote &vote) { vote.vote(Choice::Left); });
    actions.equal = add("voteEqual", tr("Equally good"), "check", Qt::Key_0, tr("Counts half for each model."), [](BlindVote &vote) { vote.vote(Choice::Equal); });
    actions.bothBad = add("voteBothBad", tr("Both bad"), "x", Qt::Key_B, tr("Neither answer may go out; counts half for each model."), [](BlindVote &vote) { vote.vote(Choice::BothBad); });
    actions.right = add("voteRight", tr("B is better"), "check", Qt::Key_2, tr("Votes for the right answer."), [](BlindVote &vote) { vote.vote(Choice::Right); });
    actions.takeBack = add("takeBackVote", tr("Take back"), "undo-2", Qt::Key_Backspace, tr("Shows the question of your last vote again."), [](BlindVote &vote) { vote.takeBack(); });
    actions.skip = add("skipQuestion", tr("Skip"), "arrow-right", Qt::Key_S, tr("Puts the question behind the others."), [](BlindVote &vote) { vote.skip(); });
    actions.result = add("showVoteResult", tr("Show the result"), "eye", {}, tr("Says which model was preferred, also before the last vote."), [](BlindVote &vote) { vote.showResult(); });
    actions.page = add("writeBallotPage", tr("Page for colleagues..."), "share", {}, tr("Writes the questions as one page that colleagues fill in without Fettle."), [](BlindVote &vote) { vote.writePage(); });
    actions.leave = add("leaveVote", tr("Pause the vote"), "pause", {}, tr("Back to all votes; what was voted is kept, and the vote can go on later."), [](BlindVote &vote) { vote.leave(); });
    m_vote = new BlindVote(context(), actions);
    m_modes->addWidget(m_vote);
    for (QAction *action : {actions.page, actions.result, actions.leave}) {
        auto *button = new Button({}, action->property("iconName").toString());
        button->setObjectName(action->objectName());
        m_head->addAction(button);
        button->followAction(action);
    }
    connect(m_vote, &BlindVote::stateChanged, this, &PlaygroundPage::updateHead);
}

void PlaygroundPage::setupBatch()
{
    BatchActions actions;
    actions.evaluate = addPageAction(QStringLiteral("evaluateRows"), tr("Evaluate"), QStringLiteral("play"), {}, tr("Both models answer the rows; answers that are known already are not asked again."),
                                     [this] { m_batch->evaluate(); });
    actions.cancel = addPageAction(QStringLiteral("cancelEvaluation"), tr("Stop"), QStringLiteral("circle-stop"), {}, tr("Ends the evaluation; the answers so far are kept."), [this] { m_batch->cancel(); });
    actions.save = addPageAction(QStringLiteral("saveEvaluation"), tr("Save report..."), QStringLiteral("download"), QKeySequence(Qt::CTRL | Qt::Key_S),
                                 tr("Writes summary and answers as a page, a table or for programs."), [this] { m_batch->saveReport(); });
    actions.next = addPageAction(QStringLiteral("nextAnswer"), tr("Next answer"), QStringLiteral("chevron-down"), Qt::Key_J, tr("Goes to the next answer of the table."), [this] { m_batch->moveBy(1); });
    actions.previous = addPageAction(QStringLiteral("previousAnswer"), tr("Previous answer"), QStringLiteral("chevron-up"), Qt::Key_K, tr("Goes to the answer before this one."), [this] { m_batch->moveBy(-1); });
    m_batch = new BatchView(context(), actions);
    m_modes->addWidget(m_batch);
    auto *save = new Button({}, QStringLiteral("download"));
    save->setObjectName(QStringLiteral("saveEvaluation"));
    m_head->addAction(save);
    save->followAction(actions.save);
    connect(m_batch, &BatchView::stateChanged, this, &PlaygroundPage::updateHead);
    connect(m_batch, &BatchView::questionChosen, this, [this](const QString &question) {
        setMode(SideBySide);
        m_composer->setPlainText(question); // with its context
        m_parts->setParts({}, {});
    });
}

void PlaygroundPage::setMode(int mode)
{
    m_modeChoice->setCurrent(mode);
    m_modes->setCurrentIndex(mode);
    m_vote->setActive(mode == Vote);
    m_batch->setActive(mode == Batch);
    if (mode == SideBySide)
        m_composer->setFocus();
    updateHead();
}

void PlaygroundPage::updateHead()
{
    const int mode = m_modes->currentIndex();
    const bool isNarrow = width() < measure::kNarrowBelow - measure::kRailNarrow;
    m_promptButton->setVisible(mode == SideBySide && isNarrow);
    m_addButton->setVisible(mode == SideBySide);
    m_serveButton->setVisible(mode == SideBySide);
    m_exportButton->setVisible(mode == SideBySide);
    m_head->setState(mode == Vote ? m_vote->state() : mode == Batch ? m_batch->state() : m_sideState);
}

} // namespace fettle::ui
