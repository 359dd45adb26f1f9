#include "core/tune/full.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/safetensors.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <span>

namespace fettle::tune {

namespace {

using Part = WeightPart;
using model::LinearMap;

constexpr std::array<std::pair<std::string_view, Part>, 5> kParts = {
    {{"attention", Part::Attention}, {"mlp", Part::Mlp}, {"norms", Part::Norms}, {"embeddings", Part::Embeddings}, {"head", Part::Head}}};

bool hasPart(const FullConfig &config, Part part)
{
    return config.parts.empty() || std::find(config.parts.begin(), config.parts.end(), part) != config.parts.end();
}

// Embeddings, head and last norm belong to no layer.
bool hasOuterPart(const FullConfig &config, Part part) { return hasPart(config, part) && (config.layers.empty() || !config.parts.empty()); }

bool hasLayer(const FullConfig &config, std::int64_t layer)
{
    return config.layers.empty() || std::find(config.layers.begin(), config.layers.end(), layer) != config.layers.end();
}

void addLinear(std::vector<NamedParameter> &list, const std::string &name, const model::LinearWeight &linear)
{
    list.push_back({name + ".weight", linear.weight});
    if (linear.bias.defined())
        list.push_back({name + ".bias", linear.bias});
}

std::vector<NamedParameter> chosenParameters(const model::ModelWeights &weights, const FullConfig &config)
{
    std::vector<NamedParameter> list;
    const model::ModelConfig &model = weights.config;
    const auto outer = [&model](model::OuterTensor which) { return std::string(model::nameOf(model, which)); };
    // A tied head is the embedding matrix: one parameter, whichever of the two is chosen.
    if (hasOuterPart(config, Part::Embeddings) || (model.isTied && hasOuterPart(config, Part::Head)))
        list.push_back({outer(model::OuterTensor::Embedding) + ".weight", weights.embedding});
    if (model.hasPositionTable && hasOuterPart(config, Part::Embeddings))
        list.push_back({outer(model::OuterTensor::Positions) + ".weight", weights.positions});
    for (std::int64_t layer = 0; layer < weights.config.layers; ++layer) {
        if (!hasLayer(config, layer))
            continue;
        const model::LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
        const std::string prefix = model::layerPrefix(model, layer);
        const auto nameIn = [&](LinearMap role) { return model::linearName(layer, model::mapFor(model, role)); };
        const bool isSeparate = !model.isFused; // stacked here all the same
        if (hasPart(config, Part::Norms)) {
            for (int i = 0; i < model::kNorms; ++i) {
                const auto norm = static_cast<model::Norm>(i);
                if (here.norm(norm).defined())
                    list.push_back({fmt::format("{}{}.weight", prefix, model::normName(model, norm)), here.norm(norm)});
                if (here.normBias(norm).defined())
                    list.push_back({fmt::format("{}{}.bias", prefix, model::normName(model, norm)), here.normBias(norm)});
            }
        }
        if (hasPart(config, Part::Attention)) {
            addLinear(list, isSeparate ? prefix + "self_attn.qkv_proj" : nameIn(LinearMap::QueryKeyValue), here.qkv);
            addLinear(list, nameIn(LinearMap::Output), here.output);
        }
        if (hasPart(config, Part::Mlp)) {
            addLinear(list, isSeparate ? prefix + "mlp.gate_up_proj" : nameIn(model.hasGate ? LinearMap::GateUp : LinearMap::Up), here.gateUp);
            addLinear(list, nameIn(LinearMap::Down), here.down);
        }
    }
    if (hasOuterPart(config, Part::Norms))
        list.push_back({outer(model::OuterTensor::FinalNorm) + ".weight", weights.finalNorm});
    if (hasOuterPart(config, Part::Norms) && weights.finalNormBias.defined())
        list.push_back({outer(model::OuterTensor::FinalNorm) + ".bias", weights.finalNormBias});
    if (!model.isTied && hasOuterPart(config, Part::Head))
        list.push_back({outer(model::OuterTensor::Head) + ".weight", weights.head});
    return list;
}

} // namespace

Result<std::vector<WeightPart>> parseParts(std::string_view text)
{
    std::vector<WeightPart> parts;
    bool isAll = false;
    while (!text.empty()) {
        const auto comma = text.find(',');
        std::string_view name = text.substr(0, comma);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        while (!name.empty() && name.front() == ' ')
            name.remove_prefix(1);
        while (!name.empty() && name.back() == ' ')
            name.remove_suffix(1);
        const auto known = std::find_if(kParts.begin(), kParts.end(), [&](const auto &part) { return part.first == name; });
        if (name == "all")
            isAll = true;
        else if (known != kParts.end())
            parts.push_back(known->second);
        else
            return fail(ErrorCode::Usage, tr("\"{}\" is not a part of the weights.", name.substr(0, 60)),
                        tr("Use all, or some of attention, mlp, norms, embeddings, head."));
    }
    if (isAll)
        parts.clear();
    return parts;
}

bool isTrainedBy(const FullConfig &config, const model::ModelConfig &model, std::string_view name)
{
    const std::string_view stem = name.substr(0, name.rfind('.'));
    std::string layers = model::layerPrefix(model, 0);
    layers.resize(layers.size() - 2); // "model.layers."
    if (stem.starts_with(layers)) {
        const std::string_view numbered = stem.substr(layers.size()), inLayer = numbered.substr(numbered.find('.') + 1);
        const std::int64_t layer = std::stoll(std::string(numbered));
        Part part = Part::Attention;
        for (int norm = 0; norm < model::kNorms; ++norm) {
            if (inLayer == model::normName(model, static_cast<model::Norm>(norm)))
                part = Part::Norms;
        }
        for (const LinearMap role : {LinearMap::Gate, LinearMap::Up, LinearMap::GateUp, LinearMap::Down}) {
            if (stem == model::linearName(layer, model::mapFor(model, role)))
                part = Part::Mlp;
        }
        return hasPart(config, part) && hasLayer(config, layer);
    }
    if (stem == model::nameOf(model, model::OuterTensor::FinalNorm))
        return hasOuterPart(config, Part::Norms);
    if (stem == model::nameOf(model, model::OuterTensor::Head))
        return hasOuterPart(config, Part::Head);
    const bool isHeadToo = model.isTied && stem == model::nameOf(model, model::OuterTensor::Embedding);
    return hasOuterPart(config, Part::Embeddings) || (isHeadToo && hasOuterPart(config, Part::Head));
}

Result<std::int64_t> fullParameters(const FullConfig &config, const model::ModelConfig &model)
{
    for (const std::int64_t layer : config.layers) {
        if (layer >= model.layers)
            return fail(ErrorCode::Usage, tr("There is no layer {}: the model has the layers 0 to {}.", layer, model.layers - 1), tr("Choose layers that exist."));
    }
    std::int64_t count = 0;
    for (const model::ExpectedTensor &tensor : model::expectedTensors(model)) {
        if (isTrainedBy(config, model, tensor.name))
            count += c10::multiply_integers(tensor.shape);
    }
    return count;
}

std::string whyNotFull(const model::WeightSource &source)
{
    for (const model::SourceTensor &tensor : source.tensors()) {
        if (!io::isQuantised(tensor.entry.type))
            continue;
        return tr("{} holds its weights rounded to {}: they cannot be trained themselves.", source.path().filename().string(), source.storage());
    }
    return {};
}

FullTuning::FullTuning(std::shared_ptr<model::ModelWeights> weights, std::vector<NamedParameter> parameters, WriteBeside writeBeside)
    : m_weights(std::move(weights)), m_parameters(std::move(parameters)), m_writeBeside(std::move(writeBeside))
{
}

Result<std::shared_ptr<FullTuning>> FullTuning::create(std::shared_ptr<model::ModelWeights> weights, const FullConfig &config, WriteBeside writeBeside)
{
    if (auto counted = fullParameters(config, weights->config); !counted)
        return passError(counted);
    auto parameters = chosenParameters(*weights, config);
    return std::shared_ptr<FullTuning>(new FullTuning(std::move(weights), std::move(parameters), std::move(writeBeside)));
}

Result<> FullTuning::save(const std::filesystem::path &folder) const
{
    if (auto created = io::createFolder(folder); !created)
        return created;
    std::vector<at::Tensor> alive;
    std::vector<io::TensorToWrite> tensors;
    for (const model::ExpectedTensor &expected : model::expectedTensors(m_weights->config)) {
        const at::Tensor own = m_weights->tensor(expected.name).detach();
        alive.push_back((model::isTransposedInFolders(m_weights->config, expected.name) ? own.t() : own).contiguous());
        const at::Tensor &values = alive.back();
        tensors.push_back({expected.name, io::StorageType::F32, values.sizes().vec(),
                           std::as_bytes(std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel())))});
    }
    if (auto written = io::writeSafetensors(folder / "model.safetensors", tensors); !written)
        return written;
    return m_writeBeside ? m_writeBeside(folder) : Result<>();
}

} // namespace fettle::tune
