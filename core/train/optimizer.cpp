#include "core/train/optimizer.h"

#include "core/base/words.h"
#include "core/io/dynamiccode.h"

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

constexpr std::int64_t kMomentBlock = 256;        // 8-bit moments that share a scale; no block holds values of two parameters

std::int64_t wholeBlocks(std::int64_t values) { return (values + kMomentBlock - 1) / kMomentBlock * kMomentBlock; }

// LoRA+ (Hayou et al. 2024): B, which begins at zero, and DoRA's lengths learn faster than A.
bool learnsFaster(const tune::NamedParameter &parameter)
{
    return parameter.name.ends_with(".lora_B.weight") || parameter.name.ends_with(".lora_magnitude_vector");
}

} // namespace

AdamSettings adamSettings(const Recipe &recipe)
{
    return {recipe.real("beta1"), recipe.real("beta2"), recipe.real("epsilon"), recipe.real("weightDecay"),
            recipe.text("optimizerState") == "8bit" ? MomentStorage::EightBits : MomentStorage::Fp32};
}

std::int64_t momentBytes(std::int64_t values, MomentStorage moments)
{
    return moments == MomentStorage::Fp32 ? 8 * values : 2 * (values + 4 * wholeBlocks(values) / kMomentBlock);
}

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
        m_groups.back().end = total + (isRounded() ? wholeBlocks(values) : values);
        m_slices.push_back({std::move(parameter), total, values});
        total += isRounded() ? wholeBlocks(values) : values;
    }
    const at::TensorOptions options = m_slices.empty() ? at::TensorOptions(at::kFloat) : m_slices.front().parameter.tensor.options();
    m_values = at::zeros({total}, options.requires_grad(false));
    m_gradients = at::zeros_like(m_values);
    if (isRounded()) {
        // Zero, also behind the last value of a parameter, where a file holds nothing and the largest of the block is looked for all the same.
        for (auto &[moment, range] : {std::pair{&m_roundedMean, io::DynamicRange::Signed}, std::pair{&m_roundedSquare, io::DynamicRange::Positive}}) {
            moment->codes.assign(static_cast<std::size_t>(total), io::nearestDynamicCode(range, 0.0f));
            moment->scales.resize(static_cast<std::size_t>(total / kMomentBlock));
        }
    } else {
        m_mean = at::zeros_like(m_values);
        m_square = at::zeros_like(m_values);
    }
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
        if (isRounded()) {
            stepRounded(group, learningRate * group.rateFactor);
            continue;
        }
        const auto part = [&](const at::Tensor &buffer) { return std::vector<at::Tensor>{buffer.narrow(0, group.begin, group.end - group.begin)}; };
        const std::vector<at::Tensor> steps{at::full({}, static_cast<double>(m_steps), m_values.options())};
        at::_fused_adamw_(part(m_values), part(m_gradients), part(m_mean), part(m_square), {}, steps, learningRate * group.rateFactor, m_settings.beta1,
                          m_settings.beta2, group.decay, m_settings.epsilon, false, false);
    }
}

