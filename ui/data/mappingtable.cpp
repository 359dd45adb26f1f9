#include "ui/data/mappingtable.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/labels.h"

#include <QComboBox>
#include <QGridLayout>
#include <QScrollArea>

namespace fettle::ui {

using namespace measure;

namespace {

struct Field { const char *key; const char *name; };
constexpr Field kFields[] = {{"instruction", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Instruction")},
                             {"context", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Context")},
                             {"response", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Response")},
                             {"system", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "System prompt")},
                             {"tags", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Tags")}};

} // namespace

MappingTable::MappingTable(QWidget *parent) : QWidget(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    m_content = new QWidget;
    m_grid = new QGridLayout(m_content);
    m_grid->setContentsMargins(kPaneSide, kStep1, kPaneSide, kStep2);
    m_grid->setHorizontalSpacing(kStep4);
    m_grid->setVerticalSpacing(kStep2);
    m_grid->setColumnStretch(2, 1);
    m_grid->setColumnMinimumWidth(1, 164);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setBackgroundRole(QPalette::Base);
    m_content->setBackgroundRole(QPalette::Base);
    scroll->setWidget(m_content);
    m_scroll = scroll;
    auto *none = mutedLabel(tr("This file holds whole conversations. They are read turn by turn; there are no columns to map."));
    none->setWordWrap(true);
    none->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    none->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_noColumns = none;
    m_noColumns->hide();
    column->addWidget(m_scroll);
    column->addWidget(m_noColumns);
}

void MappingTable::setReport(const data::ImportReport &report)
{
    // A table always has columns to map, even where none of their names was known.
    const bool isTable = report.format == "csv" || report.format == "tsv" || report.format == "xlsx";
    const bool isMapped = !report.columns.empty() && (isTable || !report.mapping.empty());
    m_scroll->setVisible(isMapped);
    m_noColumns->setVisible(!isMapped && report.accepted > 0);
    if (!isMapped) {
        rebuild({});
        return;
    }
    bool isSame = report.columns.size() == m_lines.size();
    for (std::size_t index = 0; isSame && index < m_lines.size(); ++index)
        isSame = m_lines[index].column == QString::fromStdString(report.columns[index]);
    if (!isSame)
        rebuild(report.columns);
    for (std::size_t index = 0; index < m_lines.size(); ++index) {
        Line &line = m_lines[index];
        const QSignalBlocker blocker(line.box);
        int chosen = 0;
        for (const auto &[field, column] : report.mapping)
            if (QString::fromStdString(column) == line.column)
                chosen = std::max(0, line.box->findData(QString::fromStdString(field)));
        line.box->setCurrentIndex(chosen);
        const bool hasFacts = index < report.columnFacts.size();
        static_cast<ElidedLabel *>(line.value)->setText(hasFacts ? QString::fromStdString(report.columnFacts[index].firstValue) : QString());
        static_cast<TextLabel *>(line.filled)->setText(hasFacts ? countText(report.columnFacts[index].filled) : QString());
    }
}

void MappingTable::rebuild(const std::vector<std::string> &columns)
{
    while (QLayoutItem *item = m_grid->takeAt(0)) {
        if (item->widget())
            item->widget()->deleteLater();
        delete item;
    }
    m_lines.clear();
    int row = 0;
    if (!columns.empty()) {
        m_grid->addWidget(sectionLabel(tr("Column in file")), row, 0);
        m_grid->addWidget(sectionLabel(tr("Becomes")), row, 1);
        m_grid->addWidget(sectionLabel(tr("First value")), row, 2);
        m_grid->addWidget(sectionLabel(tr("Filled")), row, 3, Qt::AlignRight);
    }
    for (const std::string &name : columns) {
        Line line;
        line.column = QString::fromStdString(name);
        line.box = new QComboBox;
        line.box->addItem(tr("Leave out"), QString());
        for (const Field &field : kFields)
            line.box->addItem(tr(field.name), QString::fromLatin1(field.key));
        line.box->setAccessibleName(tr("Column %1 becomes").arg(line.column));
        line.box->setToolTip(tr("What the column “%1” is in a record").arg(line.column));
        line.value = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
        line.filled = mutedLabel({});
        auto *label = new ElidedLabel(line.column);
        label->setMinimumWidth(104);
        label->setMaximumWidth(160);
        ++row;
        m_grid->addWidget(label, row, 0);
        m_grid->addWidget(line.box, row, 1);
        m_grid->addWidget(line.value, row, 2);
        m_grid->addWidget(line.filled, row, 3, Qt::AlignRight);
        connect(line.box, &QComboBox::activated, this, [this, box = line.box] { giveFieldTo(box); });
        m_lines.push_back(line);
    }
    m_grid->setRowStretch(row + 1, 1);
}

void MappingTable::giveFieldTo(QComboBox *owner)
{
    // A field has one column: the last choice wins.
    const QString field = owner->currentData().toString();
    for (const Line &line : m_lines)
        if (line.box != owner && !field.isEmpty() && line.box->currentData().toString() == field)
            line.box->setCurrentIndex(0);
    emit mappingChanged();
}

std::map<std::string, std::string> MappingTable::mapping() const
{
    std::map<std::string, std::string> mapping;
    for (const Line &line : m_lines)
        if (const QString field = line.box->currentData().toString(); !field.isEmpty())
            mapping[field.toStdString()] = line.column.toStdString();
    return mapping;
}

QComboBox *MappingTable::boxOf(const QString &column) const
{
    for (const Line &line : m_lines)
        if (line.column == column)
            return line.box;
    return nullptr;
}

} // namespace fettle::ui
