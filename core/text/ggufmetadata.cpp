#include "core/text/ggufmetadata.h"

#include "core/base/words.h"
#include "core/io/jsonfile.h"
#include "core/text/chattemplate.h"
#include "core/text/gguftokens.h"
#include "core/text/readers.h"
#include "core/text/tokenizertables.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace fettle::text {
namespace {

namespace fs = std::filesystem;

// Merges of a tokenizer.json in the order of their ranks.
Result<std::vector<Merge>> mergesOfJson(const std::string &text, const std::string &name)
{
    if (auto tables = takeTables(text))
        return std::move(tables->merges);
    const auto json = nlohmann::json::parse(text, nullptr, false);
    std::vector<Merge> merges;
    if (json.is_discarded() || !json.contains("model") || !json["model"].contains("merges"))
        return fail(ErrorCode::BadInput, tr("{} has no merges.", name), tr("Download the model again as a whole."));
    for (const auto &entry : json["model"]["merges"]) {
        if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
            merges.push_back({entry[0].get<std::string>(), entry[1].get<std::string>()});
            continue;
        }
        const std::string line = entry.is_string() ? entry.get<std::string>() : std::string();
        const auto space = line.find(' ', 1);
        if (space == std::string::npos)
            return fail(ErrorCode::BadInput, tr("{}: merge {} is no pair of tokens.", name, merges.size() + 1), tr("Download the model again as a whole."));
        merges.push_back({line.substr(0, space), line.substr(space + 1)});
    }
    return merges;
}

// The one expression among the steps that is none of the known rules, when the file names just that one.
bool splitsLikeTekken(const std::string &text)
{
    const auto tables = takeTables(text);
    const auto json = nlohmann::json::parse(tables ? tables->rest : text, nullptr, false);
    const std::string steps = json.is_object() && json.contains("pre_tokenizer") ? json["pre_tokenizer"].dump() : std::string();
    return steps.find(nlohmann::json(std::string(kTekkenPattern)).dump()) != std::string::npos;
}

// tokenizer.ggml.pre of a byte-level tokenizer; nothing where no rule of llama.cpp splits in the same way.
std::optional<std::string> ruleOf(const Pipeline &pipeline, const std::string &json)
{
    const auto &steps = pipeline.preTokenizer.steps;
    const auto *known = steps.empty() ? nullptr : std::get_if<SplitKnown>(&steps.back());
    if (known != nullptr && steps.size() == 2 && known->split == KnownSplit::Gpt2) {
        const auto *digits = std::get_if<SplitDigits>(&steps.front());
        return digits != nullptr && digits->individually ? std::optional<std::string>("smollm") : std::nullopt;
    }
    if (known != nullptr && steps.size() == 1) {
        switch (known->split) {
        case KnownSplit::Gpt2: return "gpt-2";
        case KnownSplit::OneDigit: return "qwen2";
        case KnownSplit::ThreeDigits: return pipeline.model.options().ignoreMerges ? "llama-bpe" : "dbrx";
        }
    }
    if (steps.size() == 1 && std::holds_alternative<SplitPattern>(steps.front()) && splitsLikeTekken(json))
        return "tekken";
    return std::nullopt;
}

bool isByteToken(std::string_view text)
{
    return text.size() == 6 && text.starts_with("<0x") && text.back() == '>';
}

struct Tokens {
    std::vector<std::string> texts;
    std::vector<std::int32_t> kinds;
};

Tokens tokensOf(const Pipeline &pipeline, std::int64_t vocabulary)
{
    Tokens tokens;
    const auto kindOf = [](TokenKind kind) { return static_cast<std::int32_t>(kind); };
    for (std::int64_t i = 0; i < std::max(vocabulary, pipeline.vocabularySize()); ++i) {
        const std::string text(pipeline.tokenText(static_cast<TokenId>(i)));
        const bool isByte = !pipeline.model.options().bytes && isByteToken(text);
        tokens.texts.push_back(text.empty() ? fmt::format("[PAD{}]", i) : text);
        tokens.kinds.push_back(kindOf(text.empty() ? TokenKind::Unused : isByte ? TokenKind::Byte : TokenKind::Normal));
    }
    for (const AddedToken &added : pipeline.addedTokens) {
        if (added.id >= 0 && static_cast<std::size_t>(added.id) < tokens.kinds.size())
            tokens.kinds[static_cast<std::size_t>(added.id)] = kindOf(added.special ? TokenKind::Control : TokenKind::UserDefined);
    }
    if (!pipeline.model.options().bytes && pipeline.unknown)
        tokens.kinds[static_cast<std::size_t>(*pipeline.unknown)] = kindOf(TokenKind::Unknown);
    return tokens;
}

// SentencePiece joins what has the highest score: the negative rank of the first merge that makes the token.
std::vector<float> scoresOf(const Tokens &tokens, const std::vector<Merge> &merges)
{
    std::unordered_map<std::string, float> ranks;
    for (std::size_t i = 0; i < merges.size(); ++i)
        ranks.emplace(merges[i].left + merges[i].right, -static_cast<float>(i + 1));
    std::vector<float> scores;
    for (const std::string &text : tokens.texts) {
        const auto found = ranks.find(text);
        scores.push_back(found != ranks.end() ? found->second : -1e7F);
    }
    return scores;
}

