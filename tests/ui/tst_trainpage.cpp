// The Train page in the real window, on the stand-in engine: the plan follows the settings, differences from the preset are marked, problems
// come with their button. Starting is in tst_trainstart.cpp, the choice of the method in tst_methodchoice.cpp. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/trainfixture.h"
#include "ui/train/batchpreview.h"
#include "ui/train/methodchoice.h"
#include "ui/train/methoddrawing.h"
#include "ui/train/planpane.h"
#include "ui/train/settingsform.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"

#include <QAccessible>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QSpinBox>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class TrainPageTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<TrainFixture>(QStringLiteral("tst_trainpage")); }
    void init();
    void cleanup();

    void planAppears();
    void newestPlanIsShown();
    void settingChangesPlanAndIsMarked();
    void presetsFillTheForm();
    void helpFollowsTheFocus();
    void advancedSettingsOpen();
    void wheelLeavesNumbersAlone();
    void problemBlocksUntilFixed();
    void refusedSettingIsTold();
    void unreadableModelIsTold();
    void emptyProjectCannotStart();
    void firstStepShowsTrainedTokens();
    void everyControlHasAName();
    void narrowWindowFits();
    void cardEndsInRoundCorners();

private:
    void open();
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    [[nodiscard]] engine::TrainRequest lastPlanned() const { return m_fixture->lastPlanned(); }
    [[nodiscard]] std::vector<engine::TrainRequest> trained() const { return m_fixture->trained(); }
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000})
    {
        m_fixture->picture(QStringLiteral("train-") + name, isDark, size);
    }

    std::unique_ptr<TrainFixture> m_fixture;
    TrainPage *m_page = nullptr;
};

void TrainPageTest::init()
{
    m_fixture->startTrain();
}

void TrainPageTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void TrainPageTest::open()
{
    m_page = qobject_cast<TrainPage *>(m_fixture->openPage(QStringLiteral("train")));
    QVERIFY(m_page);
    QTRY_VERIFY(!isTextShown(QStringLiteral("Reading the records")));
}

void TrainPageTest::planAppears()
{
    open();
    QTRY_VERIFY(isTextShown(QStringLiteral("Ready")));
    QVERIFY(isTextShown(QStringLiteral("60 steps over 90 records"))); // the head
    QVERIFY(isTextShown(QStringLiteral("4.88 M")));
    QTRY_VERIFY(isTextShown(QStringLiteral("134.5 M parameters, reads 8,192 tokens, Apache-2.0")));
    QVERIFY(isTextShown(QStringLiteral("100 records, 10 of them held out")));
    QVERIFY(named<Button>("startRun")->isEnabled());
    QCOMPARE(lastPlanned().model, std::string("SmolLM2-135M-Instruct"));
    QCOMPARE(lastPlanned().recipe.method, std::string("lora"));
    QCOMPARE(lastPlanned().snapshot.value, 0); // the records as they are now
    picture(QStringLiteral("ready"));
    picture(QStringLiteral("ready"), true);
}

// A plan that was begun before a change must not be taken for the plan of what is shown.
void TrainPageTest::newestPlanIsShown()
{
    auto hold = std::make_shared<std::counting_semaphore<>>(0);
    auto held = std::make_shared<std::atomic<int>>(0);
    open();
    m_fixture->engine->changePlan = [hold, held](const engine::TrainRequest &request, engine::TrainPlan &plan) {
        plan.steps = request.recipe.integer("rank");
        if (plan.steps > 30) {
            ++*held;
            hold->acquire();
        }
    };
    auto *rank = named<QSpinBox>("rank");
    rank->setValue(31);
    QTRY_COMPARE(held->load(), 1);
    rank->setValue(32);
    QTest::qWait(400); // past the pause that typing is given, so that the second plan was asked for
    QVERIFY(isTextShown(QStringLiteral("Reading the records")));
    hold->release();
    QTRY_COMPARE(held->load(), 2);
    QTest::qWait(100); // the first plan has come by now
    QVERIFY(isTextShown(QStringLiteral("Reading the records")));
    QVERIFY(!isTextShown(QStringLiteral("31 steps over")));
    hold->release();
    QTRY_VERIFY(!isTextShown(QStringLiteral("Reading the records")));
    QVERIFY(isTextShown(QStringLiteral("32 steps over")));
}

