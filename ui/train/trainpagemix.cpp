// How often the sets of records are read, as the card of the data tells it; set for the whole project, or here for the next run alone.
#include "ui/data/mixdialog.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"

namespace fettle::ui {

void TrainPage::showMix()
{
    const std::string own = m_form->recipe().text("mix");
    const QString shared = bridge().project() ? bridge().settingText("mix") : QString();
    const auto weights = train::parseWeights(own.empty() ? shared.toStdString() : own);
    const int sets = weights ? int(weights->size()) : 0;
    const bool isSwitchedOff = own == train::kMixOff && !shared.isEmpty();
    m_mix->setText(isSwitchedOff ? tr("Mix off") : sets > 0 ? tr("Mix of %n set(s)", nullptr, sets) : tr("Mix..."));
    m_mix->setToolTip(isSwitchedOff  ? tr("This run reads every record once; the mix of the project stays for others. Click to see it.")
                      : own.empty() ? tr("How often an epoch reads the records of each file and each tag, in every run of this project")
                                    : tr("The mix of these settings holds for this run. Click to see the project's own."));
    m_mix->updateGeometry();
}

void TrainPage::openMix()
{
    if (bridge().project() == nullptr)
        return;
    m_form->commit();
    auto *dialog = new MixDialog(bridge(), m_form->recipe().integer("maxLength"), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    // What was just kept is meant for this run, too.
    connect(dialog, &MixDialog::kept, this, [this] { applyFix(QStringLiteral("mix=")); });
    dialog->open();
}

} // namespace fettle::ui
