// Places that cannot be written: no permission, and a full disk. The built program says once what, where and what to do, ends with the
// promised exit code, leaves nothing half-written, and the project can be used afterwards.
#include "tests/cli/program.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>
#include <unistd.h>

using program::Json;
using program::Outcome;
using program::run;

namespace {

const QString kModel = FETTLE_FIXTURES "/tinychat";
const QString kData = FETTLE_SOURCE_DIR "/datasets/hollybrook/hollybrook.jsonl";
constexpr program::Trouble kAsNobody{true, 0};

program::Trouble fullAt(rlim_t bytes)
{
    return {false, bytes};
}

// Everything below a folder, hidden files too. The lock file and the two files that SQLite has beside an open database are no leftovers.
QStringList contentOf(const QString &folder)
{
    QStringList found;
    QDirIterator files(folder, QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        const QString path = files.next();
        if (!path.endsWith("project.lock") && !path.endsWith("project.db-wal") && !path.endsWith("project.db-shm"))
            found << QDir(folder).relativeFilePath(path);
    }
    found.sort();
    return found;
}

// For everybody to read, for nobody to write. As root, the program runs as nobody.
void protect(const QString &folder)
{
    const auto readable = QFile::ReadOwner | QFile::ReadGroup | QFile::ReadOther;
    const auto enterable = readable | QFile::ExeOwner | QFile::ExeGroup | QFile::ExeOther;
    QDirIterator files(folder, QDir::AllEntries | QDir::NoDotAndDotDot, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        const QString path = files.next();
        QFile::setPermissions(path, files.fileInfo().isDir() ? enterable : readable);
    }
    QFile::setPermissions(folder, enterable);
}

void release(const QString &folder)
{
    const auto writable = QFile::ReadOwner | QFile::WriteOwner | QFile::ReadOther;
    QFile::setPermissions(folder, writable | QFile::ExeOwner | QFile::ExeOther);
    QDirIterator files(folder, QDir::AllEntries | QDir::NoDotAndDotDot, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        const QString path = files.next();
        QFile::setPermissions(path, files.fileInfo().isDir() ? writable | QFile::ExeOwner | QFile::ExeOther : writable);
    }
}

void copyModel(const QString &folder)
{
    QDir().mkpath(folder);
    for (const QString &name : QDir(kModel).entryList(QDir::Files))
        QFile::copy(kModel + '/' + name, folder + '/' + name);
}

} // namespace

#define VERIFY_OK(outcome)                                                                                                                  \
    do {                                                                                                                                    \
        const Outcome good = (outcome);                                                                                                     \
        QVERIFY2(good.exitCode == 0, good.errors);                                                                                          \
    } while (false)
// One message: what and where, then the remedy.
#define VERIFY_TOLD(outcome, code, place)                                                                                                   \
    do {                                                                                                                                    \
        const Outcome refusal = (outcome);                                                                                                  \
        QVERIFY2(refusal.exitCode == (code), refusal.errors + " exit code " + QByteArray::number(refusal.exitCode));                        \
        QVERIFY2(refusal.errors.count("fettle: ") == 1, refusal.errors);                                                                    \
        const QByteArrayList told = refusal.errors.mid(refusal.errors.indexOf("fettle: ")).trimmed().split('\n');                           \
        QVERIFY2(told.size() == 2 && told[1].startsWith("  ") && told[1].size() > 12, refusal.errors);                                      \
        QVERIFY2(told[0].contains((place).toUtf8()), refusal.errors);                                                                       \
        QVERIFY2(!told[0].contains(".partial") && !told[0].contains(".fettle-"), refusal.errors);                                           \
    } while (false)

class TestBadPlaces : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void init();
    void cleanup();
    void noPermissionToCreate();
    void noPermissionInTheProject();
    void noPermissionToExport();
    void noPermissionToRead();
    void fullDiskAtCreating();
    void fullDiskAtImport();
    void fullDiskAtExport();
    void fullDiskAtCheckpoint();
    void sameAsJson();

