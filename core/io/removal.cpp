// A file without a name lives until its last descriptor is closed; should the program end before, the system closes it.
#include "core/io/removal.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace fettle::io {

namespace fs = std::filesystem;

namespace {

constexpr off_t kLargeBytes = 8 << 20; // smaller ones are gone within a few milliseconds

// Step by step: freed at once, a large file would hold up every other change of its disk meanwhile, the removal of its folder too.
void closeInSteps(int descriptor, off_t size)
{
    while (size > 0 && ::ftruncate(descriptor, size = std::max<off_t>(0, size - kLargeBytes)) == 0)
        ;
    ::close(descriptor);
}

} // namespace

void removeOpenFile(const fs::path &file, int descriptor)
{
    ::unlink(file.c_str());
    struct stat status { };
    // Network file systems give an open file another name, which would keep its folder from being removed: there it is closed at once.
    if (fstat(descriptor, &status) == 0 && status.st_nlink == 0 && status.st_size >= kLargeBytes) {
        try {
            std::thread(closeInSteps, descriptor, status.st_size).detach();
            return;
        } catch (const std::system_error &) { // no thread to be had
        }
    }
    ::close(descriptor);
}

void removeAll(const fs::path &path)
{
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator each(path, error), end; !error && each != end; each.increment(error))
        if (std::error_code ignored; each->symlink_status(ignored).type() == fs::file_type::regular)
            files.push_back(each->path());
    for (const fs::path &file : files)
        if (const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); descriptor >= 0)
            removeOpenFile(file, descriptor);
    fs::remove_all(path, error);
}

} // namespace fettle::io
