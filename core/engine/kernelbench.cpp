#include "core/engine/kernelbench.h"

#include "core/base/random.h"
#include "core/base/words.h"
#include "core/generate/decodeweights.h"
#include "core/generate/integerkernels.h"
#include "core/generate/matrixkernels.h"
#include "core/generate/workerpool.h"
#include "core/model/fast/attention.h"
#include "core/model/fast/gemm.h"
#include "core/model/fast/kernels.h"
#include "core/model/fast/peak.h"
#include "core/model/largememory.h"
#include "core/model/loss.h"
#include "core/model/torcherror.h"
#include "core/train/optimizer.h"
#include "core/tune/bottleneck.h"
#include "core/tune/full.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/softprompt.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <functional>
#include <initializer_list>
#include <thread>

namespace fettle::engine {

namespace {

using model::LargeMemory;
using model::fast::Use;

constexpr std::int64_t kTokens = 2048, kDocument = 512;

double secondsOf(const std::function<void()> &work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The best of at least three runs, and of as many as a fifth of a second holds.
double bestSeconds(const std::function<void()> &work)
{
    work(); // memory and caches
    double best = 0, all = 0;
    for (int i = 0; i < 3 || (all < 0.2 && i < 1000); ++i) {
        const double seconds = secondsOf(work);
        best = i == 0 ? seconds : std::min(best, seconds);
        all += seconds;
    }
    return best;
}

// Splits rows among the threads.
template <class Work>
void overRows(std::int64_t rows, const Work &work)
{
    at::parallel_for(0, rows, 32, [&](std::int64_t begin, std::int64_t end) { work(begin, end - begin); });
}

struct Peak {
    double operations = 0, bytes = 0; // per second, all threads
};

Peak measurePeak()
{
    const int threads = at::get_num_threads();
    const auto onEach = [threads](const std::function<void(std::int64_t)> &work) {
        at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                work(i);
        });
    };
    constexpr std::int64_t kRounds = 2'000'000, kFloats = std::int64_t{24} << 20; // 96 MB for each thread: beyond any cache
    std::vector<std::int64_t> done(static_cast<std::size_t>(threads));
    std::vector<float> sinks(static_cast<std::size_t>(threads) * 64);
    const double compute = bestSeconds([&] {
        onEach([&](std::int64_t i) { done[static_cast<std::size_t>(i)] = model::fast::multiplyAddRounds(kRounds, &sinks[static_cast<std::size_t>(i) * 64]); });
    });
    const LargeMemory memory(static_cast<std::size_t>(threads * kFloats) * sizeof(float));
    std::fill_n(memory.floats(), threads * kFloats, 1.0f); // pages of its own
    const double reading = bestSeconds([&] {
        onEach([&](std::int64_t i) { sinks[static_cast<std::size_t>(i) * 64] = model::fast::sumOfMemory(memory.floats() + i * kFloats, kFloats); });
    });
    return {static_cast<double>(done[0]) * threads / compute, static_cast<double>(threads * kFloats) * sizeof(float) / reading};
}

class Kernels {
public:
    Kernels(const model::ModelConfig &config, const Peak &peak, Figures &figures) : m_config(config), m_peak(peak), m_figures(figures) { }

