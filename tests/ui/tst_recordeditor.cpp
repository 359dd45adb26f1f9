// The editor of one record: what is typed is saved after a pause and before the record is left; text that nobody touched keeps every byte.
#include "ui/data/growingtext.h"
#include "ui/data/ratingstars.h"
#include "ui/data/recordeditor.h"
#include "ui/data/tagchip.h"
#include "ui/data/tagrow.h"
#include "ui/theme/theme.h"
#include "ui/widgets/labels.h"

#include <QLineEdit>
#include <QSignalSpy>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

namespace {

data::Record pairOf(const std::string &instruction, const std::string &response, const std::string &context = {})
{
    data::Record record = data::makePair(instruction, context, response);
    record.id = RecordId{12};
    record.tags = {"urgent"};
    return record;
}

QList<GrowingText *> shownFields(const RecordEditor &editor)
{
    QList<GrowingText *> fields;
    for (GrowingText *field : editor.findChildren<GrowingText *>())
        if (field->isVisible())
            fields.append(field);
    std::sort(fields.begin(), fields.end(), [&](GrowingText *a, GrowingText *b) {
        return a->mapTo(&editor, QPoint()).y() < b->mapTo(&editor, QPoint()).y();
    });
    return fields;
}

} // namespace

class RecordEditorTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light); }
    void init()
    {
        m_editor = std::make_unique<RecordEditor>();
        m_editor->resize(520, 700);
        m_editor->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_editor.get()));
    }

    void showsPairsAndConversations()
    {
        m_editor->setRecord(pairOf("Q", "A"));
        QTRY_COMPARE(shownFields(*m_editor).size(), 2);
        QCOMPARE(shownFields(*m_editor)[0]->accessibleName(), QStringLiteral("Instruction"));
        QCOMPARE(shownFields(*m_editor)[1]->accessibleName(), QStringLiteral("Response"));
        m_editor->setRecord(pairOf("Q", "A", "Because"));
        QTRY_COMPARE(shownFields(*m_editor).size(), 3);
        QCOMPARE(shownFields(*m_editor)[1]->accessibleName(), QStringLiteral("Context"));
        data::Record talk = pairOf("Q", "A");
        talk.turns = {{data::Role::System, "S", {}}, {data::Role::User, "1", {}}, {data::Role::Assistant, "2", {}},
                      {data::Role::User, "3", {}}, {data::Role::Assistant, "4", {}}};
        m_editor->setRecord(talk);
        QTRY_COMPARE(shownFields(*m_editor).size(), 5);
        QStringList names;
        for (GrowingText *field : shownFields(*m_editor))
            names.append(field->accessibleName());
        QCOMPARE(names.join(QLatin1Char(' ')), QStringLiteral("System User Assistant User Assistant"));
        QCOMPARE(m_editor->record().turns, talk.turns);
    }

    void sourceIsShown()
    {
        const auto told = [this] {
            QStringList texts;
            for (const ElidedLabel *label : m_editor->findChildren<ElidedLabel *>())
                texts.append(label->text());
            return texts;
        };
        data::Record record = pairOf("Q", "A");
        m_editor->setRecord(record);
        QVERIFY(told().contains(QStringLiteral("Written here")));
        record.source = "rules.csv, line 6";
        m_editor->setRecord(record);
        QVERIFY(told().contains(QStringLiteral("From rules.csv, line 6")));
    }

    void turnsAreAddedMovedAndRemoved()
    {
        using enum data::Role;
        m_editor->setRecord(pairOf("Q", "A"));
        QSignalSpy saves(m_editor.get(), &RecordEditor::saveWanted);
        m_editor->addTurn(1);
        QCOMPARE(saves.count(), 1);
        data::Record saved = saves.takeLast().first().value<data::Record>();
        QCOMPARE(saved.turns.size(), std::size_t(3));
        QCOMPARE(saved.turns[2].role, User);
        QTRY_COMPARE(shownFields(*m_editor).size(), 4);
        const auto names = [this] {
            QStringList list;
            for (GrowingText *field : shownFields(*m_editor))
                list.append(field->accessibleName());
            return list.join(QLatin1Char(' '));
        };
        QTRY_COMPARE(names(), QStringLiteral("User Assistant User Assistant")); // where they stand now
        QTRY_COMPARE(shownFields(*m_editor)[1]->exactText(), QStringLiteral("A"));
        QTest::keyClicks(shownFields(*m_editor)[3], QStringLiteral("B"));
        m_editor->moveTurn(3, -1);
        saved = saves.takeLast().first().value<data::Record>();
        QCOMPARE(saved.turns[2].text, std::string("B"));
        m_editor->setTurnRole(2, Tool);
        m_editor->removeTurn(0);
        saved = saves.takeLast().first().value<data::Record>();
        QCOMPARE(saved.turns[0].text, std::string("A"));
        QCOMPARE(saved.turns[1].role, Tool);
        m_editor->removeTurn(9); // is not there
        m_editor->moveTurn(0, -1);
        QCOMPARE(m_editor->record().turns[0].text, std::string("A"));
    }

    void callsOfToolsAreShown()
    {
        data::Record talk = pairOf("Q", "A");
        talk.turns[1].extraJson = R"({"tool_calls": 1})";
        m_editor->setRecord(talk);
        QVERIFY(hasLabel(QStringLiteral("{\"tool_calls\": 1}")));
        QCOMPARE(m_editor->record().turns, talk.turns);
    }

    void typingIsSavedAfterAPause()
    {
        m_editor->setRecord(pairOf("Q", "A"));
        QSignalSpy saves(m_editor.get(), &RecordEditor::saveWanted), edits(m_editor.get(), &RecordEditor::edited);
        m_editor->focusFirstField();
        QTest::keyClicks(shownFields(*m_editor)[0], QStringLiteral("uestion"));
        QCOMPARE(edits.count(), 7);
        QCOMPARE(saves.count(), 0);
        QVERIFY(m_editor->hasUnsavedChanges());
        QTRY_COMPARE(saves.count(), 1);
        const auto saved = saves.first().first().value<data::Record>();
        QCOMPARE(saved.turns[0].text, std::string("Question"));
        QCOMPARE(saved.turns[1].text, std::string("A"));
        m_editor->markSaved(saved);
        QVERIFY(!m_editor->hasUnsavedChanges());
        QVERIFY(hasLabel(QStringLiteral("saved")));
        m_editor->flush();
        QCOMPARE(saves.count(), 1); // nothing new
    }

    void leavingSavesAtOnce()
    {
        m_editor->setRecord(pairOf("Q", "A"));
        QSignalSpy saves(m_editor.get(), &RecordEditor::saveWanted), left(m_editor.get(), &RecordEditor::leaveRequested);
        m_editor->focusFirstField();
        QTest::keyClicks(shownFields(*m_editor)[0], QStringLiteral("!"));
        QTest::keyClick(shownFields(*m_editor)[0], Qt::Key_Escape);
        QCOMPARE(saves.count(), 1);
        QCOMPARE(left.count(), 1);
    }

    void aFailedSaveKeepsTheText()
    {
        m_editor->setRecord(pairOf("Q", "A"));
        m_editor->focusFirstField();
        QTest::keyClicks(shownFields(*m_editor)[0], QStringLiteral("!"));
        m_editor->flush();
        m_editor->markFailed(QStringLiteral("The disk is full."));
        QVERIFY(m_editor->hasUnsavedChanges());
        QVERIFY(hasLabel(QStringLiteral("not saved")));
        QSignalSpy saves(m_editor.get(), &RecordEditor::saveWanted);
        m_editor->flush();
        QCOMPARE(saves.count(), 1);
    }

    void untouchedTextKeepsEveryByte_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("CRLF") << "one\r\ntwo\r\n";
        QTest::newRow("no-break space") << QStringLiteral("60\u00A0g");
        QTest::newRow("line separator") << QStringLiteral("a\u2028b");
        QTest::newRow("mixed ends") << "a\r\nb\nc\rd";
        QTest::newRow("null") << QString(QChar(0)) + "a";
    }
    void untouchedTextKeepsEveryByte()
    {
        QFETCH(QString, text);
        m_editor->setRecord(pairOf(text.toStdString(), "A"));
        QCOMPARE(m_editor->record().turns[0].text, text.toStdString());
        GrowingText *answer = shownFields(*m_editor)[1];
        answer->setFocus();
        QTest::keyClicks(answer, QStringLiteral("x"));
        QCOMPARE(m_editor->record().turns[0].text, text.toStdString());
    }

    void editingKeepsLineEndsAndNoBreakSpaces()
    {
        m_editor->setRecord(pairOf("60\u00A0g\r\ntwo", "A"));
        GrowingText *field = shownFields(*m_editor)[0];
        field->setFocus();
        field->moveCursor(QTextCursor::End);
        QTest::keyClicks(field, QStringLiteral("!"));
        QTest::keyClick(field, Qt::Key_Return);
        QCOMPARE(m_editor->record().turns[0].text, std::string("60\u00A0g\r\ntwo!\r\n"));
    }

    void fieldsGrowWithTheirText()
    {
        m_editor->setRecord(pairOf("Q", "A"));
        GrowingText *field = shownFields(*m_editor)[1];
        const int before = field->height();
        field->setFocus();
        for (int line = 0; line < 5; ++line)
            QTest::keyClick(field, Qt::Key_Return);
        QCOMPARE(field->height(), before + 5 * 20);
    }

    void contextAndNoteOpenOnDemand()
    {
        m_editor->setRecord(pairOf("Q", "A"));
        for (const QString &name : {QStringLiteral("Add context"), QStringLiteral("Add note")})
            QTest::mouseClick(linkNamed(name), Qt::LeftButton);
        QTRY_COMPARE(shownFields(*m_editor).size(), 4);
        QTest::keyClicks(shownFields(*m_editor)[1], QStringLiteral("passage"));
        QTest::keyClicks(shownFields(*m_editor)[3], QStringLiteral("ask Ines"));
        QCOMPARE(m_editor->record().context, std::string("passage"));
        QCOMPARE(m_editor->record().note, std::string("ask Ines"));
    }

    void tagsAndStarsAreSavedAtOnce()
    {
        m_editor->setRecord(pairOf("Q", "A"));
        QSignalSpy saves(m_editor.get(), &RecordEditor::saveWanted);
        m_editor->startTagging();
        auto *field = m_editor->findChild<TagRow *>()->findChild<QLineEdit *>();
        QVERIFY(field->isVisible());
        QTest::keyClicks(field, QStringLiteral("poison"));
        QTest::keyClick(field, Qt::Key_Return);
        QCOMPARE(saves.count(), 1);
        QCOMPARE(saves.last().first().value<data::Record>().tags, (std::vector<std::string>{"urgent", "poison"}));
        QTest::keyClick(field, Qt::Key_Escape);
        auto *stars = m_editor->findChild<RatingStars *>();
        stars->setFocus();
        QTest::keyClick(stars, Qt::Key_4);
        QCOMPARE(saves.last().first().value<data::Record>().rating, 4);
        QList<TagChip *> chips = m_editor->findChildren<TagChip *>();
        erase_if(chips, [](TagChip *chip) { return !chip->isVisible(); }); // replaced ones go later
        QCOMPARE(chips.size(), 2);
        QTest::mouseClick(chips.first(), Qt::LeftButton);
        QCOMPARE(saves.last().first().value<data::Record>().tags, (std::vector<std::string>{"poison"}));
    }

    void aTokenSelectsItsText_data()
    {
        QTest::addColumn<int>("source");
        QTest::addColumn<int>("begin");
        QTest::addColumn<int>("end");
        QTest::addColumn<QString>("selected");
        QTest::newRow("instruction") << int(data::TokenSource::Instruction) << 0 << 2 << "Is";
        QTest::newRow("after an emoji and CRLF") << int(data::TokenSource::Response) << 5 << 9 << "safe";
        QTest::newRow("context") << int(data::TokenSource::Context) << 1 << 3 << "og";
    }
    void aTokenSelectsItsText()
    {
        QFETCH(int, source);
        QFETCH(int, begin);
        QFETCH(int, end);
        m_editor->setRecord(pairOf("Is tea", "🐕:\r\n safe\r\n", "dog"));
        TokenTile tile;
        tile.source = static_cast<data::TokenSource>(source);
        tile.field = {begin, end};
        m_editor->selectToken(tile);
        GrowingText *focused = nullptr;
        for (GrowingText *field : shownFields(*m_editor))
            if (field->textCursor().hasSelection())
                focused = field;
        QVERIFY(focused);
        QTEST(focused->textCursor().selectedText(), "selected");
    }

    void undoBelongsToTheFieldWhileItHasSomething()
    {
        m_editor->setRecord(pairOf("Q", "A"));
        GrowingText *field = shownFields(*m_editor)[0];
        field->setFocus();
        QKeyEvent before(QEvent::ShortcutOverride, Qt::Key_Z, Qt::ControlModifier);
        before.ignore();
        QApplication::sendEvent(field, &before);
        QVERIFY(!before.isAccepted()); // the project's
        QTest::keyClicks(field, QStringLiteral("!"));
        QKeyEvent after(QEvent::ShortcutOverride, Qt::Key_Z, Qt::ControlModifier);
        after.ignore();
        QApplication::sendEvent(field, &after);
        QVERIFY(after.isAccepted()); // the field's
        QTest::keyClick(field, Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(m_editor->record().turns[0].text, std::string("Q"));
    }

    void aRecordWithoutAnswerGetsAFieldForOne()
    {
        data::Record record = pairOf("Q", "A");
        record.turns.pop_back();
        m_editor->setRecord(record);
        QTRY_COMPARE(shownFields(*m_editor).size(), 2);
        QCOMPARE(m_editor->record(), record);
        GrowingText *answer = shownFields(*m_editor)[1];
        answer->setFocus();
        QTest::keyClicks(answer, QStringLiteral("x"));
        QCOMPARE(m_editor->record().turns.size(), std::size_t(2));
    }

private:
    [[nodiscard]] bool hasLabel(const QString &text) const
    {
        const auto labels = m_editor->findChildren<QLabel *>();
        return std::any_of(labels.begin(), labels.end(), [&](QLabel *label) { return label->text() == text && label->isVisible(); });
    }
    [[nodiscard]] Link *linkNamed(const QString &text) const
    {
        for (Link *link : m_editor->findChildren<Link *>())
            if (link->text() == text)
                return link;
        return nullptr;
    }

    std::unique_ptr<Theme> m_theme;
    std::unique_ptr<RecordEditor> m_editor;
};

QTEST_MAIN(RecordEditorTest)
#include "tst_recordeditor.moc"
