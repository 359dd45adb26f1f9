// Metrics, sizes and rectangles; the drawing is in styledrawing.cpp. See style.h.
#include "ui/theme/style.h"

#include "ui/theme/tokens.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QScrollBar>
#include <QSlider>
#include <QStyleFactory>
#include <QStyleOption>
#include <QTabBar>

namespace fettle::ui {

using namespace measure;

namespace {

// A widget may ask for one of the heights of the design (24, 28, 32).
int controlHeight(const QWidget *widget)
{
    const int wish = widget ? widget->property("controlHeight").toInt() : 0;
    return qRound((wish > 0 ? wish : kButton) * textScale());
}

} // namespace

Style::Style() : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) {}

void Style::polish(QWidget *widget)
{
    QProxyStyle::polish(widget);
    if (qobject_cast<QAbstractButton *>(widget) || qobject_cast<QComboBox *>(widget) || qobject_cast<QScrollBar *>(widget)
        || qobject_cast<QSlider *>(widget) || qobject_cast<QTabBar *>(widget) || qobject_cast<QAbstractSpinBox *>(widget))
        widget->setAttribute(Qt::WA_Hover);
    if (qobject_cast<QHeaderView *>(widget))
        widget->setFont(textFont(TextSize::Small, Weight::SemiBold));
    if (auto *view = qobject_cast<QAbstractItemView *>(widget); view && !qobject_cast<QHeaderView *>(widget)) {
        view->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
        view->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    }
}

