// What the Data page does to records: triage keys, many records at once, saving, importing, freezing. Everything can be undone.
#include "ui/data/datapage.h"
#include "ui/data/draftbox.h"
#include "ui/data/filterpane.h"
#include "ui/data/growingtext.h"
#include "ui/data/healthbar.h"
#include "ui/data/historydialog.h"
#include "ui/data/importdialog.h"
#include "ui/data/lenspane.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/recordwords.h"
#include "ui/data/searchfield.h"
#include "ui/data/snapshotdialog.h"
#include "ui/data/tablefooter.h"
#include "ui/frame/dialogs.h"
#include "ui/theme/icons.h"

#include <QMenu>
#include <QPointer>
#include <QRandomGenerator>

#include <algorithm>
#include <set>

namespace fettle::ui {

namespace {

constexpr int kRowsLookedAtForTags = 500; // for the menu that takes tags off

RecordId anyOf(const std::vector<RecordId> &ids)
{
    return ids.empty() ? RecordId{} : ids[QRandomGenerator::global()->bounded(quint32(ids.size()))];
}

// The first of the wanted ones behind the row; round the end, to what was passed over.
RecordId nextOf(std::vector<RecordId> wanted, const std::vector<RecordId> &listed, int row)
{
    std::ranges::sort(wanted);
    for (std::size_t i = 0; i < listed.size(); ++i) {
        const RecordId id = listed[(static_cast<std::size_t>(row + 1) + i) % listed.size()];
        if (std::ranges::binary_search(wanted, id))
            return id;
    }
    return {};
}

} // namespace

void DataPage::setupActions()
{
    using data::RecordStatus;
    m_actionApprove = addPageAction(QStringLiteral("approveRecords"), tr("Approve"), QStringLiteral("circle-check"), Qt::Key_A,
                                    tr("Marks the chosen records as approved"), [this] { setStatus(RecordStatus::Approved, AfterTriage::Stay); });
    m_actionReject = addPageAction(QStringLiteral("rejectRecords"), tr("Reject"), QStringLiteral("circle-x"), Qt::Key_R,
                                   tr("Leaves the chosen records out of training; nothing is deleted"),
                                   [this] { setStatus(RecordStatus::Rejected, AfterTriage::Stay); });
    addPageAction(QStringLiteral("editRecord"), tr("Edit record"), QStringLiteral("pencil"), Qt::Key_E, tr("Goes to the text of the record"),
                  [this] { m_editor->focusFirstField(); });
    m_actionTag = addPageAction(QStringLiteral("tagRecords"), tr("Tag"), QStringLiteral("tag"), Qt::Key_T, tr("Puts a tag on the chosen records"),
                                [this] { startTagging(); });
    addPageAction(QStringLiteral("nextRecord"), tr("Next record"), QStringLiteral("chevron-down"), Qt::Key_J, tr("Goes to the next record"),
                  [this] { step(1); });
    addPageAction(QStringLiteral("previousRecord"), tr("Previous record"), QStringLiteral("chevron-up"), Qt::Key_K,
                  tr("Goes to the record before"), [this] { step(-1); });
    m_actionApproveNext = addPageAction(QStringLiteral("approveAndNext"), tr("Approve and next"), QStringLiteral("circle-check"),
                                        QKeySequence(Qt::CTRL | Qt::Key_Return), tr("Saves and approves this record and goes to the next"),
                                        [this] { approveAndNext(); });
    m_actionApproveNext->setShortcuts({QKeySequence(Qt::CTRL | Qt::Key_Return), QKeySequence(Qt::CTRL | Qt::Key_Enter)});
    for (int stars = 0; stars <= 5; ++stars)
        addPageAction(QStringLiteral("rateRecords%1").arg(stars), stars == 0 ? tr("Take off the rating") : tr("Rate: %1 of 5").arg(stars), QStringLiteral("star"),
                      QKeySequence(Qt::Key_0 + stars), tr("Gives the chosen records this many stars"), [this, stars] { rate(stars); });
    addPageAction(QStringLiteral("undoTriage"), tr("Take back"), QStringLiteral("undo-2"), Qt::Key_U, tr("Takes back the last change, as Ctrl+Z does"), [this] {
        m_editor->flush();
        bridge().undo();
    });
    addPageAction(QStringLiteral("nextUnreviewed"), tr("Next to review"), QStringLiteral("chevron-down"), QKeySequence(Qt::SHIFT | Qt::Key_J),
                  tr("Goes to the next record in this list that is new"), [this] { goToUnreviewed(Order::List); });
    addPageAction(QStringLiteral("randomUnreviewed"), tr("Random one to review"), QStringLiteral("dices"), QKeySequence(Qt::SHIFT | Qt::Key_R),
                  tr("Goes to any record in this list that is new: a sample tells soon how good the rest is"), [this] { goToUnreviewed(Order::Random); });
    addPageAction(QStringLiteral("deleteRecords"), tr("Delete records"), QStringLiteral("trash-2"), Qt::Key_Delete,
                  tr("Deletes the chosen records; undo brings them back"), [this] { deleteChosen(); });
    addPageAction(QStringLiteral("findRecords"), tr("Find in records"), QStringLiteral("search"), QKeySequence::Find,
                  tr("Goes to the search field"), [this] {
                      m_find->setFocus(Qt::ShortcutFocusReason);
                      m_find->selectAll();
                  });
    m_actionHistory = addPageAction(QStringLiteral("recordHistory"), tr("History of the record..."), QStringLiteral("history"), Qt::Key_H,
                                    tr("Shows what this record has been, and puts an earlier version back"), [this] { openHistory(); });
    m_actionNew = addPageAction(QStringLiteral("newRecord"), tr("New"), QStringLiteral("plus"), Qt::Key_N, tr("Writes a new record by hand"),
                                [this] { addRecord(); });
    m_actionFreeze = addPageAction(QStringLiteral("freezeSnapshot"), tr("Freeze snapshot..."), QStringLiteral("camera"), {},
                                   tr("Keeps the records as they are now, for training"), [this] { freeze(); });
    m_actionImport = addPageAction(QStringLiteral("importRecords"), tr("Import..."), QStringLiteral("file-input"),
                                   QKeySequence(Qt::CTRL | Qt::Key_I), tr("Reads records from a file"), [this] { openImport({}); });
    setupBulkActions();
    setupDraftActions();
}

// --- writing

void DataPage::save(const data::Record &record)
{
    ++m_savesInFlight;
    // Status and split are decided elsewhere: what the editor knows of them may be older than what the project has.
    const auto job = [record](ProjectApi &project, const JobContext &) -> Result<> {
        const auto stored = project.record(record.id);
        if (!stored)
            return passError(stored);
        data::Record changed = record;
        changed.status = stored->status;
        changed.split = stored->split;
        return project.saveRecord(changed);
    };
    bridge().write<void>(Touched::Records, this, job, [this, record](Result<> result) {
        --m_savesInFlight;
        if (result) {
            m_editor->markSaved(record);
            return;
        }
        if (m_editor->recordId() == record.id)
            m_editor->markFailed(QString::fromStdString(result.error().message));
        Message message = messageOf(result.error());
        message.actionText = tr("Save again");
        message.action = [self = QPointer<DataPage>(this), record] {
            if (self)
                self->save(record);
        };
        context().showMessage(message);
    });
}

std::vector<RecordId> DataPage::chosenIds() const
{
    std::vector<RecordId> ids;
    for (const auto &[begin, end] : m_table->selectedRanges())
        for (int row = begin; row < end; ++row)
            ids.push_back(m_model->idAt(row));
    if (ids.empty() && m_current.isValid())
        ids.push_back(m_current);
    return ids;
}

void DataPage::setStatus(data::RecordStatus status, AfterTriage after)
{
    m_editor->flush();
    const std::vector<RecordId> ids = chosenIds();
    if (ids.empty())
        return;
    bridge().setStatus(ids, status);
    if (ids.size() > 1)
        m_footer->setNote(tr("%1 records: %2. Ctrl+Z takes it back.").arg(countText(static_cast<qint64>(ids.size())), statusName(status).toLower()));
    if (after == AfterTriage::Next)
        step(1);
}

void DataPage::rate(int stars)
{
    m_editor->flush();
    const std::vector<RecordId> ids = chosenIds();
    if (ids.empty())
        return;
    bridge().write<void>(Touched::Records, nullptr, [ids, stars](ProjectApi &project, const JobContext &) { return project.setRating(ids, stars); }, {});
}

void DataPage::goToUnreviewed(Order order)
{
    // The project knows the status of rows that were never shown; the list keeps its order.
    engine::RecordFilter filter = m_filter;
    filter.statuses = {data::RecordStatus::New};
    bridge().readList<RecordId>(
        this,
        [filter, order, listed = m_model->ids(), current = m_currentRow](const ProjectApi *project, const JobContext &job) -> Result<RecordId> {
            auto fresh = project ? project->recordIds(filter, job.stop) : Result<std::vector<RecordId>>();
            if (!fresh)
                return passError(fresh);
            return order == Order::Random ? anyOf(*fresh) : nextOf(std::move(*fresh), listed, current);
        },
        [this, order](Result<RecordId> found) {
            if (!found)
                context().showMessage(messageOf(found.error()));
            else if (const int row = found->isValid() ? m_model->rowOf(*found) : -1; row >= 0)
                m_table->goTo(row);
            else if (order == Order::List)
                m_footer->setNote(tr("Every record of this list has been reviewed."));
        },
        "data unreviewed");
}

void DataPage::setSplit(data::Split split)
{
    m_editor->flush();
    bridge().setSplit(chosenIds(), split);
}

void DataPage::addTag(const QString &tag)
{
    bridge().addTag(chosenIds(), tag.toStdString());
}

void DataPage::removeTag(const QString &tag)
{
    bridge().removeTag(chosenIds(), tag.toStdString());
}

void DataPage::deleteChosen()
{
    m_editor->flush();
    const std::vector<RecordId> ids = chosenIds();
    if (ids.empty())
        return;
    bridge().deleteRecords(ids);
    m_footer->setNote(ids.size() == 1 ? tr("1 record deleted. Ctrl+Z brings it back.")
                                      : tr("%1 records deleted. Ctrl+Z brings them back.").arg(countText(static_cast<qint64>(ids.size()))));
}

void DataPage::approveAndNext()
{
    // From within a text only this record is meant, whatever is chosen in the table.
    m_editor->flush();
    if (!m_current.isValid())
        return;
    if (m_editor->draftBox()->text()->hasFocus())
        acceptDrafts({m_current});
    bridge().setStatus({m_current}, data::RecordStatus::Approved);
    step(1);
}

void DataPage::addRecord()
{
    if (!bridge().project())
        return;
    m_editor->flush();
    bridge().write<std::vector<RecordId>>(
        Touched::Records, this,
        [what = tr("Wrote a record").toStdString()](ProjectApi &project, const JobContext &) {
            return project.addRecords({data::makePair({}, {}, {})}, what);
        },
        [this](Result<std::vector<RecordId>> ids) {
            if (!ids) {
                context().showMessage(messageOf(ids.error()));
                return;
            }
            if (ids->empty())
                return;
            m_current = m_focusWhenShown = ids->front();
            // A filter would hide what was just made.
            m_filterPane->reset();
            m_health->choose(std::nullopt);
            const QSignalBlocker blocker(m_find);
            m_find->clear();
            filterChanged();
        });
}

void DataPage::allowLength(qint64 tokens)
{
    bridge().setSettingText("maxLength", QString::number(tokens));
}

void DataPage::openHistory()
{
    m_editor->flush();
    if (!m_editor->hasRecord())
        return;
    auto *dialog = new HistoryDialog(bridge(), m_editor->record(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &HistoryDialog::putBack, this, [this](const data::Record &record) {
        m_editor->setRecord(record);
        m_lens->showRecord(record);
        save(record);
    });
    dialog->open();
}

void DataPage::freeze()
{
    m_editor->flush();
    auto *dialog = new SnapshotDialog(m_counts, m_filter == engine::RecordFilter{} ? 0 : m_model->rowCount(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        bridge().freezeSnapshot(dialog->takesFilter() ? m_filter : engine::RecordFilter{}, dialog->shares(), this,
                                [this](Result<engine::SnapshotInfo> snapshot) {
                                    if (!snapshot) {
                                        context().showMessage(messageOf(snapshot.error()));
                                        return;
                                    }
                                    m_footer->setNote(tr("Snapshot %1: %2 to train, %3 held out.")
                                                          .arg(countText(snapshot->id.value), countText(snapshot->train),
                                                               countText(snapshot->heldOut)));
                                });
    });
    dialog->open();
}

// --- import

void DataPage::openImport(const QString &file)
{
    if (!bridge().project() || m_import)
        return;
    QString chosen = file;
    if (chosen.isEmpty())
        chosen = context().dialogs.openFile(this, tr("Import records"), tr("Records (*.json *.jsonl *.ndjson *.csv *.tsv *.xlsx *.parquet *.txt *.gz);;All files (*)"));
    if (chosen.isEmpty())
        return;
    m_editor->flush();
    m_import = new ImportDialog(context(), chosen, this);
    m_import->setAttribute(Qt::WA_DeleteOnClose);
    connect(m_import, &ImportDialog::imported, this, &DataPage::finishImport);
    connect(m_import, &QObject::destroyed, this, [this] { m_import = nullptr; });
    m_import->open();
}

void DataPage::finishImport(const data::ImportReport &report)
{
    QString note = report.records == 1 ? tr("1 record imported.") : tr("%1 records imported.").arg(countText(report.records));
    const auto left = static_cast<qint64>(report.rejected.size());
    if (left > 0)
        note += QLatin1Char(' ') + (left == 1 ? tr("1 row left out.") : tr("%1 rows left out.").arg(countText(left)));
    m_footer->setNote(note);
}

// --- moving

void DataPage::step(int by)
{
    const int row = m_currentRow + by;
    if (row >= 0 && row < m_model->rowCount())
        m_table->goTo(row);
    else
        m_editor->flush();
}

void DataPage::startTagging()
{
    const int count = m_table->selectedCount();
    if (count > 1)
        m_footer->askForTag(count);
    else if (m_editor->hasRecord())
        m_editor->startTagging();
}

void DataPage::leaveEditor()
{
    m_wantsTable = !m_table->isVisible();
    m_table->setFocus(Qt::OtherFocusReason);
}

void DataPage::openMenu(const QPoint &globalPosition)
{
    const std::vector<RecordId> ids = chosenIds();
    if (ids.empty())
        return;
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    QMenu *status = menu->addMenu(tr("Status"));
    for (const auto value : {data::RecordStatus::New, data::RecordStatus::Edited, data::RecordStatus::Approved, data::RecordStatus::Rejected})
        status->addAction(statusName(value), this, [this, value] { setStatus(value, AfterTriage::Stay); });
    QMenu *split = menu->addMenu(tr("Split"));
    for (const auto value : {data::Split::Train, data::Split::HeldOut, data::Split::Test, data::Split::Unassigned})
        split->addAction(splitLabel(value), this, [this, value] { setSplit(value); });
    menu->addAction(m_actionTag);
    menu->addAction(m_actionHistory);
    menu->addAction(m_actionDraft);
    if (ids.size() > 1) {
        menu->addAction(m_actionAcceptDraft);
        menu->addAction(m_actionDiscardDraft);
    }
    std::set<std::string> tags;
    int looked = 0;
    for (const auto &[begin, end] : m_table->selectedRanges())
        for (int row = begin; row < end && looked < kRowsLookedAtForTags; ++row, ++looked)
            if (const engine::RecordRow *found = m_model->rowAt(row))
                tags.insert(found->tags.begin(), found->tags.end());
    if (!tags.empty()) {
        QMenu *remove = menu->addMenu(tr("Take off tag"));
        for (const std::string &tag : tags)
            remove->addAction(QString::fromStdString(tag), this, [this, tag] { removeTag(QString::fromStdString(tag)); });
    }
    menu->addSeparator();
    const QString remove = ids.size() == 1 ? tr("Delete record") : tr("Delete %1 records").arg(countText(static_cast<qint64>(ids.size())));
    menu->addAction(icon(QStringLiteral("trash-2"), Ink::Bad), remove, this,
                    &DataPage::deleteChosen);
    menu->popup(globalPosition);
}

} // namespace fettle::ui
