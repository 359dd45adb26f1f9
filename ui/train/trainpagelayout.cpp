// How the Train page is put together: four cards and the plan beside them. What they show is in trainpage.cpp.
#include "ui/train/trainpage.h"

#include "ui/train/fitview.h"
#include "ui/train/methodchoice.h"
#include "ui/train/planpane.h"
#include "ui/train/raceview.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/segmented.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

struct CardLine {
    QHBoxLayout *layout;
    IconLabel *mark;
};

// A closed card is one line: tick, name, choice, quiet facts. frame: what the card leaves free around its content.
CardLine cardLine(Card *card, const QString &name, int frame = 0)
{
    auto *line = new QHBoxLayout;
    line->setContentsMargins(kPaneSide - frame, kPaneTop, kPaneSide - frame, kPaneTop);
    line->setSpacing(kStep2);
    auto *mark = new IconLabel(QStringLiteral("circle-check"), Ink::Good);
    line->addWidget(mark);
    auto *label = strongLabel(name);
    label->setFixedWidth(SettingsForm::kFieldEdge - kPaneSide - kIcon - 2 * kStep2);
    line->addWidget(label);
    card->setAccessibleName(name);
    return {line, mark};
}

// What has room for a few letters only says nothing instead; the tool tip tells it.
class FactsLabel : public ElidedLabel {
public:
    using ElidedLabel::ElidedLabel;

protected:
    void paintEvent(QPaintEvent *event) override
    {
        if (width() >= qMin(sizeHint().width(), 72))
            ElidedLabel::paintEvent(event);
    }
};

ElidedLabel *factsLabel(const QString &text = {})
{
    return new FactsLabel(text, TextSize::Body, Weight::Regular, Ink::Muted);
}

Button *changeButton(const QString &text, const QString &help)
{
    auto *button = quietButton(text, {}, help);
    button->setInk(Ink::Muted);
    return button;
}

} // namespace

void TrainPage::setupActions()
{
    m_start = addPageAction(QStringLiteral("startRun"), tr("Start run"), QStringLiteral("play"), QKeySequence(Qt::CTRL | Qt::Key_Return),
                            tr("Freezes the records as they are now and starts to train."), [this] { start(); });
    addPageAction(QStringLiteral("chooseRace"), tr("Method race"), QStringLiteral("flag"), {},
                  tr("Several methods or settings learn from the same records; then you compare them."), [this] { chooseRace(); });
    addPageAction(QStringLiteral("resetSettings"), tr("Reset the settings"), QStringLiteral("rotate-ccw"), {},
                  tr("Takes back what was changed from the preset or the run that they are compared with."), [this] { resetSettings(); });
    setupRecipeActions();
}

void TrainPage::setupLayout()
{
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    m_head = new PageHead(tr("Train"));
    outer->addWidget(m_head);
    auto *race = new Button(tr("Method race..."), QStringLiteral("flag"), tr("Several methods or settings learn from the same records; then you compare them."));
    race->setObjectName(QStringLiteral("methodRace"));
    connect(race, &QPushButton::clicked, this, &TrainPage::chooseRace);
    m_races = new Button(tr("Race results"), {}, tr("How the runs of a race stand."));
    m_races->setObjectName(QStringLiteral("raceResults"));
    connect(m_races, &QPushButton::clicked, this, [this] { showRace({}); });
    m_races->hide();
    m_head->addAction(m_races);
    m_head->addAction(race);
    m_cards = new QWidget;
    auto *columns = new QHBoxLayout(m_cards);
    columns->setContentsMargins(0, 0, 0, 0);
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
    scroll->setFocusPolicy(Qt::NoFocus); // its controls are reached, and bring themselves into view
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(cards);
    columns->addWidget(scroll, 1);
    m_plan = new PlanPane;
    m_plan->setFixedWidth(kDetail);
    connect(m_plan, &PlanPane::startWanted, this, &TrainPage::start);
    connect(m_plan, &PlanPane::fixWanted, this, &TrainPage::applyFix);
    connect(m_plan->fit(), &FitView::measureWanted, this, &TrainPage::measureFit);
    connect(m_plan->fit(), &FitView::cancelWanted, this, &TrainPage::cancelFit);
    connect(m_plan->fit(), &FitView::changeWanted, this, &TrainPage::useSuggestion);
    columns->addWidget(m_plan);
    outer->addWidget(m_cards, 1);
    m_race = new RaceView(context());
    m_race->hide();
    connect(m_race, &RaceView::leaveWanted, this, &TrainPage::leaveRace);
    connect(m_race, &RaceView::settingsWanted, this, &TrainPage::useRecipe);
    connect(m_race, &RaceView::racesRead, this, [this] { m_races->setVisible(m_race->hasRaces() && m_race->isHidden()); });
    outer->addWidget(m_race, 1);
}

