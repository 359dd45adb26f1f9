// See voteside.h.
#include "ui/playground/voteside.h"

#include "ui/playground/votewidgets.h"
#include "ui/playground/votewords.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QGridLayout>
#include <QVBoxLayout>

#include <cmath>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr std::size_t kVotesShown = 5;

QVBoxLayout *section(QVBoxLayout *column, const QString &title)
{
    column->addWidget(new Separator);
    auto *rows = new QVBoxLayout;
    rows->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    rows->setSpacing(kStep2);
    rows->addWidget(sectionLabel(title));
    column->addLayout(rows);
    return rows;
}

} // namespace

VoteSide::VoteSide(QWidget *parent) : Pane(Surface::Page, Qt::LeftEdge, parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(1, 0, 0, 0);
    column->setSpacing(0);
    auto *top = new QVBoxLayout;
    top->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    top->setSpacing(kStep2);
    m_title = strongLabel(tr("The result stays hidden"));
    top->addWidget(m_title);
    m_uncertain = new TextLabel;
    m_uncertain->setWordWrap(true);
    top->addWidget(m_uncertain);
    top->addWidget(smallLabel(tr("Widest interval in points, by number of votes")));
    m_curve = new CertaintyCurve;
    top->addWidget(m_curve);
    column->addLayout(top);
    auto *fair = section(column, tr("What keeps it fair"));
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep3);
    grid->setVerticalSpacing(kStep1);
    grid->setColumnStretch(1, 1);
    const QString names[] = {tr("Sides"), tr("Answers"), tr("Questions"), tr("Look")};
    for (int i = 0; i < 4; ++i) {
        grid->addWidget(mutedLabel(names[i]), i, 0, Qt::AlignTop);
        m_facts[i] = new TextLabel;
        m_facts[i]->setWordWrap(true);
        grid->addWidget(m_facts[i], i, 1);
    }
    fair->addLayout(grid);
    auto *last = section(column, tr("Your last votes"));
    m_votes = new QWidget;
    last->addWidget(m_votes);
    column->addStretch(1);
}

void VoteSide::showSession(const VoteSession &session)
{
    const auto own = session.ownVotes();
    const auto count = static_cast<qint64>(own.size());
    m_uncertain->setText(count == 0 ? tr("A lead that is seen early pulls the votes that follow: the names come at the end.")
                                    : tr("After %n vote(s) the interval is up to %1 points wide. A lead that is seen early pulls the votes that follow.", nullptr, static_cast<int>(count))
                                          .arg(std::lround(widestInterval(count))));
    m_curve->setVotes(count, session.wanted());
    m_facts[0]->setText(tr("shuffled for every question"));
    m_facts[1]->setText(tr("made beforehand, always the likeliest words, at most %1 tokens for both").arg(session.ballot().maxTokens));
    m_facts[2]->setText(session.ballot().source == engine::BallotSource::HeldOut ? tr("%1 held out, drawn with seed %2").arg(session.wanted()).arg(session.ballot().seed)
                                                                                : tr("%1 saved ones, drawn with seed %2").arg(session.wanted()).arg(session.ballot().seed));
    m_facts[3]->setText(tr("same type, same width, no names"));
    // Few rows: made anew each time.
    delete m_votes->layout();
    qDeleteAll(m_votes->findChildren<QWidget *>(QString(), Qt::FindDirectChildrenOnly));
    auto *rows = new QGridLayout(m_votes);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setColumnStretch(1, 1);
    for (std::size_t i = 0; i < std::min(own.size(), kVotesShown); ++i) {
        const auto &cast = own[own.size() - 1 - i];
        const int row = static_cast<int>(i);
        rows->addWidget(mutedLabel(QString::number(own.size() - i)), row, 0);
        rows->addWidget(new ElidedLabel(QString::fromStdString(cast.pair->question).simplified()), row, 1);
        rows->addWidget(new Badge(choiceText(cast.choice)), row, 2, Qt::AlignRight);
    }
    if (own.empty())
        rows->addWidget(mutedLabel(tr("None yet.")), 0, 0, 1, 3);
}

} // namespace fettle::ui
