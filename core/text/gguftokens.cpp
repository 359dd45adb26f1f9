// Reading the keys tokenizer.ggml.*. The file names its splitting rule ("tokenizer.ggml.pre"); which rule that is was looked up in the
// tokenizer.json files of the models that carry the name.
#include "core/text/gguftokens.h"

#include "core/base/words.h"
#include "core/io/gguf.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::text {
namespace {

constexpr const char *kUse = "Convert the model again with a current llama.cpp, or use the model's Hugging Face folder.";

constexpr std::array kRules{
    GgufRule{"default", GgufSplit::Gpt2, false, false},
    GgufRule{"gpt-2", GgufSplit::Gpt2, false, false},
    GgufRule{"gpt2", GgufSplit::Gpt2, false, false},
    GgufRule{"phi-2", GgufSplit::Gpt2, false, false},
    GgufRule{"mpt", GgufSplit::Gpt2, false, false},
    GgufRule{"olmo", GgufSplit::Gpt2, false, false},
    GgufRule{"smollm", GgufSplit::DigitsGpt2, false, false},
    GgufRule{"starcoder", GgufSplit::DigitsGpt2, false, false},
    GgufRule{"refact", GgufSplit::DigitsGpt2, false, false},
    GgufRule{"llama3", GgufSplit::ThreeDigits, true, false},
    GgufRule{"llama-v3", GgufSplit::ThreeDigits, true, false},
    GgufRule{"llama-bpe", GgufSplit::ThreeDigits, true, false},
    GgufRule{"smollm3", GgufSplit::ThreeDigits, true, false},
    GgufRule{"dbrx", GgufSplit::ThreeDigits, false, false},
    GgufRule{"qwen2", GgufSplit::OneDigit, false, true},
    GgufRule{"deepseek-r1-qwen", GgufSplit::OneDigit, false, true},
    GgufRule{"stablelm2", GgufSplit::OneDigit, false, true},
    GgufRule{"tekken", GgufSplit::Tekken, true, false},
};

std::optional<TokenId> idOf(const io::Gguf &file, std::string_view key, std::size_t tokens)
{
    const auto id = file.integer(key);
    return id && *id >= 0 && *id < static_cast<std::int64_t>(tokens) ? std::optional(static_cast<TokenId>(*id)) : std::nullopt;
}

} // namespace

const std::string_view kTekkenPattern = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
                                R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
                                R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

Result<GgufRule> ggufRule(const io::Gguf &file)
{
    const std::string pre = file.string("tokenizer.ggml.pre").value_or("default");
    const auto rule = std::find_if(kRules.begin(), kRules.end(), [&](const GgufRule &named) { return named.name == pre; });
    if (rule == kRules.end())
        return fail(ErrorCode::BadInput,
                    tr("{} splits words by the rule \"{}\", which Fettle does not know.", file.path().filename().string(), pre),
                    tr("Use the model's Hugging Face folder: its tokenizer.json describes the rule itself."));
    return *rule;
}

Result<std::string> ggufTokenizerKind(const io::Gguf &file)
{
    const std::string kind = file.string("tokenizer.ggml.model").value_or("");
    if (kind.empty())
        return fail(ErrorCode::BadInput, tr("{} has no tokenizer (tokenizer.ggml.model).", file.path().filename().string()), tr(kUse));
    if (kind != "gpt2" && kind != "llama")
        return fail(
            ErrorCode::BadInput,
            tr("{} has a tokenizer of the type \"{}\", which Fettle does not know.", file.path().filename().string(), kind),
            tr("Use a model with a BPE tokenizer: types \"gpt2\" and \"llama\"."));
    return kind;
}

