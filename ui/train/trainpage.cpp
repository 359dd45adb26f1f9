// See trainpage.h.
#include "ui/train/trainpage.h"

#include "ui/runs/runwords.h"
#include "ui/train/fitview.h"
#include "ui/train/methodchoice.h"
#include "ui/train/methodwords.h"
#include "ui/train/planpane.h"
#include "ui/train/raceview.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/words.h"

#include <nlohmann/json.hpp>

#include <QComboBox>
#include <QSignalBlocker>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kPlanDelayMs = 250; // typing in a field makes one plan, not ten
constexpr int kPlanNarrow = 336;

} // namespace

TrainPage::TrainPage(const PageContext &pageContext, QWidget *parent) : Page(pageContext, parent)
{
    setupActions();
    setupLayout();
    connectBridge();
    m_planTimer.setSingleShot(true);
    m_planTimer.setInterval(kPlanDelayMs);
    connect(&m_planTimer, &QTimer::timeout, this, &TrainPage::plan);
}

void TrainPage::connectBridge()
{
    connect(&bridge(), &Bridge::settingsChanged, this, [this] {
        readModel();
        showMix();
        schedulePlan();
    });
    connect(&bridge(), &Bridge::recordsChanged, this, &TrainPage::readData);
    connect(&bridge(), &Bridge::snapshotsChanged, this, &TrainPage::readData);
    connect(&bridge(), &Bridge::runStateChanged, this, [this] { updateStart(); });
    connect(&bridge(), &Bridge::runEnded, this, [this] { updateStart(); });
    connect(&bridge(), &Bridge::runsChanged, this, &TrainPage::readRuns);
    connect(&bridge(), &Bridge::jobChanged, this, &TrainPage::showFitProgress);
}

void TrainPage::setProject()
{
    m_hasStarted = false;
    m_isStartWanted = false;
    m_planTimer.stop();
    ++m_planNumber; // a plan of the other project is not shown here
    forgetFit();
    m_records = 0;
    m_runs.clear();
    m_adapter.clear();
    m_onto.clear();
    m_form->setGiven(false);
    showBegins();
    m_head->setState({});
    leaveRace();
    m_race->readRaces();
    if (bridge().project() == nullptr)
        return;
    m_preset->setCurrent(0);
    m_methods->setCurrent("lora");
    choosePreset(0);
    showMethod();
    updateStart();
    if (isVisible())
        onShown();
}

void TrainPage::onShown()
{
    if (bridge().project() == nullptr || m_hasStarted)
        return;
    m_hasStarted = true;
    readModel();
    readData();
    readRuns();
}

void TrainPage::openTarget(const QString &target)
{
    if (target.startsWith(QLatin1String("model ")))
        bridge().setBaseModel(target.mid(6).toStdString());
    else if (target.startsWith(QLatin1String("race")))
        showRace(target.mid(5));
    else if (target.startsWith(QLatin1String("again ")))
        trainAgain(RunId{target.section(QLatin1Char(' '), 1, 1).toLongLong()}, target.section(QLatin1Char(' '), 2));
}

// As a run was set, but for one setting: what the doctor advises.
void TrainPage::trainAgain(RunId run, const QString &setting)
{
    const auto info = bridge().project() ? bridge().project()->run(run) : Result<engine::RunInfo>();
    auto recipe = info ? train::recipeFromJson(nlohmann::json::parse(info->recipeJson, nullptr, false)) : Result<train::Recipe>(passError(info));
    if (recipe) {
        if (auto applied = train::applySetting(*recipe, setting.toStdString()); !applied)
            recipe = passError(applied);
    }
    if (!recipe) {
        context().showMessage(messageOf(recipe.error()));
        return;
    }
    if (modelNameText(bridge().baseModel()).compare(modelNameText(info->modelName), Qt::CaseInsensitive) != 0)
        bridge().setBaseModel(info->modelPath);
    useRecipe(*recipe);
    context().showMessage({MessageTone::Info, tr("These are the settings of %1, with %2.").arg(QString::fromStdString(info->name), assignmentText(setting)),
                           tr("Look them over and start when you are ready."), {}, {}, {}});
}

