// See columnhead.h.
#include "ui/playground/columnhead.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/labels.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QSlider>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kHeadHeight = 72;

// "3fa9 c1e7": enough of a hash to see that two are equal.
QString shortHash(const std::string &hash)
{
    const QString text = QString::fromStdString(hash.substr(0, 8));
    return text.size() == 8 ? text.left(4) + QLatin1Char(' ') + text.mid(4) : text;
}

} // namespace

ColumnHead::ColumnHead(bool isBase, QWidget *parent) : QWidget(parent), m_isBase(isBase)
{
    setFixedHeight(qRound(kHeadHeight * textScale())); // the same in every column, with a choice or without
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    rows->setSpacing(kStep1 + 2);
    auto *nameLine = new QWidget; // of one height, so that the names of all columns stand on one line
    nameLine->setFixedHeight(qRound(kButton * textScale()));
    auto *line = new QHBoxLayout(nameLine);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kStep2);
    line->addWidget(strongLabel(isBase ? tr("Base") : tr("Tuned")));
    if (isBase) {
        m_detail = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
        line->addWidget(m_detail, 1);
    } else {
        addChoice(line);
    }
    rows->addWidget(nameLine);
    rows->addWidget(makeBadges());
}

void ColumnHead::addChoice(QHBoxLayout *line)
{
    m_choice = new QComboBox;
    m_choice->setObjectName(QStringLiteral("adapterChoice"));
    m_choice->setAccessibleName(tr("Which result answers"));
    m_choice->setToolTip(tr("The result of a run, one of its checkpoints, or the run that learns now."));
    m_choice->setPlaceholderText(tr("no result yet"));
    m_choice->setMinimumWidth(120);
    line->addWidget(m_choice, 1);
    m_strength = new QSlider(Qt::Horizontal);
    m_strength->setObjectName(QStringLiteral("strength"));
    m_strength->setRange(0, 150);
    m_strength->setValue(100);
    m_strength->setSingleStep(5);
    m_strength->setPageStep(25);
    m_strength->setFixedWidth(92);
    m_strength->setAccessibleName(tr("Strength of the adapter"));
    m_strength->setToolTip(tr("0 % is the base model, 100 % the model as trained."));
    m_strengthText = new TextLabel(tr("%1 %").arg(100));
    m_strengthText->setFixedWidth(44);
    m_strengthText->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    connect(m_strength, &QSlider::valueChanged, this, [this](int value) { m_strengthText->setText(tr("%1 %").arg(value)); });
    line->addWidget(m_strength);
    line->addWidget(m_strengthText);
    setChoices({});
}

QWidget *ColumnHead::makeBadges()
{
    auto *line = new QWidget;
    line->setFixedHeight(qRound(kBadge * textScale()));
    auto *badges = new QHBoxLayout(line);
    badges->setContentsMargins(0, 0, 0, 0);
    badges->setSpacing(kStep1);
    m_adapterBadge = new Badge({}, BadgeTone::Neutral);
    m_adapterBadge->setObjectName(QStringLiteral("adapterBadge"));
    m_hashBadge = new Badge({}, BadgeTone::Accent, QStringLiteral("layers"));
    m_hashBadge->setObjectName(QStringLiteral("hashBadge"));
    m_hashBadge->setToolTip(tr("Fingerprint of the adapter's numbers in memory. A click copies it whole."));
    m_weightBadge = new Badge({}, BadgeTone::Neutral, QStringLiteral("box"));
    m_weightBadge->setObjectName(QStringLiteral("weightBadge"));
    m_weightBadge->setToolTip(tr("Fingerprint of the base model's numbers in memory. Equal fingerprints are equal weights. A click copies it whole."));
    m_seedBadge = new Badge({}, BadgeTone::Neutral, QStringLiteral("dices"));
    m_seedBadge->setObjectName(QStringLiteral("seedBadge"));
    m_seedBadge->setToolTip(tr("The seed of this answer: the same for every column."));
    for (Badge *badge : {m_hashBadge, m_weightBadge, m_seedBadge})
        badge->setMono(true);
    for (Badge *badge : {m_adapterBadge, m_hashBadge, m_weightBadge, m_seedBadge})
        badges->addWidget(badge);
    badges->addStretch(1);
    clearBadges();
    return line;
}

void ColumnHead::setBaseName(const QString &name)
{
    m_detail->setText(name);
}

void ColumnHead::setChoices(const std::vector<AdapterChoice> &choices)
{
    setAdapterChoices(*m_choice, choices);
    for (QWidget *widget : std::initializer_list<QWidget *>{m_choice, m_strength, m_strengthText})
        widget->setEnabled(!choices.empty());
}

void ColumnHead::choose(const std::string &adapter)
{
    chooseAdapter(*m_choice, adapter);
}

bool ColumnHead::hasChoice() const
{
    return m_isBase || m_choice->currentIndex() >= 0;
}

engine::ColumnChoice ColumnHead::choice() const
{
    if (m_isBase)
        return {};
    return {m_choice->currentData().toString().toStdString(), m_strength->value() / 100.0};
}

QString ColumnHead::columnName() const
{
    return m_isBase ? tr("Base") : m_choice->currentText();
}

void ColumnHead::clearBadges()
{
    for (Badge *badge : {m_adapterBadge, m_hashBadge, m_weightBadge, m_seedBadge})
        badge->hide();
    m_proof.clear();
}

QString ColumnHead::proof() const
{
    return m_proof;
}

void ColumnHead::setBadges(const engine::ColumnBadge &badge, quint64 seed)
{
    const bool isLive = badge.isAdapterOn && badge.isLive;
    const int percent = qRound(badge.strength * 100);
    if (isLive)
        m_adapterBadge->setText(percent == 100 ? tr("Learning now, step %1").arg(badge.step) : tr("Learning now, step %1, %2 %").arg(badge.step).arg(percent));
    else
        m_adapterBadge->setText(!badge.isAdapterOn ? tr("Adapter off") : percent == 100 ? tr("Adapter on") : tr("Adapter at %1 %").arg(percent));
    m_adapterBadge->setTone(badge.isAdapterOn ? BadgeTone::Accent : BadgeTone::Neutral);
    m_adapterBadge->setIconName(isLive ? QStringLiteral("activity") : badge.isAdapterOn ? QStringLiteral("power") : QStringLiteral("power-off"));
    m_adapterBadge->setToolTip(isLive ? tr("Answered by %1, which goes on learning, as it was after this step. Computed from the numbers that gave this answer.").arg(QString::fromStdString(badge.adapterName))
                                      : tr("Computed from the numbers that gave this answer, not from the choice above."));
    m_hashBadge->setText(shortHash(badge.adapterHash));
    m_hashBadge->setCopyText(QString::fromStdString(badge.adapterHash));
    m_weightBadge->setText(shortHash(badge.weightHash));
    m_weightBadge->setCopyText(QString::fromStdString(badge.weightHash));
    m_seedBadge->setText(QString::number(seed));
    m_adapterBadge->show();
    m_hashBadge->setVisible(badge.isAdapterOn);
    m_weightBadge->show();
    m_seedBadge->show();
    m_proof = badge.isAdapterOn ? tr("adapter %1 at %2 %, weights %3, seed %4").arg(shortHash(badge.adapterHash)).arg(percent).arg(shortHash(badge.weightHash)).arg(seed)
                                : tr("no adapter, weights %1, seed %2").arg(shortHash(badge.weightHash)).arg(seed);
    if (isLive)
        m_proof += tr(", learning at step %1").arg(badge.step);
}

} // namespace fettle::ui
