// A merged Hugging Face folder: the adapter folded into the weights, config, tokenizer files. Written shard by shard, so that the memory
// needed is that of one shard.
#include "core/base/words.h"
#include "core/export/exporting.h"
#include "core/export/selftest.h"
#include "core/export/staging.h"
#include "core/export/tokenizerfiles.h"
#include "core/io/atomicfile.h"
#include "core/io/safetensors.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::exporting {

namespace {

struct TypeFacts {
    at::ScalarType tensor;
    io::StorageType storage;
    const char *name;      // in config.json
    double tolerance;      // of logits, relative to the largest: rounding of the weights through all layers
};

TypeFacts factsOf(MergedType type)
{
    switch (type) {
    case MergedType::F16: return {at::kHalf, io::StorageType::F16, "float16", 1e-2};
    case MergedType::Bf16: return {at::kBFloat16, io::StorageType::BF16, "bfloat16", 6e-2};
    case MergedType::F32: break;
    }
    // Sums in another order: 1.5e-5 was seen of a Gemma 3, whose stream grows large, with an adapter of a high learning rate.
    return {at::kFloat, io::StorageType::F32, "float32", 1e-4};
}

struct Shard {
    std::vector<std::string> names;
    std::int64_t bytes = 0;
};

std::vector<Shard> planShards(const model::ModelConfig &config, std::int64_t valueBytes, std::int64_t shardBytes)
{
    std::vector<Shard> shards(1);
    for (const auto &tensor : model::expectedTensors(config)) {
        std::int64_t bytes = valueBytes;
        for (const std::int64_t size : tensor.shape)
            bytes *= size;
        if (shards.back().bytes > 0 && shards.back().bytes + bytes > shardBytes)
            shards.emplace_back();
        shards.back().names.push_back(tensor.name);
        shards.back().bytes += bytes;
    }
    return shards;
}

Result<> writeShard(const Source &source, const Shard &shard, const TypeFacts &facts, const std::filesystem::path &file)
{
    std::vector<at::Tensor> kept;
    std::vector<io::TensorToWrite> tensors;
    for (const auto &name : shard.names) {
        at::Tensor merged = source.adapter ? source.adapter->mergedTensor(*source.weights, name) : source.weights->tensor(name);
        if (!at::isfinite(merged).all().item<bool>())
            return fail(ErrorCode::BadInput, tr("Merging the adapter makes {} not finite.", name), tr("Use an earlier checkpoint of the run."));
        merged = (model::isTransposedInFolders(source.weights->config, name) ? merged.t() : merged).to(facts.tensor).contiguous();
        kept.push_back(merged);
        tensors.push_back({name, facts.storage, merged.sizes().vec(),
                           {static_cast<const std::byte *>(merged.const_data_ptr()), static_cast<std::size_t>(merged.nbytes())}});
    }
    return io::writeSafetensors(file, tensors);
}

Result<SelfTest> writeMerged(const Source &source, MergedType type, std::int64_t shardBytes, Staging &staging, const ProgressCallback &progress,
                             std::stop_token stop)
{
    const TypeFacts facts = factsOf(type);
    const double strength = source.adapter ? source.adapter->strength() : 1.0;
    const auto setStrength = [&source](double value) {
        if (source.adapter)
            source.adapter->setStrength(value);
    };
    setStrength(1.0);
    const auto restore = std::shared_ptr<void>(nullptr, [&](void *) { setStrength(strength); });

    const auto shards = planShards(source.weights->config, static_cast<std::int64_t>(c10::elementSize(facts.tensor)), shardBytes);
    nlohmann::json index = {{"metadata", {{"total_size", 0}}}, {"weight_map", nlohmann::json::object()}};
    std::int64_t total = 0;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The export was cancelled."), tr("Nothing was written."));
        if (progress)
            progress({tr("Writing the merged model"), static_cast<std::int64_t>(i), static_cast<std::int64_t>(shards.size()) + 1, -1});
        const std::string name = shards.size() == 1 ? "model.safetensors" : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
        if (auto written = writeShard(source, shards[i], facts, staging.folder() / name); !written)
            return passError(written);
        for (const auto &tensor : shards[i].names)
            index["weight_map"][tensor] = name;
        total += shards[i].bytes;
    }
    if (shards.size() > 1) {
        index["metadata"]["total_size"] = total;
        if (auto written = io::writeFileAtomically(staging.folder() / "model.safetensors.index.json", index.dump(2) + "\n"); !written)
            return passError(written);
    }
    if (auto written = writeModelConfig(source.model, source.weights->config, facts.name, staging.folder()); !written)
        return passError(written);
    if (auto written = writeTokenizerFiles(source.model, staging.folder()); !written)
        return passError(written);

    if (auto written = writeBeside(source, staging); !written)
        return passError(written);

    if (progress)
        progress({tr("Checking the merged model"), static_cast<std::int64_t>(shards.size()), static_cast<std::int64_t>(shards.size()) + 1, -1});
    auto tokenizer = loadTokenizer(staging.folder());
    if (!tokenizer)
        return passError(tokenizer);
    auto reloaded = model::loadWeights(staging.folder(), {}, stop);
    if (!reloaded)
        return passError(reloaded);
    const model::NoSites nothing;
    const model::Sites &sites = source.adapter ? static_cast<const model::Sites &>(*source.adapter) : nothing;
    auto test = compareLogits(*source.weights, sites, **reloaded, model::NoSites{}, probePrompts(*tokenizer, source.weights->config), facts.tolerance);
    if (!test)
        return passError(test);
    if (auto published = staging.publish(); !published)
        return passError(published);
    return test;
}

} // namespace

Result<Outcome> exportMerged(const Source &source, MergedType type, const std::filesystem::path &folder, const ProgressCallback &progress,
                             std::stop_token stop, std::int64_t shardBytes)
{
    if (const std::string reason = source.adapter ? source.adapter->whyNotMerged() : std::string(); !reason.empty())
        return fail(ErrorCode::BadInput, reason, tr("Export it as an adapter instead."));
    auto staging = Staging::create(folder);
    if (!staging)
        return passError(staging);
    const auto test = writeMerged(source, type, shardBytes, *staging, progress, stop);
    if (!test)
        return tl::unexpected(staging->inTarget(test.error()));
    const auto content = contentOf(folder);
    return Outcome{content.files, content.bytes, *test};
}

} // namespace fettle::exporting
