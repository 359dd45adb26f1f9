// DoRA: the rows of W + s B A keep their direction and take a trained length m (Liu et al. 2024; PEFT's tuners/lora/dora.py).
#include "core/tune/lora.h"

#include "core/model/device.h"

namespace fettle::tune {

using model::beside;
using model::LinearMap;

// |w + s b A|^2 = |w|^2 + 2 s (w A^T) . b + s^2 b (A A^T) . b for each row w of W and b of B: no second matrix of the size of W.
at::Tensor rowLengths(const at::Tensor &weight, const LoraAdapter::Module &module)
{
    const at::NoGradGuard guard;
    const at::Tensor a = beside(module.a, weight), b = beside(module.b, weight);
    const at::Tensor own = at::linalg_vector_norm(weight, 2, at::IntArrayRef{1}).square(); // [out]
    const at::Tensor mixed = (at::mm(weight, a.t()) * b).sum(1);                     // [out]
    const at::Tensor added = (at::mm(b, at::mm(a, a.t())) * b).sum(1);               // [out]
    return (own + mixed * (2.0 * module.scaling) + added * (module.scaling * module.scaling)).clamp_min(1e-30).sqrt();
}

std::optional<model::Gain> LoraAdapter::gain(std::int64_t layer, LinearMap map, const model::LinearWeight &weight) const
{
    const Module *module = find(layer, map);
    if (!module || !module->magnitude.defined() || isSilent() || !hasFactorsOnly())
        return {};
    const at::Tensor lengths = rowLengths(weight.values(), *module);
    return model::Gain{beside(module->magnitude, lengths) / lengths, model::Gain::Place::Weighted};
}

// With g = m / |W + s B A|, x' = dropout(x) and the strength t:  y + t ((g - 1) W x' + g s B A x').
at::Tensor LoraAdapter::linear(std::int64_t layer, LinearMap map, const model::LinearWeight &weight, const at::Tensor &x, at::Tensor y) const
{
    const Module *module = find(layer, map);
    if (!module || !module->magnitude.defined() || isSilent())
        return y;
    if (hasFactorsOnly())
        return Sites::linear(layer, map, weight, x, y);
    const at::Tensor factors = beside(module->magnitude, x) / rowLengths(weight.values(), *module); // [out]
    const auto place = static_cast<std::uint64_t>(module - m_modules.data());
    const model::Dropout dropout = dropoutAt(place, m_config.dropout);
    const bool isDropped = dropout.probability > 0.0;
    const at::Tensor input = isDropped ? model::applyDropout(x, dropout) : x;
    at::Tensor base = y; // W x'
    if (isDropped)
        base = weight.product(input);
    else if (weight.bias.defined())
        base = y - weight.bias;
    const at::Tensor low = at::linear(at::linear(input, beside(module->a, x)), beside(module->b, x)); // [N, out]
    return y + ((factors - 1.0) * base + factors * low * module->scaling) * strength();
}

} // namespace fettle::tune
