// One text through all the parts of a tokenizer.
#include "core/text/pipeline.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/bytealphabet.h"
#include "core/text/unicode.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text {
namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 30;
constexpr std::string_view kWordMark = "\xE2\x96\x81"; // ▁

// A token of the text: its bytes in the original text, and the spaces at its ends.
struct Placed {
    TokenId id;
    Range origin;
    std::uint32_t leadingSpaces;
    std::uint32_t trailingSpaces;
};

// Code points before each byte border; free for ASCII.
class CodePointIndex {
public:
    explicit CodePointIndex(std::string_view text)
    {
        if (isAscii(text))
            return;
        m_before.resize(text.size() + 1);
        std::uint32_t count = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            m_before[i] = count;
            count += isContinuation(text[i]) ? 0U : 1U;
        }
        m_before[text.size()] = count;
    }
    [[nodiscard]] std::int64_t operator()(std::uint32_t byte) const { return m_before.empty() ? byte : m_before[byte]; }

private:
    std::vector<std::uint32_t> m_before;
};

class Run {
public:
    Run(const Pipeline &pipeline, std::string_view text, EncodeOptions options)
        : m_pipeline(pipeline)
        , m_text(text)
        , m_options(options)
    {
    }

    Result<Encoding> encode()
    {
        std::vector<TextPart> parts;
        m_pipeline.rawFinder.split(m_text, m_options.parseSpecial, parts);
        m_placed.reserve(m_text.size() / 3 + 8);
        for (const TextPart &part : parts) {
            if (part.id >= 0)
                place(part.id, part.range, m_text.substr(part.range.begin, part.range.size()));
            else if (auto added = addText(part.range); !added)
                return passError(added);
        }
        return finish();
    }

private:
    Result<> addText(Range range)
    {
        AlignedText text(m_text.substr(range.begin, range.size()), range.begin);
        if (auto normalized = m_pipeline.normalizer.apply(text); !normalized)
            return normalized;
        if (m_pipeline.normalizedFinder.isEmpty())
            return addNormalized(text);
        std::vector<TextPart> parts;
        m_pipeline.normalizedFinder.split(text.view(), m_options.parseSpecial, parts);
        if (parts.size() == 1 && parts[0].id < 0)
            return addNormalized(text);
        for (const TextPart &part : parts) {
            if (part.id >= 0) {
                place(part.id, text.originOf(part.range), text.view().substr(part.range.begin, part.range.size()));
                continue;
            }
            AlignedText slice = text.slice(part.range);
            if (auto added = addNormalized(slice); !added)
                return added;
        }
        return {};
    }

    Result<> addNormalized(AlignedText &text)
    {
        if (auto split = m_pipeline.preTokenizer.apply(text, m_pieces); !split)
            return split;
        for (const Range &piece : m_pieces) {
            if (m_pipeline.model.canCutAtWords())
                addCut(text, piece);
            else
                addPiece(text, piece);
        }
        return {};
    }

    // A long piece becomes many that give the same tokens: short pieces are merged faster and are found in the cache.
    void addCut(const AlignedText &text, Range piece)
    {
        const std::string_view view = text.view().substr(0, piece.end);
        std::uint32_t begin = piece.begin;
        for (std::size_t at = view.find(kWordMark, begin); at != std::string_view::npos; at = view.find(kWordMark, at + kWordMark.size())) {
            const auto border = static_cast<std::uint32_t>(at);
            const bool followsMark =
                border >= begin + kWordMark.size() && view.substr(border - kWordMark.size(), kWordMark.size()) == kWordMark;
            if (border > begin && !followsMark) {
                addPiece(text, {begin, border});
                begin = border;
            }
        }
        if (begin < piece.end)
            addPiece(text, {begin, piece.end});
    }

    void addPiece(const AlignedText &text, Range piece)
    {
        m_tokens.clear();
        const std::string_view bytes = text.view().substr(piece.begin, piece.size());
        m_pipeline.model.encode(bytes, m_tokens);
        if (m_pipeline.model.hasDroppedBytes()
            && std::any_of(bytes.begin(), bytes.end(), [&](char c) { return m_pipeline.model.isDropped(static_cast<unsigned char>(c)); })) {
            placeAroundDropped(text, piece);
            return;
        }
        std::uint32_t at = piece.begin;
        for (const BpeToken &token : m_tokens) {
            const Range range{at, at + token.length};
            at = range.end;
            place(token.id, text.originOf(range), text.view().substr(range.begin, range.size()));
        }
    }

    // The vocabulary lacks some bytes of the piece. The reference lays the remaining tokens end to end over the piece as it is spelled in
    // the byte alphabet, where some bytes take two; so their offsets slip. We give the same ones.
    void placeAroundDropped(const AlignedText &text, Range piece)
    {
        std::string kept;
        std::vector<std::uint32_t> spelledAt; // for each byte of the spelling, the byte of the text
        const auto widthOf = [](char c) { return characterOf(static_cast<unsigned char>(c)) < 0x80 ? 1U : 2U; };
        for (std::uint32_t i = piece.begin; i < piece.end; ++i) {
            const char c = text.view()[i];
            spelledAt.insert(spelledAt.end(), widthOf(c), i);
            if (!m_pipeline.model.isDropped(static_cast<unsigned char>(c)))
                kept += c;
        }
        std::size_t at = 0;
        std::size_t spelled = 0;
        for (const BpeToken &token : m_tokens) {
            const std::string_view bytes = std::string_view(kept).substr(at, token.length);
            at += token.length;
            std::size_t end = spelled;
            for (const char c : bytes)
                end += widthOf(c);
            const Range first = text.originOf({spelledAt[spelled], spelledAt[spelled] + 1});
            const Range last = text.originOf({spelledAt[end - 1], spelledAt[end - 1] + 1});
            place(token.id, {first.begin, last.end}, bytes);
            spelled = end;
        }
    }

