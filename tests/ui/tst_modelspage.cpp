// The Models page: what is listed and why, what each method needs, what deleting asks, and that a model which a run needs stays.
// FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/frame/dialogs.h"
#include "ui/frame/recentprojects.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QDragEnterEvent>
#include <QLineEdit>
#include <QMimeData>
#include <QSettings>
#include <QTableView>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class ModelsPageTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_modelspage")); }
    void init();
    void cleanup();
    void tableSaysWhatCanBeTrained();
    void memoryIsMeasuredOnDemand();
    void impossibleMethodSaysWhy();
    void deletingAsksFirst();
    void usersAreNamed();
    void addedModelCanBeTakenOffTheList();
    void modelOfARunStays();
    void downloadIsShownAndPaused();
    void droppedFolderIsAdded();
    void controlsAreNamed();
    void pictures();

private:
    template <class T>
    [[nodiscard]] T *inside(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] QTableView *table() const { return m_page->findChild<QTableView *>(); }
    [[nodiscard]] bool shows(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    void choose(const QString &name);

    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
};

namespace {

engine::Inspection model(const char *name, const char *architecture, std::int64_t parameters, const char *storage, std::int64_t context, std::int64_t bytes)
{
    engine::Inspection made;
    made.kind = std::string(storage).starts_with('Q') ? "gguf" : "model";
    made.name = name;
    made.path = std::string("/models/") + name + (made.kind == "gguf" ? ".gguf" : "");
    made.architecture = architecture;
    made.parameters = parameters;
    made.storage = storage;
    made.context = context;
    made.fileBytes = bytes;
    made.layers = 30;
    made.width = 576;
    made.heads = 9;
    made.keyValueHeads = 3;
    made.vocabulary = 49'152;
    made.tensors = 272;
    made.tokenizer = "byte-level BPE, 49,152 tokens";
    made.licence = "apache-2.0";
    made.hasChatTemplate = true;
    made.trainable = true;
    if (made.kind == "gguf")
        made.refusedMethods = {"full"};
    return made;
}

} // namespace

void ModelsPageTest::init()
{
    m_fixture->start(40);
    m_fixture->state->settings["baseModel"] = "\"SmolLM2-135M-Instruct\"";
    auto &models = m_fixture->engine->models;
    models = {model("SmolLM2-135M-Instruct", "LlamaForCausalLM", 134'500'000, "BF16", 8192, 269'000'000), model("Qwen2.5-0.5B-Instruct", "Qwen2ForCausalLM", 494'000'000, "BF16", 32768, 988'000'000),
              model("Qwen3-1.7B", "Qwen3ForCausalLM", 1'720'000'000, "Q8_0", 40960, 1'830'000'000), model("gemma-3-270m-it", "Gemma3ForCausalLM", 268'000'000, "BF16", 32768, 536'000'000),
              model("gpt2", "GPT2LMHeadModel", 124'400'000, "F32", 1024, 548'000'000), model("clip-vit-base-patch32", "CLIPModel", 0, "F32", 0, 605'000'000)};
    models[3].refusedMethods = {"prefix"};
    models[4].hasChatTemplate = false;
    models[4].facts["code in the folder"] = "never run: the family is known";
    models[5].trainable = false;
    models[5].problems = {{"Not a language model: architecture \"CLIPModel\".", "Choose a model that writes text."}};
    m_page = m_fixture->openPage(QStringLiteral("models"));
    QVERIFY(m_page);
    QTRY_COMPARE(table()->model()->rowCount(), 5);
}

void ModelsPageTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void ModelsPageTest::choose(const QString &name)
{
    for (int row = 0; row < table()->model()->rowCount(); ++row) {
        if (table()->model()->index(row, 0).data().toString() == name)
            QTest::mouseClick(table()->viewport(), Qt::LeftButton, {}, table()->visualRect(table()->model()->index(row, 0)).center());
    }
    QCOMPARE(table()->currentIndex().siblingAtColumn(0).data().toString(), name);
}

