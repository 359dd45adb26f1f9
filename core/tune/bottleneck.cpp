#include "core/tune/bottleneck.h"

#include "core/base/random.h"
#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"
#include "core/tune/adapterhubhooks.h"
#include "core/tune/peftconfig.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace fettle::tune {

using model::ResidualSite;
using nlohmann::json;

namespace {

constexpr std::uint64_t kBottleneckStream = 0x426F74746C65;
constexpr const char *kWeightsFile = "adapter.safetensors";
constexpr std::array<std::pair<Curve, std::string_view>, 4> kCurves = {
    {{Curve::Relu, "relu"}, {Curve::Swish, "swish"}, {Curve::Gelu, "gelu"}, {Curve::Tanh, "tanh"}}};

struct Place { std::int64_t layer; ResidualSite site; };

std::int64_t bottleneckWidth(const BottleneckConfig &config, const model::ModelConfig &model)
{
    return static_cast<std::int64_t>(std::floor(static_cast<double>(model.width) / config.reductionFactor));
}

Result<std::vector<Place>> placesOf(const BottleneckConfig &config, const model::ModelConfig &model)
{
    if (!(config.reductionFactor >= 0.25) || bottleneckWidth(config, model) < 1) {
        return fail(ErrorCode::Usage, tr("With a reduction factor of {} the bottleneck of a model of width {} has no room.", config.reductionFactor, model.width),
                    tr("Choose a factor between 1 and {}; 2 to 32 is usual.", model.width));
    }
    if (!std::isfinite(config.scaling) || !(config.dropout >= 0.0 && config.dropout < 1.0))
        return fail(ErrorCode::Usage, tr("The scaling is not a number, or the dropout not a share below 1."), tr("1 and 0 are usual."));
    std::vector<Place> places;
    for (std::int64_t layer = 0; layer < model.layers; ++layer) {
        if (std::find(config.leftOut.begin(), config.leftOut.end(), layer) != config.leftOut.end())
            continue;
        if (config.kind == BottleneckKind::Double)
            places.push_back({layer, ResidualSite::AfterAttention});
        places.push_back({layer, ResidualSite::AfterMlp});
    }
    if (places.empty())
        return fail(ErrorCode::Usage, tr("None of the chosen layers exists: the model has the layers 0 to {}.", model.layers - 1), tr("Choose layers that exist."));
    return places;
}

std::string nameOfPlace(const Place &place, const std::string &name, const model::ModelConfig &model)
{
    return fmt::format("{}{}_adapters.adapters.{}.", model::layerPrefix(model, place.layer), place.site == ResidualSite::AfterAttention ? "attention" : "output", name);
}

ExpectedTensors tensorsOf(const std::vector<Place> &places, const BottleneckConfig &config, const model::ModelConfig &model)
{
    const std::int64_t narrow = bottleneckWidth(config, model), width = model.width;
    ExpectedTensors expected;
    for (const Place &place : places) {
        const std::string name = nameOfPlace(place, config.name, model);
        expected.push_back({name + "adapter_down.0.weight", {narrow, width}});
        expected.push_back({name + "adapter_down.0.bias", {narrow}});
        expected.push_back({name + "adapter_up.weight", {width, narrow}});
        expected.push_back({name + "adapter_up.bias", {width}});
    }
    return expected;
}

tl::unexpected<Error> unsupported(const std::string &source, std::string_view setting, const json &value)
{
    return fail(ErrorCode::BadInput, tr("{}: the adapter uses \"{}\" ({}), which is not supported.", source, setting.substr(0, 60),
                                                 value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 60)),
                tr("Sequential (Pfeiffer), double (Houlsby) and parallel (He) adapters can be used."));
}

// Settings of AdapterHub that change the result and must be off, or at the value named.
Result<> refuseUnsupported(const json &config, const std::string &source)
{
    const std::pair<const char *, json> demanded[] = {
        {"adapter_residual_before_ln", false}, {"cross_adapter", false}, {"inv_adapter", nullptr}, {"ln_after", false}, {"ln_before", false},
        {"phm_layer", false}, {"residual_before_ln", true}, {"stochastic_depth", 0.0}, {"use_gating", false}, {"output_adapter", true},
    };
    for (const auto &[key, value] : demanded) {
        if (const auto found = config.find(key); found != config.end() && *found != value)
            return unsupported(source, key, *found);
    }
    return {};
}

} // namespace

std::string_view nameOf(Curve activation)
{
    return std::find_if(kCurves.begin(), kCurves.end(), [&](const auto &known) { return known.first == activation; })->second;
}

Result<std::int64_t> bottleneckParameters(const BottleneckConfig &config, const model::ModelConfig &model)
{
    auto places = placesOf(config, model);
    if (!places)
        return passError(places);
    const std::int64_t narrow = bottleneckWidth(config, model);
    return static_cast<std::int64_t>(places->size()) * (2 * narrow * model.width + narrow + model.width);
}