    void place(TokenId id, Range origin, std::string_view bytes)
    {
        std::uint32_t leading = 0;
        std::uint32_t trailing = 0;
        if (m_pipeline.postProcessor.trimsOffsets) {
            while (leading < bytes.size() && bytes[leading] == ' ')
                ++leading;
            while (trailing < bytes.size() && bytes[bytes.size() - 1 - trailing] == ' ')
                ++trailing;
        }
        m_placed.push_back({id, origin, leading, trailing});
    }

    Encoding finish() const
    {
        const PostProcessor &post = m_pipeline.postProcessor;
        const CodePointIndex index(m_text);
        Encoding encoding;
        const std::size_t added = m_options.addSpecialTokens ? post.before.size() + post.after.size() : 0;
        encoding.ids.reserve(m_placed.size() + added);
        encoding.offsets.reserve(m_placed.size() + added);
        const auto surround = [&](const std::vector<TokenId> &ids) {
            for (const TokenId id : ids) {
                encoding.ids.push_back(id);
                encoding.offsets.push_back({0, 0});
            }
        };
        if (m_options.addSpecialTokens)
            surround(post.before);
        bool isFirst = true;
        for (const Placed &token : m_placed) {
            TextSpan span{index(token.origin.begin), index(token.origin.end)};
            if (post.trimsOffsets)
                trim(span, token, isFirst && post.addsPrefixSpace);
            isFirst = false;
            encoding.ids.push_back(token.id);
            encoding.offsets.push_back(span);
        }
        if (m_options.addSpecialTokens)
            surround(post.after);
        return encoding;
    }

    void trim(TextSpan &span, const Placed &token, bool isFirstWithSpace) const
    {
        std::int64_t leading = token.leadingSpaces;
        if (leading == 1 && (isFirstWithSpace || (span.begin == 0 && m_pipeline.postProcessor.addsPrefixSpace)))
            leading = 0;
        if (leading > 0)
            span.begin = std::min(span.begin + leading, span.end);
        if (token.trailingSpaces > 0 && span.end >= token.trailingSpaces)
            span.end = std::max(span.end - token.trailingSpaces, span.begin);
    }

    const Pipeline &m_pipeline;
    std::string_view m_text;
    EncodeOptions m_options;
    std::vector<Placed> m_placed;
    std::vector<Range> m_pieces;
    std::vector<BpeToken> m_tokens;
};

} // namespace

Result<> Pipeline::finish()
{
    for (const AddedToken &token : addedTokens) {
        addedVocabulary.add(token.content, token.id);
        const auto id = static_cast<std::size_t>(token.id);
        if (isSpecial.size() <= id)
            isSpecial.resize(id + 1);
        isSpecial[id] = isSpecial[id] || token.special;
    }
    // Special tokens come first: of two tokens with the same spelling the first one is found.
    for (const bool special : {true, false}) {
        for (const AddedToken &token : addedTokens) {
            if (token.special != special)
                continue;
            if (!token.normalized) {
                rawFinder.add(token, token.content);
                continue;
            }
            AlignedText spelling(token.content, 0);
            if (auto normalized = normalizer.apply(spelling); !normalized)
                return normalized;
            normalizedFinder.add(token, spelling.view());
            if (spelling.view() != token.content)
                spellings[token.id] = spelling.view();
        }
    }
    return {};
}

Result<Encoding> Pipeline::encode(std::string_view text, EncodeOptions options) const
{
    if (text.size() > kLongestText)
        return fail(ErrorCode::BadInput,
                    tr("Cannot tokenise a text of {} bytes: at most {} are possible.", text.size(), kLongestText),
                    tr("Split the text into several records."));
    const std::size_t valid = isAscii(text) ? text.size() : validUtf8Prefix(text);
    if (valid < text.size())
        return fail(
            ErrorCode::BadInput,
            tr("The text is not UTF-8: byte {} (0x{:02X}) begins no character.", valid, static_cast<unsigned char>(text[valid])),
            tr("Save the text as UTF-8 and read it again."));
    return Run(*this, text, options).encode();
}

std::string_view Pipeline::tokenText(TokenId id) const
{
    return addedVocabulary.has(id) ? addedVocabulary.textOf(id) : model.vocabulary().textOf(id);
}

std::string_view Pipeline::decodedText(TokenId id) const
{
    if (!spellings.empty())
        if (const auto changed = spellings.find(id); changed != spellings.end())
            return changed->second;
    return tokenText(id);
}

std::optional<TokenId> Pipeline::tokenId(std::string_view text) const
{
    if (const auto id = addedVocabulary.find(text))
        return id;
    return model.vocabulary().find(text);
}

std::int64_t Pipeline::vocabularySize() const
{
    return std::max(model.vocabulary().size(), addedVocabulary.size());
}

void setSpecialToken(Pipeline &pipeline, const std::string &name, const std::string &content)
{
    pipeline.specialTokens[name] = content;
    const auto added = std::find_if(pipeline.addedTokens.begin(), pipeline.addedTokens.end(),
                                    [&](const AddedToken &token) { return token.content == content; });
    const std::optional<TokenId> id =
        added != pipeline.addedTokens.end() ? std::optional(added->id) : pipeline.model.vocabulary().find(content);
    if (name == "bos_token")
        pipeline.bos = id;
    else if (name == "eos_token")
        pipeline.eos = id;
    else if (name == "pad_token")
        pipeline.pad = id;
    else if (name == "unk_token")
        pipeline.unknown = id;
}

} // namespace fettle::text
