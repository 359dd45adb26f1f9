// Linux: Documentation/filesystems/proc (stat), hwmon/sysfs-interface and gpu/amdgpu of the kernel. Other systems add their branch here.
#include "core/base/sensors.h"

#include "core/base/nvidia.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <utility>

namespace fettle {
namespace fs = std::filesystem;
namespace {

std::optional<std::string> wordIn(const fs::path &file)
{
    std::ifstream input(file);
    std::string line;
    if (!std::getline(input, line))
        return {};
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())))
        line.pop_back();
    return line.empty() ? std::nullopt : std::optional(line);
}

std::optional<std::int64_t> valueIn(const fs::path &file)
{
    std::ifstream input(file);
    std::int64_t value = 0;
    return input >> value ? std::optional(value) : std::nullopt; // a sensor that sleeps answers with an error
}

// Millionths or thousandths of a unit.
std::optional<double> scaledIn(const fs::path &file, double parts)
{
    const auto value = valueIn(file);
    return value ? std::optional(static_cast<double>(*value) / parts) : std::nullopt;
}

// "hwmon0", "card1", in the order of their names. Outputs of a card ("card1-HDMI-A-1") are left out.
std::vector<fs::path> numbered(const fs::path &folder, std::string_view stem)
{
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.size() > stem.size() && name.starts_with(stem) && std::all_of(name.begin() + static_cast<std::ptrdiff_t>(stem.size()), name.end(), [](unsigned char c) { return std::isdigit(c); }))
            found.push_back(entry->path());
    }
    std::ranges::sort(found);
    return found;
}

bool tellsAnything(const GpuFigures &gpu)
{
    return gpu.share || gpu.memoryUsedBytes || gpu.celsius || gpu.watts;
}

} // namespace

// Running average power limit, which AMD's processors have under the same name: intel-rapl:0 is the first package, intel-rapl:0:0 a part of it.
EnergyReading readProcessorEnergy(const fs::path &root)
{
    EnergyReading reading;
    for (const fs::path &package : numbered(root / "sys/class/powercap", "intel-rapl:")) {
        const auto used = valueIn(package / "energy_uj");
        if (!used)
            return {}; // a part of them would say too little
        reading.packages.push_back({*used, valueIn(package / "max_energy_range_uj").value_or(0)});
    }
    return reading;
}

std::optional<double> joulesBetween(const EnergyReading &before, const EnergyReading &after)
{
    if (before.packages.empty() || before.packages.size() != after.packages.size())
        return {};
    double joules = 0;
    for (std::size_t i = 0; i < before.packages.size(); ++i) {
        std::int64_t used = after.packages[i].microjoules - before.packages[i].microjoules;
        if (used < 0)
            used += after.packages[i].range;
        if (used < 0)
            return {};
        joules += static_cast<double>(used) / 1e6;
    }
    return joules;
}

Sensors::Sensors(fs::path root, std::string nvidiaLibrary)
    : m_root(std::move(root))
    , m_nvidiaName(std::move(nvidiaLibrary))
{
}

Sensors::~Sensors() = default;

SensorFigures Sensors::read(Clock::time_point now)
{
    if (!m_isNvidiaTried) {
        m_isNvidiaTried = true;
        m_nvidia = NvidiaLibrary::load(m_nvidiaName);
    }
    SensorFigures figures;
    figures.processorShare = processorShare();
    figures.processorCelsius = processorCelsius();
    if (m_nvidia)
        figures.gpus = m_nvidia->read();
    for (GpuFigures &card : cards(now, !figures.gpus.empty()))
        figures.gpus.push_back(std::move(card));
    std::erase_if(figures.gpus, [](const GpuFigures &gpu) { return !tellsAnything(gpu); });
    return figures;
}

// "cpu user nice system idle iowait irq softirq steal ...": time that waits for a disk is not work.
std::optional<double> Sensors::processorShare()
{
    std::ifstream input(m_root / "proc/stat");
    std::string name;
    std::array<std::uint64_t, 8> times{};
    if (!(input >> name) || name != "cpu")
        return {};
    for (std::uint64_t &time : times) {
        if (!(input >> time))
            return {};
    }
    ProcessorTimes now;
    for (std::size_t i = 0; i < times.size(); ++i) {
        now.all += times[i];
        now.busy += i == 3 || i == 4 ? 0 : times[i];
    }
    const auto before = std::exchange(m_before, now);
    if (!before || now.all <= before->all || now.busy < before->busy)
        return {};
    return std::min(1.0, static_cast<double>(now.busy - before->busy) / static_cast<double>(now.all - before->all));
}

// The first sensor of a processor's monitor is that of the whole chip; of several chips the warmest counts.
std::optional<double> Sensors::processorCelsius() const
{
    constexpr std::array<std::string_view, 4> kProcessorMonitors = {"k10temp", "zenpower", "coretemp", "cpu_thermal"};
    std::optional<double> warmest;
    for (const fs::path &monitor : numbered(m_root / "sys/class/hwmon", "hwmon")) {
        const auto name = wordIn(monitor / "name");
        if (!name || std::ranges::find(kProcessorMonitors, *name) == kProcessorMonitors.end())
            continue;
        if (const auto celsius = scaledIn(monitor / "temp1_input", 1000))
            warmest = std::max(warmest.value_or(*celsius), *celsius);
    }
    return warmest;
}

// AMD tells power, Intel the energy used so far: their difference over the time between two readings is the power.
std::optional<double> Sensors::wattsOf(const fs::path &monitor, Clock::time_point now)
{
    for (const char *file : {"power1_average", "power1_input"}) {
        if (const auto watts = scaledIn(monitor / file, 1e6))
            return watts;
    }
    const auto energy = valueIn(monitor / "energy1_input");
    if (!energy)
        return {};
    const auto known = m_energies.find(monitor);
    const std::optional<Energy> before = known == m_energies.end() ? std::nullopt : std::optional(known->second);
    m_energies[monitor] = {*energy, now};
    const double seconds = before ? std::chrono::duration<double>(now - before->at).count() : 0;
    if (seconds <= 0 || *energy < before->microjoules)
        return {};
    return static_cast<double>(*energy - before->microjoules) / 1e6 / seconds;
}

std::vector<GpuFigures> Sensors::cards(Clock::time_point now, bool hasNvidia)
{
    std::vector<GpuFigures> cards;
    for (const fs::path &card : numbered(m_root / "sys/class/drm", "card")) {
        const fs::path device = card / "device";
        const std::string vendor = wordIn(device / "vendor").value_or(std::string());
        if (vendor == "0x10de" && hasNvidia)
            continue; // its own library tells more
        GpuFigures gpu;
        gpu.name = wordIn(device / "product_name").value_or(vendor == "0x1002" ? "AMD" : vendor == "0x8086" ? "Intel" : vendor == "0x10de" ? "NVIDIA" : "GPU");
        gpu.share = scaledIn(device / "gpu_busy_percent", 100);
        gpu.memoryUsedBytes = valueIn(device / "mem_info_vram_used");
        gpu.memoryTotalBytes = valueIn(device / "mem_info_vram_total");
        for (const fs::path &monitor : numbered(device / "hwmon", "hwmon")) {
            if (!gpu.celsius)
                gpu.celsius = scaledIn(monitor / "temp1_input", 1000);
            if (!gpu.watts)
                gpu.watts = wattsOf(monitor, now);
        }
        cards.push_back(std::move(gpu));
    }
    return cards;
}

} // namespace fettle
