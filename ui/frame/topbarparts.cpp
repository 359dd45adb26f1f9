// See topbarparts.h.
#include "ui/frame/topbarparts.h"

#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"
#include "ui/widgets/keyhint.h"

#include <QAction>
#include <QPainter>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kLongestName = 260;

int height28()
{
    return qRound(kButton * textScale());
}

} // namespace

ProjectButton::ProjectButton(QWidget *parent) : QAbstractButton(parent)
{
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
    setAccessibleDescription(tr("Opens the menu of projects"));
    setToolTip(tr("Open, begin or close a project"));
}

QSize ProjectButton::sizeHint() const
{
    const int text = qMin(kLongestName, QFontMetrics(textFont(TextSize::Body, Weight::SemiBold)).horizontalAdvance(this->text()));
    return {8 + text + 7 + kIconSmall + 8, height28()};
}

void ProjectButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawButton(painter, rect(), ButtonLook::Quiet, {isEnabled(), underMouse(), isDown(), false});
    painter.setFont(textFont(TextSize::Body, Weight::SemiBold));
    painter.setPen(tokens().text);
    const int room = width() - 8 - 7 - kIconSmall - 8;
    painter.drawText(QRect(8, 0, room + 2, height()), Qt::AlignVCenter | Qt::AlignLeft,
                     painter.fontMetrics().elidedText(text(), Qt::ElideRight, room + 1));
    paintIcon(painter, QRect(width() - 8 - kIconSmall, 0, kIconSmall, height()), QStringLiteral("chevron-down"), kIconSmall,
              tokens().text);
}

ModelChip::ModelChip(QWidget *parent) : QAbstractButton(parent)
{
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
    setAccessibleDescription(tr("The base model of this project; opens Models"));
}

QSize ModelChip::sizeHint() const
{
    const int text = qMin(kLongestName, QFontMetrics(textFont()).horizontalAdvance(this->text()));
    return {8 + kIconSmall + 6 + text + 8, qRound(kChip * textScale())};
}

void ModelChip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawButton(painter, rect(), ButtonLook::Normal, {isEnabled(), underMouse(), isDown(), false});
    paintIcon(painter, QRect(8, 0, kIconSmall, height()), QStringLiteral("box"), kIconSmall, tokens().muted);
    painter.setFont(textFont());
    painter.setPen(tokens().text);
    const int left = 8 + kIconSmall + 6;
    painter.drawText(QRect(left, 0, width() - left - 6, height()), Qt::AlignVCenter | Qt::AlignLeft,
                     painter.fontMetrics().elidedText(text(), Qt::ElideMiddle, width() - left - 7));
}

CommandField::CommandField(QAction *commandBar, QWidget *parent) : QAbstractButton(parent)
{
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
    setCursor(Qt::IBeamCursor);
    setAccessibleName(commandBar->text());
    setAccessibleDescription(commandBar->statusTip());
    setToolTip(commandBar->toolTip());
    setNarrow(false);
    connect(this, &QAbstractButton::clicked, commandBar, &QAction::trigger);
}

void CommandField::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    setFixedSize(isNarrow ? 232 : 360, height28());
    update();
}

void CommandField::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    drawBox(painter, rect(), t.surface1, underMouse() ? t.borderStrong : t.border, kRadiusButton);
    paintIcon(painter, QRect(9, 0, kIconSmall, height()), QStringLiteral("search"), kIconSmall, t.muted);
    painter.setFont(textFont());
    painter.setPen(t.muted);
    painter.drawText(QRect(29, 0, width() - 29, height()), Qt::AlignVCenter | Qt::AlignLeft,
                     m_isNarrow ? tr("Search actions") : tr("Search actions and pages"));
    const QSize hint = keyHintSize(tr("Ctrl K"));
    drawKeyHint(painter, QPoint(width() - hint.width() - 9, (height() - hint.height()) / 2), tr("Ctrl K"));
}

} // namespace fettle::ui
