// The built program, driven as scripts drive it: verbs, JSON documents, exit codes, bad input. Real files, the tiny chat model.
#include "core/train/commandtext.h"
#include "tests/cli/program.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using program::Json;
using program::Outcome;
using program::run;

namespace {

const QString kModel = FETTLE_FIXTURES "/tinychat";
const QString kData = FETTLE_SOURCE_DIR "/datasets/hollybrook/hollybrook.jsonl";

QString write(const QDir &folder, const QString &name, const QByteArray &content)
{
    QFile file(folder.filePath(name));
    if (file.open(QIODevice::WriteOnly))
        file.write(content);
    return file.fileName();
}

} // namespace

#define VERIFY_OK(outcome) QVERIFY2((outcome).exitCode == 0, (outcome).errors.constData())

class TestCommandLine : public QObject {
    Q_OBJECT
private slots:
    void helpAndUsage_data();
    void helpAndUsage();
    void roadFromFileToMergedModel();
    void everyMethodFromDataToAnswer_data();
    void everyMethodFromDataToAnswer();
    void copiedCommandMakesTheSameRecipe();
    void noticesOfARunAreTold();
    void importAccountsForEveryRow();
    void raceComparesMethods();
    void importFromStandardInput();
    void recordsAreCheckedFixedAndExported();
    void tokenizeGivesCodePoints();
    void renderMarksTheAnswer();
    void resumeAfterInterruptEqualsUninterrupted();
    void aKilledRunIsInterrupted();
    void runsAreCompared();
    void badInputIsNamed_data();
    void badInputIsNamed();
};

void TestCommandLine::helpAndUsage_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("exitCode");
    QTest::addRow("help") << QStringList{"--help"} << 0;
    QTest::addRow("version") << QStringList{"--version"} << 0;
    for (const char *verb : {"demo", "new", "import", "check", "replace", "draft", "export-data", "snapshot", "inspect", "download", "tokenize", "render", "fit", "race", "train", "resume", "runs", "score", "generate", "export", "bench", "doctor"})
        QTest::addRow("%s --help", verb) << QStringList{verb, "--help"} << 0;
    QTest::addRow("unknown verb") << QStringList{"fly"} << 2;
    QTest::addRow("unknown option") << QStringList{"runs", "--no-such-option"} << 2;
    QTest::addRow("missing argument") << QStringList{"new"} << 2;
    QTest::addRow("unknown setting") << QStringList{"train", "--model", kModel, "--data", kData, "--set", "colour=red"} << 2;
    QTest::addRow("value out of range") << QStringList{"train", "--model", kModel, "--data", kData, "--set", "learningRate=-1"} << 2;
    QTest::addRow("half precision") << QStringList{"train", "--model", kModel, "--data", kData, "--compute", "fp16"} << 2;
    QTest::addRow("16 bits, not for training") << QStringList{"score", "--model", kModel, "--data", kData, "--compute", "bf16"} << 2;
    QTest::addRow("prompt and raw") << QStringList{"generate", "--model", kModel, "--prompt", "a", "--raw", "b"} << 2;
}

void TestCommandLine::helpAndUsage()
{
    QFETCH(QStringList, arguments);
    QFETCH(int, exitCode);
    const Outcome outcome = run(arguments);
    QCOMPARE(outcome.exitCode, exitCode);
    QVERIFY(!(exitCode == 0 ? outcome.output : outcome.errors).isEmpty());
}

