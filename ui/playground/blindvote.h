// Blind vote: a question, two answers without names, one key for each verdict. Pairs are answered while the first ones are judged; every vote
// is in the project before the next key is pressed.
#pragma once

#include "ui/frame/page.h"
#include "ui/playground/votesession.h"

class QStackedWidget;

namespace fettle::ui {

class Button;
class Pane;
class TextLabel;
class VoteResult;
class VoteSide;
class VoteStart;
class VoteTicks;
struct AdapterChoice;

// Of the page, so that keys and command bar reach them.
struct VoteActions {
    QAction *left = nullptr, *equal = nullptr, *bothBad = nullptr, *right = nullptr;
    QAction *takeBack = nullptr, *skip = nullptr, *result = nullptr, *leave = nullptr, *page = nullptr;
};

class BlindVote : public QWidget {
    Q_OBJECT

public:
    BlindVote(const PageContext &context, const VoteActions &actions, QWidget *parent = nullptr);
    void setProject();
    void setActive(bool isActive); // whether this part of the page is in view
    void setChoices(const std::vector<AdapterChoice> &choices);
    void choose(const std::string &adapter);

    void vote(evaluate::Choice choice);
    void takeBack();
    void skip();
    void showResult(); // or back to the questions
    void leave();
    void writePage();
    [[nodiscard]] QString state() const; // one line for the head of the page

signals:
    void stateChanged();

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    enum class View { Start, Voting, Result };

    void setupLayout();
    QWidget *makeVoting();
    QWidget *makeProgress();
    QWidget *makeQuestion();
    QWidget *makeAnswers();
    QWidget *makeDecision();
    QWidget *makeAfter();
    void connectStart();

    void readBallots();
    void start(const engine::BallotInfo &ballot);
    void open(const engine::BallotInfo &ballot);
    void begin(const engine::BallotInfo &ballot, std::vector<evaluate::BallotPair> pairs, std::vector<evaluate::BallotVote> votes);
    void prepare();
    void endPreparing(evaluate::BallotId ballot, Result<engine::BallotOutcome> outcome);
    void importVotes();
    void deleteBallot(const engine::BallotInfo &ballot);
    void setView(View view);
    void showPair();
    void showAfter();
    void updateActions();
    void fitToSize();
    [[nodiscard]] Bridge &bridge() const { return m_context.bridge; }
    void complain(const Error &error) const { m_context.showMessage(messageOf(error)); }

    PageContext m_context;
    VoteActions m_actions;
    QStackedWidget *m_stack = nullptr;
    VoteStart *m_start = nullptr;
    VoteSide *m_side = nullptr;
    VoteResult *m_result = nullptr;
    VoteTicks *m_ticks = nullptr;
    TextLabel *m_place = nullptr, *m_ready = nullptr, *m_origin = nullptr, *m_question = nullptr, *m_left = nullptr, *m_right = nullptr;
    TextLabel *m_afterHead = nullptr, *m_afterQuestion = nullptr, *m_afterExpected = nullptr;
    Pane *m_after = nullptr;
    View m_view = View::Start;
    VoteSession m_session;
    JobId m_job = 0; // that answers the questions
    bool m_isActive = false;
};

} // namespace fettle::ui
