// How the comparison of runs is put together. See compareview.h.
#include "ui/runs/compareview.h"

#include "ui/data/flowlayout.h"
#include "ui/runs/overlaychart.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/segmented.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QMenu>
#include <QSplitter>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kSectionHead = 44;
constexpr int kLeastNumbers = 44;
constexpr int kLeastColumn = 96; // a table that has no room for all columns scrolls

QHBoxLayout *sectionLine(QVBoxLayout &column, Qt::Edges edges = Qt::TopEdge | Qt::BottomEdge)
{
    auto *pane = new Pane(Surface::Page, edges);
    pane->setMinimumHeight(kSectionHead);
    auto *line = new QHBoxLayout(pane);
    line->setContentsMargins(kPaneSide, kStep1, kPaneSide, kStep1);
    line->setSpacing(kStep2);
    column.addWidget(pane);
    return line;
}

} // namespace

void CompareView::setupHead()
{
    m_head = new PageHead(tr("Compare runs"));
    m_reference = new Button({}, QStringLiteral("git-compare"), tr("The run that the others are compared with; what is unlike it is bold."));
    m_reference->setObjectName(QStringLiteral("referenceRun"));
    m_save = new Button(tr("Save..."), QStringLiteral("download"), tr("Keeps the tables as a CSV file, or the chart as a picture."));
    auto *menu = new QMenu(m_save);
    menu->setToolTipsVisible(true);
    QAction *tables = menu->addAction(tr("Save the tables..."), this, &CompareView::saveTables);
    tables->setToolTip(tr("A CSV file with outcome, settings and data of all runs."));
    tables->setObjectName(QStringLiteral("saveComparison"));
    QAction *picture = menu->addAction(tr("Save the chart as a picture..."), this, &CompareView::savePicture);
    picture->setToolTip(tr("A PNG, SVG or PDF file of the curves as they are shown."));
    auto *close = new Button(tr("Close"), {}, tr("Goes back to the run that was shown before."));
    close->setKeyHint(tr("Esc"));
    for (Button *button : {m_reference, m_save, close})
        m_head->addAction(button);
    connect(m_reference, &QPushButton::clicked, this, &CompareView::chooseReference);
    connect(m_save, &QPushButton::clicked, this, [this, menu] { menu->popup(m_save->mapToGlobal(QPoint(0, m_save->height() + kStep1))); });
    connect(close, &QPushButton::clicked, this, &CompareView::closeWished);
}

QWidget *CompareView::makeLeft()
{
    auto *left = new Pane(Surface::Page);
    auto *column = new QVBoxLayout(left);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *tools = new FlowLayout(kStep2, kStep2);
    m_which = new Segmented({tr("Held out"), tr("Train"), tr("Both")});
    m_which->setAccessibleName(tr("Which loss is drawn"));
    m_which->setSegmentToolTip(0, tr("Loss on rows that the runs never learn from. Only this one tells whether a run understands."));
    m_which->setSegmentToolTip(1, tr("Loss on the rows that are learnt, smoothed as on the page of the run."));
    m_which->setSegmentToolTip(2, tr("Held out strong, training thin behind it."));
    m_axis = new Segmented({tr("Steps"), tr("Tokens"), tr("Minutes")});
    m_axis->setAccessibleName(tr("What the horizontal axis counts"));
    m_axis->setSegmentToolTip(0, tr("Corrections. Runs with larger steps look quicker than they are."));
    m_axis->setSegmentToolTip(1, tr("Tokens that were read: what a run has seen of the data."));
    m_axis->setSegmentToolTip(2, tr("Minutes of work on this computer, without pauses."));
    m_logarithmic = new Chip(tr("Log axis"));
    m_logarithmic->setToolTip(tr("Spreads small losses: equal distances are equal ratios."));
    for (QWidget *widget : std::initializer_list<QWidget *>{m_which, m_axis, m_logarithmic})
        tools->addWidget(widget);
    auto *toolsBox = new QVBoxLayout;
    toolsBox->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep1);
    toolsBox->setSpacing(kStep1);
    toolsBox->addLayout(tools);
    m_legendRow = new FlowLayout(kStep1, 0);
    toolsBox->addLayout(m_legendRow);
    column->addLayout(toolsBox);
    m_chart = new OverlayChart;
    m_chart->setAccessibleName(tr("Losses of the compared runs"));
    m_chart->setToolTip(tr("The wheel zooms, dragging moves a zoomed view, a double click shows everything."));
    column->addWidget(m_chart, 3);
    m_outcomes = plainTable("compareOutcomes", outcomeHeads(), tr("What came of each run"), tr("A double click or Enter opens the run."));
    m_outcomes->header()->setMinimumSectionSize(kLeastNumbers);
    const QStringList helps = outcomeHelps();
    for (int i = 0; i < m_outcomes->columnCount(); ++i)
        m_outcomes->headerItem()->setToolTip(i, helps[i]);
    for (int i = 1; i < m_outcomes->columnCount(); ++i)
        m_outcomes->header()->setSectionResizeMode(i, QHeaderView::ResizeToContents);
    column->addWidget(new Separator);
    column->addWidget(m_outcomes, 2);
    m_notes = new TextLabel;
    m_notes->setWordWrap(true);
    m_notes->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep3);
    column->addWidget(m_notes);
    connect(m_which, &Segmented::chosen, this, &CompareView::showCurves);
    connect(m_axis, &Segmented::chosen, this, &CompareView::showCurves);
    connect(m_logarithmic, &QAbstractButton::toggled, m_chart, &OverlayChart::setLogarithmic);
    connect(m_chart, &OverlayChart::hovered, this, [this](double x) { showCursor(x); });
    connect(m_chart, &OverlayChart::pointerLeft, this, [this] { showCursor({}); });
    connect(m_outcomes, &QTreeWidget::itemActivated, this, [this](QTreeWidgetItem *item) { emit runWished(RunId{item->data(0, Qt::UserRole).toLongLong()}); });
    return left;
}

