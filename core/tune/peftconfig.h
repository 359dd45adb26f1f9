// What the adapter folders of PEFT have in common, whatever the method: reading and writing adapter_config.json and
// adapter_model.safetensors. A setting that we do not follow is refused by its name. LoRA's own settings: peftfolder.cpp.
#pragma once

#include "core/tune/adapter.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace fettle::tune {

inline constexpr const char *kAdapterConfigFile = "adapter_config.json"; // the name AdapterHub uses too
inline constexpr const char *kPeftWeightsFile = "adapter_model.safetensors";

// null, false or empty: the setting is not used.
[[nodiscard]] bool isOff(const nlohmann::json &value);

// peft_type of a folder ("LORA", "IA3", ...). Errors: NotFound, BadInput.
[[nodiscard]] Result<std::string> peftTypeOf(const std::filesystem::path &folder);

struct PeftConfigFile {
    nlohmann::json object;
    std::string source; // path of the file, for messages
    std::string baseModel;
};
// known: settings of this method that the caller reads; any other that is set is refused. Errors: NotFound, BadInput naming the setting.
[[nodiscard]] Result<PeftConfigFile> readPeftConfigFile(const std::filesystem::path &folder, std::string_view type,
                                                        std::initializer_list<std::string_view> known);

struct NamesOrPattern {
    std::vector<std::string> names;
    std::string pattern;
};
[[nodiscard]] Result<NamesOrPattern> namesOrPattern(const nlohmann::json &object, const char *field, std::string_view source);

// Settings that every type has.
[[nodiscard]] nlohmann::json commonPeftConfig(std::string_view type, const std::string &baseModel);
// Both files, atomically; the folder is created. Errors: DiskFull, NoPermission.
[[nodiscard]] Result<> writePeftFolder(const std::filesystem::path &folder, const nlohmann::json &config, const std::vector<NamedParameter> &parameters);
// The tensors of a safetensors file as fp32, in the order asked for: exactly these. Errors: NotFound, BadInput (missing, of another shape, more
// than these, not finite).
using ExpectedTensors = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;
[[nodiscard]] Result<std::vector<at::Tensor>> readAdapterTensors(const std::filesystem::path &file, const ExpectedTensors &expected);
[[nodiscard]] Result<std::vector<at::Tensor>> readPeftTensors(const std::filesystem::path &folder, const ExpectedTensors &expected);
// Tensors under their names, atomically.
[[nodiscard]] Result<> writeAdapterTensors(const std::filesystem::path &file, const std::vector<NamedParameter> &parameters);

} // namespace fettle::tune
