// See trainpage.h.
#include "ui/train/trainpage.h"

#include "ui/theme/tokens.h"
#include "ui/train/methoddrawing.h"
#include "ui/train/planpane.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/words.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kPlanDelayMs = 250; // typing in a field makes one plan, not ten
constexpr int kLabelEdge = 144;   // left edge that labels and fields share
constexpr int kPlanNarrow = 336;
const std::string kMethod = "lora";

// A closed card is one line: tick, name, choice, quiet facts.
QHBoxLayout *cardLine(Card *card, const QString &name)
{
    auto *line = new QHBoxLayout;
    line->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    line->setSpacing(kStep2);
    line->addWidget(new IconLabel(QStringLiteral("circle-check"), Ink::Good));
    auto *label = strongLabel(name);
    label->setFixedWidth(kLabelEdge - kPaneSide - kIcon - 2 * kStep2);
    line->addWidget(label);
    card->setAccessibleName(name);
    return line;
}

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

void TrainPage::setupActions()
{
    m_start = addPageAction(QStringLiteral("startRun"), tr("Start run"), QStringLiteral("play"), QKeySequence(Qt::CTRL | Qt::Key_Return),
                            tr("Freezes the records as they are now and starts to train."), [this] { start(); });
    addPageAction(QStringLiteral("resetSettings"), tr("Reset the settings to the preset"), QStringLiteral("rotate-ccw"), {},
                  tr("Takes back what differs from the chosen preset."), [this] { choosePreset(m_preset->current()); });
}

void TrainPage::setupLayout()
{
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    m_head = new PageHead(tr("Train"));
    outer->addWidget(m_head);
    auto *columns = new QHBoxLayout;
    columns->setSpacing(0);
    auto *cards = new Pane(Surface::Window);
    auto *column = new QVBoxLayout(cards);
    column->setContentsMargins(kPaneSide, kPaneSide, kPaneSide, kPaneSide);
    column->setSpacing(kStep3);
    addModelCard(column);
    addDataCard(column);
    addMethodCard(column);
    addSettingsCard(column);
    column->addStretch(1);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(cards);
    columns->addWidget(scroll, 1);
    m_plan = new PlanPane;
    m_plan->setFixedWidth(kDetail);
    connect(m_plan, &PlanPane::startWanted, this, &TrainPage::start);
    connect(m_plan, &PlanPane::fixWanted, this, &TrainPage::applyFix);
    columns->addWidget(m_plan);
    outer->addLayout(columns, 1);
}

void TrainPage::addModelCard(QVBoxLayout *column)
{
    auto *card = new Card;
    auto *line = cardLine(card, tr("Base model"));
    m_modelName = new TextLabel;
    m_modelFacts = mutedLabel({});
    line->addWidget(m_modelName);
    line->addWidget(m_modelFacts, 1);
    auto *change = quietButton(tr("Change"), {}, tr("Choose another model on the Models page."));
    connect(change, &QPushButton::clicked, this, [this] { context().openPage(QStringLiteral("models"), {}); });
    line->addWidget(change);
    card->setLayout(line);
    column->addWidget(card);
}

void TrainPage::addDataCard(QVBoxLayout *column)
{
    auto *card = new Card;
    auto *line = cardLine(card, tr("Data"));
    m_snapshot = new QComboBox;
    m_snapshot->setObjectName(QStringLiteral("snapshot"));
    m_snapshot->setAccessibleName(tr("Records to train on"));
    m_snapshot->setToolTip(tr("A snapshot holds the records as they were when it was frozen, so that a run can be repeated."));
    m_snapshot->setMinimumWidth(232);
    connect(m_snapshot, &QComboBox::activated, this, [this] { schedulePlan(); });
    m_dataFacts = mutedLabel({});
    line->addWidget(m_snapshot);
    line->addWidget(m_dataFacts, 1);
    auto *change = quietButton(tr("Look at them"), {}, tr("Opens the records on the Data page."));
    connect(change, &QPushButton::clicked, this, [this] { context().openPage(QStringLiteral("data"), {}); });
    line->addWidget(change);
    card->setLayout(line);
    column->addWidget(card);
}

