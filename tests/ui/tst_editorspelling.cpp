// Spelling in the editor of the real window, with the small dictionaries of the fixtures: underlined, corrected from the menu, words and
// language kept with the project, silence without a dictionary.
#include "core/data/spelling.h"
#include "tests/ui/support/windowfixture.h"
#include "ui/data/editorspelling.h"
#include "ui/data/growingtext.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"

#include <QContextMenuEvent>
#include <QMenu>
#include <QTest>

#include <semaphore>

using namespace fettle;
using namespace fettle::ui;

class EditorSpellingTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup();

    void unknownWordsAreUnderlined();
    void wordBeingWrittenIsLeftAlone();
    void menuCorrectsAndIsUndone();
    void wordsAreKeptWithTheProject();
    void languageIsChosen();
    void otherLanguageIsLeftAlone();
    void withoutADictionaryTheMenuSaysSo();
    void replacedReadingsAreNoAnswers();

private:
    // The record's question and answer, shown in the editor.
    void openWith(const QString &question, const QString &answer);
    [[nodiscard]] GrowingText *field(const QString &name) const
    {
        for (auto *text : m_page->findChild<RecordEditor *>()->findChildren<GrowingText *>())
            if (text->accessibleName() == name && text->isVisible())
                return text;
        return nullptr;
    }
    [[nodiscard]] static QStringList underlined(const GrowingText *field)
    {
        QStringList words;
        for (const QTextEdit::ExtraSelection &selection : field->extraSelections())
            words.append(selection.cursor.selectedText());
        return words;
    }
    // Opens the menu at a word as the menu key does.
    [[nodiscard]] static QMenu *menuAt(GrowingText *field, int position);
    [[nodiscard]] static QAction *action(const QMenu *menu, const QString &text)
    {
        for (QAction *action : menu->actions())
            if (action->text() == text && action->isVisible())
                return action;
        return nullptr;
    }
    [[nodiscard]] QString setting(const char *key) const { return m_fixture->bridge->settingText(key); }

    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
};

void EditorSpellingTest::init()
{
    qputenv("DICPATH", FETTLE_FIXTURES "/spelling");
    if (data::installedDictionaries().empty())
        QSKIP("built without Hunspell");
}

void EditorSpellingTest::cleanup()
{
    if (m_fixture)
        m_fixture->end();
    m_fixture.reset();
}

void EditorSpellingTest::openWith(const QString &question, const QString &answer)
{
    m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_editorspelling"));
    m_fixture->start(8);
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        auto &record = m_fixture->state->records[1];
        const RecordId id = record.id;
        record = data::makePair(question.toStdString(), {}, answer.toStdString());
        record.id = id;
        m_fixture->state->settings["spellingLanguage"] = "\"en_US\"";
    }
    m_page = m_fixture->openPage(QStringLiteral("data"));
    QVERIFY(m_page);
    QTRY_VERIFY(field(QStringLiteral("Response")) && field(QStringLiteral("Response"))->exactText() == answer);
}

QMenu *EditorSpellingTest::menuAt(GrowingText *field, int position)
{
    QTextCursor cursor = field->textCursor();
    cursor.setPosition(position);
    field->setTextCursor(cursor);
    const QPoint place = field->cursorRect().center();
    QContextMenuEvent event(QContextMenuEvent::Keyboard, place, field->viewport()->mapToGlobal(place));
    QCoreApplication::sendEvent(field->viewport(), &event);
    return qobject_cast<QMenu *>(QApplication::activePopupWidget());
}

void EditorSpellingTest::unknownWordsAreUnderlined()
{
    openWith(QStringLiteral("Where do teh cats wait?"), QString::fromUtf8("🐱 In the rooom.\r\nThe catz wait"));
    QTRY_COMPARE(underlined(field(QStringLiteral("Instruction"))), QStringList{QStringLiteral("teh")});
    QTRY_COMPARE(underlined(field(QStringLiteral("Response"))), (QStringList{QStringLiteral("rooom"), QStringLiteral("catz")}));
    m_fixture->picture(QStringLiteral("spelling"));
    m_fixture->picture(QStringLiteral("spelling"), true);
    // Nothing of it is in the text.
    QVERIFY(!field(QStringLiteral("Response"))->isChangedByUser());
    m_page->findChild<RecordTable *>()->goTo(1);
    QTRY_VERIFY(underlined(field(QStringLiteral("Instruction"))) != QStringList{QStringLiteral("teh")});
}

