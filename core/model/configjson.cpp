// config.json of Hugging Face transformers, version 4 (rope_theta, rope_scaling, torch_dtype) and version 5 (rope_parameters, dtype),
// to ModelConfig. Missing fields have the defaults of transformers' own config classes.
#include "core/base/words.h"
#include "core/io/jsonfile.h"
#include "core/model/configchecks.h"
#include "core/model/configgpt.h"
#include "core/model/layerkinds.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::model {

namespace {

using io::jsonField;
using nlohmann::json;

bool isGiven(const json &object, const char *field)
{
    const auto found = object.find(field);
    return found != object.end() && !found->is_null();
}

tl::unexpected<Error> unsupported(std::string_view source, std::string_view what)
{
    return fail(ErrorCode::BadInput, tr("{}: {} is not supported.", source, what),
                tr("Use a model without this feature, for example SmolLM2, Llama 3.2 or Qwen 2.5."));
}

// Of transformers' own config classes. 0: follows from the other sizes.
struct Defaults {
    std::int64_t context = 2048, keyValueHeads = 0, headSize = 0;
    double epsilon = 1e-6, theta = 10000.0;
    bool isTied = false;
};

Defaults defaultsOf(Family family)
{
    switch (family) {
    case Family::Llama: break;
    case Family::Mistral: return {4096 * 32, 8, 0, 1e-6, 10000.0, false};
    case Family::Qwen2: return {32768, 32, 0, 1e-6, 10000.0, false};
    case Family::Qwen3: return {32768, 32, 128, 1e-6, 10000.0, false};
    case Family::Gemma2: return {8192, 4, 256, 1e-6, 10000.0, true};
    case Family::Gemma3: return {131072, 4, 256, 1e-6, 1000000.0, true};
    case Family::SmolLm3: return {32768, 4, 0, 1e-6, 2000000.0, true};
    case Family::Olmo2: return {2048, 0, 0, 1e-5, 10000.0, false};
    case Family::Phi3: return {4096, 0, 0, 1e-5, 10000.0, false};
    case Family::Gpt2:
    case Family::GptNeoX: break;
    }
    return {};
}

Result<std::string> architectureFromJson(const json &object, std::string_view source, Family family)
{
    const std::string standard(architectureOf(family));
    if (!isGiven(object, "architectures"))
        return standard;
    const json &list = object["architectures"];
    if (!list.is_array() || list.empty() || !list[0].is_string())
        return fail(ErrorCode::BadInput, tr("{}: \"architectures\" is not a list of names.", source), tr("Download the file again."));
    const auto name = list[0].get<std::string>();
    // Some derivatives keep Llama's layers and names under their own class.
    if (!name.ends_with("ForCausalLM") && name != standard) {
        return fail(ErrorCode::BadInput, tr("{}: the model is a {}, which does not write text.", source, name.substr(0, 60)),
                    tr("Use a model made for text generation (its architecture ends with ForCausalLM)."));
    }
    return name;
}

Result<std::vector<float>> factorsFromJson(const json &object, const char *field, std::string_view source)
{
    std::vector<float> factors;
    if (!isGiven(object, field) || !object[field].is_array() || object[field].size() > 4096)
        return fail(ErrorCode::BadInput, tr("{}: \"{}\" is not a list of numbers.", source, field), tr("Download the file again."));
    for (const json &value : object[field]) {
        if (!value.is_number())
            return fail(ErrorCode::BadInput, tr("{}: \"{}\" holds something that is not a number.", source, field), tr("Download the file again."));
        factors.push_back(value.get<float>());
    }
    return factors;
}

// whole: the config around it, whose two lengths say how far the context was stretched.
Result<RopeScaling> longRopeFromJson(const json &object, const json &whole, std::string_view source)
{
    RopeScaling scaling;
    scaling.kind = RopeScalingKind::LongRope;
    auto shortFactors = factorsFromJson(object, "short_factor", source);
    if (!shortFactors)
        return passError(shortFactors);
    auto longFactors = factorsFromJson(object, "long_factor", source);
    if (!longFactors)
        return passError(longFactors);
    auto context = jsonField<std::int64_t>(whole, "max_position_embeddings", source, std::int64_t{4096});
    if (!context)
        return passError(context);
    auto original = jsonField<std::int64_t>(whole, "original_max_position_embeddings", source, std::int64_t{4096});
    if (!original)
        return passError(original);
    original = jsonField<std::int64_t>(object, "original_max_position_embeddings", source, *original);
    if (!original)
        return passError(original);
    const bool isPossible = *original > 1 && *context > 0;
    const double stretch = isPossible ? static_cast<double>(*context) / static_cast<double>(*original) : 1.0;
    auto factor = jsonField<double>(object, "factor", source, stretch);
    if (!factor)
        return passError(factor);
    const double usual = isPossible && *factor > 1.0 ? std::sqrt(1.0 + std::log(*factor) / std::log(static_cast<double>(*original))) : 1.0;
    auto attention = jsonField<double>(object, "attention_factor", source, usual);
    if (!attention)
        return passError(attention);
    scaling.shortFactors = std::move(*shortFactors);
    scaling.longFactors = std::move(*longFactors);
    scaling.originalContext = *original;
    scaling.longContext = *context;
    scaling.attentionFactor = *attention;
    return scaling;
}

// whole: the config that holds the object.
Result<RopeScaling> scalingFromJson(const json &object, const json &whole, std::string_view source)
{
    RopeScaling scaling;
    auto type = jsonField<std::string>(object, "rope_type", source, "");
    if (!type)
        return passError(type);
    if (type->empty()) {
        type = jsonField<std::string>(object, "type", source, "default");
        if (!type)
            return passError(type);
    }
    if (*type == "default" || *type == "none")
        return scaling;
    if (*type == "longrope" || *type == "su")
        return longRopeFromJson(object, whole, source);
    if (*type != "linear" && *type != "llama3")
        return unsupported(source, tr("the rotary scaling \"{}\"", type->substr(0, 40)));
    auto factor = jsonField<double>(object, "factor", source);
    if (!factor)
        return passError(factor);
    scaling.factor = *factor;
    if (*type == "linear") {
        scaling.kind = RopeScalingKind::Linear;
        return scaling;
    }
    scaling.kind = RopeScalingKind::Llama3;
    auto low = jsonField<double>(object, "low_freq_factor", source);
    auto high = jsonField<double>(object, "high_freq_factor", source);
    auto original = jsonField<std::int64_t>(object, "original_max_position_embeddings", source);
    if (!low)
        return passError(low);
    if (!high)
        return passError(high);
    if (!original)
        return passError(original);
    scaling.lowFrequencyFactor = *low;
    scaling.highFrequencyFactor = *high;
    scaling.originalContext = *original;
    return scaling;
}

// What a rotary object says: base, scaling, part of each head.
Result<> readRopeObject(const json &rope, const json &whole, std::string_view source, ModelConfig &config, double &rotated)
{
    auto theta = jsonField<double>(rope, "rope_theta", source, config.ropeTheta);
    if (!theta)
        return passError(theta);
    config.ropeTheta = *theta;
    auto factor = jsonField<double>(rope, "partial_rotary_factor", source, rotated);
    if (!factor)
        return passError(factor);
    rotated = *factor;
    auto scaling = scalingFromJson(rope, whole, source);
    if (!scaling)
        return passError(scaling);
    config.ropeScaling = *scaling;
    return {};
}

// Gemma 3's sliding layers: a base of their own, no scaling.
Result<> readLocalRope(const json &object, std::string_view source, ModelConfig &config)
{
    auto theta = jsonField<double>(object, "rope_local_base_freq", source, 10000.0);
    if (!theta)
        return passError(theta);
    config.localRopeTheta = *theta;
    if (!isGiven(object, "rope_parameters") || !object["rope_parameters"].is_object() || !isGiven(object["rope_parameters"], "sliding_attention"))
        return {};
    const json &local = object["rope_parameters"]["sliding_attention"];
    if (!local.is_object())
        return fail(ErrorCode::BadInput, tr("{}: \"{}\" is not an object.", source, "sliding_attention"), tr("Download the file again."));
    theta = jsonField<double>(local, "rope_theta", source, *theta);
    if (!theta)
        return passError(theta);
    config.localRopeTheta = *theta;
    auto scaling = scalingFromJson(local, object, source);
    if (!scaling)
        return passError(scaling);
    if (scaling->kind != RopeScalingKind::None)
        return unsupported(source, tr("a rotary scaling of the sliding layers"));
    return {};
}

Result<> readRope(const json &object, std::string_view source, ModelConfig &config)
{
    const bool isNew = isGiven(object, "rope_parameters");
    const char *name = isNew ? "rope_parameters" : "rope_scaling";
    const bool isNeox = config.family == Family::GptNeoX; // with names of its own in version 4
    auto theta = jsonField<double>(object, isNeox && isGiven(object, "rotary_emb_base") ? "rotary_emb_base" : "rope_theta", source, defaultsOf(config.family).theta);
    if (!theta)
        return passError(theta);
    config.ropeTheta = *theta;
    double rotated = isNeox ? 0.25 : 1.0;
    const char *part = isNeox && isGiven(object, "rotary_pct") ? "rotary_pct" : "partial_rotary_factor";
    if (isGiven(object, part)) {
        auto factor = jsonField<double>(object, part, source);
        if (!factor)
            return passError(factor);
        rotated = *factor;
    }
    if (isGiven(object, name)) {
        const json &rope = object[name];
        if (!rope.is_object())
            return fail(ErrorCode::BadInput, tr("{}: \"{}\" is not an object.", source, name), tr("Download the file again."));
        const bool isByLayer = isGiven(rope, "full_attention");
        if (isByLayer && (config.family != Family::Gemma3 || !rope["full_attention"].is_object()))
            return unsupported(source, tr("a rotary table for each kind of layer"));
        if (auto read = readRopeObject(isByLayer ? rope["full_attention"] : rope, object, source, config, rotated); !read)
            return read;
    }
    if (config.family == Family::Gemma3) {
        if (auto read = readLocalRope(object, source, config); !read)
            return read;
    }
    if (rotated == 1.0)
        return {};
    if ((config.family != Family::Phi3 && !isNeox) || !(rotated > 0.0 && rotated < 1.0))
        return unsupported(source, tr("rotating only a part of each head (partial_rotary_factor {})", rotated));
    config.rotatedSize = static_cast<std::int64_t>(static_cast<double>(config.headSize) * rotated);
    if (config.rotatedSize < 2) // 0 would mean the whole head
        return unsupported(source, tr("rotating only a part of each head (partial_rotary_factor {})", rotated));
    return {};
}

Result<> readTokens(const json &object, std::string_view source, ModelConfig &config)
{
    if (isGiven(object, "bos_token_id") && object["bos_token_id"].is_number_integer())
        config.beginToken = object["bos_token_id"].get<std::int64_t>();
    if (!isGiven(object, "eos_token_id"))
        return {};
    const json &end = object["eos_token_id"];
    if (end.is_number_integer()) {
        config.endTokens.push_back(end.get<std::int64_t>());
        return {};
    }
    if (!end.is_array())
        return fail(ErrorCode::BadInput, tr("{}: \"eos_token_id\" is not a number or a list of numbers.", source), tr("Download the file again."));
    for (const json &value : end) {
        if (!value.is_number_integer())
            return fail(ErrorCode::BadInput, tr("{}: \"eos_token_id\" holds something that is not a whole number.", source), tr("Download the file again."));
        config.endTokens.push_back(value.get<std::int64_t>());
    }
    return {};
}

Result<> readSizes(const json &object, std::string_view source, ModelConfig &config)
{
    const Defaults defaults = defaultsOf(config.family);
    struct Field {
        const char *name;
        std::int64_t *target;
        std::int64_t fallback; // below 0: must be there
    };
    const Field fields[] = {
        {"vocab_size", &config.vocabulary, -1},
        {"hidden_size", &config.width, -1},
        {"num_hidden_layers", &config.layers, -1},
        {"num_attention_heads", &config.heads, -1},
        {"intermediate_size", &config.intermediate, -1},
        {"max_position_embeddings", &config.context, defaults.context},
    };
    for (const Field &field : fields) {
        auto value = field.fallback < 0 ? jsonField<std::int64_t>(object, field.name, source)
                                        : jsonField<std::int64_t>(object, field.name, source, field.fallback);
        if (!value)
            return passError(value);
        *field.target = *value;
    }
    // Transformers: an absent field has the class's default, null means a head of keys for each head of queries.
    const bool isAbsent = !object.contains("num_key_value_heads");
    auto groups = jsonField<std::int64_t>(object, "num_key_value_heads", source, isAbsent && defaults.keyValueHeads > 0 ? defaults.keyValueHeads : config.heads);
    if (!groups)
        return passError(groups);
    config.keyValueHeads = *groups;
    if (config.heads < 1)
        return fail(ErrorCode::BadInput, tr("{}: \"num_attention_heads\" is {}.", source, config.heads), tr("Download the file again."));
    const bool isUsual = defaults.headSize == 0 || object.contains("head_dim");
    auto headSize = jsonField<std::int64_t>(object, "head_dim", source, isUsual ? config.width / config.heads : defaults.headSize);
    if (!headSize)
        return passError(headSize);
    config.headSize = *headSize;
    return {};
}

Result<> readFlags(const json &object, std::string_view source, ModelConfig &config)
{
    const Defaults defaults = defaultsOf(config.family);
    const bool isGemma = config.family == Family::Gemma2 || config.family == Family::Gemma3;
    auto tied = jsonField<bool>(object, "tie_word_embeddings", source, defaults.isTied);
    auto epsilon = jsonField<double>(object, "rms_norm_eps", source, defaults.epsilon);
    auto activation = jsonField<std::string>(object, isGemma ? "hidden_activation" : "hidden_act", source, isGemma ? "gelu_pytorch_tanh" : "silu");
    if (!tied)
        return passError(tied);
    if (!epsilon)
        return passError(epsilon);
    if (!activation)
        return passError(activation);
    if (*activation == "gelu_pytorch_tanh")
        config.activation = Activation::GeluTanh;
    else if (*activation != "silu" && *activation != "swish")
        return unsupported(source, tr("the activation \"{}\"", activation->substr(0, 40)));
    config.isTied = *tied;
    config.rmsEpsilon = *epsilon;
    if (config.family != Family::Mistral && config.family != Family::Qwen2 && config.family != Family::Phi3) {
        auto attention = jsonField<bool>(object, "attention_bias", source, false);
        if (!attention)
            return passError(attention);
        config.hasQkvBias = config.hasOutputBias = *attention;
    }
    if (config.family == Family::Llama || config.family == Family::SmolLm3) {
        auto mlp = jsonField<bool>(object, "mlp_bias", source, false);
        if (!mlp)
            return passError(mlp);
        config.hasMlpBias = *mlp;
    }
    auto type = jsonField<std::string>(object, isGiven(object, "dtype") ? "dtype" : "torch_dtype", source, "");
    if (!type)
        return passError(type);
    config.storedType = *type;
    return {};
}

// Gemma: the scale of queries, and soft limits of scores and logits.
Result<> readScales(const json &object, std::string_view source, ModelConfig &config)
{
    const bool isSecond = config.family == Family::Gemma2;
    if (!isSecond && config.family != Family::Gemma3)
        return {};
    auto query = jsonField<double>(object, "query_pre_attn_scalar", source, 256.0);
    auto attention = jsonField<double>(object, "attn_logit_softcapping", source, isSecond && !object.contains("attn_logit_softcapping") ? 50.0 : 0.0);
    auto last = jsonField<double>(object, "final_logit_softcapping", source, isSecond && !object.contains("final_logit_softcapping") ? 30.0 : 0.0);
    auto isBidirectional = jsonField<bool>(object, "use_bidirectional_attention", source, false);
    if (!query)
        return passError(query);
    if (!attention)
        return passError(attention);
    if (!last)
        return passError(last);
    if (!isBidirectional)
        return passError(isBidirectional);
    if (*isBidirectional)
        return unsupported(source, tr("attention to tokens that follow (use_bidirectional_attention)"));
    if (!(*query > 0))
        return fail(ErrorCode::BadInput, tr("{}: \"{}\" is {}.", source, "query_pre_attn_scalar", *query), tr("Download the file again."));
    config.queryScale = 1.0 / std::sqrt(*query);
    config.attentionSoftcap = *attention;
    config.finalSoftcap = *last;
    return {};
}

} // namespace

