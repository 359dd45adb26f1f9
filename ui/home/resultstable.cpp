// See resultstable.h.
#include "ui/home/resultstable.h"

#include "ui/widgets/labels.h"
#include "ui/widgets/rowdelegate.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QTableWidget>
#include <QVBoxLayout>

#include <cmath>

namespace fettle::ui {

using namespace measure;

namespace {

enum { ModelColumn, LossColumn, PerplexityColumn, StepsColumn, TokensColumn, TimeColumn, ResultColumns };

QTableWidgetItem *cell(const QString &text, bool isBold, bool isNumber)
{
    auto *item = new QTableWidgetItem(text);
    item->setTextAlignment(Qt::AlignVCenter | (isNumber ? Qt::AlignRight : Qt::AlignLeft));
    item->setFont(textFont(TextSize::Body, isBold ? Weight::SemiBold : Weight::Regular));
    return item;
}

} // namespace

ResultsTable::ResultsTable(QWidget *parent) : Card(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, kRadiusCard - 2); // clear of the rounded corners
    column->setSpacing(0);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    head->setSpacing(kStep2);
    auto *title = strongLabel(tr("Held-out results"));
    title->setFixedHeight(40);
    head->addWidget(title);
    m_facts = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
    head->addWidget(m_facts, 1);
    column->addLayout(head);
    column->addWidget(new Separator);
    m_table = new QTableWidget(0, ResultColumns);
    m_table->setHorizontalHeaderLabels({tr("Model"), tr("Loss"), tr("Perplexity"), tr("Steps"), tr("Tokens"), tr("Time")});
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setMinimumSectionSize(kRow);
    m_table->verticalHeader()->setDefaultSectionSize(kRow);
    m_table->setItemDelegate(new RowDelegate(m_table));
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->horizontalHeader()->setSectionResizeMode(ModelColumn, QHeaderView::Stretch);
    m_table->horizontalHeader()->setHighlightSections(false);
    for (int i = LossColumn; i < ResultColumns; ++i) {
        m_table->setColumnWidth(i, 104);
        m_table->horizontalHeaderItem(i)->setTextAlignment(Qt::AlignVCenter | Qt::AlignRight);
    }
    m_table->horizontalHeaderItem(ModelColumn)->setTextAlignment(Qt::AlignVCenter | Qt::AlignLeft);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_table->setAccessibleName(tr("Held-out results of the runs"));
    m_table->setToolTip(tr("Double-click a run to see its curves."));
    connect(m_table, &QTableWidget::cellActivated, this, [this](int row, int) { emit runChosen(m_results[std::size_t(row)].id); });
    column->addWidget(m_table);
    setVisible(false);
}

void ResultsTable::show(const std::vector<engine::RunInfo> &results, const QString &facts)
{
    m_results = results;
    m_facts->setText(facts);
    m_table->setRowCount(int(results.size()));
    for (int i = 0; i < int(results.size()); ++i) {
        const engine::RunInfo &run = results[std::size_t(i)];
        const bool isBest = i == 0 && results.size() > 1;
        const QString cells[] = {tr("%1, %2").arg(QString::fromStdString(run.name), methodText(run.method)), lossText(*run.evalLoss),
                                 QLocale().toString(std::exp(*run.evalLoss), 'f', 1), countText(run.step), countText(run.tokens),
                                 durationText(run.seconds)};
        for (int column = 0; column < ResultColumns; ++column)
            m_table->setItem(i, column, cell(cells[column], isBest, column != ModelColumn));
    }
    m_table->setFixedHeight(kRow + int(results.size()) * kRow);
    setVisible(!results.empty());
}

} // namespace fettle::ui