    void measureAll()
    {
        const std::int64_t width = m_config.width, inner = m_config.intermediate, qkv = m_config.queryWidth() + 2 * m_config.keyValueWidth();
        product("gemm.qkv", "q, k and v of a layer", kTokens, qkv, width, Use::Transposed);
        product("gemm.gateUp", "gate and up of a layer", kTokens, 2 * inner, width, Use::Transposed);
        product("gemm.down", "down of a layer", kTokens, width, inner, Use::Transposed);
        product("gemm.inputGradient", "gradient of what gate and up read", kTokens, width, 2 * inner, Use::AsIs);
        product("gemm.weightGradient", "gradient of gate and up", 2 * inner, width, kTokens, Use::AsIs, Use::Transposed);
        product("gemm.head", "scores of 256 tokens", 256, m_config.vocabulary, width, Use::Transposed);
        product("gemm.lowRankA", "A of q, k and v, rank 16 each", kTokens, 48, width, Use::Transposed);
        product("gemm.lowRankB", "B of gate, rank 16", kTokens, inner, 16, Use::Transposed);
        attention(qkv);
        elementwise(qkv);
    }

private:
    static LargeMemory random(std::int64_t values, std::uint64_t seed)
    {
        LargeMemory memory(static_cast<std::size_t>(values) * sizeof(float));
        RandomStream(seed).fillUniform({memory.floats(), static_cast<std::size_t>(values)}, -0.1f, 0.1f);
        return memory;
    }
    void addProduct(const std::string &name, const std::string &what, const std::function<void()> &work)
    {
        const std::int64_t before = model::fast::gemmOperations();
        work();
        const auto operations = static_cast<double>(model::fast::gemmOperations() - before);
        const double rate = operations / bestSeconds(work);
        m_figures["kernel." + name] = {rate * 1e-9, "GFLOP/s", tr("{}: {:.0f} % of the arithmetic peak", what, 100.0 * rate / m_peak.operations)};
    }
    void addPass(const std::string &name, const std::string &what, std::int64_t floats, const std::function<void()> &work)
    {
        const double rate = static_cast<double>(floats) * sizeof(float) / bestSeconds(work);
        m_figures["kernel." + name] = {rate * 1e-9, "GB/s", tr("{}: {:.0f} % of reading memory", what, 100.0 * rate / m_peak.bytes)};
    }
    void product(const std::string &name, const std::string &what, std::int64_t m, std::int64_t n, std::int64_t k, Use useB, Use useA = Use::AsIs)
    {
        const LargeMemory a = random(m * k, 1), b = random(k * n, 2), c(static_cast<std::size_t>(m * n) * sizeof(float));
        const std::int64_t strideA = useA == Use::AsIs ? k : m, strideB = useB == Use::AsIs ? n : k;
        addProduct(name, what, [&] { model::fast::gemm(m, n, k, 1.0f, {a.floats(), strideA, useA}, {b.floats(), strideB, useB}, 0.0f, c.floats(), n); });
    }
    void attention(std::int64_t qkvWidth)
    {
        std::vector<std::int64_t> borders;
        for (std::int64_t border = 0; border <= kTokens; border += kDocument)
            borders.push_back(border);
        model::fast::AttentionShape shape{m_config.heads, m_config.keyValueHeads, m_config.headSize, 0, static_cast<float>(m_config.attentionScale()), borders};
        const LargeMemory qkv = random(kTokens * qkvWidth, 3), dOut = random(kTokens * shape.queryWidth(), 4);
        const LargeMemory out(static_cast<std::size_t>(kTokens * shape.queryWidth()) * sizeof(float)), dQkv(qkv.bytes());
        const LargeMemory sums(static_cast<std::size_t>(kTokens * m_config.heads) * sizeof(float));
        addProduct("attention.forward", "attention in texts of 512 tokens", [&] { model::fast::attentionForward(shape, qkv.floats(), out.floats(), sums.floats()); });
        addProduct("attention.backward", "its gradient", [&] {
            model::fast::attentionBackward(shape, qkv.floats(), out.floats(), sums.floats(), dOut.floats(), dQkv.floats());
        });
    }
    void elementwise(std::int64_t qkvWidth)
    {
        const std::int64_t width = m_config.width, inner = m_config.intermediate, half = m_config.rotated() / 2;
        const LargeMemory x = random(kTokens * width, 5), norm = random(width, 6), gateUp = random(kTokens * 2 * inner, 7), qkv = random(kTokens * qkvWidth, 8);
        const LargeMemory angles = random(kTokens * half, 9), logits = random(64 * m_config.vocabulary, 10), y(x.bytes()), scales(kTokens * sizeof(float));
        const LargeMemory activated(static_cast<std::size_t>(kTokens * inner) * sizeof(float));
        addPass("norm", "norm of the stream", 2 * kTokens * width, [&] {
            overRows(kTokens, [&](std::int64_t row, std::int64_t rows) {
                model::fast::normForward(x.floats() + row * width, norm.floats(), 1e-5f, rows, width, y.floats() + row * width, scales.floats() + row);
            });
        });
        addPass("activation", "silu(gate) * up", 3 * kTokens * inner, [&] {
            overRows(kTokens, [&](std::int64_t row, std::int64_t rows) {
                model::fast::swigluForward(gateUp.floats() + row * 2 * inner, rows, inner, activated.floats() + row * inner);
            });
        });
        addPass("activationGradient", "its gradient", 5 * kTokens * inner, [&] {
            overRows(kTokens, [&](std::int64_t row, std::int64_t rows) {
                model::fast::swigluBackward(gateUp.floats() + row * 2 * inner, activated.floats() + row * inner, rows, inner);
            });
        });
        addPass("rotation", "rotary positions of q and k", 2 * kTokens * (m_config.queryWidth() + m_config.keyValueWidth()), [&] {
            overRows(kTokens, [&](std::int64_t row, std::int64_t rows) {
                model::fast::rope(qkv.floats() + row * qkvWidth, qkvWidth, m_config.heads + m_config.keyValueHeads, m_config.headSize, 2 * half, angles.floats() + row * half,
                                  angles.floats() + row * half, rows, model::fast::Turn::Forward);
            });
        });
        addPass("crossEntropy", "loss and its gradient over the vocabulary", 2 * 64 * m_config.vocabulary, [&] {
            at::parallel_for(0, 64, 1, [&](std::int64_t begin, std::int64_t end) {
                for (std::int64_t row = begin; row < end; ++row)
                    (void)model::fast::crossEntropy(logits.floats() + row * m_config.vocabulary, m_config.vocabulary, row, 1e-3f);
            });
        });
    }

