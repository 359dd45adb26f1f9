// See runsettings.h.
#include "ui/runs/runsettings.h"

#include "core/train/settingcomparison.h"
#include "ui/runs/runwords.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QLocale>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>

#include <nlohmann/json.hpp>

namespace fettle::ui {

using namespace measure;

SettingRow::SettingRow(const QString &name, const QString &value, const QString &standard, const QString &help, QWidget *parent)
    : QWidget(parent), m_name(name), m_value(value), m_standard(standard)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(standard.isEmpty() ? tr("%1: %2").arg(name, value) : tr("%1: %2, default %3").arg(name, value, standard));
    setToolTip(help);
}

QSize SettingRow::sizeHint() const
{
    return {200, qRound(kRow * textScale())};
}

void SettingRow::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    painter.fillRect(0, height() - 1, width(), 1, t.grid);
    const QRect row = rect().adjusted(kPaneSide, 0, -kPaneSide, -1);
    // The name keeps its room, the value is shortened: the tooltip has it whole.
    painter.setFont(textFont());
    const int nameWidth = std::min(painter.fontMetrics().horizontalAdvance(m_name) + 2, row.width() * 3 / 5);
    painter.setPen(isChanged() ? t.text : t.muted);
    painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(m_name, Qt::ElideRight, nameWidth));
    painter.setFont(textFont(TextSize::Body, isChanged() ? Weight::SemiBold : Weight::Regular));
    painter.setPen(t.text);
    const QString value = painter.fontMetrics().elidedText(m_value, Qt::ElideMiddle, row.width() - nameWidth - kStep3);
    const int valueWidth = painter.fontMetrics().horizontalAdvance(value);
    painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, value);
    if (!isChanged())
        return;
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(t.muted);
    const QString standard = tr("default %1").arg(m_standard);
    const QRect left = row.adjusted(nameWidth + kStep3, 0, -valueWidth - kStep3, 0);
    if (painter.fontMetrics().horizontalAdvance(standard) <= left.width())
        painter.drawText(left, Qt::AlignRight | Qt::AlignVCenter, standard);
}

RunSettings::RunSettings(QWidget *parent) : QWidget(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *bar = new Pane(Surface::Window, Qt::BottomEdge);
    bar->setFixedHeight(44);
    auto *line = new QHBoxLayout(bar);
    line->setContentsMargins(kPaneSide, 0, kPaneSide, 1);
    m_changedOnly = new Chip(tr("Differs from the default"));
    m_changedOnly->setCheckable(true);
    m_changedOnly->setToolTip(tr("Shows only what was set otherwise than usual."));
    connect(m_changedOnly, &QAbstractButton::toggled, this, &RunSettings::filter);
    line->addWidget(m_changedOnly);
    line->addStretch(1);
    column->addWidget(bar);
    auto *page = new Pane(Surface::Page);
    auto *pageColumn = new QVBoxLayout(page);
    pageColumn->setContentsMargins(0, 0, 0, kPaneSide);
    pageColumn->setSpacing(0);
    m_rows = new QVBoxLayout;
    m_rows->setSpacing(0);
    pageColumn->addLayout(m_rows);
    pageColumn->addStretch(1);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setAccessibleName(tr("Settings of the run"));
    scroll->setWidget(page);
    column->addWidget(scroll, 1);
}

void RunSettings::show(const engine::RunInfo &run)
{
    const bool isWorking = isRunWorking(run.state);
    std::string shown = std::to_string(run.id.value) + run.recipeJson + (isWorking ? std::string() : std::to_string(run.tokens));
    if (shown == m_shown)
        return;
    m_shown = std::move(shown);
    while (QLayoutItem *item = m_rows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    addFacts(run);
    addSection(tr("Basic"));
    addFields(run.recipeJson, run.method, train::SettingLevel::Basic);
    addSection(tr("Advanced"));
    addFields(run.recipeJson, run.method, train::SettingLevel::Advanced);
    filter();
}

void RunSettings::addSection(const QString &title)
{
    auto *label = sectionLabel(title);
    label->setContentsMargins(kPaneSide, kStep4, kPaneSide, kStep1);
    m_rows->addWidget(label);
}

void RunSettings::addFacts(const engine::RunInfo &run)
{
    const auto add = [this](const QString &name, const QString &value, const QString &help) {
        if (!value.isEmpty())
            m_rows->addWidget(new SettingRow(name, value, {}, help.isEmpty() ? value : help));
    };
    addSection(tr("Run"));
    add(tr("Base model"), modelNameText(run.modelName), QString::fromStdString(run.modelPath));
    add(tr("Method"), methodText(run.method), {});
    add(tr("Data"), run.snapshot.isValid() ? tr("snapshot %1").arg(run.snapshot.value) : QString(),
        tr("The frozen state of the records that this run learns from."));
    const auto started = QDateTime::fromString(QString::fromStdString(run.started), Qt::ISODate).toLocalTime();
    add(tr("Started"), started.isValid() ? QLocale().toString(started, QLocale::ShortFormat) : QString(), {});
    if (isRunWorking(run.state))
        return;
    add(tr("Time"), durationText(run.seconds), tr("Without pauses."));
    add(tr("Tokens read"), countText(run.tokens), {});
    if (run.trainedTokens > 0)
        add(tr("Tokens learnt from"), countText(run.trainedTokens), tr("Those of the answers; the others are context."));
}

void RunSettings::addFields(const std::string &recipeJson, std::string_view method, train::SettingLevel level)
{
    const auto recipe = nlohmann::json::parse(recipeJson, nullptr, false);
    for (const train::SettingField &field : train::settingFields()) {
        if (field.level != level || !train::isSettingOf(field, method))
            continue;
        const auto stored = storedSetting(recipe, field);
        const train::SettingValue value = stored.value_or(field.standard);
        const QString standard = value == field.standard ? QString() : settingValueText(field, field.standard);
        const QString help = QString::fromUtf8(field.help.data(), qsizetype(field.help.size()));
        m_rows->addWidget(new SettingRow(settingLabel(field), settingValueText(field, value), standard, help));
    }
}

void RunSettings::filter()
{
    int changed = 0;
    QWidget *section = nullptr;
    for (int i = 0; i < m_rows->count(); ++i) {
        QWidget *widget = m_rows->itemAt(i)->widget();
        const auto *row = qobject_cast<SettingRow *>(widget);
        if (!row) {
            section = widget;
            section->setVisible(!m_changedOnly->isChecked());
            continue;
        }
        changed += row->isChanged() ? 1 : 0;
        widget->setVisible(!m_changedOnly->isChecked() || row->isChanged());
        if (row->isChanged() && section)
            section->setVisible(true);
    }
    m_changedOnly->setCount(changed);
}

} // namespace fettle::ui
