// See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/frame/dialogs.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/samplingbar.h"
#include "ui/theme/icons.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kQuestionRole = Qt::UserRole;
constexpr int kSuggestedQuestions = 12; // held-out rows offered as prompts

bool hasAnswer(const engine::RunInfo &run)
{
    return !run.adapter.empty();
}

} // namespace

PlaygroundPage::PlaygroundPage(const PageContext &pageContext, QWidget *parent) : Page(pageContext, parent)
{
    setupActions();
    setupLayout();
    connectBridge();
    updateActions();
}

void PlaygroundPage::setupActions()
{
    m_sendAction = addPageAction(QStringLiteral("askModels"), tr("Ask base and tuned model"), QStringLiteral("send"), QKeySequence(Qt::CTRL | Qt::Key_Return),
                                 tr("Both models answer the same question with the same seed."), [this] { ask(); });
    m_stopAction = addPageAction(QStringLiteral("stopAnswers"), tr("Stop the answers"), QStringLiteral("circle-stop"), QKeySequence(Qt::Key_Escape),
                                 tr("Ends both answers where they are."), [this] { stopAnswers(); });
    m_exportPeft = addPageAction(QStringLiteral("exportPeft"), tr("Export the adapter (PEFT)..."), QStringLiteral("share"), {},
                                 tr("Writes what was learnt as a small folder that PEFT and Transformers load."), [this] { exportResult("peft"); });
    m_exportMerged = addPageAction(QStringLiteral("exportMerged"), tr("Export the merged model..."), QStringLiteral("package-check"), {},
                                   tr("Writes a complete model folder with the adapter folded in."), [this] { exportResult("merged"); });
    addPageAction(QStringLiteral("savePrompt"), tr("Save this prompt"), QStringLiteral("bookmark"), {}, tr("Keeps the question in the project."), [this] { savePrompt(); });
}

void PlaygroundPage::setupLayout()
{
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    m_head = new PageHead(tr("Playground"));
    auto *adapter = new Button(tr("Export adapter..."), QStringLiteral("share"), m_exportPeft->statusTip());
    adapter->followAction(m_exportPeft);
    auto *merged = new Button(tr("Export merged..."), QStringLiteral("package-check"), m_exportMerged->statusTip());
    merged->followAction(m_exportMerged);
    m_head->addAction(adapter);
    m_head->addAction(merged);
    outer->addWidget(m_head);
    auto *columns = new QHBoxLayout;
    columns->setSpacing(0);
    columns->addWidget(makePrompts());
    auto *right = new QVBoxLayout;
    right->setSpacing(0);
    auto *bar = new Pane(Surface::Window, Qt::BottomEdge);
    auto *barRow = new QHBoxLayout(bar);
    barRow->setContentsMargins(0, 0, 0, 0);
    m_sampling = new SamplingBar;
    barRow->addWidget(m_sampling);
    right->addWidget(bar);

    auto *answers = new Pane(Surface::Page);
    auto *answerRows = new QVBoxLayout(answers);
    answerRows->setContentsMargins(0, 0, 0, 0);
    answerRows->setSpacing(0);
    auto *question = new Pane(Surface::Window, Qt::BottomEdge);
    question->setFixedHeight(kHealthBar);
    auto *questionRow = new QHBoxLayout(question);
    questionRow->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    m_question = new ElidedLabel(tr("Ask something below, or choose a question at the left."), TextSize::Body, Weight::SemiBold);
    questionRow->addWidget(m_question, 1);
    answerRows->addWidget(question);
    auto *sides = new QHBoxLayout;
    sides->setSpacing(0);
    m_base = new AnswerColumn(true);
    m_tuned = new AnswerColumn(false);
    sides->addWidget(m_base, 1);
    sides->addWidget(new Separator(Qt::Vertical));
    sides->addWidget(m_tuned, 1);
    answerRows->addLayout(sides, 1);
    right->addWidget(answers, 1);
    right->addWidget(makeComposer());
    columns->addLayout(right, 1);
    outer->addLayout(columns, 1);
}

