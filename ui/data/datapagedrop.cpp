// Files that are dropped on the Data page.
#include "ui/data/datapage.h"
#include "ui/widgets/emptystate.h"

#include <QDragEnterEvent>
#include <QMimeData>

namespace fettle::ui {

namespace {

bool isImportable(const QMimeData *data)
{
    return data->hasUrls() && !data->urls().isEmpty() && data->urls().first().isLocalFile();
}

} // namespace

void DataPage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    adjustToWidth();
}

void DataPage::dragEnterEvent(QDragEnterEvent *event)
{
    if (!bridge().project() || !isImportable(event->mimeData()))
        return;
    event->acceptProposedAction();
    m_empty->setDropHighlighted(true);
}

void DataPage::dragLeaveEvent(QDragLeaveEvent *)
{
    m_empty->setDropHighlighted(false);
}

void DataPage::dropEvent(QDropEvent *event)
{
    m_empty->setDropHighlighted(false);
    if (!isImportable(event->mimeData()))
        return;
    event->acceptProposedAction();
    openImport(event->mimeData()->urls().first().toLocalFile());
}

} // namespace fettle::ui
