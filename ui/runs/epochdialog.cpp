// See epochdialog.h.
#include "ui/runs/epochdialog.h"

#include "ui/train/realspinbox.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include "core/train/settings.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include <cmath>

namespace fettle::ui {

using namespace measure;

EpochDialog::EpochDialog(const EpochFacts &facts, QWidget *parent) : QDialog(parent)
{
    setWindowTitle(tr("Change the number of epochs"));
    setMinimumWidth(440);
    auto *column = new QVBoxLayout(this);
    column->setSpacing(kStep3);
    auto *about = mutedLabel(facts.isAtRest ? tr("An epoch is one reading of all training records. The run goes on from its newest checkpoint, and the learning rate follows the new length from there; "
                                                 "what is learnt so far stays, and the change is kept with the run.")
                                            : tr("An epoch is one reading of all training records. From the next step on the learning rate follows the new length; "
                                                 "what is learnt so far stays, and the change is kept with the run."));
    about->setWordWrap(true);
    column->addWidget(about);
    m_now = new TextLabel;
    m_now->setWordWrap(true);
    m_now->setObjectName(QStringLiteral("epochsNow"));
    column->addWidget(m_now);
    const train::SettingField *field = train::findSetting("epochs");
    m_wished = new RealSpinBox;
    m_wished->setRange(field->minimum, field->maximum);
    m_wished->setKeyboardTracking(true); // the meaning is read while one types
    m_wished->setFixedWidth(120);
    m_wished->setValue(facts.epochs);
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep3);
    line->addWidget(labelFor(m_wished, "epochsWished", tr("Epochs of the whole run"), tr("How often the run reads all training records, what it has read already included.")));
    line->addWidget(m_wished);
    line->addStretch(1);
    column->addLayout(line);
    m_meaning = new TextLabel;
    m_meaning->setWordWrap(true);
    m_meaning->setObjectName(QStringLiteral("epochsMeaning"));
    m_meaning->setMinimumHeight(2 * m_meaning->fontMetrics().lineSpacing()); // two lines do not push the buttons away
    m_meaning->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    column->addWidget(m_meaning);
    auto *buttons = new QHBoxLayout;
    buttons->addStretch(1);
    auto *cancel = new Button(tr("Cancel"), {}, tr("The run keeps the number that it has."));
    m_change = facts.isAtRest ? primaryButton(tr("Change and resume"), QStringLiteral("play")) : primaryButton(tr("Change"));
    m_change->setObjectName(QStringLiteral("changeEpochs"));
    m_change->setDefault(true);
    buttons->addWidget(cancel);
    buttons->addWidget(m_change);
    column->addLayout(buttons);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_change, &QPushButton::clicked, this, &QDialog::accept);
    connect(m_wished, &QDoubleSpinBox::valueChanged, this, &EpochDialog::showMeaning);
    setFacts(facts);
    m_wished->setFocus();
    m_wished->selectAll();
}

void EpochDialog::setFacts(const EpochFacts &facts)
{
    m_facts = facts;
    m_now->setText(tr("Now: %1 epochs, %2 steps. Step %3 is done.").arg(plainNumber(facts.epochs), countText(facts.steps), countText(facts.step)));
    showMeaning();
}

double EpochDialog::epochs() const
{
    return m_wished->value();
}

std::int64_t EpochDialog::stepsOf(double epochs) const
{
    const bool hasBegun = m_facts.step > 0 && m_facts.done > 0;
    const double perEpoch = hasBegun ? double(m_facts.step) / m_facts.done : double(m_facts.steps) / m_facts.epochs;
    return std::max<std::int64_t>(1, std::int64_t(std::ceil(epochs * perEpoch - 1e-6)));
}

void EpochDialog::showMeaning()
{
    const double wished = epochs();
    const std::int64_t steps = stepsOf(wished);
    const bool isSame = wished == m_facts.epochs, isOver = steps < m_facts.step;
    QString text;
    if (isSame) {
        text = tr("This is what the run has now.");
    } else if (isOver) {
        text = tr("%1 epochs are over already: %2 have been read. Choose more, or stop the run.").arg(plainNumber(wished), QString::number(m_facts.done, 'f', 2));
    } else {
        text = tr("About %1 steps instead of %2.").arg(countText(steps), countText(m_facts.steps));
        const std::int64_t toCome = m_facts.steps - m_facts.step;
        if (m_facts.secondsLeft > 0 && toCome > 0) {
            const double left = m_facts.secondsLeft * double(steps - m_facts.step) / double(toCome), change = left - m_facts.secondsLeft;
            text += QLatin1Char(' ')
                + (change > 0 ? tr("The run takes about %1 longer and ends in about %2.") : tr("The run ends about %1 sooner, in about %2.")).arg(durationText(std::abs(change)), durationText(left));
        }
    }
    m_meaning->setText(text);
    m_meaning->setInk(isOver ? Ink::Bad : Ink::Text);
    m_change->setEnabled(!isSame && !isOver);
    m_change->setToolTip(isSame || isOver ? text : m_facts.isAtRest ? tr("The run is resumed with this number.") : tr("The run goes on with this number from the next step on."));
}

} // namespace fettle::ui
