// A disk that loses its power. The program's file calls below one folder are recorded on their way to the system; from them a disk is built as it
// may look after a power cut: data that was not synced is missing, torn at sectors or zeroed, names that were not synced are there or not, in any
// combination. For one test program alone: it defines the system's calls anew, for the libraries too (ENABLE_EXPORTS).
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace recorded {

namespace fs = std::filesystem;

struct Operation {
    enum class Kind { Link, Unlink, Move, Write, Truncate, SyncFile, SyncFolder } kind;
    int folder = 0; // whose names change, or that is synced
    std::string name, target;
    int node = 0;   // file or folder that the name means; file that is written or synced
    int targetFolder = 0;
    std::size_t at = 0; // where it is written, or the new length
    std::string data;
};

// What the program sees, and every call that changed it.
struct Recorder {
    struct Node { bool isFolder = false; std::map<std::string, int> names; std::string content; /* before the first call */ };
    bool isOn = false;
    fs::path root;
    std::vector<Node> nodes{{true, {}, {}}};
    std::vector<std::map<std::string, int>> before; // the names of each folder before the first call
    std::vector<Operation> operations;

    // What lies there already is safe on the disk.
    void begin(const fs::path &folder)
    {
        fs::create_directories(folder);
        root = fs::canonical(folder);
        load(root, 0);
        for (const Node &node : nodes)
            before.push_back(node.names);
        isOn = true;
    }
    void load(const fs::path &folder, int node)
    {
        for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
            const int made = int(nodes.size());
            nodes.push_back({entry.is_directory(), {}, {}});
            nodes[std::size_t(node)].names[entry.path().filename().string()] = made;
            if (entry.is_directory()) {
                load(entry.path(), made);
            } else {
                std::ifstream file(entry.path(), std::ios::binary);
                nodes[std::size_t(made)].content.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
            }
        }
    }
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
        nodes.push_back({isFolder, {}, {}});
        const int node = int(nodes.size()) - 1;
        nodes[std::size_t(folder)].names[path.filename().string()] = node;
        operations.push_back({Operation::Kind::Link, folder, path.filename().string(), {}, node, 0, 0, {}});
    }
    void remove(const fs::path &path)
    {
        const int folder = find(path.parent_path());
        if (folder < 0 || find(path) < 0)
            return;
        nodes[std::size_t(folder)].names.erase(path.filename().string());
        operations.push_back({Operation::Kind::Unlink, folder, path.filename().string(), {}, 0, 0, 0, {}});
    }
    void move(const fs::path &from, const fs::path &to)
    {
        const int source = find(from.parent_path()), target = find(to.parent_path()), node = find(from);
        if (source < 0 || target < 0 || node < 0)
            return;
        nodes[std::size_t(source)].names.erase(from.filename().string());
        nodes[std::size_t(target)].names[to.filename().string()] = node;
        operations.push_back({Operation::Kind::Move, source, from.filename().string(), to.filename().string(), node, target, 0, {}});
    }
    static fs::path pathOf(int descriptor)
    {
        char text[4096];
        const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), text, sizeof text);
        return length > 0 ? fs::path(std::string(text, std::size_t(length))) : fs::path();
    }
    void written(int descriptor, const void *data, ssize_t size, off64_t at)
    {
        if (const int node = isOn && size > 0 ? find(pathOf(descriptor)) : -1; node > 0)
            operations.push_back({Operation::Kind::Write, 0, {}, {}, node, 0, std::size_t(at), std::string(static_cast<const char *>(data), std::size_t(size))});
    }
    void resized(int descriptor, off64_t size)
    {
        if (const int node = isOn ? find(pathOf(descriptor)) : -1; node > 0)
            operations.push_back({Operation::Kind::Truncate, 0, {}, {}, node, 0, std::size_t(size), {}});
    }
    void synced(int descriptor)
    {
        if (const int node = isOn ? find(pathOf(descriptor)) : -1; node >= 0) {
            const bool isFolder = nodes[std::size_t(node)].isFolder;
            operations.push_back({isFolder ? Operation::Kind::SyncFolder : Operation::Kind::SyncFile, node, {}, {}, node, 0, 0, {}});
        }
    }
};

inline Recorder g_recorder;

