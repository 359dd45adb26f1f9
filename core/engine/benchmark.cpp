#include "core/engine/benchmark.h"

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/process.h"
#include "core/base/words.h"
#include "core/engine/importbenchmark.h"
#include "core/engine/kernelbench.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/sample.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/generator.h"
#include "core/tune/lora.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sstream>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;

struct ScratchFolder {
    fs::path path = fs::temp_directory_path() / fmt::format("fettle-bench-{}", processId());
    ScratchFolder()
    {
        std::error_code ignored;
        fs::remove_all(path, ignored);
        fs::create_directories(path, ignored);
    }
    ~ScratchFolder()
    {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
};

struct Bench {
    const BenchmarkRequest &request;
    std::string model;
    const ProgressCallback &progress;
    std::stop_token stop;
    Figures figures;

    [[nodiscard]] fs::path rows() const { return request.data.empty() ? sampleDataFolder() / "hollybrook.jsonl" : request.data; }

    // Length 512, 8 records for each step, LoRA of rank 16 on all linear maps unless another method is wanted: what the rivals are measured with.
    Result<> train()
    {
        const ScratchFolder scratch;
        const Stopwatch start;
        auto project = Project::create(scratch.path / "bench.fettle");
        if (!project)
            return passError(project);
        if (auto imported = project->importFile(rows(), {}, progress, stop); !imported)
            return passError(imported);
        TrainRequest run;
        run.model = model;
        run.recipe = train::presetRecipe(train::Preset::Balanced, request.method, 512);
        std::vector<std::string> assignments = {"maxLength=512", "rowsPerStep=8", "evalFraction=0", "watchGeneral=false", "checkpointing=" + request.checkpointing,
                                                fmt::format("maxSteps={}", request.steps)};
        if (request.method == "lora")
            assignments.insert(assignments.end(), {"rank=16", "alpha=16", "dropout=0"});
        for (const std::string &assignment : assignments)
            if (auto applied = train::applySetting(run.recipe, assignment); !applied)
                return passError(applied);
        run.compute = request.compute;
        resetOwnPeak();
        std::vector<double> perToken; // seconds of each step, divided by its tokens
        double firstStep = 0, firstOwn = 0, before = 0;
        std::int64_t firstTokens = 0, tokensBefore = 0;
        RunEvents events;
        events.progressed = progress;
        events.stepFinished = [&](RunId, const MetricPoint &point, double) {
            if (firstStep == 0) {
                firstStep = start.seconds();
                firstOwn = point.seconds;
                firstTokens = point.tokens;
            }
            perToken.push_back((point.seconds - before) / static_cast<double>(std::max<std::int64_t>(1, point.tokens - tokensBefore)));
            before = point.seconds;
            tokensBefore = point.tokens;
        };
        auto summary = trainRun(*project, run, events, nullptr, stop);
        if (!summary)
            return passError(summary);
        const std::string name = (request.method == "lora" ? std::string("train") : "train." + request.method) + (request.checkpointing == "none" ? "" : ".checkpointed");
        if (perToken.size() > 1) {
            figures[name + ".tokensPerSecond"] = {static_cast<double>(summary->run.tokens - firstTokens) / (before - firstOwn), "tokens/s",
                                                  tr("{}, prompt and completion tokens, first step left out", request.method == "lora" ? "LoRA rank 16, all linear maps" : request.method)};
            std::vector<double> sorted = perToken;
            std::sort(sorted.begin(), sorted.end());
            figures[name + ".slowestStep"] = {sorted.back() / sorted[sorted.size() / 2], "", tr("slowest step against the median, for each token, the first step included")};
        }
        figures[name + ".firstStepSeconds"] = {firstStep, "s", tr("from the start to the end of the first step")};
        figures[name + ".secondsBeforeFirstStep"] = {firstStep - firstOwn, "s", tr("from the start to the beginning of the first step: import, tokens, weights")};
        figures[name + ".peakBytes"] = {static_cast<double>(memoryFigures().ownPeakBytes), "bytes", tr("peak memory of the process")};
        return {};
    }

    Result<std::unique_ptr<generate::Generator>> generator()
    {
        const Stopwatch watch;
        const auto path = resolveModel(model);
        if (!path)
            return passError(path);
        auto loaded = generate::Generator::load(*path, request.compute.threads, progress, stop);
        if (loaded)
            figures["load.seconds"] = {watch.seconds(), "s", tr("loading the model for answers, file in the cache")};
        return loaded;
    }

    static Result<double> tokensPerSecond(generate::Generator &generator, std::size_t sequences, int count, const std::shared_ptr<const generate::DecodeAdapter> &adapter,
                                          std::stop_token stop)
    {
        generator.setEndTokens({}); // decode to the full length
        std::vector<generate::SequenceRequest> requests(sequences);
        for (std::size_t i = 0; i < sequences; ++i) {
            for (int t = 0; t < 32; ++t)
                requests[i].prompt.push_back(static_cast<TokenId>(100 + (t * 37 + static_cast<int>(i) * 11) % 200));
            requests[i].sampling.isGreedy = true;
            requests[i].maxTokens = count;
            if (adapter && i % 2 == 1)
                requests[i].adapter = adapter;
        }
        double best = 0;
        for (int round = 0; round < 3; ++round) {
            const Stopwatch all;
            double prompt = 0;
            auto results = generator.generate(requests, {}, stop);
            if (!results)
                return passError(results);
            for (const auto &result : *results)
                prompt = std::max(prompt, result.promptSeconds);
            best = std::max(best, static_cast<double>(sequences) * (count - 1) / (all.seconds() - prompt));
        }
        return best;
    }

