// How busy, warm and hungry the parts of this computer are. The only place that asks the system about them. What cannot be known is absent,
// never 0. Linux: /proc/stat, the sensors of hwmon, graphics cards of AMD and Intel by sysfs, of NVIDIA by nvidia.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fettle {

class NvidiaLibrary;

struct GpuFigures {
    std::string name;
    std::optional<double> share; // of the time that it computes, 0 to 1
    std::optional<std::int64_t> memoryUsedBytes, memoryTotalBytes;
    std::optional<double> celsius, watts;
};

struct SensorFigures {
    std::optional<double> processorShare; // of all cores since the reading before, 0 to 1; absent in the first reading
    std::optional<double> processorCelsius;
    std::vector<GpuFigures> gpus; // those that tell at least one figure
};

// What the processors have used since a moment of their own, by package. Empty where the system does not tell: it often leaves this to the administrator.
struct EnergyReading {
    struct Package { std::int64_t microjoules = 0, range = 0; }; // range: where the counter begins anew; 0: not known
    std::vector<Package> packages;
};
[[nodiscard]] EnergyReading readProcessorEnergy(const std::filesystem::path &root = "/");
// Joules between two readings less than a turn of the counter apart; absent where one of them tells nothing.
[[nodiscard]] std::optional<double> joulesBetween(const EnergyReading &before, const EnergyReading &after);

// Compares with its last reading, so it is kept. Used by one thread at a time; reading takes milliseconds, the first time up to a second.
class Sensors {
public:
    using Clock = std::chrono::steady_clock;
    // root, nvidiaLibrary: tests give their own.
    explicit Sensors(std::filesystem::path root = "/", std::string nvidiaLibrary = "libnvidia-ml.so.1");
    ~Sensors();

    [[nodiscard]] SensorFigures read(Clock::time_point now = Clock::now());

private:
    struct ProcessorTimes { std::uint64_t busy = 0, all = 0; };
    struct Energy { std::int64_t microjoules = 0; Clock::time_point at; };

    [[nodiscard]] std::optional<double> processorShare();
    [[nodiscard]] std::optional<double> processorCelsius() const;
    [[nodiscard]] std::vector<GpuFigures> cards(Clock::time_point now, bool hasNvidia);
    [[nodiscard]] std::optional<double> wattsOf(const std::filesystem::path &monitor, Clock::time_point now);

    std::filesystem::path m_root;
    std::string m_nvidiaName;
    std::unique_ptr<NvidiaLibrary> m_nvidia; // loaded at the first reading
    bool m_isNvidiaTried = false;
    std::optional<ProcessorTimes> m_before;
    std::map<std::filesystem::path, Energy> m_energies;
};

} // namespace fettle
