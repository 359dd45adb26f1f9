// PCRE2 stands in for Python's re; limits keep a hostile expression from running for ever.
#include "core/base/words.h"
#include "core/tune/lora.h"
#include "core/tune/targets.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace fettle::tune {

namespace {

struct FreeCode {
    void operator()(pcre2_code *code) const { pcre2_code_free(code); }
};
struct FreeData {
    void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
    void operator()(pcre2_match_context *context) const { pcre2_match_context_free(context); }
};

constexpr std::size_t kLongestPattern = 4096;
constexpr std::uint32_t kMatchLimit = 100'000;

} // namespace

Result<bool> fullMatch(const std::string &pattern, std::string_view text)
{
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorCode::BadInput, tr("The target expression \"{}\" cannot be used: {}.", pattern.substr(0, 80), why),
                    tr("Name the target modules in a list instead, for example q_proj, v_proj."));
    };
    if (pattern.size() > kLongestPattern)
        return refuse(tr("it is too long"));
    int error = 0;
    std::size_t offset = 0;
    const std::unique_ptr<pcre2_code, FreeCode> code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                                                   PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF, &error, &offset, nullptr));
    if (!code) {
        PCRE2_UCHAR message[128] = {};
        pcre2_get_error_message(error, message, sizeof message);
        return refuse(tr("{} at character {}", reinterpret_cast<const char *>(message), offset + 1));
    }
    const std::unique_ptr<pcre2_match_data, FreeData> data(pcre2_match_data_create_from_pattern(code.get(), nullptr));
    const std::unique_ptr<pcre2_match_context, FreeContext> context(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_set_depth_limit(context.get(), kMatchLimit);
    const int matched = pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, data.get(), context.get());
    if (matched == PCRE2_ERROR_NOMATCH)
        return false;
    if (matched < 0)
        return refuse(tr("it takes too long to match"));
    return true;
}

Result<bool> patternMatches(const std::string &key, std::string_view modulePath) { return fullMatch(fmt::format("(.*\\.)?({})", key), modulePath); }

Result<bool> isTarget(const LoraConfig &config, std::string_view modulePath, std::int64_t layer)
{
    if (!config.targetPattern.empty())
        return fullMatch(config.targetPattern, modulePath);
    const bool isNamed = std::any_of(config.targets.begin(), config.targets.end(), [&](const std::string &target) {
        return target == kAllLinear || target == modulePath || modulePath.ends_with(fmt::format(".{}", target));
    });
    if (!isNamed || config.layers.empty())
        return isNamed;
    return std::find(config.layers.begin(), config.layers.end(), layer) != config.layers.end();
}

std::vector<std::string> targetsFor(const model::ModelConfig &model, std::span<const model::LinearMap> roles)
{
    using model::LinearMap;
    std::vector<std::string> names;
    for (const LinearMap role : roles) {
        const bool isAttention = role == LinearMap::Query || role == LinearMap::Key || role == LinearMap::Value;
        const bool isGate = role == LinearMap::Gate || role == LinearMap::Up;
        const LinearMap map = !model.isFused ? role
            : isAttention                    ? model::mapFor(model, LinearMap::QueryKeyValue)
            : isGate                         ? model::mapFor(model, model.hasGate ? LinearMap::GateUp : LinearMap::Up)
                                             : model::mapFor(model, role);
        std::string name(model::nameOf(map));
        if (map == LinearMap::Gpt2Output || map == LinearMap::Gpt2Down)
            name.insert(0, map == LinearMap::Gpt2Output ? "attn." : "mlp.");
        if (std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(std::move(name));
    }
    return names;
}

Result<std::vector<std::string>> parseTargets(std::string_view text)
{
    std::vector<std::string> targets;
    while (!text.empty()) {
        const auto comma = text.find(',');
        std::string_view name = text.substr(0, comma);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        while (!name.empty() && name.front() == ' ')
            name.remove_prefix(1);
        while (!name.empty() && name.back() == ' ')
            name.remove_suffix(1);
        if (name.empty())
            continue;
        bool isKnown = name == kAllLinear || name == "attn.c_proj" || name == "mlp.c_proj";
        for (int i = 0; i < model::kLinearMaps; ++i)
            isKnown = isKnown || name == model::nameOf(static_cast<model::LinearMap>(i));
        for (const OuterPart part : kOuterParts)
            isKnown = isKnown || name == nameOf(part);
        if (!isKnown) {
            return fail(ErrorCode::Usage, tr("\"{}\" is not a linear map of the model.", name.substr(0, 60)),
                        tr("Use all-linear, or some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj (Phi-3: qkv_proj, o_proj, gate_up_proj, down_proj; "
                           "GPT-2: c_attn, c_proj, c_fc; GPT-NeoX: query_key_value, dense, dense_h_to_4h, dense_4h_to_h), embed_tokens, lm_head."));
        }
        targets.emplace_back(name);
    }
    if (targets.empty())
        return fail(ErrorCode::Usage, tr("No target modules are named."), tr("Use all-linear, or some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj (Phi-3: qkv_proj, o_proj, gate_up_proj, down_proj), embed_tokens, lm_head."));
    return targets;
}

} // namespace fettle::tune
