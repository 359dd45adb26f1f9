// How the Playground is put together, wide and narrow. What it does is in playgroundpage.cpp.
#include "ui/playground/playgroundpage.h"

#include "ui/playground/promptparts.h"
#include "ui/playground/samplingbar.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/textfield.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPlainTextEdit>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

void PlaygroundPage::setupActions()
{
    m_sendAction = addPageAction(QStringLiteral("askModels"), tr("Ask base and tuned model"), QStringLiteral("send"), QKeySequence(Qt::CTRL | Qt::Key_Return),
                                 tr("Both models answer the same question with the same seed."), [this] { askWritten(); });
    m_againAction = addPageAction(QStringLiteral("askAgain"), tr("Ask again"), QStringLiteral("refresh-cw"), QKeySequence(Qt::CTRL | Qt::Key_R),
                                  tr("The same question with another seed: what else would they answer?"), [this] { askAgain(); });
    m_editAction = addPageAction(QStringLiteral("editQuestion"), tr("Edit the question and ask again"), QStringLiteral("pencil"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E),
                                 tr("Puts the question back into the field; sent, it takes its place. The old answers stay in the history."), [this] { editQuestion(); });
    m_branchAction = addPageAction(QStringLiteral("branchConversation"), tr("Go on from here in another way"), QStringLiteral("split"), {},
                                   tr("The next question follows the one that is shown; what came after it stays in the history."), [this] { branchHere(); });
    m_shiftAction = addPageAction(QStringLiteral("colourByShift"), tr("Colour by probability"), QStringLiteral("palette"), {},
                                  tr("Shades each word by how much likelier, or less likely, it is than in the base model."), [this] { updateShift(); });
    m_shiftAction->setCheckable(true);
    m_stopAction = addPageAction(QStringLiteral("stopAnswers"), tr("Stop the answers"), QStringLiteral("circle-stop"), QKeySequence(Qt::Key_Escape),
                                 tr("Ends both answers where they are."), [this] { stopAnswers(); });
    m_exportAction = addPageAction(QStringLiteral("exportResult"), tr("Export the result..."), QStringLiteral("share"), QKeySequence(Qt::CTRL | Qt::Key_E),
                                   tr("Writes what was learnt for other programs: Ollama, LM Studio, llama.cpp, Python."), [this] { exportResult(); });
    m_addAction = addPageAction(QStringLiteral("addColumn"), tr("Add a column..."), QStringLiteral("plus"), QKeySequence(Qt::CTRL | Qt::Key_Plus),
                                tr("One more answer beside the others: a run, a checkpoint, an adapter from a folder or another base model."), [this] { openColumnMenu(); });
    m_removeAction = addPageAction(QStringLiteral("removeColumn"), tr("Remove a column"), QStringLiteral("minus"), QKeySequence(Qt::CTRL | Qt::Key_Minus),
                                   tr("Takes away the column that has the keyboard, else the last one."), [this] { removeColumnWithFocus(); });
    addPageAction(QStringLiteral("servePrograms"), tr("Let my own programs ask..."), QStringLiteral("external-link"), {}, tr("Address, key and switch of the service for programs on this computer."),
                  [this] { openServing(); });
    addPageAction(QStringLiteral("savePrompt"), tr("Save this prompt"), QStringLiteral("bookmark"), {}, tr("Keeps the question in the project."), [this] { savePrompt(); });
}