void TestCommandLine::roadFromFileToMergedModel()
{
    QTemporaryDir folder;
    const QString project = folder.filePath("clinic.fettle");
    VERIFY_OK(run({"new", project, "--json"}));
    const Outcome imported = run({"import", kData, "--project", project, "--json"});
    VERIFY_OK(imported);
    QCOMPARE(imported.json().at("accepted").get<int>() + static_cast<int>(imported.json().at("rejected").size()), imported.json().at("rowsInFile").get<int>());

    const Outcome snapshot = run({"snapshot", "--project", project, "--json"});
    VERIFY_OK(snapshot);
    QVERIFY(snapshot.json().at("rows").get<int>() > 200);
    const Outcome again = run({"snapshot", "--project", project, "--json"});
    QCOMPARE(again.json().at("snapshot"), snapshot.json().at("snapshot"));

    const Outcome trained = run({"train", "--model", kModel, "--project", project, "--preset", "quick", "--set", "maxSteps=6", "--set", "learningRate=0.01", "--json"});
    VERIFY_OK(trained);
    const auto lines = trained.lines();
    int steps = 0;
    for (const Json &line : lines) {
        QVERIFY(line.is_object());
        steps += line.at("event") == "step";
        if (line.at("event") == "step")
            for (const char *key : {"step", "loss", "learningRate", "gradNorm", "tokens", "tokensPerSecond", "peakBytes"})
                QVERIFY2(line.contains(key), key);
    }
    QCOMPARE(steps, 6);
    const Json result = lines.back();
    QCOMPARE(result.at("event").get<std::string>(), std::string("result"));
    QCOMPARE(result.at("steps").get<int>(), 6);
    QVERIFY(QDir(QString::fromStdString(result.at("adapter").get<std::string>())).exists("adapter_model.safetensors"));

    const Outcome runs = run({"runs", "--project", project, "--json"});
    VERIFY_OK(runs);
    QCOMPARE(runs.json().at("runs").size(), std::size_t(1));
    QCOMPARE(runs.json().at("runs").at(0).at("state").get<std::string>(), std::string("finished"));

    const Outcome answers = run({"generate", "--model", kModel, "--project", project, "--adapter", "base", "--adapter", "1", "--prompt", "When do we open?", "--greedy",
                                 "--max-tokens", "8", "--json"});
    VERIFY_OK(answers);
    const Json columns = answers.json().at("columns");
    QCOMPARE(columns.size(), std::size_t(2));
    QCOMPARE(columns.at(0).at("hash").get<std::string>(), std::string());
    QCOMPARE(columns.at(1).at("hash").get<std::string>().size(), std::size_t(64));

    for (const QString target : {"peft", "merged"}) {
        const Outcome exported = run({"export", "--run", "1", "--project", project, "--to", target, folder.filePath(target), "--json"});
        VERIFY_OK(exported);
        QVERIFY(exported.json().at("selfTest").at("passed").get<bool>());
    }
    // The merged model answers as base and adapter do.
    const Outcome merged = run({"generate", "--model", folder.filePath("merged"), "--prompt", "When do we open?", "--greedy", "--max-tokens", "8", "--json"});
    VERIFY_OK(merged);
    QCOMPARE(merged.json().at("columns").at(0).at("ids"), columns.at(1).at("ids"));

    const Outcome scored = run({"score", "--model", kModel, "--adapter", folder.filePath("peft"), "--data", kData, "--json"});
    VERIFY_OK(scored);
    QVERIFY(scored.json().at("loss").get<double>() > 0);
    QCOMPARE(scored.json().at("rows").size(), std::size_t(imported.json().at("accepted").get<int>()));
}

void TestCommandLine::everyMethodFromDataToAnswer_data()
{
    QTest::addColumn<QStringList>("settings");
    QTest::addColumn<QString>("target"); // of the export
    QTest::newRow("lora") << QStringList{"dora=true"} << "peft";
    QTest::newRow("full") << QStringList{"learningRate=0.001"} << "merged";
    QTest::newRow("bottleneck") << QStringList{"reductionFactor=4"} << "adapterhub";
    QTest::newRow("prefix") << QStringList{"virtualTokens=5"} << "peft";
    QTest::newRow("prompt") << QStringList{"virtualTokens=5"} << "peft";
    QTest::newRow("ia3") << QStringList{} << "merged";
}

