// The Data page: records as a table, filters beside it, one record in the editor with the token lens below. Triage goes by single keys.
// Reads and writes through the bridge only; what it shows is what the project last said.
#pragma once

#include "ui/frame/page.h"
#include "ui/playground/adapterchoice.h"

#include <QTimer>

#include <memory>

class QSplitter;
class QStackedWidget;
class QTemporaryDir;

namespace fettle::ui {

class Button;
class ContradictionView;
class DraftStrip;
class EditorSpelling;
class EmptyState;
class FilterPane;
class HealthBar;
class ImportDialog;
class LensPane;
class PageHead;
class RecordEditor;
class RecordModel;
class RecordTable;
class SearchField;
class TableFooter;
class TextLabel;
struct SearchOffer;

class DataPage : public Page {
    Q_OBJECT
public:
    explicit DataPage(const PageContext &context, QWidget *parent = nullptr);
    ~DataPage() override;

    void setProject() override;
    void onShown() override;
    // "record 412", "flag contradiction", "import <file>", "mix"
    void openTarget(const QString &target) override;

    // For tests and for openTarget.
    [[nodiscard]] ImportDialog *importDialog() const { return m_import; }
    void openImport(const QString &file); // empty: asks for a file

protected:
    void resizeEvent(QResizeEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dragLeaveEvent(QDragLeaveEvent *event) override;
    void dropEvent(QDropEvent *event) override;

private:
    enum class AfterTriage { Stay, Next };
    enum class Order { List, Random };

    void setupActions();
    void setupLayout();
    [[nodiscard]] QWidget *makeHead();
    [[nodiscard]] QWidget *makeTableSide();
    [[nodiscard]] QWidget *makeEditorSide();
    void connectWidgets();
    void connectBridge();

    // reading (datapagereading.cpp)
    void reload();    // the list, for another filter or order
    void reloadAll(); // counts too: records have changed
    void receive(Result<std::vector<RecordId>> ids);
    void showState();
    void restorePlace();
    void openRow(int row);
    void readCurrent();
    void receiveRecord(const data::Record &record);
    void filterChanged();
    [[nodiscard]] bool readSearch();
    void showSaved();
    [[nodiscard]] QStringList savedSearches() const;
    void keepSearches(const QStringList &queries);
    [[nodiscard]] QList<SearchOffer> offersFor(const QString &word) const;
    void readCounts();
    void receiveCounts();
    void checkFindings();
    void showPanes();

    // writing
    void save(const data::Record &record);
    [[nodiscard]] std::vector<RecordId> chosenIds() const;
    void setStatus(data::RecordStatus status, AfterTriage after);
    void setSplit(data::Split split);
    void rate(int stars);
    void goToUnreviewed(Order order);
    void addTag(const QString &tag);
    void removeTag(const QString &tag);
    void deleteChosen();
    void approveAndNext();
    void addRecord();
    void allowLength(qint64 tokens);
    void openHistory();
    void editCell(const QModelIndex &index);
    void editTags(RecordId id, const QRect &cell);
    void freeze();
    void finishImport(const data::ImportReport &report);

    // many records (datapagebulk.cpp)
    void setupBulkActions();
    void openMoreMenu();
    void openFix(engine::RecordFlag flag);
    void openReplace();
    void openSplit();
    void openMix();
    void openTrash();
    void openExport();
    void openSnapshots();
    void pasteRecords();
    void askBaseModel();
    void noteChange(qint64 count);

    // drafts (datapagedrafts.cpp)
    void setupDraftActions();
    void connectDrafts();
    void readDraftModels();
    void receiveDraft(RecordId record, const std::optional<engine::AnswerDraft> &draft);
    void openDrafting();
    void draftThis();
    void showDrafting();
    void showDraftStrip();
    void showDraftActions();
    void acceptDrafts(const std::vector<RecordId> &ids);
    void discardDrafts();
    void keepDraft(RecordId record, const engine::AnswerDraft &draft);

    // moving
    void step(int by);
    void startTagging();
    void leaveEditor();
    void openMenu(const QPoint &globalPosition);
    void adjustToWidth();
    void fitEditor();
    void showHeadButtons();

    engine::RecordFilter m_filter;
    engine::RecordFilter m_listedFilter; // that was asked for last
    JobId m_listJob = 0;
    bool m_isListing = false;   // the answer is on its way
    bool m_isListOld = false;   // records have changed since it was asked for
    bool m_wantsCounts = false; // records have changed since they were counted
    engine::RecordCounts m_counts;
    std::vector<engine::SnapshotInfo> m_snapshots;
    RecordId m_current;
    RecordId m_focusWhenShown; // a new record: its field gets the focus
    int m_currentRow = -1;
    int m_savesInFlight = 0, m_draftsInFlight = 0;
    bool m_isOwnCheck = false; // the next change of records is our own check's
    bool m_isNarrow = false;
    bool m_wantsTable = false; // the keyboard goes to the table as soon as it has rows again
    bool m_hasListing = false, m_hasCounts = false;
    QTimer m_findTimer, m_checkTimer;

    RecordModel *m_model = nullptr;
    PageHead *m_head = nullptr;
    SearchField *m_find = nullptr;
    TextLabel *m_problem = nullptr;
    Button *m_filters = nullptr, *m_freezeButton = nullptr, *m_importButton = nullptr, *m_newButton = nullptr, *m_moreButton = nullptr;
    Button *m_reject = nullptr, *m_tag = nullptr, *m_approve = nullptr;
    HealthBar *m_health = nullptr;
    FilterPane *m_filterPane = nullptr;
    RecordTable *m_table = nullptr;
    QStackedWidget *m_tableStack = nullptr, *m_stack = nullptr;
    EmptyState *m_empty = nullptr;
    TableFooter *m_footer = nullptr;
    RecordEditor *m_editor = nullptr;
    EditorSpelling *m_spelling = nullptr;
    LensPane *m_lens = nullptr;
    QWidget *m_editorSide = nullptr, *m_work = nullptr;
    QStackedWidget *m_panes = nullptr; // the table with its sides, or the contradictions
    ContradictionView *m_contradictions = nullptr;
    bool m_wantsPairs = false; // contradictions as pairs, not as rows of the table
    QSplitter *m_splitter = nullptr;
    ImportDialog *m_import = nullptr;
    QList<QAction *> m_bulkActions;
    DraftStrip *m_draftStrip = nullptr;
    std::vector<AdapterChoice> m_draftModels; // the newest run first, the base model last
    QAction *m_actionDraft = nullptr, *m_actionAcceptDraft = nullptr, *m_actionCorrectDraft = nullptr, *m_actionDiscardDraft = nullptr;
    std::unique_ptr<QTemporaryDir> m_pasted; // what was pasted last, until it is imported
    QAction *m_actionApprove = nullptr, *m_actionReject = nullptr, *m_actionTag = nullptr, *m_actionImport = nullptr,
            *m_actionFreeze = nullptr, *m_actionNew = nullptr, *m_actionApproveNext = nullptr, *m_actionHistory = nullptr;
};

} // namespace fettle::ui
