// The drawing half of Style: native controls in the shapes of the design.
#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"
#include "ui/theme/style.h"

#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QLineEdit>
#include <QPainter>
#include <QScrollArea>
#include <QStyleOption>

namespace fettle::ui {

namespace {

ButtonState buttonState(const QStyleOption *option)
{
    ButtonState state;
    state.isEnabled = option->state & QStyle::State_Enabled;
    state.isHovered = option->state & QStyle::State_MouseOver;
    state.isPressed = option->state & QStyle::State_Sunken;
    state.isChecked = option->state & QStyle::State_On;
    return state;
}

FieldState fieldState(const QStyleOption *option, const QWidget *widget)
{
    if (!(option->state & QStyle::State_Enabled))
        return FieldState::Disabled;
    if (widget && widget->property("invalid").toBool())
        return FieldState::Invalid;
    if (option->state & QStyle::State_HasFocus)
        return FieldState::Focused;
    return widget && widget->property("quietField").toBool() ? FieldState::Quiet : FieldState::Normal;
}

void drawMenuItem(const QStyleOptionMenuItem &item, QPainter &painter)
{
    const Tokens &t = tokens();
    if (item.menuItemType == QStyleOptionMenuItem::Separator) {
        painter.fillRect(item.rect.x(), item.rect.center().y(), item.rect.width(), 1, t.border);
        return;
    }
    const bool isEnabled = item.state & QStyle::State_Enabled;
    if ((item.state & QStyle::State_Selected) && isEnabled)
        painter.fillRect(item.rect.adjusted(1, 0, -1, 0), t.selection);
    QRect content = item.rect.adjusted(12, 0, -12, 0);
    const QRect mark(content.x(), content.y(), 16, content.height());
    if (item.checkType != QStyleOptionMenuItem::NotCheckable && item.checked)
        paintIcon(painter, mark, QStringLiteral("check"), 14, t.ink(isEnabled ? Ink::Accent : Ink::Disabled));
    else if (!item.icon.isNull())
        item.icon.paint(&painter, QRect(mark.x(), mark.center().y() - 7, 14, 14), Qt::AlignCenter,
                        isEnabled ? QIcon::Normal : QIcon::Disabled);
    content.setLeft(content.left() + 24);
    painter.setPen(isEnabled ? t.text : t.disabled);
    painter.setFont(item.font);
    const QStringList parts = item.text.split(QLatin1Char('\t'));
    painter.drawText(content, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextHideMnemonic, parts.first());
    if (item.menuItemType == QStyleOptionMenuItem::SubMenu) {
        paintIcon(painter, QRect(content.right() - 14, content.y(), 14, content.height()), QStringLiteral("chevron-right"), 14, t.muted);
    } else if (parts.size() > 1) {
        painter.setPen(isEnabled ? t.muted : t.disabled);
        painter.setFont(textFont(TextSize::Small));
        painter.drawText(content, Qt::AlignVCenter | Qt::AlignRight, parts.at(1));
    }
}

void drawTab(const QStyleOptionTab &tab, QPainter &painter)
{
    const Tokens &t = tokens();
    const bool isChosen = tab.state & QStyle::State_Selected;
    const bool isEnabled = tab.state & QStyle::State_Enabled;
    const bool isLit = isChosen || (tab.state & QStyle::State_MouseOver);
    painter.setFont(textFont(TextSize::Body, isChosen ? Weight::SemiBold : Weight::Regular));
    painter.setPen(!isEnabled ? t.disabled : isLit ? t.text : t.muted);
    QRect text = tab.rect.adjusted(0, 0, -20, 0);
    if (!tab.icon.isNull()) {
        constexpr int kPicture = 16;
        tab.icon.paint(&painter, QRect(text.x(), text.center().y() - kPicture / 2 + 1, kPicture, kPicture), Qt::AlignCenter, isEnabled ? QIcon::Normal : QIcon::Disabled);
        text.setLeft(text.x() + kPicture + measure::kStep1);
    }
    painter.drawText(text, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextHideMnemonic, tab.text);
    if (isChosen)
        painter.fillRect(text.x(), tab.rect.bottom() - 1, text.width(), 2, t.accent);
    if (tab.state & QStyle::State_HasFocus)
        drawRing(painter, tab.rect.adjusted(-4, 4, -14, -4), measure::kRadiusButton);
}

// The ground below a scroll bar is that of what it scrolls: there is no track.
QColor groundOf(const QWidget *bar)
{
    const Tokens &t = tokens();
    const QWidget *parent = bar ? bar->parentWidget() : nullptr;
    while (parent && !qobject_cast<const QAbstractScrollArea *>(parent))
        parent = parent->parentWidget();
    if (const auto *area = qobject_cast<const QScrollArea *>(parent)) {
        const QVariant surface = area->widget() ? area->widget()->property("surface") : QVariant();
        return !surface.isValid() || surface.toInt() == 0 ? t.surface0 : surface.toInt() == 1 ? t.surface1 : t.surface2;
    }
    return parent ? parent->palette().color(QPalette::Base) : t.surface0;
}

void drawScrollBar(const QStyleOptionSlider &bar, QPainter &painter, const QRect &slider)
{
    if (bar.minimum >= bar.maximum)
        return;
    const bool isLit = bar.state & (QStyle::State_MouseOver | QStyle::State_Sunken);
    const int thickness = isLit ? measure::kScrollBar : measure::kScrollThumb;
    QRect thumb = slider;
    if (bar.orientation == Qt::Vertical)
        thumb.setLeft(thumb.right() - thickness + 1);
    else
        thumb.setTop(thumb.bottom() - thickness + 1);
    drawBox(painter, thumb.adjusted(1, 1, -1, -1), tokens().borderStrong, {}, thickness / 2.0);
}

void drawSlider(const QStyleOptionSlider &slider, QPainter &painter, const QRect &handle)
{
    const Tokens &t = tokens();
    const bool isEnabled = slider.state & QStyle::State_Enabled;
    const QRect rect = slider.rect;
    const int middle = rect.center().y();
    const QRect track(rect.x() + 2, middle - 1, rect.width() - 4, 4);
    drawBox(painter, track, t.surface2, t.border, 2);
    QRect done = track;
    done.setRight(handle.center().x());
    drawBox(painter, done, isEnabled ? t.accent : t.disabled, {}, 2);
    QRect knob(0, 0, 14, 14);
    knob.moveCenter(QPoint(handle.center().x(), middle + 1));
    drawBox(painter, knob, t.surface1, isEnabled ? t.accent : t.disabled, 7, 2);
}

} // namespace

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption *option, QPainter *painter, const QWidget *widget) const
{
    const Tokens &t = tokens();
    const bool isEnabled = option->state & State_Enabled;
    switch (element) {
    case PE_PanelButtonCommand: {
        const auto *button = qstyleoption_cast<const QStyleOptionButton *>(option);
        const bool isDefault = button && (button->features & QStyleOptionButton::DefaultButton);
        const bool isFlat = button && (button->features & QStyleOptionButton::Flat);
        drawButton(*painter, option->rect, isDefault ? ButtonLook::Primary : isFlat ? ButtonLook::Quiet : ButtonLook::Normal,
                   buttonState(option));
        return;
    }
    case PE_PanelButtonTool: {
        const bool isFramed = widget && widget->property("framed").toBool();
        drawButton(*painter, option->rect, isFramed ? ButtonLook::Normal : ButtonLook::Quiet, buttonState(option));
        return;
    }
    case PE_FrameDefaultButton:
    case PE_FrameFocusRect:
    case PE_FrameTabBarBase:
    case PE_FrameStatusBarItem: return;
    case PE_PanelLineEdit: {
        const auto *frame = qstyleoption_cast<const QStyleOptionFrame *>(option);
        const bool isInside = widget && (qobject_cast<const QComboBox *>(widget->parentWidget())
                                         || qobject_cast<const QAbstractSpinBox *>(widget->parentWidget()));
        if (isInside || (frame && frame->lineWidth == 0))
            return;
        drawField(*painter, option->rect, fieldState(option, widget));
        return;
    }
    case PE_FrameLineEdit: return;
    case PE_Frame:
        if (widget && widget->property("field").toBool())
            drawField(*painter, option->rect, fieldState(option, widget));
        else
            drawBox(*painter, option->rect, {}, t.border, 0);
        return;
    case PE_IndicatorCheckBox:
    case PE_IndicatorItemViewItemCheck: {
        const CheckMark mark = option->state & State_NoChange ? CheckMark::Partly : option->state & State_On ? CheckMark::On : CheckMark::Off;
        drawCheckBox(*painter, option->rect, mark, isEnabled, option->state & State_MouseOver);
        return;
    }
    case PE_IndicatorRadioButton:
        drawRadio(*painter, option->rect, option->state & State_On, isEnabled, option->state & State_MouseOver);
        return;
    case PE_PanelItemViewItem: {
        const auto *item = qstyleoption_cast<const QStyleOptionViewItem *>(option);
        if (item && item->backgroundBrush.style() != Qt::NoBrush)
            painter->fillRect(item->rect, item->backgroundBrush);
        if (option->state & State_Selected)
            painter->fillRect(option->rect, t.selection);
        else if (option->state & State_MouseOver)
            painter->fillRect(option->rect, t.surface0);
        return;
    }
    case PE_PanelItemViewRow:
        if (option->state & State_Selected)
            painter->fillRect(option->rect, t.selection);
        return;
    case PE_PanelMenu:
    case PE_PanelTipLabel: drawBox(*painter, option->rect, t.surface1, t.border, 0); return;
    case PE_FrameMenu: drawBox(*painter, option->rect, {}, t.border, 0); return;
    case PE_IndicatorHeaderArrow: {
        // Qt calls an ascending order "down".
        const auto *header = qstyleoption_cast<const QStyleOptionHeader *>(option);
        const bool isAscending = header && (header->sortIndicator & QStyleOptionHeader::SortDown);
        paintIcon(*painter, option->rect, isAscending ? QStringLiteral("arrow-up") : QStringLiteral("arrow-down"), 12, t.muted);
        return;
    }
    case PE_IndicatorArrowDown: paintIcon(*painter, option->rect, QStringLiteral("chevron-down"), 14, t.ink(isEnabled ? Ink::Text : Ink::Disabled)); return;
    case PE_IndicatorArrowUp: paintIcon(*painter, option->rect, QStringLiteral("chevron-up"), 14, t.ink(isEnabled ? Ink::Text : Ink::Disabled)); return;
    default: QProxyStyle::drawPrimitive(element, option, painter, widget);
    }
}