    const model::ModelConfig &m_config;
    const Peak m_peak;
    Figures &m_figures;
};

// All matrices of the model times `rows` rows, as a decoding step computes them.
struct DecodeProducts {
    std::vector<const generate::PackedMatrix *> matrices;
    generate::WorkerPool &pool;
    std::size_t rows;

    [[nodiscard]] double seconds() const
    {
        std::size_t widest = 0, highest = 0;
        for (const auto *matrix : matrices) {
            widest = std::max(widest, matrix->columns());
            highest = std::max(highest, matrix->panels() * generate::kPanelRows);
        }
        std::vector<float> x(rows * widest), packed(rows * widest), y(rows * highest);
        RandomStream(1).fillUniform(x, -1.0f, 1.0f);
        const bool isInteger = generate::hasIntegerProducts();
        std::vector<std::byte> quantised(isInteger ? rows * generate::quantisedBytes(widest) : 0);
        std::vector<LargeMemory> scratch;
        for (int i = 0; i < pool.threads(); ++i)
            scratch.emplace_back(generate::productScratch(rows) * sizeof(float));
        return bestSeconds([&] {
            for (const auto *matrix : matrices) {
                const bool isQuantised = isInteger && generate::fitsIntegerProducts(*matrix);
                if (isQuantised)
                    generate::quantiseRows(x.data(), widest, rows, matrix->columns(), quantised.data());
                else
                    generate::packRows(x.data(), widest, rows, matrix->columns(), packed.data());
                const std::size_t step = std::max<std::size_t>(1, matrix->panels() / (static_cast<std::size_t>(pool.threads()) * 8) / generate::panelsPerStep()) * generate::panelsPerStep();
                pool.run((matrix->panels() + step - 1) / step, [&](std::size_t task, int thread) {
                    const std::size_t begin = task * step, end = std::min(matrix->panels(), begin + step);
                    if (isQuantised)
                        generate::multiplyIntegerPanels(*matrix, quantised.data(), rows, y.data(), highest, generate::ProductMode::Replace, begin, end);
                    else
                        generate::multiplyPanels(*matrix, packed.data(), rows, y.data(), highest, generate::ProductMode::Replace, begin, end,
                                                 scratch[static_cast<std::size_t>(thread)].floats());
                });
            }
        });
    }
};

Result<> addDecoding(const std::filesystem::path &path, int threads, const Peak &peak, Figures &figures, std::stop_token stop)
{
    generate::WorkerPool pool(threads);
    auto source = model::WeightSource::open(path);
    if (!source)
        return passError(source);
    auto weights = generate::DecodeWeights::load(**source, pool, {}, stop);
    if (!weights)
        return passError(weights);
    std::vector<const generate::PackedMatrix *> matrices;
    std::size_t bytes = 0, values = 0;
    const auto take = [&](const generate::PackedMatrix &matrix) {
        if (matrix.isEmpty())
            return;
        matrices.push_back(&matrix);
        bytes += matrix.bytes().size();
        values += matrix.rows() * matrix.columns();
    };
    for (const auto &layer : (*weights)->layers)
        for (const auto &map : layer.maps)
            take(map.matrix);
    take((*weights)->outputHead());
    for (const std::size_t rows : {1u, 2u, 4u, 16u}) {
        const double seconds = DecodeProducts{matrices, pool, rows}.seconds();
        const double read = static_cast<double>(bytes) / seconds, computed = 2.0 * static_cast<double>(values * rows) / seconds;
        figures[fmt::format("kernel.decode.{:02}", rows)] = {read * 1e-9, "GB/s",
                                                             tr("all weights times {} columns, {:.1f} ms: {:.0f} % of reading memory, {:.0f} GFLOP/s", rows, seconds * 1e3,
                                                                100.0 * read / peak.bytes, computed * 1e-9)};
    }
    return {};
}

void setThreads(const ComputeOptions &compute)
{
    at::set_num_threads(compute.threads > 0 ? compute.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

} // namespace

Result<Figures> kernelFigures(const std::filesystem::path &path, const ComputeOptions &compute, std::stop_token stop)
try {
    setThreads(compute);
    auto config = model::readConfig(path);
    if (!config)
        return passError(config);
    const Peak peak = measurePeak();
    Figures figures;
    figures["peak.arithmetic"] = {peak.operations * 1e-9, "GFLOP/s", tr("fused multiply-adds in fp32 on registers, {} threads", at::get_num_threads())};
    figures["peak.memory"] = {peak.bytes * 1e-9, "GB/s", tr("reading memory beyond the caches")};
    Kernels(*config, peak, figures).measureAll();
    if (auto added = addDecoding(path, at::get_num_threads(), peak, figures, stop); !added)
        return passError(added);
    return figures;
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, tr("measuring")));
}