void ModelsPageTest::tableSaysWhatCanBeTrained()
{
    QStringList told;
    for (int row = 0; row < table()->model()->rowCount(); ++row)
        told.append(table()->model()->index(row, 6).data().toString());
    QCOMPARE(told, (QStringList{"All methods", "All methods", "All but Full", "All but Prefix", "All methods"}));
    QCOMPARE(table()->model()->index(0, 7).data().toString(), QStringLiteral("in use"));
    QCOMPARE(table()->model()->index(4, 7).data().toString(), QStringLiteral("no chat template"));
    QTRY_VERIFY(shows(QStringLiteral("Not usable")) && shows(QStringLiteral("Not a language model")));
    QVERIFY(shows(QStringLiteral("apache-2.0")));
    auto *search = m_page->findChild<QLineEdit *>();
    QTest::keyClicks(search, QStringLiteral("qwen"));
    QCOMPARE(table()->model()->rowCount(), 2);
    QVERIFY(!shows(QStringLiteral("Not usable")));
}

void ModelsPageTest::memoryIsMeasuredOnDemand()
{
    QTRY_VERIFY(shows(QStringLiteral("not measured")));
    auto *measure = inside<Button>("measureMethods");
    QTRY_VERIFY(measure->isEnabled());
    QTest::mouseClick(measure, Qt::LeftButton);
    QTRY_VERIFY(shows(QStringLiteral("3.70 GB")) || shows(QStringLiteral("3.7 GB")));
    QTRY_COMPARE(measure->text(), QStringLiteral("Measure again"));
    QVERIFY(!shows(QStringLiteral("not measured")));
    // Another model has its own figures, which the stand-in knows from now on.
    choose(QStringLiteral("gpt2"));
    QTRY_VERIFY(shows(QStringLiteral("of free memory")));
    QVERIFY(shows(QStringLiteral("never run: the family is known")));
}

void ModelsPageTest::impossibleMethodSaysWhy()
{
    choose(QStringLiteral("Qwen3-1.7B"));
    QTRY_VERIFY(shows(QStringLiteral("not possible")));
    QVERIFY(shows(QStringLiteral("rounded to 8 bits")));
    // What cannot be trained at all has no such section, and says why in its place.
    for (Link *link : m_page->findChildren<Link *>()) {
        if (link->isVisible() && link->text() == QLatin1String("Details"))
            QTest::mouseClick(link, Qt::LeftButton);
    }
    QTRY_VERIFY(shows(QStringLiteral("Choose a model that writes text.")));
    QVERIFY(!shows(QStringLiteral("Memory to train it")));
}

void ModelsPageTest::deletingAsksFirst()
{
    choose(QStringLiteral("gpt2"));
    auto &dialogs = m_fixture->window->dialogs();
    dialogs.setNextAnswer(1); // keep
    QTest::keyClick(table(), Qt::Key_Delete);
    QTRY_VERIFY(dialogs.lastQuestion().has_value());
    QCOMPARE(dialogs.lastQuestion()->title, QStringLiteral("Delete gpt2?"));
    QVERIFY2(dialogs.lastQuestion()->text.contains(QStringLiteral("269 MB")) && dialogs.lastQuestion()->text.contains(QStringLiteral("/models/gpt2")), qPrintable(dialogs.lastQuestion()->text));
    QVERIFY(!dialogs.lastQuestion()->text.contains(QStringLiteral("base model of")));
    QCOMPARE(dialogs.lastQuestion()->answers, (QStringList{"Delete", "Keep"}));
    QCOMPARE(table()->model()->rowCount(), 5);
    dialogs.setNextAnswer(0);
    QTest::keyClick(table(), Qt::Key_Delete);
    QTRY_COMPARE(table()->model()->rowCount(), 4);
    // The base of the open project is named as such.
    choose(QStringLiteral("SmolLM2-135M-Instruct"));
    dialogs.setNextAnswer(1);
    QTest::mouseClick(inside<Button>("deleteModelButton"), Qt::LeftButton);
    QTRY_VERIFY(dialogs.lastQuestion()->text.contains(QStringLiteral("base model of Hollybrook answers")));
    // A refusal is told, and nothing is asked.
    m_fixture->engine->removalError = Error{ErrorCode::Usage, "\"smol\" came with Fettle and stays.", "It goes when Fettle is removed.", {}};
    QTest::mouseClick(inside<Button>("deleteModelButton"), Qt::LeftButton);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("came with Fettle")));
    QCOMPARE(table()->model()->rowCount(), 4);
}

