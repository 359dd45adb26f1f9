// tokenizer_config.json and special_tokens_map.json: what transformers adds to a tokenizer.json.
#include "core/io/jsonfile.h"
#include "core/text/jsonaccess.h"
#include "core/text/readers.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

namespace fettle::text {
namespace {

constexpr const char *kNames[] = {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};

// A missing file reads as null.
Result<nlohmann::json> readOptional(const std::filesystem::path &file)
{
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
        return nlohmann::json();
    return io::readJsonFile(file, {.repeatedKeys = io::RepeatedKeys::KeepLast});
}

// "<s>" or {"content": "<s>", ...}.
std::string contentOf(const nlohmann::json &token)
{
    return token.is_string() ? token.get<std::string>() : textOf(token, "content");
}

void addOrReplace(Pipeline &pipeline, AddedToken token)
{
    const auto known = std::find_if(pipeline.addedTokens.begin(), pipeline.addedTokens.end(),
                                    [&](const AddedToken &other) { return other.content == token.content; });
    if (known != pipeline.addedTokens.end())
        *known = std::move(token);
    else
        pipeline.addedTokens.push_back(std::move(token));
}

// transformers adds every token listed here to the tokenizer; flags here win over those of tokenizer.json.
void readAddedTokensDecoder(const nlohmann::json &config, Pipeline &pipeline)
{
    const nlohmann::json &tokens = fieldOf(config, "added_tokens_decoder");
    if (!tokens.is_object())
        return;
    for (const auto &[key, value] : tokens.items()) {
        char *end = nullptr;
        const long id = std::strtol(key.c_str(), &end, 10);
        AddedToken token;
        token.content = contentOf(value);
        if (token.content.empty() || *end != '\0' || id < 0 || id > kHighestId)
            continue;
        token.id = static_cast<TokenId>(id);
        token.singleWord = flagOf(value, "single_word", false);
        token.leftStrip = flagOf(value, "lstrip", false);
        token.rightStrip = flagOf(value, "rstrip", false);
        token.special = flagOf(value, "special", false);
        token.normalized = flagOf(value, "normalized", !token.special);
        addOrReplace(pipeline, std::move(token));
    }
}

// A special token that is only a word of the vocabulary so far is looked for in texts from now on.
void ensureAdded(Pipeline &pipeline, const std::string &content)
{
    const auto known = std::any_of(pipeline.addedTokens.begin(), pipeline.addedTokens.end(),
                                   [&](const AddedToken &other) { return other.content == content; });
    const auto id = pipeline.model.vocabulary().find(content);
    if (known || !id)
        return;
    AddedToken token;
    token.content = content;
    token.id = *id;
    token.normalized = false;
    token.special = true;
    pipeline.addedTokens.push_back(std::move(token));
}

void applySpecialTokens(const nlohmann::json &config, const nlohmann::json &map, Pipeline &pipeline)
{
    for (const char *name : kNames) {
        std::string content = contentOf(fieldOf(config, name));
        if (content.empty())
            content = contentOf(fieldOf(map, name));
        if (content.empty())
            continue;
        ensureAdded(pipeline, content);
        setSpecialToken(pipeline, name, content);
    }
    for (const char *list : {"additional_special_tokens", "extra_special_tokens"})
        for (const nlohmann::json &token : listOf(fieldOf(config, list).is_array() ? config : map, list))
            ensureAdded(pipeline, contentOf(token));
}

// add_bos_token and add_eos_token, where the file says so, win over the post-processor of tokenizer.json.
void applyAddFlag(const nlohmann::json &config, const char *flag, std::optional<TokenId> id, std::vector<TokenId> &ids, bool atFront)
{
    const nlohmann::json &wanted = fieldOf(config, flag);
    if (!wanted.is_boolean() || !id)
        return;
    const auto found = std::find(ids.begin(), ids.end(), *id);
    if (wanted.get<bool>() && found == ids.end())
        ids.insert(atFront ? ids.begin() : ids.end(), *id);
    else if (!wanted.get<bool>() && found != ids.end())
        ids.erase(found);
}

} // namespace

Result<> readTokenizerConfig(const std::filesystem::path &folder, Pipeline &pipeline)
{
    const auto config = readOptional(folder / "tokenizer_config.json");
    if (!config)
        return passError(config);
    const auto map = readOptional(folder / "special_tokens_map.json");
    if (!map)
        return passError(map);
    readAddedTokensDecoder(*config, pipeline);
    applySpecialTokens(*config, *map, pipeline);
    applyAddFlag(*config, "add_bos_token", pipeline.bos, pipeline.postProcessor.before, true);
    applyAddFlag(*config, "add_eos_token", pipeline.eos, pipeline.postProcessor.after, false);
    return {};
}

} // namespace fettle::text
