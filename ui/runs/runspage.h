// The Runs page: the list of runs, the curves of the chosen one, live while it learns, its checkpoints, settings and log. Pauses, resumes and
// stops it. Everything is read by jobs; a long run never holds the window up.
#pragma once

#include "ui/frame/page.h"
#include "ui/runs/rundoctor.h"
#include "ui/runs/runlog.h"

#include <QTimer>

#include <functional>
#include <set>

class QSplitter;
class QStackedWidget;
class QVBoxLayout;

namespace fettle::ui {

class Badge;
class Button;
class ChartPane;
class CompareView;
class ElidedLabel;
class EmptyState;
class GaugeStrip;
class LedgerView;
class PageHead;
class ProgressLine;
class QueuePane;
class RunList;
class RunSeries;
class RunListModel;
class RunPane;
class TextLabel;

// Losses of parts of a run's data. Takes as long as the ledger is large.
[[nodiscard]] Result<engine::LossGroups> groupsOf(const ProjectApi &project, RunId run, engine::LedgerPart part, engine::GroupBy by);

// Everything of a run that the project keeps as numbers of steps. Takes as long as the run is.
[[nodiscard]] Result<RunCurves> curvesOf(const ProjectApi &project, RunId run);

class RunsPage : public Page {
    Q_OBJECT

public:
    explicit RunsPage(const PageContext &context, QWidget *parent = nullptr);
    ~RunsPage() override;

    void setProject() override;
    void onShown() override;
    void openTarget(const QString &target) override; // "run 8", "run 8 120"

    [[nodiscard]] RunId shownRun() const { return m_shown; }
    [[nodiscard]] const RunCurves &curves() const { return m_curves; }

protected:
    bool event(QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    // --- runspagelayout.cpp
    void setupActions();
    void setupLayout();
    QWidget *makeSide();
    QWidget *makeHead();
    QWidget *makeWork();
    QWidget *makeEmpty();
    QWidget *makePreparing();
    void setupMenus();
    void adjustToWidth();
    void showFullScreen(bool isFull); // the charts alone, in a window of their own

    // --- runspage.cpp: what is shown
    void connectBridge();
    void readRuns();
    void runsRead(const std::vector<engine::RunInfo> &runs);
    void showRun(RunId run);
    void showStack();
    void showQueue();
    void tellOfHeldRuns();
    void showGauges(const engine::Gauges &gauges);
    void showHead();
    void showBar();
    [[nodiscard]] QString wordsOfMemory() const;
    void showParts(); // head, bar, lost part, right pane: after a change of state or of checkpoints
    [[nodiscard]] const engine::RunInfo *shownInfo() const;
    [[nodiscard]] std::optional<std::int64_t> newestCheckpoint() const;

    // --- runspageread.cpp: of the shown run
    void readCurves();
    void curvesRead(RunId run, RunCurves curves, RunSeries series);
    void readCheckpoints();
    void readProbes();
    void readGroups(); // curves of parts of the data, where they are shown

    // --- runspagelive.cpp: what arrives, and what the user asks for
    void stateChanged(const engine::RunInfo &run);
    void metricsAppended(RunId run, const std::vector<engine::MetricPoint> &points, double secondsLeft);
    void evaluated(RunId run, const engine::EvalPoint &point);
    void generalMeasured(RunId run, const engine::GeneralPoint &point);
    void checkpointed(RunId run, const engine::CheckpointInfo &checkpoint);
    void noticed(RunId run, const QString &text);
    void runEnded(const engine::RunInfo &run);
    void rememberState(const engine::RunInfo &run);
    void updateActions();
    void pauseShown();
    void resumeShown();
    void stopShown();
    void editNote(const engine::CurveNote &note);
    void readNotes();
    void trashShown();
    void openTrash();
    void openInPlayground();
    void makeResult();
    void choosePrompts();
    void showLedger(bool isShown);
    void labelShown();
    void archiveShown();
    void writeLabel(RunId run, const engine::RunLabel &label);
    [[nodiscard]] bool isShownActive() const; // an engine works on the shown run now
    [[nodiscard]] bool isShownResumable() const;
    [[nodiscard]] QString resumeText() const;

    // --- runspagecompare.cpp: two or more runs side by side
    void runsSelected(const std::vector<RunId> &runs);
    void compareWith(); // asks for the other run
    void closeComparison();
    [[nodiscard]] bool isComparing() const;

    // --- runspagesave.cpp
    void savePicture();
    void saveNumbers();
    void saveEvents();
    void saveReport();
    void saveCurves(const QString &title, const QString &suggestion, const QString &filter, const std::function<QByteArray(const RunCurves &)> &make); // read and made off the GUI thread
    void tellWritten(const QString &name, const Result<> &result);
    void writeBytes(const QString &name, const std::function<QByteArray()> &make);
    // --- runspagedoctor.cpp
    void examine(); // a long run, by a job
    void showEvidence(const RunFinding &finding);
    void cure(const RunFinding &finding);
    void readTags(); // losses by tag, for the doctor
    // --- runspageepochs.cpp
    void changeEpochs();
    [[nodiscard]] QString whyNotEpochs() const; // empty: the shown run can get another number of epochs

    static constexpr int kMostReloads = 3; // of the curve, to close a gap

    RunCurves m_curves; // of the shown run; the charts read it, so it comes before them
    RunId m_shown;
    RunId m_wanted;                                  // to be shown as soon as it is listed
    std::optional<std::int64_t> m_wantedStep;        // its checkpoint to choose
    std::vector<engine::MetricPoint> m_live;         // newest points of the active run: the project stores them about a second later
    RunId m_liveRun;
    std::map<RunId, std::vector<SeenState>> m_seen;
    std::map<RunId, Error> m_failures;               // whole, as they arrived; the project keeps two sentences
    std::set<RunId> m_closedBars;
    RunId m_epochsAsked;                             // another number was wished: what came of it comes as a notice
    RunId m_asked;                                   // pause, stop or resume was asked for and has not been seen yet
    bool m_isLoading = false;
    bool m_hasMissed = false; // an evaluation or checkpoint came while the curves were being read: read again
    bool m_hasList = false;
    int m_reloads = 0;                               // for a gap in the curve
    QTimer m_checkpointTimer, m_gapTimer;

    QAction *m_pause, *m_resume, *m_stop, *m_saveNow, *m_changeEpochs, *m_trash, *m_openTrash, *m_openPlayground, *m_previous, *m_next, *m_savePicture, *m_saveNumbers, *m_makeResult, *m_choosePrompts, *m_showLedger, *m_label, *m_archive, *m_showArchived, *m_saveEvents, *m_saveReport, *m_compare, *m_addNote, *m_fullScreen;
    RunListModel *m_model;
    RunList *m_list;
    QueuePane *m_queue;
    QWidget *m_side;
    PageHead *m_head;
    Badge *m_badge;
    Button *m_pauseButton, *m_resumeButton, *m_stopButton, *m_ledgerButton;
    QVBoxLayout *m_bars;
    QSplitter *m_splitter;
    QList<int> m_splitterSizes; // before full screen
    QStackedWidget *m_right; // one run, or several compared
    CompareView *m_comparison;
    QStackedWidget *m_views; // curves or ledger
    LedgerView *m_ledger;
    ChartPane *m_chart;
    RunPane *m_pane;
    GaugeStrip *m_gauges;
    QStackedWidget *m_stack;
    QWidget *m_work, *m_empty, *m_preparing;
    ElidedLabel *m_preparingDetail;
    ProgressLine *m_preparingLine;
    bool m_isNarrow = false;
    bool m_isArranged = false;
};

} // namespace fettle::ui
