// The columns of the Playground: base, tuned, and up to four more that people add. See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/frame/dialogs.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/batchview.h"
#include "ui/playground/blindvote.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/pastturn.h"
#include "ui/playground/shiftlegend.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QScrollBar>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr std::size_t kMostMore = 4;      // beside base and tuned
constexpr std::size_t kMenuChoices = 16;  // the newest results; the list in the column has them all

QHBoxLayout *columnRow()
{
    auto *row = new QHBoxLayout;
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    return row;
}

// The run that learns now answers between its steps. Full fine-tuning changes the base itself: there is no adapter to copy.
bool canAnswerLive(const engine::RunInfo &run)
{
    return run.state == engine::RunState::Running && run.method != "full";
}

} // namespace

// Heads above the questions that span them, answers below each, so that the eye moves sideways; many columns scroll sideways together.
QWidget *PlaygroundPage::makeColumns()
{
    auto *pane = new Pane(Surface::Page);
    auto *rows = new QVBoxLayout(pane);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    m_base = {new ColumnHead(true), new AnswerColumn(true), 1};
    m_tuned = {new ColumnHead(false), new AnswerColumn(false), 2};
    m_tunedStack = new QStackedWidget;
    m_tunedStack->addWidget(m_tuned.answer);
    m_tunedStack->addWidget(makeNoResult());
    m_heads = columnRow();
    m_answers = columnRow();
    m_heads->addWidget(columnCell(m_base.head, false), 1);
    m_heads->addWidget(columnCell(m_tuned.head, true), 1);
    m_answers->addWidget(columnCell(m_base.answer, false), 1);
    m_answers->addWidget(columnCell(m_tunedStack, true), 1);
    rows->addLayout(m_heads);
    m_shiftLegend = new ShiftLegend;
    m_shiftLegend->hide();
    rows->addWidget(m_shiftLegend);
    auto *live = new QWidget;
    auto *liveRows = new QVBoxLayout(live);
    liveRows->setContentsMargins(0, 0, 0, 0);
    liveRows->setSpacing(0);
    liveRows->addWidget(makeQuestionLine());
    liveRows->addLayout(m_answers, 1);
    auto *line = new Separator; // where the first question with its own line has been scrolled away
    line->setObjectName(QStringLiteral("headLine"));
    QSizePolicy keepsItsPlace = line->sizePolicy();
    keepsItsPlace.setRetainSizeWhenHidden(true);
    line->setSizePolicy(keepsItsPlace);
    line->hide();
    rows->addWidget(line);
    rows->addWidget(makeTurns(live), 1);
    connect(m_turnScroll->verticalScrollBar(), &QScrollBar::valueChanged, line, [line](int value) { line->setVisible(value > 0); });
    connectSide(m_base);
    connectSide(m_tuned);
    m_columnScroll = new QScrollArea;
    m_columnScroll->setObjectName(QStringLiteral("columns"));
    m_columnScroll->setWidget(pane);
    m_columnScroll->setWidgetResizable(true);
    m_columnScroll->setFrameShape(QFrame::NoFrame);
    m_columnScroll->setFocusPolicy(Qt::NoFocus);
    m_columnScroll->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    connect(m_columnScroll->horizontalScrollBar(), &QScrollBar::valueChanged, this, &PlaygroundPage::keepQuestionInView);
    connect(m_columnScroll->horizontalScrollBar(), &QScrollBar::rangeChanged, this, &PlaygroundPage::keepQuestionInView);
    auto *whole = new QWidget;
    auto *besides = columnRow();
    whole->setLayout(besides);
    besides->addWidget(m_columnScroll, 1);
    besides->addWidget(m_turnBar);
    return whole;
}

