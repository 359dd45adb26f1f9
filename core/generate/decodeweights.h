// The base model as the decoding step reads it: every matrix repacked in the precision of its file, norms and biases in fp32. Shared by all
// columns; nobody changes it after loading. Needs no LibTorch tensor.
#pragma once

#include "core/base/progress.h"
#include "core/generate/packedmatrix.h"
#include "core/model/config.h"
#include "core/model/weightsource.h"

#include <array>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::generate {

struct DecodeLinear {
    PackedMatrix matrix;     // [out, in]
    std::vector<float> bias; // [out], empty: none
};

struct DecodeLayer {
    std::array<std::vector<float>, model::kNorms> norms; // what a norm multiplies by; empty where the model has none
    std::array<std::vector<float>, model::kNorms> normBiases; // of layer norms
    std::array<DecodeLinear, model::kLinearMaps> maps;

    [[nodiscard]] const DecodeLinear &map(model::LinearMap which) const { return maps[static_cast<std::size_t>(which)]; }
    [[nodiscard]] const std::vector<float> &norm(model::Norm which) const { return norms[static_cast<std::size_t>(which)]; }
    [[nodiscard]] const std::vector<float> &normBias(model::Norm which) const { return normBiases[static_cast<std::size_t>(which)]; }
};

class DecodeWeights {
public:
    // Errors: BadInput (a tensor of a type that cannot be decoded), OutOfMemory, Cancelled.
    [[nodiscard]] static Result<std::shared_ptr<DecodeWeights>> load(const model::WeightSource &source, WorkerPool &pool,
                                                                     const ProgressCallback &progress = {}, std::stop_token stop = {});

    model::ModelConfig config;
    PackedMatrix embedding; // [V, C]
    PackedMatrix head;      // [V, C]; empty when tied
    PackedMatrix positions; // [context, C]; empty without a table of positions
    std::vector<DecodeLayer> layers;
    std::vector<float> finalNorm;       // [C]
    std::vector<float> finalNormBias;   // [C], of a layer norm
    std::vector<float> ropeFrequencies;      // [rotated/2]
    std::vector<float> longRopeFrequencies;  // the same of texts beyond the original context; empty: there is no difference
    std::vector<float> localRopeFrequencies; // the same of sliding layers; empty: like all

    [[nodiscard]] const PackedMatrix &outputHead() const { return head.isEmpty() ? embedding : head; }
    // Whether integer products take every matrix.
    [[nodiscard]] bool fitsIntegers() const;
    // Names what lies in memory now: SHA-256 over the fingerprint of every tensor, lower-case hex. Reads all weights (some milliseconds).
    [[nodiscard]] std::string hash(WorkerPool &pool) const;
    [[nodiscard]] std::size_t bytes() const;
};

} // namespace fettle::generate