void TestCommandLine::everyMethodFromDataToAnswer()
{
    QFETCH(QStringList, settings);
    QFETCH(QString, target);
    const QString method = QTest::currentDataTag();
    QTemporaryDir folder;
    const QString result = folder.filePath("result"), exported = folder.filePath("exported");
    QStringList arguments{"train", "--model", kModel, "--data", kData, "--method", method, "--out", result, "--set", "maxSteps=2", "--json"};
    for (const QString &setting : settings)
        arguments << "--set" << setting;
    const Outcome trained = run(arguments);
    VERIFY_OK(trained);
    QCOMPARE(QString::fromStdString(trained.lines().back().at("adapter").get<std::string>()), result);
    const Outcome inspected = run({"inspect", result, "--json"});
    VERIFY_OK(inspected);
    QCOMPARE(inspected.json().at("kind").get<std::string>(), std::string(method == "full" ? "model" : "adapter"));
    QVERIFY(inspected.json().at("trainable").get<bool>());
    VERIFY_OK(run({"score", "--model", kModel, "--adapter", result, "--data", kData, "--json"}));
    const Outcome answered = run({"generate", "--model", kModel, "--adapter", "base", "--adapter", result, "--prompt", "When do we open?", "--max-tokens", "3", "--json"});
    VERIFY_OK(answered);
    QCOMPARE(answered.json().at("columns").size(), std::size_t(2));
    const Outcome written = run({"export", "--model", kModel, "--adapter", result, "--to", target, exported, "--json"});
    VERIFY_OK(written);
    QVERIFY(written.json().at("selfTest").at("passed").get<bool>());
    // Settings of another method are refused by name.
    const Outcome refused = run({"train", "--model", kModel, "--data", kData, "--method", method, "--out", folder.filePath("none"), "--set", method == "lora" ? "virtualTokens=4" : "rank=4"});
    QCOMPARE(refused.exitCode, 2);
}

// The line that the window copies, given to a shell: the run has the same recipe to the last digit.
void TestCommandLine::copiedCommandMakesTheSameRecipe()
{
    QTemporaryDir folder;
    const QString project = folder.filePath("it's a clinic.fettle");
    VERIFY_OK(run({"new", project}));
    VERIFY_OK(run({"import", kData, "--project", project}));
    fettle::train::Recipe recipe = fettle::train::presetRecipe(fettle::train::Preset::Thorough, "lora", 321);
    for (const char *assignment : {"learningRate=0.000123456789012345", "maxSteps=1", "storage=nf4-double", "optimizerState=8bit", "targetExpression=.*(q|v)_proj", "epsilon=3e-9"})
        QVERIFY(fettle::train::applySetting(recipe, assignment));
    const std::string line = fettle::train::textOf({kModel.toStdString(), project.toStdString(), "", 0, recipe});
    QCOMPARE(QProcess::execute("/bin/sh", {"-c", "'" FETTLE_PROGRAM "'" + QString::fromStdString(line).mid(6) + " -q"}), 0);
    QFile file(project + "/runs/1/recipe.json");
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(Json::parse(file.readAll().toStdString()) == fettle::train::recipeToJson(recipe));
    // And from the file itself, as it is saved.
    const QString saved = folder.filePath("recipe.json");
    QVERIFY(QFile::copy(file.fileName(), saved));
    VERIFY_OK(run({"train", "--model", kModel, "--project", project, "--recipe", saved, "--snapshot", "1", "-q"}));
    QFile again(project + "/runs/2/recipe.json");
    QVERIFY(again.open(QIODevice::ReadOnly));
    file.seek(0);
    QCOMPARE(again.readAll(), file.readAll());
    // A snapshot that is not there is named.
    const Outcome missing = run({"train", "--model", kModel, "--project", project, "--recipe", saved, "--snapshot", "9"});
    QVERIFY(missing.exitCode == 3 && missing.errors.contains("snapshot 9"));
}

void TestCommandLine::noticesOfARunAreTold()
{
    QTemporaryDir folder;
    QByteArray rows;
    for (int i = 0; i < 8; ++i)
        rows += QByteArray(R"({"instruction": "Question )") + QByteArray::number(i) + R"(?", "response": "A long answer: )" + QByteArray("word ").repeated(60) + "\"}\n";
    const QString data = write(QDir(folder.path()), "rows.jsonl", rows);
    const QStringList train{"train", "--model", kModel, "--data", data, "--set", "maxSteps=1", "--set", "maxLength=32"};
    const Outcome told = run(train + QStringList{"--out", folder.filePath("a"), "--json"});
    VERIFY_OK(told);
    QStringList notices;
    for (const Json &line : told.lines()) {
        if (line.at("event") == "notice")
            notices.append(QString::fromStdString(line.at("text").get<std::string>()));
    }
    QCOMPARE(notices.size(), 1);
    QVERIFY2(notices.front().contains("rows are cut at 32 tokens"), qPrintable(notices.front()));
    const Outcome forPeople = run(train + QStringList{"--out", folder.filePath("b")});
    VERIFY_OK(forPeople);
    QVERIFY(forPeople.errors.contains("rows are cut at 32 tokens"));
}

