// Remembers the residual stream before the first layer and after each: the hidden states of transformers.
#pragma once

#include "core/model/decoder.h"

#include <vector>

namespace fixture {

class Recorder final : public fettle::model::Sites {
public:
    at::Tensor residual(std::int64_t layer, fettle::model::ResidualSite site, const at::Tensor &stream, const at::Tensor &branch) const override
    {
        at::Tensor sum = fettle::model::Sites::residual(layer, site, stream, branch);
        if (site == fettle::model::ResidualSite::AfterMlp)
            states.push_back(sum);
        return sum;
    }
    at::Tensor embedded(const fettle::model::PackedBatch &, at::Tensor h) const override
    {
        states.push_back(h);
        return h;
    }
    mutable std::vector<at::Tensor> states;
};

} // namespace fixture
