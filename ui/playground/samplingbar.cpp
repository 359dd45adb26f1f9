#include "ui/playground/samplingbar.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QRandomGenerator>
#include <QRegularExpressionValidator>
#include <QSpinBox>

namespace fettle::ui {

using namespace measure;

SamplingBar::SamplingBar(QWidget *parent) : QWidget(parent)
{
    setFixedHeight(kHealthBar);
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    row->setSpacing(kStep2);
    const auto add = [row](const QString &name, QWidget *editor, const QString &help, int width) {
        auto *label = mutedLabel(name);
        label->setBuddy(editor);
        label->setToolTip(help);
        editor->setAccessibleName(name);
        editor->setToolTip(help);
        editor->setFixedWidth(width);
        row->addWidget(label);
        row->addWidget(editor);
    };
    m_seed = new QLineEdit(QStringLiteral("1207"));
    m_seed->setObjectName(QStringLiteral("seed"));
    m_seed->setValidator(new QRegularExpressionValidator(QRegularExpression(QStringLiteral("[0-9]{1,18}")), this));
    add(tr("Seed"), m_seed, tr("All chance comes from this number: the same seed gives the same answer, and every column uses it."), 84);
    auto *dice = iconButton(QStringLiteral("dices"), tr("Another seed"));
    dice->setHeight(kButtonSmall);
    connect(dice, &QPushButton::clicked, this, [this] { chooseAnotherSeed(); });
    row->addWidget(dice);
    row->addSpacing(kStep2);
    m_temperature = new QDoubleSpinBox;
    m_temperature->setRange(0.05, 2.0);
    m_temperature->setSingleStep(0.05);
    m_temperature->setValue(0.7);
    add(tr("Temperature"), m_temperature, tr("How freely words are chosen: low is sober, high is surprising."), 68);
    m_topP = new QDoubleSpinBox;
    m_topP->setRange(0.05, 1.0);
    m_topP->setSingleStep(0.05);
    m_topP->setValue(0.9);
    add(tr("Top p"), m_topP, tr("Only the likeliest words that together make up this share may be chosen."), 68);
    m_topK = new QSpinBox;
    m_topK->setRange(0, 1000);
    m_topK->setValue(40);
    add(tr("Top k"), m_topK, tr("Only this many of the likeliest words may be chosen; 0 is no limit."), 64);
    m_longest = new QSpinBox;
    m_longest->setRange(1, 4096);
    m_longest->setValue(128);
    m_longest->setObjectName(QStringLiteral("longest"));
    add(tr("Longest answer"), m_longest, tr("Tokens after which an answer is cut; a token is a piece of a word."), 72);
    m_greedy = new QCheckBox(tr("Greedy"));
    m_greedy->setToolTip(tr("Always the likeliest word: no chance, the seed does not matter."));
    m_greedy->setObjectName(QStringLiteral("greedy"));
    row->addSpacing(kStep1);
    row->addWidget(m_greedy);
    connect(m_greedy, &QCheckBox::toggled, this, [this](bool isGreedy) {
        for (QWidget *widget : std::initializer_list<QWidget *>{m_temperature, m_topP, m_topK})
            widget->setEnabled(!isGreedy);
    });
    row->addStretch(1);
    auto *lock = new IconLabel(QStringLiteral("lock"), Ink::Muted, kIconSmall);
    lock->setToolTip(tr("Every column answers with the same seed and the same settings."));
    row->addWidget(lock);
    m_note = new ElidedLabel(tr("the same for every column"), TextSize::Small, Weight::Regular, Ink::Muted);
    row->addWidget(m_note);
}

engine::Sampling SamplingBar::sampling() const
{
    engine::Sampling sampling;
    sampling.greedy = m_greedy->isChecked();
    sampling.temperature = m_temperature->value();
    sampling.topP = m_topP->value();
    sampling.topK = m_topK->value();
    sampling.seed = m_seed->text().toULongLong();
    sampling.maxTokens = m_longest->value();
    return sampling;
}

QString SamplingBar::textOf(const engine::Sampling &sampling)
{
    const QString longest = tr("at most %n token(s)", nullptr, sampling.maxTokens);
    if (sampling.greedy)
        return tr("greedy, %1").arg(longest);
    return tr("seed %1, temperature %2, top p %3, top k %4, %5").arg(sampling.seed).arg(sampling.temperature).arg(sampling.topP).arg(sampling.topK).arg(longest);
}

void SamplingBar::setSeed(quint64 seed)
{
    m_seed->setText(QString::number(seed));
}

void SamplingBar::chooseAnotherSeed()
{
    const quint64 before = m_seed->text().toULongLong();
    quint64 next = before;
    while (next == before)
        next = QRandomGenerator::global()->bounded(1, 100000);
    setSeed(next);
}

void SamplingBar::setNarrow(bool isNarrow)
{
    m_note->setVisible(!isNarrow);
}

} // namespace fettle::ui
