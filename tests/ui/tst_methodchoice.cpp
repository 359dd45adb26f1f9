// The choice of the method on the Train page, in the real window on the stand-in engine: cards by mouse and by key, the form, the drawing,
// the plan and the run that follow, a method that the base model cannot be trained with. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/trainfixture.h"
#include "ui/train/methodchoice.h"
#include "ui/train/methoddrawing.h"
#include "ui/train/methodwords.h"
#include "ui/train/settingsform.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/words.h"

#include <QAccessible>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QScrollArea>
#include <QSpinBox>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class MethodChoiceTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<TrainFixture>(QStringLiteral("tst_methodchoice")); }
    void init();
    void cleanup();

    void everyMethodHasItsWords();
    void cardShowsCosts();
    void clickChoosesMethod();
    void arrowKeysChooseMethod();
    void rarerMethodsOpen();
    void everyMethodFillsFormAndPlan();
    void changedValuesFollow();
    void refusedMethodSaysWhy();
    void chosenMethodIsRefusedWithAnotherModel();
    void chosenMethodIsTrained();
    void drawingLightsWhatIsTrained_data();
    void drawingLightsWhatIsTrained();
    void cardsAreToldToScreenReaders();
    void narrowWindowFits();

private:
    void open(const char *model = "SmolLM2-360M-Instruct"); // in full precision
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] MethodCard *card(const char *method) const { return named<MethodChoice>("methods")->card(method); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    [[nodiscard]] engine::TrainRequest lastPlanned() const { return m_fixture->lastPlanned(); }
    void choose(const char *method);

    std::unique_ptr<TrainFixture> m_fixture;
    TrainPage *m_page = nullptr;
};

void MethodChoiceTest::init()
{
    m_fixture->startTrain();
}

void MethodChoiceTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void MethodChoiceTest::open(const char *model)
{
    m_fixture->state->settings["baseModel"] = "\"" + std::string(model) + "\"";
    m_page = qobject_cast<TrainPage *>(m_fixture->openPage(QStringLiteral("train")));
    QVERIFY(m_page);
    QTRY_VERIFY(isTextShown(QStringLiteral("57.6 K")) || !card("ia3")->isVisible());
    QTRY_VERIFY(isTextShown(QStringLiteral("4.88 M")));
    QTRY_VERIFY(!isTextShown(QStringLiteral("Reading the records")));
}

// Where a person clicks: somewhere in the card, also on its words.
void MethodChoiceTest::choose(const char *method)
{
    if (!card(method)->isVisible())
        QTest::mouseClick(named<Link>("moreMethods"), Qt::LeftButton);
    MethodCard *wanted = card(method);
    m_page->findChildren<QScrollArea *>().front()->ensureWidgetVisible(wanted);
    QTest::mouseClick(m_fixture->window->windowHandle(), Qt::LeftButton, {}, wanted->mapTo(m_fixture->window.get(), QPoint(wanted->width() / 2, 24)));
    QVERIFY2(wanted->isChecked(), method);
}

void MethodChoiceTest::everyMethodHasItsWords()
{
    for (const train::MethodInfo &method : train::methods()) {
        const std::string key(method.key);
        const MethodWords words = methodWords(key);
        for (const QString &text : {words.summary, words.when, words.runsIn, words.trained, words.result})
            QVERIFY2(!text.isEmpty(), key.c_str());
        QVERIFY2(methodText(key) != QString::fromStdString(key), key.c_str());
    }
}

void MethodChoiceTest::cardShowsCosts()
{
    open();
    const auto shows = [&](const char *method, const QString &part) { return WindowFixture::isTextShown(*card(method), part); };
    QVERIFY(shows("lora", QStringLiteral("4.88 M")));
    QVERIFY(shows("lora", QStringLiteral("20 MB")));
    QVERIFY(shows("lora", QStringLiteral("1.3 % trained"))); // of 361.8 M
    QVERIFY(shows("lora", QStringLiteral("PEFT, GGUF, Ollama")));
    QVERIFY(shows("lora", QStringLiteral("The usual choice")));
    QVERIFY(shows("bottleneck", QStringLiteral("AdapterHub")));
    QVERIFY(shows("prefix", QStringLiteral("230.4 K")));
    QVERIFY(shows("full", QStringLiteral("361.8 M")) && shows("full", QStringLiteral("100 % trained")));
    // The chosen one follows its settings.
    named<QSpinBox>("rank")->setValue(32);
    QTRY_VERIFY(shows("lora", QStringLiteral("9.77 M")));
    m_fixture->picture(QStringLiteral("methods"));
    m_fixture->picture(QStringLiteral("methods"), true);
}

