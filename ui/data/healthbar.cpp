#include "ui/data/healthbar.h"

#include "ui/data/recordwords.h"
#include "ui/theme/icons.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>

#include <algorithm>

namespace fettle::ui {

using namespace measure;
using engine::RecordFlag;

namespace {
// In the order of how much they spoil a training run.
constexpr RecordFlag kOrder[] = {RecordFlag::TooLong, RecordFlag::Contradiction, RecordFlag::Duplicate, RecordFlag::NearDuplicate,
                                 RecordFlag::Leak, RecordFlag::Empty, RecordFlag::PersonalData, RecordFlag::AnswerCut, RecordFlag::OddEncoding,
                                 RecordFlag::Boilerplate, RecordFlag::Placeholder, RecordFlag::Outlier, RecordFlag::UnbalancedMarkup, RecordFlag::RareTag,
                                 RecordFlag::Surprising, RecordFlag::OddWording, RecordFlag::KnownAlready};
// What can be settled without looking at every record comes first.
constexpr RecordFlag kFixes[] = {RecordFlag::Duplicate, RecordFlag::Empty, RecordFlag::Leak, RecordFlag::OddEncoding, RecordFlag::PersonalData, RecordFlag::Boilerplate};

// Known only when the base model was asked.
bool isOfAutopsy(std::optional<RecordFlag> flag)
{
    return flag == RecordFlag::Surprising || flag == RecordFlag::OddWording || flag == RecordFlag::KnownAlready;
}

QString fixText(RecordFlag flag, qint64 count)
{
    switch (flag) {
    case RecordFlag::Duplicate: return HealthBar::tr("Fix %n duplicate(s)...", nullptr, int(count));
    case RecordFlag::PersonalData: return HealthBar::tr("Mask %n record(s)...", nullptr, int(count));
    case RecordFlag::OddEncoding: return HealthBar::tr("Repair %n record(s)...", nullptr, int(count));
    case RecordFlag::Leak: return HealthBar::tr("Fix %n leak(s)...", nullptr, int(count));
    default: return HealthBar::tr("Fix %n record(s)...", nullptr, int(count));
    }
}
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
    m_more = new Button(tr("More"), QStringLiteral("ellipsis"), tr("The findings that there is no room for"));
    m_row->addWidget(m_more);
    connect(m_more, &QAbstractButton::clicked, this, &HealthBar::openMore);
    m_row->addStretch(1);
    m_fix = new Button({}, QStringLiteral("wand-sparkles"), tr("Shows what a fix would change, before anything is changed"));
    m_fix->setObjectName(QStringLiteral("fixFinding"));
    m_row->addWidget(m_fix);
    connect(m_fix, &QAbstractButton::clicked, this, [this] {
        if (const auto flag = fixable())
            emit fixWanted(*flag);
    });
    showFix();
    m_chips.front().second->setChecked(true);
}

void HealthBar::setCounts(const engine::RecordCounts &counts)
{
    m_hasAutopsy = counts.autopsied > 0;
    for (const auto &[flag, chip] : m_chips) {
        if (isOfAutopsy(flag))
            chip->setToolTip(tr("%1 Read by %2.").arg(flagSentence(*flag), QString::fromStdString(counts.autopsyModel)));
        const auto found = flag ? counts.byFlag.find(*flag) : counts.byFlag.end();
        chip->setCount(!flag ? counts.all : found == counts.byFlag.end() ? 0 : found->second);
    }
    showFix();
    fitChips();
}

void HealthBar::choose(std::optional<RecordFlag> flag)
{
    m_chosen = flag;
    if (Chip *chosen = chip(flag))
        chosen->setChecked(true);
    showFix();
    fitChips();
}

qint64 HealthBar::countOf(RecordFlag flag) const
{
    const Chip *found = chip(flag);
    return found ? found->count().value_or(0) : 0;
}

std::optional<RecordFlag> HealthBar::fixable() const
{
    if (m_chosen)
        return data::hasFix(*m_chosen) && countOf(*m_chosen) > 0 ? m_chosen : std::nullopt;
    const auto *found = std::find_if(std::begin(kFixes), std::end(kFixes), [this](RecordFlag flag) { return countOf(flag) > 0; });
    return found == std::end(kFixes) ? std::nullopt : std::optional(*found);
}

void HealthBar::showFix()
{
    const auto flag = fixable();
    m_fix->setVisible(flag.has_value());
    if (flag)
        m_fix->setText(fixText(*flag, countOf(*flag)));
}

void HealthBar::openMore()
{
    QMenu menu(this);
    for (const auto &[flag, chip] : m_chips) {
        if (!flag || !chip->isHidden() || (isOfAutopsy(flag) && !m_hasAutopsy))
            continue;
        QAction *action = menu.addAction(icon(flagIcon(*flag), flagInk(*flag)), tr("%1  %2").arg(flagName(*flag), countText(chip->count().value_or(0))));
        action->setToolTip(flagSentence(*flag));
        connect(action, &QAction::triggered, this, [this, flag = flag] {
            choose(flag);
            emit flagChosen(m_chosen);
        });
    }
    menu.exec(m_more->mapToGlobal(QPoint(0, m_more->height())));
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
    m_isNarrow = isNarrow;
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
    const int gap = m_row->spacing();
    int room = width() - 2 * kPaneSide - (m_label->isHidden() ? 0 : m_label->sizeHint().width() + kStep3 + kStep1);
    room -= m_fix->isHidden() ? 0 : m_fix->sizeHint().width() + kStep3;
    int needed = 0;
    for (const auto &[flag, chip] : m_chips) {
        if (m_hasAutopsy || !isOfAutopsy(flag))
            needed += chip->sizeHint().width() + gap;
    }
    const bool isCrowded = needed > room;
    m_more->setVisible(isCrowded);
    if (isCrowded)
        room -= m_more->sizeHint().width() + gap;
    // What has nothing to tell goes first, from the end; then the findings that matter least. All and the chosen one stay.
    for (const bool isQuietTurn : {true, false}) {
        for (auto entry = m_chips.rbegin(); entry != m_chips.rend(); ++entry) {
            Chip *chip = entry->second;
            if (!m_hasAutopsy && isOfAutopsy(entry->first)) {
                chip->setVisible(false);
                continue;
            }
            const bool isQuiet = chip->count().value_or(0) == 0;
            if (isQuietTurn)
                chip->setVisible(true);
            const bool goes = needed > room && entry->first && entry->first != m_chosen && isQuiet == isQuietTurn;
            if (!goes)
                continue;
            chip->setVisible(false);
            needed -= chip->sizeHint().width() + gap;
        }
    }
}

void HealthBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
    painter.fillRect(0, height() - 1, width(), 1, tokens().border);
}

} // namespace fettle::ui