void TrainPageTest::settingChangesPlanAndIsMarked()
{
    open();
    const int was = int(lastPlanned().recipe.integer("rank"));
    QVERIFY(was != 48);
    auto *rank = named<QSpinBox>("rank");
    QVERIFY(!isTextShown(QStringLiteral("was %1").arg(was)));
    TrainFixture::type(rank, QStringLiteral("48"));
    QTest::keyClick(rank, Qt::Key_Return);
    QTRY_COMPARE(lastPlanned().recipe.integer("rank"), 48);
    QVERIFY(isTextShown(QStringLiteral("was %1").arg(was)));
    QVERIFY(isTextShown(QStringLiteral("1 value changed from Quick")));
    picture(QStringLiteral("different"));
    picture(QStringLiteral("different"), false, {1024, 700});
    auto *rate = named<QDoubleSpinBox>("learningRate");
    TrainFixture::type(rate, QStringLiteral("0,00035")); // a comma is a decimal point too
    QTest::keyClick(rate, Qt::Key_Return);
    QTRY_COMPARE(lastPlanned().recipe.real("learningRate"), 0.00035);
    QVERIFY(isTextShown(QStringLiteral("2 values changed from Quick")));
    // Reset takes both back.
    QTest::mouseClick(named<Button>("resetSettings"), Qt::LeftButton);
    QTRY_COMPARE(lastPlanned().recipe.integer("rank"), was);
    QCOMPARE(rank->value(), was);
    QVERIFY(!isTextShown(QStringLiteral("changed from")));
    QVERIFY(!named<Button>("resetSettings")->isVisible());
}

void TrainPageTest::presetsFillTheForm()
{
    open();
    auto *preset = named<Segmented>("preset");
    std::vector<train::Recipe> recipes;
    for (int i = 0; i < 3; ++i) {
        if (i > 0) {
            preset->setFocus();
            QTest::keyClick(preset, Qt::Key_Right);
        }
        QCOMPARE(preset->current(), i);
        const train::Recipe wanted = train::presetRecipe(static_cast<train::Preset>(i), "lora", 90);
        QCOMPARE(m_page->request().recipe, wanted);
        QTRY_COMPARE(lastPlanned().recipe, wanted);
        QCOMPARE(named<QDoubleSpinBox>("learningRate")->value(), wanted.real("learningRate"));
        QVERIFY(!isTextShown(QStringLiteral("changed from")));
        recipes.push_back(wanted);
    }
    QVERIFY(recipes[0] != recipes[1] && recipes[1] != recipes[2]);
}

void TrainPageTest::helpFollowsTheFocus()
{
    open();
    QVERIFY(isTextShown(QStringLiteral("Click into a field to read what it does.")));
    for (const train::SettingField &field : train::settingFields()) {
        if (field.level != train::SettingLevel::Basic || !train::isSettingOf(field, "lora"))
            continue;
        auto *editor = m_page->findChild<QWidget *>(QString::fromUtf8(field.key.data(), qsizetype(field.key.size())));
        QVERIFY2(editor && editor->isVisible(), field.key.data());
        editor->setFocus();
        QVERIFY2(isTextShown(settingHelp(field)), field.key.data());
        QVERIFY2(isTextShown(settingRangeText(field)), field.key.data());
    }
}

