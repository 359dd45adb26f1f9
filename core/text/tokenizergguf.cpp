// Tokenizers from the metadata of GGUF files. The file names its splitting rule ("tokenizer.ggml.pre"); which rule that is was looked up
// in the tokenizer.json files of the models that carry the name.
#include "core/io/gguf.h"
#include "core/text/readers.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::text {
namespace {

constexpr const char *kUse = "Convert the model again with a current llama.cpp, or use the model's Hugging Face folder.";

constexpr const char *kTekken = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
                                R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
                                R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

enum class Rule { Gpt2, DigitsGpt2, OneDigit, ThreeDigits, Tekken };
struct NamedRule {
    std::string_view name;
    Rule rule;
    bool ignoreMerges;
    bool nfc;
};
constexpr std::array kRules{
    NamedRule{"default", Rule::Gpt2, false, false},
    NamedRule{"gpt-2", Rule::Gpt2, false, false},
    NamedRule{"gpt2", Rule::Gpt2, false, false},
    NamedRule{"phi-2", Rule::Gpt2, false, false},
    NamedRule{"mpt", Rule::Gpt2, false, false},
    NamedRule{"olmo", Rule::Gpt2, false, false},
    NamedRule{"smollm", Rule::DigitsGpt2, false, false},
    NamedRule{"starcoder", Rule::DigitsGpt2, false, false},
    NamedRule{"refact", Rule::DigitsGpt2, false, false},
    NamedRule{"llama3", Rule::ThreeDigits, true, false},
    NamedRule{"llama-v3", Rule::ThreeDigits, true, false},
    NamedRule{"llama-bpe", Rule::ThreeDigits, true, false},
    NamedRule{"smollm3", Rule::ThreeDigits, true, false},
    NamedRule{"dbrx", Rule::ThreeDigits, false, false},
    NamedRule{"qwen2", Rule::OneDigit, false, true},
    NamedRule{"deepseek-r1-qwen", Rule::OneDigit, false, true},
    NamedRule{"stablelm2", Rule::OneDigit, false, true},
    NamedRule{"tekken", Rule::Tekken, true, false},
};

struct Tokens {
    std::vector<std::string> texts;
    std::vector<TokenKind> kinds;
};

Result<Tokens> readTokens(const io::Gguf &file)
{
    auto texts = file.strings("tokenizer.ggml.tokens");
    if (!texts || texts->empty())
        return fail(ErrorCode::BadInput, fmt::format("{} has no tokens (tokenizer.ggml.tokens).", file.path().filename().string()), kUse);
    if (texts->size() > static_cast<std::size_t>(kHighestId))
        return fail(ErrorCode::BadInput, fmt::format("{} claims to have {} tokens.", file.path().filename().string(), texts->size()), kUse);
    Tokens tokens{std::move(*texts), {}};
    tokens.kinds.assign(tokens.texts.size(), TokenKind::Normal);
    if (const auto kinds = file.integers("tokenizer.ggml.token_type")) {
        if (kinds->size() != tokens.texts.size())
            return fail(ErrorCode::BadInput,
                        fmt::format("{} has {} tokens but {} kinds of tokens.", file.path().filename().string(), tokens.texts.size(),
                                    kinds->size()),
                        kUse);
        for (std::size_t i = 0; i < kinds->size(); ++i)
            if ((*kinds)[i] >= 1 && (*kinds)[i] <= 6)
                tokens.kinds[i] = static_cast<TokenKind>((*kinds)[i]);
    }
    return tokens;
}

Result<std::vector<Merge>> readMerges(const io::Gguf &file)
{
    const auto lines = file.strings("tokenizer.ggml.merges");
    if (!lines)
        return fail(ErrorCode::BadInput, fmt::format("{} has no merges (tokenizer.ggml.merges).", file.path().filename().string()), kUse);
    std::vector<Merge> merges;
    merges.reserve(lines->size());
    for (const std::string &line : *lines) {
        const std::size_t space = line.find(' ', 1); // a token may itself begin with a space, never contain one
        if (space == std::string::npos)
            return fail(ErrorCode::BadInput,
                        fmt::format("{}: merge {} is no pair of tokens: \"{}\".", file.path().filename().string(), merges.size() + 1, line),
                        kUse);
        merges.push_back({line.substr(0, space), line.substr(space + 1)});
    }
    return merges;
}

Result<> setSplitting(Pipeline &pipeline, Rule rule)
{
    std::vector<PreTokenizerStep> &steps = pipeline.preTokenizer.steps;
    switch (rule) {
    case Rule::DigitsGpt2: steps.emplace_back(SplitDigits{true}); [[fallthrough]];
    case Rule::Gpt2: steps.emplace_back(SplitKnown{KnownSplit::Gpt2}); break;
    case Rule::OneDigit: steps.emplace_back(SplitKnown{KnownSplit::OneDigit}); break;
    case Rule::ThreeDigits: steps.emplace_back(SplitKnown{KnownSplit::ThreeDigits}); break;
    case Rule::Tekken: {
        auto regex = Regex::compile(kTekken);
        if (!regex)
            return passError(regex);
        steps.emplace_back(SplitPattern{std::move(*regex), Delimiter::Isolated, false});
        break;
    }
    }
    pipeline.preTokenizer.bytes = true;
    return {};
}

Result<std::shared_ptr<Pipeline>> readByteLevel(const io::Gguf &file, const Tokens &tokens)
{
    const std::string pre = file.string("tokenizer.ggml.pre").value_or("default");
    const auto rule = std::find_if(kRules.begin(), kRules.end(), [&](const NamedRule &named) { return named.name == pre; });
    if (rule == kRules.end())
        return fail(ErrorCode::BadInput,
                    fmt::format("{} splits words by the rule \"{}\", which Fettle does not know.", file.path().filename().string(), pre),
                    "Use the model's Hugging Face folder: its tokenizer.json describes the rule itself.");
    const auto merges = readMerges(file);
    if (!merges)
        return passError(merges);
    auto pipeline = std::make_shared<Pipeline>();
    pipeline->kind = "byte-level BPE";
    if (auto set = setSplitting(*pipeline, rule->rule); !set)
        return passError(set);
    if (rule->nfc)
        pipeline->normalizer.steps.emplace_back(ToForm{UnicodeForm::Nfc});
    Vocabulary vocabulary;
    vocabulary.reserve(tokens.texts.size(), tokens.texts.size() * 8);
    for (std::size_t i = 0; i < tokens.texts.size(); ++i) {
        const auto id = static_cast<TokenId>(i);
        vocabulary.add(tokens.texts[i], id);
        const TokenKind kind = tokens.kinds[i];
        if (tokens.texts[i].empty() || (kind != TokenKind::Control && kind != TokenKind::UserDefined))
            continue;
        AddedToken token;
        token.content = tokens.texts[i];
        token.id = id;
        token.normalized = false;
        token.special = kind == TokenKind::Control;
        pipeline->addedTokens.push_back(std::move(token));
    }
    BpeOptions options;
    options.bytes = true;
    options.ignoreMerges = rule->ignoreMerges;
    auto model = BpeModel::make(std::move(vocabulary), *merges, options);
    if (!model)
        return passError(model);
    pipeline->model = std::move(*model);
    pipeline->decoder.steps.push_back(DecodeBytes{});
    return pipeline;
}

Result<std::shared_ptr<Pipeline>> readScored(const io::Gguf &file, Tokens tokens)
{
    const auto scores = file.floats("tokenizer.ggml.scores");
    if (!scores || scores->size() != tokens.texts.size())
        return fail(ErrorCode::BadInput,
                    fmt::format("{} has no score for each token (tokenizer.ggml.scores).", file.path().filename().string()), kUse);
    ScoredVocabulary scored{std::move(tokens.texts), *scores, std::move(tokens.kinds),
                            file.boolean("tokenizer.ggml.add_space_prefix").value_or(true)};
    return makeScoredPipeline(scored);
}

} // namespace

