// Recipes: reading, checking and writing the values of the table of settings. What a setting means stands in settingtable.cpp.
#include "core/base/words.h"
#include "core/train/settings.h"
#include "core/train/mixshares.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <optional>

namespace fettle::train {
namespace {

std::string methodNames()
{
    std::string names;
    for (const MethodInfo &method : methods())
        names += (names.empty() ? "" : ", ") + std::string(method.key);
    return names;
}

// Where the method of the recipe does not know the key, it is as unknown as a misspelt one.
const SettingField *findFor(std::string_view method, std::string_view key)
{
    const SettingField *field = findSetting(key);
    return field && isSettingOf(*field, method) ? field : nullptr;
}

std::string numberText(double value)
{
    return fmt::format("{}", value);
}

std::string rangeText(const SettingField &field)
{
    switch (field.kind) {
    case SettingKind::Integer:
        return tr("a whole number from {:.0f} to {:.0f}", field.minimum, field.maximum);
    case SettingKind::Real: return tr("a number from {} to {}", numberText(field.minimum), numberText(field.maximum));
    case SettingKind::Boolean: return tr("true or false");
    case SettingKind::Choice: return tr("one of {}", fmt::join(field.choices, ", "));
    case SettingKind::Text: break;
    }
    switch (field.form) {
    case TextForm::Names: return tr("all, attention, mlp, or module names separated by commas");
    case TextForm::Layers: return tr("all, or numbers and ranges of layers from 0 such as 0-3,7");
    case TextForm::Pairs: return tr("names with numbers such as q_proj=8,down_proj=32");
    case TextForm::Weights: return tr("sets with numbers such as rules.jsonl=2,tag:chat=0.5, or off");
    case TextForm::Expression: return tr("a regular expression of at most 4096 characters");
    case TextForm::Free: return tr("a text of at most 4096 characters");
    }
    return {};
}

tl::unexpected<Error> outOfRange(const SettingField &field, std::string_view value)
{
    return fail(ErrorCode::Usage, tr("Setting \"{}\" cannot be \"{}\".", field.key, value),
                tr("{} takes {}.", field.key, rangeText(field)));
}

// The number of single-letter changes between two words: good enough to guess what a misspelt key meant.
std::size_t editDistance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row.back();
}

tl::unexpected<Error> unknownKey(std::string_view method, std::string_view key)
{
    std::vector<std::string_view> keys;
    std::string_view nearest;
    std::size_t nearestDistance = 4; // more than three wrong letters is no misspelling
    for (const SettingField &field : settingFields()) {
        if (!findFor(method, field.key))
            continue;
        keys.push_back(field.key);
        if (const std::size_t distance = editDistance(field.key, key); distance < nearestDistance) {
            nearestDistance = distance;
            nearest = field.key;
        }
    }
    std::string hint = nearest.empty() ? std::string() : tr("Did you mean {}? ", nearest);
    return fail(ErrorCode::Usage, tr("There is no setting \"{}\" for the method {}.", key, method),
                tr("{}Settings are {}.", hint, fmt::join(keys, ", ")));
}

std::string_view trimmed(std::string_view text)
{
    const auto isBlank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && isBlank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back()))
        text.remove_suffix(1);
    return text;
}

std::optional<double> parseReal(std::string_view text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        return {};
    return value;
}

// A list of module names: letters, digits, "_" and "." only, so that nothing in it can act as a pattern.
bool isTargetList(std::string_view text)
{
    if (text.empty() || text.front() == ',' || text.back() == ',')
        return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ',' || c == '-';
    });
}

bool isAcceptable(const SettingField &field, std::string_view text)
{
    constexpr std::size_t kLongestText = 4096;
    switch (field.form) {
    case TextForm::Names: return isTargetList(text);
    case TextForm::Layers: return parseLayers(text).has_value();
    case TextForm::Pairs: return parsePairs(text).has_value();
    case TextForm::Weights: return parseWeights(text).has_value();
    case TextForm::Expression:
    case TextForm::Free: break;
    }
    return text.size() <= kLongestText;
}