void TrainPageTest::advancedSettingsOpen()
{
    open();
    auto *targets = named<QWidget>("targets");
    QVERIFY(!targets->isVisible());
    auto *link = named<Link>("advanced");
    link->setFocus();
    QTest::keyClick(link, Qt::Key_Space);
    QVERIFY(targets->isVisible());
    QCOMPARE(link->text(), QStringLiteral("Hide the advanced settings"));
    picture(QStringLiteral("advanced"));
    picture(QStringLiteral("advanced"), true);
    picture(QStringLiteral("advanced"), false, {1024, 700});
    for (auto *label : m_page->findChildren<QLabel *>()) {
        if (label->isVisible() && !label->wordWrap())
            QVERIFY2(label->width() >= label->sizeHint().width(), qPrintable(label->text()));
    }
    // What is trained is what is drawn.
    auto *drawing = m_page->findChild<MethodChoice *>()->card("lora")->drawing();
    const QString all = drawing->accessibleDescription() + drawing->accessibleName();
    auto *choice = named<QLineEdit>("targets");
    QVERIFY(choice);
    choice->setFocus();
    choice->setText(QStringLiteral("q_proj,v_proj"));
    QTest::keyClick(choice, Qt::Key_Return);
    QTRY_COMPARE(lastPlanned().recipe.text("targets"), std::string("q_proj,v_proj"));
    QVERIFY(drawing->accessibleDescription() + drawing->accessibleName() != all);
    QTest::mouseClick(link, Qt::LeftButton);
    QVERIFY(!targets->isVisible());
    QVERIFY(isTextShown(QStringLiteral("1 value changed from Quick"))); // also while it is hidden
}

