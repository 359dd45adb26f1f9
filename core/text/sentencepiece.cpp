// SentencePiece BPE: its vocabulary with scores becomes the list of merges that Hugging Face's conversion makes of it, and its file
// tokenizer.model (protocol buffers: sentencepiece_model.proto) is read.
#include "core/base/words.h"
#include "core/io/jsonfile.h"
#include "core/text/jsonaccess.h"
#include "core/text/readers.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace fettle::text {
namespace {

constexpr const char *kWordMark = "\xE2\x96\x81"; // ▁

struct ScoredMerge {
    Merge merge;
    float score;
    std::size_t leftLength, rightLength; // code points
};

std::size_t codePoints(std::string_view text)
{
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Protocol buffers: fields of a message, one after the other.
class Fields {
public:
    explicit Fields(std::string_view bytes)
        : m_rest(bytes)
    {
    }
    unsigned number = 0;
    unsigned wire = 0;
    std::uint64_t value = 0; // wire types 0, 1 and 5
    std::string_view content; // wire type 2

    // False at the end and when the message is broken (see isBroken).
    bool next()
    {
        if (m_rest.empty() || m_broken)
            return false;
        const std::uint64_t key = varint();
        number = static_cast<unsigned>(key >> 3);
        wire = static_cast<unsigned>(key & 7);
        switch (wire) {
        case 0: value = varint(); break;
        case 1: fixed(8); break;
        case 5: fixed(4); break;
        case 2: {
            const std::uint64_t length = varint();
            if (m_broken || length > m_rest.size())
                return stop();
            content = m_rest.substr(0, length);
            m_rest.remove_prefix(length);
            break;
        }
        default: return stop();
        }
        return !m_broken;
    }
    [[nodiscard]] bool isBroken() const { return m_broken; }

private:
    bool stop()
    {
        m_broken = true;
        return false;
    }
    std::uint64_t varint()
    {
        std::uint64_t result = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (m_rest.empty())
                break;
            const auto byte = static_cast<unsigned char>(m_rest.front());
            m_rest.remove_prefix(1);
            result |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80)
                return result;
        }
        m_broken = true;
        return 0;
    }
    void fixed(std::size_t bytes)
    {
        value = 0;
        if (m_rest.size() < bytes) {
            m_broken = true;
            return;
        }
        std::memcpy(&value, m_rest.data(), bytes);
        m_rest.remove_prefix(bytes);
    }
    std::string_view m_rest;
    bool m_broken = false;
};

bool readPiece(std::string_view bytes, ScoredVocabulary &scored)
{
    Fields field(bytes);
    std::string text;
    float score = 0;
    std::uint64_t kind = 1;
    while (field.next()) {
        if (field.number == 1 && field.wire == 2)
            text = field.content;
        else if (field.number == 2 && field.wire == 5)
            std::memcpy(&score, &field.value, sizeof score);
        else if (field.number == 3 && field.wire == 0)
            kind = field.value;
    }
    if (field.isBroken() || kind < 1 || kind > 6 || std::isnan(score))
        return false;
    scored.texts.push_back(std::move(text));
    scored.scores.push_back(score);
    scored.kinds.push_back(static_cast<TokenKind>(kind));
    return true;
}

tl::unexpected<Error> brokenModel(const std::filesystem::path &file, const std::string &what)
{
    return fail(ErrorCode::BadInput, fmt::format("{}: {}.", file.filename().string(), what),
                tr("The file is damaged: copy it again from its source."));
}

} // namespace

std::vector<Merge> mergesOf(const ScoredVocabulary &scored)
{
    Vocabulary vocabulary;
    for (std::size_t id = 0; id < scored.texts.size(); ++id)
        vocabulary.add(scored.texts[id], static_cast<TokenId>(id));
    std::vector<ScoredMerge> all;
    for (std::size_t id = 0; id < scored.texts.size(); ++id) {
        if (scored.kinds[id] != TokenKind::Normal && scored.kinds[id] != TokenKind::UserDefined)
            continue;
        const std::string &text = scored.texts[id];
        struct Way {
            TokenId left, right;
            std::size_t cut;
        };
        std::vector<Way> ways;
        for (std::size_t cut = 1; cut < text.size(); ++cut) {
            if ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
                continue;
            const auto left = vocabulary.find(std::string_view(text).substr(0, cut));
            const auto right = vocabulary.find(std::string_view(text).substr(cut));
            if (left && right)
                ways.push_back({*left, *right, cut});
        }
        std::sort(ways.begin(), ways.end(),
                  [](const Way &a, const Way &b) { return std::pair(a.left, a.right) < std::pair(b.left, b.right); });
        for (const Way &way : ways)
            all.push_back({{text.substr(0, way.cut), text.substr(way.cut)},
                           scored.scores[id],
                           codePoints(std::string_view(text).substr(0, way.cut)),
                           codePoints(std::string_view(text).substr(way.cut))});
    }
    std::stable_sort(all.begin(), all.end(), [](const ScoredMerge &a, const ScoredMerge &b) {
        return std::tuple(a.score, a.leftLength, a.rightLength) > std::tuple(b.score, b.leftLength, b.rightLength);
    });
    std::vector<Merge> merges;
    merges.reserve(all.size());
    for (ScoredMerge &merge : all)
        merges.push_back(std::move(merge.merge));
    return merges;
}

