// config.json of Hugging Face transformers, version 4 (rope_theta, rope_scaling, torch_dtype) and version 5 (rope_parameters, dtype),
// to and from ModelConfig. Missing fields have the defaults of transformers' own config classes.
#include "core/base/words.h"
#include "core/io/jsonfile.h"
#include "core/model/configchecks.h"

#include <fmt/format.h>
#include <limits>

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
                tr("Use a model of the Llama or Mistral family without this feature."));
}

Result<std::string> architectureOf(const json &object, std::string_view source, Family family)
{
    const std::string standard = family == Family::Mistral ? "MistralForCausalLM" : "LlamaForCausalLM";
    if (!isGiven(object, "architectures"))
        return standard;
    const json &list = object["architectures"];
    if (!list.is_array() || list.empty() || !list[0].is_string())
        return fail(ErrorCode::BadInput, tr("{}: \"architectures\" is not a list of names.", source), tr("Download the file again."));
    const auto name = list[0].get<std::string>();
    // Some derivatives keep Llama's layers and names under their own class.
    if (!name.ends_with("ForCausalLM")) {
        return fail(ErrorCode::BadInput, tr("{}: the model is a {}, which does not write text.", source, name.substr(0, 60)),
                    tr("Use a model made for text generation (its architecture ends with ForCausalLM)."));
    }
    return name;
}

Result<RopeScaling> scalingFromJson(const json &object, std::string_view source)
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

Result<> readRope(const json &object, std::string_view source, ModelConfig &config)
{
    const bool isNew = isGiven(object, "rope_parameters");
    const char *name = isNew ? "rope_parameters" : "rope_scaling";
    auto theta = jsonField<double>(object, "rope_theta", source, 10000.0);
    if (!theta)
        return passError(theta);
    config.ropeTheta = *theta;
    double rotated = 1.0;
    if (isGiven(object, "partial_rotary_factor")) {
        auto factor = jsonField<double>(object, "partial_rotary_factor", source);
        if (!factor)
            return passError(factor);
        rotated = *factor;
    }
    if (isGiven(object, name)) {
        const json &rope = object[name];
        if (!rope.is_object())
            return fail(ErrorCode::BadInput, tr("{}: \"{}\" is not an object.", source, name), tr("Download the file again."));
        theta = jsonField<double>(rope, "rope_theta", source, *theta);
        if (!theta)
            return passError(theta);
        config.ropeTheta = *theta;
        auto factor = jsonField<double>(rope, "partial_rotary_factor", source, rotated);
        if (!factor)
            return passError(factor);
        rotated = *factor;
        auto scaling = scalingFromJson(rope, source);
        if (!scaling)
            return passError(scaling);
        config.ropeScaling = *scaling;
    }
    if (rotated != 1.0)
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
    const bool isMistral = config.family == Family::Mistral;
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
        {"max_position_embeddings", &config.context, isMistral ? 4096 * 32 : 2048},
    };
    for (const Field &field : fields) {
        auto value = field.fallback < 0 ? jsonField<std::int64_t>(object, field.name, source)
                                        : jsonField<std::int64_t>(object, field.name, source, field.fallback);
        if (!value)
            return passError(value);
        *field.target = *value;
    }
    // Transformers: Mistral's default is 8 when the field is absent, and every head has its own when it is null.
    const bool isAbsent = !object.contains("num_key_value_heads");
    auto groups = jsonField<std::int64_t>(object, "num_key_value_heads", source, isMistral && isAbsent ? 8 : config.heads);
    if (!groups)
        return passError(groups);
    config.keyValueHeads = *groups;
    if (config.heads < 1)
        return fail(ErrorCode::BadInput, tr("{}: \"num_attention_heads\" is {}.", source, config.heads), tr("Download the file again."));
    auto headSize = jsonField<std::int64_t>(object, "head_dim", source, config.width / config.heads);
    if (!headSize)
        return passError(headSize);
    config.headSize = *headSize;
    if (isMistral) {
        config.slidingWindow = object.contains("sliding_window") ? 0 : 4096;
        auto window = jsonField<std::int64_t>(object, "sliding_window", source, config.slidingWindow);
        if (!window)
            return passError(window);
        config.slidingWindow = *window;
    }
    return {};
}

