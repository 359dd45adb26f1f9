// See checkpointpane.h.
#include "ui/runs/checkpointpane.h"

#include "ui/runs/losschart.h"
#include "ui/runs/paneparts.h"
#include "ui/theme/icons.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QAction>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QTableWidget>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kNarrowPane = 360; // below: no words on the button, no epochs

enum Column { Step, Epoch, Train, HeldOut, Note, Columns };

} // namespace

CheckpointPane::CheckpointPane(const LossChart &chart, const Actions &actions, QWidget *parent) : QWidget(parent), m_chart(chart)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *bar = new Pane(Surface::Window, Qt::BottomEdge);
    bar->setFixedHeight(44);
    auto *line = new QHBoxLayout(bar);
    line->setContentsMargins(kPaneSide, 0, kPaneSide, 1);
    line->setSpacing(kStep2);
    line->addWidget(actionButton(actions.previous, QStringLiteral("chevron-left")));
    m_title = strongLabel({});
    line->addWidget(m_title);
    line->addWidget(actionButton(actions.next, QStringLiteral("chevron-right")));
    line->addStretch(1);
    m_openAction = actions.openInPlayground;
    m_open = new Button(m_openAction->text(), QStringLiteral("columns-2"), m_openAction->statusTip());
    m_open->setHeight(kButtonSmall);
    m_openNarrow = iconButton(QStringLiteral("columns-2"), m_openAction->text(), ButtonLook::Normal);
    m_openNarrow->setHeight(kButtonSmall);
    const auto follow = [this] {
        for (Button *button : {m_open, m_openNarrow}) {
            button->setEnabled(m_openAction->isEnabled());
            button->setVisible(m_openAction->isVisible() && (button == m_open) == (width() >= kNarrowPane));
        }
    };
    for (Button *button : {m_open, m_openNarrow}) {
        line->addWidget(button);
        connect(button, &QPushButton::clicked, m_openAction, &QAction::trigger);
    }
    connect(m_openAction, &QAction::changed, this, follow);
    connect(this, &CheckpointPane::resized, this, follow);
    column->addWidget(bar);
    setupTable();
    column->addWidget(m_table, 1);
    auto *nothing = mutedLabel(tr("No checkpoint yet. One is saved at the end of each epoch, at a pause and at the end, as the settings say."));
    nothing->setWordWrap(true);
    nothing->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    auto *page = new Pane(Surface::Page);
    auto *pageColumn = new QVBoxLayout(page);
    pageColumn->setContentsMargins(kPaneSide, kPaneSide, kPaneSide, kPaneSide);
    pageColumn->addWidget(nothing);
    pageColumn->addStretch(1);
    m_nothing = page;
    column->addWidget(m_nothing, 1);
    setChosen({});
}

void CheckpointPane::setupTable()
{
    m_table = new QTableWidget(0, Columns);
    m_table->setHorizontalHeaderLabels({tr("Step"), tr("Epoch"), tr("Train"), tr("Held out"), QString()});
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setMinimumSectionSize(kRow);
    m_table->verticalHeader()->setDefaultSectionSize(kRow);
    QHeaderView *header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setSectionResizeMode(QHeaderView::Fixed);
    header->setSectionResizeMode(Note, QHeaderView::Stretch);
    header->setMinimumSectionSize(40);
    for (const auto &[column, width] : {std::pair(Step, 72), std::pair(Epoch, 60), std::pair(Train, 64), std::pair(HeldOut, 76)}) {
        m_table->setColumnWidth(column, width);
        m_table->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignVCenter | Qt::AlignRight);
    }
    m_table->horizontalHeaderItem(Train)->setToolTip(tr("Smoothed loss on the rows it learns from, at that step."));
    m_table->horizontalHeaderItem(HeldOut)->setToolTip(tr("Loss on rows that it never sees, at that step; a dash where it was not measured."));
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_table->setAccessibleName(tr("Checkpoints of the run, newest first"));
    connect(m_table, &QTableWidget::currentCellChanged, this, [this](int row) {
        const QTableWidgetItem *item = row >= 0 ? m_table->item(row, Step) : nullptr;
        if (item && !m_isFilling)
            emit stepWished(item->data(Qt::UserRole).toLongLong());
    });
}

void CheckpointPane::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    m_table->setColumnHidden(Epoch, width() < kNarrowPane);
    emit resized();
}

void CheckpointPane::refresh()
{
    const RunCurves &curves = m_chart.curves();
    const auto best = curves.checkpoints.size() > 1 ? bestCheckpoint(curves) : std::nullopt;
    m_isFilling = true;
    m_table->setRowCount(int(curves.checkpoints.size()));
    int row = 0;
    for (auto checkpoint = curves.checkpoints.rbegin(); checkpoint != curves.checkpoints.rend(); ++checkpoint, ++row) {
        const auto reading = m_chart.readingAt(double(checkpoint->step));
        const bool isBest = best == checkpoint->step;
        const QString cells[Columns] = {countText(checkpoint->step), reading ? QString::number(reading->epoch) : QString(),
                                        reading ? lossText(reading->smoothed) : QString(),
                                        checkpoint->evalLoss ? lossText(*checkpoint->evalLoss) : QStringLiteral("–"),
                                        isBest ? tr("best") : row == 0 ? tr("newest") : QString()};
        for (int column = 0; column < Columns; ++column) {
            auto *item = new QTableWidgetItem(cells[column]);
            item->setTextAlignment(Qt::AlignVCenter | (column == Note ? Qt::AlignLeft : Qt::AlignRight));
            item->setFont(textFont(TextSize::Body, isBest ? Weight::SemiBold : Weight::Regular));
            m_table->setItem(row, column, item);
        }
        m_table->item(row, Step)->setData(Qt::UserRole, QVariant::fromValue<qlonglong>(checkpoint->step));
        if (isBest)
            m_table->item(row, Note)->setIcon(icon(QStringLiteral("star"), Ink::Muted));
        m_table->item(row, Note)->setToolTip(isBest ? tr("The lowest held-out loss of these.") : QString());
    }
    m_table->setVisible(!curves.checkpoints.empty());
    m_nothing->setVisible(curves.checkpoints.empty());
    m_isFilling = false;
    selectChosen();
}

void CheckpointPane::setChosen(std::optional<std::int64_t> step)
{
    m_chosen = step;
    m_title->setText(!step                                      ? tr("No checkpoint")
                     : hasCheckpoint(m_chart.curves(), step) ? tr("Checkpoint %1").arg(countText(*step))
                                                             : tr("Step %1").arg(countText(*step)));
    selectChosen();
}

void CheckpointPane::selectChosen()
{
    m_isFilling = true;
    for (int row = 0; row < m_table->rowCount(); ++row) {
        if (m_chosen == m_table->item(row, Step)->data(Qt::UserRole).toLongLong())
            m_table->setCurrentCell(row, Step);
    }
    m_isFilling = false;
}

} // namespace fettle::ui
