// POSIX memory maps. Another system adds its branch here and nowhere else.
#include "core/io/mappedfile.h"
#include "core/io/forgetpages.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fettle::io {

MappedFile::MappedFile(std::filesystem::path path, const std::byte *data, std::size_t size)
    : m_path(std::move(path))
    , m_data(data)
    , m_size(size)
{
}

MappedFile::~MappedFile()
{
    if (m_size > 0)
        munmap(const_cast<std::byte *>(m_data), m_size);
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path &path)
{
    // Non-blocking: a named pipe must not hang the program.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return tl::unexpected(fileError(errno, "open", path));
    struct stat status { };
    if (fstat(descriptor, &status) != 0) {
        const int error = errno;
        close(descriptor);
        return tl::unexpected(fileError(error, "read", path));
    }
    if (!S_ISREG(status.st_mode)) {
        close(descriptor);
        return fail(ErrorCode::BadInput,
                    tr("Cannot read \"{}\": it is {}, not a file.", path.string(),
                                S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe"),
                    tr("Choose a file."));
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void *data = size > 0 ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
    const int error = errno;
    close(descriptor);
    if (data == MAP_FAILED)
        return tl::unexpected(fileError(error, "map", path));
    return std::shared_ptr<const MappedFile>(new MappedFile(path, static_cast<const std::byte *>(data), size));
}

void MappedFile::expectReading(std::span<const std::byte> range) const
{
    if (range.empty())
        return;
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(range.data()) / page * page;
    const auto end = reinterpret_cast<std::uintptr_t>(range.data()) + range.size();
    madvise(reinterpret_cast<void *>(begin), end - begin, MADV_WILLNEED);
}

void forgetPages(const MappedFile &file)
{
    if (!file.bytes().empty())
        madvise(const_cast<std::byte *>(file.bytes().data()), file.bytes().size(), MADV_DONTNEED);
}

} // namespace fettle::io
