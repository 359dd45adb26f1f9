#include "ui/data/editorspelling.h"

#include "ui/data/growingtext.h"

#include <QActionGroup>
#include <QLocale>
#include <QMenu>

#include <algorithm>
#include <utility>

namespace fettle::ui {

namespace {

constexpr int kPauseMs = 250;
constexpr auto kLanguageKey = "spellingLanguage"; // as the dictionary is called, or kOff
constexpr auto kWordsKey = "spellingWords";       // one on each line
const auto kOff = QStringLiteral("off");
// A text in which most words are unknown is in another language.
constexpr std::int64_t kWordsToJudge = 8;

QString nameOf(const std::string &language)
{
    const QString code = QString::fromStdString(language);
    const QLocale locale(code);
    return locale.language() == QLocale::C ? code : QStringLiteral("%1 (%2)").arg(locale.nativeLanguageName(), code);
}

} // namespace

EditorSpelling::EditorSpelling(Bridge &bridge, QObject *parent) : QObject(parent), m_bridge(bridge)
{
    m_pause.setSingleShot(true);
    m_pause.setInterval(kPauseMs);
    connect(&m_pause, &QTimer::timeout, this, &EditorSpelling::checkChanged);
}

void EditorSpelling::watch(GrowingText *field)
{
    m_fields.emplace_back(field);
    const auto changed = [this, field] {
        if (std::find(m_changed.begin(), m_changed.end(), field) == m_changed.end())
            m_changed.emplace_back(field);
        m_pause.start();
    };
    connect(field, &QTextEdit::textChanged, this, changed);
    connect(field, &GrowingText::textReplaced, this, changed);
    connect(field, &GrowingText::menuOpening, this, [this, field](QMenu *menu, int position) { extendMenu(field, menu, position); });
}

void EditorSpelling::readProject()
{
    m_words.clear();
    for (const QString &word : m_bridge.settingText(kWordsKey).split(u'\n', Qt::SkipEmptyParts))
        m_words.push_back(word.toStdString());
    std::ranges::sort(m_words);
    m_bridge.readSlowly<std::vector<data::Dictionary>>(
        this, [](const ProjectApi *, const JobContext &) { return Result<std::vector<data::Dictionary>>(data::installedDictionaries()); },
        [this](Result<std::vector<data::Dictionary>> found) {
            if (!found)
                return; // asked again meanwhile
            m_dictionaries = std::move(*found);
            const QString kept = m_bridge.settingText(kLanguageKey);
            useLanguage(kept == kOff ? QString() : kept.isEmpty() ? standardLanguage() : kept);
        },
        "dictionaries");
}

// That of the desktop; a desktop that names none has English names.
QString EditorSpelling::standardLanguage() const
{
    const QLocale desktop = QLocale::system();
    const QString wanted = desktop.language() == QLocale::C ? QStringLiteral("en_US") : desktop.name();
    QString near;
    for (const data::Dictionary &dictionary : m_dictionaries) {
        const QString language = QString::fromStdString(dictionary.language);
        if (language == wanted)
            return language;
        if (near.isEmpty() && language.section(u'_', 0, 0) == wanted.section(u'_', 0, 0))
            near = language;
    }
    return near;
}

void EditorSpelling::useLanguage(const QString &language)
{
    const auto found = std::ranges::find(m_dictionaries, language.toStdString(), &data::Dictionary::language);
    if (m_speller && language == m_language) {
        checkAll();
        return;
    }
    m_speller.reset();
    m_language.clear();
    checkAll();
    if (found == m_dictionaries.end())
        return;
    m_bridge.readSlowly<std::shared_ptr<const data::Speller>>(
        this, [dictionary = *found](const ProjectApi *, const JobContext &) { return data::Speller::open(dictionary); },
        [this, language](Result<std::shared_ptr<const data::Speller>> speller) {
            if (!speller)
                return; // a dictionary that cannot be read is as good as none
            m_speller = std::move(*speller);
            m_language = language;
            checkAll();
        },
        "dictionary");
}

void EditorSpelling::keepLanguage(const QString &language)
{
    m_bridge.setSettingText(kLanguageKey, language.isEmpty() ? kOff : language, Touched::Nothing);
    useLanguage(language);
}

void EditorSpelling::addWord(const QString &word)
{
    const auto place = std::ranges::lower_bound(m_words, word.toStdString());
    if (place == m_words.end() || *place != word.toStdString())
        m_words.insert(place, word.toStdString());
    QStringList lines;
    for (const std::string &known : m_words)
        lines.append(QString::fromStdString(known));
    m_bridge.setSettingText(kWordsKey, lines.join(u'\n'), Touched::Nothing);
    checkAll();
}

void EditorSpelling::checkAll()
{
    m_changed = m_fields;
    checkChanged();
}

void EditorSpelling::checkChanged()
{
    for (const QPointer<GrowingText> &field : std::exchange(m_changed, {}))
        if (field)
            check(field);
}

void EditorSpelling::check(GrowingText *field)
{
    if (!m_speller || !field->isProse() || field->document()->isEmpty()) {
        field->setUnknownWords({});
        return;
    }
    m_bridge.read<data::Speller::Check>(
        field,
        [speller = m_speller, text = field->exactText().toStdString(), words = m_words](const ProjectApi *, const JobContext &) {
            return Result<data::Speller::Check>(speller->check(text, words));
        },
        [field, revision = field->document()->revision()](Result<data::Speller::Check> found) {
            if (!found || field->document()->revision() != revision)
                return; // it was written on: the next check is on its way
            const bool isOtherLanguage = found->words >= kWordsToJudge && std::int64_t(found->unknown.size()) * 2 > found->words;
            field->setUnknownWords(isOtherLanguage ? std::vector<TextSpan>() : found->unknown);
        },
        "spelling " + std::to_string(reinterpret_cast<std::uintptr_t>(field)));
}

void EditorSpelling::extendMenu(GrowingText *field, QMenu *menu, int position)
{
    if (const QTextCursor word = field->unknownWordAt(position); !word.isNull() && !field->isReadOnly())
        offerWords(menu, word);
    menu->addSeparator();
    offerLanguages(menu->addMenu(tr("Spelling")));
}

void EditorSpelling::offerWords(QMenu *menu, QTextCursor word)
{
    QAction *first = menu->actions().value(0);
    auto *looking = new QAction(tr("Looking for other words"), menu);
    looking->setEnabled(false);
    auto *add = new QAction(tr("Add \"%1\" to the project's words").arg(word.selectedText()), menu);
    connect(add, &QAction::triggered, this, [this, text = word.selectedText()] { addWord(text); });
    menu->insertAction(first, looking);
    menu->insertAction(first, add);
    menu->insertSeparator(first);
    m_bridge.readSlowly<std::vector<std::string>>(
        menu, [speller = m_speller, text = word.selectedText().toStdString()](const ProjectApi *, const JobContext &) { return Result<std::vector<std::string>>(speller->suggestions(text)); },
        [menu, looking, word](Result<std::vector<std::string>> found) {
            const std::vector<std::string> others = found ? std::move(*found) : std::vector<std::string>();
            for (const std::string &other : others) {
                auto *action = new QAction(QString::fromStdString(other), menu);
                QObject::connect(action, &QAction::triggered, menu, [word, text = action->text()]() mutable { word.insertText(text); });
                menu->insertAction(looking, action);
            }
            looking->setText(tr("No similar word is known"));
            looking->setVisible(others.empty());
        },
        "suggestions");
}

void EditorSpelling::offerLanguages(QMenu *menu)
{
    if (m_dictionaries.empty()) {
        menu->addAction(tr("No dictionary is installed (Debian: hunspell-en-us, hunspell-de-de, ...)"))->setEnabled(false);
        return;
    }
    auto *group = new QActionGroup(menu);
    const auto offer = [&](const QString &text, const QString &language) {
        QAction *action = menu->addAction(text, this, [this, language] { keepLanguage(language); });
        action->setCheckable(true);
        action->setChecked(language == m_language);
        group->addAction(action);
    };
    offer(tr("Do not check"), {});
    for (const data::Dictionary &dictionary : m_dictionaries)
        offer(nameOf(dictionary.language), QString::fromStdString(dictionary.language));
}

} // namespace fettle::ui
