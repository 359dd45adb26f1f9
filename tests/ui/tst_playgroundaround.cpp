// What stands around the answers of the Playground, in the real window on the stand-in engine: questions that are offered and kept, the history, the choice
// of the run, export, correction, copying, another project, the keyboard, a narrow window. FETTLE_PICTURES=FOLDER keeps pictures of the states.
#include "tests/ui/support/playgroundfixture.h"
#include "ui/playground/correctiondialog.h"
#include "ui/playground/exportdialog.h"
#include "ui/playground/tokenpane.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/messagebar.h"

#include <QClipboard>
#include <QDir>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QTreeWidget>

using namespace fettle;
using namespace fettle::ui;

namespace {

// Whether something of this colour is in the first cell of a row.
bool hasColour(const QTreeWidget &table, int row, const QColor &colour)
{
    QRect cell = table.visualItemRect(table.topLevelItem(row));
    cell.setWidth(table.header()->sectionSize(0));
    const QImage image = table.viewport()->grab(cell).toImage();
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            if (image.pixelColor(x, y) == colour)
                return true;
    return false;
}

// Where FETTLE_PICTURES names a folder.
void keepPicture(QWidget &dialog, const QString &name)
{
    if (const QString folder = qEnvironmentVariable("FETTLE_PICTURES"); !folder.isEmpty())
        dialog.grab().save(folder + QLatin1Char('/') + name + QStringLiteral(".png"));
}

} // namespace

class PlaygroundAroundTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<PlaygroundFixture>(QStringLiteral("tst_playgroundaround")); }
    void init() { m_fixture->startPlayground(); }
    void cleanup() { m_fixture->endPlayground(); }

    void questionsAreOffered();
    void promptIsSavedWithItsSystem();
    void targetChoosesRunAndCheckpoint();
    void resultIsExported();
    void wrongAnswerBecomesARecord();
    void comparisonIsCopied();
    void otherProjectStartsEmpty();
    void historyIsKeptAndFound();
    void clickPutsTheConversationBack();
    void columnThatIsGoneComesBack();
    void entryIsRemovedForGood();
    void historyIsTheProjects();
    void everyControlHasAName();
    void narrowWindowFits();

private:
    void openWithAnswers();
    [[nodiscard]] QStringList history() const { return historyOf(*m_fixture->page); }
    std::unique_ptr<PlaygroundFixture> m_fixture;
};

void PlaygroundAroundTest::openWithAnswers()
{
    m_fixture->engine->answers = {{"base", "A base answer."}, {"1", "Run one says so."}, {"2", "Run two says so."}};
    m_fixture->open(2);
}

void PlaygroundAroundTest::questionsAreOffered()
{
    m_fixture->open();
    auto *list = m_fixture->page->findChild<QListWidget *>();
    QCOMPARE(list->count(), 6); // the held-out records of the sixty
    QVERIFY(list->item(0)->toolTip().startsWith(QStringLiteral("Held out, never seen in training:")));
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(1)).center());
    QCOMPARE(m_fixture->named<QPlainTextEdit>("question")->toPlainText(), list->item(1)->data(Qt::UserRole).toString());
    // The same one again, after the field was changed.
    m_fixture->named<QPlainTextEdit>("question")->setPlainText(QStringLiteral("changed"));
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(1)).center());
    QCOMPARE(m_fixture->named<QPlainTextEdit>("question")->toPlainText(), list->item(1)->data(Qt::UserRole).toString());
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Down);
    QTest::keyClick(list, Qt::Key_Return);
    QTRY_COMPARE(m_fixture->asked().size(), std::size_t(1));
    QCOMPARE(m_fixture->asked()[0].conversation.back().text, list->item(2)->data(Qt::UserRole).toString().toStdString());
}

