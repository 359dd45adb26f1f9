// POSIX. Other systems add their branch here and nowhere else.
#include "core/base/process.h"

#include <dlfcn.h>
#include <unistd.h>

namespace fettle {

std::int64_t processId() { return getpid(); }

std::string libraryFileOf(const void *address)
{
    Dl_info info;
    return dladdr(address, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

std::string libraryFileOfFunction(const char *name)
{
    const void *address = dlsym(RTLD_DEFAULT, name);
    return address != nullptr ? libraryFileOf(address) : "";
}

} // namespace fettle
