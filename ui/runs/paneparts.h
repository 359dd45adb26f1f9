// Small parts that the panes beside the curves share.
#pragma once

#include <QString>

class QAction;

namespace fettle::ui {

class Button;

// An icon that triggers an action of the page and follows whether it is possible.
[[nodiscard]] Button *actionButton(QAction *action, const QString &iconName);

} // namespace fettle::ui
