// Full fine-tuning: the weights themselves are trained, all of them or chosen parts of chosen layers, in fp32. The result is a model folder as
// transformers writes it, not an adapter. Nothing is placed at the sites: both paths see which weights require a gradient.
#pragma once

#include "core/tune/adapter.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::tune {

// What can be trained apart: the maps of attention or of the MLP, all norms, the token embeddings, the output head (the embeddings when tied).
enum class WeightPart : std::uint8_t { Attention, Mlp, Norms, Embeddings, Head };

struct FullConfig {
    std::vector<WeightPart> parts;    // empty: every part
    std::vector<std::int64_t> layers; // empty: every layer. With a choice of layers, what belongs to no layer is trained only when named
    friend bool operator==(const FullConfig &, const FullConfig &) = default;
};

// "all" or some of attention, mlp, norms, embeddings, head. Errors: Usage, naming the part that does not exist.
[[nodiscard]] Result<std::vector<WeightPart>> parseParts(std::string_view text);
// Whether a tensor of the model, by the reference's name, is trained.
[[nodiscard]] bool isTrainedBy(const FullConfig &config, const model::ModelConfig &model, std::string_view name);
// Errors: Usage (nothing is chosen, a layer that the model does not have).
[[nodiscard]] Result<std::int64_t> fullParameters(const FullConfig &config, const model::ModelConfig &model);
// Empty when a model's weights can be trained themselves; else why not, as a sentence that names the file.
[[nodiscard]] std::string whyNotFull(const model::WeightSource &source);

class FullTuning final : public Adapter {
public:
    // What lies beside the weights in a model folder: config and tokenizer.
    using WriteBeside = std::function<Result<>(const std::filesystem::path &folder)>;

    // The weights are changed in place. Errors: as fullParameters.
    [[nodiscard]] static Result<std::shared_ptr<FullTuning>> create(std::shared_ptr<model::ModelWeights> weights, const FullConfig &config, WriteBeside writeBeside);

    // Maps that are stored as one matrix are one parameter: "model.layers.0.self_attn.qkv_proj.weight", "...mlp.gate_up_proj.weight".
    [[nodiscard]] std::vector<NamedParameter> parameters() const override { return m_parameters; }
    [[nodiscard]] std::string hash() const override { return hashOfParameters(m_parameters); }
    // A complete model folder.
    [[nodiscard]] Result<> save(const std::filesystem::path &folder) const override;
    [[nodiscard]] std::string whyNotMerged() const override { return {}; }
    [[nodiscard]] bool isDescribed() const override { return true; }

private:
    FullTuning(std::shared_ptr<model::ModelWeights> weights, std::vector<NamedParameter> parameters, WriteBeside writeBeside);
    std::shared_ptr<model::ModelWeights> m_weights;
    std::vector<NamedParameter> m_parameters;
    WriteBeside m_writeBeside;
};

} // namespace fettle::tune