bool addsSpaceBefore(const Pipeline &pipeline)
{
    const auto &changes = pipeline.normalizer.steps;
    const auto &steps = pipeline.preTokenizer.steps;
    return std::any_of(changes.begin(), changes.end(), [](const NormalizerStep &step) { return std::holds_alternative<PrependText>(step); })
        || std::any_of(steps.begin(), steps.end(), [](const PreTokenizerStep &step) {
               const auto *space = std::get_if<Metaspace>(&step);
               return space != nullptr && space->prepend != Prepend::Never;
           });
}

Result<> addByteLevel(std::vector<io::GgufPair> &pairs, const Pipeline &pipeline, const std::string &json)
{
    const auto rule = ruleOf(pipeline, json);
    if (!rule)
        return fail(ErrorCode::BadInput, tr("The tokenizer splits words in a way that GGUF files have no name for."),
                    tr("Export the merged Hugging Face folder instead."));
    auto merges = mergesOfJson(json, "tokenizer.json");
    if (!merges)
        return passError(merges);
    std::vector<std::string> lines;
    for (const Merge &merge : *merges)
        lines.push_back(merge.left + " " + merge.right);
    pairs.emplace_back("tokenizer.ggml.model", std::string("gpt2"));
    pairs.emplace_back("tokenizer.ggml.pre", *rule);
    pairs.emplace_back("tokenizer.ggml.merges", std::move(lines));
    return {};
}

Result<> addScored(std::vector<io::GgufPair> &pairs, const Pipeline &pipeline, Tokens &tokens, const fs::path &folder, const std::string &json)
{
    pairs.emplace_back("tokenizer.ggml.model", std::string("llama"));
    pairs.emplace_back("tokenizer.ggml.pre", std::string("default"));
    pairs.emplace_back("tokenizer.ggml.add_space_prefix", addsSpaceBefore(pipeline));
    std::error_code error;
    if (fs::exists(folder / "tokenizer.model", error)) {
        auto scored = readScoredModel(folder / "tokenizer.model");
        if (!scored)
            return passError(scored);
        scored->scores.resize(tokens.texts.size(), -1e7F); // added tokens
        for (std::size_t i = 0; i < std::min(scored->kinds.size(), tokens.kinds.size()); ++i)
            if (scored->kinds[i] != TokenKind::Normal)
                tokens.kinds[i] = static_cast<std::int32_t>(scored->kinds[i]);
        pairs.emplace_back("tokenizer.ggml.scores", std::move(scored->scores));
        return {};
    }
    auto merges = mergesOfJson(json, "tokenizer.json");
    if (!merges)
        return passError(merges);
    pairs.emplace_back("tokenizer.ggml.scores", scoresOf(tokens, *merges));
    return {};
}

void addSpecial(std::vector<io::GgufPair> &pairs, const Pipeline &pipeline)
{
    const auto add = [&](const char *key, const std::optional<TokenId> &id) {
        if (id)
            pairs.emplace_back(fmt::format("tokenizer.ggml.{}_token_id", key), static_cast<std::uint32_t>(*id));
    };
    add("bos", pipeline.bos);
    add("eos", pipeline.eos);
    add("unknown", pipeline.unknown);
    add("padding", pipeline.pad);
    const auto holds = [](const std::vector<TokenId> &ids, const std::optional<TokenId> &id) { return id && std::find(ids.begin(), ids.end(), *id) != ids.end(); };
    pairs.emplace_back("tokenizer.ggml.add_bos_token", holds(pipeline.postProcessor.before, pipeline.bos));
    pairs.emplace_back("tokenizer.ggml.add_eos_token", holds(pipeline.postProcessor.after, pipeline.eos));
}

} // namespace

Result<std::vector<io::GgufPair>> ggufTokenizerMetadata(const fs::path &folder, std::int64_t vocabulary)
{
    std::error_code error;
    std::string json;
    Result<std::shared_ptr<Pipeline>> pipeline = nullptr;
    if (fs::exists(folder / "tokenizer.json", error)) {
        auto text = io::readTextFile(folder / "tokenizer.json");
        if (!text)
            return passError(text);
        json = std::move(*text);
        pipeline = readTokenizerJson(json, "tokenizer.json");
    } else {
        pipeline = readSentencePieceModel(folder / "tokenizer.model");
    }
    if (!pipeline)
        return passError(pipeline);
    if (auto read = readTokenizerConfig(folder, **pipeline); !read)
        return passError(read);
    if (auto finished = (*pipeline)->finish(); !finished)
        return passError(finished);

    std::vector<io::GgufPair> pairs;
    Tokens tokens = tokensOf(**pipeline, vocabulary);
    auto added = (*pipeline)->model.options().bytes ? addByteLevel(pairs, **pipeline, json) : addScored(pairs, **pipeline, tokens, folder, json);
    if (!added)
        return passError(added);
    pairs.emplace_back("tokenizer.ggml.tokens", std::move(tokens.texts));
    pairs.emplace_back("tokenizer.ggml.token_type", std::move(tokens.kinds));
    addSpecial(pairs, **pipeline);
    if (const auto chatTemplate = ChatTemplate::fromTokenizerFolder(folder))
        pairs.emplace_back("tokenizer.chat_template", chatTemplate->source());
    return pairs;
}

} // namespace fettle::text
