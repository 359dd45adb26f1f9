// The answers of a model without adapters, and dropout by element.
#include "core/model/sites.h"

#include "core/model/decoder.h"
#include "core/model/device.h"
#include "core/model/weights.h"

#include <ATen/Parallel.h>
#include <algorithm>

namespace fettle::model {

std::vector<LowRank> Sites::lowRank(std::int64_t, LinearMap) const { return {}; }
std::optional<Gain> Sites::gain(std::int64_t, LinearMap, const LinearWeight &) const { return {}; }
std::optional<Bottleneck> Sites::bottleneck(std::int64_t, ResidualSite) const { return {}; }
PrefixKeyValues Sites::prefix(std::int64_t) const { return {}; }
at::Tensor Sites::embedded(const PackedBatch &, at::Tensor h) const { return h; }

at::Tensor Sites::linear(std::int64_t layer, LinearMap map, const LinearWeight &weight, const at::Tensor &x, at::Tensor y) const
{
    const std::optional<Gain> own = gain(layer, map, weight);
    if (!own)
        return y;
    const at::Tensor factors = beside(own->factors, x);
    if (own->place == Gain::Place::Input)
        return weight.apply(x * factors);
    if (own->place == Gain::Place::Weighted && weight.bias.defined())
        return (y - weight.bias) * factors + weight.bias;
    return y * factors;
}

at::Tensor Sites::residual(std::int64_t layer, ResidualSite site, const at::Tensor &stream, const at::Tensor &branch) const
{
    const at::Tensor sum = stream + branch;
    const std::optional<Bottleneck> own = bottleneck(layer, site);
    if (!own)
        return sum;
    const at::Tensor &input = own->input == Bottleneck::Input::Sum ? sum : own->input == Bottleneck::Input::Branch ? branch : stream;
    const at::Tensor narrow = activated(own->curve, at::linear(input, beside(own->down, sum), beside(own->downBias, sum))); // [N, R]
    return sum + applyDropout(at::linear(narrow, beside(own->up, sum), beside(own->upBias, sum)), own->dropout) * own->scale;
}

at::Tensor activated(Curve curve, const at::Tensor &x)
{
    switch (curve) {
    case Curve::Relu: return at::relu(x);
    case Curve::Swish: return at::silu(x);
    case Curve::Gelu: return at::gelu(x);
    case Curve::Tanh: break;
    }
    return at::tanh(x);
}

void fillDropoutMask(const Dropout &dropout, std::int64_t first, std::span<float> mask)
{
    const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(dropout.state.key), static_cast<std::uint32_t>(dropout.state.key >> 32)};
    const auto low = static_cast<std::uint32_t>(dropout.state.stream), high = static_cast<std::uint32_t>(dropout.state.stream >> 32);
    const double kept = 1.0 - dropout.probability;
    const auto value = static_cast<float>(1.0 / kept);
    const auto threshold = static_cast<std::uint32_t>(std::min(kept * 4294967296.0, 4294967295.0)); // kept below it
    std::uint64_t position = dropout.state.position + static_cast<std::uint64_t>(first);
    std::size_t done = 0;
    while (done < mask.size()) {
        const std::uint64_t block = position / 4;
        const auto words = philox4x32({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), low, high}, key);
        for (std::uint64_t word = position % 4; word < 4 && done < mask.size(); ++word, ++position, ++done)
            mask[done] = words[word] < threshold ? value : 0.0f;
    }
}

at::Tensor applyDropout(const at::Tensor &x, const Dropout &dropout)
{
    if (dropout.probability <= 0.0)
        return x;
    const at::Tensor mask = at::empty(x.sizes(), at::kFloat); // drawn by the processor wherever x lies: the same one everywhere
    float *values = mask.data_ptr<float>();
    at::parallel_for(0, mask.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
        fillDropoutMask(dropout, begin, {values + begin, static_cast<std::size_t>(end - begin)});
    });
    return x * beside(mask, x);
}

} // namespace fettle::model