QWidget *PlaygroundPage::makePrompts()
{
    m_promptPane = new Pane(Surface::Window, Qt::RightEdge);
    m_promptPane->setFixedWidth(kSideList);
    auto *column = new QVBoxLayout(m_promptPane);
    column->setContentsMargins(0, kPaneTop, 1, kPaneTop);
    column->setSpacing(kStep2);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    head->addWidget(sectionLabel(tr("Questions")));
    column->addLayout(head);
    m_prompts = new QListWidget;
    m_prompts->setFrameShape(QFrame::NoFrame);
    m_prompts->setAccessibleName(tr("Saved and held-out questions"));
    m_prompts->setToolTip(tr("A click puts the question into the field below; a double click asks it."));
    m_prompts->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_prompts->setTextElideMode(Qt::ElideRight);
    m_prompts->setUniformItemSizes(true);
    m_prompts->setIconSize({kIconSmall, kIconSmall});
    m_prompts->viewport()->setAutoFillBackground(false);
    connect(m_prompts, &QListWidget::currentItemChanged, this, [this](QListWidgetItem *item) { showPrompt(item); });
    connect(m_prompts, &QListWidget::itemDoubleClicked, this, [this] { ask(); });
    auto *list = new QHBoxLayout;
    list->setContentsMargins(kStep2, 0, 0, 0);
    list->addWidget(m_prompts);
    column->addLayout(list, 1);
    auto *foot = new QHBoxLayout;
    foot->setContentsMargins(kStep2, 0, kPaneSide, 0);
    auto *save = quietButton(tr("Save this prompt"), QStringLiteral("plus"), tr("Keeps the question in the project."));
    connect(save, &QPushButton::clicked, this, &PlaygroundPage::savePrompt);
    foot->addWidget(save);
    foot->addStretch(1);
    column->addLayout(foot);
    return m_promptPane;
}

QWidget *PlaygroundPage::makeComposer()
{
    auto *pane = new Pane(Surface::Window, Qt::TopEdge);
    auto *rows = new QVBoxLayout(pane);
    rows->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    rows->setSpacing(kStep2);
    m_composer = new QPlainTextEdit;
    m_composer->setPlaceholderText(tr("Ask both models"));
    m_composer->setAccessibleName(tr("Question"));
    m_composer->setToolTip(tr("The question that both models get, word for word the same."));
    m_composer->setObjectName(QStringLiteral("question"));
    m_composer->setTabChangesFocus(true);
    m_composer->setFixedHeight(60);
    m_composer->installEventFilter(this);
    connect(m_composer, &QPlainTextEdit::textChanged, this, &PlaygroundPage::updateActions);
    rows->addWidget(m_composer);
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep2);
    line->addWidget(new IconLabel(QStringLiteral("message-square"), Ink::Muted, kIconSmall));
    auto *label = mutedLabel(tr("System prompt"));
    line->addWidget(label);
    m_system = new QLineEdit;
    m_system->setAccessibleName(tr("System prompt"));
    m_system->setToolTip(tr("Stands before the question; usually the one that was used in training."));
    label->setBuddy(m_system);
    line->addWidget(m_system, 1);
    m_stop = new Button(tr("Stop"), {}, tr("Ends both answers where they are."));
    m_stop->setHeight(kButtonLarge);
    m_stop->setKeyHint(tr("Esc"));
    connect(m_stop, &QPushButton::clicked, this, &PlaygroundPage::stopAnswers);
    line->addWidget(m_stop);
    m_send = primaryButton(tr("Send to all"), {}, tr("Both models answer the same question with the same seed."));
    m_send->setObjectName(QStringLiteral("send"));
    m_send->setHeight(kButtonLarge);
    m_send->setKeyHint(tr("Ctrl Enter"));
    connect(m_send, &QPushButton::clicked, this, &PlaygroundPage::ask);
    line->addWidget(m_send);
    rows->addLayout(line);
    return pane;
}