    Result<> decode()
    {
        auto loaded = generator();
        if (!loaded)
            return passError(loaded);
        tune::LoraConfig config;
        auto lora = tune::LoraAdapter::create((*loaded)->config(), config, 1);
        if (!lora)
            return passError(lora);
        auto adapter = (*loaded)->addAdapter(**lora);
        if (!adapter)
            return passError(adapter);
        for (const auto &[name, sequences, text] : {std::tuple("decode.one", std::size_t(1), "greedy, one column"), std::tuple("decode.two", std::size_t(2), "base and tuned together, sum of both"),
                                                    std::tuple("decode.sixteen", std::size_t(16), "16 prompts together, sum of all")}) {
            auto rate = tokensPerSecond(**loaded, sequences, 128, sequences == 2 ? *adapter : nullptr, stop);
            if (!rate)
                return passError(rate);
            figures[name] = {*rate, "tokens/s", tr(text)};
        }
        return {};
    }

    Result<> prefill()
    {
        auto loaded = generator();
        if (!loaded)
            return passError(loaded);
        generate::SequenceRequest one;
        for (int t = 0; t < 2048; ++t)
            one.prompt.push_back(static_cast<TokenId>(100 + t * 7919 % 20000));
        one.sampling.isGreedy = true;
        one.maxTokens = 1;
        (*loaded)->setEndTokens({});
        const std::vector<generate::SequenceRequest> requests = {one};
        double best = 0;
        for (int round = 0; round < 2; ++round) {
            auto results = (*loaded)->generate(requests, {}, stop);
            if (!results)
                return passError(results);
            best = std::max(best, 2048.0 / results->front().promptSeconds);
        }
        figures["prefill.tokensPerSecond"] = {best, "tokens/s", tr("reading a prompt of 2,048 tokens")};
        return {};
    }

    Result<> tokenize()
    {
        std::ifstream file(rows(), std::ios::binary);
        if (!file)
            return fail(ErrorCode::NotFound, tr("Cannot read {}.", rows().string()), tr("Check the path."));
        const std::string all(std::istreambuf_iterator<char>(file), {});
        std::vector<std::string> lines;
        std::istringstream stream(all);
        for (std::string line; std::getline(stream, line);)
            lines.push_back(line);
        auto lens = Lens::open(model);
        if (!lens)
            return passError(lens);
        double best = 0;
        for (int round = 0; round < 5; ++round) {
            const Stopwatch watch;
            for (const std::string &line : lines)
                if (auto tokens = (*lens)->tokenize(line, true); !tokens)
                    return passError(tokens);
            best = std::max(best, static_cast<double>(all.size()) / watch.seconds());
        }
        figures["tokenize.bytesPerSecond"] = {best, "bytes/s", tr("tokenising line by line on one thread")};
        return {};
    }

    Result<> kernels() { return take(kernelFigures); }
    Result<> methods() { return take(methodFigures); }

    template <class Measure>
    Result<> take(const Measure &measure)
    {
        const auto path = resolveModel(model);
        if (!path)
            return passError(path);
        auto measured = measure(*path, request.compute, stop);
        if (!measured)
            return passError(measured);
        figures.merge(*measured);
        return {};
    }

    Result<> import()
    {
        const ScratchFolder scratch;
        const bool isAlone = request.what == "import";
        return benchmarkImport(scratch.path, request.rows > 0 ? request.rows : isAlone ? 1'000'000 : 100'000, figures, progress, stop);
    }
};

} // namespace

Result<Figures> runBenchmark(const BenchmarkRequest &request, const ProgressCallback &progress, std::stop_token stop)
{
    Bench bench{request, request.model.empty() ? kDefaultModelName : request.model, progress, stop, {}};
    struct Kind { const char *name; Result<> (Bench::*run)(); };
    constexpr Kind kKinds[] = {{"train", &Bench::train}, {"decode", &Bench::decode}, {"prefill", &Bench::prefill}, {"tokenize", &Bench::tokenize}, {"import", &Bench::import},
                               {"kernels", &Bench::kernels}, {"methods", &Bench::methods}};
    bool isKnown = request.what == "all";
    for (const Kind &kind : kKinds) {
        if (request.what != "all" && request.what != kind.name)
            continue;
        isKnown = true;
        if (auto done = (bench.*kind.run)(); !done)
            return passError(done);
    }
    if (!isKnown)
        return fail(ErrorCode::Usage, tr("\"{}\" is no benchmark.", request.what), tr("Choose train, decode, prefill, tokenize, import, kernels, methods or all."));
    return bench.figures;
}

} // namespace fettle::engine
