// How the Data page is put together, wide and narrow. What it reads is in datapage.cpp, what it writes in datapagetriage.cpp.
#include "ui/data/contradictionview.h"
#include "ui/data/datapage.h"
#include "ui/data/draftstrip.h"
#include "ui/data/editorspelling.h"
#include "ui/data/filterpane.h"
#include "ui/data/growingtext.h"
#include "ui/data/healthbar.h"
#include "ui/data/lenspane.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/searchfield.h"
#include "ui/data/tablefooter.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"

#include <QHBoxLayout>
#include <QSplitter>
#include <QStackedWidget>

namespace fettle::ui {

using namespace measure;

void DataPage::setupLayout()
{
    m_health = new HealthBar;
    m_filterPane = new FilterPane;

    m_splitter = new QSplitter(Qt::Horizontal);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setHandleWidth(1);
    auto *filterFrame = new Pane(Surface::Window, Qt::RightEdge);
    auto *filterLayout = new QVBoxLayout(filterFrame);
    filterLayout->setContentsMargins(0, 0, 1, 0);
    filterLayout->addWidget(m_filterPane);
    filterFrame->setFixedWidth(200);
    m_splitter->addWidget(makeTableSide());
    m_splitter->addWidget(makeEditorSide());
    m_splitter->setStretchFactor(0, 1);
    m_splitter->setStretchFactor(1, 0);
    m_splitter->setSizes({808, kEditor});
    connect(m_splitter, &QSplitter::splitterMoved, this, [this] { fitEditor(); });

    auto *tablePanes = new QWidget;
    auto *panes = new QHBoxLayout(tablePanes);
    panes->setContentsMargins(0, 0, 0, 0);
    panes->setSpacing(0);
    panes->addWidget(filterFrame);
    panes->addWidget(m_splitter, 1);

    m_contradictions = new ContradictionView(context());
    m_panes = new QStackedWidget;
    m_panes->addWidget(tablePanes);
    m_panes->addWidget(m_contradictions);

    m_work = new QWidget;
    auto *work = new QVBoxLayout(m_work);
    work->setContentsMargins(0, 0, 0, 0);
    work->setSpacing(0);
    work->addWidget(m_health);
    work->addWidget(m_panes, 1);

    m_empty = new EmptyState({}, tr("Bring in pairs of question and right answer."));
    Button *import = m_empty->addButton(tr("Import..."), QStringLiteral("file-input"), keyHintText(m_actionImport->shortcut()));
    connect(import, &QAbstractButton::clicked, m_actionImport, &QAction::trigger);
    m_empty->addHint(tr("or drop a file here: JSON, JSONL, CSV, TSV, XLSX, Parquet, text"));
    connect(m_empty->addLink(tr("Write the first pair by hand")), &QAbstractButton::clicked, this, &DataPage::addRecord);
    connect(m_empty->addLink(tr("Open the sample project")), &QAbstractButton::clicked, this, [this] {
        if (QAction *sample = context().windowAction ? context().windowAction(QStringLiteral("startSample")) : nullptr)
            sample->trigger();
    });
    m_empty->setDropTarget(true);

    m_stack = new QStackedWidget;
    m_stack->addWidget(m_work);
    m_stack->addWidget(m_empty);

    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addWidget(makeHead());
    all->addWidget(m_stack, 1);

    // From left to right, as one reads.
    setTabOrder(m_find, m_health);
    setTabOrder(m_health, m_filterPane);
    setTabOrder(m_filterPane, m_table);
    setTabOrder(m_table, m_editor);
    setTabOrder(m_editor, m_lens);
}

QWidget *DataPage::makeHead()
{
    m_head = new PageHead(tr("Data"));
    m_filters = new Button(tr("Filters"), QStringLiteral("list-filter"), tr("Show or hide the filters"));
    m_filters->setCheckable(true);
    m_filters->hide();
    m_head->addAfterTitle(m_filters);
    m_find = new SearchField(tr("Find in records"), QStringLiteral("Ctrl F"));
    m_find->setAccessibleName(tr("Find in records"));
    m_find->setToolTip(tr("Words that must occur, and filters: tag:dosage status:new length>512 has:context -split:test  (Ctrl+F)"));
    m_newButton = new Button(tr("New"), QStringLiteral("plus"));
    m_newButton->followAction(m_actionNew);
    m_freezeButton = new Button(tr("Freeze snapshot..."), QStringLiteral("camera"));
    m_freezeButton->followAction(m_actionFreeze);
    m_importButton = new Button(tr("Import..."), QStringLiteral("file-input"));
    m_importButton->followAction(m_actionImport);
    m_head->addAction(m_find);
    m_head->addAction(m_newButton);
    m_head->addAction(m_freezeButton);
    m_head->addAction(m_importButton);
    m_moreButton = iconButton(QStringLiteral("ellipsis"), tr("More for many records: replace, divide, deleted ones"));
    connect(m_moreButton, &QAbstractButton::clicked, this, &DataPage::openMoreMenu);
    m_head->addAction(m_moreButton);
    return m_head;
}

QWidget *DataPage::makeTableSide()
{
    m_table = new RecordTable(m_model);
    auto *nothing = new EmptyState(QStringLiteral("search"), tr("No record matches these filters."));
    connect(nothing->addLink(tr("Show all records")), &QAbstractButton::clicked, this, [this] {
        m_filterPane->reset();
        m_health->choose(std::nullopt);
        m_find->clear();
        filterChanged();
    });
    m_tableStack = new QStackedWidget;
    m_tableStack->addWidget(m_table);
    m_tableStack->addWidget(nothing);
    m_problem = smallLabel({});
    m_problem->setInk(Ink::Bad);
    m_problem->setWordWrap(true);
    m_problem->setContentsMargins(kStep3, kStep1, kStep3, kStep1);
    m_problem->setAccessibleName(tr("What is wrong with the search"));
    m_problem->hide();
    m_footer = new TableFooter;
    auto *side = new QWidget;
    side->setMinimumWidth(360);
    auto *column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_problem);
    m_draftStrip = new DraftStrip;
    column->addWidget(m_tableStack, 1);
    column->addWidget(m_draftStrip);
    column->addWidget(m_footer);
    return side;
}

