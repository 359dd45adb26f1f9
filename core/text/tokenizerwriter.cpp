#include "core/text/tokenizerwriter.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/text/gguftokens.h"
#include "core/text/splitter.h"

#include <fmt/format.h>

namespace fettle::text {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char *kWordMark = "\xE2\x96\x81"; // ▁

Json sequenceOf(const char *listName, Json::array_t steps)
{
    Json sequence = {{"type", "Sequence"}};
    sequence[listName] = std::move(steps);
    return sequence;
}

Json byteLevel(bool addsPrefixSpace, bool trimsOffsets, bool usesRegex)
{
    return {{"type", "ByteLevel"}, {"add_prefix_space", addsPrefixSpace}, {"trim_offsets", trimsOffsets}, {"use_regex", usesRegex}};
}

Json preTokenizerOf(GgufSplit split)
{
    const auto byPattern = [](std::string_view pattern) {
        return sequenceOf("pretokenizers", {Json{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}},
                                            byteLevel(false, true, false)});
    };
    switch (split) {
    case GgufSplit::Gpt2: break;
    case GgufSplit::DigitsGpt2: return sequenceOf("pretokenizers", {Json{{"type", "Digits"}, {"individual_digits", true}}, byteLevel(false, true, true)});
    case GgufSplit::OneDigit: return byPattern(patternOf(KnownSplit::OneDigit));
    case GgufSplit::ThreeDigits: return byPattern(patternOf(KnownSplit::ThreeDigits));
    case GgufSplit::Tekken: return byPattern(kTekkenPattern);
    }
    return byteLevel(false, true, true);
}

// BOS before and EOS behind a text; a pair of texts has both around each, as in Llama's own file.
Json templateOf(const GgufFrame &frame, const std::vector<std::string> &texts)
{
    Json single = Json::array(), pair = Json::array(), tokens = Json::object();
    const auto add = [&](Json &list, const std::optional<TokenId> &id, int part) {
        if (!id)
            return;
        const std::string &text = texts[static_cast<std::size_t>(*id)];
        list.push_back({{"SpecialToken", {{"id", text}, {"type_id", part}}}});
        tokens[text] = {{"id", text}, {"ids", Json::array({*id})}, {"tokens", Json::array({text})}};
    };
    for (const auto &[name, part] : {std::pair("A", 0), std::pair("B", 1)}) {
        add(pair, frame.before, part);
        pair.push_back({{"Sequence", {{"id", name}, {"type_id", part}}}});
        add(pair, frame.after, part);
    }
    add(single, frame.before, 0);
    single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
    add(single, frame.after, 0);
    return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", tokens}};
}

struct Parts {
    Json normalizer, preTokenizer, decoder;
    std::vector<Merge> merges;
    bool isByteLevel = false, ignoresMerges = false;
};

Result<Parts> byteLevelParts(const io::Gguf &file)
{
    const auto rule = ggufRule(file);
    if (!rule)
        return passError(rule);
    auto merges = ggufMerges(file);
    if (!merges)
        return passError(merges);
    return Parts{rule->nfc ? Json{{"type", "NFC"}} : Json(nullptr), preTokenizerOf(rule->split), byteLevel(true, true, true), std::move(*merges), true, rule->ignoreMerges};
}

// As Hugging Face converts the models of Llama (its "legacy" form): the whole text is one piece, spaces are ▁.
Result<Parts> scoredParts(const io::Gguf &file, GgufTokens tokens)
{
    const auto scored = ggufScored(file, std::move(tokens));
    if (!scored)
        return passError(scored);
    Json::array_t normalizer, decoder = {Json{{"type", "Replace"}, {"pattern", {{"String", kWordMark}}}, {"content", " "}}, Json{{"type", "ByteFallback"}}, Json{{"type", "Fuse"}}};
    if (scored->addsPrefixSpace) {
        normalizer.push_back({{"type", "Prepend"}, {"prepend", kWordMark}});
        decoder.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    }
    normalizer.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kWordMark}});
    return Parts{sequenceOf("normalizers", std::move(normalizer)), nullptr, sequenceOf("decoders", std::move(decoder)), mergesOf(*scored), false, false};
}

} // namespace

