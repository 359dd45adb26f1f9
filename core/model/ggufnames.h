// What llama.cpp's GGUF files do to the tensors of a model: other names, rows of q and k in another order, Gemma's norms plus one.
#pragma once

#include "core/model/weightsource.h"

namespace fettle::model {

struct GgufPlace {
    std::string name;                  // "blk.0.attn_q.weight"; empty where the file has no such tensor
    std::int64_t interleavedHeads = 0; // as SourceTensor
    std::int64_t groupedHeads = 0;     // as SourceTensor
    float offset = 0;                  // value of the file = value of the reference + offset

    // Row of the reference that is row `row` of the file's `rows`.
    [[nodiscard]] std::int64_t referenceRow(std::int64_t row, std::int64_t rows) const;
};

// name: of a tensor that expectedTensors lists.
[[nodiscard]] GgufPlace ggufPlaceOf(std::string_view name, const ModelConfig &config);

} // namespace fettle::model
