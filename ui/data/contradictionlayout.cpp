// How the view of contradictions is put together.
#include "ui/data/comparedside.h"
#include "ui/data/contradictionview.h"
#include "ui/data/growingtext.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/choicebutton.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/keyhint.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QRadioButton>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kListWidth = 296, kListNarrow = 220, kManyWidth = 328;

// A strip of head height with a line below.
QHBoxLayout *headOf(Pane *pane)
{
    pane->setFixedHeight(qRound(40 * textScale()));
    auto *row = new QHBoxLayout(pane);
    row->setContentsMargins(kPaneSide, 0, kPaneSide, 1);
    row->setSpacing(kStep2);
    return row;
}

} // namespace

ContradictionView::ContradictionView(const PageContext &context, QWidget *parent) : QWidget(parent), m_context(context)
{
    auto *all = new QHBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addWidget(makeListSide());
    all->addWidget(makePairSide(), 1);
    m_many = makeManySide();
    all->addWidget(m_many);

    connect(m_list, &ContradictionList::currentPairChanged, this, &ContradictionView::showPair);
    for (ComparedSide *side : {m_left, m_right}) {
        connect(side, &ComparedSide::wordsActivated, this, [this](const QString &words) {
            const QString before = m_merge->toPlainText().left(m_merge->textCursor().position());
            m_merge->insertPlainText(before.isEmpty() || before.back().isSpace() ? words : QLatin1Char(' ') + words);
            m_merge->setFocus(Qt::OtherFocusReason);
        });
    }
    connect(m_left, &ComparedSide::openRequested, this, [this] { emit recordWanted(m_shown.left); });
    connect(m_right, &ComparedSide::openRequested, this, [this] { emit recordWanted(m_shown.right); });
    connect(m_keepLeft, &QAbstractButton::clicked, this, [this] { keep(true); });
    connect(m_keepRight, &QAbstractButton::clicked, this, [this] { keep(false); });
    connect(m_mergeButton, &QAbstractButton::clicked, this, &ContradictionView::merge);
    connect(m_agree, &QAbstractButton::clicked, this, &ContradictionView::agree);
    connect(m_settleMany, &QAbstractButton::clicked, this, &ContradictionView::settleMany);
    for (QRadioButton *rule : m_rules)
        connect(rule, &QRadioButton::toggled, this, &ContradictionView::showMany);
    for (QWidget *widget : std::initializer_list<QWidget *>{m_list, m_keepLeft, m_mergeButton, m_agree, m_keepRight})
        widget->installEventFilter(this);
    setTabOrder(m_list, m_merge);
    setTabOrder(m_merge, m_keepLeft);
    setTabOrder(m_keepLeft, m_mergeButton);
    setTabOrder(m_mergeButton, m_agree);
    setTabOrder(m_agree, m_keepRight);
    clear();
}

QWidget *ContradictionView::makeListSide()
{
    m_list = new ContradictionList;
    m_listHead = sectionLabel({});
    auto *head = new Pane(Surface::Window, Qt::BottomEdge);
    QHBoxLayout *row = headOf(head);
    row->addWidget(m_listHead);
    row->addStretch(1);
    auto *table = new Link(tr("Show as table"));
    table->setTextSize(TextSize::Small);
    table->setToolTip(tr("Shows the same records in the table, with the editor"));
    connect(table, &QAbstractButton::clicked, this, &ContradictionView::tableWanted);
    m_showTable = table;
    row->addWidget(table);

    m_settled = smallLabel({});
    m_settled->setWordWrap(true);
    m_settled->setAccessibleName(tr("What was settled last"));
    auto *back = new Link(tr("Take back"));
    back->setToolTip(tr("Shows the last pair again that was called no contradiction"));
    back->setTextSize(TextSize::Small);
    connect(back, &QAbstractButton::clicked, this, &ContradictionView::takeBack);
    m_takeBack = back;
    auto *note = smallLabel(tr("A pair is two records that ask the same and answer differently. A record that loses becomes rejected: it stays here and is not trained."));
    note->setWordWrap(true);
    auto *foot = new Pane(Surface::Window, Qt::TopEdge);
    auto *column = new QVBoxLayout(foot);
    column->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    column->setSpacing(kStep1);
    column->addWidget(m_settled);
    column->addWidget(back, 0, Qt::AlignLeft);
    column->addWidget(note);

    auto *side = new Pane(Surface::Window, Qt::RightEdge);
    side->setObjectName(QStringLiteral("contradictionList"));
    side->setFixedWidth(kListWidth);
    auto *all = new QVBoxLayout(side);
    all->setContentsMargins(0, 0, 1, 0);
    all->setSpacing(0);
    all->addWidget(head);
    all->addWidget(m_list, 1);
    all->addWidget(foot);
    return side;
}