void TestCommandLine::importAccountsForEveryRow()
{
    QTemporaryDir folder;
    const QString file = write(QDir(folder.path()), "rows.jsonl", "{\"instruction\":\"a\",\"output\":\"b\"}\n{broken\n\n{\"instruction\":\"c\"}\n[1]\n{\"prompt\":\"p\",\"completion\":\"q\"}\n");
    const Outcome outcome = run({"import", file, "--dry-run", "--json"});
    VERIFY_OK(outcome);
    const Json report = outcome.json();
    QCOMPARE(report.at("rowsInFile").get<int>(), 5);
    QCOMPARE(report.at("accepted").get<int>() + static_cast<int>(report.at("rejected").size()), 5);
    QCOMPARE(report.at("rejected").at(0).at("line").get<int>(), 2);
}

void TestCommandLine::raceComparesMethods()
{
    QTemporaryDir folder;
    const QString project = folder.filePath("race.fettle");
    VERIFY_OK(run({"new", project}));
    const Outcome imported = run({"import", kData, "--project", project});
    VERIFY_OK(imported);
    const Outcome raced = run({"race", "--model", kModel, "--project", project, "--methods", "lora,ia3", "--vary", "rank=2,4", "--preset", "quick", "--set", "maxSteps=2", "--json"});
    VERIFY_OK(raced);
    const Json result = raced.lines().back();
    QCOMPARE(result.at("event").get<std::string>(), std::string("result"));
    QCOMPARE(result.at("race").get<std::string>(), std::string("race 1"));
    QCOMPARE(result.at("standings").size(), std::size_t(3));
    for (const Json &standing : result.at("standings")) {
        QCOMPARE(standing.at("steps").get<int>(), 2);
        QCOMPARE(standing.at("tokens"), result.at("standings").at(0).at("tokens"));
        QVERIFY(standing.at("trainedParameters").get<std::int64_t>() > 0 && standing.at("evalLoss").is_number());
    }
    QCOMPARE(run({"race", "--model", kModel, "--project", project, "--methods", "lora"}).exitCode, 2);
}

void TestCommandLine::importFromStandardInput()
{
    QTemporaryDir folder;
    const QString project = folder.filePath("p.fettle");
    VERIFY_OK(run({"new", project}));
    const Outcome outcome = run({"import", "-", "--project", project, "--json"}, "[{\"instruction\":\"Who?\",\"output\":\"Me.\"}]");
    VERIFY_OK(outcome);
    QCOMPARE(outcome.json().at("accepted").get<int>(), 1);
}

void TestCommandLine::recordsAreCheckedFixedAndExported()
{
    QTemporaryDir folder;
    const QString project = folder.filePath("p.fettle"), file = folder.filePath("a.jsonl"), out = folder.filePath("b.csv");
    QCOMPARE(run({"new", project}).exitCode, 0);
    {
        QFile data(file);
        QVERIFY(data.open(QIODevice::WriteOnly));
        data.write("{\"instruction\": \"Who?\", \"output\": \"Ask anna@clinic.de\"}\n{\"instruction\": \"Who?\", \"output\": \"Ask anna@clinic.de\"}\n");
    }
    QCOMPARE(run({"import", file, "--project", project}).exitCode, 0);
    const auto countOf = [&](const char *kind) {
        const Outcome checked = run({"check", "--project", project, "--json"});
        const Json json = checked.json();
        for (const auto &finding : json.at("findings")) {
            if (finding.at("kind") == kind)
                return finding.at("count").get<int>();
        }
        return -1;
    };
    QCOMPARE(countOf("personal-data"), 2);
    QCOMPARE(countOf("duplicate"), 1);
    const Outcome shown = run({"check", "--project", project, "--fix", "personal-data", "--dry-run", "--json"});
    VERIFY_OK(shown);
    QCOMPARE(shown.json().at("changed").get<int>(), 2);
    QCOMPARE(countOf("personal-data"), 2);
    QCOMPARE(run({"check", "--project", project, "--fix", "personal-data"}).exitCode, 0);
    QCOMPARE(run({"check", "--project", project, "--fix", "duplicate"}).exitCode, 0);
    QCOMPARE(run({"replace", "ask", "Call", "--project", project, "--filter", "no:1"}).exitCode, 0);
    const Outcome exported = run({"export-data", "--project", project, "--to", out, "--format", "csv", "--filter", "-status:rejected", "--json"});
    VERIFY_OK(exported);
    QCOMPARE(exported.json().at("rows").get<int>(), 1);
    QFile written(out);
    QVERIFY(written.open(QIODevice::ReadOnly));
    QCOMPARE(written.readAll(), QByteArray("instruction,context,response,system,tags,split,rating,status,note\nWho?,,Call [MAIL],,,,,edited,\n"));
    QCOMPARE(run({"check", "--project", project, "--fix", "nonsense"}).exitCode, 2);
    QCOMPARE(run({"export-data", "--project", project, "--to", out, "--format", "xml"}).exitCode, 2);
}