void TrainPageTest::wheelLeavesNumbersAlone()
{
    open();
    auto *rank = named<QSpinBox>("rank");
    const int was = rank->value();
    named<Segmented>("preset")->setFocus();
    const auto turn = [&] {
        QWheelEvent wheel(QPointF(20, 10), rank->mapToGlobal(QPointF(20, 10)), {}, {0, 120}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
        QApplication::sendEvent(rank, &wheel);
    };
    turn();
    QCOMPARE(rank->value(), was);
    rank->setFocus();
    turn();
    QCOMPARE(rank->value(), was + 1);
}

void TrainPageTest::problemBlocksUntilFixed()
{
    m_fixture->engine->changePlan = [](const engine::TrainRequest &request, engine::TrainPlan &plan) {
        if (request.recipe.integer("maxLength") < 192)
            plan.problems.push_back({"nothingToLearn", "Every answer is cut off at 100 tokens: nothing is left to learn.", "Raise to 192 tokens", "maxLength=192", true});
        plan.problems.push_back({"noHeldOut", "No rows are held out: you would not see whether the model understands or only memorises.", "Hold out a tenth", "evalFraction=0.1", false});
    };
    open();
    QTRY_VERIFY(isTextShown(QStringLiteral("Ready, with 1 remark")));
    QVERIFY(named<Button>("startRun")->isEnabled()); // a remark is no obstacle
    auto *length = named<QSpinBox>("maxLength");
    TrainFixture::type(length, QStringLiteral("100"));
    QTest::keyClick(length, Qt::Key_Return);
    QTRY_VERIFY(isTextShown(QStringLiteral("Cannot start yet")));
    QVERIFY(isTextShown(QStringLiteral("Every answer is cut off at 100 tokens")));
    QVERIFY(isTextShown(QStringLiteral("Something above has to be settled first.")));
    QVERIFY(!named<Button>("startRun")->isEnabled());
    picture(QStringLiteral("blocked"));
    picture(QStringLiteral("blocked"), true, {1024, 700});
    QTest::keyClick(length, Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(m_fixture->window->currentPageId(), QStringLiteral("train"));
    auto *fix = named<Button>("fix-nothingToLearn");
    QCOMPARE(fix->text(), QStringLiteral("Raise to 192 tokens"));
    QTest::mouseClick(fix, Qt::LeftButton);
    QTRY_VERIFY(named<Button>("startRun")->isEnabled() && isTextShown(QStringLiteral("Ready, with 1 remark")));
    QCOMPARE(length->value(), 192);
    QVERIFY(isTextShown(QStringLiteral("1 value changed from Quick")));
    QVERIFY(trained().empty());
}

void TrainPageTest::refusedSettingIsTold()
{
    open();
    m_fixture->engine->planError = Error{ErrorCode::BadInput, "The setting targets names \"z_proj\", which this model does not have.", "Use all, attention, mlp or names of its maps.", {}};
    named<QSpinBox>("rank")->setValue(24);
    QTRY_VERIFY(isTextShown(QStringLiteral("which this model does not have. Use all, attention")));
    QVERIFY(isTextShown(QStringLiteral("Cannot start yet")));
    QVERIFY(!named<Button>("startRun")->isEnabled());
    QVERIFY(!isTextShown(QStringLiteral("steps over"))); // nothing that would belong to another plan
    QVERIFY(!isTextShown(QStringLiteral("tokens trained")));
    picture(QStringLiteral("refused"));
    m_fixture->engine->planError = {};
    named<QSpinBox>("rank")->setValue(25);
    QTRY_VERIFY(isTextShown(QStringLiteral("Ready")));
    QVERIFY(!isTextShown(QStringLiteral("does not have")));
}

void TrainPageTest::unreadableModelIsTold()
{
    m_fixture->state->settings["baseModel"] = "\"/gone/model\"";
    open();
    QTRY_VERIFY(isTextShown(QStringLiteral("is not a model.")));
    picture(QStringLiteral("nomodel"));
    for (auto *button : m_page->findChildren<Button *>()) {
        if (button->text() == QStringLiteral("Change")) {
            QTest::mouseClick(button, Qt::LeftButton);
            break;
        }
    }
    QCOMPARE(m_fixture->window->currentPageId(), QStringLiteral("models"));
}

void TrainPageTest::emptyProjectCannotStart()
{
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        m_fixture->state->records.clear();
    }
    open();
    QTRY_VERIFY(isTextShown(QStringLiteral("There is nothing to learn from")));
    QVERIFY(!isTextShown(QStringLiteral("steps over"))); // promised nothing
    QVERIFY(!named<Button>("startRun")->isEnabled());
    picture(QStringLiteral("empty"));
}

void TrainPageTest::firstStepShowsTrainedTokens()
{
    m_fixture->engine->changePlan = [](const engine::TrainRequest &, engine::TrainPlan &plan) {
        plan.rowCapacity = 100;
        plan.firstBatch = {{{{0, 0, 1, 1, 1}}, {{0, 1, 1}}}, {{std::vector<std::uint8_t>(100, 1)}}};
    };
    open();
    auto *preview = m_page->findChild<BatchPreview *>();
    QTRY_COMPARE(preview->records(), 3);
    QCOMPARE(preview->rows(), 2);
    QCOMPARE(preview->filled(), 108);
    QCOMPARE(preview->trained(), 105);
    QVERIFY(isTextShown(QStringLiteral("3 records side by side in 2 rows: 108 of 200 places filled, 105 tokens trained.")));
    QVERIFY(preview->accessibleDescription().contains(QStringLiteral("105 of them trained")));
    // The second row is trained from end to end, the first almost not: that is what is drawn.
    const QImage image = preview->grab().toImage();
    const auto at = [&](double x, double y) { return image.pixelColor(int(x * image.width()), int(y * image.height())); };
    QCOMPARE(at(0.5, 0.75), tokens().trainedFill);
    QVERIFY(at(0.5, 0.15) != tokens().trainedFill);
}

void TrainPageTest::everyControlHasAName()
{
    m_fixture->engine->changePlan = [](const engine::TrainRequest &, engine::TrainPlan &plan) {
        plan.problems.push_back({"noHeldOut", "No rows are held out.", "Hold out a tenth", "evalFraction=0.1", false});
    };
    open();
    QTRY_VERIFY(isTextShown(QStringLiteral("Ready, with 1 remark")));
    QTest::mouseClick(named<Link>("advanced"), Qt::LeftButton);
    int controls = 0;
    for (auto *widget : m_page->findChildren<QWidget *>()) {
        if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy() || qobject_cast<QScrollArea *>(widget)
            || qobject_cast<QAbstractSpinBox *>(widget->parentWidget()))
            continue;
        ++controls;
        auto *accessible = QAccessible::queryAccessibleInterface(widget);
        const QByteArray which = widget->metaObject()->className() + QByteArray(" ") + widget->objectName().toUtf8();
        QVERIFY2(accessible && !accessible->text(QAccessible::Name).isEmpty(), which.constData());
        QVERIFY2(!widget->toolTip().isEmpty() || widget->inherits("fettle::ui::Segmented"), which.constData());
    }
    QVERIFY(controls > 30);
    // Tab goes from above to below, and so do the fields: each column of the form is read to its end.
    QStringList order;
    named<Segmented>("preset")->setFocus();
    for (int i = 0; i < 7; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        order.append(QApplication::focusWidget()->objectName());
    }
    QCOMPARE(order.join(QLatin1Char(' ')), QStringLiteral("recipe epochs learningRate rowsPerStep maxLength trainOn rank"));
}