void TrainPage::readModel()
{
    if (!m_hasStarted)
        return;
    m_modelName->setText(modelNameText(bridge().baseModel()));
    bridge().readSlowly<engine::Inspection>(
        this,
        [model = bridge().baseModel()](const ProjectApi *, const JobContext &job) -> Result<engine::Inspection> {
            auto path = job.engine.resolveModel(model);
            if (!path)
                return passError(path);
            return job.engine.inspect(*path);
        },
        [this](Result<engine::Inspection> model) { showModel(model); }, "trainModel");
}

void TrainPage::showModel(const Result<engine::Inspection> &model)
{
    m_modelMark->setIcon(model ? QStringLiteral("circle-check") : QStringLiteral("circle-x"), model ? Ink::Good : Ink::Bad);
    m_modelParameters = model ? model->parameters : 0;
    m_modelPath = model ? model->path : std::string();
    showBegins();
    readCosts();
    if (!model) {
        m_modelFacts->setText(QString::fromStdString(model.error().message));
        return;
    }
    m_modelName->setText(QString::fromStdString(model->name));
    QStringList facts = {tr("%1 parameters").arg(largeCountText(static_cast<double>(model->parameters))), tr("reads %1 tokens").arg(countText(model->context))};
    if (!model->licence.empty())
        facts << QString::fromStdString(model->licence);
    m_modelFacts->setText(facts.join(QStringLiteral(", ")));
    m_methods->setBlocks(model->layers);
}

void TrainPage::readData()
{
    if (!m_hasStarted || bridge().project() == nullptr)
        return;
    struct Facts { engine::RecordCounts counts; std::vector<engine::SnapshotInfo> snapshots; };
    bridge().readCounts<Facts>(
        this,
        [](const ProjectApi *project, const JobContext &job) -> Result<Facts> {
            if (project == nullptr)
                return Facts{};
            auto counts = project->recordCounts(job.stop);
            if (!counts)
                return passError(counts);
            auto snapshots = project->snapshots();
            if (!snapshots)
                return passError(snapshots);
            return Facts{std::move(*counts), std::move(*snapshots)};
        },
        [this](Result<Facts> facts) {
            if (!facts) {
                context().showMessage(messageOf(facts.error()));
                return;
            }
            const qint64 before = m_records;
            const auto in = [](const auto &counts, auto key) {
                const auto found = counts.find(key);
                return found == counts.end() ? qint64(0) : qint64(found->second);
            };
            const auto &counts = facts->counts;
            const qint64 rejected = in(counts.byStatus, data::RecordStatus::Rejected);
            const qint64 apart = in(counts.bySplit, data::Split::HeldOut) + in(counts.bySplit, data::Split::Test);
            m_records = counts.all - apart;
            m_dataFacts->setText(tr("%1 records, %2 of them held out").arg(countText(counts.all - rejected), countText(apart)));
            m_dataMark->setIcon(m_records > 0 ? QStringLiteral("circle-check") : QStringLiteral("circle-x"), m_records > 0 ? Ink::Good : Ink::Bad);
            showSnapshots(facts->snapshots);
            // Presets scale with the number of records; what the user has changed stays.
            if (before == 0 && m_form->differences() == 0)
                choosePreset(m_preset->current());
            schedulePlan();
        },
        "trainData");
}

void TrainPage::showSnapshots(const std::vector<engine::SnapshotInfo> &snapshots)
{
    const QSignalBlocker blocker(m_snapshot); // filled, not chosen by the user
    const QVariant chosen = m_snapshot->currentData();
    m_snapshot->clear();
    m_snapshot->addItem(tr("As they are now"), QVariant::fromValue<qlonglong>(0));
    for (auto it = snapshots.rbegin(); it != snapshots.rend(); ++it)
        m_snapshot->addItem(tr("Snapshot %1: %2 to train, %3 held out").arg(it->id.value).arg(countText(it->train), countText(it->heldOut)),
                            QVariant::fromValue<qlonglong>(it->id.value));
    m_snapshot->setCurrentIndex(std::max(0, m_snapshot->findData(chosen)));
}