void TestCommandLine::tokenizeGivesCodePoints()
{
    const Outcome outcome = run({"tokenize", "--model", kModel, "--text", "Grüße 🐈 <|im_end|>", "--json"});
    VERIFY_OK(outcome);
    const Json json = outcome.json();
    QCOMPARE(json.at("ids").size(), json.at("offsets").size());
    QCOMPARE(json.at("offsets").back().at(1).get<int>(), 18);
    const Outcome special = run({"tokenize", "--model", kModel, "--text", "<|im_end|>", "--parse-special", "--json"});
    QCOMPARE(special.json().at("ids"), Json::parse("[2]"));
    QVERIFY(run({"tokenize", "--model", kModel, "--text", "<|im_end|>", "--json"}).json().at("ids").size() > 1);
}

void TestCommandLine::renderMarksTheAnswer()
{
    QTemporaryDir folder;
    const QString file = write(QDir(folder.path()), "c.json", R"({"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi"}]})");
    const Outcome outcome = run({"render", "--model", kModel, "--conversation", file, "--json"});
    VERIFY_OK(outcome);
    const Json json = outcome.json();
    QCOMPARE(json.at("text").get<std::string>(), std::string("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi<|im_end|>\n"));
    QCOMPARE(json.at("ids").size(), json.at("trained").size());
    QCOMPARE(json.at("cut").get<int>(), 0);
    // The prompt is read, the answer, its end mark and the line break behind it are learnt.
    const Outcome prompt = run({"render", "--model", kModel, "--conversation", file, "--add-generation-prompt", "--json"});
    VERIFY_OK(prompt);
    const std::size_t promptTokens = prompt.json().at("ids").size();
    for (std::size_t i = 0; i < json.at("ids").size(); ++i)
        QCOMPARE(json.at("trained").at(i).get<int>(), i < promptTokens ? 0 : 1);
    const Outcome cut = run({"render", "--model", kModel, "--conversation", file, "--length", "5", "--json"});
    QCOMPARE(cut.json().at("ids").size(), std::size_t(5));
    QCOMPARE(cut.json().at("cut").get<std::size_t>(), json.at("ids").size() - 5);
}

void TestCommandLine::resumeAfterInterruptEqualsUninterrupted()
{
    QTemporaryDir folder;
    const auto adapterOf = [](const Outcome &outcome) {
        QFile file(QString::fromStdString(outcome.lines().back().at("adapter").get<std::string>()) + "/adapter_model.safetensors");
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    };
    const auto prepare = [&](const QString &name) {
        const QString project = folder.filePath(name);
        (void)run({"new", project});
        (void)run({"import", kData, "--project", project});
        return project;
    };
    const auto arguments = [](const QString &project) {
        return QStringList{"train", "--model", kModel, "--project", project, "--set", "maxSteps=60", "--set", "dropout=0.1", "--set", "checkpointEvery=7", "--threads", "1", "--json"};
    };
    const QString whole = prepare("whole.fettle"), cut = prepare("cut.fettle");
    const Outcome reference = run(arguments(whole));
    VERIFY_OK(reference);

    QProcess process;
    process.start(FETTLE_PROGRAM, arguments(cut));
    QByteArray seen;
    while (!seen.contains("\"step\":20,") && process.waitForReadyRead(60000))
        seen += process.readAllStandardOutput();
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(10000));
    QCOMPARE(process.exitCode(), 130);

    const Outcome resumed = run({"resume", "1", "--project", cut, "--threads", "1", "--json"});
    VERIFY_OK(resumed);
    QCOMPARE(resumed.lines().back().at("steps").get<int>(), 60);
    QVERIFY(!adapterOf(reference).isEmpty());
    QVERIFY(adapterOf(resumed) == adapterOf(reference));
}

