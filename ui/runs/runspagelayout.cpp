// How the Runs page is put together, wide and narrow. What it shows is in runspage.cpp, what arrives and is asked for in runspagelive.cpp.
#include "ui/runs/runspage.h"

#include "ui/runs/chartpane.h"
#include "ui/runs/compareview.h"
#include "ui/runs/gaugestrip.h"
#include "ui/runs/ledgerview.h"
#include "ui/runs/queuepane.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runpane.h"
#include "ui/runs/scrubber.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/progressline.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QSettings>
#include <QSlider>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabBar>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kSideWidth = 240, kSideNarrow = 200, kPaneNarrow = 288;
const auto kPaneKey = QStringLiteral("runs/paneWidth");

} // namespace

void RunsPage::setupActions()
{
    m_pause = addPageAction(QStringLiteral("pauseShownRun"), tr("Pause"), QStringLiteral("pause"), QKeySequence(Qt::Key_Space),
                            tr("Saves a complete checkpoint and frees the memory; the run goes on exactly there."), [this] { pauseShown(); });
    m_resume = addPageAction(QStringLiteral("resumeShownRun"), tr("Resume"), QStringLiteral("play"), {},
                             tr("Goes on from the newest checkpoint as if nothing had happened."), [this] { resumeShown(); });
    m_stop = addPageAction(QStringLiteral("stopShownRun"), tr("Stop..."), QStringLiteral("square"), {},
                           tr("Ends the run; you choose whether what it learnt is kept."), [this] { stopShown(); });
    m_saveNow = addPageAction(QStringLiteral("checkpointNow"), tr("Save a checkpoint now"), QStringLiteral("save"), {},
                              tr("After this step, without a pause."), [this] { bridge().checkpointNow(); });
    m_changeEpochs = addPageAction(QStringLiteral("changeEpochs"), tr("Change the number of epochs..."), QStringLiteral("sliders-horizontal"), {},
                                   tr("Makes the run longer or shorter, while it goes on or when it is resumed."), [this] { changeEpochs(); });
    m_openPlayground = addPageAction(QStringLiteral("openCheckpoint"), tr("Open in playground"), QStringLiteral("columns-2"), {},
                                     tr("Asks this checkpoint your questions, beside the base model."), [this] { openInPlayground(); });
    m_previous = addPageAction(QStringLiteral("previousCheckpoint"), tr("Previous checkpoint"), QStringLiteral("chevron-left"), {},
                               tr("Chooses the checkpoint before this one."), [this] { m_chart->stepBy(-1); });
    m_next = addPageAction(QStringLiteral("nextCheckpoint"), tr("Next checkpoint"), QStringLiteral("chevron-right"), {},
                           tr("Chooses the checkpoint after this one."), [this] { m_chart->stepBy(1); });
    m_makeResult = addPageAction(QStringLiteral("makeResult"), tr("Make it the result"), QStringLiteral("package-check"), {},
                                 tr("This checkpoint becomes what the run gives: in the playground, in exports, for later runs."), [this] { makeResult(); });
    m_choosePrompts = addPageAction(QStringLiteral("probePrompts"), tr("Choose probe prompts..."), QStringLiteral("pencil"), {},
                                    tr("Which questions the next runs answer at every evaluation."), [this] { choosePrompts(); });
    m_showLedger = addPageAction(QStringLiteral("showLedger"), tr("Ledger"), QStringLiteral("notebook-text"), QKeySequence(Qt::CTRL | Qt::Key_L),
                                 tr("The loss of every record over the run: which were never learnt, forgotten, or look wrong."),
                                 [this] { showLedger(m_views->currentWidget() != m_ledger); });
    m_savePicture = addPageAction(QStringLiteral("saveChartPicture"), tr("Save the chart as a picture..."), QStringLiteral("download"), {},
                                  tr("A PNG, SVG or PDF file of the loss chart as it is shown."), [this] { savePicture(); });
    m_saveNumbers = addPageAction(QStringLiteral("saveChartNumbers"), tr("Save the curves as numbers..."), QStringLiteral("table-2"), {},
                                  tr("A CSV file with one line for each step."), [this] { saveNumbers(); });
    m_saveReport = addPageAction(QStringLiteral("saveReport"), tr("Save a report..."), QStringLiteral("file-text"), {},
                                 tr("One web page or PDF file with curves, settings, data and answers, for people who do not have Fettle."), [this] { saveReport(); });
    m_saveEvents = addPageAction(QStringLiteral("saveEvents"), tr("Save for TensorBoard..."), QStringLiteral("activity"), {},
                                 tr("An event file with all curves that TensorBoard reads."), [this] { saveEvents(); });
    m_label = addPageAction(QStringLiteral("labelRun"), tr("Name, tags, note..."), QStringLiteral("tag"), QKeySequence(Qt::Key_F2),
                            tr("What you call the run and want to remember about it."), [this] { labelShown(); });
    m_archive = addPageAction(QStringLiteral("archiveRun"), tr("Archive"), QStringLiteral("box"), {},
                              tr("Takes the run out of the list; nothing is deleted."), [this] { archiveShown(); });
    m_showArchived = addPageAction(QStringLiteral("showArchivedRuns"), tr("Show archived runs"), QStringLiteral("list"), {}, tr("Lists the runs in the archive too."),
                                   [this] { readRuns(); });
    m_showArchived->setCheckable(true);
    m_compare = addPageAction(QStringLiteral("compareRuns"), tr("Compare with..."), QStringLiteral("git-compare"), {},
                              tr("Shows curves, settings and data of this run beside another one. Ctrl and a click in the list choose more."), [this] { compareWith(); });
    m_addNote = addPageAction(QStringLiteral("addCurveNote"), tr("Write a note at the curve..."), QStringLiteral("message-square"), {},
                              tr("Keeps what you saw or did at a step: a mark on the curve and a line in the log. A double click on the curve does the same."),
                              [this] { editNote({0, m_chart->chosenStep().value_or(m_curves.points.empty() ? 0 : m_curves.points.back().step), {}, {}}); });
    m_fullScreen = addPageAction(QStringLiteral("chartFullScreen"), tr("Charts in full screen"), QStringLiteral("monitor"), QKeySequence(Qt::Key_F11),
                                 tr("Shows the charts alone on the whole screen; Escape goes back."), [this] { showFullScreen(!m_chart->isWindow()); });
    m_trash = addPageAction(QStringLiteral("trashRun"), tr("Move to the trash"), QStringLiteral("trash-2"), {},
                            tr("Takes the run away; it can be restored until the trash is emptied."), [this] { trashShown(); });
    m_openTrash = addPageAction(QStringLiteral("openRunTrash"), tr("Trash of runs..."), QStringLiteral("rotate-ccw"), {},
                                tr("Shows what was thrown away and its size; restores it or deletes it for good."), [this] { openTrash(); });
}