// Block by block: moments are unpacked, take the step in fp32 and are rounded again. A square that is not zero is never rounded to zero, as the
// correction is divided by its root.
void AdamW::stepRounded(const Group &group, double learningRate)
{
    const auto beta1 = static_cast<float>(m_settings.beta1), beta2 = static_cast<float>(m_settings.beta2);
    const double steps = static_cast<double>(m_steps), secondFactor = std::sqrt(1.0 - std::pow(m_settings.beta2, steps));
    const auto stepSize = static_cast<float>(learningRate * secondFactor / (1.0 - std::pow(m_settings.beta1, steps)));
    const auto epsilon = static_cast<float>(m_settings.epsilon * secondFactor), kept = static_cast<float>(1.0 - learningRate * group.decay);
    const auto &signedValues = io::dynamicValues(io::DynamicRange::Signed), &positiveValues = io::dynamicValues(io::DynamicRange::Positive);
    float *values = m_values.data_ptr<float>();
    const float *gradients = m_gradients.const_data_ptr<float>();
    at::parallel_for(group.begin / kMomentBlock, group.end / kMomentBlock, 16, [&](std::int64_t begin, std::int64_t end) {
        std::array<float, kMomentBlock> mean{}, square{};
        for (std::int64_t block = begin; block < end; ++block) {
            const auto first = static_cast<std::size_t>(block * kMomentBlock), scale = static_cast<std::size_t>(block);
            std::uint8_t *meanCodes = m_roundedMean.codes.data() + first, *squareCodes = m_roundedSquare.codes.data() + first;
            float &meanScale = m_roundedMean.scales[scale], &squareScale = m_roundedSquare.scales[scale];
            float largestMean = 0, largestSquare = 0;
            for (std::size_t i = 0; i < mean.size(); ++i) {
                const float g = gradients[first + i];
                mean[i] = beta1 * signedValues[meanCodes[i]] * meanScale + (1.0f - beta1) * g;
                square[i] = beta2 * positiveValues[squareCodes[i]] * squareScale + (1.0f - beta2) * g * g;
                largestMean = std::max(largestMean, std::abs(mean[i]));
                largestSquare = std::max(largestSquare, square[i]);
                float &value = values[first + i];
                value = value * kept - stepSize * mean[i] / (std::sqrt(square[i]) + epsilon);
            }
            meanScale = largestMean;
            squareScale = largestSquare;
            const float toMean = largestMean > 0 ? 1.0f / largestMean : 0.0f, toSquare = largestSquare > 0 ? 1.0f / largestSquare : 0.0f;
            for (std::size_t i = 0; i < mean.size(); ++i) {
                meanCodes[i] = io::nearestDynamicCode(io::DynamicRange::Signed, mean[i] * toMean);
                const std::uint8_t code = io::nearestDynamicCode(io::DynamicRange::Positive, square[i] * toSquare);
                squareCodes[i] = code == 0 && square[i] > 0 ? std::uint8_t{1} : code;
            }
        }
    });
}

Result<> AdamW::saveRounded(const std::filesystem::path &file) const
{
    std::vector<io::TensorToWrite> tensors;
    for (const Slice &slice : m_slices) {
        for (const auto &[suffix, moment] : {std::pair{".exp_avg", &m_roundedMean}, std::pair{".exp_avg_sq", &m_roundedSquare}}) {
            const auto first = static_cast<std::size_t>(slice.begin), count = static_cast<std::size_t>(slice.values);
            const auto block = first / kMomentBlock, blocks = static_cast<std::size_t>(wholeBlocks(slice.values) / kMomentBlock);
            tensors.push_back({slice.parameter.name + suffix + ".codes", io::StorageType::U8, {slice.values}, std::as_bytes(std::span(moment->codes).subspan(first, count))});
            tensors.push_back({slice.parameter.name + suffix + ".scales", io::StorageType::F32, {static_cast<std::int64_t>(blocks)},
                               std::as_bytes(std::span(moment->scales).subspan(block, blocks))});
        }
    }
    return io::writeSafetensors(file, tensors);
}

Result<> AdamW::loadRounded(const io::Safetensors &file, std::string_view fileName)
{
    const auto bytesOf = [&](const std::string &name, io::StorageType type, std::int64_t count) -> Result<std::span<const std::byte>> {
        auto entry = file.require(name);
        if (!entry)
            return passError(entry);
        if ((*entry)->type != type || (*entry)->shape != std::vector<std::int64_t>{count})
            return fail(ErrorCode::BadInput, tr("{} holds {} with shape {} instead of [{}].", fileName, name, io::shapeText((*entry)->shape), count),
                        tr("The checkpoint belongs to another run. Start the run again."));
        return (*entry)->bytes;
    };
    for (const Slice &slice : m_slices) {
        for (const auto &[suffix, moment] : {std::pair{".exp_avg", &m_roundedMean}, std::pair{".exp_avg_sq", &m_roundedSquare}}) {
            const std::int64_t blocks = wholeBlocks(slice.values) / kMomentBlock;
            auto codes = bytesOf(slice.parameter.name + suffix + ".codes", io::StorageType::U8, slice.values);
            if (!codes)
                return passError(codes);
            auto scales = bytesOf(slice.parameter.name + suffix + ".scales", io::StorageType::F32, blocks);
            if (!scales)
                return passError(scales);
            std::memcpy(moment->codes.data() + slice.begin, codes->data(), codes->size());
            std::memcpy(moment->scales.data() + slice.begin / kMomentBlock, scales->data(), scales->size());
        }
    }
    return {};
}

Result<> AdamW::save(const std::filesystem::path &file) const
{
    if (isRounded())
        return saveRounded(file);
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
    if (isRounded()) {
        auto loaded = loadRounded(*opened, file.filename().string());
        if (loaded)
            m_steps = stepsDone;
        return loaded;
    }
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
