// Another number of epochs, while a run learns or from the step where it is resumed. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/runs/epochdialog.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runwords.h"

#include "core/train/settingcomparison.h"

#include <nlohmann/json.hpp>

namespace fettle::ui {

namespace {

// 0 where the recipe does not say.
double numberOf(const engine::RunInfo &run, std::string_view key)
{
    const auto recipe = nlohmann::json::parse(run.recipeJson, nullptr, false);
    const train::SettingField *field = train::findSetting(key);
    const auto value = field && recipe.is_object() ? storedSetting(recipe, *field) : std::nullopt;
    if (!value)
        return 0;
    if (const auto *real = std::get_if<double>(&*value))
        return *real;
    const auto *whole = std::get_if<std::int64_t>(&*value);
    return whole ? double(*whole) : 0;
}

} // namespace

QString RunsPage::whyNotEpochs() const
{
    const engine::RunInfo *run = shownInfo();
    if (!run)
        return tr("No run is shown.");
    if (isShownResumable() && bridge().isRunActive())
        return tr("Another run is learning. Pause or stop it first.");
    if (!isShownResumable() && (!isShownActive() || run->state != engine::RunState::Running))
        return tr("This run neither learns nor can be resumed.");
    if (numberOf(*run, "maxSteps") > 0)
        return tr("This run ends after a fixed number of steps, not of epochs.");
    return numberOf(*run, "epochs") > 0 ? QString() : tr("The settings of this run cannot be read.");
}

void RunsPage::changeEpochs()
{
    if (!whyNotEpochs().isEmpty())
        return;
    const RunId id = m_shown;
    const auto facts = [this, id]() -> EpochFacts {
        const engine::RunInfo *run = m_model->find(id);
        return run ? EpochFacts{numberOf(*run, "epochs"), run->epoch, run->steps, run->step, m_model->secondsLeft(id), isShownResumable()} : EpochFacts{};
    };
    const bool isAtRest = isShownResumable();
    EpochDialog dialog(facts(), this);
    connect(&bridge(), &Bridge::metricsAppended, &dialog, [&](RunId run) {
        if (run == id)
            dialog.setFacts(facts());
    });
    connect(&bridge(), &Bridge::runEnded, &dialog, &QDialog::reject);
    if (dialog.exec() != QDialog::Accepted || (isAtRest ? bridge().isRunActive() : bridge().activeRun() != id))
        return;
    m_epochsAsked = id;
    if (!isAtRest) {
        bridge().changeEpochs(dialog.epochs());
        return;
    }
    m_asked = id;
    bridge().resumeRun(id, {}, dialog.epochs());
    updateActions();
    showBar();
}

} // namespace fettle::ui