void MethodChoiceTest::clickChoosesMethod()
{
    open();
    QVERIFY(card("lora")->isChecked());
    choose("bottleneck");
    QVERIFY(!card("lora")->isChecked());
    QTRY_COMPARE(lastPlanned().recipe, train::presetRecipe(train::Preset::Quick, "bottleneck", 90));
    QVERIFY(!named<QSpinBox>("rank")->isVisible());
    QVERIFY(named<QComboBox>("kind")->isVisible());
    QVERIFY(isTextShown(QStringLiteral("small networks inside each layer")));
    QTRY_VERIFY(isTextShown(QStringLiteral("as an AdapterHub adapter")));
    m_fixture->picture(QStringLiteral("methods-adapters"));
    choose("lora");
    QTRY_COMPARE(lastPlanned().recipe.method, std::string("lora"));
    QVERIFY(named<QSpinBox>("rank")->isVisible());
    QVERIFY(!named<QComboBox>("kind")->isVisible());
}

void MethodChoiceTest::arrowKeysChooseMethod()
{
    open();
    card("lora")->setFocus(Qt::TabFocusReason);
    QTest::keyClick(card("lora"), Qt::Key_Right);
    QVERIFY(card("full")->isChecked() && card("full")->hasFocus());
    QTRY_COMPARE(lastPlanned().recipe.method, std::string("full"));
    QTRY_VERIFY(isTextShown(QStringLiteral("as a whole model")));
    QVERIFY(isTextShown(QStringLiteral("of the model's own numbers")));
    m_fixture->picture(QStringLiteral("methods-full"), true);
    QTest::keyClick(card("full"), Qt::Key_Right);
    QTest::keyClick(card("bottleneck"), Qt::Key_Right);
    QVERIFY(card("prefix")->isChecked());
    QTRY_COMPARE(lastPlanned().recipe.method, std::string("prefix"));
    // One stop of the tab key for all of them; the next is the preset.
    QTest::keyClick(card("prefix"), Qt::Key_Tab);
    QVERIFY(named<Segmented>("preset")->hasFocus());
    for (const char *next : {"recipe", "epochs"}) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QCOMPARE(QApplication::focusWidget()->objectName(), QLatin1String(next));
    }
}

void MethodChoiceTest::rarerMethodsOpen()
{
    open();
    auto *more = named<Link>("moreMethods");
    QCOMPARE(more->text(), QStringLiteral("2 more"));
    QVERIFY(!card("ia3")->isVisible());
    more->setFocus();
    QTest::keyClick(more, Qt::Key_Space);
    QVERIFY(card("prompt")->isVisible() && card("ia3")->isVisible());
    QCOMPARE(more->text(), QStringLiteral("Fewer"));
    m_fixture->picture(QStringLiteral("methods-more"));
    choose("ia3");
    QTest::mouseClick(more, Qt::LeftButton);
    QVERIFY(!card("prompt")->isVisible());
    QVERIFY(card("ia3")->isVisible()); // what is chosen is never hidden
}

void MethodChoiceTest::everyMethodFillsFormAndPlan()
{
    open();
    QTest::mouseClick(named<Link>("advanced"), Qt::LeftButton);
    for (const train::MethodInfo &method : train::methods()) {
        const std::string key(method.key);
        choose(key.c_str());
        QTRY_COMPARE(lastPlanned().recipe, train::presetRecipe(train::Preset::Quick, key, 90));
        QVERIFY(!isTextShown(QStringLiteral("changed from")));
        int shown = 0;
        for (const train::SettingField &field : train::settingFields()) {
            auto *editor = m_page->findChild<QWidget *>(QString::fromUtf8(field.key.data(), qsizetype(field.key.size())));
            QVERIFY2(editor, field.key.data());
            QVERIFY2(editor->isVisible() == train::isSettingOf(field, key), (key + " " + std::string(field.key)).c_str());
            shown += editor->isVisible() && field.level == train::SettingLevel::Advanced;
        }
        QCOMPARE(named<SettingsForm>("settingsForm")->advancedCount(), shown);
    }
}

