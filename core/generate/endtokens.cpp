#include "core/generate/endtokens.h"

#include "core/io/jsonfile.h"
#include "core/text/chattemplate.h"
#include "core/text/tokenizer.h"

#include <algorithm>

namespace fettle::generate {

TokenId tokenAfterAssistantTurn(const text::Tokenizer &tokenizer, const text::ChatTemplate &chatTemplate)
{
    // A word that no template contains; what stands behind it is the end of the turn.
    const std::string answer = "Zwiebelturmuhr";
    nlohmann::ordered_json messages = nlohmann::ordered_json::array();
    messages.push_back({{"role", "user"}, {"content", "a"}});
    messages.push_back({{"role", "assistant"}, {"content", answer}});
    const auto rendered = chatTemplate.render(messages, text::renderContextFor(tokenizer));
    if (!rendered)
        return -1;
    const auto place = rendered->text.rfind(answer);
    if (place == std::string::npos)
        return -1;
    const auto rest = tokenizer.encode(std::string_view(rendered->text).substr(place + answer.size()));
    if (!rest)
        return -1;
    for (const TokenId id : rest->ids) {
        if (tokenizer.isSpecial(id))
            return id;
    }
    return -1;
}

std::vector<TokenId> endTokens(const model::ModelConfig &config, const text::Tokenizer &tokenizer, const text::ChatTemplate *chatTemplate,
                               const std::filesystem::path &modelPath)
{
    std::vector<TokenId> ids;
    const auto add = [&](std::int64_t id) {
        if (id >= 0 && id < config.vocabulary)
            ids.push_back(static_cast<TokenId>(id));
    };
    for (const std::int64_t id : config.endTokens)
        add(id);
    if (const auto id = tokenizer.eosId())
        add(*id);
    if (chatTemplate)
        add(tokenAfterAssistantTurn(tokenizer, *chatTemplate));
    std::error_code problem;
    const std::filesystem::path file = modelPath / "generation_config.json";
    if (std::filesystem::is_regular_file(file, problem)) {
        if (const auto json = io::readJsonFile(file); json && json->is_object() && json->contains("eos_token_id")) {
            const nlohmann::json &value = (*json)["eos_token_id"];
            if (value.is_number_integer())
                add(value.get<std::int64_t>());
            else if (value.is_array())
                for (const nlohmann::json &item : value)
                    add(item.is_number_integer() ? item.get<std::int64_t>() : -1);
        }
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

} // namespace fettle::generate