void PlaygroundPage::connectBridge()
{
    connect(&bridge(), &Bridge::runsChanged, this, &PlaygroundPage::readChoices);
    connect(&bridge(), &Bridge::runEnded, this, &PlaygroundPage::readChoices);
    connect(&bridge(), &Bridge::checkpointed, this, &PlaygroundPage::readChoices);
    connect(&bridge(), &Bridge::promptsChanged, this, &PlaygroundPage::readPrompts);
    connect(&bridge(), &Bridge::settingsChanged, this, [this] { m_base->setBaseName(modelNameText(bridge().baseModel())); });
    connect(&bridge(), &Bridge::answerStarted, this, [this](JobId job, const std::vector<engine::ColumnBadge> &badges, qint64 promptTokens) {
        if (job != m_job)
            return;
        for (std::size_t i = 0; i < badges.size() && i < m_columns.size(); ++i)
            (m_columns[i] == 0 ? m_base : m_tuned)->setBadge(badges[i], m_seed);
        m_head->setState(tr("%1 tokens read by every column").arg(countText(promptTokens)));
    });
    connect(&bridge(), &Bridge::tokensGenerated, this, [this](JobId job, const std::vector<engine::GeneratedToken> &tokens) {
        if (job != m_job)
            return;
        for (const auto &token : tokens)
            if (static_cast<std::size_t>(token.column) < m_columns.size())
                (m_columns[static_cast<std::size_t>(token.column)] == 0 ? m_base : m_tuned)->append(token);
        updateDivergence();
    });
    connect(&bridge(), &Bridge::columnFinished, this, [this](JobId job, int column, const engine::ColumnResult &result) {
        if (job != m_job || static_cast<std::size_t>(column) >= m_columns.size())
            return;
        (m_columns[static_cast<std::size_t>(column)] == 0 ? m_base : m_tuned)->finish(result);
        updateDivergence();
    });
}

void PlaygroundPage::setProject()
{
    m_hasRead = false;
    m_wanted.clear();
    m_prompts->clear();
    m_tuned->setChoices({});
    if (bridge().project() == nullptr)
        return;
    m_base->setBaseName(modelNameText(bridge().baseModel()));
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
            if (!choices) {
                context().showMessage(messageOf(choices.error()));
                return;
            }
            m_tuned->setChoices(*choices);
            if (!m_wanted.isEmpty())
                m_tuned->choose(m_wanted.toStdString());
            m_wanted.clear();
            updateActions();
        },
        "playgroundChoices");
}

void PlaygroundPage::readPrompts()
{
    if (bridge().project() == nullptr)
        return;
    struct Prompt { QString text; bool isSaved; };
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
                prompts.push_back({QString::fromStdString(prompt.text), true});
            engine::RecordFilter filter;
            filter.splits = {data::Split::HeldOut};
            auto ids = project->recordIds(filter);
            if (!ids)
                return passError(ids);
            ids->resize(std::min<std::size_t>(ids->size(), kSuggestedQuestions));
            for (const RecordId id : *ids)
                if (auto record = project->record(id))
                    prompts.push_back({QString::fromUtf8(data::instructionOf(*record).data(), static_cast<qsizetype>(data::instructionOf(*record).size())), false});
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
                item->setToolTip(prompt.isSaved ? tr("Saved: %1").arg(prompt.text) : tr("Held out, never seen in training: %1").arg(prompt.text));
                m_prompts->addItem(item);
            }
        },
        "playgroundPrompts");
}