Result<> readFlags(const json &object, std::string_view source, ModelConfig &config)
{
    auto tied = jsonField<bool>(object, "tie_word_embeddings", source, false);
    auto epsilon = jsonField<double>(object, "rms_norm_eps", source, 1e-6);
    auto activation = jsonField<std::string>(object, "hidden_act", source, "silu");
    if (!tied)
        return passError(tied);
    if (!epsilon)
        return passError(epsilon);
    if (!activation)
        return passError(activation);
    if (*activation != "silu" && *activation != "swish")
        return unsupported(source, tr("the activation \"{}\"", activation->substr(0, 40)));
    config.isTied = *tied;
    config.rmsEpsilon = *epsilon;
    if (config.family == Family::Llama) {
        auto attention = jsonField<bool>(object, "attention_bias", source, false);
        auto mlp = jsonField<bool>(object, "mlp_bias", source, false);
        if (!attention)
            return passError(attention);
        if (!mlp)
            return passError(mlp);
        config.hasQkvBias = config.hasOutputBias = *attention;
        config.hasMlpBias = *mlp;
    }
    auto type = jsonField<std::string>(object, isGiven(object, "dtype") ? "dtype" : "torch_dtype", source, "");
    if (!type)
        return passError(type);
    config.storedType = *type;
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
    auto architecture = architectureOf(object, source, *family);
    if (!architecture)
        return passError(architecture);
    config.architecture = *architecture;
    for (auto *step : {&readSizes, &readRope, &readFlags, &readTokens}) {
        if (auto done = (*step)(object, source, config); !done)
            return passError(done);
    }
    if (auto checked = checkConfig(config, source); !checked)
        return passError(checked);
    return config;
}

json configToJson(const ModelConfig &config)
{
    json object = {
        {"architectures", {config.architecture}},
        {"model_type", config.modelType},
        {"vocab_size", config.vocabulary},
        {"hidden_size", config.width},
        {"intermediate_size", config.intermediate},
        {"num_hidden_layers", config.layers},
        {"num_attention_heads", config.heads},
        {"num_key_value_heads", config.keyValueHeads},
        {"head_dim", config.headSize},
        {"hidden_act", "silu"},
        {"max_position_embeddings", config.context},
        {"rms_norm_eps", config.rmsEpsilon},
        {"rope_theta", config.ropeTheta},
        {"rope_scaling", nullptr},
        {"tie_word_embeddings", config.isTied},
        {"torch_dtype", "float32"},
    };
    if (config.family == Family::Llama) {
        object["attention_bias"] = config.hasQkvBias;
        object["mlp_bias"] = config.hasMlpBias;
    } else {
        object["sliding_window"] = config.slidingWindow > 0 ? json(config.slidingWindow) : json(nullptr);
    }
    const RopeScaling &scaling = config.ropeScaling;
    if (scaling.kind == RopeScalingKind::Linear)
        object["rope_scaling"] = {{"rope_type", "linear"}, {"factor", scaling.factor}};
    if (scaling.kind == RopeScalingKind::Llama3) {
        object["rope_scaling"] = {{"rope_type", "llama3"},
                                  {"factor", scaling.factor},
                                  {"low_freq_factor", scaling.lowFrequencyFactor},
                                  {"high_freq_factor", scaling.highFrequencyFactor},
                                  {"original_max_position_embeddings", scaling.originalContext}};
    }
    if (config.beginToken >= 0)
        object["bos_token_id"] = config.beginToken;
    if (config.endTokens.size() == 1)
        object["eos_token_id"] = config.endTokens.front();
    else if (!config.endTokens.empty())
        object["eos_token_id"] = config.endTokens;
    return object;
}

} // namespace fettle::model
