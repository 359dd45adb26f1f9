#include "ui/data/mappingtable.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/labels.h"

#include <QComboBox>
#include <QGridLayout>
#include <QScrollArea>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

struct Field { const char *key; const char *name; };
constexpr Field kFields[] = {{"instruction", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Instruction")},
                             {"context", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Context")},
                             {"response", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Response")},
                             {"system", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "System prompt")},
                             {"messages", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Conversation")},
                             {"history", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Earlier turns")},
                             {"tools", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Tools")},
                             {"tags", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Tags")},
                             {"split", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Split")},
                             {"rating", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Rating")},
                             {"status", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Status")},
                             {"note", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Note")}};
// What is recognised by its inside and cannot be chosen; shown so that nobody thinks it is left out.
constexpr Field kFixed[] = {{"completion", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Answer of the conversation")},
                            {"tree", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Tree of messages")},
                            {"instances", QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Inputs and outputs")}};
constexpr std::size_t kColumnsShown = 200; // a file whose names are its rows has thousands
constexpr auto kFixedMark = "fixed ";

constexpr std::pair<data::Role, const char *> kRoles[] = {{data::Role::System, QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "System")},
                                                          {data::Role::User, QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "User")},
                                                          {data::Role::Assistant, QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Assistant")},
                                                          {data::Role::Tool, QT_TRANSLATE_NOOP("fettle::ui::MappingTable", "Tool")}};

// The entry of a field; one for what cannot be chosen is made where it is needed.
int boxEntryOf(QComboBox *box, const std::string &field)
{
    for (const Field &fixed : kFixed) {
        const QString mark = QLatin1String(kFixedMark) + QString::fromStdString(field);
        if (field == fixed.key && box->findData(mark) < 0)
            box->addItem(MappingTable::tr(fixed.name), mark);
        if (field == fixed.key)
            return box->findData(mark);
    }
    return std::max(0, box->findData(QString::fromStdString(field)));
}

ElidedLabel *nameLabel(const QString &name)
{
    auto *label = new ElidedLabel(name);
    label->setMinimumWidth(104);
    label->setMaximumWidth(160);
    return label;
}

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
    column->addWidget(m_scroll);
}

bool MappingTable::isBuiltFor(const data::ImportReport &report) const
{
    bool isSame = std::min(report.columns.size(), kColumnsShown) == m_lines.size() && report.speakers.size() == m_speakers.size();
    for (std::size_t index = 0; isSame && index < m_lines.size(); ++index)
        isSame = m_lines[index].column == QString::fromStdString(report.columns[index]);
    for (std::size_t index = 0; isSame && index < m_speakers.size(); ++index)
        isSame = m_speakers[index].name == QString::fromStdString(report.speakers[index].name);
    return isSame;
}

void MappingTable::setReport(const data::ImportReport &report)
{
    if (!isBuiltFor(report))
        rebuild(report);
    showColumns(report);
    showSpeakers(report);
}

void MappingTable::showColumns(const data::ImportReport &report)
{
    m_shown.clear();
    for (std::size_t index = 0; index < m_lines.size(); ++index) {
        Line &line = m_lines[index];
        const QSignalBlocker blocker(line.box);
        int chosen = 0;
        for (const auto &[field, column] : report.mapping) {
            if (QString::fromStdString(column) != line.column)
                continue;
            chosen = boxEntryOf(line.box, field);
            m_shown.insert(field);
        }
        line.box->setCurrentIndex(chosen);
        const bool hasFacts = index < report.columnFacts.size();
        static_cast<ElidedLabel *>(line.value)->setText(hasFacts ? QString::fromStdString(report.columnFacts[index].firstValue) : QString());
        static_cast<TextLabel *>(line.filled)->setText(hasFacts ? countText(report.columnFacts[index].filled) : QString());
    }
}

void MappingTable::showSpeakers(const data::ImportReport &report)
{
    for (std::size_t index = 0; index < m_speakers.size(); ++index) {
        Speaker &speaker = m_speakers[index];
        const data::SpeakerFacts &facts = report.speakers[index];
        const QSignalBlocker blocker(speaker.box);
        speaker.box->setCurrentIndex(facts.role ? speaker.box->findData(int(*facts.role)) : 0);
        static_cast<TextLabel *>(speaker.messages)->setText(countText(facts.messages));
    }
}

void MappingTable::rebuild(const data::ImportReport &report)
{
    while (QLayoutItem *item = m_grid->takeAt(0)) {
        if (item->widget())
            item->widget()->deleteLater();
        delete item;
    }
    // Speakers come and go with the rows that are read; columns are of the file.
    const QString first = report.columns.empty() ? QString() : QString::fromStdString(report.columns.front());
    if (m_lines.empty() || m_lines.front().column != first)
        m_leftOut.clear();
    m_lines.clear();
    m_speakers.clear();
    addColumns(report.columns);
    addSpeakers(report.speakers);
    m_grid->setRowStretch(m_grid->rowCount(), 1);
}

void MappingTable::addColumns(const std::vector<std::string> &columns)
{
    if (columns.empty())
        return;
    int row = 0;
    m_grid->addWidget(sectionLabel(tr("Column in file")), row, 0);
    m_grid->addWidget(sectionLabel(tr("Becomes")), row, 1);
    m_grid->addWidget(sectionLabel(tr("First value")), row, 2);
    m_grid->addWidget(sectionLabel(tr("Filled")), row, 3, Qt::AlignRight);
    for (std::size_t index = 0; index < std::min(columns.size(), kColumnsShown); ++index) {
        Line line;
        line.column = QString::fromStdString(columns[index]);
        line.box = new QComboBox;
        line.box->addItem(tr("Leave out"), QString());
        for (const Field &field : kFields)
            line.box->addItem(tr(field.name), QString::fromLatin1(field.key));
        line.box->setAccessibleName(tr("Column %1 becomes").arg(line.column));
        line.box->setToolTip(tr("What the column “%1” is in a record").arg(line.column));
        line.value = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
        line.filled = mutedLabel({});
        ++row;
        m_grid->addWidget(nameLabel(line.column), row, 0);
        m_grid->addWidget(line.box, row, 1);
        m_grid->addWidget(line.value, row, 2);
        m_grid->addWidget(line.filled, row, 3, Qt::AlignRight);
        connect(line.box, &QComboBox::activated, this, [this, box = line.box] { giveFieldTo(box); });
        m_lines.push_back(line);
    }
}

void MappingTable::addSpeakers(const std::vector<data::SpeakerFacts> &speakers)
{
    if (speakers.empty())
        return;
    int row = m_grid->rowCount();
    m_grid->addWidget(sectionLabel(tr("Speaker in file")), row, 0);
    m_grid->addWidget(sectionLabel(tr("Speaks as")), row, 1);
    m_grid->addWidget(sectionLabel(tr("Messages")), row, 3, Qt::AlignRight);
    for (const data::SpeakerFacts &facts : speakers) {
        Speaker speaker;
        speaker.name = QString::fromStdString(facts.name);
        speaker.box = new QComboBox;
        speaker.box->addItem(tr("Not known"), -1);
        for (const auto &[role, name] : kRoles)
            speaker.box->addItem(tr(name), int(role));
        speaker.box->setAccessibleName(tr("Speaker %1 speaks as").arg(speaker.name));
        speaker.box->setToolTip(tr("Who “%1” is in a conversation; rows with a speaker who is not known are left out").arg(speaker.name));
        speaker.messages = mutedLabel({});
        ++row;
        m_grid->addWidget(nameLabel(speaker.name), row, 0);
        m_grid->addWidget(speaker.box, row, 1);
        m_grid->addWidget(speaker.messages, row, 3, Qt::AlignRight);
        connect(speaker.box, &QComboBox::activated, this, [this, name = facts.name, box = speaker.box] {
            const int role = box->currentData().toInt();
            if (role < 0)
                m_roles.erase(name);
            else
                m_roles[name] = data::Role(role);
            emit rolesChanged();
        });
        m_speakers.push_back(speaker);
    }
}

void MappingTable::giveFieldTo(QComboBox *owner)
{
    // A field has one column: the last choice wins.
    const QString field = owner->currentData().toString();
    for (const Line &line : m_lines)
        if (line.box != owner && !field.isEmpty() && line.box->currentData().toString() == field)
            line.box->setCurrentIndex(0);
    const auto chosen = mapping();
    for (const Field &entry : kFields) {
        const auto found = chosen.find(entry.key);
        const bool isChosen = found != chosen.end() && !found->second.empty();
        if (isChosen)
            m_leftOut.erase(entry.key);
        else if (m_shown.contains(entry.key))
            m_leftOut.insert(entry.key);
    }
    emit mappingChanged();
}

std::map<std::string, std::string> MappingTable::mapping() const
{
    std::map<std::string, std::string> mapping;
    for (const std::string &field : m_leftOut)
        mapping[field] = {};
    for (const Line &line : m_lines)
        if (const QString field = line.box->currentData().toString(); !field.isEmpty() && !field.startsWith(QLatin1String(kFixedMark)))
            mapping[field.toStdString()] = line.column.toStdString();
    return mapping;
}

std::map<std::string, data::Role> MappingTable::roles() const
{
    return m_roles;
}

QComboBox *MappingTable::boxOf(const QString &column) const
{
    for (const Line &line : m_lines)
        if (line.column == column)
            return line.box;
    return nullptr;
}

QComboBox *MappingTable::boxOfSpeaker(const QString &name) const
{
    for (const Speaker &speaker : m_speakers)
        if (speaker.name == name)
            return speaker.box;
    return nullptr;
}

} // namespace fettle::ui