void TestCommandLine::aKilledRunIsInterrupted()
{
    QTemporaryDir folder;
    const QString project = folder.filePath("p.fettle");
    (void)run({"new", project});
    (void)run({"import", kData, "--project", project});
    const auto state = [&] {
        const Outcome runs = run({"runs", "--project", project, "--json"});
        return QString::fromStdString(runs.json().at("runs").at(0).at("state").get<std::string>());
    };
    QProcess process;
    process.start(FETTLE_PROGRAM, {"train", "--model", kModel, "--project", project, "--set", "maxSteps=100000", "--threads", "1", "--json"});
    QByteArray seen;
    while (!seen.contains("\"step\":3,") && process.waitForReadyRead(60000))
        seen += process.readAllStandardOutput();
    QCOMPARE(state(), QStringLiteral("running"));
    process.kill();
    QVERIFY(process.waitForFinished());
    QCOMPARE(state(), QStringLiteral("interrupted"));
}

void TestCommandLine::runsAreCompared()
{
    QTemporaryDir folder;
    const QString project = folder.filePath("p.fettle");
    (void)run({"new", project});
    (void)run({"import", kData, "--project", project});
    for (const QString rank : {"4", "8"}) {
        const Outcome trained = run({"train", "--model", kModel, "--project", project, "--set", "maxSteps=6", "--set", "evalEvery=3", "--set", "rank=" + rank, "--threads", "1", "-q"});
        VERIFY_OK(trained);
    }
    const Outcome outcome = run({"runs", "--project", project, "--compare", "2", "1", "--json"});
    VERIFY_OK(outcome);
    const Json json = outcome.json();
    QCOMPARE(json.at("runs").size(), std::size_t(2));
    QCOMPARE(json.at("runs").at(0).at("run").get<int>(), 2);
    QVERIFY(json.at("runs").at(0).at("trainedParameters").get<int>() > json.at("runs").at(1).at("trainedParameters").get<int>());
    QVERIFY(json.at("runs").at(0).at("bestLoss").get<double>() <= json.at("runs").at(0).at("lastLoss").get<double>());
    QCOMPARE(json.at("runs").at(0).at("heldOut").back().at("step").get<int>(), 6);
    for (const Json &setting : json.at("settings")) {
        if (setting.at("differs").get<bool>())
            QCOMPARE(setting.at("key").get<std::string>(), std::string("rank"));
    }
    const Outcome text = run({"runs", "--project", project, "--compare", "2", "1"});
    QVERIFY2(text.output.contains("rank") && text.output.contains("best held-out"), text.output.constData());
    QCOMPARE(run({"runs", "--project", project, "--compare", "1", "9"}).exitCode, 3);
    QCOMPARE(run({"runs", "--project", project, "--compare", "1"}).exitCode, 2);
}

void TestCommandLine::badInputIsNamed_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("expected");
    QTest::addRow("empty safetensors") << "a.safetensors" << QByteArray() << "a.safetensors";
    QTest::addRow("huge header") << "b.safetensors" << QByteArray("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10) << "b.safetensors";
    QTest::addRow("truncated GGUF") << "c.gguf" << QByteArray("GGUF\x03\x00\x00\x00\x01\x00", 10) << "c.gguf";
    QTest::addRow("LFS pointer") << "d.safetensors" << QByteArray("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n") << "LFS";
    QTest::addRow("pickle") << "e.bin" << QByteArray("\x80\x02}q\x00.", 6) << "pickle";
}

void TestCommandLine::badInputIsNamed()
{
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QString, expected);
    QTemporaryDir folder;
    const QString path = write(QDir(folder.path()), file, content);
    const Outcome inspected = run({"inspect", path});
    QCOMPARE(inspected.exitCode, 3);
    QVERIFY2(inspected.errors.contains(expected.toUtf8()), inspected.errors.constData());
    const Outcome asked = run({"generate", "--model", path, "--prompt", "Hello"});
    QCOMPARE(asked.exitCode, 3);
}

QTEST_GUILESS_MAIN(TestCommandLine)
#include "tst_commandline.moc"
