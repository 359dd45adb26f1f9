// Settings of several recipes side by side. Reads recipes as they are stored, which may lack what a later version added; computes nothing else.
#pragma once

#include "core/train/settings.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace fettle::train {

// None where the recipe does not hold the field or holds something of another kind.
[[nodiscard]] std::optional<SettingValue> storedSetting(const nlohmann::json &recipe, const SettingField &field);

struct SettingComparison {
    const SettingField *field = nullptr;
    std::vector<std::optional<SettingValue>> values; // one for each recipe; none: its method has no such setting
    bool differs = false;
};
// In the order of the form, without what none of the methods has. recipes: JSON texts; what one does not hold counts as the default, and one
// that cannot be read as empty.
[[nodiscard]] std::vector<SettingComparison> compareSettings(std::span<const std::string> recipes);

} // namespace fettle::train