void PlaygroundAroundTest::promptIsSavedWithItsSystem()
{
    m_fixture->open();
    m_fixture->named<QLineEdit>("system")->setText(QStringLiteral("Be brief."));
    m_fixture->named<QPlainTextEdit>("question")->setPlainText(QStringLiteral("How long does a cat fast?"));
    QTest::mouseClick(m_fixture->named<Button>("savePrompt"), Qt::LeftButton);
    auto *list = m_fixture->page->findChild<QListWidget *>();
    QTRY_COMPARE(list->count(), 7);
    QCOMPARE(list->item(0)->text(), QStringLiteral("How long does a cat fast?"));
    m_fixture->named<QLineEdit>("system")->setText(QStringLiteral("Be long."));
    m_fixture->named<QPlainTextEdit>("question")->clear();
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(0)).center());
    QCOMPARE(m_fixture->named<QPlainTextEdit>("question")->toPlainText(), QStringLiteral("How long does a cat fast?"));
    QCOMPARE(m_fixture->named<QLineEdit>("system")->text(), QStringLiteral("Be brief."));
}

void PlaygroundAroundTest::targetChoosesRunAndCheckpoint()
{
    m_fixture->open(2);
    QCOMPARE(m_fixture->named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 2, step 207")); // the newest
    m_fixture->window->openPage(QStringLiteral("playground"), QStringLiteral("run 1 100"));
    QTRY_COMPARE(m_fixture->named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 1, checkpoint 100"));
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(m_fixture->asked().at(0).columns.at(1).adapter, std::string("1@100"));
    m_fixture->window->openPage(QStringLiteral("playground"), QStringLiteral("run 2"));
    QTRY_COMPARE(m_fixture->named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 2, step 207"));
}

void PlaygroundAroundTest::resultIsExported()
{
    m_fixture->open();
    QTest::mouseClick(m_fixture->named<Button>("export"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<ExportDialog *>() != nullptr);
    auto *dialog = m_fixture->window->findChild<ExportDialog *>();
    QTRY_VERIFY(dialog->isVisible());
    const auto inside = [&](const char *name) { return dialog->findChild<QWidget *>(QLatin1String(name)); };
    auto *start = qobject_cast<Button *>(inside("startExport"));
    auto *reason = qobject_cast<QLabel *>(inside("exportReason"));
    auto *verdict = qobject_cast<QLabel *>(inside("exportVerdict"));

    // The method of run 1 is LoRA: no AdapterHub, and it says why.
    dialog->choose("adapterhub");
    QTRY_VERIFY(!start->isEnabled());
    QVERIFY(reason->isVisible() && reason->text().contains(QStringLiteral("bottleneck")));
    dialog->choose("ollama");
    QVERIFY(start->isEnabled() && !reason->isVisible());
    QVERIFY(inside("exportSystem")->isVisible());

    m_fixture->window->dialogs().setNextFileName(m_fixture->dir.filePath(QStringLiteral("run-1-ollama")));
    QTest::mouseClick(start, Qt::LeftButton);
    QTRY_VERIFY(verdict->isVisible());
    QVERIFY2(verdict->text().contains(QStringLiteral("proved")), qPrintable(verdict->text()));
    const auto *checks = dialog->findChild<QTreeWidget *>(QStringLiteral("exportChecks"));
    QTRY_VERIFY(hasColour(*checks, 0, tokens().good)); // the tick
    QVERIFY(hasColour(*checks, 1, tokens().good));
    keepPicture(*dialog, QStringLiteral("export-passed"));
    QVERIFY(m_fixture->engine->lastExport.target == "ollama" && m_fixture->engine->lastExport.type == "q8_0");
    QVERIFY(qobject_cast<QPlainTextEdit *>(inside("exportNext"))->toPlainText().contains(QStringLiteral("ollama create run-1")));

    // Few bits: the file is whole, but nobody is told that it answers like its source.
    m_fixture->engine->isExportRounded = true;
    m_fixture->window->dialogs().setNextFileName(m_fixture->dir.filePath(QStringLiteral("run-1-small")));
    QTest::mouseClick(start, Qt::LeftButton);
    QTRY_VERIFY(verdict->text().contains(QStringLiteral("undamaged")) && !verdict->text().contains(QStringLiteral("proved")));
    m_fixture->engine->isExportRounded = false;

    // A file that does not answer alike is never called good; an error says what to do.
    m_fixture->engine->exportCause = "tokenizer: splits in another way";
    m_fixture->window->dialogs().setNextFileName(m_fixture->dir.filePath(QStringLiteral("run-1-gguf")));
    dialog->choose("gguf");
    QTest::mouseClick(start, Qt::LeftButton);
    QTRY_VERIFY(verdict->isVisible() && verdict->text().contains(QStringLiteral("Do not use it")));
    QTRY_VERIFY(hasColour(*checks, 1, tokens().bad)); // the cross
    keepPicture(*dialog, QStringLiteral("export-failed"));
    QVERIFY(!inside("exportNext")->isVisible());
    for (const auto *label : dialog->findChildren<QLabel *>()) // nor its name
        QVERIFY(label->buddy() != inside("exportNext") || !label->isVisible());
    const auto controls = WindowFixture::controlsOf(*dialog);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    QTest::mouseClick(qobject_cast<Button *>(inside("exportClose")), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<ExportDialog *>() == nullptr);
}

void PlaygroundAroundTest::wrongAnswerBecomesARecord()
{
    m_fixture->open();
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    const QString said = m_fixture->column(1)->text().trimmed();
    QVERIFY(!said.isEmpty());
    QTest::mouseClick(m_fixture->named<Button>("correctTuned"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->page->findChild<CorrectionDialog *>() != nullptr);
    auto *dialog = m_fixture->page->findChild<CorrectionDialog *>();
    QTRY_VERIFY(dialog->isVisible());
    auto *answer = dialog->findChild<QPlainTextEdit *>(QStringLiteral("correctAnswer"));
    auto *save = dialog->findChild<Button *>(QStringLiteral("saveCorrection"));
    QCOMPARE(answer->toPlainText(), said);
    QVERIFY(!save->isEnabled()); // nothing was corrected yet
    const auto controls = WindowFixture::controlsOf(*dialog);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    answer->setPlainText(QStringLiteral("At half past eight, Thursdays at ten."));
    QVERIFY(save->isEnabled());
    QTest::mouseClick(dialog->findChild<Button *>(QStringLiteral("tryCorrection")), Qt::LeftButton);
    auto *trial = dialog->findChild<QTextEdit *>(QStringLiteral("correctTrial"));
    QTRY_VERIFY(trial->isVisible());
    QVERIFY2(trial->toPlainText().contains(QStringLiteral("At half past eight")) && trial->toPlainText().contains(QStringLiteral("1 of 2")), qPrintable(trial->toPlainText()));
    QTest::mouseClick(save, Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    QVERIFY(m_fixture->window->findChild<MessageBar *>()->message().what.contains(QStringLiteral("Saved as record")));
    engine::RecordFilter filter;
    const auto ids = m_fixture->bridge->project()->recordIds(filter);
    QVERIFY(ids.has_value());
    const auto newest = *std::max_element(ids->begin(), ids->end(), [](RecordId a, RecordId b) { return a.value < b.value; });
    const auto record = m_fixture->bridge->project()->record(newest);
    QVERIFY(record.has_value());
    QCOMPARE(std::string(data::instructionOf(*record)), std::string("When do you open?"));
    QCOMPARE(std::string(data::responseOf(*record)), std::string("At half past eight, Thursdays at ten."));
    QCOMPARE(record->tags, std::vector<std::string>{"corrected"});
    QVERIFY(record->split == data::Split::Train && record->status == data::RecordStatus::Approved);
    QVERIFY(QString::fromStdString(record->note).contains(said));
}

void PlaygroundAroundTest::comparisonIsCopied()
{
    m_fixture->open();
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QAction *copy = nullptr;
    for (QAction *action : m_fixture->page->actions())
        if (action->objectName() == QLatin1String("copyComparison"))
            copy = action;
    QVERIFY(copy != nullptr && copy->isEnabled());
    copy->trigger();
    const QString text = QGuiApplication::clipboard()->text();
    QVERIFY2(text.contains(QStringLiteral("**Question:** When do you open?")) && text.contains(QStringLiteral("> ") + m_fixture->column(0)->text().section(QLatin1Char('\n'), 0, 0)), qPrintable(text));
    QVERIFY(text.contains(QStringLiteral("no adapter, weights")) && text.contains(QStringLiteral("seed 1207")));
}

// What was asked in one project is not shown in another, and does not go on there.
void PlaygroundAroundTest::otherProjectStartsEmpty()
{
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { (void)gate->try_acquire_for(std::chrono::milliseconds(20)); };
    m_fixture->open();
    m_fixture->ask(QStringLiteral("When do you open?"));
    QTRY_VERIFY(m_fixture->column(1)->answer().size() > 1);
    const std::filesystem::path other = (m_fixture->dir.path() + QStringLiteral("/Other.fettle")).toStdString();
    std::filesystem::create_directories(other);
    m_fixture->engine->addProject(other, fakeRecords(20));
    m_fixture->bridge->openProject(other);
    QTRY_COMPARE(m_fixture->bridge->project() ? m_fixture->bridge->project()->folder() : std::filesystem::path(), other);
    QTRY_VERIFY(m_fixture->column(0)->answer().empty());
    QTest::qWait(200);
    QVERIFY(m_fixture->column(0)->answer().empty() && m_fixture->column(1)->answer().empty());
    QVERIFY(!m_fixture->named<ElidedLabel>("askedQuestion")->text().contains(QStringLiteral("When do you open?")));
    QVERIFY(m_fixture->named<QPlainTextEdit>("question")->toPlainText().isEmpty());
    QVERIFY(!m_fixture->named<Button>("stop")->isEnabled());
    QVERIFY(!m_fixture->named<Button>("askAgain")->isEnabled());
    QVERIFY(!m_fixture->head(1)->findChild<Badge *>(QStringLiteral("hashBadge"))->isVisible());
}

void PlaygroundAroundTest::everyControlHasAName()
{
    m_fixture->open();
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QTest::mouseClick(m_fixture->column(1)->textView().viewport(), Qt::LeftButton, {}, m_fixture->pointOf(1, 2));
    QVERIFY(m_fixture->column(1)->tokenPane().isVisible());
    const auto controls = WindowFixture::controlsOf(*m_fixture->page);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    QVERIFY2(controls.count > 18, QByteArray::number(controls.count).constData());
    // Tab reaches all of it from the question on, and comes back.
    QSet<QString> reached;
    auto *composer = m_fixture->named<QPlainTextEdit>("question");
    composer->setFocus();
    for (int i = 0; i < 80; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        reached.insert(QApplication::focusWidget()->objectName());
        if (QApplication::focusWidget() == composer)
            break;
    }
    QCOMPARE(QApplication::focusWidget(), composer);
    for (const char *wanted : {"system", "send", "seed", "greedy", "adapterChoice", "strength", "hashBadge", "askAgain", "baseAnswer", "tunedAnswer", "export"})
        QVERIFY2(reached.contains(QLatin1String(wanted)), wanted);
}

void PlaygroundAroundTest::narrowWindowFits()
{
    m_fixture->state->settings["defaultSystem"] = "\"You answer for Hollybrook Veterinary Clinic. Be short, calm and exact.\"";
    m_fixture->open();
    QVERIFY(!m_fixture->named<Button>("questions")->isVisible());
    m_fixture->window->resize(1024, 700);
    QTRY_COMPARE(m_fixture->window->width(), 1024);
    QTRY_VERIFY(m_fixture->named<Button>("questions")->isVisible());
    QVERIFY(!m_fixture->page->findChild<QListWidget *>()->isVisible());
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(m_fixture->window->width(), 1024);
    for (auto *widget : m_fixture->page->findChildren<QWidget *>()) {
        if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus))
            continue;
        const QRect place(widget->mapTo(m_fixture->page, QPoint(0, 0)), widget->size());
        QVERIFY2(m_fixture->page->rect().contains(place), widget->metaObject()->className());
        QVERIFY2(widget->width() >= widget->minimumSizeHint().width(), widget->metaObject()->className());
    }
    // The questions are still there.
    QTest::mouseClick(m_fixture->named<Button>("questions"), Qt::LeftButton);
    QMenu *menu = nullptr;
    QTRY_VERIFY((menu = qobject_cast<QMenu *>(QApplication::activePopupWidget())));
    QVERIFY(menu->actions().size() > 6);
    QTest::keyClick(menu, Qt::Key_Down);
    QTest::keyClick(menu, Qt::Key_Return);
    QCOMPARE(m_fixture->named<QPlainTextEdit>("question")->toPlainText(), m_fixture->page->findChild<QListWidget *>()->item(0)->data(Qt::UserRole).toString());
}

void PlaygroundAroundTest::historyIsKeptAndFound()
{
    openWithAnswers();
    m_fixture->askAndWait(QStringLiteral("My cat sneezes."));
    m_fixture->engine->answers["2"] = "Give half a tablet.";
    m_fixture->askAndWait(QStringLiteral("My dog limps."));
    QTRY_COMPARE(history().size(), 2);
    auto *find = m_fixture->named<QLineEdit>("findQuestions");
    find->setFocus();
    QTest::keyClicks(find, QStringLiteral("TABLET half"));
    QCOMPARE(history(), QStringList{QStringLiteral("My dog limps.")}); // found by an answer
    find->clear();
    QTest::keyClicks(find, QStringLiteral("sneez"));
    QCOMPARE(history(), QStringList{QStringLiteral("My cat sneezes.")});
    auto *prompts = m_fixture->page->findChild<QListWidget *>();
    for (int i = 0; i < prompts->count(); ++i)
        QVERIFY(prompts->item(i)->isHidden());
    QTest::keyClicks(find, QStringLiteral("nothing like it"));
    QVERIFY(history().isEmpty());
    for (int i = 0; i < m_fixture->named<QListWidget>("history")->count(); ++i)
        QVERIFY(m_fixture->named<QListWidget>("history")->item(i)->isHidden()); // days too
    find->clear();
    QCOMPARE(history().size(), 2);
    QVERIFY(!prompts->item(0)->isHidden());
    m_fixture->picture(QStringLiteral("history"));
}

void PlaygroundAroundTest::clickPutsTheConversationBack()
{
    openWithAnswers();
    m_fixture->named<QLineEdit>("system")->setText(QStringLiteral("Be brief."));
    m_fixture->askAndWait(QStringLiteral("First?"));
    m_fixture->named<QLineEdit>("system")->setText(QStringLiteral("Be long."));
    m_fixture->named<QComboBox>("adapterChoice")->setCurrentIndex(1);
    m_fixture->askAndWait(QStringLiteral("Second?"));
    QTRY_COMPARE(history().size(), 2);
    openFromHistory(*m_fixture->page, QStringLiteral("First?"));
    QTRY_COMPARE(m_fixture->named<ElidedLabel>("askedQuestion")->text(), QStringLiteral("First?"));
    QCOMPARE(m_fixture->named<QLineEdit>("system")->text(), QStringLiteral("Be brief."));
    QCOMPARE(m_fixture->named<QTextEdit>("baseAnswer")->toPlainText(), QStringLiteral("A base answer."));
    QCOMPARE(m_fixture->named<QTextEdit>("tunedAnswer")->toPlainText(), QStringLiteral("Run two says so."));
    QCOMPARE(m_fixture->named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 2, step 207"));
    // It can go on.
    m_fixture->askAndWait(QStringLiteral("And then?"));
    std::vector<std::string> read;
    const auto conversation = m_fixture->asked().back().columns[1].conversation;
    for (const data::Turn &turn : conversation)
        read.push_back(turn.text);
    QCOMPARE(read, (std::vector<std::string>{"Be brief.", "First?", "Run two says so.", "And then?"}));
    QTRY_COMPARE(m_fixture->state->history.back().exchanges.size(), std::size_t(2));
    QTRY_COMPARE(history().size(), 2); // the same conversation, longer
}

void PlaygroundAroundTest::columnThatIsGoneComesBack()
{
    openWithAnswers();
    m_fixture->state->history.push_back({"old", "2024-05-14T14:21:00", "", 7, {{"Old?", {{"Base", "base", "", 1, "Base said."}, {"letters", "/adapters/letters", "", 0.5, "Letters said."},
                                                                                        {"stories", "base", "/models/stories260K", 1, "Stories said."}}}}});
    m_fixture->askAndWait(QStringLiteral("New?"));
    QTRY_COMPARE(history().size(), 2);
    openFromHistory(*m_fixture->page, QStringLiteral("Old?"));
    QTRY_COMPARE(m_fixture->page->findChildren<AnswerColumn *>().size(), 4);
    QCOMPARE(m_fixture->named<QTextEdit>("answer3")->toPlainText(), QStringLiteral("Letters said."));
    QCOMPARE(m_fixture->named<QTextEdit>("answer4")->toPlainText(), QStringLiteral("Stories said."));
    QVERIFY(m_fixture->named<QTextEdit>("tunedAnswer")->toPlainText().isEmpty());
    // A text without tokens has nothing to choose, and is copied all the same.
    m_fixture->column(2)->textView().setFocus();
    QTest::keyClick(&m_fixture->column(2)->textView(), Qt::Key_Right);
    QVERIFY(!m_fixture->column(2)->chosenToken());
    QCOMPARE(m_fixture->column(2)->text(), QStringLiteral("Letters said."));
}

void PlaygroundAroundTest::entryIsRemovedForGood()
{
    openWithAnswers();
    m_fixture->askAndWait(QStringLiteral("Secret?"));
    QTRY_COMPARE(history().size(), 1);
    auto *list = m_fixture->named<QListWidget>("history");
    list->setFocus();
    list->setCurrentRow(1);
    m_fixture->window->dialogs().setNextAnswer(1); // keep
    QTest::keyClick(list, Qt::Key_Delete);
    QCOMPARE(history().size(), 1);
    m_fixture->window->dialogs().setNextAnswer(0);
    QTest::keyClick(list, Qt::Key_Delete);
    QTRY_VERIFY(history().isEmpty());
    QVERIFY(m_fixture->state->history.empty());
}

// What was asked in one project is not in another's history, also when it was still being answered.
void PlaygroundAroundTest::historyIsTheProjects()
{
    openWithAnswers();
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { (void)gate->try_acquire_for(std::chrono::milliseconds(20)); };
    m_fixture->ask(QStringLiteral("Private?"));
    QTRY_VERIFY(!m_fixture->column(0)->answer().empty());
    const std::filesystem::path other = (m_fixture->dir.path() + QStringLiteral("/Other.fettle")).toStdString();
    std::filesystem::create_directories(other);
    const auto state = m_fixture->engine->addProject(other, fakeRecords(20));
    m_fixture->bridge->openProject(other);
    QTRY_COMPARE(m_fixture->bridge->project() ? m_fixture->bridge->project()->folder() : std::filesystem::path(), other);
    QTest::qWait(200);
    QVERIFY(state->history.empty());
    QVERIFY(history().isEmpty());
}

QTEST_MAIN(PlaygroundAroundTest)
#include "tst_playgroundaround.moc"
