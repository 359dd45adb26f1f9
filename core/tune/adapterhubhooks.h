// Where AdapterHub's plugin interface has to hook a bottleneck adapter so that it stands where ours does. AdapterHub writes and reads this beside
// an adapter as adapter_interface.json. Knows the modules of a family, no weights.
#pragma once

#include "core/tune/bottleneck.h"

#include <filesystem>
#include <string>

namespace fettle::tune {

inline constexpr const char *kInterfaceFile = "adapter_interface.json";

// Into the folder of an adapter, unless AdapterHub knows the family by itself and agrees.
[[nodiscard]] Result<> writeHooks(const std::filesystem::path &folder, const model::ModelConfig &model);
// Errors: BadInput where the folder says that its adapter stood elsewhere, naming file and field. isOurs: Fettle wrote the adapter.
[[nodiscard]] Result<> checkHooks(const std::filesystem::path &folder, const model::ModelConfig &model, BottleneckKind kind, bool isOurs);
// Empty, or why AdapterHub has no such place in this model.
[[nodiscard]] std::string whyNotInAdapterHub(const model::ModelConfig &model, BottleneckKind kind);

} // namespace fettle::tune
