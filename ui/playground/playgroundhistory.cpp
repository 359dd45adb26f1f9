// What was asked before: the saved questions, held-out ones, and the history of the project, searched while one types. See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/frame/dialogs.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/promptparts.h"
#include "ui/theme/icons.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QCheckBox>
#include <QDateTime>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPlainTextEdit>

namespace fettle::ui {

namespace {

constexpr int kQuestionRole = Qt::UserRole, kSystemRole = Qt::UserRole + 1, kEntryRole = Qt::UserRole + 2, kContextRole = Qt::UserRole + 3, kToolsRole = Qt::UserRole + 4;
constexpr int kSuggestedQuestions = 12; // held-out rows offered as prompts
constexpr int kMenuTextLength = 80;
constexpr std::size_t kHistoryShown = 2000, kHistoryInMenu = 12;

QDateTime whenOf(const engine::HistoryEntry &entry)
{
    return QDateTime::fromString(QString::fromStdString(entry.when), Qt::ISODate);
}

QString dayOf(const engine::HistoryEntry &entry)
{
    const QDate day = whenOf(entry).date(), today = QDate::currentDate();
    if (day == today)
        return QObject::tr("Today");
    return day == today.addDays(-1) ? QObject::tr("Yesterday") : QLocale().toString(day, QLocale::ShortFormat);
}

// All that a search looks into.
QString wordsOf(const engine::HistoryEntry &entry)
{
    std::string all = entry.context + "\n";
    for (const auto &exchange : entry.exchanges) {
        all += exchange.question + "\n";
        for (const auto &answer : exchange.answers)
            all += answer.text + "\n";
    }
    return QString::fromStdString(all);
}

QString titleOf(const engine::HistoryEntry &entry)
{
    return entry.exchanges.empty() ? QString() : QString::fromStdString(entry.exchanges.front().question).simplified();
}

} // namespace

void PlaygroundPage::readPrompts()
{
    if (bridge().project() == nullptr)
        return;
    struct Prompt { QString text, system, context, tools; bool isSaved; };
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
                prompts.push_back({QString::fromStdString(prompt.text), QString::fromStdString(prompt.system), QString::fromStdString(prompt.context),
                                   QString::fromStdString(prompt.toolsJson), true});
            engine::RecordFilter filter;
            filter.splits = {data::Split::HeldOut};
            auto ids = project->recordIds(filter);
            if (!ids)
                return passError(ids);
            ids->resize(std::min<std::size_t>(ids->size(), kSuggestedQuestions));
            for (const RecordId id : *ids)
                if (auto record = project->record(id))
                    prompts.push_back({QString::fromStdString(std::string(data::instructionOf(*record))), {}, QString::fromStdString(record->context),
                                       QString::fromStdString(record->toolsJson), false});
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
                item->setData(kContextRole, prompt.context);
                item->setData(kToolsRole, prompt.tools);
                item->setToolTip(prompt.isSaved ? tr("Saved: %1").arg(prompt.text) : tr("Held out, never seen in training: %1").arg(prompt.text));
                m_prompts->addItem(item);
            }
            findQuestions();
        },
        "playgroundPrompts");
}

void PlaygroundPage::showPrompt(const QListWidgetItem *item)
{
    if (item == nullptr)
        return;
    m_composer->setPlainText(item->data(kQuestionRole).toString());
    if (const QVariant system = item->data(kSystemRole); system.isValid())
        m_system->setText(system.toString()); // it was saved with the question
    m_parts->setParts(item->data(kContextRole).toString(), item->data(kToolsRole).toString());
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
    QMenu *history = menu->addMenu(tr("History"));
    for (std::size_t i = 0; i < std::min(m_entries.size(), kHistoryInMenu); ++i)
        connect(history->addAction(titleOf(m_entries[i]).left(kMenuTextLength).replace(QLatin1Char('&'), QLatin1String("&&"))), &QAction::triggered, this,
                [this, entry = m_entries[i]] { openEntry(entry); });
    history->setEnabled(!m_entries.empty());
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
    prompt.context = m_parts->context().toStdString();
    prompt.toolsJson = m_parts->tools().toStdString();
    bridge().write<std::int64_t>(Touched::Prompts, this, [prompt](ProjectApi &project, const JobContext &) { return project.savePrompt(prompt); },
                                 [this](Result<std::int64_t> saved) {
                                     if (!saved)
                                         context().showMessage(messageOf(saved.error()));
                                 });
}

