// See commandbar.h.
#include "ui/frame/commandbar.h"

#include "ui/frame/commandrow.h"
#include "ui/frame/fuzzymatch.h"
#include "ui/frame/mainwindow.h"
#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/keyhint.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QAction>
#include <QApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStandardItemModel>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kWidth = 720;
constexpr int kShadow = 24;
constexpr int kMostHeight = 620;

struct Candidate {
    QAction *action = nullptr;
    QString pageTitle; // empty: of the window
    FuzzyMatch match;
};

const Page *pageOf(const QAction *action)
{
    for (const QObject *object = action->parent(); object; object = object->parent()) {
        if (const auto *page = qobject_cast<const Page *>(object))
            return page;
    }
    return nullptr;
}

QStandardItem *headItem(const QString &text)
{
    auto *item = new QStandardItem(text);
    item->setData(true, IsHeadRole);
    item->setFlags(Qt::NoItemFlags);
    return item;
}

QStandardItem *rowItem(const Candidate &candidate, const QString &windowName)
{
    const QAction *action = candidate.action;
    QString text = action->text();
    text.remove(QLatin1Char('&'));
    auto *item = new QStandardItem(text);
    QVariantList positions;
    for (const int position : candidate.match.positions)
        positions.append(position);
    item->setData(QVariant::fromValue(candidate.action), ActionRole);
    item->setData(action->property("iconName"), IconNameRole);
    item->setData(positions, PositionsRole);
    item->setData(candidate.pageTitle.isEmpty() ? windowName : candidate.pageTitle, PageRole);
    item->setData(keyHintText(action->shortcut()), KeysRole);
    if (!action->isEnabled()) {
        const QString reason = action->property("reason").toString();
        item->setData(reason.isEmpty() ? QApplication::translate("fettle::ui::CommandBar", "Not possible now.") : reason, ReasonRole);
    }
    item->setToolTip(action->statusTip());
    return item;
}

} // namespace

CommandBar::CommandBar(MainWindow *window) : QWidget(window), m_window(window)
{
    setAccessibleName(tr("Search actions and pages"));
    setupLayout();
}

