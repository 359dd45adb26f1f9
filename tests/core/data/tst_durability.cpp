// kill -9 at random moments: a child edits and says so only after an edit is acknowledged; whatever it said must be there afterwards.
#include "core/engine/project.h"

#include <QTemporaryDir>
#include <QtTest>
#include <csignal>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace fettle;
using namespace fettle::engine;

namespace {

// What the child says: record number and the number in its new text, both acknowledged.
struct Said { std::int64_t record = 0, number = 0; };

[[noreturn]] void editForever(const std::filesystem::path &path, int out, std::int64_t number)
{
    auto project = Project::open(path, Access::ReadWrite);
    if (!project)
        ::_exit(3);
    for (;; ++number) {
        const RecordId id{1 + number % 20};
        auto record = project->record(id);
        if (!record)
            ::_exit(4);
        record->turns.back().text = std::to_string(number);
        if (!project->saveRecord(*record))
            ::_exit(5);
        // A bulk edit and its undo between the edits: never half of it may be seen.
        if (number % 7 == 0 && (!project->setStatus(*project->recordIds({}), data::RecordStatus::Approved) || !project->undo()))
            ::_exit(6);
        const Said said{id.value, number};
        if (::write(out, &said, sizeof said) != sizeof said)
            ::_exit(7);
    }
}

} // namespace

class TestDurability : public QObject {
    Q_OBJECT
private slots:
    void killedWriterLosesNothing();
    void killedImportIsAllOrNothing();
};

void TestDurability::killedWriterLosesNothing()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("p.fettle").toStdString();
    {
        auto project = Project::create(path);
        std::vector<data::Record> records;
        for (int i = 0; i < 20; ++i)
            records.push_back(data::makePair("Question " + std::to_string(i), "", "0"));
        QVERIFY(project->addRecords(records, "Added"));
    }
    std::map<std::int64_t, std::int64_t> acknowledged;
    std::int64_t number = 1;
    std::uint64_t state = 99;
    int edits = 0;
    for (int round = 0; round < 25; ++round) {
        int ends[2];
        QCOMPARE(::pipe(ends), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(ends[0]);
            editForever(path, ends[1], number);
        }
        ::close(ends[1]);
        // The child is killed while it works on the edit after a random number of acknowledged ones, at a random moment of it.
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        const int wanted = 1 + int(state >> 33) % 12;
        Said said;
        for (int i = 0; i < wanted && ::read(ends[0], &said, sizeof said) == sizeof said; ++i) {
            acknowledged[said.record] = said.number;
            ++edits;
        }
        pollfd waiting{ends[0], POLLIN, 0};
        (void)::poll(&waiting, 1, int(state >> 40) % 4);
        ::kill(child, SIGKILL);
        while (::read(ends[0], &said, sizeof said) == sizeof said) {
            acknowledged[said.record] = said.number;
            ++edits;
        }
        ::close(ends[0]);
        int status = 0;
        QCOMPARE(::waitpid(child, &status, 0), child);
        QVERIFY2(WIFSIGNALED(status), qPrintable(QString("the child ended by itself with %1").arg(WEXITSTATUS(status))));

        {
            // A reader may be the first to look.
            const auto reader = Project::open(path, Access::ReadOnly);
            QVERIFY2(reader, reader ? "" : reader.error().message.c_str());
            for (const auto &[id, last] : acknowledged)
                QVERIFY(std::stoll(std::string(data::responseOf(*reader->record({id})))) >= last);
        }
        auto project = Project::open(path, Access::ReadWrite);
        QVERIFY2(project, project ? "" : project.error().message.c_str());
        for (const auto &[id, last] : acknowledged) {
            const std::int64_t found = std::stoll(std::string(data::responseOf(*project->record({id}))));
            // The edit that was under way may or may not have come through.
            QVERIFY2(found >= last, qPrintable(QString("record %1: %2 was acknowledged, %3 is there").arg(id).arg(last).arg(found)));
            number = std::max(number, found + 1);
        }
        const auto approved = project->recordCounts()->byStatus[data::RecordStatus::Approved];
        QVERIFY(approved == 0 || approved == 20);
        if (approved == 20)
            QVERIFY(project->undo());
    }
    qInfo("%d acknowledged edits over 25 kills", edits);
}

void TestDurability::killedImportIsAllOrNothing()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("p.fettle").toStdString();
    QVERIFY(Project::create(path));
    QFile file(folder.filePath("rows.jsonl"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    for (int i = 0; i < 4000; ++i)
        file.write(QByteArray("{\"instruction\": \"Question ") + QByteArray::number(i) + "\", \"output\": \"Answer\"}\n");
    file.close();
    std::int64_t before = 0;
    for (int round = 0; round < 12; ++round) {
        const pid_t child = ::fork();
        if (child == 0) {
            auto project = Project::open(path, Access::ReadWrite);
            const auto report = project->importFile(folder.filePath("rows.jsonl").toStdString(), {});
            ::_exit(report ? 0 : 1);
        }
        (void)::poll(nullptr, 0, 5 + round * 13);
        ::kill(child, SIGKILL);
        int status = 0;
        QCOMPARE(::waitpid(child, &status, 0), child);
        auto project = Project::open(path, Access::ReadWrite);
        QVERIFY(project);
        const std::int64_t count = project->recordCounts()->all;
        QVERIFY2(count == before || count == before + 4000, qPrintable(QString::number(count)));
        before = count;
    }
}

QTEST_APPLESS_MAIN(TestDurability)
#include "tst_durability.moc"
