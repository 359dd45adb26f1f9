// See projectrow.h.
#include "ui/home/projectrow.h"

#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"
#include "ui/widgets/words.h"

#include <QPainter>

namespace fettle::ui {

using namespace measure;

ProjectRow::ProjectRow(const RecentProject &project, bool isOpen, QWidget *parent)
    : QAbstractButton(parent), m_project(project), m_isOpen(isOpen)
{
    setText(project.name);
    setAccessibleName(project.name);
    setAccessibleDescription(project.facts);
    setToolTip(project.folder);
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize ProjectRow::sizeHint() const
{
    return {240, qRound(52 * textScale())};
}

void ProjectRow::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    if (m_isOpen || underMouse())
        drawBox(painter, rect(), m_isOpen ? t.selection : t.surface2, {}, kRadiusButton);
    paintIcon(painter, QRect(kStep3, 9, 16, 20), QStringLiteral("folder"), kIconSmall, t.muted);
    const int left = 34;
    const QString when = m_isOpen ? tr("open") : whenText(m_project.opened);
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(t.muted);
    const int whenWidth = painter.fontMetrics().horizontalAdvance(when);
    painter.drawText(QRect(width() - kStep3 - whenWidth, 9, whenWidth + 1, 20), Qt::AlignVCenter | Qt::AlignRight, when);
    painter.drawText(QRect(left, 29, width() - left - kStep3, 16), Qt::AlignVCenter | Qt::AlignLeft,
                     painter.fontMetrics().elidedText(m_project.facts, Qt::ElideRight, width() - left - kStep3));
    painter.setFont(textFont(TextSize::Body, Weight::SemiBold));
    painter.setPen(t.text);
    const int room = width() - left - whenWidth - kStep3 - kStep2;
    painter.drawText(QRect(left, 9, room, 20), Qt::AlignVCenter | Qt::AlignLeft,
                     painter.fontMetrics().elidedText(m_project.name, Qt::ElideRight, room));
}

} // namespace fettle::ui
