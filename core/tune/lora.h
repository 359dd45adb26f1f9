// The LoRA family as PEFT defines it (engine-facts 1.1). Tensors are fp32 and have PEFT's names. Files: see peftfolder.h.
//   LoRA   (Hu et al. 2021)          y = W x + s B A dropout(x), s = alpha / r
//   rsLoRA (Kalajdzievski 2023)      s = alpha / sqrt(r)
//   DoRA   (Liu et al. 2024)         each row of W + s B A is brought to a trained length: y = g (W + s B A) x, g = m / |W + s B A|; dora.cpp
//   PiSSA  (Meng et al. 2024)        A and B begin as the strongest directions of W, which are subtracted; pissa.cpp
#pragma once

#include "core/tune/adapter.h"
#include "core/tune/outerparts.h"

#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::tune {

inline constexpr std::string_view kAllLinear = "all-linear"; // every linear map but the output head

// How A and B begin. Every one of them gives the base model.
enum class LoraInit { Uniform, Gaussian, Pissa };

struct LoraConfig {
    std::int64_t rank = 16;
    double alpha = 16.0;
    double dropout = 0.0; // on the input of A only, while training
    bool isRankStabilised = false; // rsLoRA
    bool isDora = false;
    // Names ("q_proj", or a suffix of the module path behind a dot), or {"all-linear"}. Ignored when targetPattern is set.
    std::vector<std::string> targets = {std::string(kAllLinear)};
    std::string targetPattern; // regular expression that must match the whole module path
    std::map<std::string, std::int64_t> rankPattern; // by suffix or regular expression, as PEFT
    std::map<std::string, double> alphaPattern;
    std::vector<std::int64_t> layers; // layers_to_transform; empty: all
    std::vector<std::string> savedModules; // modules_to_save: embed_tokens, lm_head
    LoraInit init = LoraInit::Uniform;
    std::string baseModel;            // name or path, written to adapter_config.json
    friend bool operator==(const LoraConfig &, const LoraConfig &) = default;
};

// "q_proj,k_proj" or "all-linear" as typed by people. Errors: Usage, naming the target that the model does not have.
[[nodiscard]] Result<std::vector<std::string>> parseTargets(std::string_view text);

// The names under which PEFT finds these maps of most families in this model: those of its own maps that do the same, each once ("c_attn" for
// Query, Key and Value of GPT-2; "mlp.c_proj" where the last name alone would mean two).
[[nodiscard]] std::vector<std::string> targetsFor(const model::ModelConfig &model, std::span<const model::LinearMap> roles);

// One adapter: A and B for each targeted map. Placed at the decoder's sites.
class LoraAdapter final : public Adapter {
public:
    struct Module {
        std::int64_t layer = 0;
        model::LinearMap map = model::LinearMap::Query;
        at::Tensor a; // [R, in]
        at::Tensor b; // [out, R]
        at::Tensor magnitude; // [out], DoRA's m; undefined without
        at::Tensor fixedA, fixedB; // PiSSA: what is subtracted for good, s fixedB fixedA; undefined without
        double scaling = 1.0; // s, without the strength
        double alpha = 0;     // of this module (alpha_pattern)
        [[nodiscard]] std::int64_t rank() const { return a.size(0); }
    };

    // A ~ U(-1/sqrt(in), 1/sqrt(in)) (kaiming-uniform with a = sqrt 5) or N(0, 1/r), B = 0, from random streams of the seed: a module's
    // values depend on seed and name only. DoRA and PiSSA begin from the weights and need them.
    // Errors: BadInput/Usage (rank out of range, no target found, unknown target named, methods that exclude each other).
    [[nodiscard]] static Result<std::shared_ptr<LoraAdapter>> create(const model::ModelConfig &model, const LoraConfig &config, std::uint64_t seed);
    [[nodiscard]] static Result<std::shared_ptr<LoraAdapter>> create(const model::ModelWeights &weights, const LoraConfig &config, std::uint64_t seed);