// What the user wrote, for messages.
std::string valueText(const SettingValue &value)
{
    struct Printer {
        std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
        std::string operator()(double number) const { return numberText(number); }
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(const std::string &text) const { return text; }
    };
    return std::visit(Printer{}, value);
}

// Brings a value to the field's own type (3 for a real, 3.0 for an integer) and checks its range.
Result<SettingValue> checked(const SettingField &field, const SettingValue &value)
{
    const auto inRange = [&](double number) { return number >= field.minimum && number <= field.maximum; };
    switch (field.kind) {
    case SettingKind::Integer: {
        double number = 0;
        if (const auto *integer = std::get_if<std::int64_t>(&value))
            number = static_cast<double>(*integer);
        else if (const auto *real = std::get_if<double>(&value); real && std::floor(*real) == *real)
            number = *real;
        else
            return outOfRange(field, valueText(value));
        if (!inRange(number))
            return outOfRange(field, valueText(value));
        const auto *integer = std::get_if<std::int64_t>(&value);
        return SettingValue(integer ? *integer : static_cast<std::int64_t>(number));
    }
    case SettingKind::Real: {
        double number = 0;
        if (const auto *real = std::get_if<double>(&value))
            number = *real;
        else if (const auto *integer = std::get_if<std::int64_t>(&value))
            number = static_cast<double>(*integer);
        else
            return outOfRange(field, valueText(value));
        if (!std::isfinite(number) || !inRange(number))
            return outOfRange(field, valueText(value));
        return SettingValue(number);
    }
    case SettingKind::Boolean:
        if (!std::holds_alternative<bool>(value))
            return outOfRange(field, valueText(value));
        return value;
    case SettingKind::Choice: {
        const auto *text = std::get_if<std::string>(&value);
        if (!text || std::ranges::find(field.choices, *text) == field.choices.end())
            return outOfRange(field, valueText(value));
        return value;
    }
    case SettingKind::Text: {
        const auto *text = std::get_if<std::string>(&value);
        if (!text || !isAcceptable(field, *text))
            return outOfRange(field, valueText(value));
        return value;
    }
    }
    return outOfRange(field, valueText(value));
}

Result<SettingValue> parsed(const SettingField &field, std::string_view text)
{
    switch (field.kind) {
    case SettingKind::Integer: {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc{} && end == text.data() + text.size())
            return checked(field, SettingValue(number));
        if (const auto real = parseReal(text); real && std::abs(*real) <= 9007199254740991.0) // "1e3"
            return checked(field, SettingValue(*real));
        return outOfRange(field, text);
    }
    case SettingKind::Real:
        if (const auto number = parseReal(text))
            return checked(field, SettingValue(*number));
        return outOfRange(field, text);
    case SettingKind::Boolean:
        for (const std::string_view yes : {"true", "yes", "on", "1"})
            if (text == yes)
                return SettingValue(true);
        for (const std::string_view no : {"false", "no", "off", "0"})
            if (text == no)
                return SettingValue(false);
        return outOfRange(field, text);
    case SettingKind::Choice:
    case SettingKind::Text: return checked(field, SettingValue(std::string(text)));
    }
    return outOfRange(field, text);
}

SettingValue valueOf(const Recipe &recipe, std::string_view key)
{
    if (const auto found = recipe.values.find(key); found != recipe.values.end())
        return found->second;
    const SettingField *field = findSetting(key);
    return field ? field->standard : SettingValue(std::int64_t{0});
}

} // namespace