engine::TrainRequest TrainPage::request() const
{
    engine::TrainRequest wanted;
    wanted.model = bridge().baseModel();
    wanted.recipe = m_form->recipe();
    wanted.snapshot = SnapshotId{m_snapshot->currentData().toLongLong()};
    wanted.adapter = m_adapter;
    wanted.onto = m_onto;
    return wanted;
}

train::Recipe TrainPage::presetOf(const std::string &method) const
{
    return train::presetRecipe(static_cast<train::Preset>(std::clamp(m_preset->current(), 0, 2)), method, std::max<qint64>(m_records, 1));
}

void TrainPage::choosePreset(int)
{
    m_left.clear();
    m_against.reset();
    const train::Recipe recipe = presetOf(m_methods->current());
    m_form->setRecipe(recipe, recipe);
    settingsChanged();
}

// What was changed and means the same for both methods stays (epochs, length, a limit of steps); what belongs to the method, or has another
// preset there (learning rate), is what it was when that method was left.
void TrainPage::chooseMethod(const std::string &method)
{
    m_form->commit();
    m_adapter.clear(); // an adapter has its method
    m_form->setGiven(false);
    showBegins();
    const train::Recipe before = m_form->recipe(), beforePreset = m_form->reference();
    const train::Recipe preset = referenceOf(method);
    m_left[before.method] = before;
    const auto left = m_left.find(method);
    const auto valueIn = [](const train::Recipe &recipe, const train::SettingField &field) {
        const auto found = recipe.values.find(field.key);
        return found == recipe.values.end() ? field.standard : found->second;
    };
    train::Recipe recipe = preset;
    for (const train::SettingField &field : train::settingFields()) {
        if (!train::isSettingOf(field, method))
            continue;
        const bool isShared = train::isSettingOf(field, before.method) && valueIn(beforePreset, field) == valueIn(preset, field);
        const train::Recipe *source = isShared ? &before : left == m_left.end() ? nullptr : &left->second;
        if (source != nullptr && valueIn(*source, field) != valueIn(preset, field))
            recipe.values[std::string(field.key)] = valueIn(*source, field);
    }
    m_form->setRecipe(recipe, preset);
    showMethod();
    settingsChanged();
}

void TrainPage::showMethod()
{
    m_methodName->setText(methodText(m_methods->current()));
    m_methodFacts->setText(methodWords(m_methods->current()).summary);
    m_help->setText(tr("Click into a field to read what it does."));
    updateAdvanced();
}

void TrainPage::updateAdvanced()
{
    m_advanced->setText(m_isAdvanced ? tr("Hide the advanced settings") : tr("Show %1 advanced settings").arg(m_form->advancedCount()));
    m_advanced->updateGeometry();
}

// What each method would cost in this model: with the preset, the chosen one as it is set.
void TrainPage::readCosts()
{
    if (!m_hasStarted)
        return;
    std::vector<train::Recipe> recipes;
    for (const train::MethodInfo &method : train::methods())
        recipes.push_back(method.key == m_form->recipe().method ? m_form->recipe() : presetOf(std::string(method.key)));
    using Costs = std::map<std::string, engine::MethodCost>;
    bridge().readSlowly<Costs>(
        this,
        [model = bridge().baseModel(), recipes = std::move(recipes)](const ProjectApi *, const JobContext &job) -> Result<Costs> {
            Costs costs;
            for (const train::Recipe &recipe : recipes) {
                auto cost = job.engine.methodCost(model, recipe);
                if (!cost)
                    return passError(cost);
                costs.emplace(recipe.method, std::move(*cost));
            }
            return costs;
        },
        [this](Result<Costs> costs) { showCosts(costs); }, "trainCosts");
}

