// See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/frame/dialogs.h"
#include "ui/frame/modelname.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/batchview.h"
#include "ui/playground/blindvote.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/exportdialog.h"
#include "ui/playground/promptparts.h"
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
            if (Side *side = sideOf(i)) {
                side->head->setBadges(badges[i], m_seed);
                side->badge = badges[i];
                side->isOtherBase = !badges[i].otherModel.empty();
            }
        const bool isShared = std::ranges::all_of(badges, [](const engine::ColumnBadge &badge) { return badge.otherModel.empty(); });
        m_sideState = isShared ? tr("%1 tokens read by every column").arg(countText(promptTokens)) : tr("%1 tokens read; another base reads its own template").arg(countText(promptTokens));
        const auto noticed = std::ranges::find_if(badges, [](const engine::ColumnBadge &badge) { return !badge.notices.empty(); });
        if (noticed != badges.end())
            for (const std::string &notice : noticed->notices)
                m_sideState = tr("%1. %2").arg(m_sideState, QString::fromStdString(notice));
        updateHead();
    });
    connect(&bridge(), &Bridge::tokensGenerated, this, [this](JobId job, const std::vector<engine::GeneratedToken> &tokens) {
        if (job != m_job)
            return;
        std::vector<std::vector<engine::GeneratedToken>> own(m_columns.size());
        for (const auto &token : tokens)
            if (sideOf(static_cast<std::size_t>(token.column)) != nullptr)
                own[static_cast<std::size_t>(token.column)].push_back(token);
        for (std::size_t i = 0; i < own.size(); ++i)
            if (!own[i].empty() && m_columns[i] != nullptr)
                m_columns[i]->answer->append(own[i]);
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
    forgetReadings();
    m_conversation = {}; // what is under way belongs to the project before
    stopAnswers();
    m_hasRead = false;
    m_wanted.clear();
    m_asked = {};
    m_editing.reset();
    m_entries.clear();
    m_history->clear();
    m_find->clear();
    m_columns.clear();
    forgetTurns();
    updateTurns();
    m_questionLine->setText(tr("Ask something below, or choose one of the questions."));
    forgetColumns();
    for (const Side *side : sides()) {
        side->answer->clear();
        side->head->clearBadges();
    }
    m_prompts->clear();
    m_composer->clear();
    m_parts->setParts({}, {});
    m_choices.clear();
    m_tuned.head->setChoices({});
    m_tunedStack->setCurrentIndex(0); // whether there is a result is not known yet
    m_sideState.clear();
    m_vote->setProject();
    m_batch->setProject();
    showServing();
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
        readHistory();
        readModels();
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

void PlaygroundPage::updateActions()
{
    const bool isBusy = m_job != 0;
    const bool hasQuestion = !m_composer->toPlainText().trimmed().isEmpty();
    const QString problem = m_parts->problem();
    m_send->setEnabled(!isBusy && hasQuestion && problem.isEmpty());
    m_stop->setEnabled(isBusy);
    setActionPossible(m_sendAction, m_send->isEnabled(), isBusy ? tr("The models are answering.") : !problem.isEmpty() ? problem : tr("Write a question first."));
    setActionPossible(m_againAction, !isBusy && !m_asked.text.isEmpty(), isBusy ? tr("The models are answering.") : tr("Ask something first."));
    setActionPossible(m_stopAction, isBusy, tr("Nothing is being answered."));
    const bool hasChoice = m_tuned.head->hasChoice();
    const bool isLive = m_tuned.head->choice().adapter == engine::kLiveAdapter;
    const bool canExport = hasChoice && !isLive;
    const QString noExport = isLive ? tr("This run goes on learning: export one of its checkpoints, or its result.") : tr("Train first: there is no result yet.");
    const bool hasAnswers = !isBusy && std::ranges::any_of(m_columns, [](const Side *side) { return !side->answer->text().isEmpty(); });
    updateConversation();
    for (QAction *action : {m_copyAction, m_pictureAction, m_correctAction})
        setActionPossible(action, hasAnswers, isBusy ? tr("The models are answering.") : tr("Ask something first."));
    setActionPossible(m_exportAction, canExport, noExport);
    m_exportButton->setEnabled(canExport);
    m_exportButton->setToolTip(canExport ? tr("Writes the chosen result for other programs, then reads it back as a proof.") : noExport);
    if (!hasChoice && m_tunedStack->currentIndex() == 1)
        m_sideState = tr("Only the base model can answer yet: no run has a result.");
    else if (!isBusy && m_editing)
        m_sideState = tr("Sent again, the question takes the place of number %1. What stood there stays in the history.").arg(*m_editing + 1);
    else if (!isBusy && m_conversation.exchanges.empty())
        m_sideState = tr("One question, the same seed, side by side.");
    updateColumns();
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
    if (watched == m_history && event->type() == QEvent::KeyPress && static_cast<QKeyEvent *>(event)->key() == Qt::Key_Delete) {
        removeFromHistory();
        return true;
    }
    return Page::eventFilter(watched, event);
}

} // namespace fettle::ui
