// Names, library, inspection and hashes of models, on a home, a library and a Hugging Face cache made for the test.
#include "core/base/clock.h"
#include "core/base/resources.h"
#include "core/base/sha256.h"
#include "core/engine/modelnames.h"
#include "core/engine/modelplaces.h"
#include "core/engine/models.h"
#include "core/engine/project.h"
#include "core/io/gguf.h"

#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

using namespace fettle;
using namespace fettle::engine;
namespace fs = std::filesystem;

namespace {

const fs::path kFixtures = FETTLE_FIXTURES;

void writeText(const fs::path &path, const std::string &text)
{
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

void copyTree(const fs::path &from, const fs::path &to)
{
    fs::create_directories(to.parent_path());
    fs::copy(from, to, fs::copy_options::recursive);
}

std::string replaced(std::string text, const std::string &from, const std::string &to)
{
    const std::size_t at = text.find(from);
    if (at == std::string::npos)
        qFatal("fixture changed: %s", from.c_str());
    return text.replace(at, from.size(), to);
}

std::string contentOf(const fs::path &path)
{
    std::ifstream input(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(input), {}};
}

std::string problemsOf(const Inspection &inspection)
{
    std::string text;
    for (const ModelProblem &problem : inspection.problems)
        text += problem.message + " | " + problem.hint + "\n";
    return text;
}

} // namespace

class TestModels : public QObject {
    Q_OBJECT
private slots:
    void init();
    void cleanup();
    void namesWithoutStorage_data();
    void namesWithoutStorage();
    void resolvesPaths();
    void resolvesLibraryNames();
    void resolvesHubNames();
    void unknownNameListsWhatIsThere();
    void inspectsAModelFolder();
    void codeInTheFolderIsNeverRun();
    void saysWhyNotTrainable_data();
    void saysWhyNotTrainable();
    void inspectsGguf();
    void inspectsAdapter();
    void inspectsTokenizerAndTensors();
    void inspectsProject();
    void refusesForeignPaths();
    void listsTheLibrary();
    void hashesAreKept();
    void defaultModel();

private:
    fs::path root() const { return m_root->path().toStdString(); }
    fs::path library() const { return root() / "library"; }
    std::unique_ptr<QTemporaryDir> m_root;
    std::map<QByteArray, QByteArray> m_oldEnvironment;
};

void TestModels::init()
{
    m_root = std::make_unique<QTemporaryDir>();
    for (const char *name : {"HOME", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "XDG_DATA_HOME", "FETTLE_MODELS"}) {
        m_oldEnvironment[name] = qgetenv(name);
        qunsetenv(name);
    }
    qputenv("HOME", (root() / "home").c_str());
    qputenv("HF_HOME", (root() / "hf").c_str());
    qputenv("FETTLE_MODELS", library().c_str());
}

void TestModels::cleanup()
{
    for (const auto &[name, value] : m_oldEnvironment) {
        if (value.isEmpty())
            qunsetenv(name);
        else
            qputenv(name, value);
    }
    m_root.reset();
}

void TestModels::namesWithoutStorage_data()
{
    QTest::addColumn<QString>("stem");
    QTest::addColumn<QString>("name");
    QTest::newRow("Q4_1") << "SmolLM2-135M-Instruct.Q4_1" << "SmolLM2-135M-Instruct";
    QTest::newRow("Q4_K_M") << "llama-3.2-1b-instruct-q4_k_m" << "llama-3.2-1b-instruct";
    QTest::newRow("IQ2_XXS") << "model.IQ2_XXS" << "model";
    QTest::newRow("Q5_K_XL") << "model_Q5_K_XL" << "model";
    QTest::newRow("F16") << "tiny-F16" << "tiny";
    QTest::newRow("BF16 in parts") << "Big-BF16-00001-of-00003" << "Big";
    QTest::newRow("no storage") << "SmolLM2-135M-Instruct" << "SmolLM2-135M-Instruct";
    QTest::newRow("version is no storage") << "phi-2.q" << "phi-2.q";
    QTest::newRow("name is only storage") << "Q4_1" << "Q4_1";
    QTest::newRow("empty") << "" << "";
}

void TestModels::namesWithoutStorage()
{
    QFETCH(QString, stem);
    QFETCH(QString, name);
    QCOMPARE(QString::fromStdString(nameWithoutQuantisation(stem.toStdString())), name);
}

void TestModels::resolvesPaths()
{
    copyTree(kFixtures / "tinychat", root() / "home" / "tiny");
    const fs::path folder = root() / "home" / "tiny";
    QVERIFY(resolveModel(folder.string()).value() == folder);
    QVERIFY(resolveModel(folder.string() + "/").value() == folder);
    QVERIFY(resolveModel("~/tiny").value() == folder);
    QVERIFY(resolveModel((folder / "config.json").string()).value() == folder);
    QVERIFY(resolveModel((folder / "model.safetensors").string()).value() == folder / "model.safetensors");
    QVERIFY(resolveModel((folder / ".." / "tiny").string()).value() == folder);
    QVERIFY(resolveModel("").error().code == ErrorCode::Usage);
    writeText(root() / "one" / "only-Q4_0.gguf", contentOf(kFixtures / "gguf" / "values.gguf"));
    QVERIFY(resolveModel((root() / "one").string()).value() == root() / "one" / "only-Q4_0.gguf");
    QVERIFY(inspect(root() / "one").value().name == "only");
}

void TestModels::resolvesLibraryNames()
{
    const auto tiny = [&](const std::string &name, std::size_t extra) {
        writeText(library() / name, contentOf(kFixtures / "gguf" / "values.gguf") + std::string(extra, '\0'));
    };
    tiny("SmolLM2-135M-Instruct.Q4_1.gguf", 0);
    tiny("publisher/repo/Other-Q4_0.gguf", 0);
    tiny("publisher/repo/Other-Q8_0.gguf", 16);
    copyTree(kFixtures / "tinychat", library() / "TinyChat");
    QVERIFY(resolveModel(kDefaultModelName).value() == library() / "SmolLM2-135M-Instruct.Q4_1.gguf");
    QVERIFY(resolveModel("SmolLM2-135M-Instruct.Q4_1.gguf").value().filename() == "SmolLM2-135M-Instruct.Q4_1.gguf");
    QVERIFY(resolveModel("other").value().filename() == "Other-Q8_0.gguf"); // the most exact form
    QVERIFY(resolveModel("other-q4_0").value().filename() == "Other-Q4_0.gguf");
    QVERIFY(resolveModel("tinychat").value() == library() / "TinyChat");
    // A link does too: the default model may be one.
    writeText(root() / "elsewhere" / "weights.gguf", contentOf(kFixtures / "gguf" / "values.gguf"));
    fs::create_symlink(root() / "elsewhere" / "weights.gguf", library() / "Linked-Q4_1.gguf");
    QVERIFY(resolveModel("linked").value() == library() / "Linked-Q4_1.gguf");
}

void TestModels::resolvesHubNames()
{
    const fs::path repository = root() / "hf" / "hub" / "models--Org--Tiny-Chat";
    copyTree(kFixtures / "tinychat", repository / "snapshots" / "abc123");
    writeText(repository / "snapshots" / "old" / "config.json", "{}");
    writeText(repository / "refs" / "main", "abc123");
    const fs::path snapshot = repository / "snapshots" / "abc123";
    QVERIFY(resolveModel("Org/Tiny-Chat").value() == snapshot);
    QVERIFY(resolveModel("org/tiny-chat").value() == snapshot);
    QVERIFY(resolveModel("tiny-chat").value() == snapshot);
    QVERIFY(resolveModel(repository.string()).value() == snapshot);
    QVERIFY(!resolveModel("org"));
    QCOMPARE(QString::fromStdString(inspect(snapshot).value().name), QString("Org/Tiny-Chat"));
    // A repository of GGUF files.
    const fs::path files = root() / "hf" / "hub" / "models--Org--Some-GGUF" / "snapshots" / "1";
    writeText(files / "some-Q4_0.gguf", contentOf(kFixtures / "gguf" / "values.gguf"));
    QVERIFY(resolveModel("org/some-gguf").value() == files / "some-Q4_0.gguf");
    QVERIFY(!resolveModel("org"));
}

void TestModels::unknownNameListsWhatIsThere()
{
    const auto empty = resolveModel("nothing");
    QVERIFY(empty.error().code == ErrorCode::NotFound);
    copyTree(kFixtures / "tinychat", library() / "TinyChat");
    const auto known = resolveModel("nothing");
    QVERIFY2(known.error().hint.find("TinyChat") != std::string::npos, known.error().hint.c_str());
    QVERIFY(known.error().message.find("\"nothing\"") != std::string::npos);
}

void TestModels::inspectsAModelFolder()
{
    const auto tiny = inspect(kFixtures / "tinychat");
    QVERIFY2(tiny.has_value(), tiny ? "" : tiny.error().message.c_str());
    QVERIFY2(tiny->trainable, problemsOf(*tiny).c_str());
    QVERIFY(tiny->kind == "model" && tiny->name == "tinychat");
    QCOMPARE(QString::fromStdString(tiny->architecture), QString("LlamaForCausalLM"));
    QVERIFY(tiny->layers > 0 && tiny->width > 0 && tiny->heads > 0 && tiny->keyValueHeads > 0 && tiny->vocabulary > 0 && tiny->context > 0);
    QVERIFY(tiny->parameters > 0 && tiny->tensors > 0 && tiny->fileBytes > 0);
    QCOMPARE(QString::fromStdString(tiny->storage), QString("F32"));
    QVERIFY(tiny->hasChatTemplate && !tiny->tokenizer.empty());
}

// A family that Fettle computes itself is read without the program that its folder asks for.
void TestModels::codeInTheFolderIsNeverRun()
{
    const fs::path folder = root() / "coded";
    copyTree(kFixtures / "tinychat", folder);
    std::string config = contentOf(folder / "config.json");
    config.insert(1, "\"auto_map\": {\"AutoModelForCausalLM\": \"modeling_novelty.Model\"},");
    writeText(folder / "config.json", config);
    writeText(folder / "modeling_novelty.py", "raise SystemExit\n");
    const auto inspected = inspect(folder);
    QVERIFY(inspected.has_value());
    QVERIFY2(inspected->trainable, problemsOf(*inspected).c_str());
    QCOMPARE(QString::fromStdString(inspected->facts.at("code in the folder")), QString("never run: the family is known"));
}

void TestModels::saysWhyNotTrainable_data()
{
    using Change = std::function<void(const fs::path &)>;
    QTest::addColumn<Change>("change");
    QTest::addColumn<QString>("reason");
    const auto row = [](const char *name, Change change, const char *reason) { QTest::newRow(name) << change << reason; };
    const auto type = [](const char *to) {
        return [=](const fs::path &folder) {
            writeText(folder / "config.json", replaced(contentOf(folder / "config.json"), "\"model_type\": \"llama\"", std::string("\"model_type\": \"") + to + "\""));
        };
    };
    row("mixture of experts", type("mixtral"), "mixture of experts");
    row("state space", type("mamba"), "state-space");
    row("vision", type("llava"), "pictures");
    row("unknown", type("novelty"), "\"novelty\"");
    row("no tokenizer", [](const fs::path &folder) { fs::remove(folder / "tokenizer.json"); }, "tokenizer is missing");
    row("broken tokenizer", [](const fs::path &folder) { writeText(folder / "tokenizer.json", "{\"model\":"); }, "tokenizer.json");
    row("broken template", [](const fs::path &folder) { writeText(folder / "chat_template.jinja", "{% if %}"); }, "chat template");
    row("code of its own", [](const fs::path &folder) { // asks for a program that comes along: never run
        std::string config = replaced(contentOf(folder / "config.json"), "\"model_type\": \"llama\"", "\"model_type\": \"novelty\"");
        config.insert(1, "\"auto_map\": {\"AutoModelForCausalLM\": \"modeling_novelty.Model\"},");
        writeText(folder / "config.json", config);
    }, "\"novelty\"");
    row("pickle", [](const fs::path &folder) {
        fs::remove(folder / "model.safetensors");
        writeText(folder / "pytorch_model.bin", "PK\x03\x04");
    }, "is a Python pickle");
    row("LFS pointer", [](const fs::path &folder) { writeText(folder / "model.safetensors", "version https://git-lfs.example/spec/v1\n"); }, "Git LFS pointer");
    row("no weights", [](const fs::path &folder) { fs::remove(folder / "model.safetensors"); }, "holds no .safetensors file");
    row("truncated weights", [](const fs::path &folder) {
        const std::string whole = contentOf(folder / "model.safetensors");
        writeText(folder / "model.safetensors", whole.substr(0, whole.size() / 2));
    }, "not a usable safetensors file");
    row("weights do not fit the config", [](const fs::path &folder) {
        const std::string config = contentOf(folder / "config.json");
        const std::size_t at = config.find("\"num_hidden_layers\": ");
        writeText(folder / "config.json", std::string(config).insert(at + 21, "1"));
    }, "model.layers.");
    row("broken config", [](const fs::path &folder) { writeText(folder / "config.json", "{\n\"a\" 1}"); }, "line 2, column 5");
}

void TestModels::saysWhyNotTrainable()
{
    using Change = std::function<void(const fs::path &)>;
    QFETCH(Change, change);
    QFETCH(QString, reason);
    const fs::path folder = root() / "tiny";
    copyTree(kFixtures / "tinychat", folder);
    change(folder);
    const auto inspection = inspect(folder);
    QVERIFY2(inspection.has_value(), inspection ? "" : inspection.error().message.c_str());
    QVERIFY(!inspection->trainable);
    const std::string problems = problemsOf(*inspection);
    QVERIFY2(QString::fromStdString(problems).contains(reason), problems.c_str());
    for (const ModelProblem &problem : inspection->problems)
        QVERIFY2(!problem.hint.empty(), problem.message.c_str());
}

void TestModels::inspectsGguf()
{
    const auto inspection = inspect(kFixtures / "gguf" / "quantised.gguf");
    QVERIFY2(inspection.has_value(), inspection ? "" : inspection.error().message.c_str());
    QVERIFY(inspection->kind == "gguf" && !inspection->trainable);
    QCOMPARE(inspection->tensors, 24);
    QVERIFY2(inspection->storage.starts_with("F32"), inspection->storage.c_str());
    QVERIFY(problemsOf(*inspection).find("\"test\"") != std::string::npos); // an architecture that nobody knows
    QVERIFY(problemsOf(*inspection).find("no tokenizer") != std::string::npos);
}

void TestModels::inspectsAdapter()
{
    const fs::path folder = root() / "adapter";
    copyTree(kFixtures / "train" / "adapter-after", folder);
    const auto inspection = inspect(folder / "adapter_config.json");
    QVERIFY2(inspection.has_value(), inspection ? "" : inspection.error().message.c_str());
    QVERIFY(inspection->kind == "adapter");
    QVERIFY(inspection->facts.at("method") == "LORA" && !inspection->facts.at("rank").empty());
    QVERIFY(inspection->tensors > 0 && inspection->storage == "F32");
    fs::rename(folder / "adapter_model.safetensors", folder / "adapter_model.bin");
    QVERIFY(problemsOf(inspect(folder).value()).find("is a Python pickle") != std::string::npos);
    writeText(folder / "adapter_config.json", R"({"config": {}, "model_name": "x", "name": "y"})");
    QVERIFY(problemsOf(inspect(folder).value()).find("AdapterHub") != std::string::npos);
}

void TestModels::inspectsTokenizerAndTensors()
{
    const fs::path folder = root() / "tokens";
    fs::create_directories(folder);
    for (const char *name : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"})
        fs::copy_file(kFixtures / "tinychat" / name, folder / name);
    const auto tokenizer = inspect(folder);
    QVERIFY(tokenizer && tokenizer->kind == "tokenizer" && tokenizer->hasChatTemplate && !tokenizer->tokenizer.empty() && !tokenizer->trainable);
    const auto tensors = inspect(kFixtures / "safetensors" / "mixed.safetensors");
    QVERIFY(tensors && tensors->kind == "safetensors" && !tensors->trainable);
    QCOMPARE(tensors->tensors, 19);
    QVERIFY(tensors->facts.at("metadata format") == "pt");
    QVERIFY(inspect(kFixtures / "safetensors" / "sharded").value().kind == "safetensors");
    QVERIFY(problemsOf(inspect(kFixtures / "tinychat" / "model.safetensors").value()).find("Choose its folder") != std::string::npos);
}

void TestModels::inspectsProject()
{
    const fs::path folder = root() / "Clinic.fettle";
    {
        const auto project = Project::create(folder);
        QVERIFY2(project.has_value(), project ? "" : project.error().message.c_str());
    }
    const auto inspection = inspect(folder);
    QVERIFY2(inspection.has_value(), inspection ? "" : inspection.error().message.c_str());
    QVERIFY(inspection->kind == "project" && inspection->facts.at("records") == "0" && inspection->facts.at("runs") == "0");
}

void TestModels::refusesForeignPaths()
{
    QVERIFY(inspect(root() / "gone").error().code == ErrorCode::NotFound);
    fs::create_directories(root() / "empty");
    QVERIFY(inspect(root() / "empty").error().code == ErrorCode::BadInput);
    writeText(root() / "weights.pt", "PK\x03\x04");
    QVERIFY(inspect(root() / "weights.pt").error().message.find("is a Python pickle") != std::string::npos);
    writeText(root() / "notes.txt", "hello");
    QVERIFY(inspect(root() / "notes.txt").error().message.find("no model file") != std::string::npos);
    writeText(root() / "cut.gguf", "GGUF");
    QVERIFY(inspect(root() / "cut.gguf").error().code == ErrorCode::BadInput);
    writeText(root() / "pointer.gguf", "version https://git-lfs.example/spec/v1\n");
    QVERIFY(inspect(root() / "pointer.gguf").error().message.find("Git LFS pointer") != std::string::npos);
}

void TestModels::listsTheLibrary()
{
    copyTree(kFixtures / "tinychat", library() / "TinyChat");
    copyTree(kFixtures / "tinychat", root() / "extra" / "Another");
    writeText(library() / "SmolLM2-135M-Instruct.Q4_1.gguf", "GGUF cut off");
    writeText(library() / "parts" / "big-00001-of-00002.gguf", contentOf(kFixtures / "gguf" / "shard-00001-of-00002.gguf"));
    writeText(library() / "parts" / "big-00002-of-00002.gguf", contentOf(kFixtures / "gguf" / "shard-00002-of-00002.gguf"));
    int reports = 0;
    const auto models = libraryModels({root() / "extra", library()}, [&](const Progress &) { ++reports; });
    QVERIFY(models.has_value());
    QStringList names;
    for (const Inspection &model : *models) {
        if (model.path.starts_with(root().string())) // the developer's own default model may be found as well
            names << QString::fromStdString(model.name);
    }
    QCOMPARE(names, (QStringList{"SmolLM2-135M-Instruct", "Another", "big", "TinyChat"}));
    QVERIFY(reports > 0);
    QVERIFY(!models->front().problems.empty() || !models->front().path.starts_with(root().string()));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY(libraryModels({}, {}, stop.get_token()).error().code == ErrorCode::Cancelled);
}

void TestModels::hashesAreKept()
{
    const fs::path folder = root() / "tiny";
    copyTree(kFixtures / "tinychat", folder);
    const std::string expected = sha256Hex(std::string_view(contentOf(folder / "model.safetensors")));
    QVERIFY(modelHash(folder).value() == expected);
    QVERIFY(modelHash(folder / "model.safetensors").value() == expected);
    const fs::path cache = root() / "home" / ".cache" / "fettle" / "model-hashes.json";
    QVERIFY(fs::exists(cache));
    // The kept hash is what is given back while the file is unchanged, and a broken cache does no harm.
    writeText(cache, replaced(contentOf(cache), expected, std::string(64, 'e')));
    QVERIFY(modelHash(folder).value() == std::string(64, 'e'));
    writeText(cache, "{broken");
    QVERIFY(modelHash(folder).value() == expected);
    writeText(folder / "model.safetensors", contentOf(kFixtures / "safetensors" / "mixed.safetensors"));
    QVERIFY(modelHash(folder).value() == sha256Hex(std::string_view(contentOf(kFixtures / "safetensors" / "mixed.safetensors"))));
    const auto sharded = modelHash(kFixtures / "safetensors" / "sharded");
    QVERIFY(sharded && sharded->size() == 64);
    QVERIFY(modelHash(root() / "gone").error().code == ErrorCode::NotFound);
    std::stop_source stop;
    stop.request_stop();
    writeText(cache, "{}");
    QVERIFY(modelHash(folder, stop.get_token()).error().code == ErrorCode::Cancelled);
}

void TestModels::defaultModel()
{
    cleanup(); // the real library
    const auto path = resolveModel(kDefaultModelName);
    if (!path)
        QSKIP("The default model is not installed.");
    Stopwatch watch;
    const auto inspection = inspect(*path);
    const double seconds = watch.seconds();
    QVERIFY2(inspection.has_value(), inspection ? "" : inspection.error().message.c_str());
    QVERIFY2(inspection->trainable, problemsOf(*inspection).c_str());
    QCOMPARE(inspection->parameters, 134515008);
    QCOMPARE(QString::fromStdString(inspection->storage), QString("Q4_1, Q8_0"));
    QCOMPARE(inspection->layers, 30);
    QCOMPARE(inspection->context, 8192);
    QCOMPARE(inspection->vocabulary, 49152);
    QCOMPARE(QString::fromStdString(inspection->licence), QString("apache-2.0"));
    QVERIFY(QString::fromStdString(inspection->name).startsWith("SmolLM2"));
    qInfo("inspected in %.3f s: %s; tokenizer: %s", seconds, inspection->architecture.c_str(), inspection->tokenizer.c_str());
}

QTEST_APPLESS_MAIN(TestModels)
#include "tst_models.moc"
