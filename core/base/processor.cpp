// Linux: /proc/cpuinfo, affinity and the quota of the control group. Another system adds its branch here and nowhere else.
#include "core/base/processor.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#include <sys/resource.h>
#endif

namespace fettle {

namespace {

// The value behind "name : value" of the first processor; "" where there is none.
std::string cpuLine(std::string_view name)
{
    std::ifstream input("/proc/cpuinfo");
    for (std::string line; std::getline(input, line);) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos || line.compare(0, name.size(), name) != 0)
            continue;
        const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
        return begin == std::string::npos ? std::string() : line.substr(begin);
    }
    return {};
}

struct NamedFlag {
    const char *flag, *name;
};
// Flags as Linux writes them, names as data sheets do.
constexpr NamedFlag kFlags[] = {
    {"avx2", "AVX2"},
    {"fma", "FMA"},
    {"f16c", "F16C"},
    {"avx512f", "AVX-512"},
    {"avx512_bf16", "AVX-512 BF16"},
    {"avx512_fp16", "AVX-512 FP16"},
    {"avx512_vnni", "VNNI"},
    {"avx_vnni", "AVX-VNNI"},
    {"amx_tile", "AMX"},
    {"amx_bf16", "AMX BF16"},
    {"amx_int8", "AMX INT8"},
    {"asimd", "NEON"},
    {"asimddp", "NEON dot product"},
    {"bf16", "NEON BF16"},
    {"i8mm", "NEON I8MM"},
    {"sve", "SVE"},
};

} // namespace

std::string processorName()
{
    for (const char *name : {"model name", "Model", "Hardware"}) {
        if (std::string value = cpuLine(name); !value.empty())
            return value;
    }
    return {};
}

int usableCores()
{
#if defined(__linux__)
    cpu_set_t cores;
    CPU_ZERO(&cores);
    int count = sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 0;
    // "200000 100000": microseconds of computing allowed in each period of the container.
    double quota = 0, period = 0;
    if (std::ifstream input("/sys/fs/cgroup/cpu.max"); input >> quota >> period && quota > 0 && period > 0)
        count = std::min(count, std::max(1, static_cast<int>(quota / period + 0.5)));
    if (count > 0)
        return count;
#endif
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::vector<std::string> instructionSets()
{
    std::string line = cpuLine("flags");
    if (line.empty())
        line = cpuLine("Features");
    std::vector<std::string> flags;
    std::istringstream words(line);
    for (std::string word; words >> word;)
        flags.push_back(word);
    std::vector<std::string> names;
    for (const NamedFlag &known : kFlags) {
        if (std::find(flags.begin(), flags.end(), known.flag) != flags.end())
            names.emplace_back(known.name);
    }
    return names;
}

void letOthersFirst()
{
#if defined(__linux__)
    (void)setpriority(PRIO_PROCESS, 0, 10); // on Linux of the calling thread alone
#endif
}

} // namespace fettle