// The disk after the first `count` operations and a power cut. withSync false: as if no call had waited for the disk.
class Disk {
public:
    Disk(const Recorder &recorder, std::size_t count, unsigned seed, bool withSync) : m_recorder(recorder), m_nodes(recorder.nodes.size()), m_content(recorder.nodes.size()), m_chance(seed)
    {
        using Kind = Operation::Kind;
        const std::vector<Operation> &operations = recorder.operations;
        std::vector<std::size_t> lastSync(recorder.nodes.size(), 0); // operations before it are safe
        for (std::size_t i = 0; i < count && withSync; ++i) {
            if (operations[i].kind == Kind::SyncFile || operations[i].kind == Kind::SyncFolder)
                lastSync[std::size_t(operations[i].node)] = i;
        }
        for (std::size_t i = 0; i < recorder.nodes.size(); ++i)
            m_content[i] = recorder.nodes[i].content;
        for (std::size_t i = 0; i < recorder.before.size(); ++i)
            m_nodes[i] = recorder.before[i];
        for (std::size_t i = 0; i < count; ++i) {
            const Operation &operation = operations[i];
            if (operation.kind == Kind::Write) {
                write(m_content[std::size_t(operation.node)], operation, i < lastSync[std::size_t(operation.node)]);
            } else if (operation.kind == Kind::Truncate) {
                if (i < lastSync[std::size_t(operation.node)] || m_chance() % 2 == 0)
                    m_content[std::size_t(operation.node)].resize(operation.at);
            } else if (operation.kind != Kind::SyncFile && operation.kind != Kind::SyncFolder && (i < lastSync[std::size_t(operation.folder)] || m_chance() % 2 == 0)) {
                changeNames(operation);
            }
        }
    }
    void putInto(const fs::path &folder, int node = 0) const
    {
        fs::create_directories(folder);
        for (const auto &[name, entry] : m_nodes[std::size_t(node)]) {
            if (m_recorder.nodes[std::size_t(entry)].isFolder)
                putInto(folder / name, entry);
            else
                std::ofstream(folder / name, std::ios::binary) << m_content[std::size_t(entry)];
        }
    }

private:
    static constexpr std::size_t kSector = 512; // is written as a whole or not at all

    void changeNames(const Operation &operation)
    {
        auto &names = m_nodes[std::size_t(operation.folder)];
        if (operation.kind == Operation::Kind::Link)
            names[operation.name] = operation.node;
        else
            names.erase(operation.name);
        if (operation.kind == Operation::Kind::Move)
            m_nodes[std::size_t(operation.targetFolder)][operation.target] = operation.node;
    }
    void write(std::string &content, const Operation &operation, bool isSafe)
    {
        enum Fate { Lost, Torn, Zeroed, Whole };
        const auto fate = isSafe ? Whole : static_cast<Fate>(m_chance() % 4);
        if (fate == Lost)
            return;
        if (content.size() < operation.at + operation.data.size())
            content.resize(operation.at + operation.data.size(), '\0'); // the length is written before the data
        if (fate == Zeroed)
            return;
        for (std::size_t begin = 0; begin < operation.data.size();) {
            const std::size_t end = std::min(operation.data.size(), ((operation.at + begin) / kSector + 1) * kSector - operation.at);
            if (fate == Whole || m_chance() % 2 == 0)
                std::copy(operation.data.begin() + std::ptrdiff_t(begin), operation.data.begin() + std::ptrdiff_t(end), content.begin() + std::ptrdiff_t(operation.at + begin));
            begin = end;
        }
    }
    const Recorder &m_recorder;
    std::vector<std::map<std::string, int>> m_nodes;
    std::vector<std::string> m_content;
    std::mt19937 m_chance;
};

inline int openRecorded(const char *path, int flags, mode_t mode)
{
    const long descriptor = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (g_recorder.isOn && descriptor >= 0 && (flags & O_CREAT) != 0)
        g_recorder.add(path, false);
    if (descriptor >= 0 && (flags & O_TRUNC) != 0)
        g_recorder.resized(int(descriptor), 0);
    return int(descriptor);
}

} // namespace recorded

extern "C" {

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return recorded::openRecorded(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return recorded::openRecorded(path, flags, mode);
}

ssize_t write(int descriptor, const void *data, size_t size)
{
    const ssize_t written = syscall(SYS_write, descriptor, data, size);
    if (recorded::g_recorder.isOn && written > 0)
        recorded::g_recorder.written(descriptor, data, written, lseek64(descriptor, 0, SEEK_CUR) - written);
    return written;
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t at)
{
    const ssize_t written = syscall(SYS_pwrite64, descriptor, data, size, at);
    recorded::g_recorder.written(descriptor, data, written, at);
    return written;
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t at) { return pwrite64(descriptor, data, size, at); }

int ftruncate64(int descriptor, off64_t size) noexcept
{
    const long done = syscall(SYS_ftruncate, descriptor, size);
    if (done == 0)
        recorded::g_recorder.resized(descriptor, size);
    return int(done);
}

int ftruncate(int descriptor, off_t size) noexcept { return ftruncate64(descriptor, size); }

int fsync(int descriptor) // remembered, not done: nothing here is worth a wait for the disk
{
    recorded::g_recorder.synced(descriptor);
    return 0;
}

int fdatasync(int descriptor) { return fsync(descriptor); }

int mkdir(const char *path, mode_t mode) noexcept
{
    const long made = syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (recorded::g_recorder.isOn && made == 0)
        recorded::g_recorder.add(path, true);
    return int(made);
}

int rename(const char *from, const char *to) noexcept
{
    const long moved = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (recorded::g_recorder.isOn && moved == 0)
        recorded::g_recorder.move(from, to);
    return int(moved);
}

int unlinkat(int folder, const char *name, int flags) noexcept
{
    const recorded::fs::path path = folder == AT_FDCWD ? recorded::fs::path(name) : recorded::Recorder::pathOf(folder) / name;
    const long removed = syscall(SYS_unlinkat, folder, name, flags);
    if (recorded::g_recorder.isOn && removed == 0)
        recorded::g_recorder.remove(path);
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