void EditorSpellingTest::wordBeingWrittenIsLeftAlone()
{
    openWith(QStringLiteral("Where do the cats wait?"), QStringLiteral("In the room"));
    GrowingText *answer = field(QStringLiteral("Response"));
    answer->setFocus();
    answer->moveCursor(QTextCursor::End);
    QTest::keyClicks(answer, QStringLiteral(" teh"));
    QTest::qWait(400); // longer than the pause
    QCOMPARE(underlined(answer), QStringList());
    QTest::keyClick(answer, Qt::Key_Space);
    QTRY_COMPARE(underlined(answer), QStringList{QStringLiteral("teh")});
}

void EditorSpellingTest::menuCorrectsAndIsUndone()
{
    openWith(QStringLiteral("Where do the cats wait?"), QStringLiteral("In teh room"));
    GrowingText *answer = field(QStringLiteral("Response"));
    QTRY_COMPARE(underlined(answer).size(), 1);
    answer->setFocus();
    QMenu *menu = menuAt(answer, 4);
    QVERIFY(menu);
    QTRY_VERIFY(action(menu, QStringLiteral("the")));
    QVERIFY(!action(menu, QStringLiteral("Looking for other words")));
    m_fixture->picture(QStringLiteral("spelling-menu"));
    action(menu, QStringLiteral("the"))->trigger();
    menu->close();
    QCOMPARE(answer->exactText(), QStringLiteral("In the room"));
    QTRY_COMPARE(underlined(answer), QStringList());
    QTRY_VERIFY([&] {
        const std::scoped_lock lock(m_fixture->state->mutex);
        return data::responseOf(m_fixture->state->records[1]) == "In the room";
    }());
    QTest::keyClick(answer, Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(answer->exactText(), QStringLiteral("In teh room"));
    menu = menuAt(answer, 1); // no suggestions at a word that is right
    QVERIFY(menu);
    QVERIFY(!action(menu, QStringLiteral("Looking for other words")));
    menu->close();
}

void EditorSpellingTest::wordsAreKeptWithTheProject()
{
    openWith(QStringLiteral("Where do the cats wait?"), QStringLiteral("In the Fettlery room"));
    GrowingText *answer = field(QStringLiteral("Response"));
    QTRY_COMPARE(underlined(answer).size(), 1);
    QMenu *menu = menuAt(answer, 9);
    QAction *add = action(menu, QStringLiteral("Add \"Fettlery\" to the project's words"));
    QVERIFY(add);
    add->trigger();
    menu->close();
    QTRY_COMPARE(underlined(answer), QStringList());
    QTRY_COMPARE(setting("spellingWords"), QStringLiteral("Fettlery"));
    m_fixture->restart();
    m_page = m_fixture->openPage(QStringLiteral("data"));
    QTRY_VERIFY(field(QStringLiteral("Response")) && field(QStringLiteral("Response"))->exactText().contains(QStringLiteral("Fettlery")));
    QTest::keyClicks(field(QStringLiteral("Response")), QStringLiteral("teh "));
    QTRY_COMPARE(underlined(field(QStringLiteral("Response"))), QStringList{QStringLiteral("teh")});
}

void EditorSpellingTest::languageIsChosen()
{
    openWith(QStringLiteral("Where do the cats wait?"), QString::fromUtf8("Katzen warten im Garten"));
    GrowingText *question = field(QStringLiteral("Instruction")), *answer = field(QStringLiteral("Response"));
    QTRY_COMPARE(underlined(answer).size(), 4);
    QMenu *menu = menuAt(answer, 0);
    QMenu *languages = menu->findChildren<QMenu *>().constLast();
    QCOMPARE(languages->title(), QStringLiteral("Spelling"));
    const auto german = [](const QAction *entry) { return entry->text().contains(QStringLiteral("de_DE")); };
    const auto entries = languages->actions();
    const auto found = std::find_if(entries.begin(), entries.end(), german);
    QVERIFY(found != entries.end());
    QVERIFY(!(*found)->isChecked());
    (*found)->trigger();
    menu->close();
    QTRY_COMPARE(underlined(answer), QStringList());
    QTRY_VERIFY(!underlined(question).isEmpty());
    QTRY_COMPARE(setting("spellingLanguage"), QStringLiteral("de_DE"));
    menu = menuAt(answer, 0);
    languages = menu->findChildren<QMenu *>().constLast();
    action(languages, QStringLiteral("Do not check"))->trigger();
    menu->close();
    QTRY_COMPARE(underlined(question), QStringList());
    QTRY_COMPARE(setting("spellingLanguage"), QStringLiteral("off"));
}

void EditorSpellingTest::otherLanguageIsLeftAlone()
{
    openWith(QStringLiteral("Where do teh cats wait?"), QStringLiteral("Die Katzen warten immer nebenan im Garten oder auch im kleinen Haus"));
    QTRY_COMPARE(underlined(field(QStringLiteral("Instruction"))), QStringList{QStringLiteral("teh")});
    QTest::qWait(100);
    QCOMPARE(underlined(field(QStringLiteral("Response"))), QStringList());
}

void EditorSpellingTest::withoutADictionaryTheMenuSaysSo()
{
    QTemporaryDir empty;
    qputenv("DICPATH", empty.path().toUtf8());
    if (!data::installedDictionaries().empty())
        QSKIP("this computer has dictionaries of its own");
    openWith(QStringLiteral("Where do teh cats wait?"), QStringLiteral("In teh room"));
    QMenu *menu = menuAt(field(QStringLiteral("Response")), 4);
    QMenu *languages = menu->findChildren<QMenu *>().constLast();
    QCOMPARE(languages->actions().size(), 1);
    QVERIFY(languages->actions().constFirst()->text().startsWith(QStringLiteral("No dictionary is installed")));
    QVERIFY(!languages->actions().constFirst()->isEnabled());
    QCOMPARE(underlined(field(QStringLiteral("Response"))), QStringList());
    menu->close();
}

// A reading that waits is replaced by a newer one, and its end is no list of dictionaries.
void EditorSpellingTest::replacedReadingsAreNoAnswers()
{
    openWith(QStringLiteral("Where do teh cats wait?"), QStringLiteral("In the rooom."));
    QTRY_COMPARE(underlined(field(QStringLiteral("Response"))), QStringList{QStringLiteral("rooom")});
    std::counting_semaphore<> begun(0), held(0);
    m_fixture->bridge->readSlowly<int>(
        this,
        [&](const ProjectApi *, const JobContext &) -> Result<int> {
            begun.release();
            held.acquire();
            return 0;
        },
        [](Result<int>) {});
    begun.acquire(); // from here on everything waits
    auto *spelling = m_page->findChild<EditorSpelling *>();
    QVERIFY(spelling);
    for (int i = 0; i < 3; ++i)
        spelling->readProject();
    field(QStringLiteral("Response"))->setFocus();
    QTest::keyClicks(field(QStringLiteral("Response")), QStringLiteral("Catz wait. "));
    held.release();
    QTRY_COMPARE(underlined(field(QStringLiteral("Response"))), (QStringList{QStringLiteral("Catz"), QStringLiteral("rooom")}));
    QMenu *menu = menuAt(field(QStringLiteral("Response")), 1);
    QVERIFY(menu);
    QTRY_VERIFY(action(menu, QStringLiteral("Cats"))); // the dictionary is still there
    menu->close();
}

QTEST_MAIN(EditorSpellingTest)
#include "tst_editorspelling.moc"