void PlaygroundPage::setupHead()
{
    m_head = new PageHead(tr("Playground"));
    m_promptButton = new Button(tr("Questions"), QStringLiteral("notebook-text"), tr("Saved questions and held-out ones, which no run has learnt."));
    m_promptButton->setObjectName(QStringLiteral("questions"));
    connect(m_promptButton, &QPushButton::clicked, this, &PlaygroundPage::openPromptMenu);
    m_head->addAction(m_promptButton);
    m_promptButton->hide(); // narrow only
    m_addButton = new Button(tr("Add column"), QStringLiteral("plus"));
    m_addButton->setObjectName(QStringLiteral("addColumn"));
    connect(m_addButton, &QPushButton::clicked, this, &PlaygroundPage::openColumnMenu);
    m_head->addAction(m_addButton);
    m_serveButton = new Button(tr("Serve..."), QStringLiteral("external-link"));
    m_serveButton->setObjectName(QStringLiteral("serve"));
    connect(m_serveButton, &QPushButton::clicked, this, &PlaygroundPage::openServing);
    m_head->addAction(m_serveButton);
    m_exportButton = new Button(tr("Export..."), QStringLiteral("share"));
    m_exportButton->setObjectName(QStringLiteral("export"));
    connect(m_exportButton, &QPushButton::clicked, this, &PlaygroundPage::exportResult);
    m_head->addAction(m_exportButton);
}

void PlaygroundPage::setupLayout()
{
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    setupHead();
    outer->addWidget(m_head);
    m_modes = new QStackedWidget;
    m_modes->addWidget(makeSideBySide());
    outer->addWidget(m_modes, 1);
    setupModes();
    setupResults();
}

QWidget *PlaygroundPage::makeSideBySide()
{
    auto *whole = new QWidget;
    auto *columns = new QHBoxLayout(whole);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(0);
    columns->addWidget(makePrompts());
    auto *right = new QVBoxLayout;
    right->setSpacing(0);
    auto *bar = new Pane(Surface::Window, Qt::BottomEdge);
    auto *barRow = new QHBoxLayout(bar);
    barRow->setContentsMargins(0, 0, 0, 0);
    m_sampling = new SamplingBar;
    barRow->addWidget(m_sampling);
    right->addWidget(bar);
    right->addWidget(makeColumns(), 1);
    right->addWidget(makeComposer());
    columns->addLayout(right, 1);
    return whole;
}

QWidget *PlaygroundPage::makeQuestionLine()
{
    auto *line = new Pane(Surface::Window, Qt::TopEdge | Qt::BottomEdge);
    line->setFixedHeight(qRound(kHealthBar * textScale()));
    auto *row = m_questionRow = new QHBoxLayout(line);
    row->setContentsMargins(kPaneSide, 0, kStep2, 0);
    row->setSpacing(kStep2);
    m_earlier = iconButton(QStringLiteral("chevron-left"), tr("Question before"));
    m_earlier->setObjectName(QStringLiteral("earlierQuestion"));
    connect(m_earlier, &QPushButton::clicked, this, [this] { showExchange(m_shown - 1); });
    m_turn = smallLabel({});
    m_turn->setObjectName(QStringLiteral("questionNumber"));
    m_later = iconButton(QStringLiteral("chevron-right"), tr("Question after"));
    m_later->setObjectName(QStringLiteral("laterQuestion"));
    connect(m_later, &QPushButton::clicked, this, [this] { showExchange(m_shown + 1); });
    for (QWidget *widget : std::initializer_list<QWidget *>{m_earlier, m_turn, m_later})
        row->addWidget(widget);
    m_questionLine = new ElidedLabel({}, TextSize::Body, Weight::SemiBold);
    m_questionLine->setObjectName(QStringLiteral("askedQuestion"));
    row->addWidget(m_questionLine, 1);
    for (QAction *action : {m_shiftAction, m_editAction, m_branchAction}) {
        auto *button = iconButton(action->property("iconName").toString(), action->text());
        button->setObjectName(action->objectName());
        button->setToolTip(action->toolTip());
        button->setCheckable(action->isCheckable());
        connect(button, &QPushButton::clicked, action, &QAction::trigger);
        connect(action, &QAction::changed, button, [button, action] {
            button->setEnabled(action->isEnabled());
            button->setChecked(action->isChecked());
        });
        row->addWidget(button);
    }
    auto *again = quietButton({}, QStringLiteral("refresh-cw"));
    again->setObjectName(QStringLiteral("askAgain"));
    again->followAction(m_againAction);
    row->addWidget(again);
    return line;
}