QWidget *CompareView::makeRight()
{
    auto *right = new Pane(Surface::Page); // the splitter draws the line beside it
    auto *column = new QVBoxLayout(right);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    QHBoxLayout *head = sectionLine(*column, Qt::BottomEdge);
    head->addWidget(strongLabel(tr("Settings")));
    m_settingsState = mutedLabel({});
    head->addWidget(m_settingsState, 1);
    m_differencesOnly = new Chip(tr("Differences only"));
    m_differencesOnly->setToolTip(tr("Hides the settings that are the same in all runs."));
    m_differencesOnly->setChecked(true);
    head->addWidget(m_differencesOnly);
    m_settings = plainTable("compareSettings", {tr("Setting")}, tr("Settings of the compared runs"), tr("Bold: unlike the reference."));
    m_settings->header()->setMinimumSectionSize(kLeastColumn);
    column->addWidget(m_settings, 3);
    QHBoxLayout *dataHead = sectionLine(*column);
    dataHead->addWidget(strongLabel(tr("Data")));
    m_dataChoice = new QComboBox;
    m_dataChoice->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_dataChoice->setAccessibleName(tr("Which snapshots are compared"));
    m_dataChoice->setToolTip(tr("The records of the reference's snapshot against those of another run's."));
    dataHead->addWidget(m_dataChoice);
    dataHead->addStretch(1);
    m_wholeDifference = new Button(tr("Details..."), QStringLiteral("file-diff"), tr("Shows before and after of every record that differs."));
    m_wholeDifference->setHeight(kButtonSmall);
    dataHead->addWidget(m_wholeDifference);
    m_dataState = new TextLabel;
    m_dataState->setWordWrap(true);
    m_dataState->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    column->addWidget(m_dataState);
    m_changes = plainTable("compareChanges", {tr("Question"), tr("No."), tr("Change")}, tr("Records that differ"), tr("The first records that were added, removed or changed."));
    for (int i = 1; i < 3; ++i)
        m_changes->header()->setSectionResizeMode(i, QHeaderView::ResizeToContents);
    column->addWidget(m_changes, 2);
    column->addStretch(1);
    connect(m_differencesOnly, &QAbstractButton::toggled, this, &CompareView::showSettings);
    connect(m_dataChoice, &QComboBox::currentIndexChanged, this, &CompareView::showData);
    connect(m_wholeDifference, &QPushButton::clicked, this, &CompareView::showWholeDifference);
    return right;
}

} // namespace fettle::ui
