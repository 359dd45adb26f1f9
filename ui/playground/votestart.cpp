// See votestart.h.
#include "ui/playground/votestart.h"

#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/words.h"

#include <QComboBox>
#include <QDateTime>
#include <QGridLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QRegularExpressionValidator>
#include <QSpinBox>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kFormWidth = 440, kMaxName = 80;

} // namespace

VoteStart::VoteStart(QWidget *parent) : QWidget(parent)
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    m_form = makeForm();
    row->addWidget(m_form);
    row->addWidget(makeEarlier(), 1);
    updateButtons();
}

QWidget *VoteStart::makeForm()
{
    auto *pane = new Pane(Surface::Page, Qt::RightEdge);
    pane->setFixedWidth(kFormWidth);
    auto *column = new QVBoxLayout(pane);
    column->setContentsMargins(kPaneSide, kPaneSide, kPaneSide, kPaneSide);
    column->setSpacing(kStep3);
    column->addWidget(titleLabel(tr("Which answers are better?")));
    auto *about = mutedLabel(tr("You see a question and two answers, one of the base model and one of the tuned model, without names and in random order. "
                                "You choose; at the end you learn which model you preferred, and whether that is more than luck."));
    about->setWordWrap(true);
    column->addWidget(about);
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep3);
    grid->setVerticalSpacing(kStep2);
    grid->setColumnStretch(1, 1);
    const auto add = [grid](const QString &name, const char *object, QWidget *editor, const QString &help) {
        grid->addWidget(labelFor(editor, object, name, help), grid->rowCount(), 0);
        grid->addWidget(editor, grid->rowCount() - 1, 1);
    };
    m_result = new QComboBox;
    add(tr("Result"), "voteResultChoice", m_result, tr("The trained result that is compared with its base model."));
    m_source = new QComboBox;
    m_source->addItems({tr("Held out, never seen in training"), tr("Saved questions of the project")});
    add(tr("Questions"), "voteSource", m_source, tr("Where the questions come from. Held-out ones show what the model does with what it has not learnt by heart."));
    m_count = new QSpinBox;
    m_count->setRange(1, 1000);
    m_count->setValue(30);
    add(tr("How many"), "voteCount", m_count, tr("Drawn at random. From 20 votes on, a clear winner shows; close ones need more."));
    m_longest = new QSpinBox;
    m_longest->setRange(8, 4096);
    m_longest->setValue(128);
    add(tr("Longest answer"), "voteLongest", m_longest, tr("Tokens after which an answer is cut; a token is a piece of a word."));
    m_seed = new QLineEdit(QStringLiteral("1207"));
    m_seed->setValidator(new QRegularExpressionValidator(QRegularExpression(QStringLiteral("[0-9]{1,18}")), this));
    add(tr("Seed"), "voteSeed", m_seed, tr("Draws the questions and the sides: the same seed gives the same vote."));
    m_voter = new QLineEdit;
    m_voter->setMaxLength(kMaxName);
    m_voter->setPlaceholderText(tr("Votes are counted by name"));
    add(tr("Your name"), "voter", m_voter, tr("Your votes are kept and counted under this name."));
    column->addLayout(grid);
    m_start = primaryButton(tr("Start voting"), QStringLiteral("eye"), tr("Both models answer the questions; you can vote as soon as the first pair is there."));
    m_start->setObjectName(QStringLiteral("startVote"));
    m_start->setHeight(kButtonLarge);
    m_hint = smallLabel({});
    m_hint->setWordWrap(true);
    column->addWidget(m_start);
    column->addWidget(m_hint);
    column->addStretch(1);
    connect(m_start, &QPushButton::clicked, this, &VoteStart::start);
    connect(m_voter, &QLineEdit::textChanged, this, &VoteStart::updateButtons);
    connect(m_voter, &QLineEdit::returnPressed, this, &VoteStart::start);
    connect(m_result, &QComboBox::currentIndexChanged, this, &VoteStart::updateButtons);
    return pane;
}

