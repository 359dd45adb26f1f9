// POSIX files. Every failed call is turned into an Error here, so that full disks and missing rights read alike everywhere.
#include "core/io/atomicfile.h"
#include "core/base/words.h"
#include "core/io/removal.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fettle::io {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBufferBytes = 1 << 20;
// A large file is on its way to the disk while it is still being made, and only so much of it waits there: then neither the last sync nor a cancel
// finds hundreds of megabytes to wait for.
constexpr std::size_t kPieceBytes = 4 << 20;
constexpr off_t kWaitingBytes = 8 << 20;

std::atomic<unsigned> g_counter = 0;

// Has the system begin to write the last `size` bytes of the file, and waits for as many before those that may wait.
Result<> sendToDisk([[maybe_unused]] int descriptor, [[maybe_unused]] std::size_t size, [[maybe_unused]] const fs::path &path)
{
#if defined(SYNC_FILE_RANGE_WRITE)
    const off_t piece = static_cast<off_t>(size), end = ::lseek(descriptor, 0, SEEK_CUR);
    ::sync_file_range(descriptor, end - piece, piece, SYNC_FILE_RANGE_WRITE);
    const off_t first = std::max<off_t>(0, end - kWaitingBytes - piece), last = end - kWaitingBytes;
    if (last <= first)
        return {};
    const int failed = ::sync_file_range(descriptor, first, last - first, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    if (failed != 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT)) // the others: not on this kind of disk; the last sync does it all
        return tl::unexpected(fileError(errno, "write", path));
#endif
    return {};
}

Result<> writePiece(int descriptor, const char *data, std::size_t size, const fs::path &path)
{
    while (size > 0) {
        const ssize_t written = ::write(descriptor, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return tl::unexpected(fileError(errno, "write", path));
        data += written;
        size -= static_cast<std::size_t>(written);
    }
    return {};
}

Result<> writeAll(int descriptor, std::string_view bytes, const fs::path &path)
{
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, kPieceBytes);
        if (auto written = writePiece(descriptor, piece.data(), piece.size(), path); !written)
            return written;
        if (piece.size() >= kBufferBytes / 2)
            if (auto sent = sendToDisk(descriptor, piece.size(), path); !sent)
                return sent;
        bytes.remove_prefix(piece.size());
    }
    return {};
}

} // namespace

Error fileError(int systemError, std::string_view what, const fs::path &path)
{
    Error error;
    error.detail = std::strerror(systemError);
    const auto say = [&](ErrorCode code, std::string_view cause, std::string_view hint) {
        error.code = code;
        error.message = tr("Cannot {} \"{}\": {}.", what, path.string(), cause);
        error.hint = hint;
        return error;
    };
    const bool isReading = what == "open" || what == "read";
    switch (systemError) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return say(ErrorCode::DiskFull, tr("the disk is full"), tr("Free some space or choose a folder on another disk, then try again."));
    case EACCES:
    case EPERM: return say(ErrorCode::NoPermission, tr("access is not allowed"),
                           isReading ? tr("Ask its owner to let you read it, or choose another one.") : tr("Choose another folder, or change the rights of this one."));
    case EROFS: return say(ErrorCode::NoPermission, tr("the disk can only be read"), tr("Choose a folder on another disk."));
    case ENOENT: return say(ErrorCode::NotFound, tr("it does not exist"), tr("Check the spelling of the path."));
    case ENOTDIR:
        return say(ErrorCode::BadInput, tr("a part of the path is a file, not a folder"), tr("Choose another path, or move that file away."));
    case EISDIR: return say(ErrorCode::BadInput, tr("it is a folder"), tr("Choose a file name."));
    case ENAMETOOLONG: return say(ErrorCode::BadInput, tr("the name is too long"), tr("Choose a shorter name."));
    case ENOMEM: return say(ErrorCode::OutOfMemory, tr("there is not enough memory"), tr("Close other programs and try again."));
    default: return say(ErrorCode::BadInput, error.detail, tr("Check that the disk works and is still connected."));
    }
}