QWidget *ContradictionView::makePairSide()
{
    m_position = strongLabel({});
    auto *head = new Pane(Surface::Window, Qt::BottomEdge);
    QHBoxLayout *row = headOf(head);
    row->addWidget(m_position);
    row->addWidget(mutedLabel(tr("same question, answers disagree")));
    row->addStretch(1);
    row->addWidget(new KeyHint(QStringLiteral("J")));
    row->addWidget(new KeyHint(QStringLiteral("K")));
    row->addWidget(smallLabel(tr("next, previous")));

    m_left = new ComparedSide(tr("left"));
    m_right = new ComparedSide(tr("right"));
    auto *sides = new QHBoxLayout;
    sides->setContentsMargins(0, 0, 0, 0);
    sides->setSpacing(0);
    sides->addWidget(m_left, 1);
    sides->addWidget(new Separator(Qt::Vertical));
    sides->addWidget(m_right, 1);

    m_merge = new GrowingText;
    m_merge->setAccessibleName(tr("Merged answer"));
    m_merge->setToolTip(tr("The answer that Merge stores in the left record"));
    m_merge->setMaximumLines(8);
    auto *mergeHead = new QHBoxLayout;
    auto *mergeLabel = sectionLabel(tr("Merge, starts from the left record"));
    mergeLabel->setBuddy(m_merge);
    mergeHead->addWidget(mergeLabel);
    mergeHead->addStretch(1);
    mergeHead->addWidget(smallLabel(tr("click marked words above to add them")));
    auto *merging = new QVBoxLayout;
    merging->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep3);
    merging->setSpacing(kStep1);
    merging->addLayout(mergeHead);
    merging->addWidget(m_merge);

    m_keepLeft = new ChoiceButton(QStringLiteral("←"), tr("Keep left"));
    m_mergeButton = new ChoiceButton(QStringLiteral("M"), tr("Merge"));
    m_agree = new ChoiceButton(QStringLiteral("N"), tr("No contradiction"));
    m_keepRight = new ChoiceButton(QStringLiteral("→"), tr("Keep right"));
    auto *bar = new Pane(Surface::Window, Qt::TopEdge);
    auto *choices = new QHBoxLayout(bar);
    choices->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    choices->setSpacing(kStep2);
    for (ChoiceButton *button : {m_keepLeft, m_mergeButton, m_agree, m_keepRight})
        choices->addWidget(button);

    m_pair = new Pane(Surface::Page);
    auto *column = new QVBoxLayout(m_pair);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(head);
    column->addLayout(sides, 1);
    column->addWidget(new Separator);
    column->addLayout(merging);
    column->addWidget(bar);

    auto *nothing = new EmptyState(QStringLiteral("check"), tr("No answers disagree."));
    connect(nothing->addLink(tr("Show all records")), &QAbstractButton::clicked, this, &ContradictionView::allWanted);
    m_none = nothing;
    auto *side = new QWidget;
    auto *both = new QVBoxLayout(side);
    both->setContentsMargins(0, 0, 0, 0);
    both->addWidget(m_pair, 1);
    both->addWidget(m_none, 1);
    return side;
}

QWidget *ContradictionView::makeManySide()
{
    auto *side = new Pane(Surface::Page, Qt::LeftEdge);
    side->setFixedWidth(kManyWidth);
    auto *head = new Pane(Surface::Window, Qt::BottomEdge);
    QHBoxLayout *row = headOf(head);
    row->addWidget(strongLabel(tr("Settle many at once")));
    row->addStretch(1);
    row->addWidget(smallLabel(tr("pairs")));

    auto *column = new QVBoxLayout;
    column->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    column->setSpacing(0);
    const std::array<std::pair<QString, QString>, 3> rules = {{{tr("Keep the approved record"), tr("where only one of the two is approved")},
                                                               {tr("Keep the better rated record"), tr("where both have a rating")},
                                                               {tr("Keep the newer record"), tr("the one with the higher number")}}};
    for (std::size_t i = 0; i < rules.size(); ++i) {
        m_rules[i] = new QRadioButton(rules[i].first);
        m_rules[i]->setToolTip(tr("%1, %2. The other one becomes rejected.").arg(rules[i].first, rules[i].second));
        m_ruleCounts[i] = strongLabel({});
        auto *line = new QHBoxLayout;
        line->addWidget(m_rules[i]);
        line->addStretch(1);
        line->addWidget(m_ruleCounts[i]);
        column->addLayout(line);
        auto *help = smallLabel(rules[i].second);
        help->setContentsMargins(kRadio + kStep2, 0, 0, 0);
        column->addWidget(help);
        column->addSpacing(kStep2);
    }
    m_rules.front()->setChecked(true);
    column->addWidget(new Separator);
    column->addSpacing(kStep3);
    column->addWidget(sectionLabel(tr("This would happen")));
    column->addSpacing(kStep1);
    m_preview = mutedLabel({});
    m_preview->setWordWrap(true);
    column->addWidget(m_preview);
    column->addSpacing(kStep3);
    m_settleMany = primaryButton({}, QStringLiteral("check"), tr("Rejects the records that the rule names, as one step that can be undone"));
    column->addWidget(m_settleMany, 0, Qt::AlignLeft);
    column->addStretch(1);

    auto *all = new QVBoxLayout(side);
    all->setContentsMargins(1, 0, 0, 0);
    all->setSpacing(0);
    all->addWidget(head);
    all->addLayout(column, 1);
    return side;
}

void ContradictionView::setNarrow(bool isNarrow)
{
    m_many->setVisible(!isNarrow);
    findChild<QWidget *>(QStringLiteral("contradictionList"))->setFixedWidth(isNarrow ? kListNarrow : kListWidth);
}

} // namespace fettle::ui