private:
    [[nodiscard]] QString path(const QString &name) const { return m_folder->filePath(name); }
    void createProject();
    void trainOnce();
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_project, m_model;
};

void TestBadPlaces::initTestCase()
{
    if (::geteuid() != 0)
        return;
    const Outcome outcome = run({"--version"}, kAsNobody);
    if (outcome.exitCode == 99)
        QSKIP("Root cannot become another user here.");
    if (outcome.exitCode != 0)
        QSKIP("The built program lies where only root may read.");
}

void TestBadPlaces::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
    release(m_folder->path()); // QTemporaryDir is its owner's alone
    m_project = path("clinic.fettle");
    m_model = path("model");
    copyModel(m_model);
}

void TestBadPlaces::cleanup()
{
    release(m_folder->path());
}

void TestBadPlaces::createProject()
{
    VERIFY_OK(run({"new", m_project}));
    VERIFY_OK(run({"import", kData, "--project", m_project}));
}

void TestBadPlaces::trainOnce()
{
    VERIFY_OK(run({"train", "--model", m_model, "--project", m_project, "--set", "maxSteps=2", "--set", "rank=64"}));
}

void TestBadPlaces::noPermissionToCreate()
{
    QDir().mkdir(path("closed"));
    protect(path("closed"));
    const Outcome made = run({"new", path("closed/clinic.fettle")}, kAsNobody);
    VERIFY_TOLD(made, 3, path("closed/clinic.fettle"));
    QVERIFY(made.errors.contains("access is not allowed"));
    const Outcome trained = run({"train", "--model", m_model, "--data", kData, "--out", path("closed/adapter"), "--set", "maxSteps=1"}, kAsNobody);
    VERIFY_TOLD(trained, 3, path("closed/adapter"));
    QCOMPARE(contentOf(path("closed")), QStringList());
}

void TestBadPlaces::noPermissionInTheProject()
{
    createProject();
    trainOnce();
    protect(m_folder->path());
    const QStringList before = contentOf(m_folder->path());
    VERIFY_TOLD(run({"import", kData, "--project", m_project}, kAsNobody), 3, m_project);
    VERIFY_TOLD(run({"snapshot", "--project", m_project}, kAsNobody), 3, m_project);
    VERIFY_TOLD(run({"train", "--model", m_model, "--project", m_project, "--set", "maxSteps=1"}, kAsNobody), 3, m_project);
    VERIFY_TOLD(run({"resume", "1", "--project", m_project}, kAsNobody), 3, m_project);
    QCOMPARE(contentOf(m_folder->path()), before);
    // Reading needs no right to write.
    const Outcome runs = run({"runs", "--project", m_project, "--json"}, kAsNobody);
    VERIFY_OK(runs);
    QCOMPARE(runs.json().at("runs").size(), std::size_t(1));
    release(m_folder->path());
    VERIFY_OK(run({"import", kData, "--project", m_project}));
}

void TestBadPlaces::noPermissionToExport()
{
    createProject();
    trainOnce();
    QDir().mkdir(path("closed"));
    protect(m_folder->path());
    for (const QString target : {"peft", "merged"}) {
        const Outcome refused = run({"export", "--run", "1", "--project", m_project, "--to", target, path("closed/result")}, kAsNobody);
        VERIFY_TOLD(refused, 3, path("closed/result"));
    }
    QCOMPARE(contentOf(path("closed")), QStringList());
    release(m_folder->path());
    VERIFY_OK(run({"export", "--run", "1", "--project", m_project, "--to", "peft", path("closed/result")}));
}

void TestBadPlaces::noPermissionToRead()
{
    QVERIFY(QFile::copy(kData, path("secret.jsonl")));
    QFile::setPermissions(path("secret.jsonl"), ::geteuid() == 0 ? QFile::ReadOwner : QFile::Permissions());
    const Outcome file = run({"import", path("secret.jsonl"), "--dry-run"}, kAsNobody);
    VERIFY_TOLD(file, 3, path("secret.jsonl"));
    QVERIFY2(file.errors.contains("let you read it"), file.errors);
    QFile::setPermissions(m_model, ::geteuid() == 0 ? QFile::ReadOwner | QFile::ExeOwner : QFile::Permissions());
    const Outcome model = run({"generate", "--model", m_model, "--prompt", "Hello"}, kAsNobody);
    VERIFY_TOLD(model, 3, m_model);
    QVERIFY2(model.errors.contains("access is not allowed"), model.errors);
}

