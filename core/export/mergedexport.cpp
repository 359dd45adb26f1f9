// A merged Hugging Face folder: the adapter folded into the weights, config, tokenizer files. Tensor by tensor, so that beside the weights only one
// merged tensor is in memory.
#include "core/base/words.h"
#include "core/export/exporting.h"
#include "core/export/selftest.h"
#include "core/export/staging.h"
#include "core/export/tokenizerfiles.h"
#include "core/io/atomicfile.h"
#include "core/io/safetensorswriter.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <nlohmann/json.hpp>

namespace fettle::exporting {

namespace {

struct TypeFacts {
    at::ScalarType tensor;
    io::StorageType storage;
    const char *name;      // in config.json
    GgufForm form;         // that keeps as much of a value
};

TypeFacts factsOf(MergedType type)
{
    switch (type) {
    case MergedType::F16: return {at::kHalf, io::StorageType::F16, "float16", GgufForm::F16};
    case MergedType::Bf16: return {at::kBFloat16, io::StorageType::BF16, "bfloat16", GgufForm::Bf16};
    case MergedType::F32: break;
    }
    return {at::kFloat, io::StorageType::F32, "float32", GgufForm::F32};
}

struct Shard {
    std::vector<model::ExpectedTensor> tensors;
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
        shards.back().tensors.push_back(tensor);
        shards.back().bytes += bytes;
    }
    return shards;
}

// countUp: called with each tensor that is written.
Result<> writeShard(const Source &source, const Shard &shard, const TypeFacts &facts, const std::filesystem::path &file, const std::function<void()> &countUp, std::stop_token stop)
{
    at::Tensor merged; // of the tensor whose turn it is
    std::vector<io::TensorToWrite> tensors;
    for (const auto &tensor : shard.tensors) {
        const bool isTransposed = model::isTransposedInFolders(source.weights->config, tensor.name);
        io::TensorToWrite entry{tensor.name, facts.storage, tensor.shape, {}, {}};
        if (isTransposed)
            std::reverse(entry.shape.begin(), entry.shape.end());
        entry.read = [&, name = tensor.name, isTransposed]() -> Result<std::span<const std::byte>> {
            if (stop.stop_requested())
                return cancelledExport();
            merged = at::Tensor(); // before the next is made
            const auto values = exportedTensor(source, name);
            if (!values)
                return passError(values);
            merged = (isTransposed ? values->t() : *values).to(facts.tensor).contiguous();
            countUp();
            return std::span(static_cast<const std::byte *>(merged.const_data_ptr()), static_cast<std::size_t>(merged.nbytes()));
        };
        tensors.push_back(std::move(entry));
    }
    return io::writeSafetensors(file, tensors, {{"format", "pt"}}, stop);
}

Result<SelfTest> writeMerged(Source source, MergedType type, std::int64_t shardBytes, Staging &staging, const ProgressCallback &progress,
                             std::stop_token stop)
{
    const TypeFacts facts = factsOf(type);
    const FullStrength full(source.adapter);
    const auto shards = planShards(source.weights->config, static_cast<std::int64_t>(c10::elementSize(facts.tensor)), shardBytes);
    nlohmann::json index = {{"metadata", {{"total_size", 0}}}, {"weight_map", nlohmann::json::object()}};
    std::int64_t total = 0, done = 0, all = 0;
    for (const Shard &shard : shards)
        all += static_cast<std::int64_t>(shard.tensors.size());
    const auto countUp = [&] {
        if (progress)
            progress({tr("Writing the merged model"), done++, all, -1});
    };
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const std::string name = shards.size() == 1 ? "model.safetensors" : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
        if (auto written = writeShard(source, shards[i], facts, staging.folder() / name, countUp, stop); !written)
            return passError(written);
        for (const auto &tensor : shards[i].tensors)
            index["weight_map"][tensor.name] = name;
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

    auto test = testModel(std::move(source), facts.form, [&facts](const model::SourceTensor &) { return facts.storage; }, staging.folder(), progress, stop);
    if (!test)
        return passError(test);
    if (auto published = staging.publish(); !published)
        return passError(published);
    return test;
}

} // namespace

Result<Outcome> exportMerged(Source source, MergedType type, const std::filesystem::path &folder, const ProgressCallback &progress,
                             std::stop_token stop, std::int64_t shardBytes)
{
    if (const std::string reason = source.adapter ? source.adapter->whyNotMerged() : std::string(); !reason.empty())
        return fail(ErrorCode::BadInput, reason, tr("Export it as an adapter instead."));
    auto staging = Staging::create(folder);
    if (!staging)
        return passError(staging);
    const auto test = writeMerged(std::move(source), type, shardBytes, *staging, progress, stop);
    if (!test)
        return tl::unexpected(staging->inTarget(test.error()));
    const auto content = contentOf(folder);
    return Outcome{content.files, content.bytes, *test};
}

} // namespace fettle::exporting