void RunsPage::setupLayout()
{
    m_model = new RunListModel(this);
    m_stack = new QStackedWidget;
    m_work = makeWork();
    m_empty = makeEmpty();
    m_preparing = makePreparing();
    for (QWidget *widget : {m_work, m_empty, m_preparing})
        m_stack->addWidget(widget);
    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(m_stack);
    setupMenus();
}

QWidget *RunsPage::makeSide()
{
    auto *side = new Pane(Surface::Window, Qt::RightEdge);
    auto *column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 1, 0);
    column->setSpacing(0);
    auto *head = new Pane(Surface::Window, Qt::BottomEdge);
    head->setFixedHeight(36);
    auto *line = new QHBoxLayout(head);
    line->setContentsMargins(kPaneSide, 0, kStep3, 1);
    line->addWidget(sectionLabel(tr("Runs")));
    line->addStretch(1);
    auto *loss = smallLabel(tr("held-out loss"));
    loss->setToolTip(tr("Loss on records that the run never learns from. Lower is better."));
    line->addWidget(loss);
    column->addWidget(head);
    m_list = new RunList(m_model);
    connect(m_list, &RunList::runChosen, this, &RunsPage::showRun);
    connect(m_list, &RunList::runsSelected, this, &RunsPage::runsSelected);
    column->addWidget(m_list, 1);
    m_queue = new QueuePane;
    connect(m_queue, &QueuePane::moveWished, this, [this](JobId job, int places) { bridge().moveQueuedRun(job, places); });
    connect(m_queue, &QueuePane::startWished, this, [this] { bridge().startHeldRuns(); });
    connect(m_queue, &QueuePane::removeWished, this, [this](JobId job) { bridge().cancel(job); });
    column->addWidget(m_queue);
    auto *foot = new Pane(Surface::Window, Qt::TopEdge);
    auto *footLine = new QHBoxLayout(foot);
    footLine->setContentsMargins(kPaneSide, kStep2, kStep3, kStep2);
    auto *compare = new Button({}, QStringLiteral("git-compare"));
    compare->followAction(m_compare);
    footLine->addWidget(compare);
    footLine->addStretch(1);
    column->addWidget(foot);
    m_side = side;
    return side;
}

