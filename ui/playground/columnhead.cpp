// See columnhead.h.
#include "ui/playground/columnhead.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
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
constexpr int kStrengthWidth = 72;

// "3fa9 c1e7": enough of a hash to see that two are equal.
QString shortHash(const std::string &hash)
{
    const QString text = QString::fromStdString(hash.substr(0, 8));
    return text.size() == 8 ? text.left(4) + QLatin1Char(' ') + text.mid(4) : text;
}

// The second choice and its strength stand below those of the first, whatever else the first line holds.
void alignBelow(const QWidget &choice, const QWidget &strengthText, QWidget &second)
{
    auto *word = second.findChild<TextLabel *>();
    word->setFixedWidth(std::max(word->sizeHint().width(), choice.x() - kStep2));
    second.layout()->setContentsMargins(0, 0, std::max(0, second.width() - strengthText.geometry().right() - 1), 0);
}

} // namespace

ColumnHead::ColumnHead(bool isBase, int number, QWidget *parent) : QWidget(parent), m_isBase(isBase)
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
    if (number == 0)
        line->addWidget(strongLabel(isBase ? tr("Base") : tr("Tuned")));
    if (isBase) {
        m_detail = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
        line->addWidget(m_detail, 1);
    } else {
        addChoice(line, number);
    }
    rows->addWidget(nameLine);
    rows->addWidget(makeSecond());
    rows->addWidget(makeBadges());
    if (!isBase)
        setChoices({});
}

ColumnHead::Part ColumnHead::addPart(QHBoxLayout *line, const QString &name, const QString &help, const char *choiceName, const char *strengthName)
{
    Part part;
    part.choice = new QComboBox;
    part.choice->setObjectName(QLatin1String(choiceName));
    part.choice->setAccessibleName(name);
    part.choice->setToolTip(help);
    part.choice->setPlaceholderText(tr("no result yet"));
    part.choice->setMinimumWidth(110);
    part.choice->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    line->addWidget(part.choice, 1);
    part.strength = new QSlider(Qt::Horizontal);
    part.strength->setObjectName(QLatin1String(strengthName));
    part.strength->setRange(0, 150);
    part.strength->setValue(100);
    part.strength->setSingleStep(5);
    part.strength->setPageStep(25);
    part.strength->setFixedWidth(kStrengthWidth);
    part.strength->setAccessibleName(tr("Strength of the adapter"));
    part.strength->setToolTip(tr("0 % is the base model, 100 % the model as trained."));
    part.text = new TextLabel(tr("%1 %").arg(100));
    part.text->setFixedWidth(44);
    part.text->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    connect(part.strength, &QSlider::valueChanged, part.text, [text = part.text](int value) { text->setText(tr("%1 %").arg(value)); });
    line->addWidget(part.strength);
    line->addWidget(part.text);
    return part;
}

void ColumnHead::addChoice(QHBoxLayout *line, int number)
{
    m_first = addPart(line, number == 0 ? tr("Which result answers") : tr("What answers in column %1").arg(number),
                      number == 0 ? tr("The result of a run, one of its checkpoints, or the run that learns now.") : tr("The result of a run, a checkpoint, an adapter from a folder, or another base model."),
                      "adapterChoice", "strength");
    connect(m_first.choice, &QComboBox::currentIndexChanged, this, &ColumnHead::updateStrength);
    m_mix = iconButton(QStringLiteral("layers"), tr("Mix in a second adapter"));
    m_mix->setObjectName(QStringLiteral("mixAdapters"));
    m_mix->setHeight(kButtonSmall);
    m_mix->setCheckable(true);
    connect(m_mix, &QPushButton::clicked, this, [this] {
        updateStrength();
        emit mixingChanged();
    });
    line->addWidget(m_mix);
    if (number > 0) {
        auto *remove = iconButton(QStringLiteral("x"), tr("Remove column %1").arg(number));
        remove->setObjectName(QStringLiteral("removeColumn"));
        remove->setHeight(kButtonSmall);
        connect(remove, &QPushButton::clicked, this, &ColumnHead::removalWanted);
        line->addWidget(remove);
    }
}