Result<std::vector<std::int64_t>> parseLayers(std::string_view text)
{
    constexpr std::int64_t kMostLayers = 100000;
    const auto bad = [&] {
        return fail(ErrorCode::Usage, tr("\"{}\" names no layers.", text.substr(0, 60)), tr("Write all, or numbers and ranges from 0 such as 0-3,7."));
    };
    std::vector<std::int64_t> layers;
    if (trimmed(text) == "all")
        return layers;
    while (true) {
        const auto comma = text.find(',');
        const std::string_view part = trimmed(text.substr(0, comma));
        const auto dash = part.find('-');
        const auto numberOf = [](std::string_view digits) {
            std::int64_t number = -1;
            digits = trimmed(digits);
            const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
            return error == std::errc{} && end == digits.data() + digits.size() && number < kMostLayers ? number : -1;
        };
        const std::int64_t first = numberOf(part.substr(0, dash));
        const std::int64_t last = dash == std::string_view::npos ? first : numberOf(part.substr(dash + 1));
        if (first < 0 || last < first)
            return bad();
        for (std::int64_t layer = first; layer <= last; ++layer)
            layers.push_back(layer);
        if (comma == std::string_view::npos)
            break;
        text.remove_prefix(comma + 1);
    }
    std::ranges::sort(layers);
    layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
    return layers;
}

namespace {

struct QuotedName { std::string name; std::size_t end; };

// "a, b"=2: a name that holds commas; two quotes are one. Nothing where the text does not begin with a whole one.
std::optional<QuotedName> quotedName(std::string_view text)
{
    if (!text.starts_with('"'))
        return std::nullopt;
    std::string name;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"' && (i + 1 == text.size() || text[i + 1] != '"'))
            return QuotedName{std::move(name), i + 1};
        i += text[i] == '"' ? 1 : 0;
        name += text[i];
    }
    return std::nullopt;
}

Result<std::map<std::string, double>> parseNumbers(std::string_view text, bool (*isFine)(double), std::string_view example)
{
    std::map<std::string, double> pairs;
    for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
        const auto quoted = quotedName(text);
        const std::size_t comma = std::min(text.find(',', quoted ? quoted->end : 0), text.size());
        const std::string_view part = trimmed(text.substr(0, comma));
        const std::size_t equals = quoted ? text.find_first_not_of(" \t", quoted->end) : part.rfind('=');
        const bool hasEquals = equals < part.size() && part[equals] == '=';
        const std::string name = quoted ? quoted->name : std::string(trimmed(part.substr(0, hasEquals ? equals : 0)));
        const auto number = parseReal(hasEquals ? trimmed(part.substr(equals + 1)) : std::string_view());
        if (name.empty() || !number || !isFine(*number))
            return fail(ErrorCode::Usage, tr("\"{}\" is not a name with a number.", part.substr(0, 60)), tr("Write for example {}.", example));
        pairs[name] = *number;
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return pairs;
}

} // namespace

Result<std::map<std::string, double>> parsePairs(std::string_view text)
{
    return parseNumbers(text, [](double number) { return number > 0; }, "q_proj=8,down_proj=32");
}

Result<std::map<std::string, double>> parseWeights(std::string_view text)
{
    if (trimmed(text) == kMixOff)
        return std::map<std::string, double>();
    return parseNumbers(text, [](double number) { return number >= 0 && number <= 100; }, "rules.jsonl=2,tag:chat=0.5, or off");
}

std::string weightsText(const std::map<std::string, double> &weights)
{
    std::string text;
    for (const auto &[name, weight] : weights) {
        text += text.empty() ? "" : ",";
        if (name.find_first_of(",\"") == std::string::npos && trimmed(name) == name) {
            text += name;
        } else {
            text += '"';
            for (const char c : name)
                text += c == '"' ? std::string("\"\"") : std::string(1, c);
            text += '"';
        }
        text += "=" + numberText(weight);
    }
    return text;
}

std::int64_t Recipe::integer(std::string_view key) const
{
    const SettingValue value = valueOf(*this, key);
    if (const auto *number = std::get_if<std::int64_t>(&value))
        return *number;
    const auto *real = std::get_if<double>(&value);
    return real ? static_cast<std::int64_t>(*real) : 0;
}