QWidget *PlaygroundPage::makeNoResult()
{
    auto *empty = new EmptyState(QStringLiteral("sliders-horizontal"), tr("Nothing is trained yet. The tuned model will answer here."));
    empty->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Ignored); // answers are no higher for its sake
    auto *train = empty->addButton(tr("Train a model"));
    train->setLook(ButtonLook::Normal); // the filled one is Send: the base model can be asked already
    train->setObjectName(QStringLiteral("trainFirst"));
    train->setToolTip(tr("Opens the Train page."));
    connect(train, &QPushButton::clicked, this, [this] { context().openPage(QStringLiteral("train"), {}); });
    return empty;
}

QWidget *PlaygroundPage::makePrompts()
{
    m_promptPane = new Pane(Surface::Window, Qt::RightEdge);
    m_promptPane->setFixedWidth(kSideList);
    auto *column = new QVBoxLayout(m_promptPane);
    column->setContentsMargins(0, kPaneTop, 0, kStep2);
    column->setSpacing(kStep2);
    m_find = new QLineEdit;
    m_find->setObjectName(QStringLiteral("findQuestions"));
    m_find->setAccessibleName(tr("Find in questions and answers"));
    m_find->setPlaceholderText(tr("Find"));
    m_find->setToolTip(tr("Shows the questions and conversations that hold these words, in a question or an answer."));
    m_find->setClearButtonEnabled(true);
    connect(m_find, &QLineEdit::textChanged, this, &PlaygroundPage::findQuestions);
    const auto side = [column](QWidget *widget) {
        auto *line = new QHBoxLayout;
        line->setContentsMargins(kStep3, 0, kStep3, 0);
        line->addWidget(widget);
        column->addLayout(line);
    };
    side(m_find);
    side(sectionLabel(tr("Questions")));
    m_prompts = new QListWidget;
    m_prompts->setFrameShape(QFrame::NoFrame);
    m_prompts->setAccessibleName(tr("Saved and held-out questions"));
    m_prompts->setToolTip(tr("A click puts the question into the field below; a double click or Enter asks it."));
    m_prompts->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_prompts->setTextElideMode(Qt::ElideRight);
    m_prompts->setUniformItemSizes(true);
    m_prompts->setIconSize({kIconSmall, kIconSmall});
    m_prompts->viewport()->setAutoFillBackground(false);
    connect(m_prompts, &QListWidget::currentItemChanged, this, [this](QListWidgetItem *item) { showPrompt(item); });
    connect(m_prompts, &QListWidget::itemClicked, this, &PlaygroundPage::showPrompt); // also the one that is current already
    connect(m_prompts, &QListWidget::itemActivated, this, [this] { askWritten(); });
    auto *list = new QHBoxLayout;
    list->setContentsMargins(kStep2, 0, kStep2, 0);
    list->addWidget(m_prompts);
    column->addLayout(list, 1);
    auto *foot = new QHBoxLayout;
    foot->setContentsMargins(kStep1, 0, kPaneSide, 0);
    auto *save = quietButton(tr("Save this prompt"), QStringLiteral("plus"), tr("Keeps the question in the project."));
    save->setObjectName(QStringLiteral("savePrompt"));
    save->setInk(Ink::Accent);
    connect(save, &QPushButton::clicked, this, &PlaygroundPage::savePrompt);
    foot->addWidget(save);
    foot->addStretch(1);
    column->addLayout(foot);
    side(sectionLabel(tr("History")));
    m_history = new QListWidget;
    m_history->setObjectName(QStringLiteral("history"));
    m_history->setFrameShape(QFrame::NoFrame);
    m_history->setAccessibleName(tr("What was asked before"));
    m_history->setToolTip(tr("Every question of this project with its answers. A click puts the conversation back."));
    m_history->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_history->setTextElideMode(Qt::ElideRight);
    m_history->setUniformItemSizes(true);
    m_history->viewport()->setAutoFillBackground(false);
    m_history->installEventFilter(this);
    connect(m_history, &QListWidget::itemClicked, this, &PlaygroundPage::openHistory);
    connect(m_history, &QListWidget::itemActivated, this, &PlaygroundPage::openHistory);
    m_noHistory = smallLabel(tr("What you ask is kept here, with the answers."));
    m_noHistory->setWordWrap(true);
    m_noHistory->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    column->addWidget(m_noHistory);
    auto *past = new QHBoxLayout;
    past->setContentsMargins(kStep2, 0, kStep2, 0);
    past->addWidget(m_history);
    column->addLayout(past, 1);
    return m_promptPane;
}