void TrainPage::addMethodCard(QVBoxLayout *column)
{
    auto *card = new Card;
    auto *rows = new QVBoxLayout(card);
    rows->setContentsMargins(0, 0, 0, kPaneSide);
    rows->setSpacing(0);
    auto *line = cardLine(card, tr("Method"));
    line->addWidget(new TextLabel(tr("LoRA")));
    m_methodFacts = mutedLabel(tr("small matrices beside the linear maps; the base stays untouched"));
    line->addWidget(m_methodFacts, 1);
    rows->addLayout(line);
    auto *body = new QHBoxLayout;
    body->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    body->setSpacing(kStep5);
    m_drawing = new MethodDrawing;
    body->addWidget(m_drawing, 0, Qt::AlignTop);
    auto *words = new QVBoxLayout;
    words->setSpacing(kStep2);
    const auto fact = [words](const QString &name) {
        auto *row = new QHBoxLayout;
        auto *label = mutedLabel(name);
        label->setFixedWidth(72);
        auto *value = strongLabel(QStringLiteral("–"));
        row->addWidget(label);
        row->addWidget(value, 1);
        words->addLayout(row);
        return value;
    };
    m_trained = fact(tr("Trained"));
    m_result = fact(tr("Result"));
    fact(tr("Runs in"))->setText(tr("PEFT, or merged: Transformers"));
    words->addSpacing(kStep1);
    for (const QString &text : {tr("The usual choice: a house style or a narrow field. The model's own weights are read, never changed; what is learnt lies in a small file of its own."),
                                tr("The blue bars are what learns: for each linear map two narrow matrices whose product is added to the map.")}) {
        auto *label = new TextLabel(text);
        label->setWordWrap(true);
        words->addWidget(label);
    }
    words->addStretch(1);
    body->addLayout(words, 1);
    rows->addLayout(body);
    column->addWidget(card);
}

void TrainPage::addSettingsCard(QVBoxLayout *column)
{
    auto *card = new Card;
    auto *rows = new QVBoxLayout(card);
    rows->setContentsMargins(1, 1, 1, 1);
    rows->setSpacing(0);
    auto *line = cardLine(card, tr("Settings"));
    m_preset = new Segmented({tr("Quick"), tr("Balanced"), tr("Thorough")});
    m_preset->setObjectName(QStringLiteral("preset"));
    m_preset->setAccessibleName(tr("Preset"));
    m_preset->setSegmentToolTip(0, tr("A first result within minutes: few, large corrections."));
    m_preset->setSegmentToolTip(1, tr("A good result for most data."));
    m_preset->setSegmentToolTip(2, tr("Longer and gentler, with more room for facts."));
    connect(m_preset, &Segmented::chosen, this, &TrainPage::choosePreset);
    line->addWidget(m_preset);
    line->addStretch(1);
    rows->addLayout(line);
    rows->addWidget(new Separator);
    m_form = new SettingsForm(kMethod);
    rows->addWidget(m_form);
    rows->addWidget(new Separator);
    auto *foot = new QHBoxLayout;
    foot->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    foot->setSpacing(kStep2);
    m_advanced = new Link(tr("Show %1 advanced settings").arg(m_form->advancedCount()));
    m_advanced->setObjectName(QStringLiteral("advanced"));
    connect(m_advanced, &Link::clicked, this, [this] {
        m_isAdvanced = !m_isAdvanced;
        m_form->setAdvancedVisible(m_isAdvanced);
        m_advanced->setText(m_isAdvanced ? tr("Hide the advanced settings") : tr("Show %1 advanced settings").arg(m_form->advancedCount()));
        m_advanced->updateGeometry();
    });
    foot->addWidget(m_advanced);
    foot->addStretch(1);
    m_differences = smallLabel({});
    m_reset = quietButton(tr("Reset"), QStringLiteral("rotate-ccw"), tr("Takes back what differs from the chosen preset."));
    connect(m_reset, &QPushButton::clicked, this, [this] { choosePreset(m_preset->current()); });
    foot->addWidget(m_differences);
    foot->addWidget(m_reset);
    rows->addLayout(foot);
    auto *help = new Pane(Surface::Window, Qt::TopEdge);
    auto *helpRow = new QHBoxLayout(help);
    helpRow->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    helpRow->setSpacing(kStep2);
    helpRow->addWidget(new IconLabel(QStringLiteral("info"), Ink::Muted), 0, Qt::AlignTop);
    m_help = mutedLabel(tr("Click into a field to read what it does."));
    m_help->setWordWrap(true);
    helpRow->addWidget(m_help, 1);
    rows->addWidget(help);
    connect(m_form, &SettingsForm::fieldFocused, m_help, &QLabel::setText);
    connect(m_form, &SettingsForm::changed, this, &TrainPage::settingsChanged);
    column->addWidget(card);
}