    [[nodiscard]] const LoraConfig &config() const { return m_config; }
    [[nodiscard]] const std::vector<Module> &modules() const { return m_modules; } // layer by layer, q k v o gate up down
    [[nodiscard]] const Module *find(std::int64_t layer, model::LinearMap map) const;
    [[nodiscard]] const OuterModules &outer() const { return m_outer; }
    [[nodiscard]] bool hasOuter() const { return m_outer[0].isUsed() || m_outer[1].isUsed(); }
    // Every A, B and m, module by module; then those of embeddings and head.
    [[nodiscard]] std::vector<NamedParameter> parameters() const override;
    // SHA-256 over names, shapes, values and scalings as they are now (strength excluded), lower-case hex.
    [[nodiscard]] std::string hash() const override;
    [[nodiscard]] Result<> save(const std::filesystem::path &folder) const override;
    [[nodiscard]] std::string whyNotMerged() const override;
    [[nodiscard]] at::Tensor mergedTensor(const model::ModelWeights &weights, std::string_view name) const override;

    // Sites
    [[nodiscard]] at::Tensor embedded(const model::PackedBatch &batch, at::Tensor h) const override;
    [[nodiscard]] model::HeadChange head() const override;
    [[nodiscard]] std::vector<model::LowRank> lowRank(std::int64_t layer, model::LinearMap map) const override;
    // DoRA's factors, or, where they do not say it all (with dropout, at a strength other than 1), its formula.
    [[nodiscard]] std::optional<model::Gain> gain(std::int64_t layer, model::LinearMap map, const model::LinearWeight &weight) const override;
    [[nodiscard]] at::Tensor linear(std::int64_t layer, model::LinearMap map, const model::LinearWeight &weight, const at::Tensor &x,
                                    at::Tensor y) const override;
    [[nodiscard]] bool isDescribed() const override { return (!m_config.isDora || isSilent() || hasFactorsOnly()) && !hasOuter(); }

    // From complete parts (readers of adapter files). modules must be in order.
    LoraAdapter(LoraConfig config, std::vector<Module> modules, std::int64_t layers);
    LoraAdapter(LoraConfig config, std::vector<Module> modules, OuterModules outer, const model::ModelConfig &model);

private:
    [[nodiscard]] bool hasFactorsOnly() const { return strength() == 1.0 && !(isTraining() && m_config.dropout > 0.0); }
    LoraConfig m_config;
    std::vector<Module> m_modules;
    OuterModules m_outer;
    bool m_isTied = false; // of the model
    double m_embeddingScale = 1.0;
    std::vector<std::array<int, model::kLinearMaps>> m_index; // [layer][map] -> module or -1
};

// A module that an adapter goes to, with its rank, alpha and s after rank_pattern and alpha_pattern.
struct PlannedModule {
    std::int64_t layer = 0;
    model::LinearMap map = model::LinearMap::Query;
    std::int64_t rank = 0;
    double alpha = 0;
    double scaling = 1;
};
// In the order of LoraAdapter::modules(); may be empty where embeddings or head are targeted. Errors: Usage or BadInput naming what is out of range, unusable or not found. Allocates nothing.
[[nodiscard]] Result<std::vector<PlannedModule>> planModules(const model::ModelConfig &model, const LoraConfig &config);

// Values that LoRA with this config trains in this model. Errors: as planModules.
[[nodiscard]] Result<std::int64_t> loraParameters(const LoraConfig &config, const model::ModelConfig &model);

// Whether PEFT would place an adapter at this module path ("model.layers.0.mlp.up_proj"); check_target_module_exists of PEFT.
[[nodiscard]] Result<bool> isTarget(const LoraConfig &config, std::string_view modulePath, std::int64_t layer);

// DoRA: |W + s B A| by row, [out], without gradients as in PEFT. weight [out, in].
[[nodiscard]] at::Tensor rowLengths(const at::Tensor &weight, const LoraAdapter::Module &module);

// PiSSA. Values of A and B that hold the R strongest directions of W [out, in], scaled so that s B A is their sum.
struct LowRankPair { at::Tensor a, b; };
[[nodiscard]] LowRankPair principalPair(const at::Tensor &weight, std::int64_t rank, double scaling, std::uint64_t seed);
// A PiSSA adapter as plain LoRA of twice the rank, as it lies in files.
[[nodiscard]] std::shared_ptr<LoraAdapter> asPlainLora(const LoraAdapter &pissa);
// The way back, to go on with a run: plain has twice the rank of config. Errors: BadInput.
[[nodiscard]] Result<std::shared_ptr<LoraAdapter>> asPissa(const LoraAdapter &plain, const model::ModelConfig &model, const LoraConfig &config);

} // namespace fettle::tune
