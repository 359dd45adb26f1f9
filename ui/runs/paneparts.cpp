// See paneparts.h.
#include "ui/runs/paneparts.h"

#include "ui/widgets/button.h"

#include <QAction>

namespace fettle::ui {

Button *actionButton(QAction *action, const QString &iconName)
{
    auto *button = iconButton(iconName, action->text(), ButtonLook::Normal);
    button->setHeight(measure::kButtonSmall);
    const auto follow = [button, action] {
        button->setEnabled(action->isEnabled());
        if (!action->isVisible() || button->parentWidget()) // alone it would become a window
            button->setVisible(action->isVisible());
        const QString reason = action->property("reason").toString();
        button->setToolTip(reason.isEmpty() ? action->toolTip() : action->text() + QStringLiteral(": ") + reason);
    };
    QObject::connect(button, &QPushButton::clicked, action, &QAction::trigger);
    QObject::connect(action, &QAction::changed, button, follow);
    follow();
    return button;
}

} // namespace fettle::ui