void TestBadPlaces::fullDiskAtCreating()
{
    for (const rlim_t largest : {rlim_t(1), rlim_t(20'000), rlim_t(60'000)}) {
        const Outcome refused = run({"new", m_project}, fullAt(largest));
        VERIFY_TOLD(refused, 4, m_project);
        QVERIFY2(refused.errors.contains("the disk is full"), refused.errors);
        QVERIFY(!QFile::exists(m_project)); // the name is free for the next try
    }
    VERIFY_OK(run({"new", m_project}));
}

void TestBadPlaces::fullDiskAtImport()
{
    VERIFY_OK(run({"new", m_project}));
    const Outcome refused = run({"import", kData, "--project", m_project}, fullAt(150'000));
    VERIFY_TOLD(refused, 4, m_project);
    const Outcome imported = run({"import", kData, "--project", m_project, "--json"});
    VERIFY_OK(imported);
    // Nothing of the first try is there.
    const Outcome snapshot = run({"snapshot", "--project", m_project, "--json"});
    VERIFY_OK(snapshot);
    QVERIFY(snapshot.json().at("rows").get<int>() <= imported.json().at("accepted").get<int>());
}

void TestBadPlaces::fullDiskAtExport()
{
    createProject();
    trainOnce();
    const QStringList before = contentOf(m_folder->path());
    for (const auto &[target, largest] : {std::pair<QString, rlim_t>("merged", 100'000), {"merged", 40'000}, {"peft", 40'000}}) {
        const Outcome refused = run({"export", "--run", "1", "--project", m_project, "--to", target, path("result")}, fullAt(largest));
        VERIFY_TOLD(refused, 4, path("result"));
        QVERIFY2(refused.errors.contains("the disk is full"), refused.errors);
        QCOMPARE(contentOf(m_folder->path()), before);
    }
    VERIFY_OK(run({"export", "--run", "1", "--project", m_project, "--to", "merged", path("result")}));
}

void TestBadPlaces::fullDiskAtCheckpoint()
{
    createProject();
    // The optimiser's state is larger than the limit, the database is not.
    const QStringList train{"train", "--model", m_model, "--project", m_project, "--set", "rank=256", "--set", "maxSteps=6", "--set", "checkpointEvery=2"};
    const Outcome refused = run(train, fullAt(700'000));
    VERIFY_TOLD(refused, 4, m_project);
    QVERIFY2(refused.errors.contains("the disk is full"), refused.errors);
    QVERIFY2(contentOf(m_project).filter("step-").isEmpty(), qPrintable(contentOf(m_project).join('\n')));
    const Outcome runs = run({"runs", "--project", m_project, "--json"});
    VERIFY_OK(runs);
    QCOMPARE(runs.json().at("runs").at(0).at("state").get<std::string>(), std::string("interrupted")); // it goes on where there is room again
    VERIFY_OK(run(train));
    VERIFY_OK(run({"export", "--run", "2", "--project", m_project, "--to", "peft", path("result")}));
}

void TestBadPlaces::sameAsJson()
{
    const Outcome refused = run({"new", m_project, "--json"}, fullAt(20'000));
    QCOMPARE(refused.exitCode, 4);
    const Json json = refused.json();
    QCOMPARE(json.at("event").get<std::string>(), std::string("error"));
    QCOMPARE(json.at("exitCode").get<int>(), 4);
    QVERIFY(json.at("error").get<std::string>().find("the disk is full") != std::string::npos);
    QVERIFY(!json.at("hint").get<std::string>().empty());
}

QTEST_GUILESS_MAIN(TestBadPlaces)
#include "tst_badplaces.moc"
