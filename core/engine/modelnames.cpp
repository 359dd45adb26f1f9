// Storage words: the file types of llama.cpp (Q4_K_M, IQ2_XS ...) and the customary names of plain types.
#include "core/engine/modelnames.h"

#include "core/io/gguf.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace fettle::engine {

namespace {

bool isDigit(char c)
{
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// Whether a word, in lower case, names a way of storing weights: q4_k_m, iq2_xs, tq1_0, q8, f16, bf16, mxfp4.
bool isStorageWord(std::string_view word)
{
    for (const std::string_view plain : {"f16", "f32", "bf16", "fp16", "fp32", "mxfp4", "nvfp4"}) {
        if (word == plain)
            return true;
    }
    if (word.starts_with("iq") || word.starts_with("tq"))
        word.remove_prefix(1);
    if (word.size() < 2 || word[0] != 'q' || !isDigit(word[1]))
        return false;
    word.remove_prefix(2);
    while (!word.empty()) { // then _k, _0, _1, _m, _s, _l, _xl, _xs, _xxs, _nl
        const std::size_t next = std::min(word.find('_', 1), word.size());
        if (word[0] != '_' || next < 2 || next > 4)
            return false;
        word.remove_prefix(next);
    }
    return true;
}

} // namespace

std::string lowerCase(std::string_view text)
{
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::string nameWithoutQuantisation(std::string_view stem)
{
    if (const auto part = io::ggufPart(stem))
        stem = part->name;
    const std::string lower = lowerCase(stem);
    // The words themselves hold '_', so every border is tried, the longest ending first.
    for (std::size_t i = 1; i + 1 < lower.size(); ++i) {
        if ((lower[i] == '-' || lower[i] == '.' || lower[i] == '_') && isStorageWord(std::string_view(lower).substr(i + 1)))
            return std::string(stem.substr(0, i));
    }
    return std::string(stem);
}

bool isCompanionName(std::string_view name)
{
    constexpr std::array<std::string_view, 13> kNames = {"config.json",       "generation_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model",
                                                         "special_tokens_map.json", "added_tokens.json", "vocab.json",     "merges.txt",            "chat_template.jinja",
                                                         "chat_template.json", "README.md",              "model.safetensors.index.json"};
    return std::ranges::find(kNames, name) != kNames.end() || name.starts_with("LICENSE") || name.starts_with("LICENCE");
}

} // namespace fettle::engine