int Style::pixelMetric(PixelMetric metric, const QStyleOption *option, const QWidget *widget) const
{
    switch (metric) {
    case PM_DefaultFrameWidth: return qobject_cast<const QLineEdit *>(widget) ? 2 : 1;
    case PM_ButtonMargin: return 12;
    case PM_ButtonDefaultIndicator:
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical: return 0;
    case PM_ScrollBarExtent: return kScrollBar;
    case PM_ScrollBarSliderMin: return 36;
    case PM_ScrollView_ScrollBarSpacing:
    case PM_ScrollView_ScrollBarOverlap: return 0;
    case PM_IndicatorWidth:
    case PM_IndicatorHeight: return kCheck;
    case PM_ExclusiveIndicatorWidth:
    case PM_ExclusiveIndicatorHeight: return kRadio;
    case PM_CheckBoxLabelSpacing:
    case PM_RadioButtonLabelSpacing: return 8;
    case PM_ButtonIconSize: return kIconSmall;
    case PM_SmallIconSize:
    case PM_ListViewIconSize: return kIcon;
    case PM_SplitterWidth: return 1;
    case PM_MenuPanelWidth: return 1;
    case PM_MenuVMargin: return 4;
    case PM_MenuHMargin: return 0;
    case PM_FocusFrameVMargin:
    case PM_FocusFrameHMargin: return 3;
    case PM_HeaderMargin: return kCell;
    case PM_HeaderMarkSize: return 10;
    case PM_TabBarTabHSpace: return 0;
    case PM_TabBarTabVSpace: return 16;
    case PM_TabBarTabShiftVertical:
    case PM_TabBarTabShiftHorizontal:
    case PM_TabBarBaseHeight:
    case PM_TabBarBaseOverlap: return 0;
    case PM_ToolTipLabelFrameWidth: return 6;
    case PM_SliderThickness:
    case PM_SliderControlThickness:
    case PM_SliderLength: return 16;
    case PM_LayoutHorizontalSpacing:
    case PM_LayoutVerticalSpacing: return kStep2;
    default: return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

int Style::styleHint(StyleHint hint, const QStyleOption *option, const QWidget *widget, QStyleHintReturn *data) const
{
    switch (hint) {
    case SH_EtchDisabledText:
    case SH_DitherDisabledText:
    case SH_ComboBox_Popup:
    case SH_DialogButtonBox_ButtonsHaveIcons:
    case SH_UnderlineShortcut: return 0;
    case SH_ItemView_ShowDecorationSelected:
    case SH_ScrollBar_LeftClickAbsolutePosition: return 1;
    case SH_FocusFrame_AboveWidget: return 1;
    case SH_Slider_AbsoluteSetButtons: return Qt::LeftButton;
    case SH_ToolTip_WakeUpDelay: return 500;
    case SH_Table_GridLineColor: return static_cast<int>(tokens().grid.rgb());
    case SH_LineEdit_PasswordCharacter: return 0x2022;
    default: return QProxyStyle::styleHint(hint, option, widget, data);
    }
}

QSize Style::sizeFromContents(ContentsType type, const QStyleOption *option, const QSize &size, const QWidget *widget) const
{
    QSize result = QProxyStyle::sizeFromContents(type, option, size, widget);
    switch (type) {
    case CT_PushButton: {
        const auto *button = qstyleoption_cast<const QStyleOptionButton *>(option);
        const bool isIconOnly = button && button->text.isEmpty();
        const int height = controlHeight(widget);
        return {isIconOnly ? height : size.width() + 24, height};
    }
    case CT_ToolButton: {
        const int height = controlHeight(widget);
        const auto *button = qstyleoption_cast<const QStyleOptionToolButton *>(option);
        const bool isIconOnly = button && (button->text.isEmpty() || button->toolButtonStyle == Qt::ToolButtonIconOnly);
        return {isIconOnly ? height : size.width() + 20, height};
    }
    case CT_LineEdit:
    case CT_SpinBox: return {result.width(), controlHeight(widget)};
    case CT_ComboBox: return {size.width() + 36, controlHeight(widget)};
    case CT_HeaderSection: return {result.width(), qRound(kRow * textScale())};
    case CT_ItemViewItem: return {result.width(), qMax(result.height(), qRound(kRow * textScale()))};
    case CT_CheckBox:
    case CT_RadioButton: return {result.width(), qMax(result.height(), qRound(20 * textScale()))};
    case CT_MenuItem: {
        const auto *item = qstyleoption_cast<const QStyleOptionMenuItem *>(option);
        if (item && item->menuItemType == QStyleOptionMenuItem::Separator)
            return {result.width(), 9};
        return {result.width() + 24, qRound(kRow * textScale())};
    }
    case CT_TabBarTab: {
        const auto *tab = qstyleoption_cast<const QStyleOptionTab *>(option);
        const int text = tab ? QFontMetrics(textFont(TextSize::Body, Weight::SemiBold)).horizontalAdvance(tab->text) : size.width();
        const int picture = !tab || tab->icon.isNull() ? 0 : tab->text.isEmpty() ? kIcon : kIcon + kStep1;
        return {picture + text + 20, qRound(40 * textScale())};
    }
    default: return result;
    }
}

QRect Style::subControlRect(ComplexControl control, const QStyleOptionComplex *option, SubControl part, const QWidget *widget) const
{
    const QRect rect = option->rect;
    if (control == CC_ScrollBar) {
        const auto *bar = qstyleoption_cast<const QStyleOptionSlider *>(option);
        const bool isUpright = bar->orientation == Qt::Vertical;
        const int room = isUpright ? rect.height() : rect.width();
        const qint64 range = qint64(bar->maximum) - bar->minimum;
        const qint64 pages = range + bar->pageStep;
        const int length = range > 0 && pages > 0
            ? qBound(qMin(36, room), int(qint64(room) * bar->pageStep / pages), room)
            : room;
        const int start = sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition, room - length, bar->upsideDown);
        switch (part) {
        case SC_ScrollBarGroove: return rect;
        case SC_ScrollBarSlider:
            return isUpright ? QRect(rect.x(), rect.y() + start, rect.width(), length)
                             : QRect(rect.x() + start, rect.y(), length, rect.height());
        case SC_ScrollBarSubPage:
            return isUpright ? QRect(rect.x(), rect.y(), rect.width(), start) : QRect(rect.x(), rect.y(), start, rect.height());
        case SC_ScrollBarAddPage:
            return isUpright ? QRect(rect.x(), rect.y() + start + length, rect.width(), room - start - length)
                             : QRect(rect.x() + start + length, rect.y(), room - start - length, rect.height());
        default: return {};
        }
    }
    if (control == CC_ComboBox) {
        if (part == SC_ComboBoxEditField)
            return rect.adjusted(8, 2, -26, -2);
        if (part == SC_ComboBoxArrow)
            return {rect.right() - 25, rect.y(), 26, rect.height()};
    }
    if (control == CC_SpinBox) {
        const int buttons = 20;
        switch (part) {
        case SC_SpinBoxEditField: return rect.adjusted(3, 2, -buttons - 2, -2);
        case SC_SpinBoxUp: return {rect.right() - buttons, rect.y() + 2, buttons, rect.height() / 2 - 2};
        case SC_SpinBoxDown: return {rect.right() - buttons, rect.y() + rect.height() / 2, buttons, rect.height() / 2 - 2};
        case SC_SpinBoxFrame: return rect;
        default: break;
        }
    }
    return QProxyStyle::subControlRect(control, option, part, widget);
}

QRect Style::subElementRect(SubElement element, const QStyleOption *option, const QWidget *widget) const
{
    if (element == SE_LineEditContents)
        return option->rect.adjusted(6, 1, -6, -1);
    QRect rect = QProxyStyle::subElementRect(element, option, widget);
    if (element == SE_HeaderArrow) // on the line of the head's text
        rect.moveCenter({rect.center().x(), option->rect.center().y()});
    return rect;
}

} // namespace fettle::ui
