// The Playground: the same question to base and tuned model, streaming side by side from one pass over the weights; the blind vote; and the batch evaluation.
#pragma once

#include "ui/frame/page.h"
#include "ui/playground/adapterchoice.h"
#include "ui/playground/conversation.h"

class QCheckBox;
class QListWidget;
class QListWidgetItem;
class QPlainTextEdit;
class QLineEdit;
class QScrollArea;
class QScrollBar;
class QStackedWidget;
class QHBoxLayout;
class QVBoxLayout;

namespace fettle::ui {

class AnswerColumn;
class BatchView;
class BlindVote;
class Button;
class ColumnHead;
class ElidedLabel;
class PageHead;
class Pane;
class PastTurn;
class PromptParts;
class SamplingBar;
class Segmented;
class ShiftLegend;
class TextLabel;

class PlaygroundPage : public Page {
    Q_OBJECT

public:
    explicit PlaygroundPage(const PageContext &context, QWidget *parent = nullptr);
    void setProject() override;
    void onShown() override;
    void openTarget(const QString &target) override; // "run 8", "run 8 120"

protected:
    void resizeEvent(QResizeEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    struct Side {
        ColumnHead *head = nullptr;
        AnswerColumn *answer = nullptr;
        int number = 0; // 1: base, 2: tuned, from 3: further ones
        engine::ColumnChoice asked = {};
        std::optional<engine::ColumnBadge> badge = {}; // of its answer
        bool isOtherBase = false; // its words are split in another way: places cannot be compared
    };
    struct Question { QString text, system, context, tools; };

    void setupActions();
    void setupLayout();
    void setupHead();
    void setupModes();
    void setupVote();
    void setupBatch();
    void setMode(int mode);
    void updateHead();
    QWidget *makeSideBySide();
    QWidget *makePrompts();
    QWidget *makeColumns();
    QWidget *makeQuestionLine();
    QWidget *makeNoResult();
    QWidget *makeComposer();
    void connectBridge();
    [[nodiscard]] Side *sideOf(std::size_t column); // of the running question; null where there is none

    // --- columns (playgroundcolumns.cpp)
    void readChoices();
    void showChoices(const std::vector<AdapterChoice> &choices);
    void readModels();
    [[nodiscard]] std::vector<Side *> sides();
    [[nodiscard]] std::vector<AdapterChoice> allChoices() const;
    void openColumnMenu();
    void addFromFolder();
    void addColumn(const AdapterChoice &choice);
    void removeColumn(const Side *side);
    void removeColumnWithFocus();
    void forgetColumns(); // the further ones
    void connectSide(Side &side);
    void keepQuestionInView();
    void updateColumns();

    void readPrompts();
    void showPrompt(const QListWidgetItem *item);
    void openPromptMenu();
    void savePrompt();
    void askWritten();
    void askAgain();
    // --- the conversation (playgroundconversation.cpp)
    void ask(const Question &question, std::size_t index);
    void keepAnswers();
    void showExchange(std::size_t index);
    void editQuestion();
    void branchHere();
    void putBack(const engine::HistoryEntry &entry);
    [[nodiscard]] int columnFor(const KeptAnswer &answer, const std::vector<int> &taken);
    void updateConversation();
    // --- the exchanges below each other (playgroundturns.cpp)
    QWidget *makeTurns(QWidget *live);
    void updateTurns();
    void forgetTurns();                  // made anew with the next updateTurns
    void forgetTurn(std::size_t index);
    [[nodiscard]] PastTurn *makePastTurn(std::size_t index);
    [[nodiscard]] Side *sideNumbered(int number); // null: there is none
    void showLiveTurn();                 // scrolls where it is out of view
    void keepEndInView();
    // --- what was asked before (playgroundhistory.cpp)
    void readHistory();
    void showHistory(std::vector<engine::HistoryEntry> entries);
    void openHistory(QListWidgetItem *item);
    void openEntry(const engine::HistoryEntry &entry);
    void removeFromHistory();
    void keepInHistory();
    void findQuestions();

    void stopAnswers();
    void endAnswers(const QString &why);
    void updateDivergence();
    // --- one column's words in the eyes of another (playgroundshift.cpp)
    using AnswerToRead = Bridge::AnswerToRead;
    using Readings = std::vector<std::vector<engine::GeneratedToken>>;
    struct ReadPlace { std::size_t exchange; int column; };
    [[nodiscard]] const Side *besideOf(const Side &own) const; // null: there is none
    [[nodiscard]] std::optional<engine::GeneratedToken> tokenBeside(const Side &own, int index) const;
    [[nodiscard]] static QString shortName(const Side &side);
    void updateShift();
    void forgetReadings();
    void readAnswers();
    void showReadings(const std::vector<ReadPlace> &read, const Result<Readings> &readings);
    void showToken(const Side &own);

    void updateActions();
    void exportResult();
    void openServing();
    void showServing();
    void setupResults();
    void correct(const Side &side);
    void explain(const Side &side);
    [[nodiscard]] QString settingsText() const; // of the question that the columns show
    void copyComparison();
    void saveComparison();

    enum Mode { SideBySide, Vote, Batch };

    PageHead *m_head = nullptr;
    Segmented *m_modeChoice = nullptr;
    QStackedWidget *m_modes = nullptr;
    BlindVote *m_vote = nullptr;
    BatchView *m_batch = nullptr;
    QString m_sideState; // what the head says of the answers side by side
    Button *m_promptButton = nullptr, *m_exportButton = nullptr, *m_serveButton = nullptr;
    Pane *m_promptPane = nullptr;
    QListWidget *m_prompts = nullptr, *m_history = nullptr;
    TextLabel *m_noHistory = nullptr;
    QLineEdit *m_find = nullptr;
    std::vector<engine::HistoryEntry> m_entries; // of the history, newest first
    std::vector<QString> m_entryWords;           // what a search looks into
    Conversation m_conversation;
    std::size_t m_shown = 0;              // the question that the columns show
    std::optional<std::size_t> m_editing; // the question that is being changed
    TextLabel *m_turn = nullptr;
    Button *m_earlier = nullptr, *m_later = nullptr;
    QCheckBox *m_follow = nullptr;
    SamplingBar *m_sampling = nullptr;
    ElidedLabel *m_questionLine = nullptr;
    Side m_base, m_tuned;
    std::vector<std::unique_ptr<Side>> m_more;
    std::vector<AdapterChoice> m_choices, m_added, m_models; // results of runs; what was added by hand; other base models on this computer
    QScrollArea *m_columnScroll = nullptr, *m_turnScroll = nullptr; // the columns sideways, in it the exchanges downwards
    QScrollBar *m_turnBar = nullptr; // of the exchanges, in view wherever one looks sideways
    QWidget *m_liveTurn = nullptr;   // the exchange that is shown to be worked on
    QVBoxLayout *m_turnRows = nullptr;
    std::vector<PastTurn *> m_pastTurns; // one for each exchange; null where it is not made, hidden for the one that is shown
    bool m_followsEnd = false; // a new question was asked, and nobody has scrolled away
    QHBoxLayout *m_heads = nullptr, *m_answers = nullptr, *m_questionRow = nullptr;
    Button *m_addButton = nullptr;
    QStackedWidget *m_tunedStack = nullptr; // the answer, or that there is no result yet
    QPlainTextEdit *m_composer = nullptr;
    QLineEdit *m_system = nullptr;
    PromptParts *m_parts = nullptr;
    Button *m_send = nullptr, *m_stop = nullptr;
    QAction *m_sendAction = nullptr, *m_againAction = nullptr, *m_editAction = nullptr, *m_branchAction = nullptr, *m_stopAction = nullptr, *m_exportAction = nullptr, *m_addAction = nullptr, *m_removeAction = nullptr, *m_copyAction = nullptr, *m_pictureAction = nullptr, *m_shiftAction = nullptr,
            *m_correctAction = nullptr;
    ShiftLegend *m_shiftLegend = nullptr;
    JobId m_job = 0, m_readingJob = 0;
    std::vector<Side *> m_columns; // columns of the running question
    Question m_asked;
    quint64 m_seed = 0;
    QString m_wanted; // adapter that openTarget asked for before the choices were there
    bool m_hasRead = false;
};

} // namespace fettle::ui