void PlaygroundPage::connectSide(Side &side)
{
    connect(side.answer, &AnswerColumn::tokenChosen, this, [this, &side] { showToken(side); });
    side.answer->setShaded(m_shiftAction->isChecked());
    side.answer->setBeside([this, &side](int index) {
        const auto token = tokenBeside(side, index);
        const Side *other = besideOf(side);
        return token && other != nullptr ? std::optional(AnswerColumn::Beside{*token, shortName(*other)}) : std::nullopt;
    });
    connect(side.answer, &AnswerColumn::correctionWanted, this, [this, &side] { correct(side); });
    connect(side.answer, &AnswerColumn::reasonWanted, this, [this, &side] { explain(side); });
    connect(side.head, &ColumnHead::mixingChanged, this, &PlaygroundPage::updateColumns);
}

// The question and its button stay where they are while the columns below them scroll.
void PlaygroundPage::keepQuestionInView()
{
    const QScrollBar *bar = m_columnScroll->horizontalScrollBar();
    m_questionRow->setContentsMargins(kPaneSide + bar->value(), 0, kStep2 + bar->maximum() - bar->value(), 0);
    for (PastTurn *turn : m_pastTurns)
        if (turn != nullptr)
            turn->keepQuestionInView(bar->value(), bar->maximum() - bar->value());
}

std::vector<PlaygroundPage::Side *> PlaygroundPage::sides()
{
    std::vector<Side *> all{&m_base, &m_tuned};
    for (const auto &side : m_more)
        all.push_back(side.get());
    return all;
}

void PlaygroundPage::readChoices()
{
    if (bridge().project() == nullptr)
        return;
    bridge().read<std::vector<AdapterChoice>>(
        this,
        [model = bridge().baseModel()](const ProjectApi *project, const JobContext &job) -> Result<std::vector<AdapterChoice>> {
            std::vector<AdapterChoice> choices;
            if (project == nullptr)
                return choices;
            auto runs = project->runs();
            if (!runs)
                return passError(runs);
            const auto base = job.engine.resolveModel(model);
            for (auto run = runs->rbegin(); run != runs->rend(); ++run) {
                const std::string id = std::to_string(run->id.value);
                std::error_code problem;
                // A run that learnt on another base answers on that one, where it is still there.
                const bool isOther = base && !run->modelPath.empty() && run->modelPath != base->string() && std::filesystem::exists(run->modelPath, problem);
                const std::string other = isOther ? run->modelPath : std::string();
                if (!run->adapter.empty())
                    choices.push_back({tr("%1, step %2").arg(QString::fromStdString(run->name)).arg(run->step), id, other});
                auto checkpoints = project->checkpoints(run->id);
                if (!checkpoints)
                    return passError(checkpoints);
                for (auto checkpoint = checkpoints->rbegin(); checkpoint != checkpoints->rend(); ++checkpoint)
                    if (run->adapter.empty() || checkpoint->step != run->step)
                        choices.push_back({tr("%1, checkpoint %2").arg(QString::fromStdString(run->name)).arg(checkpoint->step), id + "@" + std::to_string(checkpoint->step), other});
            }
            return choices;
        },
        [this](Result<std::vector<AdapterChoice>> choices) {
            if (choices)
                showChoices(*choices);
            else
                context().showMessage(messageOf(choices.error()));
        },
        "playgroundChoices");
}

std::vector<AdapterChoice> PlaygroundPage::allChoices() const
{
    std::vector<AdapterChoice> all = m_choices;
    all.insert(all.end(), m_added.begin(), m_added.end());
    return all;
}

void PlaygroundPage::showChoices(const std::vector<AdapterChoice> &choices)
{
    m_choices = choices;
    if (const engine::RunInfo &run = bridge().activeRunInfo(); canAnswerLive(run))
        m_choices.insert(m_choices.begin(), {tr("%1, learning now").arg(QString::fromStdString(run.name)), engine::kLiveAdapter, {}});
    m_tuned.head->setChoices(m_choices);
    for (const auto &side : m_more)
        side->head->setChoices(allChoices());
    m_vote->setChoices(choices);
    m_batch->setChoices(choices);
    if (!m_wanted.isEmpty()) {
        m_tuned.head->choose(m_wanted.toStdString());
        m_vote->choose(m_wanted.toStdString());
        m_batch->choose(m_wanted.toStdString());
    }
    m_wanted.clear();
    m_tunedStack->setCurrentIndex(m_choices.empty() ? 1 : 0);
    updateActions();
}

