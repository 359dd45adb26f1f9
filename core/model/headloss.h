// The output head and the cross-entropy behind it, in chunks of rows: the loss of each row and, on request, the gradient of the hidden
// states in the same pass, so that no [M, V] matrix exists. A head that requires a gradient gets it added to its .grad().
#pragma once

#include "core/model/largememory.h"
#include "core/torch.h"

#include <cstdint>

namespace fettle::model {

struct HeadLoss {
    double sum = 0;
    std::int64_t correct = 0;
    at::Tensor losses;   // [M] fp32
    at::Tensor gradient; // [M, C]: gradientScale * d(sum)/d(hidden); undefined when not wanted
};

enum class WantGradient { No, Yes };

// Logits of one chunk, kept from call to call.
struct HeadBuffer {
    LargeMemory memory;
};

// hidden [M, C] fp32, head [V, C], targets [M] int64 within the vocabulary.
// softcap c: logits become c * tanh(logits / c); 0: unchanged.
[[nodiscard]] HeadLoss headLoss(const at::Tensor &hidden, const at::Tensor &head, const at::Tensor &targets, WantGradient want, double gradientScale,
                                HeadBuffer &buffer, double softcap = 0);

} // namespace fettle::model
