#include "core/tune/adapterhubhooks.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"

#include <fmt/format.h>

namespace fettle::tune {

using model::Family;
using model::LinearMap;
using model::Norm;
using nlohmann::json;

namespace {

// The module of a linear map inside its layer: "mlp.down_proj".
std::string moduleOf(const model::ModelConfig &model, LinearMap role)
{
    return model::linearName(0, model::mapFor(model, role)).substr(model::layerPrefix(model, 0).size());
}

bool hasNormBehind(const model::ModelConfig &model) { return model.normPlaces != model::NormPlaces::Before; }

json hooksOf(const model::ModelConfig &model)
{
    const std::string output = moduleOf(model, LinearMap::Output);
    const auto dot = output.find('.');
    const std::string_view beforeMlp = model::normName(model, Norm::BeforeMlp);
    json hooks = {
        {"adapter_methods", json::array({"bottleneck"})},
        {"base_model", model.normPlaces == model::NormPlaces::Both ? json("model") : json()}, // of Gemma, whose own prefix is another
        {"model_embeddings", model.family == Family::GptNeoX ? "embed_in" : "embed_tokens"},
        {"model_layers", "layers"},
        {"layer_self_attn", output.substr(0, dot)},
        {"layer_cross_attn", nullptr},
        {"attn_o_proj", output.substr(dot + 1)},
        {"layer_intermediate_proj", moduleOf(model, model.isFused && model.hasGate ? LinearMap::GateUp : LinearMap::Up)},
        {"layer_output_proj", moduleOf(model, LinearMap::Down)},
        {"layer_pre_ffn", beforeMlp.empty() ? "mlp" : beforeMlp},
        {"layer_pre_self_attn", nullptr}, {"layer_pre_cross_attn", nullptr}, {"layer_ln_1", nullptr}, {"layer_ln_2", nullptr},
    };
    if (hasNormBehind(model)) { // what a branch adds is what its norm gives; the norm is hooked as if it were the attention's last map
        hooks["layer_self_attn"] = model::normName(model, Norm::AfterAttention);
        hooks["attn_o_proj"] = "forward.__self__";
        hooks["layer_output_proj"] = model::normName(model, Norm::AfterMlp);
    }
    const bool isOneMap = hasNormBehind(model) || model.isFused;
    hooks["attn_qkv_proj"] = !isOneMap ? json() : hasNormBehind(model) ? json("forward.__self__") : json(model::nameOf(model::mapFor(model, LinearMap::QueryKeyValue)));
    for (const char *part : {"q", "k", "v"})
        hooks[fmt::format("attn_{}_proj", part)] = isOneMap ? json() : json(fmt::format("{}_proj", part));
    return hooks;
}

// Built in, by classes or by hooks of its own that agree with ours.
bool isKnownThere(Family family)
{
    return family == Family::Llama || family == Family::Mistral || family == Family::Gpt2 || family == Family::Qwen2 || family == Family::Qwen3;
}

} // namespace

Result<> writeHooks(const std::filesystem::path &folder, const model::ModelConfig &model)
{
    if (isKnownThere(model.family))
        return {};
    const json object = {{"interface", hooksOf(model)}, {"model_type", model::configToJson(model).value("model_type", "")}, {"version", "adapters.1.3.0"}};
    return io::writeFileAtomically(folder / kInterfaceFile, object.dump(2));
}

Result<> checkHooks(const std::filesystem::path &folder, const model::ModelConfig &model, BottleneckKind kind, bool isOurs)
{
    std::error_code ignored;
    const std::filesystem::path path = folder / kInterfaceFile;
    const auto elsewhere = [&](std::string_view field) {
        return fail(ErrorCode::BadInput, tr("{}: the adapter was trained at other places of the layer than Fettle's ({}).", path.string(), field),
                    tr("Train it again here, or in AdapterHub with the adapter_interface.json that an export from here holds."));
    };
    if (!std::filesystem::exists(path, ignored)) // what AdapterHub does by itself stands in front of the norms
        return hasNormBehind(model) && !isOurs ? elsewhere(kInterfaceFile) : Result<>();
    auto file = io::readJsonFile(path);
    if (!file)
        return passError(file);
    const json theirs = file->is_object() ? file->value("interface", json()) : json();
    if (!theirs.is_object())
        return elsewhere("interface");
    const json ours = hooksOf(model);
    const auto differs = [&](const char *field) { return theirs.value(field, json()) != ours[field]; };
    for (const char *field : {"layer_output_proj", "layer_ln_2"}) {
        if (differs(field))
            return elsewhere(field);
    }
    if (kind != BottleneckKind::Double)
        return differs("layer_pre_ffn") ? elsewhere("layer_pre_ffn") : Result<>();
    for (const char *field : {"layer_self_attn", "attn_o_proj", "layer_ln_1"}) {
        if (differs(field))
            return elsewhere(field);
    }
    return {};
}

std::string whyNotInAdapterHub(const model::ModelConfig &model, BottleneckKind kind)
{
    if (!model.isParallel || kind == BottleneckKind::Double)
        return {};
    return tr("In this model attention and MLP stand beside each other, and AdapterHub has no place for an adapter that reads both.");
}

} // namespace fettle::tune