// The other base models on this computer that can write text.
void PlaygroundPage::readModels()
{
    bridge().readSlowly<std::vector<AdapterChoice>>(
        this,
        [model = bridge().baseModel()](const ProjectApi *, const JobContext &job) -> Result<std::vector<AdapterChoice>> {
            auto models = job.engine.libraryModels({}, {}, job.stop);
            if (!models)
                return passError(models);
            const auto base = job.engine.resolveModel(model);
            std::vector<AdapterChoice> choices;
            for (const auto &found : *models)
                if (found.parameters > 0 && !found.tokenizer.empty() && !(base && found.path == base->string()))
                    choices.push_back({QString::fromStdString(found.name), "base", found.path});
            return choices;
        },
        [this](Result<std::vector<AdapterChoice>> models) {
            if (!models) // the Models page says what is wrong
                return;
            m_models = std::move(*models);
            m_batch->setModels(m_models);
        },
        "playgroundModels");
}

void PlaygroundPage::openColumnMenu()
{
    if (bridge().project() == nullptr || m_more.size() >= kMostMore)
        return;
    auto *menu = new QMenu(m_addButton);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->setObjectName(QStringLiteral("columnMenu"));
    const auto add = [this](QMenu *to, const AdapterChoice &choice) {
        connect(to->addAction(QString(choice.text).replace(QLatin1Char('&'), QLatin1String("&&"))), &QAction::triggered, this, [this, choice] { addColumn(choice); });
    };
    for (std::size_t i = 0; i < std::min(m_choices.size(), kMenuChoices); ++i)
        add(menu, m_choices[i]);
    menu->addSeparator();
    connect(menu->addAction(tr("Adapter from a folder...")), &QAction::triggered, this, &PlaygroundPage::addFromFolder);
    QMenu *models = menu->addMenu(tr("Another base model"));
    for (const AdapterChoice &model : m_models)
        add(models, model);
    models->setEnabled(!m_models.empty());
    menu->popup(m_addButton->mapToGlobal(QPoint(0, m_addButton->height() + kStep1)));
}

void PlaygroundPage::addFromFolder()
{
    const QString folder = context().dialogs.openFolder(this, tr("Folder of an adapter"));
    if (folder.isEmpty())
        return;
    bridge().inspectModel(folder.toStdString(), this, [this, folder](Result<engine::Inspection> found) {
        if (!found) {
            context().showMessage(messageOf(found.error()));
            return;
        }
        const std::string path = folder.toStdString();
        const QString name = folder.section(QLatin1Char('/'), -1, -1, QString::SectionSkipEmpty);
        if (found->kind == "adapter")
            addColumn({name, path});
        else if (found->kind == "model" || found->kind == "gguf")
            addColumn({name, "base", path});
        else
            context().showMessage({MessageTone::Bad, tr("%1 is neither an adapter nor a model.").arg(folder), tr("Choose the folder that holds adapter_config.json or config.json."), {}, {}, {}});
    });
}

void PlaygroundPage::addColumn(const AdapterChoice &choice)
{
    if (m_more.size() >= kMostMore)
        return;
    if (std::ranges::find(m_choices, choice) == m_choices.end() && std::ranges::find(m_added, choice) == m_added.end()) {
        m_added.push_back(choice);
        for (const auto &side : m_more)
            side->head->setChoices(allChoices());
    }
    int number = 3;
    while (std::ranges::any_of(m_more, [number](const auto &known) { return known->number == number; }))
        ++number;
    Side &side = *m_more.emplace_back(std::make_unique<Side>(Side{new ColumnHead(false, number), new AnswerColumn(false, number), number}));
    side.head->setChoices(allChoices());
    side.head->choose(choice.adapter, choice.model);
    m_heads->addWidget(columnCell(side.head, true), 1);
    m_answers->addWidget(columnCell(side.answer, true), 1);
    connectSide(side);
    connect(side.head, &ColumnHead::removalWanted, this, [this, own = &side] { removeColumn(own); }, Qt::QueuedConnection);
    forgetTurns();
    QMetaObject::invokeMethod(this, &PlaygroundPage::updateTurns, Qt::QueuedConnection); // once for all that are added now
    updateActions();
    m_composer->setFocus();
    QMetaObject::invokeMethod(this, [this] { m_columnScroll->horizontalScrollBar()->setValue(m_columnScroll->horizontalScrollBar()->maximum()); }, Qt::QueuedConnection);
}

