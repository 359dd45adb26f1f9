#include "core/io/partialfile.h"

#include "core/io/atomicfile.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fettle::io {

Result<PartialFile> PartialFile::open(const std::filesystem::path &path)
{
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    struct stat facts{};
    if (descriptor < 0 || ::fstat(descriptor, &facts) != 0)
        return tl::unexpected<Error>(fileError(errno, "write", path));
    return PartialFile(path, descriptor, facts.st_size);
}

PartialFile::PartialFile(std::filesystem::path path, int descriptor, std::int64_t size) : m_path(std::move(path)), m_descriptor(descriptor), m_size(size) { }

PartialFile::PartialFile(PartialFile &&other) noexcept : m_path(std::move(other.m_path)), m_descriptor(std::exchange(other.m_descriptor, -1)), m_size(other.m_size) { }

PartialFile::~PartialFile()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

std::optional<Error> PartialFile::clear()
{
    m_size = 0;
    return ::ftruncate(m_descriptor, 0) == 0 ? std::nullopt : std::optional(fileError(errno, "write", m_path));
}

std::optional<Error> PartialFile::append(std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(m_descriptor, bytes.data(), bytes.size(), m_size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fileError(errno, "write", m_path);
        m_size += written;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return std::nullopt;
}

Result<> PartialFile::sync()
{
    return ::fsync(m_descriptor) == 0 ? Result<>() : Result<>(tl::unexpected<Error>(fileError(errno, "write", m_path)));
}

} // namespace fettle::io
