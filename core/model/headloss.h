// The output head and the cross-entropy behind it, in chunks of rows: the loss of each row and, on request, the gradient of the hidden
// states in the same pass, so that no [M, V] matrix exists. A head that requires a gradient gets it added to its .grad(); one that is stored
// rounded is unpacked slice by slice.
#pragma once

#include "core/model/fast/gemm.h"
#include "core/model/largememory.h"
#include "core/model/sites.h"
#include "core/model/storedmatrix.h"

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
// change: what the sites place at the head; trained parts of it get their gradients.
// softcap c: logits become c * tanh(logits / c); 0: unchanged. frozenProducts: of a head that is not trained.
[[nodiscard]] HeadLoss headLoss(const at::Tensor &hidden, const LinearWeight &head, const at::Tensor &targets, WantGradient want, double gradientScale,
                                HeadBuffer &buffer, double softcap = 0, const HeadChange &change = {}, fast::Factors frozenProducts = fast::Factors::Fp32);

} // namespace fettle::model