void PlaygroundPage::showPrompt(QListWidgetItem *item)
{
    if (item != nullptr)
        m_composer->setPlainText(item->data(kQuestionRole).toString());
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

void PlaygroundPage::ask()
{
    const QString question = m_composer->toPlainText();
    if (question.trimmed().isEmpty() || m_job != 0)
        return;
    engine::GenerateRequest request;
    request.sampling = m_sampling->sampling();
    if (!m_system->text().isEmpty())
        request.conversation.push_back({data::Role::System, m_system->text().toStdString(), {}});
    request.conversation.push_back({data::Role::User, question.toStdString(), {}});
    m_columns = {0};
    request.columns.push_back(m_base->choice());
    if (m_tuned->hasChoice()) {
        m_columns.push_back(1);
        request.columns.push_back(m_tuned->choice());
    }
    m_seed = request.sampling.seed;
    m_question->setText(question.simplified());
    m_base->begin();
    if (m_tuned->hasChoice())
        m_tuned->begin();
    m_job = bridge().generate(bridge().baseModel(), request, this, [this](Result<std::vector<engine::ColumnResult>> results) {
        if (!results && results.error().code != ErrorCode::Cancelled)
            context().showMessage(messageOf(results.error()));
        endAnswers(results ? tr("ended") : results.error().code == ErrorCode::Cancelled ? tr("stopped") : tr("no answer"));
    });
    updateActions();
}

void PlaygroundPage::stopAnswers()
{
    if (m_job != 0)
        bridge().cancel(m_job);
}

void PlaygroundPage::endAnswers(const QString &why)
{
    m_job = 0;
    m_base->stop(why);
    if (m_columns.size() > 1)
        m_tuned->stop(why);
    updateDivergence();
    updateActions();
}

void PlaygroundPage::updateDivergence()
{
    if (m_columns.size() < 2)
        return;
    const int token = firstDifference(m_base->answer(), m_base->isFinished(), m_tuned->answer(), m_tuned->isFinished());
    m_base->setDivergence(token);
    m_tuned->setDivergence(token);
}

void PlaygroundPage::updateActions()
{
    const bool isBusy = m_job != 0;
    const bool hasQuestion = !m_composer->toPlainText().trimmed().isEmpty();
    m_send->setEnabled(!isBusy && hasQuestion);
    m_stop->setEnabled(isBusy);
    setActionPossible(m_sendAction, !isBusy && hasQuestion, isBusy ? tr("The models are answering.") : tr("Write a question first."));
    setActionPossible(m_stopAction, isBusy, tr("Nothing is being answered."));
    const bool hasResult = m_tuned->hasChoice();
    setActionPossible(m_exportPeft, hasResult, tr("Train first: there is no result yet."));
    setActionPossible(m_exportMerged, hasResult, tr("Train first: there is no result yet."));
    if (!hasResult)
        m_head->setState(tr("Only the base model can answer yet: no run has a result."));
    else if (!isBusy && m_base->answer().empty())
        m_head->setState(tr("One question, the same seed, side by side."));
}

void PlaygroundPage::exportResult(const std::string &target)
{
    const QString name = (target == "peft" ? tr("%1 adapter") : tr("%1 merged")).arg(m_tuned->columnName().section(QLatin1Char(','), 0, 0));
    const QString folder = context().dialogs.saveFile(this, target == "peft" ? tr("Folder for the adapter") : tr("Folder for the merged model"), name);
    if (folder.isEmpty())
        return;
    engine::ExportRequest request;
    request.model = bridge().baseModel();
    request.adapter = m_tuned->choice().adapter;
    request.target = target;
    request.folder = folder.toStdString();
    bridge().exportAdapter(request, this, [this, folder](Result<engine::ExportResult> result) {
        if (!result) {
            context().showMessage(messageOf(result.error()));
            return;
        }
        const auto &test = result->selfTest;
        Message message;
        message.tone = test.hasPassed ? MessageTone::Info : MessageTone::Bad;
        message.what = test.hasPassed ? tr("Written to %1 and proved: read back, it gives the same answers.").arg(folder)
                                      : tr("Written to %1, but read back it does not answer the same.").arg(folder);
        message.remedy = test.hasPassed ? tr("%1 in %n file(s); largest difference of a score %2 over %3 prompts.", nullptr, static_cast<int>(result->files.size()))
                                              .arg(bytesText(result->bytes), QString::number(test.maxLogitDifference, 'g', 2))
                                              .arg(test.prompts)
                                        : tr("Do not use it: %1").arg(QString::fromStdString(test.cause));
        context().showMessage(message);
    });
}

void PlaygroundPage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    m_promptPane->setVisible(width() >= kNarrowBelow - kRailNarrow);
}

bool PlaygroundPage::eventFilter(QObject *watched, QEvent *event)
{
    // Ctrl+Enter would otherwise be a line break in the field.
    if (watched == m_composer && event->type() == QEvent::KeyPress) {
        const auto *key = static_cast<QKeyEvent *>(event);
        if ((key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) && key->modifiers().testFlag(Qt::ControlModifier)) {
            ask();
            return true;
        }
    }
    return Page::eventFilter(watched, event);
}

} // namespace fettle::ui
