// What deleting a model frees and what it leaves alone: folders, files in parts, the cache in which models share contents; and the card beside a model.
#include "core/base/resources.h"
#include "core/engine/modelfiles.h"
#include "core/engine/models.h"
#include "core/engine/project.h"
#include "core/store/filelock.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>
#include <fstream>

using namespace fettle;
using namespace fettle::engine;
namespace fs = std::filesystem;

namespace {

void put(const fs::path &file, std::size_t bytes, char letter = 'x')
{
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << std::string(bytes, letter);
}

} // namespace

class TestModelFiles : public QObject {
    Q_OBJECT
private slots:
    void init();
    void folderGoesWithoutOthers();
    void fileGoesWithItsParts();
    void cachedModelGoesWhole();
    void sharedContentsStay();
    void linksFreeNothing();
    void refusals();
    void cards();

private:
    fs::path root() const { return m_dir->path().toStdString(); }
    fs::path cached(const char *revision, const char *name, std::size_t bytes, const char *hash) const;
    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestModelFiles::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
}

// A file of the cache: a name that points to its content.
fs::path TestModelFiles::cached(const char *revision, const char *name, std::size_t bytes, const char *hash) const
{
    const fs::path model = root() / "hub/models--acme--tiny", link = model / "snapshots" / revision / name;
    put(model / "blobs" / hash, bytes);
    fs::create_directories(link.parent_path());
    fs::create_symlink(fs::path("../../blobs") / hash, link);
    return link;
}

void TestModelFiles::folderGoesWithoutOthers()
{
    const fs::path model = root() / "tiny";
    for (const char *name : {"config.json", "tokenizer.json", "README.md", "LICENSE.txt"})
        put(model / name, 100);
    put(model / "model-00001-of-00002.safetensors", 5000);
    put(model / "model-00002-of-00002.safetensors", 4000);
    put(model / "model.safetensors.index.json", 200);
    put(model / "my notes.txt", 70);
    put(model / "pictures/one.png", 70);
    const auto plan = planRemoval(model);
    VERIFY_OK(plan);
    QCOMPARE(plan->bytes, 9600);
    QCOMPARE(plan->others, 2);
    QCOMPARE(plan->files.size(), 7U);
    QVERIFY(fs::exists(model / "config.json")); // nothing happens yet
    const auto freed = removeModel(model);
    VERIFY_OK(freed);
    QCOMPARE(*freed, 9600);
    QVERIFY(fs::exists(model / "my notes.txt") && fs::exists(model / "pictures/one.png") && !fs::exists(model / "config.json") && !fs::exists(model / "model-00002-of-00002.safetensors"));
    // Without them the folder goes too.
    const fs::path clean = root() / "clean";
    put(clean / "config.json", 10);
    put(clean / "model.safetensors", 1000);
    VERIFY_OK(removeModel(clean));
    QVERIFY(!fs::exists(clean));
    const auto gone = planRemoval(clean);
    QVERIFY(!gone && gone.error().code == ErrorCode::NotFound);
}