namespace {

// Four texts of 512 random tokens, the second half of each trained.
model::LossBatch benchmarkBatch(std::int64_t vocabulary)
{
    RandomStream random(1);
    std::vector<std::vector<std::int32_t>> documents;
    std::vector<std::int64_t> rows, targets;
    for (std::int64_t begin = 0; begin < kTokens; begin += kDocument) {
        auto &document = documents.emplace_back();
        for (std::int64_t i = 0; i < kDocument; ++i) {
            document.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
            if (i > kDocument / 2) {
                rows.push_back(begin + i - 1);
                targets.push_back(document.back());
            }
        }
    }
    const std::vector<std::span<const std::int32_t>> views(documents.begin(), documents.end());
    return {model::packDocuments(views), at::tensor(rows, at::kLong), at::tensor(targets, at::kLong)};
}

using Made = Result<std::shared_ptr<tune::Adapter>>;

Made makeMethod(std::string_view method, const std::shared_ptr<const model::ModelWeights> &weights)
{
    const auto asAdapter = [](auto made) { return made ? Made(*made) : Made(passError(made)); };
    if (method == "full")
        return asAdapter(tune::FullTuning::create(std::const_pointer_cast<model::ModelWeights>(weights), {}, {}));
    if (method == "bottleneck")
        return asAdapter(tune::BottleneckAdapter::create(weights->config, {}, 1));
    if (method == "prefix")
        return asAdapter(tune::PrefixTuning::create(weights->config, {}, 1));
    if (method == "prompt")
        return asAdapter(tune::PromptTuning::create(*weights, {}, 1));
    if (method == "ia3")
        return asAdapter(tune::Ia3Adapter::create(weights->config, {}, {}));
    tune::LoraConfig config;
    config.isDora = method == "dora";
    return asAdapter(tune::LoraAdapter::create(*weights, config, 1));
}

} // namespace

Result<Figures> methodFigures(const std::filesystem::path &path, const ComputeOptions &compute, std::stop_token stop)
try {
    setThreads(compute);
    auto weights = model::loadWeights(path, {}, stop);
    if (!weights)
        return passError(weights);
    const model::LossBatch batch = benchmarkBatch((*weights)->config.vocabulary);
    Figures figures;
    for (const char *method : {"lora", "dora", "bottleneck", "prefix", "prompt", "ia3", "full"}) {
        auto adapter = makeMethod(method, *weights);
        if (!adapter && adapter.error().code == ErrorCode::Usage)
            continue; // not for this model
        if (!adapter)
            return passError(adapter);
        (*adapter)->setTraining(true);
        train::AdamW optimizer(train::parametersFor(**adapter, train::Recipe{}), {});
        model::LossEngine engine(*weights);
        std::vector<double> seconds;
        double operations = 0;
        for (int step = 0; step < 4; ++step) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("Measuring was cancelled."));
            (*adapter)->nextPass();
            const std::int64_t before = model::fast::gemmOperations();
            Result<model::LossOutcome> outcome = fail(ErrorCode::Internal, "");
            seconds.push_back(secondsOf([&] {
                optimizer.zeroGradients();
                outcome = engine.lossAndGradient(batch, **adapter, 1.0 / static_cast<double>(batch.rows.numel()));
                optimizer.step(0.0, optimizer.gradientNorm(), 1.0);
            }));
            if (!outcome)
                return passError(outcome);
            operations = static_cast<double>(model::fast::gemmOperations() - before);
        }
        const double best = *std::min_element(seconds.begin() + 1, seconds.end());
        figures[fmt::format("method.{}", method)] = {static_cast<double>(kTokens) / best, "tokens/s",
                                                     engine.plainPathReason().empty()
                                                         ? tr("a step of 2,048 tokens: {:.2f} GFLOP of products a token at {:.0f} GFLOP/s", operations / kTokens * 1e-9, operations / best * 1e-9)
                                                         : tr("a step of 2,048 tokens on the plain path: {}", engine.plainPathReason())};
        (*adapter)->setTraining(false);
    }
    return figures;
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, tr("measuring")));
}

} // namespace fettle::engine
