// A power cut at every place of the writing of checkpoints. The program's file calls are recorded on their way to the system; then, for each
// place, the disk is built as it may look afterwards: data that was not synced is missing, torn or zeroed, names that were not synced are
// there or not, in any combination. The newest checkpoint that was reported as complete must always be found, with its own bytes.
#include "core/io/atomicfile.h"
#include "core/train/checkpoint.h"

#include <QTemporaryDir>
#include <QTest>

#include <cerrno>
#include <cstdarg>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <random>
#include <sys/syscall.h>
#include <unistd.h>

using namespace fettle;
using namespace fettle::train;
namespace fs = std::filesystem;

namespace {

struct Operation {
    enum class Kind { Link, Unlink, Move, Write, SyncFile, SyncFolder } kind;
    int folder = 0;      // whose names change, or that is synced
    std::string name, target;
    int node = 0;        // file or folder that the name means; file that is written or synced
    int targetFolder = 0;
    std::string data;
};

// What the program sees, and every call that changed it.
struct Recorder {
    struct Node { bool isFolder = false; std::map<std::string, int> names; };
    bool isOn = false;
    fs::path root;
    std::vector<Node> nodes{{true, {}}};
    std::vector<Operation> operations;

    [[nodiscard]] int find(const fs::path &path) const // below 0: not there
    {
        const std::string text = path.string();
        if (!text.starts_with(root.string()))
            return -1;
        int node = 0;
        for (const fs::path &part : path.lexically_relative(root)) {
            if (part == ".")
                continue;
            const auto &names = nodes[std::size_t(node)].names;
            const auto found = names.find(part.string());
            if (found == names.end())
                return -1;
            node = found->second;
        }
        return node;
    }
    void add(const fs::path &path, bool isFolder)
    {
        const int folder = find(path.parent_path());
        if (folder < 0 || find(path) >= 0)
            return;
        nodes.push_back({isFolder, {}});
        const int node = int(nodes.size()) - 1;
        nodes[std::size_t(folder)].names[path.filename().string()] = node;
        operations.push_back({Operation::Kind::Link, folder, path.filename().string(), {}, node, 0, {}});
    }
    void remove(const fs::path &path)
    {
        const int folder = find(path.parent_path());
        if (folder < 0 || find(path) < 0)
            return;
        nodes[std::size_t(folder)].names.erase(path.filename().string());
        operations.push_back({Operation::Kind::Unlink, folder, path.filename().string(), {}, 0, 0, {}});
    }
    void move(const fs::path &from, const fs::path &to)
    {
        const int source = find(from.parent_path()), target = find(to.parent_path()), node = find(from);
        if (source < 0 || target < 0 || node < 0)
            return;
        nodes[std::size_t(source)].names.erase(from.filename().string());
        nodes[std::size_t(target)].names[to.filename().string()] = node;
        operations.push_back({Operation::Kind::Move, source, from.filename().string(), to.filename().string(), node, target, {}});
    }
};

Recorder g_recorder;

fs::path pathOf(int descriptor)
{
    char text[4096];
    const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), text, sizeof text);
    return length > 0 ? fs::path(std::string(text, std::size_t(length))) : fs::path();
}

} // namespace

extern "C" {

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    const long descriptor = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (g_recorder.isOn && descriptor >= 0 && (flags & O_CREAT) != 0)
        g_recorder.add(path, false);
    return int(descriptor);
}

ssize_t write(int descriptor, const void *data, size_t size)
{
    const ssize_t written = syscall(SYS_write, descriptor, data, size);
    if (g_recorder.isOn && written > 0) {
        if (const int node = g_recorder.find(pathOf(descriptor)); node > 0)
            g_recorder.operations.push_back({Operation::Kind::Write, 0, {}, {}, node, 0, std::string(static_cast<const char *>(data), std::size_t(written))});
    }
    return written;
}

int fsync(int descriptor) // remembered, not done: nothing here is worth a wait for the disk
{
    if (!g_recorder.isOn)
        return int(syscall(SYS_fsync, descriptor));
    if (const int node = g_recorder.find(pathOf(descriptor)); node >= 0) {
        const bool isFolder = g_recorder.nodes[std::size_t(node)].isFolder;
        g_recorder.operations.push_back({isFolder ? Operation::Kind::SyncFolder : Operation::Kind::SyncFile, node, {}, {}, node, 0, {}});
    }
    return 0;
}

int mkdir(const char *path, mode_t mode) noexcept
{
    const long made = syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (g_recorder.isOn && made == 0)
        g_recorder.add(path, true);
    return int(made);
}

int rename(const char *from, const char *to) noexcept
{
    const long moved = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (g_recorder.isOn && moved == 0)
        g_recorder.move(from, to);
    return int(moved);
}

int unlinkat(int folder, const char *name, int flags) noexcept
{
    const fs::path path = folder == AT_FDCWD ? fs::path(name) : pathOf(folder) / name;
    const long removed = syscall(SYS_unlinkat, folder, name, flags);
    if (g_recorder.isOn && removed == 0)
        g_recorder.remove(path);
    return int(removed);
}

int unlink(const char *path) noexcept { return unlinkat(AT_FDCWD, path, 0); }
int remove(const char *path) noexcept
{
    const int removed = unlinkat(AT_FDCWD, path, 0);
    return removed != 0 && (errno == EISDIR || errno == EPERM) ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : removed;
}
int rmdir(const char *path) noexcept { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

} // extern "C"

