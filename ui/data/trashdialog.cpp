#include "ui/data/trashdialog.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/listdialog.h"
#include "ui/widgets/plaintable.h"

#include <QDateTime>
#include <QHeaderView>
#include <QTreeWidget>

namespace fettle::ui {

namespace {
constexpr std::int64_t kListed = 1000;
}

TrashDialog::TrashDialog(Bridge &bridge, QWidget *parent) : QDialog(parent), m_bridge(bridge)
{
    setWindowTitle(tr("Deleted records"));
    m_list = plainTable("trash", {tr("Instruction"), tr("Response"), tr("No."), tr("Deleted")}, tr("Deleted records, newest first"), tr("Choose the records that shall come back"));
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->header()->setSectionResizeMode(1, QHeaderView::Stretch);
    m_list->header()->setSectionResizeMode(2, QHeaderView::ResizeToContents);
    m_list->header()->setSectionResizeMode(3, QHeaderView::ResizeToContents);
    m_list->headerItem()->setTextAlignment(1, Qt::AlignLeft | Qt::AlignVCenter);
    m_note = mutedLabel(tr("Reading the trash"));
    m_note->setWordWrap(true);
    m_restore = primaryButton(tr("Restore"), QStringLiteral("rotate-ccw"), tr("Brings the chosen records back with their number, tags and history; undo takes it back"));
    auto *close = new Button(tr("Close"));
    layOutListDialog(*this, m_list, m_note, {close, m_restore});
    resize(820, 480);
    connect(close, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_restore, &QAbstractButton::clicked, this, &TrashDialog::restore);
    connect(m_list, &QTreeWidget::itemSelectionChanged, this, &TrashDialog::showChoice);
    showChoice();
    m_bridge.readSlowly<std::vector<engine::RecordVersion>>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<std::vector<engine::RecordVersion>> {
            return project ? project->deletedRecords(kListed) : Result<std::vector<engine::RecordVersion>>();
        },
        [this](Result<std::vector<engine::RecordVersion>> deleted) { receive(std::move(deleted)); });
}

void TrashDialog::receive(Result<std::vector<engine::RecordVersion>> deleted)
{
    if (!deleted) {
        m_note->setText(QString::fromStdString(deleted.error().message + ' ' + deleted.error().hint));
        return;
    }
    m_note->setText(deleted->empty() ? tr("The trash is empty.") : std::int64_t(deleted->size()) == kListed ? tr("The newest %1 are listed.").arg(countText(kListed)) : QString());
    QList<QTreeWidgetItem *> items;
    for (const auto &[entry, record] : *deleted) {
        const auto line = [](std::string_view text) { return QString::fromUtf8(text.data(), qsizetype(std::min<std::size_t>(text.size(), 400))).simplified(); };
        const auto when = QDateTime::fromString(QString::fromStdString(entry.when), Qt::ISODate);
        auto *item = new QTreeWidgetItem({line(data::instructionOf(record)), line(data::responseOf(record)), countText(record.id.value), whenText(when)});
        item->setData(0, Qt::UserRole, qint64(record.id.value));
        item->setToolTip(0, item->text(0));
        item->setToolTip(1, item->text(1));
        alignRight(*item, 2, 3);
        items.append(item);
    }
    m_list->addTopLevelItems(items);
    if (!items.isEmpty())
        m_list->setCurrentItem(items.first());
    m_list->setFocus();
}

void TrashDialog::showChoice()
{
    const auto count = m_list->selectedItems().size();
    m_restore->setEnabled(count > 0);
    m_restore->setText(count > 1 ? tr("Restore %1 records").arg(countText(count)) : tr("Restore"));
}

void TrashDialog::restore()
{
    std::vector<RecordId> ids;
    for (const QTreeWidgetItem *item : m_list->selectedItems())
        ids.push_back(RecordId{item->data(0, Qt::UserRole).toLongLong()});
    m_restore->setEnabled(false);
    m_bridge.write<std::int64_t>(
        Touched::Records, this, [ids](ProjectApi &project, const JobContext &) { return project.restoreDeleted(ids); },
        [this](Result<std::int64_t> count) {
            if (!count) {
                m_note->setText(QString::fromStdString(count.error().message + ' ' + count.error().hint));
                return;
            }
            emit restored(*count);
            accept();
        });
}

} // namespace fettle::ui
