// The weights in memory, as the decoder uses them. Maps that read the same input are stored as one matrix (q over k over v, gate over up)
// so that one product serves them all; tensor() gives each under its own name as a view.
#pragma once

#include "core/base/progress.h"
#include "core/model/weightsource.h"
#include "core/torch.h"

#include <array>
#include <memory>
#include <mutex>
#include <stop_token>

namespace fettle::model {

// Weights [out, in] and an optional bias [out] (undefined when the family has none).
struct LinearWeight {
    at::Tensor weight;
    at::Tensor bias;
};

struct LayerWeights {
    std::array<at::Tensor, kNorms> norms; // [C]; of q and k: [D] or the width of the map; undefined where the model has none
    std::array<at::Tensor, kNorms> normBiases; // of layer norms
    LinearWeight qkv;                     // [(H + 2K) D, C]
    LinearWeight output;                  // [C, H D]
    LinearWeight gateUp;                  // [2 I, C]; [I, C] without a gate
    LinearWeight down;                    // [C, I]

    [[nodiscard]] const at::Tensor &norm(Norm which) const { return norms[static_cast<std::size_t>(which)]; }
    [[nodiscard]] const at::Tensor &normBias(Norm which) const { return normBiases[static_cast<std::size_t>(which)]; }
};

// Shared by training, evaluation and every playground column; nobody changes it after loading. fp32 on the CPU.
class ModelWeights {
public:
    ModelConfig config;
    at::Tensor embedding; // [V, C]
    at::Tensor positions; // [context, C]; undefined without a table of positions
    std::vector<LayerWeights> layers;
    at::Tensor finalNorm; // [C]
    at::Tensor finalNormBias; // [C], of a layer norm
    at::Tensor head;      // [V, C]; the embedding itself when tied

    // A map of one layer: views into the stacked matrix. weight [out, in], bias [out] or undefined.
    [[nodiscard]] LinearWeight linear(std::int64_t layer, LinearMap map) const;
    // By the reference's name; undefined when the model has no such tensor. The head's name gives the embedding when tied. Matrices are
    // [out, in], also those that the reference's files hold the other way (isTransposedInFolders).
    [[nodiscard]] at::Tensor tensor(std::string_view name) const;
    // SHA-256 over names, shapes and values in memory, lower-case hex. Computed at the first call (thread-safe), then remembered.
    [[nodiscard]] const std::string &hash() const;
    [[nodiscard]] std::int64_t bytes() const;

private:
    mutable std::once_flag m_hashOnce;
    mutable std::string m_hash;
};

// Empty weights (allocated, not filled) of this config.
[[nodiscard]] std::shared_ptr<ModelWeights> allocateWeights(const ModelConfig &config);

// Decodes every tensor to fp32 on all threads of at::parallel_for. Errors: those of WeightSource::open, OutOfMemory, Cancelled.
[[nodiscard]] Result<std::shared_ptr<const ModelWeights>> loadWeights(const std::filesystem::path &path,
                                                                      const ProgressCallback &progress = {}, std::stop_token stop = {});
[[nodiscard]] Result<std::shared_ptr<const ModelWeights>> loadWeights(const WeightSource &source,
                                                                      const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::model