void TrainPageTest::narrowWindowFits()
{
    m_fixture->engine->changePlan = [](const engine::TrainRequest &, engine::TrainPlan &plan) {
        plan.problems.push_back({"answersCut", "12 of 249 rows (5 %) are cut off at 1024 tokens. The model would learn to stop in the middle of an answer.",
                                 "Raise to 1152 tokens", "maxLength=1152", false});
    };
    open();
    QTRY_VERIFY(isTextShown(QStringLiteral("Ready, with 1 remark")));
    named<QSpinBox>("rank")->setValue(48);
    QTRY_VERIFY(isTextShown(QStringLiteral("Ready, with 1 remark")));
    picture(QStringLiteral("narrow"), false, {1024, 700});
    picture(QStringLiteral("narrow"), true, {1024, 700});
    for (const int width : {1024, 1200, 1366, 1600}) {
        m_fixture->window->resize(width, 700);
        QTRY_COMPARE(m_fixture->window->width(), width);
        QTest::qWait(50);
        for (auto *area : m_page->findChildren<QScrollArea *>()) {
            const QByteArray what = QByteArray::number(width) + ": " + QByteArray::number(area->widget()->width()) + " in " + QByteArray::number(area->viewport()->width());
            QVERIFY2(area->widget()->width() <= area->viewport()->width(), what.constData());
        }
        auto *start = named<Button>("startRun");
        QVERIFY(m_fixture->window->rect().contains(QRect(start->mapTo(m_fixture->window.get(), QPoint(0, 0)), start->size())));
    }
}

// The strip at the foot of the settings ends in the card's round corners.
void TrainPageTest::cardEndsInRoundCorners()
{
    open();
    QWidget *card = named<SettingsForm>("settingsForm")->parentWidget();
    const QImage image = card->grab().toImage();
    const auto at = [&](double x, double y) { return image.pixelColor(int(x * image.devicePixelRatio()), int(y * image.devicePixelRatio())); };
    // With a radius of 8 the point 2.5 px in from both sides lies on the frame's curve; a square strip would fill it.
    for (const double x : {2.5, card->width() - 2.5})
        QVERIFY2(at(x, card->height() - 2.5) != tokens().surface0, qPrintable(at(x, card->height() - 2.5).name()));
    QCOMPARE(at(card->width() / 2.0, card->height() - 4.5), tokens().surface0);
    // Presets and fields begin on one line.
    QCOMPARE(named<Segmented>("preset")->mapTo(card, QPoint(0, 0)).x(), SettingsForm::kFieldEdge);
    QCOMPARE(named<QWidget>("epochs")->mapTo(card, QPoint(0, 0)).x(), SettingsForm::kFieldEdge);
}

QTEST_MAIN(TrainPageTest)
#include "tst_trainpage.moc"
