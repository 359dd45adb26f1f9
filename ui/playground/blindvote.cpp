// See blindvote.h.
#include "ui/playground/blindvote.h"

#include "ui/frame/dialogs.h"
#include "ui/playground/voteresult.h"
#include "ui/playground/voteside.h"
#include "ui/playground/votestart.h"
#include "ui/playground/votewidgets.h"
#include "ui/playground/votewords.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QFileInfo>
#include <QSettings>
#include <QStackedWidget>

namespace fettle::ui {

namespace {

const auto kVoterKey = QStringLiteral("playground/voter");

} // namespace

BlindVote::BlindVote(const PageContext &pageContext, const VoteActions &actions, QWidget *parent) : QWidget(parent), m_context(pageContext), m_actions(actions)
{
    setupLayout();
    connectStart();
    updateActions();
}

void BlindVote::connectStart()
{
    m_start->setVoter(QSettings().value(kVoterKey).toString());
    connect(m_start, &VoteStart::startWished, this, &BlindVote::start);
    connect(m_start, &VoteStart::openWished, this, &BlindVote::open);
    connect(m_start, &VoteStart::deleteWished, this, &BlindVote::deleteBallot);
    connect(m_start, &VoteStart::importWished, this, &BlindVote::importVotes);
}

void BlindVote::setProject()
{
    bridge().cancel(m_job);
    m_job = 0;
    m_session = {};
    m_start->setBallots({});
    m_start->setChoices({});
    setView(View::Start);
    if (m_isActive)
        readBallots();
}

void BlindVote::setActive(bool isActive)
{
    m_isActive = isActive;
    if (isActive && m_view == View::Start) {
        readBallots();
        m_start->takeFocus();
    } else if (isActive) {
        setFocus();
    }
    updateActions();
}

void BlindVote::setChoices(const std::vector<AdapterChoice> &choices)
{
    m_start->setChoices(choices);
}

void BlindVote::choose(const std::string &adapter)
{
    m_start->choose(adapter);
}

// Asked of the writer, behind the votes that are still on their way to the disk.
void BlindVote::readBallots()
{
    if (bridge().project() == nullptr)
        return;
    bridge().write<std::vector<engine::BallotInfo>>(
        Touched::Nothing, this, [](ProjectApi &project, const JobContext &) { return project.ballots(); },
        [this](Result<std::vector<engine::BallotInfo>> ballots) {
            if (ballots)
                m_start->setBallots(*ballots);
            else
                complain(ballots.error());
        });
}

void BlindVote::start(const engine::BallotInfo &ballot)
{
    QSettings().setValue(kVoterKey, m_start->voter());
    bridge().write<engine::BallotInfo>(
        Touched::Nothing, this, [ballot](ProjectApi &project, const JobContext &) { return project.addBallot(ballot); },
        [this](Result<engine::BallotInfo> stored) {
            if (stored)
                begin(*stored, {}, {});
            else
                complain(stored.error());
        });
}

void BlindVote::open(const engine::BallotInfo &ballot)
{
    struct Stored { std::vector<evaluate::BallotPair> pairs; std::vector<evaluate::BallotVote> votes; };
    QSettings().setValue(kVoterKey, m_start->voter());
    bridge().write<Stored>(
        Touched::Nothing, this,
        [id = ballot.id](ProjectApi &project, const JobContext &) -> Result<Stored> {
            auto pairs = project.ballotPairs(id);
            if (!pairs)
                return passError(pairs);
            auto votes = project.votes(id);
            if (!votes)
                return passError(votes);
            return Stored{std::move(*pairs), std::move(*votes)};
        },
        [this, ballot](Result<Stored> stored) {
            if (stored)
                begin(ballot, std::move(stored->pairs), std::move(stored->votes));
            else
                complain(stored.error());
        });
}

void BlindVote::begin(const engine::BallotInfo &ballot, std::vector<evaluate::BallotPair> pairs, std::vector<evaluate::BallotVote> votes)
{
    m_session = VoteSession(ballot, m_start->voter().toStdString());
    m_session.setVotes(std::move(votes));
    for (const auto &pair : pairs)
        m_session.addPair(pair);
    if (!ballot.isComplete)
        prepare();
    setView(m_session.isOver() ? View::Result : View::Voting);
}

void BlindVote::prepare()
{
    const evaluate::BallotId id = m_session.ballot().id;
    m_job = bridge().prepareBallot(
        m_session.ballot(), this,
        [this, id](const evaluate::BallotPair &pair) {
            if (m_session.ballot().id != id)
                return;
            const bool isFirst = m_session.current() == nullptr;
            m_session.addPair(pair);
            if (isFirst)
                showPair();
            updateActions();
        },
        [this, id](Result<engine::BallotOutcome> outcome) { endPreparing(id, std::move(outcome)); });
    updateActions();
}

void BlindVote::endPreparing(evaluate::BallotId ballot, Result<engine::BallotOutcome> outcome)
{
    if (m_session.ballot().id != ballot)
        return; // another vote was opened meanwhile
    m_job = 0;
    if (outcome) {
        m_session.setComplete();
        if (outcome->sameAnswers > 0)
            m_context.showMessage({MessageTone::Info, tr("%n question(s) left out: both models answer them word for word alike.", nullptr, static_cast<int>(outcome->sameAnswers)),
                                   tr("Others took their place where there were any."), {}, {}, {}});
    } else if (outcome.error().code != ErrorCode::Cancelled) {
        complain(outcome.error());
        if (m_session.pairs() == 0) { // nothing came of it
            bridge().write<void>(Touched::Nothing, nullptr, [ballot](ProjectApi &project, const JobContext &) { return project.deleteBallot(ballot); }, {});
            leave();
            return;
        }
    }
    if (m_view == View::Voting && m_session.isOver())
        setView(View::Result);
    else if (m_view == View::Voting && m_session.current() == nullptr)
        showPair();
    updateActions();
}

void BlindVote::vote(evaluate::Choice choice)
{
    const auto vote = m_view == View::Voting ? m_session.vote(choice) : std::nullopt;
    if (!vote)
        return;
    bridge().write<void>(
        Touched::Nothing, this, [id = m_session.ballot().id, vote = *vote](ProjectApi &project, const JobContext &) { return project.putVote(id, vote); },
        [this, id = m_session.ballot().id, vote = *vote](Result<> stored) {
            if (stored)
                return;
            complain(stored.error());
            if (m_session.ballot().id != id)
                return;
            m_session.forget(vote); // what is shown as voted is on the disk
            setView(View::Voting);
        });
    setView(m_session.isOver() ? View::Result : View::Voting);
}

void BlindVote::takeBack()
{
    const auto vote = m_session.takeBack();
    if (!vote)
        return;
    bridge().write<void>(Touched::Nothing, nullptr, [id = m_session.ballot().id, vote = *vote](ProjectApi &project, const JobContext &) {
        return project.takeBackVote(id, vote.position, vote.voter);
    }, {});
    setView(View::Voting);
}

void BlindVote::skip()
{
    m_session.skip();
    showPair();
    updateActions();
}

void BlindVote::showResult()
{
    setView(m_view == View::Result ? View::Voting : View::Result);
}

void BlindVote::leave()
{
    bridge().cancel(m_job);
    m_job = 0;
    m_session = {};
    setView(View::Start);
    readBallots();
}

void BlindVote::setView(View view)
{
    m_view = view;
    m_stack->setCurrentIndex(static_cast<int>(view));
    if (view == View::Voting)
        showPair();
    else if (view == View::Result)
        m_result->showSession(m_session);
    updateActions();
    if (view != View::Start && m_isActive)
        setFocus(); // the keys vote, wherever the keyboard was
}

void BlindVote::showPair()
{
    const evaluate::BallotPair *pair = m_session.current();
    m_origin->setText(m_session.ballot().source == engine::BallotSource::HeldOut ? tr("Held-out question, never seen in training") : tr("Saved question"));
    m_question->setText(pair ? QString::fromStdString(pair->question)
                        : m_job != 0 ? (bridge().isRunActive() ? tr("The pairs are answered as soon as the run that is learning has ended or paused.") : tr("The next pair is being answered."))
                                     : tr("All pairs are judged."));
    m_left->setText(pair ? QString::fromStdString(pair->left()) : QString());
    m_right->setText(pair ? QString::fromStdString(pair->right()) : QString());
    showAfter();
}

void BlindVote::showAfter()
{
    const auto own = m_session.ownVotes();
    if (!own.empty()) {
        m_afterHead->setText(tr("Question %1, after your vote: you chose %2").arg(own.size()).arg(choiceText(own.back().choice)));
        m_afterQuestion->setText(QString::fromStdString(own.back().pair->question));
        m_afterExpected->setText(own.back().pair->expected.empty() ? tr("none is known") : QString::fromStdString(own.back().pair->expected));
    }
    fitToSize();
}

void BlindVote::updateActions()
{
    const bool isVoting = m_isActive && m_view == View::Voting, isOpen = m_isActive && m_view != View::Start;
    const bool hasPair = isVoting && m_session.current() != nullptr;
    const auto own = static_cast<qint64>(m_session.ownVotes().size());
    const QString nothing = !m_isActive ? tr("Open the blind vote first.") : tr("There is no pair to judge at the moment.");
    for (QAction *action : {m_actions.left, m_actions.equal, m_actions.bothBad, m_actions.right})
        setActionPossible(action, hasPair, nothing);
    setActionPossible(m_actions.skip, hasPair && m_session.canSkip(), nothing);
    setActionPossible(m_actions.takeBack, isOpen && own > 0, tr("There is no vote of yours to take back."));
    m_actions.takeBack->setText(own > 0 ? tr("Take back vote %1").arg(own) : tr("Take back"));
    m_actions.leave->setText(m_session.isOver() ? tr("All votes") : tr("Pause the vote"));
    m_actions.result->setText(m_view == View::Result ? tr("Back to the questions") : tr("Show the result"));
    setActionPossible(m_actions.result, isOpen && (m_view == View::Voting || !m_session.isOver()), tr("There is nothing left to judge."));
    setActionPossible(m_actions.leave, isOpen, tr("No vote is open."));
    setActionPossible(m_actions.page, isOpen && m_session.ballot().isComplete, isOpen ? tr("Wait until all pairs are answered.") : tr("No vote is open."));
    for (QAction *action : {m_actions.result, m_actions.leave, m_actions.page})
        action->setVisible(isOpen);
    m_place->setText(tr("Question %1 of %2").arg(qMin<qint64>(own + 1, m_session.wanted())).arg(m_session.wanted()));
    m_ticks->setCounts(own, m_session.pairs(), m_session.wanted());
    m_ready->setText(m_job != 0 ? tr("%1 of %2 answered").arg(m_session.pairs()).arg(m_session.wanted()) : QString());
    m_ready->setVisible(m_job != 0);
    if (isVoting)
        m_side->showSession(m_session);
    emit stateChanged();
}

QString BlindVote::state() const
{
    switch (m_view) {
    case View::Start: return tr("Judge the words, not the model.");
    case View::Voting: return tr("Judge the words, not the model: the names come at the end.");
    case View::Result: break;
    }
    return tr("%1 against its base model.").arg(QString::fromStdString(m_session.ballot().name));
}

void BlindVote::writePage()
{
    const QString file = m_context.dialogs.saveFile(this, tr("Page for colleagues"), tr("Blind vote %1.html").arg(QString::fromStdString(m_session.ballot().name)), tr("Page (*.html)"));
    if (file.isEmpty())
        return;
    bridge().readSlowly<void>(
        this,
        [file = file.toStdString(), pairs = m_session.allPairs(), token = m_session.ballot().token](const ProjectApi *project, const JobContext &context) {
            return context.engine.writeFile(file, evaluate::ballotPage(pairs, token, project != nullptr ? project->name() : std::string()));
        },
        [this, file](Result<> written) {
            if (!written)
                complain(written.error());
            else
                m_context.showMessage({MessageTone::Info, tr("Written to %1.").arg(file),
                                       tr("Send it to colleagues: they open it in a browser, vote, and send their file back. It does not say which answer is whose."), {}, {}, {}});
        });
}

void BlindVote::importVotes()
{
    const QString file = m_context.dialogs.openFile(this, tr("Votes of a colleague"), tr("Votes (*.json)"));
    if (file.isEmpty())
        return;
    struct Imported { engine::BallotInfo ballot; std::string voter; };
    bridge().write<Imported>(
        Touched::Nothing, this,
        [file](ProjectApi &project, const JobContext &) -> Result<Imported> {
            const auto result = evaluate::readBallotResult(file.toStdString());
            if (!result)
                return passError(result);
            auto ballot = project.importVotes(*result);
            if (!ballot)
                return passError(ballot);
            return Imported{std::move(*ballot), result->voter};
        },
        [this](Result<Imported> imported) {
            if (!imported) {
                complain(imported.error());
                return;
            }
            m_context.showMessage({MessageTone::Info, tr("%n vote(s) of %1 taken over.", nullptr, static_cast<int>(imported->ballot.votes)).arg(QString::fromStdString(imported->voter)),
                                   tr("They count in the vote on %1.").arg(QString::fromStdString(imported->ballot.name)), {}, {}, {}});
            readBallots();
        });
}

void BlindVote::deleteBallot(const engine::BallotInfo &ballot)
{
    const int answer = m_context.dialogs.ask(this, {tr("Delete the vote on %1?").arg(QString::fromStdString(ballot.name)),
                                                    tr("Lost with it: %n vote(s), those of colleagues too.", nullptr, static_cast<int>(ballot.votes)), {tr("Delete"), tr("Keep")}});
    if (answer != 0)
        return;
    bridge().write<void>(Touched::Nothing, this, [id = ballot.id](ProjectApi &project, const JobContext &) { return project.deleteBallot(id); },
                         [this](Result<> deleted) {
                             if (!deleted)
                                 complain(deleted.error());
                             readBallots();
                         });
}

} // namespace fettle::ui
