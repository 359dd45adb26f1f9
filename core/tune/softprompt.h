// Trained context in front of every text, the model itself untouched (engine-facts 1.3, 1.4). Files as PEFT's.
//   prompt tuning (Lester et al. 2021)   P virtual tokens: trained embeddings in front of the text's own
//   prefix tuning (Li & Liang 2021)      P trained keys and values in front of those of every layer, not rotated; while training they may come
//                                        out of a small network (projection), which is thrown away in PEFT's file and kept beside it in ours
// Neither can be merged into the weights.
#pragma once

#include "core/base/words.h"
#include "core/tune/adapter.h"

#include <memory>
#include <string>
#include <vector>

namespace fettle::tune {

enum class PromptInit { Random, Sample, Tokens }; // N(0, 1); embeddings of tokens drawn at random; of given tokens, repeated or cut

struct PromptConfig {
    std::int64_t virtualTokens = 20;
    PromptInit init = PromptInit::Random;
    std::vector<std::int64_t> initTokens; // for Tokens
    std::string baseModel;
};

class PromptTuning final : public Adapter {
public:
    // Errors: Usage (no virtual token, more than the model's context).
    [[nodiscard]] static Result<std::shared_ptr<PromptTuning>> create(const model::ModelWeights &weights, const PromptConfig &config, std::uint64_t seed);
    [[nodiscard]] static Result<std::shared_ptr<PromptTuning>> load(const std::filesystem::path &folder, const model::ModelConfig &model);
    [[nodiscard]] static Result<PromptConfig> readConfig(const std::filesystem::path &folder);

    [[nodiscard]] const at::Tensor &embeddings() const { return m_embeddings; } // [P, C]

    [[nodiscard]] std::vector<NamedParameter> parameters() const override { return {{"prompt_embeddings", m_embeddings}}; }
    [[nodiscard]] std::string hash() const override { return hashOfParameters(parameters()); }
    [[nodiscard]] Result<> save(const std::filesystem::path &folder) const override;
    [[nodiscard]] std::string whyNotMerged() const override { return tr("Virtual tokens stand in front of the text; they cannot be written into the weights."); }
    [[nodiscard]] at::Tensor virtualTokens() const override { return isSilent() ? at::Tensor() : m_embeddings; }
    [[nodiscard]] bool isDescribed() const override { return true; }

private:
    PromptTuning(PromptConfig config, const model::ModelConfig &model, at::Tensor embeddings);
    PromptConfig m_config;
    std::int64_t m_layers, m_heads;
    at::Tensor m_embeddings;
};

struct PrefixConfig {
    std::int64_t virtualTokens = 20;
    bool hasProjection = false;
    std::int64_t projectionWidth = 0; // of the network's hidden layer; 0: as wide as the keys of a layer
    std::string baseModel;
};

class PrefixTuning final : public Adapter {
public:
    // Errors: Usage (no virtual token, more than the model's context, a model with a sliding window).
    [[nodiscard]] static Result<std::shared_ptr<PrefixTuning>> create(const model::ModelConfig &model, const PrefixConfig &config, std::uint64_t seed);
    // A folder without the network of the projection holds the finished keys and values: they are what is trained on.
    [[nodiscard]] static Result<std::shared_ptr<PrefixTuning>> load(const std::filesystem::path &folder, const model::ModelConfig &model);
    [[nodiscard]] static Result<PrefixConfig> readConfig(const std::filesystem::path &folder);

    [[nodiscard]] const PrefixConfig &config() const { return m_config; }
    [[nodiscard]] std::vector<NamedParameter> parameters() const override { return m_parameters; }
    [[nodiscard]] std::string hash() const override { return hashOfParameters(m_parameters); }
    [[nodiscard]] Result<> save(const std::filesystem::path &folder) const override;
    [[nodiscard]] std::string whyNotMerged() const override { return tr("A prefix stands in front of the text; it cannot be written into the weights."); }
    [[nodiscard]] model::PrefixKeyValues prefix(std::int64_t layer) const override;
    [[nodiscard]] std::int64_t firstPosition() const override { return isSilent() ? 0 : m_config.virtualTokens; }
    void beginPass() const override;
    [[nodiscard]] bool isDescribed() const override { return true; }

private:
    PrefixTuning(PrefixConfig config, const model::ModelConfig &model, std::vector<NamedParameter> parameters);
    [[nodiscard]] at::Tensor keysAndValues() const; // [P, 2 L K D], through the projection where there is one
    PrefixConfig m_config;
    std::int64_t m_layers, m_heads, m_headSize;
    std::vector<NamedParameter> m_parameters; // prompt_embeddings, or embedding.weight and transform.{0,2}.{weight,bias}
    mutable std::vector<at::Tensor> m_now; // of the pass under way: keys and values of each layer, [P, K, D]
};

// Errors: those of create.
[[nodiscard]] Result<> checkPrefix(const PrefixConfig &config, const model::ModelConfig &model);
[[nodiscard]] std::int64_t prefixParameters(const PrefixConfig &config, const model::ModelConfig &model);

} // namespace fettle::tune