QWidget *RunsPage::makeHead()
{
    m_head = new PageHead(tr("Runs"));
    m_badge = new Badge({});
    m_head->addAfterTitle(m_badge);
    m_pauseButton = new Button({}, QStringLiteral("pause"));
    m_pauseButton->followAction(m_pause);
    m_resumeButton = primaryButton({}, QStringLiteral("play"));
    m_resumeButton->followAction(m_resume);
    m_stopButton = new Button({}, QStringLiteral("square"));
    m_stopButton->followAction(m_stop);
    m_ledgerButton = new Button({}, QStringLiteral("notebook-text"));
    m_ledgerButton->followAction(m_showLedger);
    m_ledgerButton->setCheckable(true);
    auto *more = iconButton(QStringLiteral("ellipsis"), tr("More that can be done with this run"), ButtonLook::Normal);
    more->setObjectName(QStringLiteral("moreButton"));
    auto *menu = new QMenu(more);
    menu->setToolTipsVisible(true);
    menu->addAction(m_saveNow);
    menu->addAction(m_changeEpochs);
    menu->addAction(m_openPlayground);
    menu->addAction(m_makeResult);
    menu->addAction(m_choosePrompts);
    menu->addSeparator();
    menu->addAction(m_compare);
    menu->addAction(m_fullScreen);
    menu->addAction(m_addNote);
    menu->addAction(m_label);
    menu->addAction(m_archive);
    menu->addAction(m_showArchived);
    menu->addAction(m_trash);
    menu->addAction(m_openTrash);
    connect(more, &QPushButton::clicked, this, [more, menu] {
        menu->popup(more->mapToGlobal(QPoint(more->width() - menu->sizeHint().width(), more->height() + kStep1)));
    });
    for (QWidget *button : std::initializer_list<QWidget *>{m_ledgerButton, m_pauseButton, m_resumeButton, m_stopButton, more})
        m_head->addAction(button);
    return m_head;
}

QWidget *RunsPage::makeWork()
{
    auto *work = new QWidget;
    auto *columns = new QHBoxLayout(work);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(0);
    columns->addWidget(makeSide());
    auto *one = new QWidget;
    auto *rows = new QVBoxLayout(one);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(makeHead());
    m_bars = new QVBoxLayout;
    m_bars->setSpacing(0);
    rows->addLayout(m_bars);
    m_chart = new ChartPane(m_curves);
    m_chart->setMinimumWidth(360);
    m_pane = new RunPane(m_chart->loss(), {m_previous, m_next, m_openPlayground, m_makeResult, m_choosePrompts});
    m_pane->setMinimumWidth(kPaneNarrow);
    m_splitter = new QSplitter(Qt::Horizontal);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setHandleWidth(1);
    m_splitter->addWidget(m_chart);
    m_splitter->addWidget(m_pane);
    m_splitter->setStretchFactor(0, 1);
    m_splitter->setStretchFactor(1, 0);
    connect(m_splitter, &QSplitter::splitterMoved, this, [this] {
        if (!m_isNarrow)
            QSettings().setValue(kPaneKey, m_pane->width());
    });
    connect(m_chart, &ChartPane::checkpointChosen, this, [this](std::optional<std::int64_t> step) {
        m_pane->setChosen(step);
        updateActions();
    });
    const auto openNote = [this](qint64 id) {
        for (const engine::CurveNote &note : m_curves.notes) {
            if (note.id == id) {
                editNote(engine::CurveNote(note));
                return;
            }
        }
    };
    // Behind the event that asks for it: the dialog has an event loop of its own.
    connect(&m_chart->loss(), &LossChart::noteWished, this, [this](qint64 step) { editNote({0, step, {}, {}}); }, Qt::QueuedConnection);
    connect(&m_chart->loss(), &LossChart::noteActivated, this, openNote, Qt::QueuedConnection);
    connect(&m_pane->log(), &RunLogPane::noteActivated, this, openNote);
    connect(m_chart, &ChartPane::fullScreenLeft, this, [this] { showFullScreen(false); });
    connect(&m_chart->fullScreenButton(), &QPushButton::clicked, this, [this] { showFullScreen(!m_chart->isWindow()); });
    connect(m_chart, &ChartPane::groupsWished, this, &RunsPage::readGroups);
    connect(m_pane, &RunPane::examinationWished, this, &RunsPage::examine);
    connect(&m_pane->doctor(), &DoctorPane::showWished, this, &RunsPage::showEvidence);
    connect(&m_pane->doctor(), &DoctorPane::cureWished, this, &RunsPage::cure);
    connect(&m_pane->checkpoints(), &CheckpointPane::stepWished, m_chart, &ChartPane::choose);
    m_ledger = new LedgerView(context());
    connect(m_ledger, &LedgerView::closeWished, this, [this] { showLedger(false); });
    m_views = new QStackedWidget;
    m_views->addWidget(m_splitter);
    m_views->addWidget(m_ledger);
    rows->addWidget(m_views, 1);
    m_gauges = new GaugeStrip;
    m_gauges->hide(); // until a run works
    rows->addWidget(m_gauges);
    m_comparison = new CompareView(context());
    connect(m_comparison, &CompareView::closeWished, this, &RunsPage::closeComparison);
    connect(m_comparison, &CompareView::runWished, this, [this](RunId run) {
        closeComparison();
        m_list->choose(run);
    });
    m_right = new QStackedWidget;
    m_right->addWidget(one);
    m_right->addWidget(m_comparison);
    columns->addWidget(m_right, 1);
    return work;
}

