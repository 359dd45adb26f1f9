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
        reloadAll();
        if (m_isOwnCheck)
            m_isOwnCheck = false;
        else
            m_checkTimer.start();
    });
    connect(&bridge(), &Bridge::snapshotsChanged, this, [this] {
        m_wantsCounts = true;
        if (!m_isListing)
            readCounts();
    });
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
    bridge().cancel(m_listJob); // of the project before
    m_editor->clear();
    m_lens->clear();
    m_model->setIds({});
    m_counts = {};
    m_snapshots.clear();
    m_isListing = m_isListOld = m_wantsCounts = false;
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
        reloadAll();
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

} // namespace fettle::ui