void TrainPage::addModelCard(QVBoxLayout *column)
{
    auto *card = new Card;
    const auto [line, mark] = cardLine(card, tr("Base model"));
    m_modelMark = mark;
    m_modelName = new TextLabel;
    m_modelFacts = factsLabel();
    line->addWidget(m_modelName);
    line->addWidget(m_modelFacts, 1);
    line->addWidget(makeBegin());
    auto *change = changeButton(tr("Change"), tr("Choose another model on the Models page."));
    connect(change, &QPushButton::clicked, this, [this] { context().openPage(QStringLiteral("models"), {}); });
    line->addWidget(change);
    card->setLayout(line);
    column->addWidget(card);
}

void TrainPage::addDataCard(QVBoxLayout *column)
{
    auto *card = new Card;
    const auto [line, mark] = cardLine(card, tr("Data"));
    m_dataMark = mark;
    m_snapshot = new QComboBox;
    m_snapshot->setObjectName(QStringLiteral("snapshot"));
    m_snapshot->setAccessibleName(tr("Records to train on"));
    m_snapshot->setToolTip(tr("A snapshot holds the records as they were when it was frozen, so that a run can be repeated."));
    m_snapshot->setMinimumWidth(176);
    connect(m_snapshot, &QComboBox::currentIndexChanged, this, [this] { schedulePlan(); });
    m_dataFacts = factsLabel();
    line->addWidget(m_snapshot);
    line->addWidget(m_dataFacts, 1);
    m_mix = changeButton(tr("Mix..."), {});
    m_mix->setObjectName(QStringLiteral("trainMix"));
    connect(m_mix, &QPushButton::clicked, this, &TrainPage::openMix);
    line->addWidget(m_mix);
    auto *look = changeButton(tr("Look at them"), tr("Opens the records on the Data page."));
    connect(look, &QPushButton::clicked, this, [this] { context().openPage(QStringLiteral("data"), {}); });
    line->addWidget(look);
    card->setLayout(line);
    column->addWidget(card);
}

void TrainPage::addMethodCard(QVBoxLayout *column)
{
    auto *card = new Card;
    auto *rows = new QVBoxLayout(card);
    rows->setContentsMargins(0, 0, 0, kPaneSide);
    rows->setSpacing(0);
    auto *line = cardLine(card, tr("Method")).layout;
    m_methodName = new TextLabel;
    m_methodFacts = factsLabel();
    line->addWidget(m_methodName);
    line->addWidget(m_methodFacts, 1);
    m_moreMethods = new Link({});
    m_moreMethods->setObjectName(QStringLiteral("moreMethods"));
    m_moreMethods->setToolTip(tr("Methods for special cases: very large models, very small results."));
    line->addWidget(m_moreMethods);
    rows->addLayout(line);
    auto *body = new QHBoxLayout;
    body->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    m_methods = new MethodChoice;
    m_methods->setObjectName(QStringLiteral("methods"));
    m_methods->setAccessibleName(tr("Method"));
    connect(m_methods, &MethodChoice::chosen, this, [this](const QString &method) { chooseMethod(method.toStdString()); });
    body->addWidget(m_methods);
    rows->addLayout(body);
    m_moreMethods->setText(tr("%n more", nullptr, m_methods->moreCount()));
    connect(m_moreMethods, &Link::clicked, this, [this] {
        m_methods->setMoreShown(!m_methods->isMoreShown());
        m_moreMethods->setText(m_methods->isMoreShown() ? tr("Fewer") : tr("%n more", nullptr, m_methods->moreCount()));
        m_moreMethods->updateGeometry();
    });
    column->addWidget(card);
}