QWidget *PlaygroundPage::makeComposer()
{
    auto *pane = new Pane(Surface::Window, Qt::TopEdge);
    auto *rows = new QVBoxLayout(pane);
    rows->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    rows->setSpacing(kStep2);
    m_composer = new TextField;
    m_composer->setPlaceholderText(tr("Ask both models"));
    m_composer->setAccessibleName(tr("Question"));
    m_composer->setToolTip(tr("The question that both models get, word for word the same."));
    m_composer->setObjectName(QStringLiteral("question"));
    m_composer->setFixedHeight(qRound(60 * textScale()));
    m_composer->installEventFilter(this);
    connect(m_composer, &QPlainTextEdit::textChanged, this, &PlaygroundPage::updateActions);
    rows->addWidget(m_composer);
    m_parts = new PromptParts;
    connect(m_parts, &PromptParts::changed, this, &PlaygroundPage::updateActions);
    rows->addWidget(m_parts);
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep2);
    line->addWidget(new IconLabel(QStringLiteral("message-square"), Ink::Muted, kIconSmall));
    auto *label = mutedLabel(tr("System prompt"));
    line->addWidget(label);
    m_system = new QLineEdit;
    m_system->setObjectName(QStringLiteral("system"));
    m_system->setAccessibleName(tr("System prompt"));
    m_system->setPlaceholderText(tr("none"));
    m_system->setToolTip(tr("Stands before the question; usually the one that was used in training."));
    label->setBuddy(m_system);
    line->addWidget(m_system, 1);
    line->addWidget(m_parts->button());
    m_follow = new QCheckBox(tr("Follow-up"));
    m_follow->setObjectName(QStringLiteral("followUp"));
    connect(m_follow, &QCheckBox::toggled, this, [this](bool isFollowing) {
        if (isFollowing && m_composer->toPlainText() == m_asked.text) // it stands above already
            m_composer->clear();
    });
    m_follow->setAccessibleName(tr("Follow-up"));
    m_follow->setToolTip(tr("The question goes on with this conversation: every column remembers what it answered itself. Off: a new conversation begins."));
    line->addWidget(m_follow);
    line->addSpacing(kStep1);
    m_stop = new Button(tr("Stop"), {}, tr("Ends both answers where they are."));
    m_stop->setObjectName(QStringLiteral("stop"));
    m_stop->setHeight(kButtonLarge);
    m_stop->setKeyHint(tr("Esc"));
    connect(m_stop, &QPushButton::clicked, this, &PlaygroundPage::stopAnswers);
    line->addWidget(m_stop);
    m_send = primaryButton(tr("Send to all"), {}, tr("Both models answer the same question with the same seed."));
    m_send->setObjectName(QStringLiteral("send"));
    m_send->setHeight(kButtonLarge);
    m_send->setKeyHint(tr("Ctrl Enter"));
    connect(m_send, &QPushButton::clicked, this, &PlaygroundPage::askWritten);
    line->addWidget(m_send);
    rows->addLayout(line);
    return pane;
}

void PlaygroundPage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    const bool isNarrow = width() < kNarrowBelow - kRailNarrow;
    m_promptPane->setVisible(!isNarrow);
    updateHead();
    m_sampling->setNarrow(isNarrow);
    keepQuestionInView();
}

} // namespace fettle::ui
