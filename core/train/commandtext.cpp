#include "core/train/commandtext.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace fettle::train {
namespace {

bool isPlain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("_./:=,@%+-").find(c) != std::string_view::npos;
}

std::string forShell(std::string_view word)
{
    if (!word.empty() && std::ranges::all_of(word, isPlain))
        return std::string(word);
    std::string text = "'";
    for (const char c : word)
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

} // namespace

std::vector<std::string> assignmentsOf(const Recipe &recipe)
{
    const Recipe preset = presetRecipe(Preset::Quick, recipe.method, 1); // every preset sets the same keys
    std::vector<std::string> all;
    for (const SettingField &field : settingFields()) {
        if (!isSettingOf(field, recipe.method))
            continue;
        const auto found = recipe.values.find(field.key);
        const SettingValue &value = found == recipe.values.end() ? field.standard : found->second;
        if (value != field.standard || preset.values.contains(field.key))
            all.push_back(std::visit([&](const auto &own) { return fmt::format("{}={}", field.key, own); }, value)); // the shortest text of exactly this number
    }
    return all;
}

std::string textOf(const TrainCommand &command)
{
    std::string text = fmt::format("fettle train --model {} --project {} --method {}", forShell(command.model), forShell(command.project), command.recipe.method);
    if (!command.adapter.empty())
        text += fmt::format(" --adapter {}", forShell(command.adapter));
    if (!command.onto.empty())
        text += fmt::format(" --onto {}", forShell(command.onto));
    if (command.snapshot > 0)
        text += fmt::format(" --snapshot {}", command.snapshot);
    for (const std::string &assignment : assignmentsOf(command.recipe))
        text += fmt::format(" --set {}", forShell(assignment));
    return text;
}

} // namespace fettle::train
