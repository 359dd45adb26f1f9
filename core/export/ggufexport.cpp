// The whole model as one GGUF file, the adapter folded in: tensor by tensor, so that beside the weights only one merged tensor is in memory.
#include "core/base/words.h"
#include "core/export/exporting.h"
#include "core/export/ggufmetadata.h"
#include "core/export/selftest.h"
#include "core/export/staging.h"
#include "core/io/atomicfile.h"
#include "core/model/ggufnames.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>

namespace fettle::exporting {

namespace {

namespace fs = std::filesystem;
using io::StorageType;

struct FormFacts {
    GgufForm form;
    std::string_view name;
    StorageType type;      // of the matrices
    std::uint32_t number;  // llama.cpp's general.file_type
};
constexpr std::array kForms = {
    FormFacts{GgufForm::F32, "F32", StorageType::F32, 0},      FormFacts{GgufForm::F16, "F16", StorageType::F16, 1},
    FormFacts{GgufForm::Bf16, "BF16", StorageType::BF16, 32},  FormFacts{GgufForm::Q8_0, "Q8_0", StorageType::Q8_0, 7},
    FormFacts{GgufForm::Q6_K, "Q6_K", StorageType::Q6_K, 18},  FormFacts{GgufForm::Q5_1, "Q5_1", StorageType::Q5_1, 9},
    FormFacts{GgufForm::Q5_0, "Q5_0", StorageType::Q5_0, 8},   FormFacts{GgufForm::Q4_K_M, "Q4_K_M", StorageType::Q4_K, 15},
    FormFacts{GgufForm::Q4_1, "Q4_1", StorageType::Q4_1, 3},   FormFacts{GgufForm::Q4_0, "Q4_0", StorageType::Q4_0, 2},
};

const FormFacts &factsOf(GgufForm form)
{
    return *std::find_if(kForms.begin(), kForms.end(), [&](const FormFacts &facts) { return facts.form == form; });
}

// Where a row is no whole number of the type's blocks: the nearest type whose blocks are shorter, as llama.cpp chooses it.
StorageType fitting(StorageType type, std::int64_t width)
{
    if (width % io::blockValues(type) == 0)
        return type;
    const StorageType shorter = type == StorageType::Q4_K ? StorageType::Q5_0 : type == StorageType::Q5_K ? StorageType::Q5_1 : StorageType::Q8_0;
    return io::isQuantised(type) && io::blockValues(type) > 32 && width % 32 == 0 ? shorter : StorageType::F16;
}

// Layers at both ends, and every third in between, get more bits in Q4_K_M.
bool getsMoreBits(std::int64_t layer, std::int64_t layers)
{
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

// The mixture that llama-quantize writes. name: GGUF's.
StorageType typeOf(GgufForm form, std::string_view name, const std::vector<std::int64_t> &shape, const model::ModelConfig &config)
{
    if (shape.size() < 2)
        return StorageType::F32;
    const StorageType type = factsOf(form).type;
    const std::int64_t width = shape.back();
    const bool isHead = name == (config.isTied ? "token_embd.weight" : "output.weight");
    if (!io::isQuantised(type) || type == StorageType::Q8_0)
        return fitting(type, width);
    if (isHead)
        return fitting(StorageType::Q6_K, width);
    if (form == GgufForm::Q4_K_M && name.starts_with("blk.")) {
        const std::int64_t layer = std::stoll(std::string(name.substr(4, name.find('.', 4) - 4)));
        if (name.ends_with("attn_qkv.weight"))
            return fitting(StorageType::Q5_K, width);
        if ((name.ends_with("attn_v.weight") || name.ends_with("ffn_down.weight")) && getsMoreBits(layer, config.layers))
            return fitting(StorageType::Q6_K, width);
    }
    return fitting(type, width);
}

// Gives the rows of one tensor as the file wants them; the merged tensor is kept while its rows are read.
class RowReader {
public:
    RowReader(const Source &source, model::ExpectedTensor tensor, model::GgufPlace place, std::function<void()> done)
        : m_source(source), m_tensor(std::move(tensor)), m_place(std::move(place)), m_done(std::move(done))
    {
    }

    Result<> operator()(std::int64_t first, std::int64_t count, std::span<float> target)
    {
        if (!m_merged.defined()) {
            const auto merged = exportedTensor(m_source, m_tensor.name);
            if (!merged)
                return passError(merged);
            m_merged = merged->to(at::kFloat).contiguous();
        }
        const auto width = m_tensor.shape.back();
        const float *values = m_merged.const_data_ptr<float>();
        if (m_tensor.shape.size() < 2) {
            copyVector(values, target);
        } else {
            for (std::int64_t i = 0; i < count; ++i)
                std::copy_n(values + m_place.referenceRow(first + i, m_tensor.shape[0]) * width, width, target.data() + i * width);
        }
        if (m_tensor.shape.size() < 2 || first + count == m_tensor.shape[0]) {
            m_merged = at::Tensor();
            m_done();
        }
        return {};
    }

private:
    void copyVector(const float *values, std::span<float> target) const
    {
        const auto size = static_cast<std::int64_t>(target.size());
        for (std::int64_t i = 0; i < size; ++i)
            target[static_cast<std::size_t>(i)] = values[m_place.referenceRow(i, size)] + m_place.offset;
    }

    const Source &m_source;
    model::ExpectedTensor m_tensor;
    model::GgufPlace m_place;
    std::function<void()> m_done;
    at::Tensor m_merged;
};

Result<> writeModel(const Source &source, GgufForm form, const fs::path &file, const std::string &name, const ProgressCallback &progress, std::stop_token stop)
{
    const model::ModelConfig &config = source.weights->config;
    auto description = describeForGguf(source.model, config, factsOf(form).number, name);
    if (!description)
        return passError(description);
    const auto expected = model::expectedTensors(config);
    std::int64_t written = 0;
    const auto countUp = [&, total = static_cast<std::int64_t>(expected.size())] {
        if (progress)
            progress({tr("Writing the GGUF file"), ++written, total, -1});
    };
    std::vector<io::GgufTensor> tensors;
    for (const auto &tensor : expected) {
        model::GgufPlace place = model::ggufPlaceOf(tensor.name, config);
        const StorageType type = typeOf(form, place.name, tensor.shape, config);
        io::GgufTensor entry{place.name, type, tensor.shape, {}, {}};
        entry.readRows = [reader = std::make_shared<RowReader>(source, tensor, std::move(place), countUp)](std::int64_t first, std::int64_t count, std::span<float> target) {
            return (*reader)(first, count, target);
        };
        tensors.push_back(std::move(entry));
    }
    for (const auto &extra : description->extras)
        tensors.push_back(extra);
    return io::writeGguf(file, description->metadata, tensors, stop);
}

} // namespace

std::optional<GgufForm> ggufForm(std::string_view name)
{
    std::string upper;
    for (const char c : name)
        upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const auto found = std::find_if(kForms.begin(), kForms.end(), [&](const FormFacts &facts) { return facts.name == upper; });
    return found == kForms.end() ? std::nullopt : std::optional(found->form);
}

std::string_view nameOf(GgufForm form)
{
    return factsOf(form).name;
}

Result<Outcome> exportGguf(Source source, GgufForm form, const fs::path &file, const std::string &name, const ProgressCallback &progress, std::stop_token stop)
{
    if (const std::string reason = source.adapter ? source.adapter->whyNotMerged() : std::string(); !reason.empty())
        return fail(ErrorCode::BadInput, reason, tr("Export it as an adapter instead."));
    std::error_code error;
    if (fs::exists(file, error))
        return fail(ErrorCode::BadInput, tr("{} exists already.", file.string()), tr("Choose a new name; nothing was overwritten."));
    const FullStrength full(source.adapter);

    auto staging = Staging::create(file.string() + ".d");
    if (!staging)
        return passError(staging);
    const fs::path staged = staging->folder() / file.filename();
    if (auto written = writeModel(source, form, staged, name, progress, stop); !written)
        return tl::unexpected(staging->inTarget(written.error()));
    const auto storedAs = [form, config = source.weights->config](const model::SourceTensor &tensor) { return typeOf(form, tensor.entry.name, tensor.entry.shape, config); };
    auto test = testModel(std::move(source), form, storedAs, staged, progress, stop);
    if (!test)
        return tl::unexpected(staging->inTarget(test.error()));
    fs::rename(staged, file, error);
    if (error)
        return tl::unexpected<Error>(io::fileError(error.value(), "create", file));
    if (auto synced = io::syncFolder(fs::absolute(file).parent_path()); !synced)
        return passError(synced);
    return Outcome{{file.filename().string()}, static_cast<std::int64_t>(fs::file_size(file, error)), *test};
}

} // namespace fettle::exporting
