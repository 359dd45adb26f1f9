// The schedule of a batch: which sequences are in the next pass, what becomes of their logits, when they end. Part of Generator.
#pragma once

#include "core/generate/decodestep.h"
#include "core/generate/generator.h"

namespace fettle::generate {

struct BatchContext {
    const DecodeWeights &weights;
    DecodeStep &step;
    WorkerPool &pool;
    const std::optional<text::Tokenizer> &tokenizer;
    const std::vector<TokenId> &endTokens; // sorted
    std::size_t rowsPerPass = 0;
    std::size_t maxTogether = 0;
};

// The cache of a text before its first token: empty, or what the adapter puts in front of it. Errors: OutOfMemory.
// isLong: of a text beyond the original context of a model with two sets of rotary factors. Errors: OutOfMemory; BadInput where virtual tokens
// stand in front of such a text, whose keys are turned by the other set.
[[nodiscard]] Result<KvCache> startCache(const KvShape &shape, const DecodeAdapter *adapter, bool isLong);

// Prompts have been checked. See Generator::generate.
[[nodiscard]] Result<std::vector<SequenceResult>> runBatch(BatchContext &context, std::span<const SequenceRequest> requests,
                                                           const GenerateCallbacks &callbacks, std::stop_token stop);

} // namespace fettle::generate
