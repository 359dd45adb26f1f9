// AdamW with decoupled weight decay (Loshchilov & Hutter 2019) over one flat buffer, with clipping by the global norm.
// Values as torch.optim.AdamW gives them; the two moments of every value may be kept as 8-bit numbers in blocks of 256 (Dettmers et al. 2022).
// Internal header: shows tensors.
#pragma once

#include "core/base/result.h"
#include "core/io/safetensors.h"
#include "core/torch.h"
#include "core/train/settings.h"
#include "core/tune/adapter.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fettle::train {

struct TrainableParameter {
    std::string name;
    at::Tensor tensor;       // fp32
    bool hasDecay = true;    // false for norms and biases
    double rateFactor = 1.0; // of the learning rate (LoRA+)
};

// True unless the name is that of a norm or a bias, which weight decay leaves alone.
[[nodiscard]] bool takesDecay(std::string_view parameterName);

// What the recipe trains of an adapter, with the rate of each part.
[[nodiscard]] std::vector<TrainableParameter> parametersFor(const tune::Adapter &adapter, const Recipe &recipe);

enum class MomentStorage : std::uint8_t { Fp32, EightBits };

struct AdamSettings {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.0;
    MomentStorage moments = MomentStorage::Fp32;
};
[[nodiscard]] AdamSettings adamSettings(const Recipe &recipe);
[[nodiscard]] std::int64_t momentBytes(std::int64_t values, MomentStorage moments);

class AdamW {
public:
    // Moves the parameters into one flat fp32 buffer (the tensors stay the callers' own and become views of it) and gives each a view of
    // the flat gradient. Parameters with the same decay and rate lie side by side.
    AdamW(std::vector<TrainableParameter> parameters, const AdamSettings &settings);

    void zeroGradients();
    // All gradients, side by side.
    [[nodiscard]] std::span<float> gradients();
    // Length of all gradients together.
    [[nodiscard]] double gradientNorm();
    // One step. clipNorm > 0: gradients are scaled by min(1, clipNorm / (norm + 1e-6)) first, as torch's clip_grad_norm_ does.
    void step(double learningRate, double gradientNorm, double clipNorm);
    [[nodiscard]] std::int64_t stepsDone() const { return m_steps; }
    [[nodiscard]] std::int64_t momentBytes() const { return train::momentBytes(m_values.numel(), m_settings.moments); }

    // Both moments by parameter ("NAME.exp_avg", "NAME.exp_avg_sq"; with 8 bits each as ".codes" and ".scales"), durable and atomic.
    [[nodiscard]] Result<> save(const std::filesystem::path &file) const;
    // Errors: BadInput where a moment is missing or has another shape.
    [[nodiscard]] Result<> load(const std::filesystem::path &file, std::int64_t stepsDone);

private:
    struct Group { std::int64_t begin = 0, end = 0; double decay = 0, rateFactor = 1; }; // values that take the same step
    struct Slice { TrainableParameter parameter; std::int64_t begin = 0; std::int64_t values = 0; };
    // A moment of every value, 8 bits each.
    struct RoundedMoment {
        std::vector<std::uint8_t> codes; // [values]
        std::vector<float> scales;       // [blocks]
    };
    void collectStrayGradients();
    void stepRounded(const Group &group, double learningRate);
    [[nodiscard]] bool isRounded() const { return m_settings.moments == MomentStorage::EightBits; }
    [[nodiscard]] Result<> saveRounded(const std::filesystem::path &file) const;
    [[nodiscard]] Result<> loadRounded(const io::Safetensors &file, std::string_view fileName);
    AdamSettings m_settings;
    std::vector<Slice> m_slices;
    std::vector<Group> m_groups;
    at::Tensor m_values, m_gradients; // [values] each, fp32
    at::Tensor m_mean, m_square;      // as well, or:
    RoundedMoment m_roundedMean, m_roundedSquare;
    std::int64_t m_steps = 0;
};

} // namespace fettle::train