void TestModelFiles::fileGoesWithItsParts()
{
    for (const char *name : {"big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "big.gguf", "other.gguf", "big-00001-of-00003.gguf"})
        put(root() / "models" / name, 1000);
    const auto freed = removeModel(root() / "models/big-00001-of-00002.gguf");
    VERIFY_OK(freed);
    QCOMPARE(*freed, 2000);
    for (const char *name : {"big.gguf", "other.gguf", "big-00001-of-00003.gguf"})
        QVERIFY2(fs::exists(root() / "models" / name), name);
    VERIFY_OK(removeModel(root() / "models/other.gguf"));
    QVERIFY(fs::exists(root() / "models")); // the folder of a file is not the file's
}

void TestModelFiles::cachedModelGoesWhole()
{
    const fs::path snapshot = cached("rev", "config.json", 100, "c0").parent_path();
    cached("rev", "model.safetensors", 9000, "a0");
    put(root() / "hub/models--acme--tiny/refs/main", 40);
    put(root() / "hub/models--acme--tiny/blobs/b0.incomplete", 500);
    put(root() / "hub/models--acme--other/blobs/z", 500);
    const auto plan = planRemoval(snapshot);
    VERIFY_OK(plan);
    QCOMPARE(plan->bytes, 9640);
    const auto freed = removeModel(snapshot);
    VERIFY_OK(freed);
    QCOMPARE(*freed, 9640);
    QVERIFY(!fs::exists(root() / "hub/models--acme--tiny") && fs::exists(root() / "hub/models--acme--other/blobs/z"));
}

void TestModelFiles::sharedContentsStay()
{
    const fs::path first = cached("rev", "tiny-Q4_0.gguf", 4000, "q4");
    cached("rev", "tiny-Q8_0.gguf", 8000, "q8");
    cached("rev", "README.md", 30, "card");
    const auto freed = removeModel(first);
    VERIFY_OK(freed);
    QCOMPARE(*freed, 4000);
    const fs::path model = root() / "hub/models--acme--tiny";
    QVERIFY(!fs::exists(model / "blobs/q4") && fs::exists(model / "snapshots/rev/tiny-Q8_0.gguf") && fs::exists(model / "snapshots/rev/README.md"));
    // The same content under the name of another revision.
    cached("old", "config.json", 10, "c0");
    cached("old", "model.safetensors", 9000, "a0");
    fs::create_directories(model / "snapshots/new");
    fs::create_symlink("../../blobs/a0", model / "snapshots/new/model.safetensors");
    cached("new", "config.json", 12, "c1");
    const auto second = removeModel(model / "snapshots/new");
    VERIFY_OK(second);
    QCOMPARE(*second, 12);
    QVERIFY(fs::exists(model / "snapshots/old/model.safetensors") && !fs::exists(model / "snapshots/new"));
}

void TestModelFiles::linksFreeNothing()
{
    put(root() / "far/weights.gguf", 3000);
    fs::create_directories(root() / "models");
    fs::create_symlink(root() / "far/weights.gguf", root() / "models/weights.gguf");
    const auto plan = planRemoval(root() / "models/weights.gguf");
    VERIFY_OK(plan);
    QCOMPARE(plan->bytes, 0);
    VERIFY_OK(removeModel(root() / "models/weights.gguf"));
    QVERIFY(fs::exists(root() / "far/weights.gguf") && !fs::exists(fs::symlink_status(root() / "models/weights.gguf")));
    // Nor does a content with a second name.
    put(root() / "models/a.gguf", 3000);
    fs::create_hard_link(root() / "models/a.gguf", root() / "far/a.gguf");
    QCOMPARE(planRemoval(root() / "models/a.gguf")->bytes, 0);
}

void TestModelFiles::refusals()
{
    // What came with the program; nothing there is touched by this test.
    const auto bundled = planRemoval(bundledModelsFolder());
    QVERIFY(!bundled && (bundled.error().code == ErrorCode::Usage || bundled.error().code == ErrorCode::NotFound));
    for (const auto &entry : fs::directory_iterator(bundledModelsFolder())) {
        const auto model = planRemoval(entry.path());
        QVERIFY(!model && model.error().code == ErrorCode::Usage && model.error().message.find("came with Fettle") != std::string::npos);
    }
    // The base that runs of a project were stacked on.
    auto project = Project::create(root() / "clinic.fettle");
    VERIFY_OK(project);
    put(root() / "clinic.fettle/bases/run-1/config.json", 10);
    put(root() / "clinic.fettle/bases/run-1/model.safetensors", 10);
    const auto base = planRemoval(root() / "clinic.fettle/bases/run-1");
    QVERIFY(!base && base.error().message.find("belongs to the project \"clinic\"") != std::string::npos);
    // A folder that is no model.
    put(root() / "photos/one.png", 10);
    const auto photos = planRemoval(root() / "photos");
    QVERIFY(!photos && photos.error().code == ErrorCode::Usage && fs::exists(root() / "photos/one.png"));
    // A model that is being fetched.
    const fs::path snapshot = cached("rev", "config.json", 100, "c0").parent_path();
    cached("rev", "model.safetensors", 9000, "a0");
    {
        auto lock = store::FileLock::take(root() / "hub/models--acme--tiny/fettle.lock");
        VERIFY_OK(lock);
        const auto busy = removeModel(snapshot);
        QVERIFY(!busy && busy.error().code == ErrorCode::NoPermission && fs::exists(snapshot / "config.json"));
    }
    VERIFY_OK(removeModel(snapshot));
}

void TestModelFiles::cards()
{
    const fs::path model = root() / "tiny";
    put(model / "config.json", 10);
    QCOMPARE(*readModelCard(model), std::string()); // none
    std::ofstream(model / "README.md") << "---\nlicense: mit\ntags:\n- a\n---\n\n# Tiny\nAnswers.\n";
    QCOMPARE(*readModelCard(model), std::string("\n# Tiny\nAnswers.\n"));
    std::ofstream(model / "README.md") << "# Tiny\n---\nnot a head\n";
    QCOMPARE(*readModelCard(model), std::string("# Tiny\n---\nnot a head\n"));
    std::ofstream(model / "README.md") << "---\nnever ends\n";
    QCOMPARE(*readModelCard(model), std::string("---\nnever ends\n"));
    // A file in a folder of many: its README may be about anything.
    put(root() / "models/a.gguf", 10);
    std::ofstream(root() / "models/README.md") << "# My downloads\n";
    QCOMPARE(*readModelCard(root() / "models/a.gguf"), std::string());
    put(model / "README.md", 5 << 20);
    const auto large = readModelCard(model);
    QVERIFY(!large && large.error().code == ErrorCode::BadInput);
}

QTEST_GUILESS_MAIN(TestModelFiles)
#include "tst_modelfiles.moc"