void Style::drawControl(ControlElement element, const QStyleOption *option, QPainter *painter, const QWidget *widget) const
{
    const Tokens &t = tokens();
    switch (element) {
    case CE_FocusFrame: drawRing(*painter, option->rect, measure::kRadiusButton + 2); return;
    case CE_HeaderSection:
    case CE_HeaderEmptyArea:
        painter->fillRect(option->rect, t.surface0);
        painter->fillRect(option->rect.x(), option->rect.bottom(), option->rect.width(), 1, t.border);
        return;
    case CE_HeaderLabel: {
        auto header = *qstyleoption_cast<const QStyleOptionHeader *>(option);
        header.palette.setColor(QPalette::ButtonText, t.muted);
        header.state &= ~State_On; // no bold for the column of the selected cell
        // The outer columns keep the padding of the pane.
        const bool isFirst = header.position == QStyleOptionHeader::Beginning || header.position == QStyleOptionHeader::OnlyOneSection;
        if (isFirst && header.orientation == Qt::Horizontal && (header.textAlignment & Qt::AlignLeft))
            header.rect.adjust(measure::kPaneSide - measure::kCell, 0, 0, 0);
        if (header.position == QStyleOptionHeader::End && (header.textAlignment & Qt::AlignRight))
            header.rect.adjust(0, 0, measure::kCell - measure::kPaneSide, 0);
        QProxyStyle::drawControl(element, &header, painter, widget);
        return;
    }
    case CE_Splitter: painter->fillRect(option->rect, t.border); return;
    case CE_MenuItem: drawMenuItem(*qstyleoption_cast<const QStyleOptionMenuItem *>(option), *painter); return;
    case CE_MenuEmptyArea: return;
    case CE_TabBarTabShape: return;
    case CE_TabBarTabLabel: drawTab(*qstyleoption_cast<const QStyleOptionTab *>(option), *painter); return;
    case CE_ProgressBarGroove: return;
    case CE_ProgressBarLabel: return;
    case CE_ProgressBarContents: {
        const auto *bar = qstyleoption_cast<const QStyleOptionProgressBar *>(option);
        const QRect track(bar->rect.x(), bar->rect.center().y() - 2, bar->rect.width(), 6);
        drawBox(*painter, track, t.surface2, {}, 3);
        const double share = bar->maximum > bar->minimum ? double(bar->progress - bar->minimum) / (bar->maximum - bar->minimum) : 0;
        QRect done = track;
        done.setWidth(qRound(track.width() * qBound(0.0, share, 1.0)));
        if (done.width() > 0)
            drawBox(*painter, done, t.accent, {}, 3);
        return;
    }
    case CE_ComboBoxLabel: {
        const auto *box = qstyleoption_cast<const QStyleOptionComboBox *>(option);
        QRect text = subControlRect(CC_ComboBox, box, SC_ComboBoxEditField, widget);
        if (!box->currentIcon.isNull()) {
            box->currentIcon.paint(painter, QRect(text.x(), text.center().y() - 7, 14, 14));
            text.adjust(22, 0, 0, 0);
        }
        if (!box->editable) {
            painter->setPen(box->state & State_Enabled ? t.text : t.disabled);
            painter->drawText(text, Qt::AlignVCenter | Qt::AlignLeft,
                              QFontMetrics(painter->font()).elidedText(box->currentText, Qt::ElideRight, text.width()));
        }
        return;
    }
    case CE_PushButtonLabel: {
        auto button = *qstyleoption_cast<const QStyleOptionButton *>(option);
        const bool isDefault = button.features & QStyleOptionButton::DefaultButton;
        const Ink ink = buttonInk(isDefault ? ButtonLook::Primary : ButtonLook::Normal, buttonState(option));
        button.palette.setColor(QPalette::ButtonText, t.ink(ink));
        button.features &= ~QStyleOptionButton::HasMenu;
        if (isDefault)
            painter->setFont(textFont(TextSize::Body, Weight::SemiBold));
        QProxyStyle::drawControl(element, &button, painter, widget);
        return;
    }
    default: QProxyStyle::drawControl(element, option, painter, widget);
    }
}

