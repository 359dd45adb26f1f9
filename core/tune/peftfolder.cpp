// PEFT's adapter_config.json and adapter_model.safetensors, both ways.
#include "core/tune/peftfolder.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"
#include "core/io/safetensors.h"
#include "core/model/torcherror.h"
#include "core/tune/peftconfig.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace fettle::tune {

using io::jsonField;
using nlohmann::json;

namespace {

constexpr std::string_view kNamePrefix = "base_model.model.";

// Settings that say nothing about the result, or that we interpret.
constexpr std::array<std::string_view, 29> kKnownOrHarmless = {
    "alpha_pattern", "auto_mapping", "base_model_name_or_path", "eva_config", "inference_mode", "init_lora_weights", "layers_pattern",
    "layers_to_transform", "loftq_config", "lora_alpha", "lora_dropout", "megatron_core", "peft_type", "peft_version", "qalora_group_size", "r",
    "rank_pattern", "revision", "target_modules", "task_type", "use_rslora", "ensure_weight_tying", "runtime_config", "lora_ga_config",
    "corda_config", "bias", "use_dora", "modules_to_save",
    "fan_in_fan_out", // says how the base is stored, which its family says too
};

tl::unexpected<Error> refuse(std::string_view source, std::string_view setting, std::string_view value)
{
    return fail(ErrorCode::BadInput, tr("{}: the adapter uses \"{}\" ({}), which is not supported.", source, setting, value),
                tr("Merge the adapter into its base model with PEFT and load the merged model instead."));
}

// A reason to stop, or nothing.
Result<> refuseUnsupported(const json &object, std::string_view source)
{
    auto type = jsonField<std::string>(object, "peft_type", source);
    if (!type)
        return passError(type);
    if (*type != "LORA") {
        return fail(ErrorCode::BadInput, tr("{}: adapters of type {} are not supported.", source, type->substr(0, 40)), tr("Choose a LoRA adapter."));
    }
    auto bias = jsonField<std::string>(object, "bias", source, "none");
    if (!bias)
        return passError(bias);
    if (*bias != "none")
        return refuse(source, "bias", bias->substr(0, 40));
    if (object.contains("init_lora_weights") && object["init_lora_weights"].is_string()) {
        // These change the base weights as well, so that the saved A and B alone do not give the same model.
        const auto init = object["init_lora_weights"].get<std::string>();
        if (init != "gaussian" && init != "eva" && init != "orthogonal" && init != "true" && init != "True")
            return refuse(source, "init_lora_weights", init.substr(0, 40));
    }
    for (const auto &[key, value] : object.items()) {
        if (std::find(kKnownOrHarmless.begin(), kKnownOrHarmless.end(), key) == kKnownOrHarmless.end() && !isOff(value))
            return refuse(source, key.substr(0, 60), value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 60));
    }
    return {};
}

template <class T>
Result<std::map<std::string, T>> patternField(const json &object, const char *field, std::string_view source)
{
    std::map<std::string, T> patterns;
    if (!object.contains(field) || object[field].is_null())
        return patterns;
    if (!object[field].is_object())
        return fail(ErrorCode::BadInput, tr("{}: \"{}\" is not an object.", source, field), tr("Export the adapter again."));
    for (const auto &[key, value] : object[field].items()) {
        auto number = jsonField<T>(object[field], key, source);
        if (!number)
            return passError(number);
        patterns[key] = *number;
    }
    return patterns;
}

