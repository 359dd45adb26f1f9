// POSIX's way to load a library. The declarations are those of NVIDIA's "NVML API Reference Guide"; only what is read is declared.
#include "core/base/nvidia.h"

#include <array>
#include <dlfcn.h>

namespace fettle {

namespace {

using Status = int; // 0: success; anything else: this figure is not there
using Device = void *;
struct Utilization { unsigned gpu = 0, memory = 0; };              // percent
struct Memory { unsigned long long total = 0, free = 0, used = 0; }; // bytes
constexpr int kGpuSensor = 0;

} // namespace

struct NvidiaLibrary::Functions {
    Status (*init)() = nullptr;
    Status (*shutdown)() = nullptr;
    Status (*count)(unsigned *) = nullptr;
    Status (*device)(unsigned, Device *) = nullptr;
    Status (*name)(Device, char *, unsigned) = nullptr;
    Status (*utilization)(Device, Utilization *) = nullptr;
    Status (*memory)(Device, Memory *) = nullptr;
    Status (*temperature)(Device, int, unsigned *) = nullptr; // degrees
    Status (*power)(Device, unsigned *) = nullptr;            // milliwatts
};

std::unique_ptr<NvidiaLibrary> NvidiaLibrary::load(const std::string &file)
{
    void *handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        return nullptr;
    auto functions = std::make_unique<Functions>();
    bool isWhole = true;
    const auto find = [&](const char *name, auto &function) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
        isWhole = isWhole && function != nullptr;
    };
    find("nvmlInit_v2", functions->init);
    find("nvmlShutdown", functions->shutdown);
    find("nvmlDeviceGetCount_v2", functions->count);
    find("nvmlDeviceGetHandleByIndex_v2", functions->device);
    find("nvmlDeviceGetName", functions->name);
    find("nvmlDeviceGetUtilizationRates", functions->utilization);
    find("nvmlDeviceGetMemoryInfo", functions->memory);
    find("nvmlDeviceGetTemperature", functions->temperature);
    find("nvmlDeviceGetPowerUsage", functions->power);
    if (!isWhole || functions->init() != 0) {
        dlclose(handle);
        return nullptr;
    }
    return std::make_unique<NvidiaLibrary>(handle, std::move(functions));
}

NvidiaLibrary::NvidiaLibrary(void *handle, std::unique_ptr<Functions> functions)
    : m_handle(handle)
    , m_functions(std::move(functions))
{
}

NvidiaLibrary::~NvidiaLibrary()
{
    m_functions->shutdown();
    dlclose(m_handle);
}

std::vector<GpuFigures> NvidiaLibrary::read() const
{
    std::vector<GpuFigures> gpus;
    unsigned count = 0;
    if (m_functions->count(&count) != 0)
        return gpus;
    for (unsigned index = 0; index < count; ++index) {
        Device device = nullptr;
        if (m_functions->device(index, &device) != 0)
            continue;
        GpuFigures gpu;
        std::array<char, 96> name{}; // the guide's size for names
        if (m_functions->name(device, name.data(), static_cast<unsigned>(name.size() - 1)) == 0)
            gpu.name = name.data();
        Utilization use;
        if (m_functions->utilization(device, &use) == 0)
            gpu.share = static_cast<double>(use.gpu) / 100;
        Memory memory;
        if (m_functions->memory(device, &memory) == 0) {
            gpu.memoryUsedBytes = static_cast<std::int64_t>(memory.used);
            gpu.memoryTotalBytes = static_cast<std::int64_t>(memory.total);
        }
        unsigned value = 0;
        if (m_functions->temperature(device, kGpuSensor, &value) == 0)
            gpu.celsius = value;
        if (m_functions->power(device, &value) == 0)
            gpu.watts = static_cast<double>(value) / 1000;
        gpus.push_back(std::move(gpu));
    }
    return gpus;
}

} // namespace fettle
