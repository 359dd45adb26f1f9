// Races on the Train page: what shall race, into the queue with it, and the result page in place of the cards.
#include "core/engine/race.h"
#include "ui/train/methodchoice.h"
#include "ui/train/racedialog.h"
#include "ui/train/raceview.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/segmented.h"

namespace fettle::ui {

void TrainPage::chooseRace()
{
    if (bridge().project() == nullptr)
        return;
    m_form->commit();
    auto *dialog = new RaceDialog(m_form->recipe(), static_cast<train::Preset>(std::clamp(m_preset->current(), 0, 2)), m_records, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { startRace(dialog->lanes()); });
    dialog->open();
}

void TrainPage::startRace(const std::vector<train::RaceLane> &lanes)
{
    engine::TrainRequest common = request();
    common.adapter.clear(); // the lanes have other methods
    bridge().write<engine::Race>(
        Touched::Snapshots, this, [common](ProjectApi &project, const JobContext &job) { return job.engine.beginRace(project, common); },
        [this, common, lanes](const Result<engine::Race> &race) {
            if (!race) {
                context().showMessage(messageOf(race.error()));
                return;
            }
            for (const train::RaceLane &lane : lanes)
                bridge().startRun(engine::laneRequest(common, lane, *race));
            showRace(QString::fromStdString(race->tag));
        });
}

void TrainPage::showRace(const QString &tag)
{
    m_cards->hide();
    m_races->hide();
    m_race->show();
    m_race->showRace(tag);
}

void TrainPage::leaveRace()
{
    m_race->hide();
    m_cards->show();
    m_races->setVisible(m_race->hasRaces());
}

// Marked against the preset or the run that is compared with, as if it had been typed.
void TrainPage::useRecipe(const train::Recipe &recipe)
{
    leaveRace();
    m_adapter.clear(); // the settings are those of a run that begins afresh
    m_form->setGiven(false);
    showBegins();
    m_methods->setCurrent(recipe.method);
    m_form->setRecipe(recipe, referenceOf(recipe.method));
    showMethod();
    settingsChanged();
}

} // namespace fettle::ui
