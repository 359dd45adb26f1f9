#include "ui/data/searchfield.h"

#include "ui/theme/icons.h"
#include "ui/widgets/keyhint.h"

#include <QAbstractItemView>
#include <QApplication>
#include <QCompleter>
#include <QKeyEvent>
#include <QPainter>
#include <QStandardItemModel>
#include <QTimer>

namespace fettle::ui {

SearchField::SearchField(const QString &placeholder, const QString &keyHint, QWidget *parent) : QLineEdit(parent), m_keyHint(keyHint), m_completer(new QCompleter(this)), m_list(new QStandardItemModel(this))
{
    setProperty("quietField", true); // it lies in a bar
    setPlaceholderText(placeholder);
    setClearButtonEnabled(false);
    setTextMargins(22, 0, 2, 0);
    m_completer->setWidget(this); // not setCompleter: one word is completed, not the whole text
    m_completer->setModel(m_list);
    m_completer->setCompletionMode(QCompleter::UnfilteredPopupCompletion);
    m_completer->setCompletionRole(Qt::UserRole);
    m_completer->popup()->installEventFilter(this);
    m_completer->popup()->setAccessibleName(tr("Completions of the search"));
    connect(m_completer, qOverload<const QString &>(&QCompleter::activated), this, &SearchField::take);
    connect(this, &QLineEdit::textEdited, this, &SearchField::offer);
}

bool SearchField::eventFilter(QObject *watched, QEvent *event)
{
    // Some systems make the list the active window and forget to give that back.
    // The news of it can come when the list has gone again.
    if ((event->type() == QEvent::Hide || event->type() == QEvent::WindowActivate) && watched == m_completer->popup())
        QTimer::singleShot(0, this, [this] {
            if (QApplication::activeWindow() == m_completer->popup() && !m_completer->popup()->isVisible())
                window()->activateWindow();
        });
    return QLineEdit::eventFilter(watched, event);
}

void SearchField::setOffers(std::function<QList<SearchOffer>(const QString &)> offers)
{
    m_offers = std::move(offers);
}

void SearchField::setProblem(const QString &problem)
{
    if (m_help.isEmpty())
        m_help = toolTip();
    m_isWrong = !problem.isEmpty();
    setToolTip(m_isWrong ? problem : m_help);
    setAccessibleDescription(problem);
    update();
}

int SearchField::wordBegin() const
{
    return int(text().lastIndexOf(u' ', cursorPosition() - 1)) + 1;
}

void SearchField::offer()
{
    const int begin = cursorPosition() > 0 ? wordBegin() : 0;
    const QList<SearchOffer> offers = m_offers ? m_offers(text().mid(begin, cursorPosition() - begin)) : QList<SearchOffer>();
    m_list->clear();
    for (const SearchOffer &entry : offers) {
        auto *item = new QStandardItem(entry.help.isEmpty() ? entry.text : tr("%1   %2").arg(entry.text, entry.help));
        item->setData(entry.text, Qt::UserRole);
        m_list->appendRow(item);
    }
    if (offers.isEmpty())
        m_completer->popup()->hide();
    else
        m_completer->complete(QRect(0, 0, qMax(width(), 320), height()));
}

void SearchField::take(const QString &word)
{
    const int begin = wordBegin();
    const QString before = text().left(begin), after = text().mid(cursorPosition());
    const bool isWhole = word.contains(u':') && !word.endsWith(u':');
    setText(before + word + (isWhole && !after.startsWith(u' ') ? QStringLiteral(" ") : QString()) + after);
    setCursorPosition(begin + int(word.size()) + (isWhole ? 1 : 0));
    if (!isWhole)
        QTimer::singleShot(0, this, &SearchField::offer); // its values, after the list of names has closed
}

void SearchField::keyPressEvent(QKeyEvent *event)
{
    const bool isReturn = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (isReturn && m_completer->popup()->isVisible() && m_completer->popup()->currentIndex().isValid()) {
        event->ignore(); // the list takes it: a completion was chosen, the search goes on
        return;
    }
    if (isReturn || event->key() == Qt::Key_Tab || event->key() == Qt::Key_Escape)
        m_completer->popup()->hide();
    if (event->key() == Qt::Key_Escape) {
        clear();
        emit left();
        return;
    }
    QLineEdit::keyPressEvent(event);
}

void SearchField::paintEvent(QPaintEvent *event)
{
    QLineEdit::paintEvent(event);
    QPainter painter(this);
    if (m_isWrong) {
        painter.setPen(QPen(tokens().bad, 1));
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
    paintIcon(painter, QRect(8, 0, measure::kIconSmall, height()), QStringLiteral("search"), measure::kIconSmall, tokens().muted);
    if (!text().isEmpty() || m_keyHint.isEmpty())
        return;
    const QSize size = keyHintSize(m_keyHint);
    const int room = width() - 40 - fontMetrics().horizontalAdvance(placeholderText());
    if (room > size.width())
        drawKeyHint(painter, QPoint(width() - size.width() - 6, (height() - size.height()) / 2), m_keyHint);
}

} // namespace fettle::ui
