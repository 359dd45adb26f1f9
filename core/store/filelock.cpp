// flock() on a file of its own: SQLite's own locks allow a second writer to take turns, which would let two windows train at once.
#include "core/store/filelock.h"
#include "core/base/words.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace fettle::store {

namespace {

long holder(int descriptor)
{
    std::array<char, 32> text{};
    if (::pread(descriptor, text.data(), text.size() - 1, 0) <= 0)
        return 0;
    return std::strtol(text.data(), nullptr, 10);
}

} // namespace

Result<FileLock> FileLock::take(const std::filesystem::path &file)
{
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) {
        const int error = errno;
        const bool isFull = error == ENOSPC || error == EDQUOT;
        return fail(isFull ? ErrorCode::DiskFull : ErrorCode::NoPermission, tr("Cannot write to {}.", file.parent_path().string()),
                    isFull ? tr("Free some space and try again.") : tr("Check who may write to this folder, or copy the project elsewhere."),
                    std::generic_category().message(error));
    }
    FileLock lock(descriptor);
    while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        if (error == EINTR)
            continue;
        if (error != EWOULDBLOCK)
            return lock; // a file system without locks: better to work than to refuse
        const long process = holder(descriptor);
        return fail(ErrorCode::NoPermission,
                    process > 0 ? tr("The project {} is open in another Fettle (process {}).", file.parent_path().string(), process)
                                : tr("The project {} is open in another Fettle.", file.parent_path().string()),
                    tr("Close it there first, or wait until its run has ended."));
    }
    // Only a help for the message above; the lock does not depend on it.
    const std::string own = fmt::format("{}\n", ::getpid());
    if (::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, own.data(), own.size(), 0) < 0)
        return lock;
    return lock;
}

FileLock::FileLock(FileLock &&other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)) { }

FileLock &FileLock::operator=(FileLock &&other) noexcept
{
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

FileLock::~FileLock()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

} // namespace fettle::store
