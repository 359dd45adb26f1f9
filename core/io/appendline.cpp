#include "core/io/appendline.h"

#include "core/io/atomicfile.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace fettle::io {

Result<> appendLine(const std::filesystem::path &file, std::string line)
{
    line += '\n';
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0)
        return tl::unexpected(fileError(errno, "write", file));
    char last = '\n';
    const off_t size = ::lseek(descriptor, 0, SEEK_END);
    if (size > 0 && ::pread(descriptor, &last, 1, size - 1) == 1 && last != '\n')
        line.insert(line.begin(), '\n'); // the last entry was cut off by a crash: it does not take this one with it
    Result<> result;
    for (std::size_t written = 0; result && written < line.size();) {
        const ssize_t count = ::write(descriptor, line.data() + written, line.size() - written);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            result = tl::unexpected(fileError(errno, "write", file));
        else
            written += static_cast<std::size_t>(count);
    }
    if (result && ::fsync(descriptor) != 0)
        result = tl::unexpected(fileError(errno, "write", file));
    ::close(descriptor);
    return result;
}

} // namespace fettle::io
