// Tensors of the committed fixtures, for tests that compare with transformers and PEFT. Includes LibTorch: come before Qt's headers.
#pragma once

#include "core/torch.h"

#include "core/io/safetensors.h"
#include "core/model/decoder.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fixture {

inline std::filesystem::path folder() { return FETTLE_FIXTURES; }

// Integers become int64, everything else fp32. Empty when the file cannot be read.
inline std::map<std::string, at::Tensor> tensors(const std::filesystem::path &file)
{
    std::map<std::string, at::Tensor> all;
    auto opened = fettle::io::Safetensors::open(file);
    if (!opened)
        return all;
    for (const auto &entry : opened->tensors()) {
        at::Tensor values = at::empty(entry.shape, at::kFloat);
        if (!fettle::io::decodeToFloat(entry, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}))
            return {};
        all[entry.name] = entry.type == fettle::io::StorageType::I32 ? values.to(at::kLong) : values;
    }
    return all;
}

// The documents that make_model_fixtures.py packs.
inline fettle::model::PackedBatch batch(const at::Tensor &ids, const std::vector<std::int64_t> &lengths = {13, 1, 19})
{
    std::vector<std::vector<std::int32_t>> documents;
    std::int64_t begin = 0;
    for (const std::int64_t length : lengths) {
        auto &document = documents.emplace_back();
        for (std::int64_t i = 0; i < length; ++i)
            document.push_back(static_cast<std::int32_t>(ids[begin + i].item<std::int64_t>()));
        begin += length;
    }
    std::vector<std::span<const std::int32_t>> views(documents.begin(), documents.end());
    return fettle::model::packDocuments(views);
}

inline double largestDifference(const at::Tensor &a, const at::Tensor &b) { return (a - b).abs().max().item<double>(); }
// |a - b| / |b| over the whole tensor.
inline double relativeDifference(const at::Tensor &a, const at::Tensor &b)
{
    return ((a - b).norm() / b.norm().clamp_min(1e-12)).item<double>();
}

} // namespace fixture