// What means the same for both methods stays as it was set; what belongs to one is there again when it is chosen again.
void MethodChoiceTest::changedValuesFollow()
{
    open();
    named<QSpinBox>("rank")->setValue(48);
    named<QSpinBox>("maxLength")->setValue(320);
    named<QDoubleSpinBox>("learningRate")->setValue(0.0007);
    choose("prefix");
    const train::Recipe preset = train::presetRecipe(train::Preset::Quick, "prefix", 90);
    QTRY_COMPARE(lastPlanned().recipe.method, std::string("prefix"));
    QCOMPARE(lastPlanned().recipe.integer("maxLength"), 320);
    QCOMPARE(lastPlanned().recipe.real("learningRate"), preset.real("learningRate"));
    QVERIFY(!lastPlanned().recipe.values.contains("rank"));
    QVERIFY(train::validate(lastPlanned().recipe));
    QVERIFY(isTextShown(QStringLiteral("1 value changed from Quick")));
    choose("lora");
    QTRY_COMPARE(lastPlanned().recipe.method, std::string("lora"));
    QCOMPARE(lastPlanned().recipe.integer("rank"), 48);
    QCOMPARE(lastPlanned().recipe.integer("maxLength"), 320);
    QCOMPARE(lastPlanned().recipe.real("learningRate"), 0.0007);
    QTest::mouseClick(named<Button>("resetSettings"), Qt::LeftButton);
    QTRY_COMPARE(lastPlanned().recipe, train::presetRecipe(train::Preset::Quick, "lora", 90));
}

void MethodChoiceTest::refusedMethodSaysWhy()
{
    open("SmolLM2-135M-Instruct"); // rounded to four bits
    QTRY_VERIFY(!card("full")->isEnabled());
    QVERIFY(WindowFixture::isTextShown(*card("full"), QStringLiteral("they cannot be trained themselves. Use the method")));
    QVERIFY(card("full")->toolTip().contains(QStringLiteral("cannot be trained")));
    QVERIFY(card("full")->accessibleDescription().contains(QStringLiteral("cannot be trained")));
    QTest::mouseClick(m_fixture->window->windowHandle(), Qt::LeftButton, {}, card("full")->mapTo(m_fixture->window.get(), QPoint(60, 24)));
    QVERIFY(card("lora")->isChecked());
    // The keys pass over it.
    card("lora")->setFocus(Qt::TabFocusReason);
    QTest::keyClick(card("lora"), Qt::Key_Right);
    QVERIFY(card("bottleneck")->isChecked());
    m_fixture->picture(QStringLiteral("methods-refused"));
    m_fixture->picture(QStringLiteral("methods-refused"), true);
}

void MethodChoiceTest::chosenMethodIsRefusedWithAnotherModel()
{
    open();
    choose("full");
    QTRY_VERIFY(named<Button>("startRun")->isEnabled());
    m_fixture->bridge->setBaseModel("SmolLM2-135M-Instruct");
    QTRY_VERIFY(isTextShown(QStringLiteral("Cannot start yet")));
    QVERIFY(isTextShown(QStringLiteral("they cannot be trained themselves")));
    QVERIFY(!named<Button>("startRun")->isEnabled());
    QVERIFY(card("full")->isChecked() && card("full")->isEnabled()); // the keys can leave it
    card("full")->setFocus(Qt::TabFocusReason);
    QTest::keyClick(card("full"), Qt::Key_Left);
    QVERIFY(card("lora")->isChecked());
    QTRY_VERIFY(!card("full")->isEnabled());
    QTRY_VERIFY(named<Button>("startRun")->isEnabled());
}

void MethodChoiceTest::chosenMethodIsTrained()
{
    open();
    choose("ia3");
    QTRY_COMPARE(lastPlanned().recipe.method, std::string("ia3"));
    QTRY_VERIFY(named<Button>("startRun")->isEnabled());
    QTest::mouseClick(named<Button>("startRun"), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->trained().size(), std::size_t(1));
    QCOMPARE(m_fixture->trained()[0].recipe, train::presetRecipe(train::Preset::Quick, "ia3", 90));
    QCOMPARE(m_fixture->window->currentPageId(), QStringLiteral("runs"));
    QWidget *runs = m_fixture->window.get();
    QTRY_VERIFY(WindowFixture::isTextShown(*runs, QStringLiteral("IA3")));
}