Result<Json> tokenizerJsonFromGguf(const io::Gguf &file)
{
    const auto kind = ggufTokenizerKind(file);
    if (!kind)
        return passError(kind);
    const auto tokens = ggufTokens(file);
    if (!tokens)
        return passError(tokens);
    auto parts = *kind == "gpt2" ? byteLevelParts(file) : scoredParts(file, *tokens);
    if (!parts)
        return passError(parts);

    Vocabulary known;
    Json unknown = nullptr, added = Json::array();
    for (std::size_t i = 0; i < tokens->texts.size(); ++i) {
        const std::string &text = tokens->texts[i];
        if (!isValidUtf8(text))
            return fail(ErrorCode::BadInput, tr("{}: token {} is no text.", file.path().filename().string(), i), tr("Convert the model again with a current llama.cpp."));
        known.add(text, static_cast<TokenId>(i));
    }
    // Written in the order of their ids. Where a text stands twice, the last one counts, as for the loader.
    Json::object_t vocabulary;
    for (std::size_t i = 0; i < tokens->texts.size(); ++i) {
        const std::string &text = tokens->texts[i];
        if (known.find(text) != static_cast<TokenId>(i))
            continue;
        vocabulary.emplace_back(text, i);
        const TokenKind tokenKind = tokens->kinds[i];
        if (tokenKind == TokenKind::Unknown && !parts->isByteLevel)
            unknown = text;
        const bool isAdded = tokenKind == TokenKind::Control || tokenKind == TokenKind::UserDefined || (tokenKind == TokenKind::Unknown && !parts->isByteLevel);
        if (isAdded && !text.empty())
            added.push_back({{"id", i}, {"content", text}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", false},
                             {"special", tokenKind != TokenKind::UserDefined}});
    }
    Json merges = Json::array();
    for (const Merge &merge : parts->merges) {
        if (!isValidUtf8(merge.left) || !isValidUtf8(merge.right))
            return fail(ErrorCode::BadInput, tr("{}: a merge is no text.", file.path().filename().string()), tr("Convert the model again with a current llama.cpp."));
        merges.push_back(Json::array({merge.left, merge.right}));
    }
    const GgufFrame frame = ggufFrame(file, tokens->texts.size());
    const bool isFramed = frame.before || frame.after || !parts->isByteLevel;
    return Json{{"version", "1.0"},
                {"truncation", nullptr},
                {"padding", nullptr},
                {"added_tokens", std::move(added)},
                {"normalizer", std::move(parts->normalizer)},
                {"pre_tokenizer", std::move(parts->preTokenizer)},
                {"post_processor", isFramed ? templateOf(frame, tokens->texts) : byteLevel(true, false, true)},
                {"decoder", std::move(parts->decoder)},
                {"model",
                 {{"type", "BPE"},
                  {"dropout", nullptr},
                  {"unk_token", std::move(unknown)},
                  {"continuing_subword_prefix", nullptr},
                  {"end_of_word_suffix", nullptr},
                  {"fuse_unk", !parts->isByteLevel},
                  {"byte_fallback", !parts->isByteLevel},
                  {"ignore_merges", parts->ignoresMerges},
                  {"vocab", std::move(vocabulary)},
                  {"merges", std::move(merges)}}}};
}

Result<std::vector<std::pair<std::string, std::string>>> specialTokensFromGguf(const io::Gguf &file)
{
    const auto tokens = ggufTokens(file);
    if (!tokens)
        return passError(tokens);
    std::vector<std::pair<std::string, std::string>> special;
    for (const auto &[name, id] : ggufSpecialTokens(file, tokens->texts.size()))
        special.emplace_back(name, tokens->texts[static_cast<std::size_t>(id)]);
    return special;
}

} // namespace fettle::text
