// The weights in memory, as the decoder uses them. Maps that read the same input are stored as one matrix (q over k over v, gate over up)
// so that one product serves them all; tensor() gives each under its own name as a view. Matrices may stay rounded in memory (storage).
#pragma once

#include "core/base/progress.h"
#include "core/model/storedmatrix.h"
#include "core/model/weightsource.h"
#include "core/torch.h"

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

namespace fettle::model {

// How the matrices lie in memory. Norms and biases are fp32 in every case.
enum class WeightStorage : std::uint8_t {
    Fp32,
    Half, // 16 bits: fp16 where the file holds fp16, else bf16
    Q8,   // linear maps in blocks of 8 bits (ggml's Q8_0), embeddings and head as in the file
    Nf4,  // linear maps in 4 bits, embeddings and head as in the file
    File, // everything as the file holds it
};

struct StorageChoice {
    WeightStorage storage = WeightStorage::Fp32;
    ScaleRounding scales = ScaleRounding::None; // of NF4
    std::function<bool(std::string_view name)> isTrained = {}; // tensors that are fp32 because they are trained themselves; empty: none
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

// Shared by training, evaluation and every playground column; nobody changes it after loading. In the memory of the computer; what a pass on
// another device reads is made by DeviceWeights.
class ModelWeights {
public:
    ModelConfig config;
    at::Tensor embedding; // [V, C] fp32; undefined where it is stored
    at::Tensor positions; // [context, C]; undefined without a table of positions
    std::vector<LayerWeights> layers;
    at::Tensor finalNorm; // [C]
    at::Tensor finalNormBias; // [C], of a layer norm
    at::Tensor head;      // [V, C] fp32; the embedding itself when tied; undefined where it is stored
    StoredRows storedEmbedding, storedHead; // in their place

    // A map of one layer: views into the stacked matrix. weight [out, in], bias [out] or undefined.
    [[nodiscard]] LinearWeight linear(std::int64_t layer, LinearMap map) const;
    [[nodiscard]] LinearWeight headWeight() const { return {head, {}, storedHead}; }
    // ids [N] int64 -> [N, C], without the factor of the family. Autograd follows to an embedding that is trained.
    [[nodiscard]] at::Tensor embeddingRows(const at::Tensor &ids) const;
    // fp32 by the reference's name, a view where it lies so in memory; undefined when the model has no such tensor. The head's name gives
    // the embedding when tied. Matrices are [out, in], also those that the reference's files hold the other way (isTransposedInFolders).
    [[nodiscard]] at::Tensor tensor(std::string_view name) const;
    // SHA-256 over names, shapes and values in memory, lower-case hex. Computed at the first call (thread-safe), then remembered.
    [[nodiscard]] const std::string &hash() const;
    [[nodiscard]] std::int64_t bytes() const; // in memory

private:
    mutable std::once_flag m_hashOnce;
    mutable std::string m_hash;
};

// Weights of this config, allocated but not filled. isPlain: which tensors are fp32; the matrices of the others are left undefined. Maps of one
// stack are all plain or none of them.
[[nodiscard]] std::shared_ptr<ModelWeights> allocateWeights(const ModelConfig &config, const std::function<bool(std::string_view name)> &isPlain = {});

// Reads every tensor on all threads of at::parallel_for, to fp32 unless the choice says otherwise. Errors: those of WeightSource::open,
// OutOfMemory, Cancelled.
[[nodiscard]] Result<std::shared_ptr<const ModelWeights>> loadWeights(const std::filesystem::path &path, const ProgressCallback &progress = {},
                                                                      std::stop_token stop = {}, const StorageChoice &choice = {});
[[nodiscard]] Result<std::shared_ptr<const ModelWeights>> loadWeights(const WeightSource &source, const ProgressCallback &progress = {},
                                                                      std::stop_token stop = {}, const StorageChoice &choice = {});
// What ModelWeights::bytes() would be.
[[nodiscard]] std::int64_t bytesInMemory(const WeightSource &source, const StorageChoice &choice);

} // namespace fettle::model
