// What a loaded generator holds, for its own .cpp files only.
#pragma once

#include "core/generate/decodestep.h"
#include "core/generate/generator.h"

namespace fettle::generate {

// Tokens that one pass reads at most: enough to use each unpacked weight often, few enough that stopping is quick.
inline constexpr std::size_t kRowsPerPass = 192;

struct Generator::State {
    explicit State(int threads)
        : pool(threads)
    {
    }
    WorkerPool pool;
    std::filesystem::path path;
    std::shared_ptr<DecodeWeights> weights;
    std::unique_ptr<DecodeStep> step;
    std::optional<text::Tokenizer> tokenizer;
    std::vector<TokenId> endTokens;
};

} // namespace fettle::generate
