#include "ui/data/tagchip.h"

#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"

#include <QKeyEvent>
#include <QPainter>

namespace fettle::ui {

namespace {
constexpr int kSide = 6, kCross = 10, kCrossGap = 4;
}

TagChip::TagChip(const QString &tag, QWidget *parent) : QAbstractButton(parent)
{
    setText(tag);
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAttribute(Qt::WA_Hover);
    setAccessibleName(tr("Tag %1").arg(tag));
    setToolTip(tr("Take the tag “%1” off this record").arg(tag));
}

QSize TagChip::sizeHint() const
{
    const int text = QFontMetrics(textFont(TextSize::Small)).horizontalAdvance(this->text());
    return {text + 2 * kSide + kCrossGap + kCross, qRound(measure::kBadge * textScale())};
}

void TagChip::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    drawBox(painter, rect(), underMouse() ? t.surface2 : t.surface1, t.border, measure::kRadiusBadge);
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(t.text);
    painter.drawText(rect().adjusted(kSide, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
    const bool isLit = underMouse() || hasFocus();
    paintIcon(painter, QRect(width() - kSide - kCross, 0, kCross, height()), QStringLiteral("x"), kCross, isLit ? t.text : t.muted);
    if (hasFocus())
        drawRing(painter, rect(), measure::kRadiusBadge);
}

bool TagChip::event(QEvent *event)
{
    // Delete means the tag here, not the record.
    if (event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        if (key == Qt::Key_Delete || key == Qt::Key_Backspace) {
            event->accept();
            return true;
        }
    }
    return QAbstractButton::event(event);
}

void TagChip::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Delete || event->key() == Qt::Key_Backspace || event->key() == Qt::Key_Return)
        click();
    else
        QAbstractButton::keyPressEvent(event);
}

} // namespace fettle::ui
