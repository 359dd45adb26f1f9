// What an adapter folder is: PEFT's form, or AdapterHub's by its name.
#include "core/base/words.h"
#include "core/engine/inspectparts.h"
#include "core/engine/modelplaces.h"
#include "core/io/foreignfile.h"
#include "core/io/jsonfile.h"
#include "core/io/safetensors.h"
#include "core/tune/adapter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

// A value of the config as people read it; empty for null and for what is no plain value.
std::string plainText(const nlohmann::json &config, const char *field)
{
    const auto found = config.find(field);
    if (found == config.end() || found->is_null())
        return {};
    if (found->is_string())
        return found->get<std::string>().substr(0, 200);
    if (found->is_array()) {
        std::vector<std::string> words;
        for (const auto &word : *found) {
            if (word.is_string())
                words.push_back(word.get<std::string>());
            else if (word.is_number())
                words.push_back(word.dump());
        }
        return fmt::format("{}", fmt::join(words, ", ")).substr(0, 500);
    }
    return found->is_number() || found->is_boolean() ? found->dump() : std::string();
}

void addPeftConfig(Inspection &inspection, const fs::path &folder, const nlohmann::json &config)
{
    const std::pair<const char *, const char *> shown[] = {{"method", "peft_type"},
                                                           {"rank", "r"},
                                                           {"alpha", "lora_alpha"},
                                                           {"dropout", "lora_dropout"},
                                                           {"DoRA", "use_dora"},
                                                           {"rank-stabilised", "use_rslora"},
                                                           {"layers", "layers_to_transform"},
                                                           {"target modules", "target_modules"},
                                                           {"scaled at the input", "feedforward_modules"},
                                                           {"virtual tokens", "num_virtual_tokens"},
                                                           {"projection", "prefix_projection"},
                                                           {"base model", "base_model_name_or_path"},
                                                           {"PEFT version", "peft_version"}};
    for (const auto &[name, field] : shown) {
        if (std::string value = plainText(config, field); !value.empty())
            inspection.facts[name] = std::move(value);
    }
    inspection.architecture = inspection.facts["method"];
    if (auto read = tune::checkAdapterConfig(folder); !read)
        addProblem(inspection, read.error());
}

} // namespace

Inspection inspectAdapter(const fs::path &folder)
{
    Inspection inspection;
    inspection.kind = "adapter";
    inspection.path = folder.string();
    inspection.name = folder.filename().string();
    inspection.licence = licenceOfFolder(folder);
    const auto config = io::readJsonFile(folder / "adapter_config.json");
    if (!config) {
        addProblem(inspection, config.error());
    } else if (config->is_object() && config->contains("peft_type")) {
        addPeftConfig(inspection, folder, *config);
    } else if (config->is_object() && config->contains("config")) {
        inspection.architecture = "AdapterHub";
        if (std::string base = plainText(*config, "model_name"); !base.empty())
            inspection.facts["base model"] = std::move(base);
        inspection.facts["method"] = inspection.architecture;
        for (const auto &[name, field] : {std::pair{"reduction factor", "reduction_factor"}, std::pair{"curve", "non_linearity"}, std::pair{"scaling", "scaling"}}) {
            if (std::string value = plainText((*config)["config"], field); !value.empty())
                inspection.facts[name] = std::move(value);
        }
        if (auto read = tune::checkAdapterConfig(folder); !read)
            addProblem(inspection, read.error());
    } else {
        addProblem(inspection,
                   {ErrorCode::BadInput,
                    tr("\"{}\" does not say what kind of adapter it is.", (folder / "adapter_config.json").string()),
                    tr("Choose the folder that PEFT's save_pretrained wrote.")});
    }
    std::error_code error;
    const fs::path weights = folder / (inspection.architecture == "AdapterHub" ? "adapter.safetensors" : "adapter_model.safetensors");
    if (auto opened = io::Safetensors::open(weights)) {
        addTensors(inspection, opened->tensors());
        addFileSizes(inspection, opened->files());
    } else if (opened.error().code == ErrorCode::NotFound && fs::exists(folder / "adapter_model.bin", error)) {
        addProblem(inspection, io::pickleError(folder / "adapter_model.bin"));
    } else if (opened.error().code == ErrorCode::NotFound && fs::exists(folder / "pytorch_adapter.bin", error)) {
        addProblem(inspection, io::pickleError(folder / "pytorch_adapter.bin"));
    } else {
        addProblem(inspection, opened.error());
    }
    inspection.trainable = inspection.problems.empty();
    // Not the adapter's own fault, and it may still be applied to a base model chosen by hand.
    if (const auto base = inspection.facts.find("base model"); base != inspection.facts.end()) {
        if (auto resolved = resolveModel(base->second)) {
            inspection.facts["base model is at"] = resolved->string();
        } else {
            addProblem(inspection,
                       {ErrorCode::NotFound, tr("Its base model \"{}\" was not found on this computer.", base->second),
                        tr("Choose the base model by hand when you use the adapter.")});
        }
    }
    return inspection;
}

} // namespace fettle::engine