void TrainPage::addSettingsCard(QVBoxLayout *column)
{
    constexpr int kFrame = 1; // lines and foot reach the card's frame
    auto *card = new Card;
    auto *rows = new QVBoxLayout(card);
    rows->setContentsMargins(kFrame, kFrame, kFrame, kFrame);
    rows->setSpacing(0);
    auto *line = cardLine(card, tr("Settings"), kFrame).layout;
    m_preset = new Segmented({tr("Quick"), tr("Balanced"), tr("Thorough")});
    m_preset->setObjectName(QStringLiteral("preset"));
    m_preset->setAccessibleName(tr("Preset"));
    m_preset->setSegmentToolTip(0, tr("A first result within minutes: few, large corrections."));
    m_preset->setSegmentToolTip(1, tr("A good result for most data."));
    m_preset->setSegmentToolTip(2, tr("Longer and gentler, with more room for facts."));
    connect(m_preset, &Segmented::chosen, this, &TrainPage::choosePreset);
    line->addWidget(m_preset);
    line->addStretch(1);
    m_recipe = quietButton(tr("Recipe"), QStringLiteral("file-text"), tr("Saves, loads or copies the settings, or compares them with an earlier run."));
    m_recipe->setInk(Ink::Muted);
    m_recipe->setObjectName(QStringLiteral("recipe"));
    connect(m_recipe, &QPushButton::clicked, this, &TrainPage::openRecipeMenu);
    line->addWidget(m_recipe);
    rows->addLayout(line);
    rows->addWidget(new Separator);
    m_form = new SettingsForm;
    m_form->setObjectName(QStringLiteral("settingsForm"));
    rows->addWidget(m_form);
    rows->addWidget(new Separator);
    auto *foot = new QHBoxLayout;
    foot->setContentsMargins(kPaneSide - kFrame, kStep1, kStep2, kStep1);
    foot->setSpacing(kStep2);
    m_advanced = new Link({});
    m_advanced->setObjectName(QStringLiteral("advanced"));
    m_advanced->setToolTip(tr("Their values are good for most runs."));
    connect(m_advanced, &Link::clicked, this, [this] {
        m_isAdvanced = !m_isAdvanced;
        m_form->setAdvancedVisible(m_isAdvanced);
        updateAdvanced();
    });
    foot->addWidget(m_advanced);
    foot->addStretch(1);
    m_differences = smallLabel({});
    m_reset = quietButton(tr("Reset"), QStringLiteral("rotate-ccw"), tr("Takes back what was changed from the preset or the run that they are compared with."));
    m_reset->setObjectName(QStringLiteral("resetSettings"));
    QSizePolicy keep = m_reset->sizePolicy();
    keep.setRetainSizeWhenHidden(true); // the line keeps its height
    m_reset->setSizePolicy(keep);
    connect(m_reset, &QPushButton::clicked, this, &TrainPage::resetSettings);
    foot->addWidget(m_differences);
    foot->addWidget(m_reset);
    rows->addLayout(foot);
    auto *help = new CardFoot;
    auto *helpRow = new QHBoxLayout(help);
    helpRow->setContentsMargins(kPaneSide - kFrame, kStep2, kPaneSide - kFrame, kStep2);
    helpRow->setSpacing(kStep2);
    auto *info = new IconLabel(QStringLiteral("info"), Ink::Muted);
    helpRow->addWidget(info, 0, Qt::AlignTop);
    m_help = mutedLabel(tr("Click into a field to read what it does."));
    info->setFixedHeight(m_help->sizeHint().height()); // of one line, also where there are more
    m_help->setWordWrap(true);
    helpRow->addWidget(m_help, 1);
    rows->addWidget(help);
    connect(m_form, &SettingsForm::fieldFocused, m_help, &QLabel::setText);
    connect(m_form, &SettingsForm::changed, this, &TrainPage::settingsChanged);
    column->addWidget(card);
}

} // namespace fettle::ui
