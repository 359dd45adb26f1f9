// See runtrashdialog.h.
#include "ui/runs/runtrashdialog.h"

#include "ui/frame/dialogs.h"
#include "ui/runs/runwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/listdialog.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/words.h"

#include <QDateTime>
#include <QHeaderView>

namespace fettle::ui {

namespace {

constexpr int kIdRole = Qt::UserRole, kBytesRole = Qt::UserRole + 1;

} // namespace

RunTrashDialog::RunTrashDialog(Bridge &bridge, Dialogs &dialogs, QWidget *parent) : QDialog(parent), m_bridge(bridge), m_dialogs(dialogs)
{
    setWindowTitle(tr("Trash of runs"));
    m_list = plainTable("runTrash", {tr("Run"), tr("Method"), tr("Thrown away"), tr("Size")}, tr("Runs in the trash"), tr("Choose runs to restore or to delete for good."));
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    for (int column = 1; column < 4; ++column)
        m_list->header()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
    m_note = mutedLabel(tr("Reading the trash"));
    m_note->setWordWrap(true);
    m_restore = primaryButton(tr("Restore"), QStringLiteral("rotate-ccw"), tr("Brings the chosen runs back with curves, checkpoints and result."));
    m_delete = new Button(tr("Delete for good..."), QStringLiteral("trash-2"), tr("Removes the chosen runs from the disk; this cannot be taken back."));
    auto *close = new Button(tr("Close"), {}, tr("Closes the trash."));
    layOutListDialog(*this, m_list, m_note, {close, m_delete, m_restore});
    resize(720, 420);
    connect(close, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_restore, &QAbstractButton::clicked, this, &RunTrashDialog::restoreChosen);
    connect(m_delete, &QAbstractButton::clicked, this, &RunTrashDialog::deleteChosen);
    connect(m_list, &QTreeWidget::itemSelectionChanged, this, &RunTrashDialog::showChoice);
    showChoice();
    read();
}

void RunTrashDialog::read()
{
    using Runs = std::vector<engine::TrashedRun>;
    m_bridge.readSlowly<Runs>(
        this, [](const ProjectApi *project, const JobContext &) -> Result<Runs> { return project ? project->trashedRuns() : Result<Runs>(); },
        [this](Result<Runs> runs) { receive(std::move(runs)); }, "runs page trash");
}

void RunTrashDialog::receive(Result<std::vector<engine::TrashedRun>> runs)
{
    m_list->clear();
    if (!runs) {
        m_note->setText(QString::fromStdString(runs.error().message + ' ' + runs.error().hint));
        return;
    }
    for (auto trashed = runs->rbegin(); trashed != runs->rend(); ++trashed) {
        const auto when = QDateTime::fromString(QString::fromStdString(trashed->run.trashed), Qt::ISODate).toLocalTime();
        auto *item = new QTreeWidgetItem(m_list, {QString::fromStdString(trashed->run.name), runMethodLine(trashed->run), whenText(when), bytesText(trashed->bytes)});
        item->setData(0, kIdRole, qint64(trashed->run.id.value));
        item->setData(0, kBytesRole, qint64(trashed->bytes));
        item->setToolTip(0, QString::fromStdString(trashed->run.note));
        alignRight(*item, 1, 3);
    }
    showChoice();
}

std::vector<RunId> RunTrashDialog::chosen() const
{
    std::vector<RunId> ids;
    for (int i = 0; i < m_list->topLevelItemCount(); ++i) {
        const QTreeWidgetItem *item = m_list->topLevelItem(i);
        if (m_list->selectedItems().isEmpty() || item->isSelected())
            ids.push_back(RunId{item->data(0, kIdRole).toLongLong()});
    }
    return ids;
}

qint64 RunTrashDialog::chosenBytes() const
{
    qint64 bytes = 0;
    for (int i = 0; i < m_list->topLevelItemCount(); ++i) {
        const QTreeWidgetItem *item = m_list->topLevelItem(i);
        if (m_list->selectedItems().isEmpty() || item->isSelected())
            bytes += item->data(0, kBytesRole).toLongLong();
    }
    return bytes;
}

void RunTrashDialog::showChoice()
{
    const bool isEmpty = m_list->topLevelItemCount() == 0;
    m_restore->setEnabled(!isEmpty);
    m_delete->setEnabled(!isEmpty);
    const bool isAll = m_list->selectedItems().isEmpty();
    m_restore->setText(isAll ? tr("Restore all") : tr("Restore"));
    m_delete->setText(isAll ? tr("Empty the trash...") : tr("Delete for good..."));
    m_note->setText(isEmpty ? tr("The trash is empty.") : isAll ? tr("%1 become free when the trash is emptied.").arg(bytesText(chosenBytes())) : tr("%1 are chosen.").arg(bytesText(chosenBytes())));
}

void RunTrashDialog::restoreChosen()
{
    change([](ProjectApi &project, RunId id) { return project.restoreRun(id); });
}

void RunTrashDialog::deleteChosen()
{
    const int answer = m_dialogs.ask(this, {tr("Delete %n run(s) for good?", nullptr, int(chosen().size())),
                                            tr("Curves, checkpoints and adapters are removed from the disk, %1 become free. This cannot be taken back.").arg(bytesText(chosenBytes())),
                                            {tr("Delete"), tr("Keep")}});
    if (answer == 0)
        change([](ProjectApi &project, RunId id) { return project.deleteRun(id); });
}

void RunTrashDialog::change(std::function<Result<>(ProjectApi &, RunId)> does)
{
    m_restore->setEnabled(false);
    m_delete->setEnabled(false);
    m_bridge.write<void>(
        Touched::Runs, this,
        [ids = chosen(), does = std::move(does)](ProjectApi &project, const JobContext &context) -> Result<> {
            for (const RunId id : ids) {
                if (context.stop.stop_requested())
                    break; // what is done stays done
                if (auto done = does(project, id); !done)
                    return done;
            }
            return {};
        },
        [this](Result<> result) {
            read();
            if (!result)
                m_note->setText(QString::fromStdString(result.error().message + ' ' + result.error().hint));
        });
}

QString RunTrashDialog::note() const
{
    return m_note->text();
}

} // namespace fettle::ui
