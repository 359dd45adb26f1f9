// What the Data page does to many records: fixes, find and replace, dividing, the trash. Each opens a dialog that shows first what it
// would do.
#include "ui/data/bulkdialog.h"
#include "ui/data/dataexportdialog.h"
#include "ui/data/datapage.h"
#include "ui/data/lenspane.h"
#include "ui/data/mixdialog.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/recordwords.h"
#include "ui/data/snapshotsdialog.h"
#include "ui/data/splitdialog.h"
#include "ui/data/tablefooter.h"
#include "ui/data/trashdialog.h"
#include "ui/widgets/button.h"
#include "ui/widgets/messagebar.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QMenu>
#include <QTemporaryDir>

namespace fettle::ui {

void DataPage::setupBulkActions()
{
    m_bulkActions = {
        addPageAction(QStringLiteral("replaceInRecords"), tr("Find and replace..."), QStringLiteral("search"), QKeySequence(Qt::CTRL | Qt::Key_H),
                      tr("Replaces a text in many records, after showing what would change"), [this] { openReplace(); }),
        addPageAction(QStringLiteral("divideRecords"), tr("Divide into train, held out, test..."), QStringLiteral("split"), {},
                      tr("Gives records their split by shares, tags or files; nearly the same stays on one side"), [this] { openSplit(); }),
        addPageAction(QStringLiteral("mixSets"), tr("Mix..."), QStringLiteral("sliders-horizontal"), {},
                      tr("How often each file and each tag is read in an epoch, and what share of the learning it gets"), [this] { openMix(); }),
        addPageAction(QStringLiteral("exportRecords"), tr("Export records..."), QStringLiteral("file-output"), QKeySequence(Qt::CTRL | Qt::Key_E),
                      tr("Writes the records of the list as JSONL, JSON, CSV or Parquet"), [this] { openExport(); }),
        addPageAction(QStringLiteral("compareSnapshots"), tr("Snapshots..."), QStringLiteral("file-diff"), {},
                      tr("Names snapshots and shows what was added, removed and changed between two of them"), [this] { openSnapshots(); }),
        addPageAction(QStringLiteral("pasteRecords"), tr("Import from the clipboard..."), QStringLiteral("clipboard"), QKeySequence::Paste,
                      tr("Reads copied rows of a table, JSON or text as records"), [this] { pasteRecords(); }),
        addPageAction(QStringLiteral("askBaseModel"), tr("Ask the base model..."), QStringLiteral("stethoscope"), {},
                      tr("The base model reads every record, before any training: finds what it knows already, what surprises it, and odd wording"), [this] { askBaseModel(); }),
        addPageAction(QStringLiteral("openTrash"), tr("Deleted records..."), QStringLiteral("trash-2"), {}, tr("Shows what was deleted and brings it back"),
                      [this] { openTrash(); }),
    };
}

void DataPage::openMoreMenu()
{
    QMenu menu(this);
    menu.addActions(m_bulkActions);
    menu.exec(m_moreButton->mapToGlobal(QPoint(0, m_moreButton->height())));
}

void DataPage::openFix(engine::RecordFlag flag)
{
    if (!bridge().project())
        return;
    m_editor->flush();
    engine::RecordFilter filter;
    filter.flag = flag;
    auto *dialog = new BulkDialog(bridge(), flag, filter, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &BulkDialog::applied, this, &DataPage::noteChange);
    dialog->open();
}

void DataPage::openReplace()
{
    if (!bridge().project())
        return;
    m_editor->flush();
    const std::vector<RecordId> chosen = m_table->selectedCount() > 1 ? chosenIds() : std::vector<RecordId>();
    auto *dialog = new BulkDialog(bridge(), m_filter, chosen, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &BulkDialog::applied, this, &DataPage::noteChange);
    dialog->open();
}

void DataPage::openSplit()
{
    if (!bridge().project())
        return;
    m_editor->flush();
    auto *dialog = new SplitDialog(bridge(), m_filter, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &SplitDialog::divided, this, &DataPage::noteChange);
    dialog->open();
}

void DataPage::openMix()
{
    if (!bridge().project())
        return;
    m_editor->flush();
    auto *dialog = new MixDialog(bridge(), m_lens->options().maxLength, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &MixDialog::kept, this, [this](bool isMixed) {
        m_footer->setNote(isMixed ? tr("New runs read the sets as often as the mix says.") : tr("New runs read every record once."));
    });
    dialog->open();
}

void DataPage::openExport()
{
    if (!bridge().project())
        return;
    m_editor->flush();
    auto *dialog = new DataExportDialog(context(), m_filter, m_model->rowCount(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &DataExportDialog::exported, this, [this](const QString &note) { m_footer->setNote(note); });
    dialog->open();
}

void DataPage::openSnapshots()
{
    if (!bridge().project())
        return;
    m_editor->flush();
    auto *dialog = new SnapshotsDialog(bridge(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &SnapshotsDialog::wentBack, this, &DataPage::noteChange);
    dialog->open();
}

void DataPage::pasteRecords()
{
    const QString text = QGuiApplication::clipboard()->text();
    if (text.trimmed().isEmpty()) {
        m_footer->setNote(tr("The clipboard holds no text."));
        return;
    }
    // By way of a file, so that recognition, mapping and report are those of every import. No suffix: its content says what it is.
    m_pasted = std::make_unique<QTemporaryDir>();
    const QString path = m_pasted->filePath(tr("clipboard"));
    bridge().readSlowly<void>(
        this, [path, text = text.toStdString()](const ProjectApi *, const JobContext &context) { return context.engine.writeFile(path.toStdString(), text); },
        [this, path](Result<> result) {
            if (result)
                openImport(path);
            else
                context().showMessage(messageOf(result.error()));
        });
}

void DataPage::openTrash()
{
    if (!bridge().project())
        return;
    auto *dialog = new TrashDialog(bridge(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &TrashDialog::restored, this, [this](qint64 count) {
        m_footer->setNote(count == 1 ? tr("1 record is back.") : tr("%1 records are back.").arg(countText(count)));
    });
    dialog->open();
}

// The bar at the bottom shows how far it is and cancels it.
void DataPage::askBaseModel()
{
    if (!bridge().project())
        return;
    m_editor->flush();
    bridge().runAutopsy(this, [this](Result<data::AutopsySummary> summary) {
        if (!summary) {
            if (summary.error().code != ErrorCode::Cancelled)
                context().showMessage(messageOf(summary.error()));
            return;
        }
        m_footer->setNote(tr("%1 has read %2.").arg(QString::fromStdString(summary->model), tr("%n record(s)", nullptr, int(summary->measured))));
    });
    m_footer->setNote(tr("The base model reads your records."));
}

void DataPage::noteChange(qint64 count)
{
    m_footer->setNote(count == 1 ? tr("1 record changed. Ctrl+Z takes it back.") : tr("%1 records changed. Ctrl+Z takes it back.").arg(countText(count)));
}

} // namespace fettle::ui
