// Fields and defaults: transformers' GPT2Config and GPTNeoXConfig, versions 4 and 5.
#include "core/model/configgpt.h"

#include "core/base/words.h"
#include "core/io/jsonfile.h"

namespace fettle::model {

namespace {

using io::jsonField;
using nlohmann::json;

tl::unexpected<Error> unsupportedGpt(std::string_view source, std::string_view what)
{
    return fail(ErrorCode::BadInput, tr("{}: {} is not supported.", source, what),
                tr("Use a model without this feature, for example SmolLM2, Llama 3.2 or Qwen 2.5."));
}

Result<Activation> gptActivation(const std::string &name, std::string_view source)
{
    // gelu_new and gelu_fast are the formula with tanh in other words.
    if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh")
        return Activation::GeluTanh;
    if (name == "gelu")
        return Activation::Gelu;
    if (name == "silu" || name == "swish")
        return Activation::Silu;
    return unsupportedGpt(source, tr("the activation \"{}\"", name.substr(0, 40)));
}

std::string wordOf(Activation activation)
{
    return activation == Activation::Gelu ? "gelu" : activation == Activation::GeluTanh ? "gelu_new" : "silu";
}

struct GptField {
    const char *name;
    std::int64_t *target;
    std::int64_t fallback;
};

Result<> readGptFields(const json &object, std::string_view source, std::initializer_list<GptField> fields)
{
    for (const GptField &field : fields) {
        auto value = jsonField<std::int64_t>(object, field.name, source, field.fallback);
        if (!value)
            return passError(value);
        *field.target = *value;
    }
    return {};
}

// What changes the layers of a GPT-2 in ways that the decoder does not follow.
Result<> readGpt2Scores(const json &object, std::string_view source, ModelConfig &config)
{
    auto isScaled = jsonField<bool>(object, "scale_attn_weights", source, true);
    auto isByLayer = jsonField<bool>(object, "scale_attn_by_inverse_layer_idx", source, false);
    auto isCrossed = jsonField<bool>(object, "add_cross_attention", source, false);
    if (!isScaled)
        return passError(isScaled);
    if (!isByLayer)
        return passError(isByLayer);
    if (!isCrossed)
        return passError(isCrossed);
    if (*isByLayer)
        return unsupportedGpt(source, tr("another scale of the scores in each layer (scale_attn_by_inverse_layer_idx)"));
    if (*isCrossed)
        return unsupportedGpt(source, tr("attention to a second text (add_cross_attention)"));
    config.queryScale = *isScaled ? 0 : 1;
    return {};
}

} // namespace

Result<> readGptSizes(const json &object, std::string_view source, ModelConfig &config)
{
    const bool isGpt2 = config.family == Family::Gpt2;
    auto read = isGpt2 ? readGptFields(object, source, {{"vocab_size", &config.vocabulary, 50257}, {"n_embd", &config.width, 768}, {"n_layer", &config.layers, 12},
                                                     {"n_head", &config.heads, 12}, {"n_positions", &config.context, 1024}, {"n_inner", &config.intermediate, 0}})
                       : readGptFields(object, source, {{"vocab_size", &config.vocabulary, 50432}, {"hidden_size", &config.width, 6144}, {"num_hidden_layers", &config.layers, 44},
                                                     {"num_attention_heads", &config.heads, 64}, {"max_position_embeddings", &config.context, 2048},
                                                     {"intermediate_size", &config.intermediate, 24576}});
    if (!read)
        return read;
    if (isGpt2 && config.intermediate == 0 && config.width > 0 && config.width < (1 << 20))
        config.intermediate = 4 * config.width;
    if (config.heads < 1 || config.width < 1 || config.width % config.heads != 0) {
        return fail(ErrorCode::BadInput, tr("{}: a width of {} cannot be divided among {} attention heads.", source, config.width, config.heads), tr("Download the file again."));
    }
    config.keyValueHeads = config.heads;
    config.headSize = config.width / config.heads;
    return {};
}

Result<> readGptFlags(const json &object, std::string_view source, ModelConfig &config)
{
    const bool isGpt2 = config.family == Family::Gpt2;
    auto tied = jsonField<bool>(object, "tie_word_embeddings", source, isGpt2);
    auto epsilon = jsonField<double>(object, isGpt2 ? "layer_norm_epsilon" : "layer_norm_eps", source, 1e-5);
    auto activation = jsonField<std::string>(object, isGpt2 ? "activation_function" : "hidden_act", source, isGpt2 ? "gelu_new" : "gelu");
    auto isParallel = jsonField<bool>(object, "use_parallel_residual", source, !isGpt2);
    auto hasBias = jsonField<bool>(object, "attention_bias", source, true);
    auto type = jsonField<std::string>(object, object.contains("dtype") ? "dtype" : "torch_dtype", source, "");
    if (!tied)
        return passError(tied);
    if (!epsilon)
        return passError(epsilon);
    if (!activation)
        return passError(activation);
    if (!isParallel)
        return passError(isParallel);
    if (!hasBias)
        return passError(hasBias);
    if (!type)
        return passError(type);
    auto curve = gptActivation(*activation, source);
    if (!curve)
        return passError(curve);
    config.isTied = *tied;
    config.rmsEpsilon = *epsilon;
    config.activation = *curve;
    config.isParallel = *isParallel && !isGpt2;
    config.hasQkvBias = config.hasOutputBias = *hasBias || isGpt2;
    config.storedType = *type;
    return isGpt2 ? readGpt2Scores(object, source, config) : Result<>();
}

json gptConfigToJson(const ModelConfig &config)
{
    json object = {{"model_type", config.modelType}, {"vocab_size", config.vocabulary}, {"tie_word_embeddings", config.isTied}, {"torch_dtype", "float32"}};
    if (config.family == Family::Gpt2) {
        object["n_embd"] = config.width;
        object["n_layer"] = config.layers;
        object["n_head"] = config.heads;
        object["n_positions"] = config.context;
        object["n_inner"] = config.intermediate;
        object["layer_norm_epsilon"] = config.rmsEpsilon;
        object["activation_function"] = wordOf(config.activation);
        object["scale_attn_weights"] = config.queryScale == 0;
        return object;
    }
    object["hidden_size"] = config.width;
    object["num_hidden_layers"] = config.layers;
    object["num_attention_heads"] = config.heads;
    object["max_position_embeddings"] = config.context;
    object["intermediate_size"] = config.intermediate;
    object["layer_norm_eps"] = config.rmsEpsilon;
    object["hidden_act"] = wordOf(config.activation);
    object["use_parallel_residual"] = config.isParallel;
    object["attention_bias"] = config.hasQkvBias;
    object["rotary_pct"] = static_cast<double>(config.rotated()) / static_cast<double>(config.headSize);
    object["rotary_emb_base"] = config.ropeTheta;
    object["rope_theta"] = config.ropeTheta;
    return object;
}

} // namespace fettle::model