void CommandBar::setupLayout()
{
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(kShadow, kShadow, kShadow, kShadow);
    rows->setSpacing(0);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(8, 8, 8, 4);
    m_field = new QLineEdit;
    m_field->setProperty("controlHeight", 36);
    m_field->setPlaceholderText(tr("Search actions and pages"));
    m_field->setAccessibleName(tr("Name of an action or page"));
    m_field->addAction(icon(QStringLiteral("search"), Ink::Muted), QLineEdit::LeadingPosition);
    m_field->installEventFilter(this);
    connect(m_field, &QLineEdit::textChanged, this, &CommandBar::fill);
    head->addWidget(m_field);
    rows->addLayout(head);
    // The count lies in the field, at its right end.
    auto *inside = new QHBoxLayout(m_field);
    inside->setContentsMargins(0, 0, 10, 0);
    m_count = smallLabel({});
    inside->addStretch(1);
    inside->addWidget(m_count);
    inside->addWidget(new KeyHint(tr("Esc")));
    m_field->setTextMargins(0, 0, 170, 0);

    m_list = new QListView;
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setItemDelegate(new CommandRowDelegate(m_list));
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setMouseTracking(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setAccessibleName(tr("Found actions"));
    m_list->setContentsMargins(1, 0, 1, 0);
    m_rows = new QStandardItemModel(this);
    m_list->setModel(m_rows);
    connect(m_list, &QListView::clicked, this, &CommandBar::execute);
    auto *middle = new QHBoxLayout;
    middle->setContentsMargins(1, 0, 1, 0);
    middle->addWidget(m_list);
    rows->addLayout(middle, 1);

    auto *foot = new QWidget;
    foot->setFixedHeight(32);
    auto *keys = new QHBoxLayout(foot);
    keys->setContentsMargins(kStep3, 0, kStep3, 1);
    keys->setSpacing(6);
    const auto add = [keys](const QStringList &hints, const QString &text) {
        for (const QString &hint : hints)
            keys->addWidget(new KeyHint(hint));
        keys->addWidget(smallLabel(text));
        keys->addSpacing(kStep2);
    };
    add({tr("Up"), tr("Down")}, tr("choose"));
    add({tr("Enter")}, tr("do it"));
    add({tr("Tab")}, tr("show where it is"));
    keys->addStretch(1);
    add({QStringLiteral(">")}, tr("actions only"));
    add({QStringLiteral("#")}, tr("record number"));
    rows->addWidget(foot);
}

void CommandBar::placeOver(const QWidget *field)
{
    const QPoint corner = field->mapTo(m_window, QPoint(0, 0));
    const int centre = corner.x() + field->width() / 2;
    const int width = qMin(kWidth, m_window->width() - 32) + 2 * kShadow;
    int x = centre - width / 2;
    x = qMin(x, m_window->width() - width + kShadow - 8);
    m_anchor = QPoint(x, 4 - kShadow);
    setGeometry(m_anchor.x(), m_anchor.y(), width, height());
    if (isVisible())
        fill(m_field->text());
}

void CommandBar::open(const QWidget *field)
{
    placeOver(field);
    if (isVisible()) {
        m_field->selectAll();
        return;
    }
    m_before = QApplication::focusWidget();
    m_field->clear();
    fill({});
    show();
    raise();
    m_field->setFocus(Qt::PopupFocusReason);
}

void CommandBar::closeBar()
{
    if (!isVisible())
        return;
    hide();
    if (m_before && m_before->isVisible())
        m_before->setFocus(Qt::OtherFocusReason);
    m_before = nullptr;
}

void CommandBar::fill(const QString &text)
{
    QString pattern = text.trimmed();
    m_rows->clear();
    if (pattern.startsWith(QLatin1Char('#'))) {
        bool isNumber = false;
        const qint64 number = pattern.mid(1).toLongLong(&isNumber);
        if (isNumber && m_window->windowAction(QStringLiteral("page-data"))) {
            m_rows->appendRow(headItem(tr("Records")));
            auto *item = new QStandardItem(tr("Open record %1").arg(number));
            item->setData(QStringLiteral("file-text"), IconNameRole);
            item->setData(QStringLiteral("record %1").arg(number), TargetRole);
            item->setData(tr("No. %1").arg(countText(number)), PageRole);
            m_rows->appendRow(item);
        }
    } else {
        if (pattern.startsWith(QLatin1Char('>')))
            pattern = pattern.mid(1).trimmed();
        std::vector<Candidate> here, elsewhere, impossible;
        int all = 0;
        const QString current = m_window->currentPageId();
        const Page *currentPage = current.isEmpty() ? nullptr : m_window->page(current);
        for (QAction *action : m_window->findChildren<QAction *>()) {
            if (action->property("iconName").isNull() || action->objectName() == QLatin1String("commandBar") || !action->isVisible())
                continue;
            ++all;
            const auto match = fuzzyMatch(pattern, QString(action->text()).remove(QLatin1Char('&')));
            if (!match)
                continue;
            const Page *page = pageOf(action);
            Candidate candidate{action, page ? page->accessibleName() : QString(), *match};
            (!action->isEnabled() ? impossible : page && page == currentPage ? here : elsewhere).push_back(std::move(candidate));
        }
        const auto better = [](const Candidate &a, const Candidate &b) { return a.match.score > b.match.score; };
        const std::pair<QString, std::vector<Candidate> *> parts[] = {
            {tr("Here, on %1").arg(currentPage ? currentPage->accessibleName() : QString()), &here},
            {here.empty() ? tr("Actions and pages") : tr("On other pages"), &elsewhere},
            {tr("Not possible now"), &impossible}};
        for (const auto &[title, found] : parts) {
            if (found->empty())
                continue;
            std::ranges::stable_sort(*found, better);
            m_rows->appendRow(headItem(title));
            for (const Candidate &candidate : *found)
                m_rows->appendRow(rowItem(candidate, tr("Window")));
        }
        const int shown = int(here.size() + elsewhere.size() + impossible.size());
        m_count->setText(tr("%1 of %n action(s)", nullptr, all).arg(shown));
    }
    int rowsHeight = 0;
    for (int i = 0; i < m_rows->rowCount(); ++i)
        rowsHeight += m_list->itemDelegate()->sizeHint({}, m_rows->index(i, 0)).height();
    resize(width(), heightFor(rowsHeight));
    m_list->setCurrentIndex({});
    moveBy(1);
}

int CommandBar::heightFor(int rowsHeight) const
{
    const int most = qMin(kMostHeight, m_window->height() - 60);
    return qMin(most, 48 + rowsHeight + 8 + 32) + 2 * kShadow;
}

void CommandBar::moveBy(int rows)
{
    const int count = m_rows->rowCount();
    int row = m_list->currentIndex().isValid() ? m_list->currentIndex().row() : (rows > 0 ? -1 : count);
    for (int next = row + rows; next >= 0 && next < count; next += rows) {
        if (!m_rows->index(next, 0).data(IsHeadRole).toBool()) {
            m_list->setCurrentIndex(m_rows->index(next, 0));
            if (next == 1)
                m_list->scrollToTop(); // the head of the first part too
            return;
        }
    }
}

void CommandBar::execute()
{
    const QModelIndex index = m_list->currentIndex();
    if (!index.isValid() || index.data(IsHeadRole).toBool() || !index.data(ReasonRole).toString().isEmpty())
        return;
    const QString target = index.data(TargetRole).toString();
    auto *action = index.data(ActionRole).value<QAction *>();
    closeBar();
    if (!target.isEmpty()) {
        m_window->openPage(QStringLiteral("data"), target);
        return;
    }
    if (const Page *page = pageOf(action))
        m_window->openPage(page->objectName());
    action->trigger();
}

void CommandBar::showPlace()
{
    auto *action = m_list->currentIndex().data(ActionRole).value<QAction *>();
    closeBar();
    if (const Page *page = action ? pageOf(action) : nullptr)
        m_window->openPage(page->objectName());
}

bool CommandBar::eventFilter(QObject *object, QEvent *event)
{
    if (event->type() == QEvent::FocusOut && isVisible()) {
        // A click elsewhere closes the bar; a menu of the window system does not.
        if (static_cast<QFocusEvent *>(event)->reason() == Qt::MouseFocusReason)
            QTimer::singleShot(0, this, &CommandBar::closeBar);
        return false;
    }
    if (event->type() != QEvent::KeyPress)
        return QWidget::eventFilter(object, event);
    switch (static_cast<QKeyEvent *>(event)->key()) {
    case Qt::Key_Up: moveBy(-1); return true;
    case Qt::Key_Down: moveBy(1); return true;
    case Qt::Key_Return:
    case Qt::Key_Enter: execute(); return true;
    case Qt::Key_Tab: showPlace(); return true;
    case Qt::Key_Escape: closeBar(); return true;
    default: return QWidget::eventFilter(object, event);
    }
}

void CommandBar::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    const QRect box = rect().adjusted(kShadow, kShadow, -kShadow, -kShadow);
    // 0 8 24: a few translucent outlines make the soft edge.
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    constexpr int kRings = 12;
    for (int i = kRings; i > 0; --i) {
        QColor shade = t.shadow;
        shade.setAlpha(qMax(1, t.shadow.alpha() / kRings));
        painter.setBrush(shade);
        const int spread = i * 2 - 8;
        painter.drawRoundedRect(box.adjusted(-spread, -spread + 8, spread, spread + 4), 12, 12);
    }
    drawBox(painter, box, t.surface1, t.borderStrong, kRadiusCard);
    // The foot has the colour of bars.
    const QRect foot(box.x() + 1, box.bottom() - 32, box.width() - 2, 31);
    painter.fillRect(foot.x(), foot.y(), foot.width(), 1, t.border);
    drawBox(painter, foot.adjusted(0, 1, 0, 0), t.surface0, {}, kRadiusCard - 1);
    painter.fillRect(foot.x(), foot.y() + 1, foot.width(), 10, t.surface0);
}

} // namespace fettle::ui