QWidget *VoteStart::makeEarlier()
{
    auto *pane = new Pane(Surface::Page);
    auto *column = new QVBoxLayout(pane);
    column->setContentsMargins(0, kPaneTop, 0, 0);
    column->setSpacing(kStep2);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    head->setSpacing(kStep2);
    head->addWidget(strongLabel(tr("Votes so far")));
    head->addStretch(1);
    m_open = new Button(tr("Open"), QStringLiteral("eye"), tr("Goes on with the chosen vote, or shows its result."));
    m_open->setObjectName(QStringLiteral("openVote"));
    m_delete = iconButton(QStringLiteral("trash-2"), tr("Delete the chosen vote..."));
    m_delete->setObjectName(QStringLiteral("deleteVote"));
    auto *import = new Button(tr("Read votes of colleagues..."), QStringLiteral("file-input"), tr("Adds the file that a colleague's page has saved."));
    import->setObjectName(QStringLiteral("importVotes"));
    for (Button *button : {m_delete, m_open, import})
        head->addWidget(button);
    column->addLayout(head);
    m_list = plainTable("ballots", {tr("Result"), tr("Pairs"), tr("Votes"), tr("Begun")}, tr("Votes so far"), tr("A double click or Enter opens a vote."));
    m_list->header()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_list->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_list->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    column->addWidget(m_list, 1);
    const auto open = [this] {
        if (const auto *ballot = chosenBallot())
            emit openWished(*ballot);
    };
    connect(m_open, &QPushButton::clicked, this, open);
    connect(m_list, &QTreeWidget::itemActivated, this, open);
    connect(m_list, &QTreeWidget::currentItemChanged, this, &VoteStart::updateButtons);
    connect(m_voter, &QLineEdit::textChanged, this, &VoteStart::updateButtons);
    connect(import, &QPushButton::clicked, this, &VoteStart::importWished);
    connect(m_delete, &QPushButton::clicked, this, [this] {
        if (const auto *ballot = chosenBallot())
            emit deleteWished(*ballot);
    });
    return pane;
}

void VoteStart::setChoices(const std::vector<AdapterChoice> &choices)
{
    const QSignalBlocker blocker(m_result);
    setAdapterChoices(*m_result, choices);
    updateButtons();
}

void VoteStart::choose(const std::string &adapter)
{
    chooseAdapter(*m_result, adapter);
}

void VoteStart::setBallots(const std::vector<engine::BallotInfo> &ballots)
{
    m_ballots.assign(ballots.rbegin(), ballots.rend());
    m_list->clear();
    for (const engine::BallotInfo &ballot : m_ballots) {
        const QDateTime when = QDateTime::fromString(QString::fromStdString(ballot.when), Qt::ISODate);
        auto *item = new QTreeWidgetItem({QString::fromStdString(ballot.name), ballot.isComplete ? countText(ballot.pairs) : tr("%1 of %2").arg(ballot.pairs).arg(ballot.wanted),
                                          countText(ballot.votes), tr("%1, %2").arg(QLocale().toString(when.date(), QLocale::ShortFormat), clockText(ballot.when))});
        item->setToolTip(0, ballot.source == engine::BallotSource::HeldOut ? tr("Held-out questions, seed %1").arg(ballot.seed) : tr("Saved questions, seed %1").arg(ballot.seed));
        m_list->addTopLevelItem(item);
    }
    if (!m_ballots.empty())
        m_list->setCurrentItem(m_list->topLevelItem(0));
    updateButtons();
}

void VoteStart::setVoter(const QString &name)
{
    m_voter->setText(name);
}

QString VoteStart::voter() const
{
    return m_voter->text().simplified();
}

void VoteStart::takeFocus()
{
    if (voter().isEmpty())
        m_voter->setFocus();
    else
        m_start->setFocus();
}

const engine::BallotInfo *VoteStart::chosenBallot() const
{
    const int index = m_list->indexOfTopLevelItem(m_list->currentItem());
    return index >= 0 && static_cast<std::size_t>(index) < m_ballots.size() ? &m_ballots[static_cast<std::size_t>(index)] : nullptr;
}

void VoteStart::start()
{
    if (!m_start->isEnabled())
        return;
    engine::BallotInfo ballot;
    ballot.adapter = m_result->currentData().toString().toStdString();
    ballot.run = RunId{m_result->currentData().toString().section(QLatin1Char('@'), 0, 0).toLongLong()};
    ballot.name = m_result->currentText().toStdString();
    ballot.source = m_source->currentIndex() == 0 ? engine::BallotSource::HeldOut : engine::BallotSource::Prompts;
    ballot.seed = m_seed->text().toULongLong();
    ballot.wanted = m_count->value();
    ballot.maxTokens = m_longest->value();
    emit startWished(ballot);
}

void VoteStart::updateButtons()
{
    if (m_open == nullptr)
        return; // still being built
    const bool hasResult = m_result->currentIndex() >= 0, hasName = !voter().isEmpty(), isChosen = chosenBallot() != nullptr;
    m_start->setEnabled(hasResult && hasName);
    m_hint->setText(!hasResult ? tr("Train first: there is no result to compare with the base model yet.") : !hasName ? tr("Write your name: votes are counted by name.") : QString());
    m_hint->setVisible(!m_hint->text().isEmpty());
    m_open->setEnabled(isChosen && hasName);
    m_delete->setEnabled(isChosen);
}

void VoteStart::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    m_form->setFixedWidth(qMin(kFormWidth, width() * 45 / 100));
}

} // namespace fettle::ui