void ModelsPageTest::usersAreNamed()
{
    const auto ranOn = [](FakeProjectState &project, const char *path) {
        const std::scoped_lock lock(project.mutex);
        engine::RunInfo run;
        run.id = RunId{std::int64_t(project.runs.size()) + 1};
        run.state = engine::RunState::Finished;
        run.modelPath = path;
        project.runs.push_back(run);
    };
    const QString sample = m_fixture->dir.filePath(QStringLiteral("Guided sample.fettle"));
    const auto other = m_fixture->engine->addProject(sample.toStdString());
    other->settings["baseModel"] = "\"Qwen3-1.7B.gguf\"";
    rememberProject(sample, QStringLiteral("Guided sample"));
    rememberProject(QStringLiteral("/gone/Lost.fettle"), QStringLiteral("Lost")); // on a disk that is not there
    ranOn(*m_fixture->state, "/models/gpt2");
    ranOn(*m_fixture->state, "/models/gpt2");
    ranOn(*m_fixture->state, "/models/SmolLM2-135M-Instruct");
    ranOn(*other, "gpt2"); // by its name
    choose(QStringLiteral("gpt2"));
    QTRY_VERIFY(shows(QStringLiteral("Used by")) && shows(QStringLiteral("Hollybrook answers")) && shows(QStringLiteral("2 runs")));
    QVERIFY(shows(QStringLiteral("Guided sample")) && shows(QStringLiteral("1 run")));
    m_fixture->picture(QStringLiteral("models-used"));
    choose(QStringLiteral("Qwen3-1.7B"));
    QTRY_VERIFY(shows(QStringLiteral("base model, no run yet")));
    QVERIFY(shows(QStringLiteral("Guided sample")) && !shows(QStringLiteral("Hollybrook answers")));
    choose(QStringLiteral("gemma-3-270m-it"));
    QTRY_VERIFY(shows(QStringLiteral("None of the projects that were open lately.")));
    // A run that ends meanwhile counts.
    ranOn(*other, "/models/gemma-3-270m-it");
    emit m_fixture->bridge->runsChanged();
    QTRY_VERIFY(shows(QStringLiteral("Guided sample")) && shows(QStringLiteral("1 run")));
    // Who deletes it is told whose results fall silent.
    choose(QStringLiteral("gpt2"));
    auto &dialogs = m_fixture->window->dialogs();
    dialogs.setNextAnswer(1);
    QTest::keyClick(table(), Qt::Key_Delete);
    QTRY_VERIFY(dialogs.lastQuestion().has_value());
    const QString text = dialogs.lastQuestion()->text;
    QVERIFY2(text.contains(QStringLiteral("2 runs of Hollybrook answers")) && text.contains(QStringLiteral("1 run of Guided sample")), qPrintable(text));
    QVERIFY(!text.contains(QStringLiteral("base model of")));
}

void ModelsPageTest::addedModelCanBeTakenOffTheList()
{
    // As if it had been added from a folder that is not searched.
    const auto elsewhere = m_fixture->engine->models[1];
    m_fixture->window->dialogs().setNextFileName(QString::fromStdString(elsewhere.path));
    QAction *add = m_page->findChild<QAction *>(QStringLiteral("addModelFolder"));
    QVERIFY(add);
    add->trigger();
    QTRY_VERIFY(QSettings().value(QStringLiteral("models/added")).toStringList().contains(QString::fromStdString(elsewhere.path)));
    choose(QStringLiteral("Qwen2.5-0.5B-Instruct"));
    auto &dialogs = m_fixture->window->dialogs();
    dialogs.setNextAnswer(1); // only off the list
    QTest::keyClick(table(), Qt::Key_Delete);
    QTRY_VERIFY(!QSettings().value(QStringLiteral("models/added")).toStringList().contains(QString::fromStdString(elsewhere.path)));
    QCOMPARE(dialogs.lastQuestion()->answers.size(), 3);
    QCOMPARE(m_fixture->engine->models.size(), 6U); // the files are as they were
}

void ModelsPageTest::modelOfARunStays()
{
    m_fixture->engine->beforeStep = [gate = m_fixture->gate](int step) {
        if (step == 2)
            gate->acquire();
    };
    engine::TrainRequest request;
    request.model = "/models/gpt2"; // the stand-in finds models by their name
    request.recipe.method = "lora";
    m_fixture->bridge->startRun(request);
    m_fixture->bridge->startRun(request); // waits
    QTRY_VERIFY(m_fixture->bridge->isRunActive());
    choose(QStringLiteral("gpt2"));
    QTest::mouseClick(inside<Button>("deleteModelButton"), Qt::LeftButton);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("needs this model")) || WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("is learning on this model")));
    QVERIFY(!m_fixture->window->dialogs().lastQuestion());
    // The base stays in memory from one run to the next, and goes with the last.
    QCOMPARE(m_fixture->engine->basesForgotten.load(), 0);
    m_fixture->gate->release(1'000'000);
    QTRY_VERIFY_WITH_TIMEOUT(m_fixture->state->runs.size() == 2 && !m_fixture->bridge->isRunActive(), 20'000);
    QTRY_COMPARE(m_fixture->engine->basesForgotten.load(), 1);
}

