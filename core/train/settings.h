// The one table of settings: key, label, unit, range, default, help. The form, `--set`, `--help`, recipe files, their validation and the
// README's table are made from it. Knows no tensor.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fettle::train {

enum class SettingKind { Integer, Real, Boolean, Choice, Text };
enum class SettingLevel { Basic, Advanced };
// What a text may look like. Names: "all" or module names; Layers: "all" or numbers and ranges; Pairs: "name=number, ..."; Weights: the same, with 0 to 100;
// Expression: a regular expression; Free: anything.
enum class TextForm { Names, Layers, Pairs, Expression, Free, Weights };

using SettingValue = std::variant<std::int64_t, double, bool, std::string>;

struct SettingField {
    std::string_view key;     // "learningRate"
    std::string_view label;   // "Learning rate"
    std::string_view unit;    // "tokens", "%", "" ...
    SettingKind kind;
    SettingLevel level;
    SettingValue standard;    // the default
    double minimum = 0, maximum = 0; // for numbers
    std::vector<std::string_view> choices = {};      // for Choice: the values
    std::vector<std::string_view> choiceLabels = {}; // for Choice: what the form shows
    std::string_view help;    // one plain sentence
    std::string_view why;     // longer explanation
    std::string_view method = {}; // "" = every method, else those that have it: "lora", "lora ia3"
    TextForm form = TextForm::Names; // for Text
};

// In the order in which the form shows them. Only settings that work are listed.
[[nodiscard]] std::span<const SettingField> settingFields();
[[nodiscard]] const SettingField *findSetting(std::string_view key);
// Whether the field is one of this method's.
[[nodiscard]] bool isSettingOf(const SettingField &field, std::string_view method);

// The methods that can be chosen, in the order in which they are shown.
struct MethodInfo {
    std::string_view key;   // "lora"
    std::string_view label; // "LoRA"
    std::string_view help;  // what is trained and when to choose it, one sentence
    // Rates outside of these teach next to nothing, or make the loss jump (engine-facts 1.7).
    double lowestRate, highestRate;
};
[[nodiscard]] std::span<const MethodInfo> methods();
[[nodiscard]] const MethodInfo *findMethod(std::string_view key);

// "0-3,7" as numbers, sorted; empty for "all". Errors: Usage.
[[nodiscard]] Result<std::vector<std::int64_t>> parseLayers(std::string_view text);
// "q_proj=8,v_proj=4": the value behind the last "=" of each part. Errors: Usage.
[[nodiscard]] Result<std::map<std::string, double>> parsePairs(std::string_view text);
// "rules.jsonl=2,tag:chat=0.5": as parsePairs, from 0 to 100. Errors: Usage.
[[nodiscard]] Result<std::map<std::string, double>> parseWeights(std::string_view text);
// The same as a text; a name that holds a comma stands in quotes.
[[nodiscard]] std::string weightsText(const std::map<std::string, double> &weights);

// A complete choice of method and settings. Values that are not set explicitly have the table's default.
struct Recipe {
    std::string method = "lora";
    std::map<std::string, SettingValue, std::less<>> values;

    [[nodiscard]] std::int64_t integer(std::string_view key) const;
    [[nodiscard]] double real(std::string_view key) const;
    [[nodiscard]] bool boolean(std::string_view key) const;
    [[nodiscard]] std::string text(std::string_view key) const;
    friend bool operator==(const Recipe &, const Recipe &) = default;
};

enum class Preset { Quick, Balanced, Thorough };

// trainRows scales epochs and steps. Source of the numbers: engine-facts 1.7 and the sample project's trial.
[[nodiscard]] Recipe presetRecipe(Preset preset, std::string_view method, std::int64_t trainRows);
[[nodiscard]] Result<Preset> presetFromName(std::string_view name);

// Parses "key=value". Errors: Usage, naming key, value and the allowed range.
[[nodiscard]] Result<> applySetting(Recipe &recipe, std::string_view assignment);
[[nodiscard]] Result<> validate(const Recipe &recipe);
[[nodiscard]] Recipe withEpochs(Recipe recipe, double epochs);
[[nodiscard]] nlohmann::json recipeToJson(const Recipe &recipe);          // every key, sorted
[[nodiscard]] Result<Recipe> recipeFromJson(const nlohmann::json &json);  // unknown keys are errors that name the key

} // namespace fettle::train