namespace {

std::string weightsOf(std::int64_t step) { return std::string(3000, char('a' + step)) + std::to_string(step); }

// The disk after the first `count` operations and a power cut. withSync false: as if no call had waited for the disk.
class Disk {
public:
    Disk(const std::vector<Operation> &operations, std::size_t count, unsigned seed, bool withSync)
        : m_nodes(g_recorder.nodes.size()), m_content(g_recorder.nodes.size()), m_chance(seed)
    {
        using Kind = Operation::Kind;
        for (std::size_t i = 0; i < count; ++i) {
            const Operation &operation = operations[i];
            const auto isSynced = [&](Kind kind, int node) {
                return withSync && std::any_of(operations.begin() + std::ptrdiff_t(i), operations.begin() + std::ptrdiff_t(count),
                                               [&](const Operation &later) { return later.kind == kind && later.node == node; });
            };
            if (operation.kind == Kind::Write) {
                m_content[std::size_t(operation.node)] += isSynced(Kind::SyncFile, operation.node) ? operation.data : damaged(operation.data);
                continue;
            }
            if (operation.kind == Kind::SyncFile || operation.kind == Kind::SyncFolder)
                continue;
            if (!isSynced(Kind::SyncFolder, operation.folder) && m_chance() % 2 == 0)
                continue;
            auto &names = m_nodes[std::size_t(operation.folder)];
            if (operation.kind == Kind::Link)
                names[operation.name] = operation.node;
            else
                names.erase(operation.name);
            if (operation.kind == Kind::Move)
                m_nodes[std::size_t(operation.targetFolder)][operation.target] = operation.node;
        }
    }
    void putInto(const fs::path &folder, int node = 0) const
    {
        fs::create_directories(folder);
        for (const auto &[name, entry] : m_nodes[std::size_t(node)]) {
            if (g_recorder.nodes[std::size_t(entry)].isFolder)
                putInto(folder / name, entry);
            else
                std::ofstream(folder / name, std::ios::binary) << m_content[std::size_t(entry)];
        }
    }

private:
    std::string damaged(const std::string &data)
    {
        switch (m_chance() % 4) {
        case 0: return {};
        case 1: return data.substr(0, m_chance() % (data.size() + 1)); // torn
        case 2: return std::string(data.size(), '\0');                  // the length was written, the data not
        default: return data;
        }
    }
    std::vector<std::map<std::string, int>> m_nodes;
    std::vector<std::string> m_content;
    std::mt19937 m_chance;
};

} // namespace

class TestPowerCut : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void completeCheckpointsAreFound();
    void withoutSyncingTheyWouldBeLost();

private:
    [[nodiscard]] int losses(bool withSync, int seeds);
    QTemporaryDir m_dir;
    std::map<std::int64_t, std::size_t> m_complete; // by step: operations done when it was reported as complete
};

// Three checkpoints as a run writes them, of which two are kept.
void TestPowerCut::initTestCase()
{
    g_recorder.root = fs::canonical(m_dir.path().toStdString()) / "live";
    fs::create_directories(g_recorder.root);
    g_recorder.isOn = true;
    const fs::path folder = g_recorder.root / "runs" / "1" / "checkpoints";
    for (const std::int64_t step : {1, 2, 3}) {
        auto writer = CheckpointWriter::begin(folder, step);
        QVERIFY(writer.has_value());
        QVERIFY(io::writeFileAtomically(writer->path() / "weights", weightsOf(step)).has_value());
        QVERIFY(io::writeFileAtomically(writer->path() / "state.json", "{}").has_value());
        QVERIFY(writer->finish().has_value());
        m_complete[step] = g_recorder.operations.size();
        retainCheckpoints(folder, 2, {});
    }
    g_recorder.isOn = false;
    // The recorder has seen what the disk has: no call went past it.
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(g_recorder.root))
        QVERIFY2(g_recorder.find(entry.path()) >= 0, entry.path().c_str());
    QVERIFY(g_recorder.find(folder / "step-3" / "weights") > 0);
    QVERIFY(g_recorder.find(folder / "step-1") < 0);
    QCOMPARE(listCheckpoints(folder).size(), 2U);
}

// How many of the disks have lost a checkpoint that was complete, or take a damaged one for good.
int TestPowerCut::losses(bool withSync, int seeds)
{
    int lost = 0;
    for (std::size_t count = 0; count <= g_recorder.operations.size(); ++count) {
        std::int64_t complete = 0;
        for (const auto &[step, done] : m_complete)
            complete = done <= count ? step : complete;
        for (int seed = 0; seed < seeds; ++seed) {
            const fs::path after = fs::path(m_dir.path().toStdString()) / "after";
            fs::remove_all(after);
            Disk(g_recorder.operations, count, unsigned(seed) + 1000U * unsigned(count), withSync).putInto(after);
            const auto newest = newestValidCheckpoint(after / "runs" / "1" / "checkpoints");
            if (!newest) {
                lost += complete > 0;
                continue;
            }
            std::ifstream file(newest->checkpoint.path / "weights", std::ios::binary);
            const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
            lost += newest->checkpoint.step < complete || bytes != weightsOf(newest->checkpoint.step);
        }
    }
    return lost;
}

void TestPowerCut::completeCheckpointsAreFound()
{
    QCOMPARE(losses(true, 3), 0);
}

// The disks are bad enough to show a missing sync.
void TestPowerCut::withoutSyncingTheyWouldBeLost()
{
    QVERIFY(losses(false, 1) > 0);
}

QTEST_APPLESS_MAIN(TestPowerCut)
#include "tst_powercut.moc"