void ModelsPageTest::downloadIsShownAndPaused()
{
    auto gate = m_fixture->gate;
    m_fixture->engine->download = [gate](const std::string &, const ProgressCallback &progress, std::stop_token stop) -> Result<engine::HubDownload> {
        progress({"Fetching model.safetensors", 0, 1'192'000'000, -1});
        progress({"Fetching model.safetensors", 412'000'000, 1'192'000'000, 128});
        while (!stop.stop_requested() && !gate->try_acquire_for(std::chrono::milliseconds(5))) { }
        return fail(ErrorCode::Cancelled, "The download was cancelled.");
    };
    m_fixture->engine->unfinished = {{"Qwen/Qwen3-0.6B", 1'192'000'000, 412'000'000}, {"meta/Llama-3.2-1B", 2'470'000'000, 1'100'000'000}};
    m_fixture->bridge->startDownload(QStringLiteral("Qwen/Qwen3-0.6B"));
    QTRY_VERIFY(shows(QStringLiteral("412 MB of 1.19 GB")));
    // What goes on is no unfinished download, also when the models are looked for again.
    m_page->findChild<QAction *>(QStringLiteral("reloadModels"))->trigger();
    QTRY_VERIFY(shows(QStringLiteral("1.10 GB of 2.47 GB have come.")));
    QVERIFY(!shows(QStringLiteral("412 MB of 1.19 GB have come.")));
    QVERIFY(shows(QStringLiteral("2 min left")));
    m_fixture->picture(QStringLiteral("models-download"));
    QTest::mouseClick(inside<Button>("pauseDownload"), Qt::LeftButton);
    QTRY_VERIFY(!m_fixture->bridge->download().isOn);
    QTRY_VERIFY(shows(QStringLiteral("Not complete")) && shows(QStringLiteral("412 MB of 1.19 GB have come.")));
    m_fixture->picture(QStringLiteral("models-unfinished"));
}

void ModelsPageTest::droppedFolderIsAdded()
{
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(QStringLiteral("/models/gpt2"))});
    QDragEnterEvent enter(QPoint(100, 100), Qt::CopyAction, &data, Qt::LeftButton, {});
    QCoreApplication::sendEvent(m_page, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(100, 100), Qt::CopyAction, &data, Qt::LeftButton, {});
    QCoreApplication::sendEvent(m_page, &drop);
    QTRY_VERIFY(QSettings().value(QStringLiteral("models/added")).toStringList().contains(QStringLiteral("/models/gpt2")));
    QTRY_COMPARE(table()->currentIndex().siblingAtColumn(0).data().toString(), QStringLiteral("gpt2"));
}

void ModelsPageTest::controlsAreNamed()
{
    QTRY_VERIFY(shows(QStringLiteral("not measured")));
    const auto controls = WindowFixture::controlsOf(*m_page);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    QVERIFY(controls.count >= 10);
}

void ModelsPageTest::pictures()
{
    if (qEnvironmentVariableIsEmpty("FETTLE_PICTURES"))
        QSKIP("Pictures are kept where FETTLE_PICTURES says.");
    m_fixture->picture(QStringLiteral("models-unmeasured"));
    m_fixture->engine->methodBytes = {{"lora", 3'700'000'000}, {"full", 6'900'000'000}, {"bottleneck", 3'600'000'000}, {"prefix", 3'100'000'000}, {"prompt", 3'000'000'000}, {"ia3", 3'200'000'000}};
    choose(QStringLiteral("Qwen3-1.7B"));
    QTRY_VERIFY(shows(QStringLiteral("of free memory")));
    m_fixture->picture(QStringLiteral("models-full"));
    m_fixture->picture(QStringLiteral("models-full"), true);
    m_fixture->picture(QStringLiteral("models-full"), false, {1024, 700});
}

QTEST_MAIN(ModelsPageTest)
#include "tst_modelspage.moc"
