// See voteresult.h.
#include "ui/playground/voteresult.h"

#include "ui/playground/votewidgets.h"
#include "ui/playground/votewords.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/words.h"

#include <QHeaderView>
#include <QHBoxLayout>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

// rowsInView: that a low window shows without scrolling.
void fill(QTreeWidget &table, const std::vector<evaluate::NamedTally> &tallies, int rowsInView)
{
    table.clear();
    for (const auto &[name, tally] : tallies) {
        auto *item = new QTreeWidgetItem({QString::fromStdString(name), countText(tally.votes), countText(tally.tuned), countText(tally.base), countText(tally.equal),
                                          countText(tally.bothBad), percentText(tally.winRate), intervalText(tally.interval)});
        alignRight(*item, 1, item->columnCount() - 1);
        table.addTopLevelItem(item);
    }
    const auto heightFor = [&table](int rows) { return table.header()->sizeHint().height() + std::max(0, table.sizeHintForRow(0)) * rows; };
    table.setMinimumHeight(heightFor(std::min(rowsInView, table.topLevelItemCount())));
    table.setMaximumHeight(heightFor(table.topLevelItemCount())); // what it does not need is the questions'
}

} // namespace

VoteResult::VoteResult(QWidget *parent) : Pane(Surface::Page, {}, parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, kPaneSide, 0, 0);
    column->setSpacing(kStep2);
    auto *top = new QVBoxLayout;
    top->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    top->setSpacing(kStep2);
    m_verdict = titleLabel({});
    m_verdict->setObjectName(QStringLiteral("voteVerdict"));
    m_verdict->setWordWrap(true);
    m_rate = strongLabel({});
    m_rate->setObjectName(QStringLiteral("voteRate"));
    m_scale = new ShareScale;
    m_scale->setMaximumWidth(640);
    m_counts = new TextLabel;
    m_enough = new TextLabel;
    m_enough->setObjectName(QStringLiteral("voteEnough"));
    m_test = mutedLabel({});
    m_test->setObjectName(QStringLiteral("voteTest"));
    for (QWidget *widget : std::initializer_list<QWidget *>{m_verdict, m_rate, m_scale, m_counts, m_enough, m_test})
        top->addWidget(widget);
    for (TextLabel *label : {m_counts, m_enough, m_test})
        label->setWordWrap(true);
    column->addLayout(top);
    const QStringList counts = {tr("Votes"), tr("Tuned better"), tr("Base better"), tr("Equal"), tr("Both bad"), tr("Win rate"), tr("95 % interval")};
    const QString small = tr("Small groups have wide intervals: a rate of few votes says little.");
    m_tags = makeTable("voteTags", QStringList(tr("Tag")) + counts, tr("Votes by tag"), small);
    m_voters = makeTable("voteVoters", QStringList(tr("Voter")) + counts, tr("Votes by voter"), small);
    m_questions = makeTable("voteQuestions", {tr("Question"), tr("Your vote"), tr("Base answered"), tr("Tuned answered")}, tr("Your votes, with names"),
                            tr("What you voted on, and which model wrote which answer."));
    for (int section = 0; section < 4; ++section)
        m_questions->header()->setSectionResizeMode(section, section == 1 ? QHeaderView::ResizeToContents : QHeaderView::Stretch);
    m_questions->header()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    for (QTreeWidget *table : {m_tags, m_voters, m_questions})
        column->addWidget(table, 1);
    column->addStretch(0);
}

QTreeWidget *VoteResult::makeTable(const char *name, const QStringList &heads, const QString &title, const QString &help)
{
    QTreeWidget *table = plainTable(name, heads, title, help);
    table->setSelectionMode(QAbstractItemView::NoSelection);
    table->header()->setDefaultSectionSize(92);
    if (heads.size() > 4)
        table->header()->resizeSection(static_cast<int>(heads.size()) - 1, 116); // "44 to 100 %"
    return table;
}

void VoteResult::showSession(const VoteSession &session)
{
    const auto judged = session.judged();
    const auto tally = evaluate::tallyOf(judged);
    m_verdict->setText(verdictText(tally, QString::fromStdString(session.ballot().name)));
    m_rate->setText(tally.votes == 0 ? QString() : tr("Win rate %1, 95 % interval %2").arg(percentText(tally.winRate), intervalText(tally.interval)));
    m_rate->setVisible(tally.votes > 0);
    m_scale->setShare(tally.winRate, tally.interval.low, tally.interval.high, tally.votes > 0);
    m_counts->setText(tr("%n vote(s): tuned better %1, base better %2, equally good %3, both bad %4. The last two count half for each.", nullptr, static_cast<int>(tally.votes))
                          .arg(tally.tuned)
                          .arg(tally.base)
                          .arg(tally.equal)
                          .arg(tally.bothBad));
    m_enough->setText(enoughText(tally));
    m_test->setText(tally.votes == 0 ? QString() : signTestText(tally));
    const auto tags = evaluate::tallyTags(judged);
    m_tags->setVisible(!tags.empty());
    fill(*m_tags, tags, 4);
    fill(*m_voters, evaluate::tallyVoters(judged), 2);
    fillQuestions(session);
}

void VoteResult::fillQuestions(const VoteSession &session)
{
    m_questions->clear();
    const auto own = session.ownVotes();
    m_questions->setVisible(!own.empty());
    for (const auto &[pair, choice] : own) {
        const QString texts[] = {QString::fromStdString(pair->question), preferenceText(evaluate::preferenceOf(*pair, choice)), QString::fromStdString(pair->base),
                                 QString::fromStdString(pair->tuned)};
        auto *item = new QTreeWidgetItem;
        for (int column = 0; column < 4; ++column) {
            item->setText(column, texts[column].simplified());
            item->setToolTip(column, texts[column]);
        }
        m_questions->addTopLevelItem(item);
    }
}

} // namespace fettle::ui
