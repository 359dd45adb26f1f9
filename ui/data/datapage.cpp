#include "ui/data/datapage.h"

#include "ui/data/contradictionview.h"
#include "ui/data/editorspelling.h"
#include "ui/data/filterpane.h"
#include "ui/data/healthbar.h"
#include "ui/data/importdialog.h"
#include "ui/data/lenspane.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/recordwords.h"
#include "ui/data/searchfield.h"
#include "ui/data/tablefooter.h"
#include "ui/widgets/button.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"

#include <QHeaderView>
#include <QSplitter>
#include <QStackedWidget>
#include <QTemporaryDir>

#include <algorithm>

namespace fettle::ui {

namespace {

constexpr int kFindPauseMs = 150;
constexpr int kCheckPauseMs = 1500; // findings are looked for again after the hands rest

QStringList tagsOf(const engine::RecordCounts &counts)
{
    QStringList tags;
    for (const auto &[tag, count] : counts.byTag)
        tags.append(QString::fromStdString(tag));
    return tags;
}

} // namespace

DataPage::DataPage(const PageContext &context, QWidget *parent) : Page(context, parent)
{
    m_model = new RecordModel(
        [this](std::vector<RecordId> ids, RecordModel::RowsAnswer answer) {
            bridge().read<std::vector<engine::RecordRow>>(
                this,
                [ids = std::move(ids)](const ProjectApi *project, const JobContext &) -> Result<std::vector<engine::RecordRow>> {
                    return project ? project->recordRows(ids) : Result<std::vector<engine::RecordRow>>();
                },
                std::move(answer));
        },
        this);
    m_findTimer.setSingleShot(true);
    m_findTimer.setInterval(kFindPauseMs);
    m_checkTimer.setSingleShot(true);
    m_checkTimer.setInterval(kCheckPauseMs);
    setAcceptDrops(true);
    setupActions();
    setupLayout();
    connectWidgets();
    connectBridge();
    connectDrafts();
    showState();
}

DataPage::~DataPage()
{
    m_editor->flush(); // the bridge finishes what it was asked to write
}

void DataPage::connectWidgets()
{
    connect(&m_findTimer, &QTimer::timeout, this, &DataPage::filterChanged);
    connect(&m_checkTimer, &QTimer::timeout, this, &DataPage::checkFindings);
    connect(m_find, &QLineEdit::textChanged, &m_findTimer, qOverload<>(&QTimer::start));
    connect(m_find, &QLineEdit::returnPressed, this, &DataPage::leaveEditor);
    connect(m_find, &SearchField::left, this, &DataPage::leaveEditor);
    connect(m_health, &HealthBar::flagChosen, this, [this](std::optional<engine::RecordFlag> flag) {
        m_wantsPairs = flag == engine::RecordFlag::Contradiction;
        filterChanged();
    });
    connect(m_health, &HealthBar::fixWanted, this, &DataPage::openFix);
    connect(m_contradictions, &ContradictionView::tableWanted, this, [this] {
        m_wantsPairs = false;
        showPanes();
    });
    connect(m_contradictions, &ContradictionView::allWanted, this, [this] {
        m_health->choose(std::nullopt);
        filterChanged();
    });
    connect(m_contradictions, &ContradictionView::recordWanted, this, [this](RecordId id) {
        m_wantsPairs = false;
        openTarget(QStringLiteral("record %1").arg(id.value));
    });
    connect(m_filterPane, &FilterPane::filterChanged, this, &DataPage::filterChanged);
    connect(m_filterPane, &FilterPane::savedChosen, this, [this](const QString &query) {
        m_find->setText(query);
        filterChanged();
        m_table->setFocus(Qt::OtherFocusReason);
    });
    connect(m_filterPane, &FilterPane::cutChosen, this, &DataPage::allowLength);
    connect(m_filterPane, &FilterPane::lengthsChosen, this, [this](qint64 shortest, qint64 longest) {
        // In place of another length in the search; the rest of it stays.
        QStringList terms = m_find->text().split(u' ', Qt::SkipEmptyParts);
        terms.removeIf([](const QString &term) { return term.startsWith(QLatin1String("length")); });
        terms.append(QStringLiteral("length:%1..%2").arg(shortest).arg(longest));
        m_find->setText(terms.join(u' '));
        filterChanged();
    });
    connect(m_filterPane, &FilterPane::saveWanted, this, [this] { keepSearches(savedSearches() << m_find->text().simplified()); });
    connect(m_filterPane, &FilterPane::forgetWanted, this, [this](const QString &query) {
        QStringList queries = savedSearches();
        queries.removeAll(query);
        keepSearches(queries);
    });
    m_find->setOffers([this](const QString &word) { return offersFor(word); });
    connect(m_filters, &QAbstractButton::toggled, this, [this](bool isShown) {
        m_filterPane->parentWidget()->setVisible(isShown || !m_isNarrow);
    });
    connect(m_model, &RecordModel::sortRequested, this, [this](engine::RecordSort sort, bool descending) {
        m_filter.sort = sort;
        m_filter.descending = descending;
        reload();
    });
    connect(m_model, &RecordModel::rowsFailed, this, [this](const Error &error) { context().showMessage(messageOf(error)); });
    connect(m_model, &QAbstractItemModel::dataChanged, this, [this] {
        m_table->setLossShown(m_model->hasSeenLoss());
    });
    connect(m_table, &RecordTable::currentRowChanged, this, &DataPage::openRow);
    connect(m_table, &RecordTable::selectionCountChanged, this, [this](int count) { m_footer->setCounts(m_model->rowCount(), count); });
    connect(m_table, &RecordTable::editRequested, m_editor, &RecordEditor::focusFirstField);
    connect(m_table, &RecordTable::cellEditRequested, this, &DataPage::editCell);
    connect(m_table, &RecordTable::menuRequested, this, &DataPage::openMenu);
    connect(m_footer, &TableFooter::menuRequested, this, &DataPage::openMenu);
    connect(m_footer, &TableFooter::tagEntered, this, [this](const QString &tag) {
        addTag(tag);
        m_table->setFocus();
    });
    connect(m_footer, &TableFooter::tagCancelled, this, [this] { m_table->setFocus(); });

    connect(m_editor, &RecordEditor::edited, m_lens, &LensPane::showRecord);
    connect(m_editor, &RecordEditor::saveWanted, this, &DataPage::save);
    connect(m_editor, &RecordEditor::statusChosen, this, [this](data::RecordStatus status) {
        bridge().setStatus({m_editor->recordId()}, status);
    });
    connect(m_editor, &RecordEditor::splitChosen, this, [this](data::Split split) { bridge().setSplit({m_editor->recordId()}, split); });
    connect(m_editor, &RecordEditor::previousRequested, this, [this] { step(-1); });
    connect(m_editor, &RecordEditor::nextRequested, this, [this] { step(1); });
    connect(m_editor, &RecordEditor::leaveRequested, this, &DataPage::leaveEditor);
    connect(m_editor, &RecordEditor::contentHeightChanged, this, &DataPage::fitEditor);
    connect(m_lens, &LensPane::tokenActivated, m_editor, &RecordEditor::selectToken);
    connect(m_lens, &LensPane::allowRequested, this, &DataPage::allowLength);
}

void DataPage::connectBridge()
{
    connect(&bridge(), &Bridge::recordsChanged, this, [this] {
        reload();
        if (m_isOwnCheck)
            m_isOwnCheck = false;
        else
            m_checkTimer.start();
    });
    connect(&bridge(), &Bridge::snapshotsChanged, this, &DataPage::reload);
    connect(&bridge(), &Bridge::settingsChanged, this, [this] {
        showSaved();
        m_lens->readOptions();
        m_model->setMaxLength(m_lens->options().maxLength);
        if (m_editor->hasRecord())
            m_lens->showRecord(m_editor->record());
        m_checkTimer.start(); // another model or length: other lengths
    });
}

void DataPage::setProject()
{
    m_editor->clear();
    m_lens->clear();
    m_model->setIds({});
    m_listing = {};
    m_hasListing = m_hasCounts = false;
    m_current = {};
    m_currentRow = -1;
    m_filter = {};
    m_filterPane->reset();
    m_health->choose(std::nullopt);
    m_contradictions->clear();
    showPanes();
    const QSignalBlocker blocker(m_find);
    m_find->clear();
    m_find->setProblem({});
    m_problem->hide();
    m_model->setMarks({});
    showSaved();
    m_table->horizontalHeader()->setSortIndicatorShown(false);
    m_checkTimer.stop();
    if (bridge().project()) {
        m_lens->readOptions();
        m_model->setMaxLength(m_lens->options().maxLength);
        reload();
        m_checkTimer.start();
        m_spelling->readProject();
        readDraftModels();
    }
    showDraftStrip();
    showState();
}

void DataPage::onShown()
{
    if (m_panes->currentWidget() == m_contradictions)
        m_contradictions->focusList();
    else if (m_stack->currentWidget() == m_work && !m_table->hasFocus())
        m_table->setFocus(Qt::OtherFocusReason);
}

void DataPage::openTarget(const QString &target)
{
    const QString kind = target.section(QLatin1Char(' '), 0, 0), value = target.section(QLatin1Char(' '), 1);
    if (kind == QLatin1String("record")) {
        m_filterPane->reset();
        m_health->choose(std::nullopt);
        m_find->clear();
        m_current = RecordId{value.toLongLong()};
        filterChanged();
    } else if (kind == QLatin1String("flag")) {
        for (int flag = 0; flag < data::kRecordFlags; ++flag) {
            if (QString::fromUtf8(engine::nameOf(static_cast<engine::RecordFlag>(flag)).data()) != value)
                continue;
            m_health->choose(static_cast<engine::RecordFlag>(flag));
            m_wantsPairs = m_health->chosen() == engine::RecordFlag::Contradiction;
            filterChanged();
        }
    } else if (kind == QLatin1String("find")) {
        m_filterPane->reset();
        m_health->choose(std::nullopt);
        m_find->setText(value);
        filterChanged();
    } else if (kind == QLatin1String("import")) {
        openImport(value);
    } else if (kind == QLatin1String("mix")) {
        openMix();
    }
}

// --- reading

void DataPage::filterChanged()
{
    m_findTimer.stop();
    if (!readSearch())
        return; // the list of before stays, and the words below the search say what is wrong
    m_filter.flag = m_health->chosen();
    showPanes();
    m_filterPane->applyTo(m_filter);
    const int active = m_filterPane->activeCount();
    m_filters->setText(active > 0 ? tr("Filters %1").arg(active) : tr("Filters"));
    reload();
}

// Contradictions are settled in pairs; every other choice is a list of records.
void DataPage::showPanes()
{
    QWidget *wanted = m_wantsPairs && m_health->chosen() == engine::RecordFlag::Contradiction ? static_cast<QWidget *>(m_contradictions) : m_panes->widget(0);
    if (m_panes->currentWidget() == wanted)
        return;
    m_panes->setCurrentWidget(wanted);
    if (wanted == m_contradictions)
        m_contradictions->focusList();
    else
        m_table->setFocus(Qt::OtherFocusReason);
}

void DataPage::reload()
{
    if (!bridge().project())
        return;
    if (m_panes->currentWidget() == m_contradictions)
        m_contradictions->reload();
    bridge().readSlowly<Listing>(
        this,
        [filter = m_filter](const ProjectApi *project, const JobContext &) -> Result<Listing> {
            if (!project)
                return Listing{};
            Listing listing;
            auto ids = project->recordIds(filter);
            if (!ids)
                return passError(ids);
            listing.ids = std::move(*ids);
            return listing;
        },
        [this](Result<Listing> listing) {
            if (!listing)
                context().showMessage(messageOf(listing.error()));
            else if (bridge().project())
                receive(std::move(*listing));
        },
        "data list");
    readCounts();
}

// Apart from the list, which need not wait for them: a million records are counted in seconds and found in less.
void DataPage::readCounts()
{
    struct Facts {
        engine::RecordCounts counts;
        std::vector<engine::SnapshotInfo> snapshots;
    };
    bridge().readSlowly<Facts>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<Facts> {
            if (!project)
                return Facts{};
            auto counts = project->recordCounts();
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
                m_listing.counts = std::move(facts->counts);
                m_listing.snapshots = std::move(facts->snapshots);
                m_hasCounts = true;
                receiveCounts();
            }
        },
        "data counts");
}

