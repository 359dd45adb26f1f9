// Bottleneck adapters in the form of AdapterHub (engine-facts 1.5): a small network beside or behind the blocks of a layer,
//   A(x) = Up(f(Down(x))), Down [C / reduction, C], both with bias, times the scaling; h is the residual stream.
//   sequential (Pfeiffer et al. 2021)   behind the MLP m:         h + m + A(h + m)
//   double     (Houlsby et al. 2019)    behind attention and MLP:  h + a + A1(a), then h' + m + A2(m)
//   parallel   (He et al. 2022)         beside the MLP:            h + m + A(h)
// In models with a norm behind a branch (Gemma, OLMo 2), a and m are what that norm gives; adapterhubhooks.h tells AdapterHub so.
// PEFT and llama.cpp do not know them, and they cannot be merged: between Down and Up stands a curve.
#pragma once

#include "core/base/words.h"
#include "core/tune/adapter.h"

#include <memory>
#include <string>
#include <vector>

namespace fettle::tune {

enum class BottleneckKind : std::uint8_t { Sequential, Double, Parallel };
using model::Curve;

struct BottleneckConfig {
    BottleneckKind kind = BottleneckKind::Sequential;
    double reductionFactor = 16;
    Curve activation = Curve::Relu;
    double dropout = 0.0; // behind Up, while training
    double scaling = 1.0;
    std::vector<std::int64_t> leftOut; // layers without an adapter
    std::string name = "fettle";      // AdapterHub's adapters have names
    std::string baseModel;
};

[[nodiscard]] std::string_view nameOf(Curve activation); // AdapterHub's word

class BottleneckAdapter final : public Adapter {
public:
    struct Module {
        std::int64_t layer = 0;
        model::ResidualSite site = model::ResidualSite::AfterMlp;
        at::Tensor down, downBias; // [C / reduction, C], [C / reduction]
        at::Tensor up, upBias;     // [C, C / reduction], [C]
    };

    // Up begins at zero: a new adapter is the base model, also where the stream is large (Gemma). Down as in AdapterHub, which lets Up of sequential
    // and double ones begin with N(0, 0.02). Errors: Usage (a value out of range).
    [[nodiscard]] static Result<std::shared_ptr<BottleneckAdapter>> create(const model::ModelConfig &model, const BottleneckConfig &config, std::uint64_t seed);
    // Errors: NotFound, BadInput naming file, setting or tensor.
    [[nodiscard]] static Result<std::shared_ptr<BottleneckAdapter>> load(const std::filesystem::path &folder, const model::ModelConfig &model);
    [[nodiscard]] static Result<BottleneckConfig> readConfig(const std::filesystem::path &folder);

    [[nodiscard]] const BottleneckConfig &config() const { return m_config; }
    [[nodiscard]] const std::vector<Module> &modules() const { return m_modules; }
    void setDropout(double dropout) { m_config.dropout = dropout; }

    [[nodiscard]] std::vector<NamedParameter> parameters() const override;
    [[nodiscard]] std::string hash() const override { return hashOfParameters(parameters()); }
    [[nodiscard]] Result<> save(const std::filesystem::path &folder) const override;
    [[nodiscard]] std::string whyNotMerged() const override
    {
        return tr("A bottleneck adapter is a network of its own; it cannot be written into the weights.");
    }
    [[nodiscard]] std::optional<model::Bottleneck> bottleneck(std::int64_t layer, model::ResidualSite site) const override;
    [[nodiscard]] bool isDescribed() const override { return true; }

private:
    BottleneckAdapter(BottleneckConfig config, const model::ModelConfig &model, std::vector<Module> modules);
    BottleneckConfig m_config;
    model::ModelConfig m_model;
    std::vector<Module> m_modules;
};

// How many values such an adapter trains in this model. Errors: as create.
[[nodiscard]] Result<std::int64_t> bottleneckParameters(const BottleneckConfig &config, const model::ModelConfig &model);
// Whether a folder holds an adapter in AdapterHub's form.
[[nodiscard]] bool isAdapterHubFolder(const std::filesystem::path &folder);

} // namespace fettle::tune
