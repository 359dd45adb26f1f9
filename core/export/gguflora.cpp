// A LoRA adapter as one small GGUF file, which llama.cpp puts over a GGUF of the base (--lora). The format knows one alpha for the whole adapter and
// scales each map by alpha / rank: whatever else scales a map (rsLoRA, other alphas) is folded into its B. Format: llama.cpp, llama-adapter.cpp.
#include "core/base/words.h"
#include "core/export/exporting.h"
#include "core/export/ggufmetadata.h"
#include "core/export/selftest.h"
#include "core/export/staging.h"
#include "core/export/tokenizerfiles.h"
#include "core/io/atomicfile.h"
#include "core/io/gguf.h"
#include "core/io/ggufwriter.h"
#include "core/model/ggufnames.h"
#include "core/tune/lora.h"

#include <fmt/format.h>

namespace fettle::exporting {

namespace {

namespace fs = std::filesystem;
using Module = tune::LoraAdapter::Module;

// Rows in the order of the file (toFile), or back.
at::Tensor reordered(const at::Tensor &rows, const model::GgufPlace &place, bool toFile)
{
    const at::Tensor order = at::empty({rows.size(0)}, at::kLong); // row of the reference for each row of the file
    for (std::int64_t row = 0; row < rows.size(0); ++row)
        order.data_ptr<std::int64_t>()[row] = place.referenceRow(row, rows.size(0));
    return rows.index_select(0, toFile ? order : order.argsort()).contiguous();
}

model::GgufPlace placeOf(const Module &module, const model::ModelConfig &config)
{
    return model::ggufPlaceOf(model::linearName(module.layer, module.map) + ".weight", config);
}

io::GgufTensor tensorOf(std::string name, const at::Tensor &values)
{
    return {std::move(name), io::StorageType::F32, values.sizes().vec(), {}, {static_cast<const std::byte *>(values.const_data_ptr()), static_cast<std::size_t>(values.nbytes())}};
}

std::string whyNotLora(const tune::LoraAdapter *adapter)
{
    if (adapter == nullptr)
        return tr("Only LoRA adapters have a form for llama.cpp.");
    if (adapter->hasOuter())
        return tr("The adapter changes the embeddings or the head, which llama.cpp's adapters do not.");
    if (adapter->config().isDora)
        return tr("llama.cpp does not know DoRA: it would leave out the trained lengths.");
    if (!adapter->modules().empty() && adapter->modules().front().fixedA.defined())
        return tr("PiSSA changes the base model, which an adapter file cannot say.");
    return {};
}

Result<> writeLora(const tune::LoraAdapter &adapter, const model::ModelConfig &config, const std::string &architecture, const fs::path &file, std::stop_token stop)
{
    const double alpha = adapter.config().alpha > 0 ? adapter.config().alpha : 1.0;
    std::vector<at::Tensor> kept;
    std::vector<io::GgufTensor> tensors;
    for (const Module &module : adapter.modules()) {
        const model::GgufPlace place = placeOf(module, config);
        const double folded = module.scaling / (alpha / static_cast<double>(module.rank()));
        kept.push_back(module.a.detach().to(at::kFloat).contiguous());
        tensors.push_back(tensorOf(place.name + ".lora_a", kept.back()));
        kept.push_back(reordered((module.b.detach().to(at::kFloat) * folded).contiguous(), place, true));
        tensors.push_back(tensorOf(place.name + ".lora_b", kept.back()));
    }
    return io::writeGguf(file,
                         {{"general.architecture", architecture}, {"general.type", std::string("adapter")}, {"adapter.type", std::string("lora")},
                          {"adapter.lora.alpha", static_cast<float>(alpha)}, {"general.file_type", std::uint32_t{0}}},
                         tensors, stop);
}

// The adapter that the file holds, read as llama.cpp does.
Result<std::shared_ptr<tune::LoraAdapter>> readLora(const tune::LoraAdapter &like, const model::ModelConfig &config, const fs::path &path)
{
    const auto file = io::Gguf::open(path);
    if (!file)
        return passError(file);
    const double alpha = file->number("adapter.lora.alpha").value_or(0);
    const auto read = [&](const std::string &name) -> Result<at::Tensor> {
        auto entry = file->require(name);
        if (!entry)
            return passError(entry);
        at::Tensor values = at::empty((*entry)->shape, at::kFloat);
        if (auto decoded = io::decodeToFloat(**entry, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}); !decoded)
            return passError(decoded);
        return values;
    };
    std::vector<Module> modules = like.modules();
    for (Module &module : modules) {
        const model::GgufPlace place = placeOf(module, config);
        auto a = read(place.name + ".lora_a"), b = read(place.name + ".lora_b");
        if (!a || !b)
            return passError(a ? b : a);
        module.a = *a;
        module.b = reordered(*b, place, false);
        module.scaling = alpha / static_cast<double>(module.b.size(1));
    }
    return std::make_shared<tune::LoraAdapter>(like.config(), std::move(modules), config.layers);
}

} // namespace

Result<Outcome> exportGgufLora(Source source, const fs::path &file, const ProgressCallback &progress, std::stop_token stop)
{
    const auto lora = std::dynamic_pointer_cast<tune::LoraAdapter>(source.adapter);
    if (const std::string reason = whyNotLora(lora.get()); !reason.empty())
        return fail(ErrorCode::BadInput, reason, tr("Export the whole model as GGUF instead."));
    std::error_code error;
    if (fs::exists(file, error))
        return fail(ErrorCode::BadInput, tr("{} exists already.", file.string()), tr("Choose a new name; nothing was overwritten."));
    if (progress)
        progress({tr("Writing the adapter"), 0, 2, -1});
    auto staging = Staging::create(file.string() + ".d");
    if (!staging)
        return passError(staging);
    const model::ModelConfig config = source.weights->config;
    const fs::path staged = staging->folder() / file.filename();
    if (auto written = writeLora(*lora, config, ggufArchitecture(config), staged, stop); !written)
        return tl::unexpected(staging->inTarget(written.error()));
    if (progress)
        progress({tr("Checking the adapter"), 1, 2, -1});
    const auto reloaded = readLora(*lora, config, staged);
    if (!reloaded)
        return tl::unexpected(staging->inTarget(reloaded.error()));
    auto test = testAdapter(std::move(source), *reloaded, KeptValues::Multiples, progress, stop);
    if (!test)
        return passError(test);
    fs::rename(staged, file, error);
    if (error)
        return tl::unexpected<Error>(io::fileError(error.value(), "create", file));
    return Outcome{{file.filename().string()}, static_cast<std::int64_t>(fs::file_size(file, error)), *test};
}

} // namespace fettle::exporting
