// Fields of a tokenizer.json, read without surprises.
#include "core/text/jsonaccess.h"
#include "core/base/words.h"

#include <fmt/format.h>

namespace fettle::text {

const nlohmann::json &fieldOf(const nlohmann::json &object, const char *field)
{
    static const nlohmann::json none;
    if (!object.is_object())
        return none;
    const auto found = object.find(field);
    return found == object.end() ? none : *found;
}

std::string textOf(const nlohmann::json &object, const char *field)
{
    const nlohmann::json &value = fieldOf(object, field);
    return value.is_string() ? value.get<std::string>() : std::string();
}

bool flagOf(const nlohmann::json &object, const char *field, bool fallback)
{
    const nlohmann::json &value = fieldOf(object, field);
    return value.is_boolean() ? value.get<bool>() : fallback;
}

const nlohmann::json &listOf(const nlohmann::json &object, const char *field)
{
    static const nlohmann::json empty = nlohmann::json::array();
    const nlohmann::json &value = fieldOf(object, field);
    return value.is_array() ? value : empty;
}

Result<std::variant<std::string, Regex>> patternOf(const nlohmann::json &object)
{
    const nlohmann::json &pattern = fieldOf(object, "pattern");
    if (const nlohmann::json &plain = fieldOf(pattern, "String"); plain.is_string())
        return plain.get<std::string>();
    const nlohmann::json &regex = fieldOf(pattern, "Regex");
    if (!regex.is_string())
        return fail(ErrorCode::BadInput, tr("The tokenizer has a step without a pattern."),
                    tr("The file tokenizer.json is damaged: copy it again from its source."));
    auto compiled = Regex::compile(regex.get_ref<const std::string &>());
    if (!compiled)
        return passError(compiled);
    return std::move(*compiled);
}

tl::unexpected<Error> unsupported(std::string_view part, std::string_view kind)
{
    return fail(ErrorCode::BadInput, tr("This tokenizer uses the {} \"{}\", which Fettle does not know.", part, kind),
                tr("Use a model with a byte-level or SentencePiece BPE tokenizer (Llama, Mistral, Qwen, Gemma, Phi, SmolLM, GPT-2 ...)."));
}

} // namespace fettle::text