void Style::drawComplexControl(ComplexControl control, const QStyleOptionComplex *option, QPainter *painter, const QWidget *widget) const
{
    const Tokens &t = tokens();
    switch (control) {
    case CC_ScrollBar: {
        const auto *bar = qstyleoption_cast<const QStyleOptionSlider *>(option);
        if (widget)
            painter->fillRect(bar->rect, groundOf(widget));
        drawScrollBar(*bar, *painter, subControlRect(CC_ScrollBar, bar, SC_ScrollBarSlider, widget));
        return;
    }
    case CC_Slider: {
        const auto *slider = qstyleoption_cast<const QStyleOptionSlider *>(option);
        if (slider->orientation != Qt::Horizontal)
            break;
        drawSlider(*slider, *painter, subControlRect(CC_Slider, slider, SC_SliderHandle, widget));
        return;
    }
    case CC_ComboBox: {
        const auto *box = qstyleoption_cast<const QStyleOptionComboBox *>(option);
        drawField(*painter, box->rect, fieldState(option, widget));
        paintIcon(*painter, subControlRect(CC_ComboBox, box, SC_ComboBoxArrow, widget), QStringLiteral("chevron-down"), 14,
                  t.ink(option->state & State_Enabled ? Ink::Text : Ink::Disabled));
        return;
    }
    case CC_SpinBox: {
        const auto *box = qstyleoption_cast<const QStyleOptionSpinBox *>(option);
        drawField(*painter, box->rect, fieldState(option, widget));
        for (const auto part : {SC_SpinBoxUp, SC_SpinBoxDown}) {
            const auto step = part == SC_SpinBoxUp ? QAbstractSpinBox::StepUpEnabled : QAbstractSpinBox::StepDownEnabled;
            const bool isPossible = (box->stepEnabled & step) && (option->state & State_Enabled);
            paintIcon(*painter, subControlRect(CC_SpinBox, box, part, widget),
                      part == SC_SpinBoxUp ? QStringLiteral("chevron-up") : QStringLiteral("chevron-down"), 12,
                      t.ink(isPossible ? Ink::Text : Ink::Disabled));
        }
        return;
    }
    default: break;
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

} // namespace fettle::ui
