// A conversation as it is read: every exchange below the one before, in one column that scrolls. One of them is worked on (the page's own columns);
// the others are as they were. See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/playground/answercolumn.h"
#include "ui/playground/pastturn.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/card.h"

#include <QAction>
#include <QScrollArea>
#include <QScrollBar>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

QWidget *PlaygroundPage::makeTurns(QWidget *live)
{
    m_liveTurn = live;
    auto *all = new Pane(Surface::Page);
    m_turnRows = new QVBoxLayout(all);
    m_turnRows->setContentsMargins(0, 0, 0, 0);
    m_turnRows->setSpacing(0);
    m_turnRows->addWidget(live, 1);
    m_turnScroll = new QScrollArea;
    m_turnScroll->setObjectName(QStringLiteral("turns"));
    m_turnScroll->setWidget(all);
    m_turnScroll->setWidgetResizable(true);
    m_turnScroll->setFrameShape(QFrame::NoFrame);
    m_turnScroll->setFocusPolicy(Qt::NoFocus);
    m_turnScroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_turnScroll->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff); // it would be out of view with many columns: see m_turnBar
    m_turnScroll->setMinimumHeight(qRound(2 * measure::kHealthBar * textScale()));
    m_turnBar = new QScrollBar(Qt::Vertical);
    m_turnBar->setObjectName(QStringLiteral("turnBar"));
    m_turnBar->hide();
    QScrollBar *own = m_turnScroll->verticalScrollBar();
    connect(own, &QScrollBar::rangeChanged, this, [this, own](int least, int most) {
        m_turnBar->setPageStep(own->pageStep());
        m_turnBar->setSingleStep(own->singleStep());
        m_turnBar->setRange(least, most);
        m_turnBar->setVisible(most > least);
        if (m_followsEnd)
            own->setValue(most);
    });
    connect(own, &QScrollBar::valueChanged, this, [this, own](int value) {
        m_turnBar->setValue(value);
        m_followsEnd = value >= own->maximum() - 4;
    });
    connect(m_turnBar, &QScrollBar::valueChanged, own, &QScrollBar::setValue);
    return m_turnScroll;
}

void PlaygroundPage::forgetTurn(std::size_t index)
{
    if (index < m_pastTurns.size()) {
        delete m_pastTurns[index];
        m_pastTurns[index] = nullptr;
    }
}

void PlaygroundPage::forgetTurns()
{
    for (std::size_t i = 0; i < m_pastTurns.size(); ++i)
        forgetTurn(i);
}

PlaygroundPage::Side *PlaygroundPage::sideNumbered(int number)
{
    const auto all = sides();
    const auto found = std::ranges::find(all, number, &Side::number);
    return found != all.end() ? *found : nullptr;
}

// What is wanted of an earlier exchange is done by the page's own columns: it becomes the one that is worked on. Queued, because the widget that
// asks for it is hidden or taken away by that.
PastTurn *PlaygroundPage::makePastTurn(std::size_t index)
{
    std::vector<int> numbers;
    for (const Side *side : sides())
        numbers.push_back(side->number);
    auto *turn = new PastTurn(static_cast<int>(index) + 1, m_conversation.exchanges[index], numbers);
    turn->setShaded(m_shiftAction->isChecked());
    const auto whenShown = [this, index](const auto &act) {
        if (m_job != 0 || index >= m_conversation.exchanges.size())
            return;
        showExchange(index);
        act();
    };
    connect(turn, &PastTurn::chosen, this, [whenShown] { whenShown([] {}); }, Qt::QueuedConnection);
    connect(turn, &PastTurn::editWanted, this, [this, whenShown] { whenShown([this] { editQuestion(); }); }, Qt::QueuedConnection);
    connect(turn, &PastTurn::branchWanted, this, [this, whenShown] { whenShown([this] { branchHere(); }); }, Qt::QueuedConnection);
    connect(turn, &PastTurn::tokenChosen, this, [this, whenShown](int column, int token) {
        whenShown([&] {
            if (const Side *side = sideNumbered(column)) {
                side->answer->chooseToken(token);
                side->answer->setFocus();
            }
        });
    }, Qt::QueuedConnection);
    connect(turn, &PastTurn::correctionWanted, this, [this, whenShown](int column) {
        whenShown([&] {
            if (const Side *side = sideNumbered(column))
                correct(*side);
        });
    }, Qt::QueuedConnection);
    connect(turn, &PastTurn::reasonWanted, this, [this, whenShown](int column) {
        whenShown([&] {
            if (const Side *side = sideNumbered(column))
                explain(*side);
        });
    }, Qt::QueuedConnection);
    return turn;
}

// One row for each exchange, in their order. The last takes the room that is left.
void PlaygroundPage::updateTurns()
{
    const std::size_t count = m_conversation.exchanges.size();
    for (std::size_t i = count; i < m_pastTurns.size(); ++i)
        forgetTurn(i);
    m_pastTurns.resize(count);
    m_turnScroll->widget()->setUpdatesEnabled(false);
    int place = 0;
    const auto put = [&](QWidget *widget, bool isLast) {
        m_turnRows->removeWidget(widget);
        m_turnRows->insertWidget(place++, widget, isLast ? 1 : 0);
    };
    for (std::size_t i = 0; i < count; ++i) {
        const bool isLast = i + 1 == count;
        if (i == m_shown) {
            if (m_pastTurns[i] != nullptr)
                m_pastTurns[i]->hide();
            put(m_liveTurn, isLast);
            continue;
        }
        if (m_pastTurns[i] == nullptr)
            m_pastTurns[i] = makePastTurn(i);
        put(m_pastTurns[i], isLast);
        m_pastTurns[i]->show();
    }
    if (m_shown >= count)
        put(m_liveTurn, true);
    keepQuestionInView();
    m_turnRows->activate();
    m_turnScroll->widget()->setUpdatesEnabled(true);
}

void PlaygroundPage::showLiveTurn()
{
    // Answers know their height only when they have their width.
    QMetaObject::invokeMethod(this, [this] {
        QScrollBar *bar = m_turnScroll->verticalScrollBar();
        const int top = m_liveTurn->y(), bottom = top + m_liveTurn->height(), room = m_turnScroll->viewport()->height();
        if (top < bar->value())
            bar->setValue(top);
        else if (bottom > bar->value() + room)
            bar->setValue(std::min(top, bottom - room));
    }, Qt::QueuedConnection);
}

void PlaygroundPage::keepEndInView()
{
    QScrollBar *bar = m_turnScroll->verticalScrollBar();
    bar->setValue(bar->maximum());
    m_followsEnd = true;
}

} // namespace fettle::ui