// Every word must be there, in a question or an answer.
void PlaygroundPage::findQuestions()
{
    const QStringList words = m_find->text().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    const auto fits = [&](const QString &text) {
        return std::ranges::all_of(words, [&](const QString &word) { return text.contains(word, Qt::CaseInsensitive); });
    };
    for (int i = 0; i < m_prompts->count(); ++i)
        m_prompts->item(i)->setHidden(!fits(m_prompts->item(i)->data(kQuestionRole).toString() + QLatin1Char('\n') + m_prompts->item(i)->data(kContextRole).toString()));
    QListWidgetItem *day = nullptr;
    bool isDayShown = false;
    for (int i = 0; i < m_history->count(); ++i) {
        QListWidgetItem *item = m_history->item(i);
        const QVariant entry = item->data(kEntryRole);
        if (!entry.isValid()) {
            if (day != nullptr)
                day->setHidden(!isDayShown);
            day = item;
            isDayShown = false;
            continue;
        }
        const bool isShown = words.isEmpty() || fits(m_entryWords[entry.toUInt()]);
        item->setHidden(!isShown);
        isDayShown |= isShown;
    }
    if (day != nullptr)
        day->setHidden(!isDayShown);
}

void PlaygroundPage::readHistory()
{
    if (bridge().project() == nullptr)
        return;
    bridge().read<std::vector<engine::HistoryEntry>>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<std::vector<engine::HistoryEntry>> {
            return project != nullptr ? project->history(kHistoryShown) : std::vector<engine::HistoryEntry>();
        },
        [this](Result<std::vector<engine::HistoryEntry>> entries) {
            if (entries)
                showHistory(std::move(*entries));
            else
                context().showMessage(messageOf(entries.error()));
        },
        "playgroundHistory");
}

void PlaygroundPage::showHistory(std::vector<engine::HistoryEntry> entries)
{
    m_entries = std::move(entries);
    m_entryWords.clear();
    const QSignalBlocker blocker(m_history);
    m_history->clear();
    QString day;
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        const engine::HistoryEntry &entry = m_entries[i];
        m_entryWords.push_back(wordsOf(entry));
        if (const QString own = dayOf(entry); own != day) {
            day = own;
            auto *head = new QListWidgetItem(day);
            head->setFlags(Qt::NoItemFlags);
            head->setFont(textFont(TextSize::Small, Weight::SemiBold));
            m_history->addItem(head);
        }
        auto *item = new QListWidgetItem(titleOf(entry));
        item->setData(kEntryRole, static_cast<uint>(i));
        item->setToolTip(tr("%1, %n question(s). A click puts the conversation back, Delete removes it for good.", nullptr, static_cast<int>(entry.exchanges.size()))
                             .arg(whenText(whenOf(entry))));
        m_history->addItem(item);
    }
    m_noHistory->setVisible(m_entries.empty());
    findQuestions();
}

void PlaygroundPage::openHistory(QListWidgetItem *item)
{
    if (item != nullptr && item->data(kEntryRole).isValid())
        openEntry(m_entries[item->data(kEntryRole).toUInt()]);
}

// With what was likely at each word, which the list does not hold.
void PlaygroundPage::openEntry(const engine::HistoryEntry &entry)
{
    bridge().read<engine::HistoryEntry>(
        this,
        [entry](const ProjectApi *project, const JobContext &) -> Result<engine::HistoryEntry> {
            return project != nullptr ? project->historyWords(entry) : entry;
        },
        [this, entry](Result<engine::HistoryEntry> whole) {
            putBack(whole ? *whole : entry);
            if (!whole)
                context().showMessage(messageOf(whole.error()));
        },
        "playgroundEntry");
}

void PlaygroundPage::removeFromHistory()
{
    const QListWidgetItem *item = m_history->currentItem();
    if (item == nullptr || !item->data(kEntryRole).isValid())
        return;
    const engine::HistoryEntry &entry = m_entries[item->data(kEntryRole).toUInt()];
    if (context().dialogs.ask(this, {tr("Remove this conversation?"), tr("\"%1\" and its answers are removed from the history for good.").arg(titleOf(entry).left(kMenuTextLength)),
                                     {tr("Remove"), tr("Keep")}}) != 0)
        return;
    bridge().write<void>(Touched::Nothing, this, [id = entry.id](ProjectApi &project, const JobContext &) { return project.removeHistory(id); },
                         [this](Result<> removed) {
                             if (!removed)
                                 context().showMessage(messageOf(removed.error()));
                             readHistory();
                         });
}

void PlaygroundPage::keepInHistory()
{
    const auto &exchanges = m_conversation.exchanges;
    if (bridge().project() == nullptr || exchanges.empty() || std::ranges::all_of(exchanges.back().answers, [](const KeptAnswer &answer) { return answer.text.isEmpty(); }))
        return;
    const auto entry = entryOf(m_conversation, QDateTime::currentDateTime().toString(Qt::ISODate).toStdString());
    bridge().write<void>(Touched::Nothing, this, [entry](ProjectApi &project, const JobContext &) { return project.addHistory(entry); },
                         [this](Result<> kept) {
                             if (!kept)
                                 context().showMessage(messageOf(kept.error()));
                             readHistory();
                         });
}

} // namespace fettle::ui