void MethodChoiceTest::drawingLightsWhatIsTrained_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QString>("setting");
    QTest::addColumn<QString>("words");
    const auto row = [](const char *method, const char *setting, const char *words) {
        QTest::addRow("%s %s", method, setting) << QString::fromLatin1(method) << QString::fromLatin1(setting) << QString::fromLatin1(words);
    };
    row("lora", "", "Trained: two narrow matrices beside q, k, v, o, gate, up, down.");
    row("lora", "targets=mlp", "Trained: two narrow matrices beside gate, up, down.");
    row("lora", "targetExpression=.*layers\\.[0-3]\\..*(q|v)_proj", "Trained: two narrow matrices beside q, v.");
    row("full", "", "Trained: the maps q, k, v, o, gate, up, down themselves; the norms; the table of words; the output.");
    row("full", "parts=norms", "Trained: the norms.");
    // As families call them that keep several maps as one.
    row("lora", "targets=qkv_proj,down_proj", "Trained: two narrow matrices beside q, k, v, down.");
    row("lora", "targets=c_attn,mlp.c_proj", "Trained: two narrow matrices beside q, k, v, down.");
    row("lora", "targets=dense,dense_h_to_4h", "Trained: two narrow matrices beside o, up.");
    row("full", "layers=0-1", "Trained: the maps q, k, v, o, gate, up, down themselves; the norms.");
    row("bottleneck", "", "Trained: a small network behind the MLP.");
    row("bottleneck", "kind=double", "Trained: a small network behind attention; a small network behind the MLP.");
    row("bottleneck", "kind=parallel", "Trained: a small network beside the MLP.");
    row("prefix", "virtualTokens=30", "Trained: 30 places in front of the keys and values of every text.");
    row("prompt", "virtualTokens=1", "Trained: 1 virtual word in front of every text.");
    row("ia3", "", "Trained: a factor behind each row of k, v; a factor in front of each column of down.");
}

void MethodChoiceTest::drawingLightsWhatIsTrained()
{
    QFETCH(QString, method);
    QFETCH(QString, setting);
    QFETCH(QString, words);
    train::Recipe recipe = train::presetRecipe(train::Preset::Quick, method.toStdString(), 90);
    if (!setting.isEmpty())
        QVERIFY(train::applySetting(recipe, setting.toStdString()));
    MethodDrawing drawing;
    const auto lit = [&] {
        const QImage image = drawing.grab().toImage();
        int count = 0;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                count += image.pixelColor(x, y) == tokens().accent;
        return count;
    };
    QCOMPARE(lit(), 0);
    drawing.setRecipe(recipe);
    QCOMPARE(drawing.accessibleDescription(), words);
    QVERIFY2(lit() > 40, QByteArray::number(lit()).constData()); // and it can be seen
}

void MethodChoiceTest::cardsAreToldToScreenReaders()
{
    open();
    QTest::mouseClick(named<Link>("moreMethods"), Qt::LeftButton);
    for (const train::MethodInfo &method : train::methods()) {
        MethodCard *each = card(std::string(method.key).c_str());
        auto *accessible = QAccessible::queryAccessibleInterface(each);
        QVERIFY(accessible);
        QCOMPARE(accessible->role(), QAccessible::RadioButton);
        QCOMPARE(accessible->text(QAccessible::Name), methodText(each->method()));
        QVERIFY(accessible->text(QAccessible::Description).contains(methodWords(each->method()).runsIn));
        QCOMPARE(bool(accessible->state().checked), each->isChecked());
        QVERIFY(each->toolTip().startsWith(QStringLiteral("Trains ")));
    }
}

void MethodChoiceTest::narrowWindowFits()
{
    open("SmolLM2-135M-Instruct");
    QTest::mouseClick(named<Link>("moreMethods"), Qt::LeftButton);
    choose("ia3");
    QTRY_VERIFY(isTextShown(QStringLiteral("Ready")));
    m_fixture->picture(QStringLiteral("methods-narrow"), false, {1024, 700});
    m_fixture->picture(QStringLiteral("methods-narrow"), true, {1024, 700});
    for (const int width : {1024, 1200, 1366, 1600}) {
        m_fixture->window->resize(width, 700);
        QTRY_COMPARE(m_fixture->window->width(), width);
        QTest::qWait(50);
        for (auto *area : m_page->findChildren<QScrollArea *>())
            QVERIFY2(area->widget()->width() <= area->viewport()->width(), QByteArray::number(width).constData());
        // Every word of a card has its room, and so has the drawing of what is trained.
        int drawings = 0;
        for (auto *drawing : m_page->findChildren<MethodDrawing *>())
            drawings += drawing->isVisible();
        QVERIFY(drawings == 1 || drawings == 6);
        for (auto *each : m_page->findChildren<MethodCard *>()) {
            for (auto *label : each->findChildren<QLabel *>()) {
                const int needed = label->wordWrap() ? label->heightForWidth(label->width()) : label->sizeHint().height();
                QVERIFY2(label->height() >= needed && (label->wordWrap() || label->width() >= label->sizeHint().width()),
                         qPrintable(QStringLiteral("%1: %2").arg(width).arg(label->text())));
            }
        }
    }
}

QTEST_MAIN(MethodChoiceTest)
#include "tst_methodchoice.moc"
