#include "core/train/settingcomparison.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace fettle::train {

std::optional<SettingValue> storedSetting(const nlohmann::json &recipe, const SettingField &field)
{
    if (!recipe.is_object())
        return {};
    const auto item = recipe.find(std::string(field.key));
    if (item == recipe.end())
        return {};
    switch (field.kind) {
    case SettingKind::Integer: return item->is_number_integer() ? std::optional(SettingValue(item->get<std::int64_t>())) : std::nullopt;
    case SettingKind::Real: return item->is_number() ? std::optional(SettingValue(item->get<double>())) : std::nullopt;
    case SettingKind::Boolean: return item->is_boolean() ? std::optional(SettingValue(item->get<bool>())) : std::nullopt;
    case SettingKind::Choice:
    case SettingKind::Text: return item->is_string() ? std::optional(SettingValue(item->get<std::string>())) : std::nullopt;
    }
    return {};
}

std::vector<SettingComparison> compareSettings(std::span<const std::string> recipes)
{
    struct Read { nlohmann::json json; std::string method; };
    std::vector<Read> read;
    for (const std::string &text : recipes) {
        nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
        std::string method = Recipe().method;
        if (const auto found = json.is_object() ? json.find("method") : json.end(); json.is_object() && found != json.end() && found->is_string())
            method = found->get<std::string>();
        read.push_back({std::move(json), std::move(method)});
    }
    std::vector<SettingComparison> compared;
    for (const SettingField &field : settingFields()) {
        SettingComparison row{&field, {}, false};
        for (const Read &recipe : read)
            row.values.push_back(isSettingOf(field, recipe.method) ? std::optional(storedSetting(recipe.json, field).value_or(field.standard)) : std::nullopt);
        if (std::ranges::none_of(row.values, [](const auto &value) { return value.has_value(); }))
            continue;
        row.differs = std::ranges::any_of(row.values, [&](const auto &value) { return value != row.values.front(); });
        compared.push_back(std::move(row));
    }
    return compared;
}

} // namespace fettle::train
