// Linux: /proc and the limits of control groups. Other systems add their branch here and nowhere else.
#include "core/base/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__unix__)
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace fettle {

namespace {

// "VmRSS:   123 kB" in a file of such lines, in bytes.
std::int64_t kilobyteLine(const char *file, std::string_view name)
{
    std::ifstream input(file);
    for (std::string line; std::getline(input, line);) {
        if (line.size() > name.size() && line.compare(0, name.size(), name) == 0 && line[name.size()] == ':')
            return std::strtoll(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
    }
    return 0;
}

std::optional<std::int64_t> numberIn(const std::string &file)
{
    std::ifstream input(file);
    std::int64_t value = 0;
    if (input >> value)
        return value;
    return std::nullopt; // missing, or "max"
}

struct Limit {
    std::int64_t bytes = std::numeric_limits<std::int64_t>::max();
    std::int64_t used = 0;
};

// The memory limit of the container, version 2 and version 1 of control groups. File pages that can be dropped do not count as used.
Limit containerLimit()
{
    const std::string root = "/sys/fs/cgroup/";
    Limit limit;
    if (const auto bytes = numberIn(root + "memory.max")) {
        limit.bytes = *bytes;
        limit.used = numberIn(root + "memory.current").value_or(0);
    } else if (const auto oldBytes = numberIn(root + "memory/memory.limit_in_bytes")) {
        limit.bytes = *oldBytes;
        limit.used = numberIn(root + "memory/memory.usage_in_bytes").value_or(0);
    } else {
        return limit;
    }
    for (const char *file : {"memory.stat", "memory/memory.stat"}) {
        std::ifstream input(root + file);
        std::string name;
        for (std::int64_t value = 0; input >> name >> value;) {
            if (name == "inactive_file")
                limit.used = std::max<std::int64_t>(0, limit.used - value);
        }
    }
    return limit;
}

} // namespace

MemoryFigures memoryFigures()
{
    MemoryFigures figures;
    figures.totalBytes = kilobyteLine("/proc/meminfo", "MemTotal");
    figures.availableBytes = kilobyteLine("/proc/meminfo", "MemAvailable");
    figures.ownBytes = kilobyteLine("/proc/self/status", "VmRSS");
    figures.ownPeakBytes = kilobyteLine("/proc/self/status", "VmHWM");
    const Limit limit = containerLimit();
    if (limit.bytes < figures.totalBytes) {
        figures.totalBytes = limit.bytes;
        figures.availableBytes = std::min(figures.availableBytes, std::max<std::int64_t>(0, limit.bytes - limit.used));
    }
    return figures;
}

std::int64_t ownPageFaults()
{
#if defined(__unix__)
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        return usage.ru_majflt;
#endif
    return 0;
}

void resetOwnPeak()
{
    std::ofstream("/proc/self/clear_refs") << "5";
}

void tuneAllocator()
{
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 256 << 20);
#endif
}

void preferLargePages([[maybe_unused]] void *block, [[maybe_unused]] std::size_t bytes)
{
#if defined(MADV_HUGEPAGE)
    madvise(block, bytes, MADV_HUGEPAGE);
#endif
}

void returnFreeMemory()
{
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

} // namespace fettle
