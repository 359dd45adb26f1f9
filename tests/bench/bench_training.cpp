// Speed and memory of a training step of one micro-batch with any method at its usual size, documents of one length, the second half of each trained.
// usage: bench_training MODEL [--method lora|dora|pissa|full|sequential|double|parallel|prefix|prompt|ia3] [--path auto|fast|plain] [--checkpointing none|selective|full] [--length 512] [--tokens 2048] [--batches 4] [--rank 16]
//                       [--dropout 0] [--threads 0] [--storage fp32|bf16|q8|nf4|nf4x2|file] [--moments fp32|8bit]
#include "core/torch.h"

#include "core/base/memory.h"
#include "core/model/loss.h"
#include "core/train/optimizer.h"
#include "core/tune/bottleneck.h"
#include "core/tune/full.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/softprompt.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>

using namespace fettle;
using namespace fettle::model;

namespace {

double secondsNow() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

LossBatch makeBatch(std::int64_t vocabulary, std::int64_t tokens, std::int64_t length, std::uint64_t seed)
{
    RandomStream random(seed);
    std::vector<std::vector<std::int32_t>> documents;
    std::vector<std::int64_t> rows, targets;
    for (std::int64_t begin = 0; begin < tokens; begin += length) {
        auto &document = documents.emplace_back();
        for (std::int64_t i = 0; i < std::min(length, tokens - begin); ++i)
            document.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
        for (std::size_t i = document.size() / 2; i + 1 < document.size(); ++i) {
            rows.push_back(begin + static_cast<std::int64_t>(i));
            targets.push_back(document[i + 1]);
        }
    }
    std::vector<std::span<const std::int32_t>> views(documents.begin(), documents.end());
    return {packDocuments(views), at::tensor(rows, at::kLong), at::tensor(targets, at::kLong)};
}

} // namespace

int main(int argc, char **argv)
{
    tuneAllocator();
    std::map<std::string, std::string> options = {{"--method", "lora"}, {"--path", "auto"}, {"--checkpointing", "none"}, {"--length", "512"}, {"--tokens", "2048"},
                                                  {"--batches", "4"}, {"--rank", "16"}, {"--dropout", "0"}, {"--threads", "0"}, {"--storage", "fp32"}, {"--moments", "fp32"}};
    for (int i = 2; i + 1 < argc; i += 2)
        options[argv[i]] = argv[i + 1];
    const auto number = [&](const char *name) { return std::stoll(options[name]); };
    if (argc < 2)
        return 2;
    if (number("--threads") > 0)
        at::set_num_threads(static_cast<int>(number("--threads")));

    const double start = secondsNow();
    const std::map<std::string, StorageChoice> storages = {{"fp32", {}}, {"bf16", {WeightStorage::Half}}, {"q8", {WeightStorage::Q8}}, {"nf4", {WeightStorage::Nf4}},
                                                           {"nf4x2", {WeightStorage::Nf4, ScaleRounding::EightBits}}, {"file", {WeightStorage::File}}};
    auto weights = loadWeights(argv[1], {}, {}, storages.at(options["--storage"]));
    if (!weights) {
        std::fprintf(stderr, "%s\n", weights.error().message.c_str());
        return 3;
    }
    const double loaded = secondsNow();
    std::shared_ptr<tune::Adapter> adapter;
    train::Recipe recipe;
    recipe.method = options["--method"];
    const std::string &method = recipe.method;
    if (method == "full") {
        adapter = *tune::FullTuning::create(std::const_pointer_cast<ModelWeights>(*weights), {}, {});
    } else if (method == "sequential" || method == "double" || method == "parallel") {
        tune::BottleneckConfig config;
        config.kind = method == "double" ? tune::BottleneckKind::Double : method == "parallel" ? tune::BottleneckKind::Parallel : tune::BottleneckKind::Sequential;
        adapter = *tune::BottleneckAdapter::create((*weights)->config, config, 1);
    } else if (method == "prefix") {
        adapter = *tune::PrefixTuning::create((*weights)->config, {}, 1);
    } else if (method == "prompt") {
        adapter = *tune::PromptTuning::create(**weights, {}, 1);
    } else if (method == "ia3") {
        adapter = *tune::Ia3Adapter::create((*weights)->config, {}, {});
    } else {
        tune::LoraConfig config;
        config.rank = number("--rank");
        config.dropout = std::stod(options["--dropout"]);
        config.isDora = method == "dora";
        config.init = method == "pissa" ? tune::LoraInit::Pissa : tune::LoraInit::Uniform;
        adapter = *tune::LoraAdapter::create(**weights, config, 1);
    }
    adapter->setTraining(true);
    train::AdamW optimizer(train::parametersFor(*adapter, recipe), {.moments = options["--moments"] == "8bit" ? train::MomentStorage::EightBits : train::MomentStorage::Fp32});
    const std::string &mode = options["--checkpointing"];
    const Checkpointing checkpointing = mode == "full" ? Checkpointing::Full : mode == "selective" ? Checkpointing::Selective : Checkpointing::None;
    LossEngine engine(*weights, {options["--path"] == "plain" ? LossPath::Plain : options["--path"] == "fast" ? LossPath::Fast : LossPath::Auto, checkpointing});
    std::vector<double> rates;
    std::clock_t processorTime = 0;
    double first = 0;
    for (std::int64_t i = 0; i <= number("--batches"); ++i) {
        const LossBatch batch = makeBatch((*weights)->config.vocabulary, number("--tokens"), number("--length"), static_cast<std::uint64_t>(i));
        adapter->nextPass();
        const double begin = secondsNow();
        if (i == 1)
            processorTime = std::clock();
        optimizer.zeroGradients();
        auto outcome = engine.lossAndGradient(batch, *adapter, 1.0 / static_cast<double>(batch.rows.numel()));
        optimizer.step(1e-5, optimizer.gradientNorm(), 1.0);
        const double seconds = secondsNow() - begin;
        if (!outcome) {
            std::fprintf(stderr, "%s %s\n", outcome.error().message.c_str(), outcome.error().detail.c_str());
            return 5;
        }
        if (i == 0)
            first = seconds;
        else
            rates.push_back(static_cast<double>(batch.packed.tokens()) / seconds);
    }
    // On a busy machine the processor time says more than the clock.
    const double coreSeconds = static_cast<double>(std::clock() - processorTime) / CLOCKS_PER_SEC;
    const double perCore = static_cast<double>(number("--tokens") * number("--batches")) / coreSeconds;
    std::sort(rates.begin(), rates.end());
    std::printf("%s over %s (%.0f MB), path %s, checkpointing %s, threads %d: %.0f tokens/s (median; %.0f to %.0f), %.0f tokens per core second, load %.2f s, first batch %.2f s, peak %.2f GB\n",
                recipe.method.c_str(), options["--storage"].c_str(), static_cast<double>((*weights)->bytes()) * 1e-6, options["--path"].c_str(), mode.c_str(), at::get_num_threads(), rates[rates.size() / 2], rates.front(), rates.back(), perCore, loaded - start, first,
                static_cast<double>(memoryFigures().ownPeakBytes) * 1e-9);
    return 0;
}