QWidget *ColumnHead::makeSecond()
{
    m_secondLine = new QWidget;
    m_secondLine->setFixedHeight(qRound(kButton * textScale()));
    auto *line = new QHBoxLayout(m_secondLine);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kStep2);
    if (!m_isBase) {
        line->addWidget(mutedLabel(tr("and")));
        m_second = addPart(line, tr("Second adapter"), tr("A second adapter whose changes are added to those of the first. Both must be of the method LoRA."), "secondChoice", "secondStrength");
    }
    m_secondLine->hide();
    return m_secondLine;
}

bool ColumnHead::isMixing() const
{
    return !m_isBase && m_mix->isChecked() && m_mix->isEnabled();
}

void ColumnHead::setTall(bool isTall)
{
    m_secondLine->setVisible(isTall);
    setFixedHeight(qRound((kHeadHeight + (isTall ? kButton + kStep1 + 2 : 0)) * textScale()));
    updateStrength();
    if (!m_isBase)
        alignBelow(*m_first.choice, *m_first.text, *m_secondLine);
}

// A base model has no adapter whose strength could be set, and none that another could be added to.
void ColumnHead::updateStrength()
{
    if (m_isBase)
        return;
    const AdapterChoice chosen = chosenAdapter(*m_first.choice);
    const bool hasAdapter = m_first.choice->currentIndex() >= 0 && chosen.adapter != "base";
    m_first.strength->setEnabled(hasAdapter);
    m_first.text->setEnabled(hasAdapter);
    m_mix->setEnabled(hasAdapter);
    for (QWidget *widget : m_secondLine->findChildren<QWidget *>(Qt::FindDirectChildrenOnly))
        widget->setVisible(isMixing());
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
    m_adapterBadge->setToolTip(tr("Computed from the numbers that gave this answer, not from the choice above."));
    m_templateBadge = new Badge(tr("Own template"), BadgeTone::Warning, QStringLiteral("message-square"));
    m_templateBadge->setObjectName(QStringLiteral("templateBadge"));
    m_hashBadge = new Badge({}, BadgeTone::Accent, QStringLiteral("layers"));
    m_hashBadge->setObjectName(QStringLiteral("hashBadge"));
    m_hashBadge->setToolTip(tr("Fingerprint of the adapter's numbers in memory. A click copies it whole."));
    m_secondBadge = new Badge({}, BadgeTone::Accent, QStringLiteral("layers"));
    m_secondBadge->setObjectName(QStringLiteral("secondBadge"));
    m_weightBadge = new Badge({}, BadgeTone::Neutral, QStringLiteral("box"));
    m_weightBadge->setObjectName(QStringLiteral("weightBadge"));
    m_weightBadge->setToolTip(tr("Fingerprint of the base model's numbers in memory. Equal fingerprints are equal weights. A click copies it whole."));
    m_seedBadge = new Badge({}, BadgeTone::Neutral, QStringLiteral("dices"));
    m_seedBadge->setObjectName(QStringLiteral("seedBadge"));
    m_seedBadge->setToolTip(tr("The seed of this answer: the same for every column."));
    for (Badge *badge : {m_hashBadge, m_secondBadge, m_weightBadge, m_seedBadge})
        badge->setMono(true);
    for (Badge *badge : {m_adapterBadge, m_templateBadge, m_hashBadge, m_secondBadge, m_weightBadge, m_seedBadge})
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
    setAdapterChoices(*m_first.choice, choices);
    m_first.choice->setEnabled(!choices.empty());
    std::vector<AdapterChoice> adapters = choices;
    std::erase_if(adapters, [](const AdapterChoice &choice) { return choice.adapter == "base"; });
    setAdapterChoices(*m_second.choice, adapters);
    updateStrength();
}

void ColumnHead::choose(const std::string &adapter, const std::string &model)
{
    chooseAdapter(*m_first.choice, adapter, model);
}

bool ColumnHead::hasChoice() const
{
    return m_isBase || m_first.choice->currentIndex() >= 0;
}

