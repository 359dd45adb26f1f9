// See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/frame/dialogs.h"
#include "ui/frame/modelname.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/batchview.h"
#include "ui/playground/blindvote.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/exportdialog.h"
#include "ui/playground/samplingbar.h"
#include "ui/playground/tokenpane.h"
#include "ui/theme/icons.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/words.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPlainTextEdit>
#include <QStackedWidget>

namespace fettle::ui {

namespace {

constexpr int kQuestionRole = Qt::UserRole, kSystemRole = Qt::UserRole + 1;
constexpr int kSuggestedQuestions = 12; // held-out rows offered as prompts
constexpr int kMenuTextLength = 80;

bool hasAnswer(const engine::RunInfo &run)
{
    return !run.adapter.empty();
}

// The run that learns now answers between its steps. Full fine-tuning changes the base itself: there is no adapter to copy.
bool canAnswerLive(const engine::RunInfo &run)
{
    return run.state == engine::RunState::Running && run.method != "full";
}

} // namespace

PlaygroundPage::PlaygroundPage(const PageContext &pageContext, QWidget *parent) : Page(pageContext, parent)
{
    setupActions();
    setupLayout();
    connectBridge();
    updateActions();
}

void PlaygroundPage::connectBridge()
{
    connect(&bridge(), &Bridge::runsChanged, this, &PlaygroundPage::readChoices);
    connect(&bridge(), &Bridge::runEnded, this, &PlaygroundPage::readChoices);
    connect(&bridge(), &Bridge::checkpointed, this, &PlaygroundPage::readChoices);
    connect(&bridge(), &Bridge::promptsChanged, this, &PlaygroundPage::readPrompts);
    connect(&bridge(), &Bridge::settingsChanged, this,
            [this] { readModelName(bridge(), this, "playgroundModel", [this](const QString &name) { m_base.head->setBaseName(name); }); });
    connect(&bridge(), &Bridge::answerStarted, this, [this](JobId job, const std::vector<engine::ColumnBadge> &badges, qint64 promptTokens) {
        if (job != m_job)
            return;
        for (std::size_t i = 0; i < badges.size(); ++i)
            if (const Side *side = sideOf(i))
                side->head->setBadges(badges[i], m_seed);
        m_sideState = tr("%1 tokens read by every column").arg(countText(promptTokens));
        updateHead();
    });
    connect(&bridge(), &Bridge::tokensGenerated, this, [this](JobId job, const std::vector<engine::GeneratedToken> &tokens) {
        if (job != m_job)
            return;
        for (const auto &token : tokens)
            if (const Side *side = sideOf(static_cast<std::size_t>(token.column)))
                side->answer->append(token);
        updateDivergence();
    });
    connect(&bridge(), &Bridge::columnFinished, this, [this](JobId job, int column, const engine::ColumnResult &result) {
        const Side *side = job == m_job ? sideOf(static_cast<std::size_t>(column)) : nullptr;
        if (side == nullptr)
            return;
        side->answer->finish(result);
        updateDivergence();
    });
}

PlaygroundPage::Side *PlaygroundPage::sideOf(std::size_t column)
{
    return column < m_columns.size() ? m_columns[column] : nullptr;
}

void PlaygroundPage::setProject()
{
    stopAnswers();
    m_hasRead = false;
    m_wanted.clear();
    m_asked = {};
    m_columns.clear();
    m_questionLine->setText(tr("Ask something below, or choose one of the questions."));
    for (const Side &side : {m_base, m_tuned}) {
        side.answer->clear();
        side.head->clearBadges();
    }
    m_prompts->clear();
    m_composer->clear();
    m_tuned.head->setChoices({});
    m_tunedStack->setCurrentIndex(0); // whether there is a result is not known yet
    m_sideState.clear();
    m_vote->setProject();
    m_batch->setProject();
    updateActions();
    if (bridge().project() == nullptr)
        return;
    readModelName(bridge(), this, "playgroundModel", [this](const QString &name) { m_base.head->setBaseName(name); });
    m_system->setText(bridge().settingText("defaultSystem"));
    if (isVisible())
        onShown();
}

void PlaygroundPage::onShown()
{
    if (bridge().project() == nullptr)
        return;
    if (!m_hasRead) {
        m_hasRead = true;
        readPrompts();
    }
    readChoices();
    m_vote->setActive(m_modes->currentIndex() == Vote);
    m_batch->setActive(m_modes->currentIndex() == Batch);
    if (m_modes->currentIndex() == SideBySide)
        m_composer->setFocus();
}

void PlaygroundPage::openTarget(const QString &target)
{
    const QStringList words = target.split(QLatin1Char(' '));
    if (words.value(0) != QLatin1String("run"))
        return;
    m_wanted = words.size() > 2 ? words[1] + QLatin1Char('@') + words[2] : words.value(1);
    readChoices();
}

void PlaygroundPage::readChoices()
{
    if (bridge().project() == nullptr)
        return;
    bridge().read<std::vector<AdapterChoice>>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<std::vector<AdapterChoice>> {
            std::vector<AdapterChoice> choices;
            if (project == nullptr)
                return choices;
            auto runs = project->runs();
            if (!runs)
                return passError(runs);
            for (auto run = runs->rbegin(); run != runs->rend(); ++run) {
                const std::string id = std::to_string(run->id.value);
                if (hasAnswer(*run))
                    choices.push_back({tr("%1, step %2").arg(QString::fromStdString(run->name)).arg(run->step), id});
                auto checkpoints = project->checkpoints(run->id);
                if (!checkpoints)
                    return passError(checkpoints);
                for (auto checkpoint = checkpoints->rbegin(); checkpoint != checkpoints->rend(); ++checkpoint)
                    if (!hasAnswer(*run) || checkpoint->step != run->step)
                        choices.push_back({tr("%1, checkpoint %2").arg(QString::fromStdString(run->name)).arg(checkpoint->step), id + "@" + std::to_string(checkpoint->step)});
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

void PlaygroundPage::showChoices(const std::vector<AdapterChoice> &choices)
{
    std::vector<AdapterChoice> answering = choices;
    if (const engine::RunInfo &run = bridge().activeRunInfo(); canAnswerLive(run))
        answering.insert(answering.begin(), {tr("%1, learning now").arg(QString::fromStdString(run.name)), engine::kLiveAdapter});
    m_tuned.head->setChoices(answering);
    m_vote->setChoices(choices);
    m_batch->setChoices(choices);
    if (!m_wanted.isEmpty()) {
        m_tuned.head->choose(m_wanted.toStdString());
        m_vote->choose(m_wanted.toStdString());
        m_batch->choose(m_wanted.toStdString());
    }
    m_wanted.clear();
    m_tunedStack->setCurrentIndex(answering.empty() ? 1 : 0);
    m_composer->setPlaceholderText(answering.empty() ? tr("Ask the base model") : tr("Ask both models"));
    m_send->setText(answering.empty() ? tr("Send") : tr("Send to all"));
    updateActions();
}

void PlaygroundPage::readPrompts()
{
    if (bridge().project() == nullptr)
        return;
    struct Prompt { QString text, system; bool isSaved; };
    bridge().read<std::vector<Prompt>>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<std::vector<Prompt>> {
            std::vector<Prompt> prompts;
            if (project == nullptr)
                return prompts;
            auto saved = project->prompts();
            if (!saved)
                return passError(saved);
            for (const auto &prompt : *saved)
                prompts.push_back({QString::fromStdString(prompt.text), QString::fromStdString(prompt.system), true});
            engine::RecordFilter filter;
            filter.splits = {data::Split::HeldOut};
            auto ids = project->recordIds(filter);
            if (!ids)
                return passError(ids);
            ids->resize(std::min<std::size_t>(ids->size(), kSuggestedQuestions));
            for (const RecordId id : *ids)
                if (auto record = project->record(id))
                    prompts.push_back({QString::fromUtf8(data::instructionOf(*record).data(), static_cast<qsizetype>(data::instructionOf(*record).size())), {}, false});
            return prompts;
        },
        [this](Result<std::vector<Prompt>> prompts) {
            if (!prompts) {
                context().showMessage(messageOf(prompts.error()));
                return;
            }
            const QSignalBlocker blocker(m_prompts);
            m_prompts->clear();
            for (const auto &prompt : *prompts) {
                auto *item = new QListWidgetItem(icon(prompt.isSaved ? QStringLiteral("bookmark") : QStringLiteral("notebook-text"), Ink::Muted), prompt.text.simplified());
                item->setData(kQuestionRole, prompt.text);
                if (prompt.isSaved)
                    item->setData(kSystemRole, prompt.system);
                item->setToolTip(prompt.isSaved ? tr("Saved: %1").arg(prompt.text) : tr("Held out, never seen in training: %1").arg(prompt.text));
                m_prompts->addItem(item);
            }
        },
        "playgroundPrompts");
}

void PlaygroundPage::showPrompt(QListWidgetItem *item)
{
    if (item == nullptr)
        return;
    m_composer->setPlainText(item->data(kQuestionRole).toString());
    if (const QVariant system = item->data(kSystemRole); system.isValid())
        m_system->setText(system.toString()); // it was saved with the question
}

// Where the list has no room.
void PlaygroundPage::openPromptMenu()
{
    auto *menu = new QMenu(m_promptButton);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->setToolTipsVisible(true);
    for (int i = 0; i < m_prompts->count(); ++i) {
        QListWidgetItem *item = m_prompts->item(i);
        const QString text = item->text().size() > kMenuTextLength ? item->text().left(kMenuTextLength) + QChar(0x2026) : item->text();
        QAction *action = menu->addAction(QString(text).replace(QLatin1Char('&'), QLatin1String("&&")));
        action->setToolTip(item->toolTip());
        connect(action, &QAction::triggered, this, [this, i] { showPrompt(m_prompts->item(i)); });
    }
    menu->addSeparator();
    connect(menu->addAction(tr("Save this prompt")), &QAction::triggered, this, &PlaygroundPage::savePrompt);
    menu->popup(m_promptButton->mapToGlobal(QPoint(0, m_promptButton->height() + measure::kStep1)));
}

void PlaygroundPage::savePrompt()
{
    const QString text = m_composer->toPlainText().trimmed();
    if (text.isEmpty() || bridge().project() == nullptr)
        return;
    engine::SavedPrompt prompt;
    prompt.title = text.left(60).toStdString();
    prompt.text = text.toStdString();
    prompt.system = m_system->text().toStdString();
    bridge().write<std::int64_t>(Touched::Prompts, this, [prompt](ProjectApi &project, const JobContext &) { return project.savePrompt(prompt); },
                                 [this](Result<std::int64_t> saved) {
                                     if (!saved)
                                         context().showMessage(messageOf(saved.error()));
                                 });
}

void PlaygroundPage::askWritten()
{
    ask({m_composer->toPlainText(), m_system->text()});
}

void PlaygroundPage::askAgain()
{
    if (m_job != 0 || m_asked.text.isEmpty())
        return;
    m_sampling->chooseAnotherSeed();
    ask(m_asked);
}

void PlaygroundPage::ask(const Question &question)
{
    if (question.text.trimmed().isEmpty() || m_job != 0 || bridge().project() == nullptr)
        return;
    m_asked = question;
    engine::GenerateRequest request;
    request.sampling = m_sampling->sampling();
    m_seed = request.sampling.seed;
    m_sampling->setSeed(m_seed); // an empty field is seed 0, and says so
    if (!question.system.isEmpty())
        request.conversation.push_back({data::Role::System, question.system.toStdString(), {}});
    request.conversation.push_back({data::Role::User, question.text.toStdString(), {}});
    m_columns = {&m_base};
    if (m_tuned.head->hasChoice())
        m_columns.push_back(&m_tuned);
    m_questionLine->setText(question.text.simplified());
    for (const Side *side : m_columns) {
        request.columns.push_back(side->head->choice());
        side->head->clearBadges();
        side->answer->begin();
    }
    if (bridge().isRunActive())
        m_sideState = tr("Answered as soon as the training has done its present step.");
    // The number of the job is known only after the call; the answer comes later still.
    auto job = std::make_shared<JobId>(0);
    *job = m_job = bridge().generate(bridge().baseModel(), request, this, [this, job](Result<std::vector<engine::ColumnResult>> results) {
        if (*job != m_job)
            return; // stopped, and perhaps asked anew
        if (!results && results.error().code != ErrorCode::Cancelled)
            context().showMessage(messageOf(results.error()));
        endAnswers(results ? tr("ended") : results.error().code == ErrorCode::Cancelled ? tr("stopped") : tr("no answer"));
    });
    updateActions();
}

// Ends at once for the eye, too: a question that still waits behind other work is never reported back.
void PlaygroundPage::stopAnswers()
{
    if (m_job == 0)
        return;
    bridge().cancel(m_job);
    endAnswers(tr("stopped"));
}

void PlaygroundPage::endAnswers(const QString &why)
{
    m_job = 0;
    for (const Side *side : m_columns)
        side->answer->stop(why);
    updateDivergence();
    updateActions();
}

void PlaygroundPage::updateDivergence()
{
    if (m_columns.size() < 2)
        return;
    const int token = firstDifference(m_base.answer->answer(), m_base.answer->isFinished(), m_tuned.answer->answer(), m_tuned.answer->isFinished());
    m_base.answer->setDivergence(token);
    m_tuned.answer->setDivergence(token);
}

void PlaygroundPage::showToken(const Side &own, const Side &other)
{
    const auto index = own.answer->chosenToken();
    if (!index)
        return;
    other.answer->chooseToken({}); // one place at a time
    // Both have read the same words only up to the first that differs, that one included.
    const auto &others = other.answer->answer();
    const int divergence = own.answer->divergence();
    const bool isComparable = m_columns.size() > 1 && (divergence < 0 || *index <= divergence) && static_cast<std::size_t>(*index) < others.size();
    own.answer->tokenPane().showToken(*index, own.answer->answer()[static_cast<std::size_t>(*index)], own.head->columnName().section(QLatin1Char(','), 0, 0),
                                      &own == &m_tuned, isComparable ? &others[static_cast<std::size_t>(*index)] : nullptr,
                                      other.head->columnName().section(QLatin1Char(','), 0, 0));
}

void PlaygroundPage::updateActions()
{
    const bool isBusy = m_job != 0;
    const bool hasQuestion = !m_composer->toPlainText().trimmed().isEmpty();
    m_send->setEnabled(!isBusy && hasQuestion);
    m_stop->setEnabled(isBusy);
    setActionPossible(m_sendAction, !isBusy && hasQuestion, isBusy ? tr("The models are answering.") : tr("Write a question first."));
    setActionPossible(m_againAction, !isBusy && !m_asked.text.isEmpty(), isBusy ? tr("The models are answering.") : tr("Ask something first."));
    setActionPossible(m_stopAction, isBusy, tr("Nothing is being answered."));
    const bool hasChoice = m_tuned.head->hasChoice();
    const bool isLive = m_tuned.head->choice().adapter == engine::kLiveAdapter;
    const bool canExport = hasChoice && !isLive;
    const QString noExport = isLive ? tr("This run goes on learning: export one of its checkpoints, or its result.") : tr("Train first: there is no result yet.");
    const bool hasAnswers = !isBusy && !m_base.answer->answer().empty();
    for (QAction *action : {m_copyAction, m_pictureAction, m_correctAction})
        setActionPossible(action, hasAnswers, isBusy ? tr("The models are answering.") : tr("Ask something first."));
    setActionPossible(m_exportAction, canExport, noExport);
    m_exportButton->setEnabled(canExport);
    m_exportButton->setToolTip(canExport ? tr("Writes the chosen result for other programs, then reads it back as a proof.") : noExport);
    if (!hasChoice && m_tunedStack->currentIndex() == 1)
        m_sideState = tr("Only the base model can answer yet: no run has a result.");
    else if (!isBusy && m_base.answer->answer().empty())
        m_sideState = tr("One question, the same seed, side by side.");
    updateHead();
}

void PlaygroundPage::exportResult()
{
    auto *dialog = new ExportDialog(context(), m_tuned.head->choice().adapter, m_tuned.head->columnName(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open(); // answers that are under way go on behind it
}

bool PlaygroundPage::eventFilter(QObject *watched, QEvent *event)
{
    // Ctrl+Enter would otherwise be a line break in the field.
    if (watched == m_composer && event->type() == QEvent::KeyPress) {
        const auto *key = static_cast<QKeyEvent *>(event);
        if ((key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) && key->modifiers().testFlag(Qt::ControlModifier)) {
            askWritten();
            return true;
        }
    }
    return Page::eventFilter(watched, event);
}

} // namespace fettle::ui
