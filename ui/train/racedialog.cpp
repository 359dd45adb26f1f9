#include "ui/train/racedialog.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

RaceDialog::RaceDialog(const train::Recipe &common, train::Preset preset, qint64 records, QWidget *parent)
    : QDialog(parent), m_common(common), m_preset(preset), m_records(records)
{
    setObjectName(QStringLiteral("raceDialog"));
    setWindowTitle(tr("Method race"));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(tr("Which method learns most from your records?")));
    auto *why = mutedLabel(tr("Each runs once, one after the other, on the same records in the same order and for the same number of tokens. Then you compare them."));
    why->setWordWrap(true);
    column->addWidget(why);
    addMethods(column);
    addGrid(column);
    m_list = new TextLabel;
    m_list->setObjectName(QStringLiteral("raceLanes"));
    m_list->setWordWrap(true);
    m_list->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_list->setMinimumHeight(120);
    column->addWidget(new Separator);
    column->addWidget(m_list, 1);
    auto *row = new QHBoxLayout;
    row->addStretch(1);
    auto *cancel = new Button(tr("Cancel"), {}, tr("Changes nothing."));
    cancel->setHeight(kButtonLarge);
    m_queue = primaryButton({}, QStringLiteral("list-plus"), tr("Freezes the records as they are now and puts the runs into the queue."));
    m_queue->setObjectName(QStringLiteral("queueRace"));
    m_queue->setHeight(kButtonLarge);
    m_queue->setDefault(true);
    row->addWidget(cancel);
    row->addWidget(m_queue);
    column->addLayout(row);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_queue, &QPushButton::clicked, this, &QDialog::accept);
    resize(520, 560);
    updateLanes();
    m_methods.front()->setFocus();
}

void RaceDialog::addMethods(QVBoxLayout *column)
{
    column->addWidget(sectionLabel(tr("Methods")));
    for (const train::MethodInfo &method : train::methods()) {
        const QString key = QString::fromUtf8(method.key.data(), static_cast<qsizetype>(method.key.size()));
        auto *box = new QCheckBox(QString::fromUtf8(method.label.data(), static_cast<qsizetype>(method.label.size())));
        box->setObjectName(QStringLiteral("race-") + key);
        box->setToolTip(QString::fromUtf8(method.help.data(), static_cast<qsizetype>(method.help.size())));
        box->setChecked(method.key == m_common.method);
        connect(box, &QCheckBox::toggled, this, &RaceDialog::updateLanes);
        m_methods.push_back(box);
        column->addWidget(box);
    }
}

void RaceDialog::addGrid(QVBoxLayout *column)
{
    m_setting = new QComboBox;
    m_setting->addItem(tr("Nothing"), QString());
    for (const train::SettingField &field : train::settingFields()) {
        const bool hasValues = field.kind == train::SettingKind::Integer || field.kind == train::SettingKind::Real || field.kind == train::SettingKind::Choice;
        if (hasValues && !train::isKeptEqual(field))
            m_setting->addItem(QString::fromUtf8(field.label.data(), static_cast<qsizetype>(field.label.size())), QString::fromUtf8(field.key.data(), static_cast<qsizetype>(field.key.size())));
    }
    m_values = new QLineEdit;
    m_values->setPlaceholderText(tr("for example 8, 16, 32"));
    auto *row = new QHBoxLayout;
    row->setSpacing(kStep2);
    for (const auto &[editor, label] : {std::pair<QWidget *, TextLabel *>{m_setting, labelFor(m_setting, "raceSetting", tr("Also vary"), tr("A setting that is tried with several values."))},
                                        {m_values, labelFor(m_values, "raceValues", tr("Values"), tr("What the setting is tried with, separated by commas."))}}) {
        auto *field = new QVBoxLayout;
        field->setSpacing(kStep1);
        field->addWidget(label);
        field->addWidget(editor);
        row->addLayout(field, 1);
    }
    column->addLayout(row);
    connect(m_setting, &QComboBox::currentIndexChanged, this, &RaceDialog::updateLanes);
    connect(m_values, &QLineEdit::textChanged, this, &RaceDialog::updateLanes);
}

void RaceDialog::updateLanes()
{
    train::RaceChoice choice;
    for (std::size_t i = 0; i < m_methods.size(); ++i) {
        if (m_methods[i]->isChecked())
            choice.methods.emplace_back(train::methods()[i].key);
    }
    const std::string key = m_setting->currentData().toString().toStdString();
    m_values->setEnabled(!key.empty());
    if (!key.empty()) {
        choice.grid.push_back({key, {}});
        for (const QString &value : m_values->text().split(QLatin1Char(','), Qt::SkipEmptyParts))
            choice.grid.back().second.push_back(value.trimmed().toStdString());
    }
    auto lanes = train::raceLanes(choice, m_common, m_preset, std::max<qint64>(m_records, 1));
    m_lanes = lanes ? std::move(*lanes) : std::vector<train::RaceLane>();
    QStringList lines;
    for (const train::RaceLane &lane : m_lanes)
        lines << QString::fromStdString(lane.name);
    m_list->setText(lanes ? lines.join(QLatin1Char('\n')) : QString::fromStdString(lanes.error().message + " " + lanes.error().hint));
    m_list->setInk(lanes ? Ink::Text : Ink::Muted);
    m_queue->setText(m_lanes.empty() ? tr("Queue the runs") : tr("Queue %n run(s)", nullptr, static_cast<int>(m_lanes.size())));
    m_queue->setEnabled(!m_lanes.empty());
}

} // namespace fettle::ui