QWidget *RunsPage::makeEmpty()
{
    auto *empty = new EmptyState(QStringLiteral("activity"), tr("No run yet: here you will watch the model learn."));
    Button *button = empty->addButton(tr("Train a model"), QStringLiteral("sliders-horizontal"));
    button->setToolTip(tr("Opens the Train page, where a run is prepared and started."));
    connect(button, &QPushButton::clicked, this, [this] { context().openPage(QStringLiteral("train"), {}); });
    return empty;
}

QWidget *RunsPage::makePreparing()
{
    auto *pane = new Pane(Surface::Page);
    auto *column = new QVBoxLayout(pane);
    column->setSpacing(kStep3);
    column->addStretch(1);
    column->addWidget(titleLabel(tr("The run is being prepared")), 0, Qt::AlignHCenter);
    m_preparingLine = new ProgressLine;
    m_preparingLine->setFixedWidth(320);
    m_preparingLine->setAccessibleName(tr("Progress of the preparation"));
    column->addWidget(m_preparingLine, 0, Qt::AlignHCenter);
    m_preparingDetail = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
    m_preparingDetail->setFixedWidth(320);
    column->addWidget(m_preparingDetail, 0, Qt::AlignHCenter);
    column->addStretch(1);
    return pane;
}

void RunsPage::setupMenus()
{
    auto *menu = new QMenu(this);
    menu->setToolTipsVisible(true);
    menu->addAction(m_savePicture);
    menu->addAction(m_saveNumbers);
    menu->addAction(m_saveEvents);
    menu->addAction(m_saveReport);
    connect(&m_chart->saveButton(), &QPushButton::clicked, this, [this, menu] {
        const Button &button = m_chart->saveButton();
        menu->popup(button.mapToGlobal(QPoint(button.width() - menu->sizeHint().width(), button.height() + kStep1)));
    });
}

RunsPage::~RunsPage()
{
    if (m_chart->isWindow())
        delete m_chart; // full screen: nobody else does
}

void RunsPage::showFullScreen(bool isFull)
{
    if (isFull == m_chart->isWindow())
        return;
    if (isFull) {
        m_splitterSizes = m_splitter->sizes();
        m_chart->setParent(nullptr, Qt::Window);
        m_chart->setWindowTitle(window()->windowTitle());
        m_chart->setNarrow(false);
        m_chart->showFullScreen();
    } else {
        m_chart->setWindowState(Qt::WindowNoState);
        m_splitter->insertWidget(0, m_chart);
        m_splitter->setSizes(m_splitterSizes);
        m_chart->setNarrow(m_isNarrow);
        m_chart->show();
        window()->activateWindow();
    }
    m_chart->shownChart().setFocus();
}

void RunsPage::adjustToWidth()
{
    // The window decides, not the page: rail and page become narrow together.
    const bool isNarrow = window()->width() < kNarrowBelow;
    if (m_isArranged && isNarrow == m_isNarrow)
        return;
    m_isArranged = true;
    m_isNarrow = isNarrow;
    m_side->setFixedWidth(isNarrow ? kSideNarrow : kSideWidth);
    m_chart->setNarrow(isNarrow);
    m_ledger->setNarrow(isNarrow);
    m_comparison->setNarrow(isNarrow);
    const int pane = isNarrow ? kPaneNarrow : QSettings().value(kPaneKey, kDetail).toInt();
    m_splitter->setSizes({std::max(1, width() - m_side->width() - pane), pane});
}

} // namespace fettle::ui
