// The layers of GPT-2 and GPT-NeoX, which differ from Llama's in their norms, their MLP without a gate and their positions. For decoder.cpp only.
//
//   GPT-2     h + position -> [ norm -> q,k,v -> attention -> c_proj -> + -> norm -> c_proj(act(c_fc)) -> + ] x L -> norm
//   GPT-NeoX  h -> [ + attention(norm) + mlp(another norm of the same h) ] x L -> norm; a part of each head turns
#pragma once

#include "core/model/decoder.h"

#include <initializer_list>

namespace fettle::model {

// h [N, C], embeddings of the batch with whatever stands in front of each document: final hidden states [N, C].
[[nodiscard]] at::Tensor throughGptLayers(const ModelWeights &weights, const PackedBatch &batch, const Sites &sites, at::Tensor h, const StopCheck &isStopped, Kept kept);

// Maps that read the same x [N, in] through one stacked matrix, each with what the sites put there: one [N, out] for each map. decoder.cpp.
[[nodiscard]] std::vector<at::Tensor> project(const LinearWeight &stack, const ModelConfig &config, std::int64_t layer, std::initializer_list<LinearMap> maps,
                                              const at::Tensor &x, const Sites &sites);

} // namespace fettle::model