engine::ColumnChoice ColumnHead::choice() const
{
    if (m_isBase)
        return {};
    const AdapterChoice chosen = chosenAdapter(*m_first.choice);
    engine::ColumnChoice choice{chosen.adapter, chosen.adapter == "base" ? 1.0 : m_first.strength->value() / 100.0, chosen.model};
    if (isMixing()) {
        choice.second = chosenAdapter(*m_second.choice).adapter;
        choice.secondStrength = m_second.strength->value() / 100.0;
    }
    return choice;
}

QString ColumnHead::columnName() const
{
    return m_isBase ? tr("Base") : isMixing() ? tr("%1 and %2").arg(m_first.choice->currentText(), m_second.choice->currentText()) : m_first.choice->currentText();
}

void ColumnHead::clearBadges()
{
    m_shown.clear();
    m_proof.clear();
    fitBadges();
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
    m_hashBadge->setText(shortHash(badge.adapterHash));
    m_hashBadge->setCopyText(QString::fromStdString(badge.adapterHash));
    m_weightBadge->setText(shortHash(badge.weightHash));
    m_weightBadge->setCopyText(QString::fromStdString(badge.weightHash));
    m_seedBadge->setText(QString::number(seed));
    const QString weights = tr("weights %1, seed %2").arg(shortHash(badge.weightHash)).arg(seed);
    m_proof = badge.isAdapterOn ? tr("adapter %1 at %2 %, %3").arg(shortHash(badge.adapterHash)).arg(percent).arg(weights) : tr("no adapter, %1").arg(weights);
    m_shown = {m_adapterBadge};
    if (badge.isAdapterOn)
        m_shown.push_back(m_hashBadge);
    if (!badge.secondHash.empty()) {
        const QString second = tr("adapter %1 at %2 %").arg(shortHash(badge.secondHash)).arg(qRound(badge.secondStrength * 100));
        m_secondBadge->setText(tr("%1 at %2 %").arg(shortHash(badge.secondHash)).arg(qRound(badge.secondStrength * 100)));
        m_secondBadge->setCopyText(QString::fromStdString(badge.secondHash));
        m_secondBadge->setToolTip(tr("Fingerprint of the second adapter's numbers in memory, and how strongly it is mixed in. A click copies it whole."));
        m_proof = tr("%1 and %2").arg(second, m_proof);
        m_shown.push_back(m_secondBadge);
    }
    if (!badge.otherModel.empty()) {
        const QString name = QString::fromStdString(badge.otherModel);
        m_templateBadge->setToolTip(tr("%1 is another base model: it reads the conversation in its own chat template, %n token(s), and splits words in its own way.", nullptr,
                                       static_cast<int>(badge.promptTokens)).arg(name));
        m_proof += tr(", other base %1 with its own template").arg(name);
        m_shown.push_back(m_templateBadge);
    }
    if (isLive)
        m_proof += tr(", learning at step %1").arg(badge.step);
    m_shown.push_back(m_weightBadge);
    m_shown.push_back(m_seedBadge);
    m_adapterBadge->setToolTip(isLive ? tr("Answered by %1, which goes on learning, as it was after this step. Computed from the numbers that gave this answer: %2.").arg(QString::fromStdString(badge.adapterName), m_proof)
                                      : tr("Computed from the numbers that gave this answer, not from the choice above: %1.").arg(m_proof));
    fitBadges();
}

void ColumnHead::fitBadges()
{
    int left = width() - 2 * kPaneSide;
    for (Badge *badge : {m_adapterBadge, m_templateBadge, m_hashBadge, m_secondBadge, m_weightBadge, m_seedBadge})
        badge->setVisible(false);
    for (Badge *badge : m_shown) {
        left -= badge->sizeHint().width();
        badge->setVisible(left >= 0);
        left -= kStep1;
    }
}

void ColumnHead::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    if (!m_isBase)
        alignBelow(*m_first.choice, *m_first.text, *m_secondLine);
    fitBadges();
}

} // namespace fettle::ui
