#include "core/engine/epochchanges.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"

namespace fettle::engine {
namespace {

constexpr const char *kEpochsFile = "epochs.json";

Result<> writeEpochChanges(const std::filesystem::path &runFolder, const std::vector<train::EpochChange> &changes)
{
    nlohmann::json list = nlohmann::json::array();
    for (const train::EpochChange &change : changes)
        list.push_back({{"step", change.step}, {"epochs", change.epochs}});
    return io::writeFileAtomically(runFolder / kEpochsFile, list.dump(2) + "\n");
}

} // namespace

Result<std::vector<train::EpochChange>> readEpochChanges(const std::filesystem::path &runFolder)
{
    std::error_code error;
    if (!std::filesystem::exists(runFolder / kEpochsFile, error))
        return std::vector<train::EpochChange>();
    const auto list = io::readJsonFile(runFolder / kEpochsFile);
    if (!list)
        return passError(list);
    std::vector<train::EpochChange> changes;
    for (const nlohmann::json &entry : *list) {
        const auto step = io::jsonField<std::int64_t>(entry, "step", kEpochsFile);
        const auto epochs = io::jsonField<double>(entry, "epochs", kEpochsFile);
        if (!step || !epochs)
            return tl::unexpected<Error>(!step ? step.error() : epochs.error());
        if (*step < (changes.empty() ? 0 : changes.back().step) || !(*epochs > 0 && *epochs <= 1000))
            return fail(ErrorCode::BadInput, tr("{} is damaged: {:g} epochs from step {} on.", kEpochsFile, *epochs, *step),
                        tr("Start a new run. It can begin from this run's adapter."));
        changes.push_back({*step, *epochs});
    }
    return changes;
}

EpochKeeper::EpochKeeper(Project &project, RunRecorder &recorder, const train::Recipe &recipe, std::vector<train::EpochChange> changes)
    : m_project(project)
    , m_recorder(recorder)
    , m_recipe(recipe)
    , m_changes(std::move(changes))
{
}

void EpochKeeper::listenTo(train::TrainerHooks &hooks, const RunControl *control)
{
    hooks.takeEpochs = [control]() -> std::optional<double> {
        const double wished = control ? control->epochs.exchange(0) : 0;
        return wished != 0 ? std::optional(wished) : std::nullopt;
    };
    hooks.epochsChanging = [this](const train::EpochChange &wished, std::int64_t steps) { return change(wished, steps); };
    hooks.epochsRefused = [this](const std::string &why) { m_recorder.notice(why); };
}

bool EpochKeeper::change(const train::EpochChange &change, std::int64_t steps)
{
    std::vector<train::EpochChange> changes = m_changes;
    if (changes.empty())
        changes.push_back({0, m_recipe.real("epochs")});
    std::erase_if(changes, [&](const train::EpochChange &later) { return later.step > change.step; });
    const double before = changes.back().epochs;
    changes.push_back(change);
    if (const auto written = writeEpochChanges(m_project.runFolder(m_recorder.info().id), changes); !written) {
        m_recorder.notice(tr("The number of epochs is not changed: {}", written.error().message));
        return false;
    }
    m_changes = std::move(changes);
    m_recorder.info().steps = steps;
    m_recorder.info().recipeJson = recipeToJson(train::withEpochs(m_recipe, change.epochs)).dump();
    m_recorder.infoChanged();
    m_recorder.notice(tr("From step {} on the number of epochs is {:g} instead of {:g}: {} steps.", change.step, change.epochs, before, steps));
    return true;
}

} // namespace fettle::engine
