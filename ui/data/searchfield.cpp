#include "ui/data/searchfield.h"

#include "ui/theme/icons.h"
#include "ui/widgets/keyhint.h"

#include <QKeyEvent>
#include <QPainter>

namespace fettle::ui {

SearchField::SearchField(const QString &placeholder, const QString &keyHint, QWidget *parent) : QLineEdit(parent), m_keyHint(keyHint)
{
    setProperty("quietField", true); // it lies in a bar
    setPlaceholderText(placeholder);
    setClearButtonEnabled(false);
    setTextMargins(22, 0, 2, 0);
}

void SearchField::keyPressEvent(QKeyEvent *event)
{
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
    paintIcon(painter, QRect(8, 0, measure::kIconSmall, height()), QStringLiteral("search"), measure::kIconSmall, tokens().muted);
    if (!text().isEmpty() || m_keyHint.isEmpty())
        return;
    const QSize size = keyHintSize(m_keyHint);
    const int room = width() - 40 - fontMetrics().horizontalAdvance(placeholderText());
    if (room > size.width())
        drawKeyHint(painter, QPoint(width() - size.width() - 6, (height() - size.height()) / 2), m_keyHint);
}

} // namespace fettle::ui
