// Recipes on the Train page: saved, loaded, copied as a command line, compared with those of an earlier run.
#include "core/engine/recipefile.h"
#include "core/train/commandtext.h"
#include "ui/frame/dialogs.h"
#include "ui/train/methodchoice.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/words.h"

#include <QActionGroup>
#include <QClipboard>
#include <QGuiApplication>
#include <QMenu>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace fettle::ui {

namespace {

constexpr std::size_t kRunsInMenu = 12;

} // namespace

void TrainPage::setupRecipeActions()
{
    m_recipeActions = {
        addPageAction(QStringLiteral("saveRecipe"), tr("Save the recipe..."), QStringLiteral("save"), {}, tr("Writes method and settings to a file that can be loaded here and in the terminal."),
                      [this] { saveRecipe(); }),
        addPageAction(QStringLiteral("loadRecipe"), tr("Load a recipe..."), QStringLiteral("folder-open"), {}, tr("Takes method and settings from a file."), [this] { loadRecipe(); }),
        addPageAction(QStringLiteral("copyCommand"), tr("Copy as command line"), QStringLiteral("copy"), {}, tr("The line that starts the same run in a terminal, for the clipboard."),
                      [this] { copyCommand(); }),
    };
}

void TrainPage::openRecipeMenu()
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (QAction *action : m_recipeActions)
        menu->addAction(action);
    QMenu *against = menu->addMenu(tr("Compare with"));
    auto *group = new QActionGroup(against);
    const auto add = [&](const QString &text, RunId run) {
        QAction *action = against->addAction(text);
        action->setCheckable(true);
        action->setChecked(run == (m_against ? m_against->id : RunId{}));
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, run] { compareWith(run); });
    };
    add(tr("The preset"), {});
    for (std::size_t i = 0; i < std::min(m_runs.size(), kRunsInMenu); ++i)
        add(tr("%1 (%2)").arg(QString::fromStdString(m_runs[i].name), methodText(m_runs[i].method)), m_runs[i].id);
    menu->popup(m_recipe->mapToGlobal(QPoint(0, m_recipe->height())));
}

void TrainPage::saveRecipe()
{
    m_form->commit();
    const train::Recipe recipe = m_form->recipe();
    const QString name = context().dialogs.saveFile(this, tr("Save the recipe"), tr("%1.json").arg(QString::fromStdString(recipe.method)), tr("Recipes (*.json)"));
    if (name.isEmpty())
        return;
    bridge().readSlowly<void>(
        this, [file = name.toStdString(), recipe](const ProjectApi *, const JobContext &job) { return job.engine.writeFile(file, engine::recipeText(recipe)); },
        [this, name](Result<> result) {
            context().showMessage(result ? Message{MessageTone::Info, tr("\"%1\" is written.").arg(name), {}, {}, {}, {}} : messageOf(result.error()));
        });
}

void TrainPage::loadRecipe()
{
    const QString name = context().dialogs.openFile(this, tr("Load a recipe"), tr("Recipes (*.json)"));
    if (name.isEmpty())
        return;
    bridge().readSlowly<train::Recipe>(
        this, [file = name.toStdString()](const ProjectApi *, const JobContext &) { return engine::readRecipe(file); },
        [this](Result<train::Recipe> recipe) {
            if (recipe)
                useRecipe(*recipe);
            else
                context().showMessage(messageOf(recipe.error()));
        },
        "loadRecipe");
}

void TrainPage::copyCommand()
{
    if (bridge().project() == nullptr)
        return;
    m_form->commit();
    const engine::TrainRequest wanted = request();
    const train::TrainCommand command{wanted.model, bridge().project()->folder().string(), wanted.adapter, wanted.snapshot.value, wanted.recipe, wanted.onto};
    QGuiApplication::clipboard()->setText(QString::fromStdString(train::textOf(command)));
    context().showMessage({MessageTone::Info, tr("The command line is in the clipboard."), tr("In a terminal it starts this run with the same settings."), {}, {}, {}});
}

void TrainPage::readRuns()
{
    if (!m_hasStarted || bridge().project() == nullptr)
        return;
    using Runs = std::vector<engine::RunInfo>;
    bridge().read<Runs>(
        this, [](const ProjectApi *project, const JobContext &) { return project == nullptr ? Result<Runs>(Runs{}) : project->runs(); },
        [this](Result<Runs> runs) {
            if (!runs)
                return; // the Runs page says what is wrong with them
            std::erase_if(*runs, [](const engine::RunInfo &run) { return run.isArchived || !run.trashed.empty(); });
            std::ranges::sort(*runs, std::ranges::greater{}, [](const engine::RunInfo &run) { return run.id.value; });
            m_runs = std::move(*runs);
            showBegins();
        },
        "trainRuns");
}

void TrainPage::compareWith(RunId run)
{
    m_form->commit();
    m_against.reset();
    if (const auto found = std::ranges::find(m_runs, run, &engine::RunInfo::id); found != m_runs.end()) {
        auto recipe = train::recipeFromJson(nlohmann::json::parse(found->recipeJson, nullptr, false));
        if (!recipe) {
            context().showMessage(messageOf(recipe.error()));
            return;
        }
        m_against = EarlierRun{run, QString::fromStdString(found->name), std::move(*recipe)};
    }
    m_form->setRecipe(m_form->recipe(), referenceOf(m_form->recipe().method));
    updateDifferences();
}

void TrainPage::resetSettings()
{
    if (m_against)
        useRecipe(m_against->recipe);
    else
        choosePreset(m_preset->current());
}

// Of a run with another method what both have in common, else the method's preset.
train::Recipe TrainPage::referenceOf(const std::string &method) const
{
    train::Recipe reference = presetOf(method);
    if (!m_against)
        return reference;
    if (m_against->recipe.method == method)
        return m_against->recipe;
    for (const train::SettingField &field : train::settingFields()) {
        const auto value = m_against->recipe.values.find(field.key);
        if (field.method.empty() && value != m_against->recipe.values.end() && field.key != "learningRate") // a rate is its method's
            reference.values[std::string(field.key)] = value->second;
    }
    return reference;
}

QString TrainPage::referenceName() const
{
    const QStringList presets = {tr("Quick"), tr("Balanced"), tr("Thorough")};
    return m_against ? m_against->name : presets.value(m_preset->current());
}

} // namespace fettle::ui