Result<> readTargets(const json &object, std::string_view source, LoraConfig &config)
{
    config.targets.clear();
    const auto broken = [&](const char *field) {
        return fail(ErrorCode::BadInput, tr("{}: \"{}\" is not a list of names or an expression.", source, field), tr("Export the adapter again."));
    };
    const json targets = object.value("target_modules", json());
    if (targets.is_string()) {
        const auto text = targets.get<std::string>();
        if (text == kAllLinear)
            config.targets = {text};
        else
            config.targetPattern = text;
    } else if (targets.is_array()) {
        for (const json &target : targets) {
            if (!target.is_string())
                return broken("target_modules");
            config.targets.push_back(target.get<std::string>());
        }
    } else {
        return broken("target_modules");
    }
    const json layers = object.value("layers_to_transform", json());
    if (layers.is_number_integer()) {
        config.layers = {layers.get<std::int64_t>()};
    } else if (layers.is_array()) {
        for (const json &layer : layers) {
            if (!layer.is_number_integer())
                return broken("layers_to_transform");
            config.layers.push_back(layer.get<std::int64_t>());
        }
    } else if (!layers.is_null()) {
        return broken("layers_to_transform");
    }
    const json saved = object.value("modules_to_save", json());
    for (const json &name : saved.is_array() ? saved : json::array()) {
        if (!name.is_string())
            return broken("modules_to_save");
        config.savedModules.push_back(name.get<std::string>());
    }
    if (!saved.is_array() && !isOff(saved))
        return broken("modules_to_save");
    const json pattern = object.value("layers_pattern", json());
    const bool isUsual = isOff(pattern) || pattern == "layers" || pattern == json::array({"layers"});
    if (!isUsual && !config.layers.empty())
        return refuse(source, "layers_pattern", pattern.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 60));
    return {};
}

// PEFT writes the base's own embeddings and head along where they are targets; they say nothing new.
bool repeatsBase(std::string_view name)
{
    return std::any_of(kOuterParts.begin(), kOuterParts.end(), [&](OuterPart part) { return name == fmt::format("{}{}.base_layer.weight", kNamePrefix, pathOf(part)); });
}

// A, B or m of one module, as fp32.
Result<at::Tensor> readTensor(const io::Safetensors &file, const std::string &name, const std::vector<std::int64_t> &expected, std::string_view source)
{
    const io::TensorEntry *entry = file.find(name);
    if (!entry) {
        return fail(ErrorCode::BadInput, tr("{}: tensor {} is missing.", source, name),
                    tr("The adapter is incomplete or belongs to another model. Export it again."));
    }
    if (entry->shape != expected) {
        return fail(ErrorCode::BadInput, tr("{}: tensor {} has the shape {}, but the model and the adapter's rank demand {}.", source, name,
                                                     io::shapeText(entry->shape), io::shapeText(expected)),
                    tr("The adapter belongs to another base model, or its adapter_config.json was changed."));
    }
    at::Tensor values = at::empty(expected, at::kFloat);
    if (auto decoded = io::decodeToFloat(*entry, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}); !decoded)
        return passError(decoded);
    if (!values.isfinite().all().item<bool>())
        return fail(ErrorCode::BadInput, tr("{}: tensor {} holds values that are not finite.", source, name), tr("The adapter is damaged. Use an earlier checkpoint."));
    return values;
}

Result<LoraConfig> configFromFile(const std::filesystem::path &folder)
{
    const std::string source = (folder / kAdapterConfigFile).string();
    auto object = io::readJsonFile(folder / kAdapterConfigFile);
    if (!object)
        return passError(object);
    if (!object->is_object())
        return fail(ErrorCode::BadInput, tr("{} is not a JSON object.", source), tr("Choose a folder that PEFT or Fettle has written."));
    if (auto checked = refuseUnsupported(*object, source); !checked)
        return passError(checked);
    LoraConfig config;
    auto rank = jsonField<std::int64_t>(*object, "r", source, 8);
    auto alpha = jsonField<double>(*object, "lora_alpha", source, 8.0);
    auto dropout = jsonField<double>(*object, "lora_dropout", source, 0.0);
    auto stabilised = jsonField<bool>(*object, "use_rslora", source, false);
    auto dora = jsonField<bool>(*object, "use_dora", source, false);
    auto base = jsonField<std::string>(*object, "base_model_name_or_path", source, "");
    auto rankPattern = patternField<std::int64_t>(*object, "rank_pattern", source);
    auto alphaPattern = patternField<double>(*object, "alpha_pattern", source);
    for (const Error *error : {rank ? nullptr : &rank.error(), alpha ? nullptr : &alpha.error(), dropout ? nullptr : &dropout.error(),
                               stabilised ? nullptr : &stabilised.error(), dora ? nullptr : &dora.error(), base ? nullptr : &base.error(), rankPattern ? nullptr : &rankPattern.error(),
                               alphaPattern ? nullptr : &alphaPattern.error()}) {
        if (error)
            return tl::unexpected(*error);
    }
    config.rank = *rank;
    config.alpha = *alpha;
    config.dropout = *dropout;
    config.isRankStabilised = *stabilised;
    config.isDora = *dora;
    config.baseModel = *base;
    config.rankPattern = std::move(*rankPattern);
    config.alphaPattern = std::move(*alphaPattern);
    if (auto read = readTargets(*object, source, config); !read)
        return passError(read);
    return config;
}

