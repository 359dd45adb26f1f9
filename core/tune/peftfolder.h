// Adapter folders as PEFT writes and reads them: adapter_config.json (sorted keys, indent 2) and adapter_model.safetensors
// (engine-facts 1.2). Only what changes the result is interpreted; a setting that we cannot follow is refused by its name, never ignored.
#pragma once

#include "core/tune/lora.h"

#include <filesystem>

namespace fettle::tune {

// Both files are written atomically; the folder is created. Errors: DiskFull, NoPermission.
[[nodiscard]] Result<> savePeftFolder(const LoraAdapter &adapter, const std::filesystem::path &folder);
// adapter_config.json alone, as text (for exporters).
[[nodiscard]] std::string peftConfigText(const LoraAdapter &adapter);

// Errors: NotFound, BadInput naming file, setting or tensor, with shape found and shape expected (a missing half, a wrong rank,
// an unknown module, an adapter for another model).
[[nodiscard]] Result<std::shared_ptr<LoraAdapter>> loadPeftFolder(const std::filesystem::path &folder, const model::ModelConfig &model);
// What a folder says about itself, without weights.
[[nodiscard]] Result<LoraConfig> readPeftConfig(const std::filesystem::path &folder);

} // namespace fettle::tune
