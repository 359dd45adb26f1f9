#include "ui/data/healthbar.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>

namespace fettle::ui {

using namespace measure;
using engine::RecordFlag;

namespace {
// In the order of how much they spoil a training run.
constexpr RecordFlag kOrder[] = {RecordFlag::TooLong, RecordFlag::Contradiction, RecordFlag::Duplicate, RecordFlag::NearDuplicate,
                                 RecordFlag::Leak, RecordFlag::Empty, RecordFlag::OddEncoding};
}

HealthBar::HealthBar(QWidget *parent) : QWidget(parent), m_label(sectionLabel(tr("Health"))), m_row(new QHBoxLayout(this))
{
    setFixedHeight(qRound(kHealthBar * textScale()));
    m_row->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    m_row->setSpacing(6);
    m_row->addWidget(m_label);
    m_row->addSpacing(kStep1);
    const auto add = [this](std::optional<RecordFlag> flag, Chip *chip, const QString &help) {
        chip->setToolTip(help);
        chip->setAutoExclusive(true);
        m_row->addWidget(chip);
        m_chips.emplace_back(flag, chip);
        connect(chip, &QAbstractButton::clicked, this, [this, flag] {
            // Clicking the chosen finding again goes back to all records.
            const std::optional<RecordFlag> wish = flag == m_chosen ? std::nullopt : flag;
            choose(wish);
            emit flagChosen(m_chosen);
        });
    };
    add(std::nullopt, new Chip(tr("All")), tr("Show every record"));
    for (RecordFlag flag : kOrder) {
        auto *chip = new Chip(flagName(flag), flagIcon(flag), flagInk(flag));
        chip->setShowsTickAtZero(true);
        add(flag, chip, flagSentence(flag));
    }
    m_row->addStretch(1);
    m_chips.front().second->setChecked(true);
}

void HealthBar::setCounts(const engine::RecordCounts &counts)
{
    for (const auto &[flag, chip] : m_chips) {
        const auto found = flag ? counts.byFlag.find(*flag) : counts.byFlag.end();
        chip->setCount(!flag ? counts.all : found == counts.byFlag.end() ? 0 : found->second);
    }
    fitChips();
}

void HealthBar::choose(std::optional<RecordFlag> flag)
{
    m_chosen = flag;
    if (Chip *chosen = chip(flag))
        chosen->setChecked(true);
}

Chip *HealthBar::chip(std::optional<RecordFlag> flag) const
{
    for (const auto &[entry, chip] : m_chips)
        if (entry == flag)
            return chip;
    return nullptr;
}

void HealthBar::setNarrow(bool isNarrow)
{
    m_label->setVisible(!isNarrow);
    fitChips();
}

void HealthBar::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitChips();
}

void HealthBar::fitChips()
{
    int room = width() - 2 * kPaneSide - (m_label->isHidden() ? 0 : m_label->sizeHint().width() + kStep3 + kStep1);
    for (const auto &[flag, chip] : m_chips)
        room -= chip->sizeHint().width() + m_row->spacing();
    // What has nothing to tell goes first, from the end; findings are never hidden.
    for (auto entry = m_chips.rbegin(); entry != m_chips.rend(); ++entry) {
        const bool isQuiet = entry->first && entry->second->count().value_or(0) == 0 && entry->first != m_chosen;
        const bool isHidden = room < 0 && isQuiet;
        entry->second->setVisible(!isHidden);
        if (isHidden)
            room += entry->second->sizeHint().width() + m_row->spacing();
    }
}

void HealthBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
    painter.fillRect(0, height() - 1, width(), 1, tokens().border);
}

} // namespace fettle::ui