BottleneckAdapter::BottleneckAdapter(BottleneckConfig config, const model::ModelConfig &model, std::vector<Module> modules)
    : m_config(std::move(config)), m_model(model), m_modules(std::move(modules))
{
}

Result<std::shared_ptr<BottleneckAdapter>> BottleneckAdapter::create(const model::ModelConfig &model, const BottleneckConfig &config, std::uint64_t seed)
{
    auto places = placesOf(config, model);
    if (!places)
        return passError(places);
    const std::int64_t narrow = bottleneckWidth(config, model), width = model.width;
    RandomStream stream(seed ^ kBottleneckStream);
    std::vector<Module> modules;
    for (const Place &place : *places) {
        Module module{place.layer, place.site, at::empty({narrow, width}, at::kFloat), at::zeros({narrow}, at::kFloat), at::zeros({width, narrow}, at::kFloat),
                      at::zeros({width}, at::kFloat)};
        const auto valuesOf = [](at::Tensor &tensor) { return std::span(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())); };
        if (config.kind == BottleneckKind::Parallel) {
            const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(width)));
            stream.fillUniform(valuesOf(module.down), -bound, bound);
        } else {
            stream.fillNormal(valuesOf(module.down), 0.0f, 0.02f);
        }
        modules.push_back(std::move(module));
    }
    return std::shared_ptr<BottleneckAdapter>(new BottleneckAdapter(config, model, std::move(modules)));
}

std::vector<NamedParameter> BottleneckAdapter::parameters() const
{
    std::vector<NamedParameter> list;
    for (const Module &module : m_modules) {
        const std::string name = nameOfPlace({module.layer, module.site}, m_config.name, m_model);
        list.push_back({name + "adapter_down.0.weight", module.down});
        list.push_back({name + "adapter_down.0.bias", module.downBias});
        list.push_back({name + "adapter_up.weight", module.up});
        list.push_back({name + "adapter_up.bias", module.upBias});
    }
    return list;
}

std::optional<model::Bottleneck> BottleneckAdapter::bottleneck(std::int64_t layer, ResidualSite site) const
{
    using Input = model::Bottleneck::Input;
    const Input input = m_config.kind == BottleneckKind::Sequential ? Input::Sum : m_config.kind == BottleneckKind::Double ? Input::Branch : Input::Stream;
    for (std::size_t i = 0; i < m_modules.size() && !isSilent(); ++i) {
        const Module &module = m_modules[i];
        if (module.layer == layer && module.site == site) {
            return model::Bottleneck{module.down, module.downBias, module.up, module.upBias, m_config.activation, input, m_config.scaling * strength(),
                                     dropoutAt(i, m_config.dropout)};
        }
    }
    return {};
}

Result<> BottleneckAdapter::save(const std::filesystem::path &folder) const
{
    if (auto created = io::createFolder(folder); !created)
        return created;
    if (auto written = writeAdapterTensors(folder / kWeightsFile, parameters()); !written)
        return written;
    if (auto written = writeHooks(folder, m_model); !written)
        return written;
    const bool isParallel = m_config.kind == BottleneckKind::Parallel, isSequential = m_config.kind == BottleneckKind::Sequential;
    const json object = {
        {"config",
         {{"adapter_residual_before_ln", false}, {"cross_adapter", false}, {"dropout", m_config.dropout}, {"factorized_phm_W", true},
          {"factorized_phm_rule", false}, {"hypercomplex_nonlinearity", "glorot-uniform"}, {"init_weights", isParallel ? "mam_adapter" : "bert"},
          {"inv_adapter", nullptr}, {"inv_adapter_reduction_factor", nullptr}, {"is_parallel", isParallel}, {"learn_phm", true}, {"leave_out", m_config.leftOut},
          {"ln_after", false}, {"ln_before", false}, {"mh_adapter", m_config.kind == BottleneckKind::Double}, {"non_linearity", nameOf(m_config.activation)},
          {"original_ln_after", true}, {"original_ln_before", isSequential}, {"output_adapter", true}, {"phm_bias", true}, {"phm_c_init", "normal"},
          {"phm_dim", 4}, {"phm_init_range", 0.0001}, {"phm_layer", false}, {"phm_rank", 1}, {"reduction_factor", m_config.reductionFactor},
          {"residual_before_ln", true}, {"scaling", m_config.scaling}, {"shared_W_phm", false}, {"shared_phm_rule", true}, {"use_gating", false}}},
        {"hidden_size", m_modules.front().upBias.size(0)},
        {"model_class", m_model.architecture},
        {"model_name", m_config.baseModel},
        {"model_type", model::configToJson(m_model).value("model_type", "llama")},
        {"name", m_config.name},
        {"version", "adapters.1.3.0"},
    };
    return io::writeFileAtomically(folder / kAdapterConfigFile, object.dump(2));
}

