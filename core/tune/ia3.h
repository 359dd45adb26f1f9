// IA3 (Liu et al. 2022; PEFT's tuners/ia3): a trained factor for each row of what a map gives, or, for maps that close a feed-forward block, for
// each column of what it reads. A few thousand values; the smallest method that still learns facts. Can be merged.
#pragma once

#include "core/tune/adapter.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fettle::tune {

struct Ia3Config {
    std::vector<std::string> targets = {"k_proj", "v_proj", "down_proj"}; // names or suffixes of module paths behind a dot
    std::vector<std::string> feedForward = {"down_proj"};                 // those of them whose input is scaled
    std::string targetPattern, feedForwardPattern; // regular expressions in their place
    std::string baseModel;
    friend bool operator==(const Ia3Config &, const Ia3Config &) = default;
};

class Ia3Adapter final : public Adapter {
public:
    struct Module {
        std::int64_t layer = 0;
        model::LinearMap map = model::LinearMap::Key;
        bool isInput = false; // scales what the map reads
        at::Tensor factors;   // [out, 1], or [1, in] of an input
    };

    // Every factor is 1: the base model. layers: those that are targeted; empty: all. Errors: Usage (no target found).
    [[nodiscard]] static Result<std::shared_ptr<Ia3Adapter>> create(const model::ModelConfig &model, Ia3Config config, const std::vector<std::int64_t> &layers);
    [[nodiscard]] static Result<std::shared_ptr<Ia3Adapter>> load(const std::filesystem::path &folder, const model::ModelConfig &model);
    // Errors: BadInput naming the setting that is not supported.
    [[nodiscard]] static Result<Ia3Config> readConfig(const std::filesystem::path &folder);

    [[nodiscard]] const Ia3Config &config() const { return m_config; }
    [[nodiscard]] const std::vector<Module> &modules() const { return m_modules; }

    [[nodiscard]] std::vector<NamedParameter> parameters() const override;
    [[nodiscard]] std::string hash() const override { return hashOfParameters(parameters()); }
    [[nodiscard]] Result<> save(const std::filesystem::path &folder) const override;
    [[nodiscard]] std::string whyNotMerged() const override { return {}; }
    [[nodiscard]] at::Tensor mergedTensor(const model::ModelWeights &weights, std::string_view name) const override;
    [[nodiscard]] std::optional<model::Gain> gain(std::int64_t layer, model::LinearMap map, const model::LinearWeight &weight) const override;
    [[nodiscard]] bool isDescribed() const override { return true; }

private:
    Ia3Adapter(Ia3Config config, std::vector<Module> modules) : m_config(std::move(config)), m_modules(std::move(modules)) {}
    [[nodiscard]] at::Tensor factorsOf(const Module &module) const; // at the strength, [out] or [in]
    Ia3Config m_config;
    std::vector<Module> m_modules;
};

// How many values IA3 trains in this model. Errors: as create.
[[nodiscard]] Result<std::int64_t> ia3Parameters(const Ia3Config &config, const model::ModelConfig &model, const std::vector<std::int64_t> &layers);

} // namespace fettle::tune