Result<ModelConfig> configFromJson(const json &object, std::string_view source)
{
    if (!object.is_object())
        return fail(ErrorCode::BadInput, tr("{} is not a JSON object.", source), tr("Choose the config.json of a language model."));
    if (isGiven(object, "peft_type")) {
        return fail(ErrorCode::BadInput, tr("{} belongs to an adapter, not to a model.", source),
                    tr("Choose the base model here and the adapter in its own field."));
    }
    ModelConfig config;
    auto type = jsonField<std::string>(object, "model_type", source, "");
    if (!type)
        return passError(type);
    if (*type == "gemma3") { // in a GGUF file of this name there are no pictures
        return fail(ErrorCode::BadInput, tr("{}: the model is a Gemma 3 that reads pictures as well as text, which cannot be used yet.", source),
                    tr("Use a Gemma 3 for text (model type \"gemma3_text\", for example Gemma 3 270M or 1B), or a GGUF file of this model."));
    }
    auto family = familyFromType(*type, source);
    if (!family)
        return passError(family);
    config.family = *family;
    config.modelType = *type;
    if (isGiven(object, "quantization_config")) {
        const json &quantised = object["quantization_config"];
        const bool isNamed = quantised.is_object() && quantised.contains("quant_method") && quantised["quant_method"].is_string();
        return fail(ErrorCode::BadInput, tr("{}: the weights are quantised with \"{}\".", source,
                                                     isNamed ? quantised["quant_method"].get<std::string>().substr(0, 40) : "an unknown method"),
                    tr("Use the original model in F32, F16 or BF16, or a GGUF file."));
    }
    auto architecture = architectureFromJson(object, source, *family);
    if (!architecture)
        return passError(architecture);
    config.architecture = *architecture;
    using Step = Result<> (*)(const json &, std::string_view, ModelConfig &);
    const std::vector<Step> steps = *family == Family::Gpt2 ? std::vector<Step>{readGptSizes, readGptFlags, readTokens}
        : *family == Family::GptNeoX                        ? std::vector<Step>{readGptSizes, readGptFlags, readRope, readTokens}
                                                            : std::vector<Step>{readSizes, readFlags, readLayerKinds, readRope, readScales, readTokens};
    for (const Step step : steps) {
        if (auto done = step(object, source, config); !done)
            return passError(done);
    }
    applyFamily(config);
    if (auto checked = checkConfig(config, source); !checked)
        return passError(checked);
    return config;
}

} // namespace fettle::model