double Recipe::real(std::string_view key) const
{
    const SettingValue value = valueOf(*this, key);
    if (const auto *number = std::get_if<double>(&value))
        return *number;
    const auto *integer = std::get_if<std::int64_t>(&value);
    return integer ? static_cast<double>(*integer) : 0.0;
}

bool Recipe::boolean(std::string_view key) const
{
    const SettingValue value = valueOf(*this, key);
    const auto *flag = std::get_if<bool>(&value);
    return flag && *flag;
}

std::string Recipe::text(std::string_view key) const
{
    const SettingValue value = valueOf(*this, key);
    const auto *text = std::get_if<std::string>(&value);
    return text ? *text : std::string();
}

Result<> applySetting(Recipe &recipe, std::string_view assignment)
{
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos)
        return fail(ErrorCode::Usage, tr("Cannot read the setting \"{}\".", assignment),
                    tr("Write key=value, for example learningRate=0.001."));
    const std::string_view key = trimmed(assignment.substr(0, equals));
    const std::string_view value = trimmed(assignment.substr(equals + 1));
    const SettingField *field = findFor(recipe.method, key);
    if (!field)
        return unknownKey(recipe.method, key);
    auto result = parsed(*field, value);
    if (!result)
        return passError(result);
    recipe.values.insert_or_assign(std::string(key), std::move(*result));
    return {};
}

Recipe withEpochs(Recipe recipe, double epochs)
{
    recipe.values["epochs"] = epochs;
    return recipe;
}

Result<> validate(const Recipe &recipe)
{
    if (!findMethod(recipe.method))
        return fail(ErrorCode::Usage, tr("There is no method \"{}\".", recipe.method), tr("Methods are {}.", methodNames()));
    for (const auto &[key, value] : recipe.values) {
        const SettingField *field = findFor(recipe.method, key);
        if (!field)
            return unknownKey(recipe.method, key);
        if (auto result = checked(*field, value); !result)
            return passError(result);
    }
    return {};
}

nlohmann::json recipeToJson(const Recipe &recipe)
{
    nlohmann::json json = nlohmann::json::object();
    json["method"] = recipe.method;
    for (const SettingField &field : settingFields()) {
        if (findFor(recipe.method, field.key))
            std::visit([&](const auto &value) { json[std::string(field.key)] = value; }, valueOf(recipe, field.key));
    }
    return json;
}

Result<Recipe> recipeFromJson(const nlohmann::json &json)
{
    if (!json.is_object())
        return fail(ErrorCode::BadInput, tr("The recipe is not a JSON object."),
                    R"(A recipe looks like {"method": "lora", "learningRate": 0.001}.)");
    Recipe recipe;
    if (const auto method = json.find("method"); method != json.end()) {
        if (!method->is_string() || !findMethod(method->get_ref<const std::string &>()))
            return fail(ErrorCode::BadInput, tr("The recipe names the method {}, which does not exist.", method->dump()),
                        tr("Methods are {}.", methodNames()));
        recipe.method = method->get<std::string>();
    }
    for (const auto &[key, item] : json.items()) {
        if (key == "method")
            continue;
        const SettingField *field = findFor(recipe.method, key);
        if (!field)
            return unknownKey(recipe.method, key);
        SettingValue value;
        if (item.is_boolean())
            value = item.get<bool>();
        else if (item.is_number_unsigned() && item.get<std::uint64_t>() > 9007199254740991ULL)
            value = item.get<double>(); // outside every range: checked() refuses it with its text
        else if (item.is_number_integer())
            value = item.get<std::int64_t>();
        else if (item.is_number())
            value = item.get<double>();
        else if (item.is_string())
            value = item.get<std::string>();
        else
            return outOfRange(*field, item.dump());
        auto result = checked(*field, value);
        if (!result)
            return passError(result);
        recipe.values.insert_or_assign(key, std::move(*result));
    }
    return recipe;
}

} // namespace fettle::train