AtomicFile::AtomicFile(fs::path path, fs::path temporary, int descriptor)
    : m_path(std::move(path))
    , m_temporary(std::move(temporary))
    , m_descriptor(descriptor)
{
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : m_path(std::move(other.m_path))
    , m_temporary(std::move(other.m_temporary))
    , m_descriptor(std::exchange(other.m_descriptor, -1))
    , m_written(other.m_written)
    , m_buffer(std::move(other.m_buffer))
{
}

AtomicFile &AtomicFile::operator=(AtomicFile &&other) noexcept
{
    if (this != &other) {
        discard();
        m_path = std::move(other.m_path);
        m_temporary = std::move(other.m_temporary);
        m_descriptor = std::exchange(other.m_descriptor, -1);
        m_written = other.m_written;
        m_buffer = std::move(other.m_buffer);
    }
    return *this;
}

AtomicFile::~AtomicFile()
{
    discard();
}

void AtomicFile::discard()
{
    if (m_descriptor < 0)
        return;
    removeOpenFile(m_temporary, std::exchange(m_descriptor, -1));
}

Result<AtomicFile> AtomicFile::create(const fs::path &path)
{
    std::error_code error;
    // A link stays a link: what it points to is replaced.
    fs::path target = path;
    if (fs::is_symlink(fs::symlink_status(path, error)))
        target = fs::weakly_canonical(path, error);
    if (target.filename().empty())
        return fail(ErrorCode::BadInput, tr("Cannot write \"{}\": this is not the path of a file.", path.string()),
                    tr("Choose a file name."));
    if (fs::is_directory(target, error))
        return tl::unexpected(fileError(EISDIR, "write", path));
    if (const fs::path folder = target.parent_path(); !folder.empty()) {
        if (auto made = createFolder(folder); !made)
            return passError(made);
    }
    // Short, so that a name at the system's limit still works, and hidden; the process number keeps two programs apart.
    const fs::path temporary = target.parent_path() / fmt::format(".fettle-{}-{}.tmp", static_cast<long>(getpid()), g_counter.fetch_add(1));
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor < 0)
        return tl::unexpected(fileError(errno, "create", path));
    return AtomicFile(std::move(target), temporary, descriptor);
}

Result<> AtomicFile::flushBuffer()
{
    auto written = writeAll(m_descriptor, m_buffer, m_path);
    m_buffer.clear();
    return written;
}

Result<> AtomicFile::write(std::string_view text)
{
    m_written += static_cast<std::int64_t>(text.size());
    if (m_buffer.size() + text.size() <= kBufferBytes) {
        m_buffer.append(text);
        return {};
    }
    if (auto flushed = flushBuffer(); !flushed)
        return flushed;
    if (text.size() >= kBufferBytes)
        return writeAll(m_descriptor, text, m_path);
    m_buffer.append(text);
    return {};
}

Result<> AtomicFile::write(std::span<const std::byte> bytes)
{
    return write(std::string_view(reinterpret_cast<const char *>(bytes.data()), bytes.size()));
}

Result<> AtomicFile::commit()
{
    if (auto flushed = flushBuffer(); !flushed)
        return flushed;
    if (fsync(m_descriptor) != 0)
        return tl::unexpected(fileError(errno, "write", m_path));
    const int descriptor = std::exchange(m_descriptor, -1);
    if (::close(descriptor) != 0 || ::rename(m_temporary.c_str(), m_path.c_str()) != 0) {
        const int error = errno;
        ::unlink(m_temporary.c_str());
        return tl::unexpected(fileError(error, "write", m_path));
    }
    return syncFolder(m_path.parent_path());
}

Result<> writeFileAtomically(const fs::path &path, std::string_view text)
{
    auto file = AtomicFile::create(path);
    if (!file)
        return passError(file);
    if (auto written = file->write(text); !written)
        return written;
    return file->commit();
}

Result<> createFolder(const fs::path &folder)
{
    if (folder.empty())
        return {};
    struct stat status { };
    if (::stat(folder.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return {};
        return fail(ErrorCode::BadInput, tr("Cannot create the folder \"{}\": a file with this name exists.", folder.string()),
                    tr("Choose another folder, or move that file away."));
    }
    if (errno != ENOENT)
        return tl::unexpected(fileError(errno, "create", folder));
    if (const fs::path parent = folder.parent_path(); parent != folder) {
        if (auto made = createFolder(parent); !made)
            return made;
    }
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
        return tl::unexpected(fileError(errno, "create", folder));
    return syncFolder(folder.parent_path()); // what is written in it would go with its name
}

Result<> syncFolder(const fs::path &folder)
{
    const fs::path target = folder.empty() ? fs::path(".") : folder;
    const int descriptor = ::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return tl::unexpected(fileError(errno, "open", target));
    const bool hasFailed = fsync(descriptor) != 0;
    const int error = errno;
    ::close(descriptor);
    // Some network file systems cannot sync a folder; the file itself is safe by then.
    if (hasFailed && error != EINVAL && error != ENOTSUP)
        return tl::unexpected(fileError(error, "write", target));
    return {};
}

} // namespace fettle::io
