#include "core/train/optimizer.h"
#include "core/base/words.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <numeric>

namespace fettle::train {
namespace {

constexpr std::size_t kNormBlock = 1 << 16; // gradients whose squares are one sum

// LoRA+ (Hayou et al. 2024): B, which begins at zero, and DoRA's lengths learn faster than A.
bool learnsFaster(const tune::NamedParameter &parameter)
{
    return parameter.name.ends_with(".lora_B.weight") || parameter.name.ends_with(".lora_magnitude_vector");
}

} // namespace

bool takesDecay(std::string_view parameterName)
{
    return !parameterName.ends_with("bias") && parameterName.find("norm") == std::string_view::npos;
}

std::vector<TrainableParameter> parametersFor(const tune::Adapter &adapter, const Recipe &recipe)
{
    const double ratio = recipe.method == "lora" ? recipe.real("loraPlusRatio") : 1.0;
    std::vector<TrainableParameter> parameters;
    for (tune::NamedParameter &parameter : adapter.parameters()) {
        const bool hasDecay = takesDecay(parameter.name);
        const double rateFactor = learnsFaster(parameter) ? ratio : 1.0;
        parameters.push_back({std::move(parameter.name), std::move(parameter.tensor), hasDecay, rateFactor});
    }
    return parameters;
}

AdamW::AdamW(std::vector<TrainableParameter> parameters, const AdamSettings &settings)
    : m_settings(settings)
{
    torch::NoGradGuard noGrad;
    std::ranges::stable_sort(parameters, {}, [](const TrainableParameter &parameter) { return std::pair(!parameter.hasDecay, parameter.rateFactor); });
    std::int64_t total = 0;
    for (TrainableParameter &parameter : parameters) {
        const std::int64_t values = parameter.tensor.numel();
        const double decay = parameter.hasDecay ? settings.weightDecay : 0.0;
        if (m_groups.empty() || m_groups.back().decay != decay || m_groups.back().rateFactor != parameter.rateFactor)
            m_groups.push_back({total, total, decay, parameter.rateFactor});
        m_groups.back().end = total + values;
        m_slices.push_back({std::move(parameter), total, values});
        total += values;
    }
    const at::TensorOptions options = m_slices.empty() ? at::TensorOptions(at::kFloat) : m_slices.front().parameter.tensor.options();
    m_values = at::empty({total}, options.requires_grad(false));
    m_gradients = at::zeros_like(m_values);
    m_mean = at::zeros_like(m_values);
    m_square = at::zeros_like(m_values);
    for (Slice &slice : m_slices) {
        at::Tensor &tensor = slice.parameter.tensor;
        at::Tensor view = m_values.narrow(0, slice.begin, slice.values).view(tensor.sizes());
        view.copy_(tensor.detach());
        tensor.set_data(view);
        tensor.mutable_grad() = m_gradients.narrow(0, slice.begin, slice.values).view(tensor.sizes());
    }
}

void AdamW::zeroGradients()
{
    m_gradients.zero_();
    for (Slice &slice : m_slices)
        slice.parameter.tensor.mutable_grad() = m_gradients.narrow(0, slice.begin, slice.values).view(slice.parameter.tensor.sizes());
}

// Whoever computes gradients may have put a tensor of its own in place of our view.
void AdamW::collectStrayGradients()
{
    torch::NoGradGuard noGrad;
    for (Slice &slice : m_slices) {
        const at::Tensor &gradient = slice.parameter.tensor.grad();
        at::Tensor ours = m_gradients.narrow(0, slice.begin, slice.values);
        if (gradient.defined() && gradient.data_ptr() != ours.data_ptr())
            ours.copy_(gradient.reshape({-1}));
    }
}

std::span<float> AdamW::gradients()
{
    collectStrayGradients();
    return {m_gradients.data_ptr<float>(), static_cast<std::size_t>(m_gradients.numel())};
}

// Block by block: the squares of the whole buffer in double precision would be twice its size.
double AdamW::gradientNorm()
{
    collectStrayGradients();
    const auto values = static_cast<std::size_t>(m_gradients.numel());
    const float *gradient = m_gradients.const_data_ptr<float>();
    std::vector<double> squares((values + kNormBlock - 1) / kNormBlock, 0.0);
    at::parallel_for(0, static_cast<std::int64_t>(squares.size()), 1, [&](std::int64_t begin, std::int64_t end) {
        for (auto block = static_cast<std::size_t>(begin); block < static_cast<std::size_t>(end); ++block) {
            std::array<double, 8> sums{};
            const std::size_t last = std::min(values, (block + 1) * kNormBlock);
            for (std::size_t i = block * kNormBlock; i < last; i += sums.size()) {
                for (std::size_t j = 0; j < std::min(sums.size(), last - i); ++j)
                    sums[j] += static_cast<double>(gradient[i + j]) * static_cast<double>(gradient[i + j]);
            }
            squares[block] = std::accumulate(sums.begin(), sums.end(), 0.0);
        }
    });
    return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

void AdamW::step(double learningRate, double gradientNorm, double clipNorm)
{
    torch::NoGradGuard noGrad;
    if (clipNorm > 0) {
        const double factor = clipNorm / (gradientNorm + 1e-6);
        if (factor < 1.0)
            m_gradients.mul_(factor);
    }
    ++m_steps;
    for (const Group &group : m_groups) {
        const auto part = [&](const at::Tensor &buffer) { return std::vector<at::Tensor>{buffer.narrow(0, group.begin, group.end - group.begin)}; };
        const std::vector<at::Tensor> steps{at::full({}, static_cast<double>(m_steps), m_values.options())};
        at::_fused_adamw_(part(m_values), part(m_gradients), part(m_mean), part(m_square), {}, steps, learningRate * group.rateFactor, m_settings.beta1,
                          m_settings.beta2, group.decay, m_settings.epsilon, false, false);
    }
}

Result<> AdamW::save(const std::filesystem::path &file) const
{
    const at::Tensor mean = m_mean.cpu();
    const at::Tensor square = m_square.cpu();
    std::vector<io::TensorToWrite> tensors;
    for (const Slice &slice : m_slices) {
        const auto bytesOf = [&](const at::Tensor &buffer) {
            return std::as_bytes(std::span(buffer.const_data_ptr<float>() + slice.begin, static_cast<std::size_t>(slice.values)));
        };
        const std::vector<std::int64_t> shape = slice.parameter.tensor.sizes().vec();
        tensors.push_back({slice.parameter.name + ".exp_avg", io::StorageType::F32, shape, bytesOf(mean)});
        tensors.push_back({slice.parameter.name + ".exp_avg_sq", io::StorageType::F32, shape, bytesOf(square)});
    }
    return io::writeSafetensors(file, tensors);
}

Result<> AdamW::load(const std::filesystem::path &file, std::int64_t stepsDone)
{
    auto opened = io::Safetensors::open(file);
    if (!opened)
        return passError(opened);
    at::Tensor mean = at::empty_like(m_mean, m_mean.options().device(at::kCPU));
    at::Tensor square = at::empty_like(mean);
    for (const Slice &slice : m_slices) {
        for (auto &[suffix, buffer] : {std::pair{".exp_avg", &mean}, std::pair{".exp_avg_sq", &square}}) {
            const std::string name = slice.parameter.name + suffix;
            auto entry = opened->require(name);
            if (!entry)
                return passError(entry);
            const std::vector<std::int64_t> shape = slice.parameter.tensor.sizes().vec();
            if ((*entry)->type != io::StorageType::F32 || (*entry)->shape != shape)
                return fail(ErrorCode::BadInput,
                            tr("{} holds {} with shape {} instead of {}.", file.filename().string(), name,
                                        io::shapeText((*entry)->shape), io::shapeText(shape)),
                            tr("The checkpoint belongs to another run. Start the run again."));
            std::memcpy(buffer->data_ptr<float>() + slice.begin, (*entry)->bytes.data(), (*entry)->bytes.size());
        }
    }
    m_mean.copy_(mean);
    m_square.copy_(square);
    m_steps = stepsDone;
    return {};
}

} // namespace fettle::train
