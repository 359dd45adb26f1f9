#include "core/engine/machine.h"

#include "core/base/folders.h"
#include "core/base/memory.h"
#include "core/base/process.h"
#include "core/base/processor.h"
#include "core/base/resources.h"
#include "core/base/version.h"
#include "core/base/words.h"
#include "core/engine/models.h"
#include "core/torch.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

namespace fettle::engine {

namespace {

// Best of several products [2048,576] x [576,1536], the shape of a small model's layer: GFLOP/s.
double measureProducts(at::ScalarType type)
{
    const at::NoGradGuard guard;
    const at::Tensor a = at::rand({2048, 576}).to(type);
    const at::Tensor b = at::rand({1536, 576}).to(type);
    double best = 0;
    for (int i = 0; i < 8; ++i) {
        const auto start = std::chrono::steady_clock::now();
        const at::Tensor c = at::linear(a, b);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        best = std::max(best, 2.0 * 2048 * 576 * 1536 / seconds / 1e9);
    }
    return best;
}

std::string gigabytes(std::int64_t bytes)
{
    return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

// The graphics card that training can use, by the name its driver gives it; empty where there is none, or LibTorch knows nothing of it.
std::string trainingCard()
{
    if (!at::hasCUDA())
        return {};
    const SensorFigures figures = Sensors().read();
    return figures.gpus.empty() || figures.gpus.front().name.empty() ? std::string("CUDA device") : figures.gpus.front().name;
}

} // namespace

MachineFacts machineFacts()
{
    MachineFacts facts;
    facts.processor = processorName();
    facts.cores = usableCores();
    facts.instructionSets = instructionSets();
    facts.memoryBytes = memoryFigures().totalBytes;
    facts.gpu = trainingCard();
    facts.versions = tr("Fettle {}, LibTorch {}, SQLite {}", version(), TORCH_VERSION, sqlite3_libversion());
    return facts;
}

MemoryUse memoryUse()
{
    const MemoryFigures figures = memoryFigures();
    return {figures.totalBytes, figures.availableBytes, figures.ownBytes, figures.ownPeakBytes};
}

std::int64_t freeDiskBytes(const std::filesystem::path &folder)
{
    return fettle::freeDiskBytes(folder);
}

Gauges GaugeReader::read(const std::filesystem::path &folder)
{
    Gauges gauges;
    gauges.memory = memoryUse();
    if (const std::int64_t left = folder.empty() ? -1 : fettle::freeDiskBytes(folder); left >= 0)
        gauges.diskLeftBytes = left;
    gauges.sensors = m_sensors.read();
    return gauges;
}

std::vector<Check> doctor()
{
    const MachineFacts facts = machineFacts();
    const MemoryUse memory = memoryUse();
    std::vector<Check> checks;
    checks.push_back({"processor", tr("{}, {} cores", facts.processor, facts.cores), "ok", {}});
    checks.push_back({"instruction sets", fmt::format("{}", fmt::join(facts.instructionSets, ", ")), facts.instructionSets.empty() ? "warning" : "ok", {}});
    checks.push_back({"GPU", facts.gpu.empty() ? std::string("none: the processor computes") : tr("{}: trains where it is asked for (--device cuda); all else is computed by the processor", facts.gpu), "ok", {}});
    const bool isTight = memory.availableBytes < 3'000'000'000;
    checks.push_back({"memory", tr("{} of {} free", gigabytes(memory.availableBytes), gigabytes(memory.totalBytes)), isTight ? "warning" : "ok",
                      isTight ? tr("Training the default model takes some 3 GB: close other programs.") : ""});
    const std::int64_t disk = fettle::freeDiskBytes(dataFolder());
    checks.push_back({"disk", tr("{} free for {}", gigabytes(disk), dataFolder().string()), disk < 2'000'000'000 ? "warning" : "ok",
                      disk < 2'000'000'000 ? tr("Checkpoints need space: free at least 2 GB.") : ""});
    const double fp32 = measureProducts(at::kFloat), bf16 = measureProducts(at::kBFloat16), fp16 = measureProducts(at::kHalf);
    checks.push_back({"products in fp32", fmt::format("{:.0f} GFLOP/s, measured", fp32), "ok", {}});
    checks.push_back({"products in bf16", fmt::format("{:.0f} GFLOP/s, measured", bf16), "ok", {}});
    checks.push_back({"products in fp16", fmt::format("{:.0f} GFLOP/s, measured", fp16), "ok", {}});
    checks.push_back({"compute type", "fp32", "ok", {}});
    const auto model = resolveModel(kDefaultModelName);
    checks.push_back({"default model", model ? model->string() : "not found", model ? "ok" : "warning", model ? "" : "app/run.sh fetches it; or add a model on the Models page."});
    checks.push_back({"versions", facts.versions, "ok", {}});
    checks.push_back({"LibTorch", libraryFileOf(reinterpret_cast<const void *>(&at::get_num_threads)), "ok", {}});
    checks.push_back({"threads library", libraryFileOfFunction("GOMP_parallel"), "ok", {}});
    checks.push_back({"resources", resourcesFolder().string(), std::filesystem::exists(resourcesFolder()) ? "ok" : "bad",
                      std::filesystem::exists(resourcesFolder()) ? "" : tr("Install Fettle completely, or set FETTLE_RESOURCES.")});
    return checks;
}

} // namespace fettle::engine
