// See runlogpane.h.
#include "ui/runs/runlogpane.h"

#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListView>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

RunLogPane::RunLogPane(QWidget *parent) : QWidget(parent), m_model(new RunLogModel(this))
{
    auto *bar = new Pane(Surface::Window, Qt::BottomEdge);
    bar->setFixedHeight(44);
    auto *line = new QHBoxLayout(bar);
    line->setContentsMargins(kPaneSide, 0, kPaneSide, 1);
    line->setSpacing(kStep2);
    m_text = new QLineEdit;
    m_text->setPlaceholderText(tr("Filter the log"));
    m_text->setClearButtonEnabled(true);
    m_text->setAccessibleName(tr("Words that an entry must have"));
    m_text->setToolTip(tr("Shows only the entries that have all of these words."));
    m_level = new QComboBox;
    m_level->addItems({tr("Everything"), tr("Warnings and errors"), tr("Your notes")});
    m_level->setAccessibleName(tr("Which entries are shown"));
    m_level->setToolTip(tr("Everything that happened, only what went wrong, or only what you wrote at the curve."));
    line->addWidget(m_text, 1);
    line->addWidget(m_level);
    m_nothing = mutedLabel(tr("No entry fits the filter."));
    m_nothing->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    m_nothing->hide();
    m_list = new QListView;
    m_list->setModel(m_model);
    m_list->setItemDelegate(new RunLogDelegate(m_list));
    m_list->setUniformItemSizes(true);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setAccessibleName(tr("Log of the run, newest first"));
    m_list->setAccessibleDescription(tr("Enter opens a note that you wrote."));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(bar);
    column->addWidget(m_nothing);
    column->addWidget(m_list, 1);
    connect(m_text, &QLineEdit::textChanged, this, &RunLogPane::filter);
    connect(m_level, &QComboBox::currentIndexChanged, this, &RunLogPane::filter);
    connect(m_list, &QListView::activated, this, [this](const QModelIndex &index) {
        if (const auto note = m_model->entryAt(index.row()).note)
            emit noteActivated(*note);
    });
}

void RunLogPane::show(std::vector<LogEntry> entries)
{
    m_model->setEntries(std::move(entries));
    filter();
}

void RunLogPane::filter()
{
    m_model->setFilter(m_text->text(), LogLevel(std::max(0, m_level->currentIndex())));
    m_nothing->setVisible(m_model->rowCount() == 0 && m_model->entryCount() > 0);
}

} // namespace fettle::ui
