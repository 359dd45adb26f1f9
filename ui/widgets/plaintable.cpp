#include "ui/widgets/plaintable.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/rowdelegate.h"

#include <QHeaderView>

namespace fettle::ui {

QTreeWidget *plainTable(const char *objectName, const QStringList &heads, const QString &title, const QString &help)
{
    auto *table = new QTreeWidget;
    table->setObjectName(QLatin1String(objectName));
    table->setHeaderLabels(heads);
    table->setRootIsDecorated(false);
    table->setUniformRowHeights(true);
    table->setItemDelegate(new RowDelegate(table));
    table->setFrameShape(QFrame::NoFrame);
    table->setAccessibleName(title);
    table->setToolTip(help);
    table->header()->setStretchLastSection(false);
    table->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    table->header()->setDefaultAlignment(Qt::AlignRight | Qt::AlignVCenter);
    table->headerItem()->setTextAlignment(0, Qt::AlignLeft | Qt::AlignVCenter);
    return table;
}

void limitToRows(QTreeWidget &table)
{
    const int rows = table.topLevelItemCount(), height = rows > 0 ? table.sizeHintForRow(0) : 0;
    table.setMaximumHeight(table.header()->sizeHint().height() + rows * height + measure::kStep3); // a scroll bar fits below them
}

void alignRight(QTreeWidgetItem &item, int from, int to)
{
    for (int column = from; column <= to; ++column)
        item.setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
}

} // namespace fettle::ui
