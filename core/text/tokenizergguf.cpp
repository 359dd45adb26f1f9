// Tokenizers from the metadata of GGUF files.
#include "core/io/gguf.h"
#include "core/text/gguftokens.h"

namespace fettle::text {
namespace {

Result<> setSplitting(Pipeline &pipeline, GgufSplit split)
{
    std::vector<PreTokenizerStep> &steps = pipeline.preTokenizer.steps;
    switch (split) {
    case GgufSplit::DigitsGpt2: steps.emplace_back(SplitDigits{true}); [[fallthrough]];
    case GgufSplit::Gpt2: steps.emplace_back(SplitKnown{KnownSplit::Gpt2}); break;
    case GgufSplit::OneDigit: steps.emplace_back(SplitKnown{KnownSplit::OneDigit}); break;
    case GgufSplit::ThreeDigits: steps.emplace_back(SplitKnown{KnownSplit::ThreeDigits}); break;
    case GgufSplit::Tekken: {
        auto regex = Regex::compile(kTekkenPattern);
        if (!regex)
            return passError(regex);
        steps.emplace_back(SplitPattern{std::move(*regex), Delimiter::Isolated, false});
        break;
    }
    }
    pipeline.preTokenizer.bytes = true;
    return {};
}

Result<std::shared_ptr<Pipeline>> readByteLevel(const io::Gguf &file, const GgufTokens &tokens)
{
    const auto rule = ggufRule(file);
    if (!rule)
        return passError(rule);
    const auto merges = ggufMerges(file);
    if (!merges)
        return passError(merges);
    auto pipeline = std::make_shared<Pipeline>();
    pipeline->kind = "byte-level BPE";
    if (auto set = setSplitting(*pipeline, rule->split); !set)
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

} // namespace

Result<std::shared_ptr<Pipeline>> readGgufTokenizer(const io::Gguf &file)
{
    const auto kind = ggufTokenizerKind(file);
    if (!kind)
        return passError(kind);
    auto tokens = ggufTokens(file);
    if (!tokens)
        return passError(tokens);
    const std::vector<std::string> texts = tokens->texts;
    Result<std::shared_ptr<Pipeline>> pipeline = nullptr;
    if (*kind == "gpt2") {
        pipeline = readByteLevel(file, *tokens);
    } else {
        const auto scored = ggufScored(file, std::move(*tokens));
        if (!scored)
            return passError(scored);
        pipeline = makeScoredPipeline(*scored);
    }
    if (!pipeline)
        return pipeline;
    for (const auto &[name, id] : ggufSpecialTokens(file, texts.size()))
        setSpecialToken(**pipeline, name, texts[static_cast<std::size_t>(id)]);
    const GgufFrame frame = ggufFrame(file, texts.size());
    if (frame.before)
        (*pipeline)->postProcessor.before.push_back(*frame.before);
    if (frame.after)
        (*pipeline)->postProcessor.after.push_back(*frame.after);
    return pipeline;
}

} // namespace fettle::text