void TrainPage::connectBridge()
{
    connect(&bridge(), &Bridge::settingsChanged, this, [this] {
        readModel();
        schedulePlan();
    });
    connect(&bridge(), &Bridge::recordsChanged, this, &TrainPage::readData);
    connect(&bridge(), &Bridge::snapshotsChanged, this, &TrainPage::readData);
    connect(&bridge(), &Bridge::runStateChanged, this, [this] { updateStart(); });
    connect(&bridge(), &Bridge::runEnded, this, [this] { updateStart(); });
}

void TrainPage::setProject()
{
    m_hasStarted = false;
    m_records = 0;
    if (bridge().project() == nullptr)
        return;
    choosePreset(0);
    m_preset->setCurrent(0);
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
}

void TrainPage::openTarget(const QString &target)
{
    if (target.startsWith(QLatin1String("model ")))
        bridge().setBaseModel(target.mid(6).toStdString());
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
    if (!model) {
        m_modelFacts->setText(QString::fromStdString(model.error().message));
        return;
    }
    m_modelName->setText(QString::fromStdString(model->name));
    QStringList facts = {tr("%1 parameters").arg(largeCountText(static_cast<double>(model->parameters))), tr("reads %1 tokens").arg(countText(model->context))};
    if (!model->licence.empty())
        facts << QString::fromStdString(model->licence);
    m_modelFacts->setText(facts.join(QStringLiteral(", ")));
    m_drawing->setBlocks(model->layers);
}

void TrainPage::readData()
{
    if (!m_hasStarted || bridge().project() == nullptr)
        return;
    struct Facts { engine::RecordCounts counts; std::vector<engine::SnapshotInfo> snapshots; };
    bridge().read<Facts>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<Facts> {
            if (project == nullptr)
                return Facts{};
            auto counts = project->recordCounts();
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
    return wanted;
}

void TrainPage::choosePreset(int index)
{
    const auto preset = static_cast<train::Preset>(std::clamp(index, 0, 2));
    const train::Recipe recipe = train::presetRecipe(preset, kMethod, std::max<qint64>(m_records, 1));
    m_form->setRecipe(recipe, recipe);
    settingsChanged();
}

void TrainPage::settingsChanged()
{
    m_drawing->setLit(mapsOfTargets(QString::fromStdString(m_form->recipe().text("targets"))));
    updateDifferences();
    schedulePlan();
}

void TrainPage::updateDifferences()
{
    const int count = m_form->differences();
    const QStringList names = {tr("Quick"), tr("Balanced"), tr("Thorough")};
    m_differences->setText(count > 0 ? tr("%n differ(s) from %1", nullptr, count).arg(names.value(m_preset->current())) : QString());
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
    m_plan->showPlanning();
    updateStart();
    m_planTimer.start();
}

void TrainPage::plan()
{
    if (bridge().project() == nullptr)
        return;
    bridge().planRun(request(), this, [this](Result<engine::TrainPlan> plan) {
        if (m_planTimer.isActive())
            return; // changed meanwhile: a newer plan is on its way
        if (plan)
            showPlan(*plan);
        else if (plan.error().code != ErrorCode::Cancelled)
            m_plan->showError(plan.error());
        updateStart();
    });
}

void TrainPage::showPlan(const engine::TrainPlan &plan)
{
    m_plan->showPlan(plan);
    m_trained->setText(tr("%1 numbers").arg(largeCountText(static_cast<double>(plan.trainableParameters))));
    m_result->setText(bytesText(plan.resultBytes));
    m_head->setState(tr("%1 steps over %2 records").arg(countText(plan.steps), countText(plan.trainRows)));
}

void TrainPage::updateStart()
{
    const bool isActive = bridge().isRunActive();
    m_plan->setStart(isActive ? tr("Add to queue") : tr("Start run"), isActive);
    setActionPossible(m_start, m_plan->canStart(), tr("The records are being counted, or something has to be settled first."));
}

void TrainPage::start()
{
    if (!m_plan->canStart())
        return;
    bridge().startRun(request());
    context().openPage(QStringLiteral("runs"), {});
}

void TrainPage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    m_plan->setFixedWidth(width() < kNarrowBelow - kRailNarrow ? kPlanNarrow : kDetail);
}

} // namespace fettle::ui