Result<std::shared_ptr<Pipeline>> makeScoredPipeline(const ScoredVocabulary &scored)
{
    Vocabulary vocabulary;
    BpeOptions options;
    options.byteFallback = true;
    options.fuseUnknown = true;
    auto pipeline = std::make_shared<Pipeline>();
    for (std::size_t i = 0; i < scored.texts.size(); ++i) {
        const auto id = static_cast<TokenId>(i);
        const TokenKind kind = scored.kinds[i];
        vocabulary.add(scored.texts[i], id);
        if (kind == TokenKind::Unknown)
            options.unknownToken = scored.texts[i];
        if (kind == TokenKind::Unknown || kind == TokenKind::Control || kind == TokenKind::UserDefined) {
            AddedToken token;
            token.content = scored.texts[i];
            token.id = id;
            token.normalized = false;
            token.special = kind != TokenKind::UserDefined;
            if (!token.content.empty())
                pipeline->addedTokens.push_back(std::move(token));
        }
    }
    const std::vector<Merge> merges = mergesOf(scored);
    auto model = BpeModel::make(std::move(vocabulary), merges, options);
    if (!model)
        return passError(model);
    pipeline->model = std::move(*model);
    pipeline->kind = "SentencePiece BPE";
    if (scored.removesExtraSpaces) {
        for (const auto &[pattern, content] : {std::pair("\\A +|[ \xE2\x96\x81]+\\z", ""), std::pair(" {2,}", " ")}) {
            auto regex = Regex::compile(pattern);
            if (!regex)
                return passError(regex);
            pipeline->normalizer.steps.emplace_back(ReplaceRegex{std::move(*regex), content});
        }
    }
    if (scored.addsPrefixSpace)
        pipeline->normalizer.steps.emplace_back(PrependText{kWordMark});
    pipeline->normalizer.steps.emplace_back(ReplaceText{" ", kWordMark});
    pipeline->decoder.steps = {DecodeReplace{std::string(kWordMark), " "}, DecodeByteFallback{}, DecodeFuse{}};
    if (scored.addsPrefixSpace)
        pipeline->decoder.steps.push_back(DecodeStrip{" ", 1, 0});
    if (!options.unknownToken.empty())
        setSpecialToken(*pipeline, "unk_token", options.unknownToken);
    return pipeline;
}

Result<ScoredVocabulary> readScoredModel(const std::filesystem::path &file)
{
    const auto bytes = io::readTextFile(file);
    if (!bytes)
        return passError(bytes);
    ScoredVocabulary scored;
    scored.removesExtraSpaces = true; // unless the file says otherwise, as for the prefix
    std::uint64_t modelType = 1; // unigram
    Fields field(*bytes);
    while (field.next()) {
        if (field.wire != 2)
            continue;
        if (field.number == 1 && (scored.texts.size() > static_cast<std::size_t>(kHighestId) || !readPiece(field.content, scored)))
            return brokenModel(file, tr("token {} cannot be read", scored.texts.size()));
        Fields inner(field.content);
        while ((field.number == 2 || field.number == 3) && inner.next()) {
            if (field.number == 2 && inner.number == 3 && inner.wire == 0)
                modelType = inner.value;
            if (field.number == 3 && inner.number == 2 && inner.wire == 2 && !inner.content.empty())
                return unsupported("normalizer", tr("precompiled character map of SentencePiece"));
            if (field.number == 3 && inner.number == 3 && inner.wire == 0)
                scored.addsPrefixSpace = inner.value != 0;
            if (field.number == 3 && inner.number == 4 && inner.wire == 0)
                scored.removesExtraSpaces = inner.value != 0;
        }
    }
    if (field.isBroken() || scored.texts.empty())
        return brokenModel(file, tr("this is no SentencePiece model"));
    if (modelType != 2)
        return fail(ErrorCode::BadInput,
                    tr("{}: this SentencePiece model is of the type {}, which Fettle does not know.", file.filename().string(),
                                modelType == 1 ? "Unigram" : "word or character"),
                    tr("Use a model with a BPE tokenizer (Llama, Mistral, Qwen, Gemma, Phi, SmolLM, GPT-2 ...)."));
    return scored;
}

Result<std::shared_ptr<Pipeline>> readSentencePieceModel(const std::filesystem::path &file)
{
    const auto read = readScoredModel(file);
    if (!read)
        return passError(read);
    const ScoredVocabulary &scored = *read;
    auto pipeline = makeScoredPipeline(scored);
    if (!pipeline)
        return pipeline;
    // What SentencePiece calls its first two control tokens; tokenizer_config.json may say otherwise.
    for (std::size_t id = 0; id < scored.texts.size(); ++id) {
        if (scored.kinds[id] != TokenKind::Control)
            continue;
        if (scored.texts[id] == "<s>") {
            setSpecialToken(**pipeline, "bos_token", "<s>");
            (*pipeline)->postProcessor.before.assign(1, static_cast<TokenId>(id));
        } else if (scored.texts[id] == "</s>") {
            setSpecialToken(**pipeline, "eos_token", "</s>");
        }
    }
    return pipeline;
}

} // namespace fettle::text