void DataPage::receiveCounts()
{
    m_health->setCounts(m_listing.counts);
    m_filterPane->setCounts(m_listing.counts, m_model->maxLength());
    m_editor->setKnownTags(tagsOf(m_listing.counts));
    m_footer->setKnownTags(tagsOf(m_listing.counts));
    showDraftStrip();
    showState();
}

void DataPage::receive(Listing listing)
{
    const bool isFirst = !m_hasListing;
    m_listing.ids = std::move(listing.ids);
    m_hasListing = true;
    {
        // The place is restored below; in between there is no current row.
        const QSignalBlocker blocker(m_table);
        m_model->setIds(std::move(m_listing.ids));
    }
    showState();
    restorePlace();
    readCurrent();
    if (isFirst && isVisible())
        onShown(); // now there is a table to triage in
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
    const engine::RecordCounts &counts = m_listing.counts;
    const bool hasProject = bridge().project() != nullptr;
    const bool isEmpty = !hasProject || (m_hasCounts && counts.all == 0);
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
    QStringList parts{counts.all == 1 ? tr("1 record") : tr("%1 records").arg(countText(counts.all))};
    const auto countOf = [&](data::RecordStatus status) {
        const auto found = counts.byStatus.find(status);
        return found == counts.byStatus.end() ? std::int64_t{0} : found->second;
    };
    if (!m_listing.snapshots.empty()) {
        const engine::SnapshotInfo &newest = m_listing.snapshots.back();
        parts.append(newest.isCurrent ? tr("as in snapshot %1").arg(countText(newest.id.value))
                                      : tr("changed since snapshot %1").arg(countText(newest.id.value)));
    }
    if (countOf(data::RecordStatus::Edited) > 0)
        parts.append(tr("%1 edited").arg(countText(countOf(data::RecordStatus::Edited))));
    if (countOf(data::RecordStatus::New) > 0)
        parts.append(tr("%1 to review").arg(countText(countOf(data::RecordStatus::New))));
    m_head->setState(m_hasCounts ? parts.join(QStringLiteral(", ")) : tr("Reading records"));
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
            reload(); // what could be found without a tokenizer is in the project all the same
    });
}

} // namespace fettle::ui
