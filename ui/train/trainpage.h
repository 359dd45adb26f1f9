// The Train page: base model, data, method and settings as four cards; what the run would do and the start beside them. Shows only what works.
#pragma once

#include "core/engine/models.h"
#include "core/train/race.h"
#include "ui/frame/page.h"
#include "ui/train/settingsform.h"

#include <QTimer>

#include <map>
#include <optional>

class QComboBox;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class ElidedLabel;
class IconLabel;
class Link;
class MethodChoice;
class PageHead;
class PlanPane;
class RaceView;
class Segmented;
class TextLabel;

class TrainPage : public Page {
    Q_OBJECT

public:
    explicit TrainPage(const PageContext &context, QWidget *parent = nullptr);
    void setProject() override;
    void onShown() override;
    void openTarget(const QString &target) override; // "model <path>", "race", "race <tag>", "again <run> <setting>"
    [[nodiscard]] engine::TrainRequest request() const;

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void setupActions();
    void setupLayout();
    void connectBridge();
    void addModelCard(QVBoxLayout *column);
    void addDataCard(QVBoxLayout *column);
    void addMethodCard(QVBoxLayout *column);
    void addSettingsCard(QVBoxLayout *column);

    void readModel();
    void readData();
    void showModel(const Result<engine::Inspection> &model);
    void showSnapshots(const std::vector<engine::SnapshotInfo> &snapshots);
    void choosePreset(int index);
    void chooseMethod(const std::string &method);
    void showMethod();
    void readCosts();
    void showCosts(const Result<std::map<std::string, engine::MethodCost>> &costs);
    [[nodiscard]] train::Recipe presetOf(const std::string &method) const;
    void updateAdvanced();
    void settingsChanged();
    void applyFix(const QString &setting);
    void schedulePlan();
    void plan();
    void showPlan(const engine::TrainPlan &plan);
    void showRefusal(const Error &error);
    void updateDifferences();
    void updateStart();
    void start();
    void chooseRace();
    void startRace(const std::vector<train::RaceLane> &lanes);
    void showRace(const QString &tag);
    void leaveRace();
    void useRecipe(const train::Recipe &recipe);
    void setupRecipeActions();
    void openRecipeMenu();
    void openMix();
    void showMix();
    void saveRecipe();
    void loadRecipe();
    void copyCommand();
    void readRuns();
    [[nodiscard]] QComboBox *makeBegin();
    void showBegins();
    void chooseBegin();
    void beginWith(const std::string &adapter, const std::string &onto = {});
    void compareWith(RunId run); // invalid: with the preset
    void resetSettings();
    [[nodiscard]] train::Recipe referenceOf(const std::string &method) const; // what settings are marked against
    [[nodiscard]] QString referenceName() const;
    void trainAgain(RunId run, const QString &setting);
    void measureFit();
    void showFitProgress();
    void showFit(const Result<engine::FitResult> &fit);
    void cancelFit();
    void forgetFit();
    void useSuggestion(const QStringList &settings);

    PageHead *m_head = nullptr;
    IconLabel *m_modelMark = nullptr, *m_dataMark = nullptr;
    TextLabel *m_modelName = nullptr;
    ElidedLabel *m_modelFacts = nullptr, *m_dataFacts = nullptr;
    TextLabel *m_methodName = nullptr, *m_differences = nullptr, *m_help = nullptr;
    ElidedLabel *m_methodFacts = nullptr;
    QComboBox *m_snapshot = nullptr, *m_begin = nullptr;
    MethodChoice *m_methods = nullptr;
    Link *m_moreMethods = nullptr;
    Segmented *m_preset = nullptr;
    SettingsForm *m_form = nullptr;
    Link *m_advanced = nullptr;
    Button *m_reset = nullptr;
    Button *m_recipe = nullptr, *m_mix = nullptr;
    std::vector<QAction *> m_recipeActions;
    PlanPane *m_plan = nullptr;
    QWidget *m_cards = nullptr; // the four cards and the plan
    RaceView *m_race = nullptr; // in their place
    Button *m_races = nullptr;
    QAction *m_start = nullptr;
    QTimer m_planTimer;
    qint64 m_records = 0;
    qint64 m_modelParameters = 0; // 0: not known
    std::vector<engine::RunInfo> m_runs; // of the project, newest first
    std::string m_modelPath; // of the base model; empty: not known
    std::string m_adapter;   // that the run goes on from: a run's number or a folder; empty: it begins afresh
    std::string m_onto;      // the run that is written into the base first; empty: none
    struct EarlierRun { RunId id; QString name; train::Recipe recipe; };
    std::optional<EarlierRun> m_against; // the run that the settings are compared with; none: the preset
    std::map<std::string, train::Recipe> m_left; // what a method was set to before another one was chosen
    bool m_isAdvanced = false;
    bool m_hasStarted = false; // the plan was asked for since the project was opened
    int m_planNumber = 0;      // of the newest settings: an older plan is not shown
    JobId m_fitJob = 0;        // that measures now
    int m_measuredNumber = -1; // the plan that was measured, or whose measurement was cancelled or failed
    bool m_isFitting = false;  // what was measured
    bool m_isFitWanted = false; // as soon as there is a plan
    bool m_isStartWanted = false; // as soon as plan and measurement say that it can start
};

} // namespace fettle::ui