Result<std::shared_ptr<Pipeline>> readGgufTokenizer(const io::Gguf &file)
{
    const std::string kind = file.string("tokenizer.ggml.model").value_or("");
    if (kind.empty())
        return fail(ErrorCode::BadInput, fmt::format("{} has no tokenizer (tokenizer.ggml.model).", file.path().filename().string()), kUse);
    if (kind != "gpt2" && kind != "llama")
        return fail(
            ErrorCode::BadInput,
            fmt::format("{} has a tokenizer of the type \"{}\", which Fettle does not know.", file.path().filename().string(), kind),
            "Use a model with a BPE tokenizer: types \"gpt2\" and \"llama\".");
    auto tokens = readTokens(file);
    if (!tokens)
        return passError(tokens);
    const std::vector<std::string> texts = tokens->texts;
    auto pipeline = kind == "gpt2" ? readByteLevel(file, *tokens) : readScored(file, std::move(*tokens));
    if (!pipeline)
        return pipeline;

    constexpr std::array<std::pair<const char *, const char *>, 4> kSpecial{{{"tokenizer.ggml.bos_token_id", "bos_token"},
                                                                             {"tokenizer.ggml.eos_token_id", "eos_token"},
                                                                             {"tokenizer.ggml.unknown_token_id", "unk_token"},
                                                                             {"tokenizer.ggml.padding_token_id", "pad_token"}}};
    for (const auto &[key, name] : kSpecial)
        if (const auto id = file.integer(key); id && *id >= 0 && *id < static_cast<std::int64_t>(texts.size()))
            setSpecialToken(**pipeline, name, texts[static_cast<std::size_t>(*id)]);
    PostProcessor &post = (*pipeline)->postProcessor;
    if (file.boolean("tokenizer.ggml.add_bos_token").value_or(kind == "llama") && (*pipeline)->bos)
        post.before.push_back(*(*pipeline)->bos);
    if (file.boolean("tokenizer.ggml.add_eos_token").value_or(false) && (*pipeline)->eos)
        post.after.push_back(*(*pipeline)->eos);
    return pipeline;
}

} // namespace fettle::text