bool isAdapterHubFolder(const std::filesystem::path &folder)
{
    const auto object = io::readJsonFile(folder / kAdapterConfigFile);
    return object && object->is_object() && !object->contains("peft_type") && object->contains("config");
}

Result<BottleneckConfig> BottleneckAdapter::readConfig(const std::filesystem::path &folder)
{
    const std::string source = (folder / kAdapterConfigFile).string();
    auto file = io::readJsonFile(folder / kAdapterConfigFile);
    if (!file)
        return passError(file);
    const json own = file->is_object() ? file->value("config", json()) : json();
    if (!own.is_object())
        return fail(ErrorCode::BadInput, tr("{} does not describe an adapter.", source), tr("Choose a folder that AdapterHub or Fettle has written."));
    if (!own.contains("reduction_factor"))
        return fail(ErrorCode::BadInput, tr("{}: only bottleneck adapters are read in AdapterHub's form.", source), tr("Save LoRA and prefixes with PEFT."));
    if (auto checked = refuseUnsupported(own, source); !checked)
        return passError(checked);
    if (!own["reduction_factor"].is_number())
        return unsupported(source, "reduction_factor", own["reduction_factor"]);
    auto activation = io::jsonField<std::string>(own, "non_linearity", source);
    auto dropout = io::jsonField<double>(own, "dropout", source, 0.0);
    if (!activation)
        return passError(activation);
    if (!dropout)
        return passError(dropout);
    if (!own.contains("scaling") || !own["scaling"].is_number())
        return unsupported(source, "scaling", own.value("scaling", json()));
    BottleneckConfig config;
    const auto known = std::find_if(kCurves.begin(), kCurves.end(), [&](const auto &entry) { return entry.second == *activation; });
    if (known == kCurves.end())
        return unsupported(source, "non_linearity", own["non_linearity"]);
    config.activation = known->first;
    config.reductionFactor = own["reduction_factor"].get<double>();
    config.scaling = own["scaling"].get<double>();
    config.dropout = *dropout;
    const bool isParallel = own.value("is_parallel", json(false)) == true, isTwice = own.value("mh_adapter", json(false)) == true;
    const bool readsSum = own.value("original_ln_before", json(false)) == true;
    if ((isParallel && isTwice) || (isTwice && readsSum) || (!isParallel && !isTwice && !readsSum))
        return unsupported(source, "original_ln_before", own.value("original_ln_before", json()));
    config.kind = isParallel ? BottleneckKind::Parallel : isTwice ? BottleneckKind::Double : BottleneckKind::Sequential;
    auto name = io::jsonField<std::string>(*file, "name", source, config.name);
    auto base = io::jsonField<std::string>(*file, "model_name", source, "");
    if (!name)
        return passError(name);
    config.name = *name;
    config.baseModel = base ? *base : std::string();
    const json leaveOut = own.value("leave_out", json::array());
    for (const json &layer : leaveOut.is_array() ? leaveOut : json::array()) {
        if (!layer.is_number_integer())
            return unsupported(source, "leave_out", leaveOut);
        config.leftOut.push_back(layer.get<std::int64_t>());
    }
    return config;
}

Result<std::shared_ptr<BottleneckAdapter>> BottleneckAdapter::load(const std::filesystem::path &folder, const model::ModelConfig &model)
{
    auto config = readConfig(folder);
    if (!config)
        return passError(config);
    auto places = placesOf(*config, model);
    if (!places)
        return passError(places);
    if (auto checked = checkHooks(folder, model, config->kind, config->name == BottleneckConfig().name); !checked)
        return passError(checked);
    std::error_code ignored;
    if (!std::filesystem::exists(folder / kWeightsFile, ignored)) {
        const bool isPickle = std::filesystem::exists(folder / "pytorch_adapter.bin", ignored);
        return fail(ErrorCode::NotFound, tr("There is no {} in {}.", kWeightsFile, folder.string()),
                    isPickle ? tr("The adapter is stored as a Python pickle (pytorch_adapter.bin), which can run code and is never opened. Save it again with "
                               "use_safetensors=True.")
                             : tr("Choose a folder that AdapterHub or Fettle has written."));
    }
    auto tensors = readAdapterTensors(folder / kWeightsFile, tensorsOf(*places, *config, model));
    if (!tensors)
        return passError(tensors);
    std::vector<Module> modules;
    for (std::size_t i = 0; i < places->size(); ++i)
        modules.push_back({(*places)[i].layer, (*places)[i].site, (*tensors)[4 * i], (*tensors)[4 * i + 1], (*tensors)[4 * i + 2], (*tensors)[4 * i + 3]});
    return std::shared_ptr<BottleneckAdapter>(new BottleneckAdapter(std::move(*config), model, std::move(modules)));
}

} // namespace fettle::tune
