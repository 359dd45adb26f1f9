// See page.h.
#include "ui/frame/page.h"

#include "ui/theme/icons.h"

namespace fettle::ui {

QAction *makeAction(QObject *parent, const QString &name, const QString &text, const QString &iconName, const QKeySequence &keys,
                    const QString &help)
{
    auto *action = new QAction(icon(iconName), text, parent);
    action->setObjectName(name);
    action->setShortcut(keys);
    action->setStatusTip(help);
    action->setToolTip(keys.isEmpty() ? help : QStringLiteral("%1  (%2)").arg(help, keys.toString(QKeySequence::NativeText)));
    action->setProperty("iconName", iconName);
    return action;
}

QAction *Page::addPageAction(const QString &name, const QString &text, const QString &iconName, const QKeySequence &keys,
                             const QString &help, std::function<void()> does)
{
    QAction *action = makeAction(this, name, text, iconName, keys, help);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, this, [does = std::move(does)] { does(); });
    addAction(action);
    return action;
}

void setActionPossible(QAction *action, bool isPossible, const QString &reason)
{
    action->setProperty("reason", isPossible ? QString() : reason);
    action->setEnabled(isPossible);
}

} // namespace fettle::ui