// Whole numbers as integers: PEFT's field is an int by annotation.
json numberOf(double value)
{
    const bool isWhole = std::floor(value) == value && std::abs(value) < 1e15;
    return isWhole ? json(static_cast<std::int64_t>(value)) : json(value);
}

} // namespace

std::string peftConfigText(const LoraAdapter &adapter)
{
    const LoraConfig &config = adapter.config();
    json targets = config.targetPattern;
    if (config.targetPattern.empty()) {
        std::vector<std::string> names = config.targets;
        std::set<std::string_view> all;
        for (const LoraAdapter::Module &module : adapter.modules())
            all.insert(model::nameOf(module.map));
        for (const OuterPart part : kOuterParts) {
            if (adapter.outer()[static_cast<std::size_t>(part)].a.defined())
                all.insert(nameOf(part));
        }
        // PEFT itself writes the modules that "all-linear" stood for.
        if (std::find(names.begin(), names.end(), kAllLinear) != names.end())
            names = std::vector<std::string>(all.begin(), all.end());
        std::sort(names.begin(), names.end());
        targets = names;
    }
    const bool isTurned = std::any_of(adapter.modules().begin(), adapter.modules().end(),
                                      [](const LoraAdapter::Module &module) { return model::linearName(0, module.map).starts_with("transformer.h."); });
    json alphaPattern = json::object();
    for (const auto &[key, value] : config.alphaPattern)
        alphaPattern[key] = numberOf(value);
    const json object = {
        {"alpha_pattern", alphaPattern},
        {"auto_mapping", nullptr},
        {"base_model_name_or_path", config.baseModel.empty() ? json(nullptr) : json(config.baseModel)},
        {"bias", "none"},
        {"fan_in_fan_out", isTurned}, // GPT-2's matrices stand the other way in its files
        {"inference_mode", true},
        {"init_lora_weights", true},
        {"layers_pattern", nullptr},
        {"layers_to_transform", config.layers.empty() ? json(nullptr) : json(config.layers)},
        {"lora_alpha", numberOf(config.alpha)},
        {"lora_dropout", config.dropout},
        {"modules_to_save", config.savedModules.empty() ? json(nullptr) : json(config.savedModules)},
        {"peft_type", "LORA"},
        {"r", config.rank},
        {"rank_pattern", config.rankPattern.empty() ? json::object() : json(config.rankPattern)},
        {"revision", nullptr},
        {"target_modules", targets},
        {"task_type", "CAUSAL_LM"},
        {"use_dora", config.isDora},
        {"use_rslora", config.isRankStabilised},
    };
    return object.dump(2); // nlohmann::json keeps keys sorted
}

