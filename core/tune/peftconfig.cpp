#include "core/tune/peftconfig.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"
#include "core/io/safetensors.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>
#include <span>

namespace fettle::tune {

using nlohmann::json;

namespace {

// Settings that say nothing about the result.
constexpr std::array<std::string_view, 8> kHarmless = {"auto_mapping", "base_model_name_or_path", "inference_mode", "peft_type", "peft_version",
                                                       "revision", "runtime_config", "task_type"};

Result<json> readObject(const std::filesystem::path &folder)
{
    auto object = io::readJsonFile(folder / kAdapterConfigFile);
    if (!object)
        return passError(object);
    if (!object->is_object())
        return fail(ErrorCode::BadInput, tr("{} is not a JSON object.", (folder / kAdapterConfigFile).string()), tr("Choose a folder that PEFT or Fettle has written."));
    return object;
}

} // namespace

bool isOff(const json &value)
{
    return value.is_null() || value == false || ((value.is_object() || value.is_array() || value.is_string()) && value.empty());
}

Result<std::string> peftTypeOf(const std::filesystem::path &folder)
{
    auto object = readObject(folder);
    if (!object)
        return passError(object);
    return io::jsonField<std::string>(*object, "peft_type", (folder / kAdapterConfigFile).string());
}

Result<PeftConfigFile> readPeftConfigFile(const std::filesystem::path &folder, std::string_view type, std::initializer_list<std::string_view> known)
{
    auto object = readObject(folder);
    if (!object)
        return passError(object);
    PeftConfigFile file{std::move(*object), (folder / kAdapterConfigFile).string(), {}};
    auto own = io::jsonField<std::string>(file.object, "peft_type", file.source);
    if (!own)
        return passError(own);
    if (*own != type)
        return fail(ErrorCode::BadInput, tr("{}: the adapter is of type {}, not {}.", file.source, own->substr(0, 40), type), tr("Choose another adapter."));
    for (const auto &[key, value] : file.object.items()) {
        const bool isKnown = std::find(kHarmless.begin(), kHarmless.end(), key) != kHarmless.end() || std::find(known.begin(), known.end(), key) != known.end();
        if (!isKnown && !isOff(value)) {
            return fail(ErrorCode::BadInput, tr("{}: the adapter uses \"{}\" ({}), which is not supported.", file.source, key.substr(0, 60),
                                                         value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 60)),
                        tr("Train the adapter again without it."));
        }
    }
    auto base = io::jsonField<std::string>(file.object, "base_model_name_or_path", file.source, "");
    if (!base)
        return passError(base);
    file.baseModel = std::move(*base);
    return file;
}

Result<NamesOrPattern> namesOrPattern(const json &object, const char *field, std::string_view source)
{
    NamesOrPattern result;
    const json value = object.value(field, json());
    const bool isList = value.is_array() && std::all_of(value.begin(), value.end(), [](const json &name) { return name.is_string(); });
    if (value.is_string())
        result.pattern = value.get<std::string>();
    else if (isList)
        result.names = value.get<std::vector<std::string>>();
    else
        return fail(ErrorCode::BadInput, tr("{}: \"{}\" is not a list of names or an expression.", source, field), tr("Export the adapter again."));
    return result;
}

json commonPeftConfig(std::string_view type, const std::string &baseModel)
{
    return {{"auto_mapping", nullptr},   {"base_model_name_or_path", baseModel.empty() ? json(nullptr) : json(baseModel)},
            {"inference_mode", true},    {"peft_type", type},
            {"revision", nullptr},       {"task_type", "CAUSAL_LM"}};
}

Result<> writeAdapterTensors(const std::filesystem::path &file, const std::vector<NamedParameter> &parameters)
{
    std::vector<at::Tensor> alive;
    std::vector<io::TensorToWrite> tensors;
    for (const NamedParameter &parameter : parameters) {
        alive.push_back(parameter.tensor.detach().contiguous());
        const at::Tensor &values = alive.back();
        tensors.push_back({parameter.name, io::StorageType::F32, values.sizes().vec(),
                           std::as_bytes(std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel())))});
    }
    return io::writeSafetensors(file, tensors);
}

Result<> writePeftFolder(const std::filesystem::path &folder, const json &config, const std::vector<NamedParameter> &parameters)
{
    if (auto created = io::createFolder(folder); !created)
        return created;
    if (auto written = writeAdapterTensors(folder / kPeftWeightsFile, parameters); !written)
        return written;
    return io::writeFileAtomically(folder / kAdapterConfigFile, config.dump(2)); // nlohmann::json keeps keys sorted
}

Result<std::vector<at::Tensor>> readPeftTensors(const std::filesystem::path &folder, const ExpectedTensors &expected)
{
    const std::filesystem::path path = folder / kPeftWeightsFile;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        const bool isPickle = std::filesystem::exists(folder / "adapter_model.bin", ignored);
        return fail(ErrorCode::NotFound, tr("There is no {} in {}.", kPeftWeightsFile, folder.string()),
                    isPickle ? tr("The adapter is stored as a Python pickle (adapter_model.bin), which can run code and is never opened. Save it again as safetensors.")
                             : tr("Choose a folder that PEFT or Fettle has written."));
    }
    return readAdapterTensors(path, expected);
}

Result<std::vector<at::Tensor>> readAdapterTensors(const std::filesystem::path &path, const ExpectedTensors &expected)
{
    const std::string source = path.string();
    auto file = io::Safetensors::open(path);
    if (!file)
        return passError(file);
    std::vector<at::Tensor> tensors;
    for (const auto &[name, shape] : expected) {
        const io::TensorEntry *entry = file->find(name);
        if (!entry) {
            return fail(ErrorCode::BadInput, tr("{}: tensor {} is missing.", source, name),
                        tr("The adapter is incomplete or belongs to another model. Export it again."));
        }
        if (entry->shape != shape) {
            return fail(ErrorCode::BadInput, tr("{}: tensor {} has the shape {}, but the model and the adapter's settings demand {}.", source, name,
                                                         io::shapeText(entry->shape), io::shapeText(shape)),
                        tr("The adapter belongs to another base model, or its adapter_config.json was changed."));
        }
        at::Tensor values = at::empty(shape, at::kFloat);
        if (auto decoded = io::decodeToFloat(*entry, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}); !decoded)
            return passError(decoded);
        if (!values.isfinite().all().item<bool>())
            return fail(ErrorCode::BadInput, tr("{}: tensor {} holds values that are not finite.", source, name), tr("The adapter is damaged. Use an earlier checkpoint."));
        tensors.push_back(std::move(values));
    }
    std::set<std::string_view> names;
    for (const auto &[name, shape] : expected)
        names.insert(name);
    for (const io::TensorEntry &entry : file->tensors()) {
        if (!names.contains(entry.name)) {
            return fail(ErrorCode::BadInput, tr("{}: tensor {} has no place in the base model or is not among the adapter's targets.", source, entry.name.substr(0, 120)),
                        tr("The adapter belongs to another base model, or trains parts that Fettle does not support."));
        }
    }
    return tensors;
}

} // namespace fettle::tune
