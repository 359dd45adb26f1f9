// What the Data page reads of the project, and how it shows it: the list, the record in the editor, the counts. See datapage.h.
#include "ui/data/datapage.h"

#include "ui/data/contradictionview.h"
#include "ui/data/filterpane.h"
#include "ui/data/healthbar.h"
#include "ui/data/lenspane.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/tablefooter.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/words.h"

#include <QStackedWidget>

#include <algorithm>

namespace fettle::ui {

namespace {

QStringList tagsOf(const engine::RecordCounts &counts)
{
    QStringList tags;
    for (const auto &[tag, count] : counts.byTag)
        tags.append(QString::fromStdString(tag));
    return tags;
}

QString recordsText(qint64 count)
{
    return count == 1 ? DataPage::tr("1 record") : DataPage::tr("%1 records").arg(countText(count));
}

} // namespace

// The list goes before what decorates it: counts are read when it is there, and only where records have changed, not for another filter or order.
void DataPage::reload()
{
    if (!bridge().project())
        return;
    if (m_panes->currentWidget() == m_contradictions)
        m_contradictions->reload();
    m_isListOld = m_isListing && m_listedFilter == m_filter;
    if (m_isListOld)
        return; // asked again when the answer is there
    if (m_isListing)
        bridge().cancel(m_listJob); // nobody waits for that answer any more
    m_isListing = true;
    m_listedFilter = m_filter;
    m_listJob = bridge().readList<std::vector<RecordId>>(
        this,
        [filter = m_filter](const ProjectApi *project, const JobContext &job) -> Result<std::vector<RecordId>> {
            return project ? project->recordIds(filter, job.stop) : Result<std::vector<RecordId>>();
        },
        [this, filter = m_filter](Result<std::vector<RecordId>> ids) {
            if (filter == m_listedFilter && (ids || ids.error().code != ErrorCode::Cancelled)) // else a newer question is on its way
                receive(std::move(ids));
        });
}

void DataPage::reloadAll()
{
    m_wantsCounts = true;
    reload();
}

// Seconds of work in a project of a million records.
void DataPage::readCounts()
{
    struct Facts {
        engine::RecordCounts counts;
        std::vector<engine::SnapshotInfo> snapshots;
    };
    m_wantsCounts = false;
    bridge().readCounts<Facts>(
        this,
        [](const ProjectApi *project, const JobContext &job) -> Result<Facts> {
            if (!project)
                return Facts{};
            auto counts = project->recordCounts(job.stop);
            if (!counts)
                return passError(counts);
            auto snapshots = project->snapshots();
            if (!snapshots)
                return passError(snapshots);
            return Facts{std::move(*counts), std::move(*snapshots)};
        },
        [this](Result<Facts> facts) {
            if (!facts) {
                context().showMessage(messageOf(facts.error()));
            } else if (bridge().project()) {
                m_counts = std::move(facts->counts);
                m_snapshots = std::move(facts->snapshots);
                m_hasCounts = true;
                receiveCounts();
            }
        },
        "data counts");
}

void DataPage::receiveCounts()
{
    m_health->setCounts(m_counts);
    m_filterPane->setCounts(m_counts, m_model->maxLength());
    m_editor->setKnownTags(tagsOf(m_counts));
    m_footer->setKnownTags(tagsOf(m_counts));
    showDraftStrip();
    showState();
}

void DataPage::receive(Result<std::vector<RecordId>> ids)
{
    m_isListing = false;
    if (!bridge().project())
        return;
    if (m_wantsCounts)
        readCounts();
    if (!ids) {
        context().showMessage(messageOf(ids.error()));
        return;
    }
    const bool isFirst = !m_hasListing;
    m_hasListing = true;
    {
        // The place is restored below; in between there is no current row.
        const QSignalBlocker blocker(m_table);
        m_model->setIds(std::move(*ids));
    }
    showState();
    restorePlace();
    readCurrent();
    if (isFirst && isVisible())
        onShown(); // now there is a table to triage in
    if (m_isListOld)
        reload();
}

void DataPage::restorePlace()
{
    const int count = m_model->rowCount();
    int row = m_model->rowOf(m_current);
    if (row < 0 && count > 0)
        row = std::clamp(m_currentRow, 0, count - 1); // the record left the list: its place is taken by the next one
    if (row >= 0 && (m_table->currentIndex().row() != row || m_model->idAt(row) != m_current))
        m_table->goTo(row);
    if (count == 0) {
        m_editor->flush();
        m_editor->clear();
        m_lens->clear();
        m_current = {};
    }
    m_currentRow = row;
    m_editor->setPosition(row + 1, count);
    m_footer->setCounts(count, m_table->selectedCount());
}

void DataPage::showState()
{
    const engine::RecordCounts &counts = m_counts;
    const bool hasProject = bridge().project() != nullptr;
    const bool listsAll = m_hasListing && !m_isListing && m_listedFilter == engine::RecordFilter{};
    const bool isEmpty = !hasProject || (m_model->rowCount() == 0 && (listsAll || (m_hasCounts && counts.all == 0)));
    m_stack->setCurrentWidget(isEmpty ? static_cast<QWidget *>(m_empty) : m_work);
    m_tableStack->setCurrentIndex(m_hasListing && m_model->rowCount() == 0 ? 1 : 0);
    if (m_wantsTable && m_table->isVisible()) {
        m_wantsTable = false;
        m_table->setFocus(Qt::OtherFocusReason);
    }
    setActionPossible(m_actionFreeze, !isEmpty, tr("There are no records yet"));
    for (QAction *action : {m_actionApprove, m_actionReject, m_actionTag, m_actionApproveNext, m_actionHistory})
        setActionPossible(action, m_model->rowCount() > 0, tr("No record is shown"));
    for (QAction *action : {m_actionImport, m_actionNew})
        setActionPossible(action, hasProject, tr("No project is open"));
    for (QAction *action : m_bulkActions)
        setActionPossible(action, hasProject, tr("No project is open"));
    showDraftActions();
    showHeadButtons();
    if (!hasProject) {
        m_head->setState(tr("No project is open"));
        return;
    }
    QStringList parts{recordsText(counts.all)};
    const auto countOf = [&](data::RecordStatus status) {
        const auto found = counts.byStatus.find(status);
        return found == counts.byStatus.end() ? std::int64_t{0} : found->second;
    };
    if (!m_snapshots.empty()) {
        const engine::SnapshotInfo &newest = m_snapshots.back();
        parts.append(newest.isCurrent ? tr("as in snapshot %1").arg(countText(newest.id.value))
                                      : tr("changed since snapshot %1").arg(countText(newest.id.value)));
    }
    if (countOf(data::RecordStatus::Edited) > 0)
        parts.append(tr("%1 edited").arg(countText(countOf(data::RecordStatus::Edited))));
    if (countOf(data::RecordStatus::New) > 0)
        parts.append(tr("%1 to review").arg(countText(countOf(data::RecordStatus::New))));
    if (!m_hasCounts)
        parts = {m_hasListing && m_filter == engine::RecordFilter{} ? recordsText(m_model->rowCount()) : tr("Reading records")};
    m_head->setState(parts.join(QStringLiteral(", ")));
}

void DataPage::openRow(int row)
{
    m_editor->flush();
    if (row < 0)
        return;
    m_currentRow = row;
    m_current = m_model->idAt(row);
    m_editor->setPosition(row + 1, m_model->rowCount());
    readCurrent();
}

void DataPage::readCurrent()
{
    if (!m_current.isValid())
        return;
    struct Found {
        data::Record record;
        std::optional<engine::AnswerDraft> draft;
    };
    bridge().read<Found>(
        this,
        [id = m_current](const ProjectApi *project, const JobContext &) -> Result<Found> {
            if (!project)
                return Found{};
            auto record = project->record(id);
            if (!record)
                return passError(record);
            auto draft = project->draft(id);
            if (!draft)
                return passError(draft);
            return Found{std::move(*record), std::move(*draft)};
        },
        [this](Result<Found> found) {
            if (found) {
                receiveRecord(found->record);
                receiveDraft(found->record.id, found->draft);
            } else if (found.error().code != ErrorCode::NotFound) { // deleted meanwhile: the list says so soon
                context().showMessage(messageOf(found.error()));
            }
        },
        "data record");
}

void DataPage::receiveRecord(const data::Record &record)
{
    if (record.id != m_current)
        return;
    const bool isSame = m_editor->hasRecord() && m_editor->recordId() == record.id;
    if (isSame)
        m_editor->showDecisions(record);
    // What is being typed is newer than what was read.
    if (isSame && (m_editor->hasUnsavedChanges() || m_savesInFlight > 0))
        return;
    if (isSame) {
        data::Record shown = m_editor->record();
        shown.status = record.status;
        shown.split = record.split;
        shown.source = record.source;
        if (shown == record)
            return; // the cursor stays where it is
    }
    m_editor->setRecord(record);
    m_editor->setPosition(m_currentRow + 1, m_model->rowCount());
    m_lens->showRecord(record);
    if (m_focusWhenShown == record.id) {
        m_focusWhenShown = {};
        m_editor->focusFirstField();
    }
}

void DataPage::checkFindings()
{
    if (!bridge().project())
        return;
    bridge().updateFindings(m_lens->options().maxLength, this, [this](Result<> result) {
        if (result)
            m_isOwnCheck = true;
        else
            reloadAll(); // what could be found without a tokenizer is in the project all the same
    });
}

} // namespace fettle::ui