Result<> savePeftFolder(const LoraAdapter &adapter, const std::filesystem::path &folder)
{
    if (adapter.config().init == LoraInit::Pissa)
        return savePeftFolder(*asPlainLora(adapter), folder);
    if (auto created = io::createFolder(folder); !created)
        return created;
    std::vector<at::Tensor> alive;
    std::vector<io::TensorToWrite> tensors;
    for (const NamedParameter &parameter : adapter.parameters()) {
        alive.push_back(parameter.tensor.detach().contiguous());
        const at::Tensor &values = alive.back();
        tensors.push_back({parameter.name, io::StorageType::F32, values.sizes().vec(),
                           std::as_bytes(std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel())))});
    }
    if (auto written = io::writeSafetensors(folder / kPeftWeightsFile, tensors); !written)
        return written;
    return io::writeFileAtomically(folder / kAdapterConfigFile, peftConfigText(adapter));
}

Result<LoraConfig> readPeftConfig(const std::filesystem::path &folder) { return configFromFile(folder); }

Result<std::shared_ptr<LoraAdapter>> loadPeftFolder(const std::filesystem::path &folder, const model::ModelConfig &modelConfig)
try {
    auto config = configFromFile(folder);
    if (!config)
        return passError(config);
    const std::filesystem::path weightsPath = folder / kPeftWeightsFile;
    std::error_code ignored;
    if (!std::filesystem::exists(weightsPath, ignored)) {
        const bool isPickle = std::filesystem::exists(folder / "adapter_model.bin", ignored);
        return fail(ErrorCode::NotFound, tr("There is no {} in {}.", kPeftWeightsFile, folder.string()),
                    isPickle ? tr("The adapter is stored as a Python pickle (adapter_model.bin), which can run code and is never opened. Save it again as safetensors.")
                             : tr("Choose a folder that PEFT or Fettle has written."));
    }
    const std::string source = weightsPath.string();
    auto file = io::Safetensors::open(weightsPath);
    if (!file)
        return passError(file);

    auto plans = planModules(modelConfig, *config);
    if (!plans)
        return passError(plans);
    std::vector<LoraAdapter::Module> modules;
    for (const PlannedModule &plan : *plans) {
        const std::string name = std::string(kNamePrefix) + model::linearName(plan.layer, plan.map);
        const std::int64_t in = model::inputSize(modelConfig, plan.map), out = model::outputSize(modelConfig, plan.map);
        auto a = readTensor(*file, name + ".lora_A.weight", {plan.rank, in}, source);
        if (!a)
            return passError(a);
        auto b = readTensor(*file, name + ".lora_B.weight", {out, plan.rank}, source);
        if (!b)
            return passError(b);
        Result<at::Tensor> magnitude;
        if (config->isDora)
            magnitude = readTensor(*file, name + ".lora_magnitude_vector", {out}, source);
        if (!magnitude)
            return passError(magnitude);
        modules.push_back({plan.layer, plan.map, *a, *b, *magnitude, {}, {}, plan.scaling, plan.alpha});
    }
    auto outers = planOuters(*config);
    if (!outers)
        return passError(outers);
    OuterModules outer;
    for (const OuterTensor &wanted : outerTensors(*outers, modelConfig)) {
        auto values = readTensor(*file, wanted.name, wanted.shape, source);
        if (!values)
            return passError(values);
        const auto part = static_cast<std::size_t>(wanted.part);
        outer[part].*wanted.tensor = *values;
        outer[part].scaling = (*outers)[part].scaling;
        outer[part].alpha = (*outers)[part].alpha;
    }
    auto adapter = std::make_shared<LoraAdapter>(std::move(*config), std::move(modules), std::move(outer), modelConfig);
    std::set<std::string> expected;
    for (const NamedParameter &parameter : adapter->parameters())
        expected.insert(parameter.name);
    for (const io::TensorEntry &entry : file->tensors()) {
        if (!expected.contains(entry.name) && !repeatsBase(entry.name)) {
            return fail(ErrorCode::BadInput, tr("{}: tensor {} has no place in the base model or is not among the adapter's targets.", source, entry.name.substr(0, 120)),
                        tr("The adapter belongs to another base model, or trains parts that Fettle does not support."));
        }
    }
    return adapter;
} catch (const std::exception &exception) {
    return tl::unexpected(model::errorFromException(exception, tr("reading the adapter")));
}

} // namespace fettle::tune
