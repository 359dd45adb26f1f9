// LoRA as PEFT defines it (Hu et al. 2021; engine-facts 1.1): y = W x + s * B A dropout(x) at chosen linear maps. s = alpha / r, or
// alpha / sqrt(r) with rsLoRA (Kalajdzievski 2023). Tensors are fp32 and have PEFT's names. Files: see peftfolder.h.
#pragma once

#include "core/base/result.h"
#include "core/model/sites.h"
#include "core/model/weights.h"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::tune {

inline constexpr std::string_view kAllLinear = "all-linear"; // every linear map but the output head

struct LoraConfig {
    std::int64_t rank = 16;
    double alpha = 16.0;
    double dropout = 0.0; // on the input of A only, while training
    bool isRankStabilised = false; // rsLoRA
    // Names ("q_proj", or a suffix of the module path behind a dot), or {"all-linear"}. Ignored when targetPattern is set.
    std::vector<std::string> targets = {std::string(kAllLinear)};
    std::string targetPattern; // regular expression that must match the whole module path
    std::map<std::string, std::int64_t> rankPattern; // by suffix or regular expression, as PEFT
    std::map<std::string, double> alphaPattern;
    std::vector<std::int64_t> layers; // layers_to_transform; empty: all
    std::string baseModel;            // name or path, written to adapter_config.json
    friend bool operator==(const LoraConfig &, const LoraConfig &) = default;
};

// "q_proj,k_proj" or "all-linear" as typed by people. Errors: Usage, naming the target that the model does not have.
[[nodiscard]] Result<std::vector<std::string>> parseTargets(std::string_view text);

struct NamedParameter {
    std::string name; // "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    at::Tensor tensor;
};

// One adapter: A and B for each targeted map. Placed at the decoder's sites.
class LoraAdapter final : public model::Sites {
public:
    struct Module {
        std::int64_t layer = 0;
        model::LinearMap map = model::LinearMap::Query;
        at::Tensor a; // [R, in]
        at::Tensor b; // [out, R]
        double scaling = 1.0; // s, without the strength
        double alpha = 0;     // of this module (alpha_pattern)
        [[nodiscard]] std::int64_t rank() const { return a.size(0); }
    };

    // A ~ U(-1/sqrt(in), 1/sqrt(in)) (kaiming-uniform with a = sqrt 5), B = 0, from random streams of the seed: a module's values depend on
    // seed and name only. Errors: BadInput/Usage (rank below 1, no target found, unknown target named).
    [[nodiscard]] static Result<std::shared_ptr<LoraAdapter>> create(const model::ModelConfig &model, const LoraConfig &config, std::uint64_t seed);

    [[nodiscard]] const LoraConfig &config() const { return m_config; }
    [[nodiscard]] const std::vector<Module> &modules() const { return m_modules; } // layer by layer, q k v o gate up down
    [[nodiscard]] const Module *find(std::int64_t layer, model::LinearMap map) const;
    // Every A and B in a fixed order: what an optimiser steps and a checkpoint stores. The tensors are the adapter's own (changed in place).
    [[nodiscard]] std::vector<NamedParameter> parameters() const;
    [[nodiscard]] std::int64_t parameterCount() const;
    [[nodiscard]] std::int64_t bytes() const { return parameterCount() * 4; }

    // Live: 0 is the base model, 1 the adapter as trained, 1.5 half as much again.
    void setStrength(double strength) { m_strength = strength; }
    [[nodiscard]] double strength() const { return m_strength; }

    // Training: gradients are wanted and dropout is on. A new adapter is not in training.
    void setTraining(bool isTraining);
    [[nodiscard]] bool isTraining() const { return m_isTraining; }
    // Dropout masks depend on seed, module and pass. Call nextPass() before every micro-batch; a checkpoint stores dropoutState().
    struct DropoutState { std::uint64_t seed = 0, pass = 0; friend bool operator==(const DropoutState &, const DropoutState &) = default; };
    void nextPass() { ++m_dropout.pass; }
    [[nodiscard]] DropoutState dropoutState() const { return m_dropout; }
    void setDropoutState(const DropoutState &state) { m_dropout = state; }

    // SHA-256 over names, shapes, values and scalings as they are now (strength excluded), lower-case hex.
    [[nodiscard]] std::string hash() const;

    // Sites
    [[nodiscard]] std::vector<model::LowRank> lowRank(std::int64_t layer, model::LinearMap map) const override;
    [[nodiscard]] bool isLowRankOnly() const override { return true; }
    [[nodiscard]] std::vector<at::Tensor> trained() const override;

    // From complete parts (readers of adapter files). modules must be in order.
    LoraAdapter(LoraConfig config, std::vector<Module> modules, std::int64_t layers);

private:
    LoraConfig m_config;
    std::vector<Module> m_modules;
    std::vector<std::array<int, model::kLinearMaps>> m_index; // [layer][map] -> module or -1
    double m_strength = 1.0;
    bool m_isTraining = false;
    DropoutState m_dropout;
};

// A module that an adapter goes to, with its rank, alpha and s after rank_pattern and alpha_pattern.
struct PlannedModule {
    std::int64_t layer = 0;
    model::LinearMap map = model::LinearMap::Query;
    std::int64_t rank = 0;
    double alpha = 0;
    double scaling = 1;
};
// In the order of LoraAdapter::modules(). Errors: Usage or BadInput naming what is out of range, unusable or not found. Allocates nothing.
[[nodiscard]] Result<std::vector<PlannedModule>> planModules(const model::ModelConfig &model, const LoraConfig &config);

// Whether PEFT would place an adapter at this module path ("model.layers.0.mlp.up_proj"); check_target_module_exists of PEFT.
[[nodiscard]] Result<bool> isTarget(const LoraConfig &config, std::string_view modulePath, std::int64_t layer);

// W + strength * s * B A of one map, [out, in], fp32; the base weight itself (a view) when the adapter leaves the map alone.
[[nodiscard]] at::Tensor mergedWeight(const model::ModelWeights &weights, const LoraAdapter &adapter, std::int64_t layer, model::LinearMap map);
// By the reference's tensor name, every tensor of the model: for writing a merged model tensor by tensor without a second copy.
[[nodiscard]] at::Tensor mergedTensor(const model::ModelWeights &weights, const LoraAdapter &adapter, std::string_view name);
// A complete merged copy. Errors: OutOfMemory, BadInput when a merged value is not finite.
[[nodiscard]] Result<std::shared_ptr<const model::ModelWeights>> mergeLora(const model::ModelWeights &weights, const LoraAdapter &adapter);

} // namespace fettle::tune