void TrainPage::showCosts(const Result<std::map<std::string, engine::MethodCost>> &costs)
{
    if (!costs && costs.error().code == ErrorCode::Cancelled)
        return; // newer ones are on their way
    m_methods->setCosts(costs ? *costs : std::map<std::string, engine::MethodCost>(), m_modelParameters); // the plan says what is wrong with the model
}

void TrainPage::settingsChanged()
{
    m_methods->setRecipe(m_form->recipe());
    updateDifferences();
    showMix();
    schedulePlan();
}

void TrainPage::updateDifferences()
{
    const int count = m_form->differences();
    m_differences->setText(count > 0 ? tr("%n value(s) changed from %1", nullptr, count).arg(referenceName()) : m_against ? tr("As in %1").arg(referenceName()) : QString());
    m_reset->setVisible(count > 0);
}

void TrainPage::applyFix(const QString &setting)
{
    train::Recipe recipe = m_form->recipe();
    if (auto applied = train::applySetting(recipe, setting.toStdString()); !applied) {
        context().showMessage(messageOf(applied.error()));
        return;
    }
    const std::string key = setting.section(QLatin1Char('='), 0, 0).toStdString();
    m_form->setValue(key, recipe.values.at(key));
}

void TrainPage::schedulePlan()
{
    if (!m_hasStarted || bridge().project() == nullptr)
        return;
    m_isStartWanted = m_isFitWanted = false; // asked for with other settings
    ++m_planNumber;
    forgetFit();
    m_plan->showPlanning();
    updateStart();
    m_planTimer.start();
}

void TrainPage::plan()
{
    if (bridge().project() == nullptr)
        return;
    readCosts();
    bridge().planRun(request(), this, [this, number = m_planNumber](Result<engine::TrainPlan> plan) {
        if (number != m_planNumber)
            return; // changed meanwhile: a newer plan is on its way
        if (plan)
            showPlan(*plan);
        else if (plan.error().code != ErrorCode::Cancelled)
            showRefusal(plan.error());
        m_plan->fit()->setPossible(m_plan->state() == PlanPane::State::Ready);
        updateStart();
        if (std::exchange(m_isFitWanted, false))
            measureFit();
        if (std::exchange(m_isStartWanted, false))
            start();
    });
}

void TrainPage::showPlan(const engine::TrainPlan &plan)
{
    m_plan->showPlan(plan, m_form->recipe().method);
    m_head->setState(m_plan->state() == PlanPane::State::Ready ? tr("%1 steps over %2 records").arg(countText(plan.steps), countText(plan.trainRows)) : QString());
}

void TrainPage::showRefusal(const Error &error)
{
    m_plan->showError(error);
    m_head->setState({});
}

void TrainPage::updateStart()
{
    const bool isActive = bridge().isRunActive();
    const bool isTooLarge = m_measuredNumber == m_planNumber && !m_isFitting;
    m_plan->setStart(isActive ? tr("Add to queue") : isTooLarge ? tr("Start anyway") : tr("Start run"), isActive);
    const bool isPossible = m_plan->state() == PlanPane::State::Ready || m_plan->state() == PlanPane::State::Planning;
    setActionPossible(m_start, isPossible, tr("Something has to be settled first."));
}

void TrainPage::start()
{
    m_form->commit(); // a value that still has the cursor is meant, too
    if (m_plan->state() == PlanPane::State::Planning && m_hasStarted) {
        m_isStartWanted = true;
        m_plan->showReason(tr("Starts as soon as the records are counted."));
        return;
    }
    if (m_plan->state() != PlanPane::State::Ready)
        return;
    if (m_measuredNumber != m_planNumber && !bridge().isRunActive() && bridge().queuedRuns() == 0) {
        m_isStartWanted = true;
        m_plan->showReason(tr("Starts as soon as it is measured."));
        measureFit();
        return;
    }
    bridge().startRun(request());
    context().openPage(QStringLiteral("runs"), {});
}

void TrainPage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    m_plan->setFixedWidth(width() < kNarrowBelow - kRailNarrow ? kPlanNarrow : kDetail);
}

} // namespace fettle::ui