Result<GgufTokens> ggufTokens(const io::Gguf &file)
{
    auto texts = file.strings("tokenizer.ggml.tokens");
    if (!texts || texts->empty())
        return fail(ErrorCode::BadInput, tr("{} has no tokens (tokenizer.ggml.tokens).", file.path().filename().string()), tr(kUse));
    if (texts->size() > static_cast<std::size_t>(kHighestId))
        return fail(ErrorCode::BadInput, tr("{} claims to have {} tokens.", file.path().filename().string(), texts->size()), tr(kUse));
    GgufTokens tokens{std::move(*texts), {}};
    tokens.kinds.assign(tokens.texts.size(), TokenKind::Normal);
    if (const auto kinds = file.integers("tokenizer.ggml.token_type")) {
        if (kinds->size() != tokens.texts.size())
            return fail(ErrorCode::BadInput,
                        tr("{} has {} tokens but {} kinds of tokens.", file.path().filename().string(), tokens.texts.size(),
                                    kinds->size()),
                        tr(kUse));
        for (std::size_t i = 0; i < kinds->size(); ++i)
            if ((*kinds)[i] >= 1 && (*kinds)[i] <= 6)
                tokens.kinds[i] = static_cast<TokenKind>((*kinds)[i]);
    }
    return tokens;
}

Result<std::vector<Merge>> ggufMerges(const io::Gguf &file)
{
    const auto lines = file.strings("tokenizer.ggml.merges");
    if (!lines)
        return fail(ErrorCode::BadInput, tr("{} has no merges (tokenizer.ggml.merges).", file.path().filename().string()), tr(kUse));
    std::vector<Merge> merges;
    merges.reserve(lines->size());
    for (const std::string &line : *lines) {
        const std::size_t space = line.find(' ', 1); // a token may itself begin with a space, never contain one
        if (space == std::string::npos)
            return fail(ErrorCode::BadInput,
                        tr("{}: merge {} is no pair of tokens: \"{}\".", file.path().filename().string(), merges.size() + 1, line),
                        tr(kUse));
        merges.push_back({line.substr(0, space), line.substr(space + 1)});
    }
    return merges;
}

Result<ScoredVocabulary> ggufScored(const io::Gguf &file, GgufTokens tokens)
{
    const auto scores = file.floats("tokenizer.ggml.scores");
    if (!scores || scores->size() != tokens.texts.size())
        return fail(ErrorCode::BadInput,
                    tr("{} has no score for each token (tokenizer.ggml.scores).", file.path().filename().string()), tr(kUse));
    return ScoredVocabulary{std::move(tokens.texts), *scores, std::move(tokens.kinds),
                            file.boolean("tokenizer.ggml.add_space_prefix").value_or(true)};
}

std::vector<std::pair<std::string, TokenId>> ggufSpecialTokens(const io::Gguf &file, std::size_t tokens)
{
    constexpr std::array<std::pair<const char *, const char *>, 4> kSpecial{{{"tokenizer.ggml.bos_token_id", "bos_token"},
                                                                             {"tokenizer.ggml.eos_token_id", "eos_token"},
                                                                             {"tokenizer.ggml.unknown_token_id", "unk_token"},
                                                                             {"tokenizer.ggml.padding_token_id", "pad_token"}}};
    std::vector<std::pair<std::string, TokenId>> special;
    for (const auto &[key, name] : kSpecial)
        if (const auto id = idOf(file, key, tokens))
            special.emplace_back(name, *id);
    return special;
}

GgufFrame ggufFrame(const io::Gguf &file, std::size_t tokens)
{
    GgufFrame frame;
    // llama.cpp puts a BOS before texts of SentencePiece models where the file does not say otherwise.
    if (file.boolean("tokenizer.ggml.add_bos_token").value_or(file.string("tokenizer.ggml.model") == "llama"))
        frame.before = idOf(file, "tokenizer.ggml.bos_token_id", tokens);
    if (file.boolean("tokenizer.ggml.add_eos_token").value_or(false))
        frame.after = idOf(file, "tokenizer.ggml.eos_token_id", tokens);
    return frame;
}

} // namespace fettle::text
