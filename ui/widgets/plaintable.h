// A table of facts that is read, not chosen from: no tree, no frame, thin lines, the first column takes the room.
#pragma once

#include <QTreeWidget>

namespace fettle::ui {

// title: for screen readers. help: one plain sentence. The first column is aligned left, the others right.
[[nodiscard]] QTreeWidget *plainTable(const char *objectName, const QStringList &heads, const QString &title, const QString &help);
// No higher than its rows, so that what follows stands below the last one. After each change of the rows.
void limitToRows(QTreeWidget &table);
// Numbers stand at the right.
void alignRight(QTreeWidgetItem &item, int from, int to);

} // namespace fettle::ui