QWidget *DataPage::makeEditorSide()
{
    m_editor = new RecordEditor;
    m_spelling = new EditorSpelling(bridge(), this);
    for (GrowingText *field : m_editor->findChildren<GrowingText *>())
        m_spelling->watch(field);
    connect(m_editor, &RecordEditor::fieldAdded, m_spelling, &EditorSpelling::watch);
    m_lens = new LensPane(bridge());
    auto *bar = new Pane(Surface::Window, Qt::TopEdge);
    auto *row = new QHBoxLayout(bar);
    row->setContentsMargins(kPaneSide, kStep2 + 1, kPaneSide, kStep2);
    row->setSpacing(kStep2);
    m_reject = new Button(tr("Reject"), {});
    m_reject->followAction(m_actionReject);
    m_tag = new Button(tr("Tag"), QStringLiteral("tag"));
    m_tag->followAction(m_actionTag);
    m_approve = primaryButton(tr("Approve and next"));
    m_approve->followAction(m_actionApproveNext);
    row->addWidget(m_reject);
    row->addWidget(m_tag);
    row->addStretch(1);
    row->addWidget(m_approve);

    m_editorSide = new QWidget;
    m_editorSide->setMinimumWidth(340);
    auto *column = new QVBoxLayout(m_editorSide);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_editor);
    column->addWidget(m_lens, 1);
    column->addWidget(bar);
    return m_editorSide;
}

void DataPage::adjustToWidth()
{
    // The window decides, not the page: rail and page become narrow together.
    const int window = this->window()->width();
    const bool isNarrow = window < kNarrowBelow;
    if (isNarrow != m_isNarrow || !m_table->property("isArranged").toBool()) {
        m_isNarrow = isNarrow;
        m_table->setProperty("isArranged", true);
        m_table->setNarrow(isNarrow);
        m_health->setNarrow(isNarrow);
        m_editor->setNarrow(isNarrow);
        m_lens->setNarrow(isNarrow);
        m_footer->setNarrow(isNarrow);
        m_contradictions->setNarrow(isNarrow);
        m_filterPane->parentWidget()->setVisible(!isNarrow || m_filters->isChecked());
        m_find->setFixedWidth(isNarrow ? 200 : 264);
        m_actionFreeze->setText(isNarrow ? tr("Freeze...") : tr("Freeze snapshot..."));
        showHeadButtons();
        m_actionApproveNext->setText(isNarrow ? tr("Save and next") : tr("Approve and next"));
        const int editor = isNarrow ? kEditorNarrow : kEditor;
        m_splitter->setSizes({m_splitter->width() - editor, editor});
    }
    fitEditor();
}

void DataPage::showHeadButtons()
{
    const bool isEmpty = m_stack->currentWidget() == m_empty;
    for (QWidget *widget : std::initializer_list<QWidget *>{m_find, m_freezeButton, m_importButton})
        widget->setVisible(!isEmpty);
    m_newButton->setVisible(!isEmpty && !m_isNarrow);
    m_filters->setVisible(!isEmpty && m_isNarrow);
    m_tag->setVisible(!m_isNarrow); // its key stays
}

void DataPage::fitEditor()
{
    // The fields take what they need, the lens keeps at least two fifths.
    m_editor->fitHeight(m_editorSide->height() * (m_isNarrow ? 48 : 57) / 100);
}

} // namespace fettle::ui