void PlaygroundPage::removeColumn(const Side *side)
{
    const auto found = std::ranges::find_if(m_more, [&](const auto &known) { return known.get() == side; });
    if (found == m_more.end())
        return;
    stopAnswers();
    forgetReadings();
    std::erase(m_columns, side);
    delete side->head->parentWidget();
    delete side->answer->parentWidget();
    m_more.erase(found);
    forgetTurns();
    updateTurns();
    if (isVisible())
        m_composer->setFocus();
    updateDivergence();
    updateShift();
    updateActions();
}

void PlaygroundPage::removeColumnWithFocus()
{
    for (const auto &side : m_more) {
        if (side->head->parentWidget()->isAncestorOf(focusWidget()) || side->answer->parentWidget()->isAncestorOf(focusWidget()))
            return removeColumn(side.get());
    }
    if (!m_more.empty())
        removeColumn(m_more.back().get());
}

void PlaygroundPage::forgetColumns()
{
    while (!m_more.empty())
        removeColumn(m_more.back().get());
    m_added.clear();
    m_models.clear();
}

void PlaygroundPage::updateColumns()
{
    const bool isFull = m_more.size() >= kMostMore, hasProject = bridge().project() != nullptr;
    const QString full = tr("Six columns are the most: remove one first.");
    m_addButton->setEnabled(!isFull && hasProject);
    m_addButton->setToolTip(isFull ? full : tr("One more answer beside the others: a run, a checkpoint, an adapter from a folder or another base model."));
    setActionPossible(m_addAction, !isFull && hasProject, isFull ? full : tr("Open a project first."));
    setActionPossible(m_removeAction, !m_more.empty(), tr("Base and tuned stay."));
    const auto all = sides();
    const bool isAnyMixing = std::ranges::any_of(all, [](const Side *side) { return side->head->isMixing(); });
    for (const Side *side : all)
        side->head->setTall(isAnyMixing);
    for (const Side *side : m_columns) {
        const bool isRun = !side->asked.adapter.empty() && std::isdigit(static_cast<unsigned char>(side->asked.adapter.front())) != 0 && side->asked.model.empty();
        side->answer->setReasonPossible(isRun, tr("Only a run of this project has training rows to look through."));
    }
    const bool isAlone = m_choices.empty() && m_more.empty();
    m_composer->setPlaceholderText(isAlone ? tr("Ask the base model") : m_more.empty() ? tr("Ask both models") : tr("Ask all columns"));
    m_composer->viewport()->update(); // Qt does not paint the new text by itself
    m_send->setText(isAlone ? tr("Send") : tr("Send to all"));
}

// Each column leaves the base where it does; the base is marked where the first of them leaves.
void PlaygroundPage::updateDivergence()
{
    int earliest = -1;
    for (Side *side : m_columns) {
        if (side == &m_base || side->isOtherBase)
            continue;
        if (m_base.answer->answer().empty() || side->answer->answer().empty()) { // not begun, or out of the history, which has texts only
            side->answer->setDivergence(-1);
            continue;
        }
        const int token = firstDifference(m_base.answer->answer(), m_base.answer->isFinished(), side->answer->answer(), side->answer->isFinished());
        side->answer->setDivergence(token);
        if (token >= 0 && (earliest < 0 || token < earliest))
            earliest = token;
    }
    if (m_columns.size() > 1)
        m_base.answer->setDivergence(earliest);
}

} // namespace fettle::ui
