// How surprised a model is by each token of one record: behind the token lens that is shaded by loss. Holds the weights, so that going
// through records costs one reading each. One thread at a time.
#pragma once

#include "core/data/labelledtokens.h"
#include "core/engine/training.h"

#include <memory>

namespace fettle::engine {

class TokenLosses {
public:
    // adapter: folder or RUN[@STEP]; empty: the base model. Errors: those of the model and the adapter, Cancelled.
    [[nodiscard]] static Result<std::unique_ptr<TokenLosses>> open(const std::string &model, const std::string &adapter, const Project *project,
                                                                   const ComputeOptions &compute = {}, const ProgressCallback &progress = {},
                                                                   std::stop_token stop = {});
    ~TokenLosses();

    // For each token of the record as the lens shows it (rendered as in training, cut at maxLength; 0: not cut): nats; NaN for the first one,
    // which nothing stands before, and for what is cut off. Errors: BadInput (the template refuses the record), OutOfMemory, Cancelled.
    [[nodiscard]] Result<std::vector<float>> of(const data::Record &record, const data::RenderOptions &options, std::stop_token stop = {});

private:
    struct State;
    explicit TokenLosses(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace fettle::engine
