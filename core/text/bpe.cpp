// Merging: short pieces by looking at every pair, long ones with a heap; results of short pieces are remembered.
#include "core/text/bpe.h"

#include "core/base/words.h"
#include "core/text/bytealphabet.h"
#include "core/text/piececache.h"
#include "core/text/unicode.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <limits>

namespace fettle::text {
namespace {

constexpr std::uint32_t kNoRank = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kShort = 48; // symbols up to which looking at every pair beats a heap
constexpr char32_t kFewCharacters = 0x3000;
constexpr std::string_view kWordMark = "\xE2\x96\x81"; // ▁

std::uint64_t keyOf(TokenId left, TokenId right)
{
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

std::size_t mixed(std::uint64_t key)
{
    key *= 0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(key ^ (key >> 32));
}

bool hasInnerWordMark(std::string_view token)
{
    bool seenOther = false;
    for (std::size_t i = 0; i < token.size();) {
        const unsigned length = decodeUnchecked(token.data() + i).length;
        const bool isMark = token.substr(i, length) == kWordMark;
        if (isMark && seenOther)
            return true;
        seenOther = seenOther || !isMark;
        i += length;
    }
    return false;
}

} // namespace

Result<BpeModel> BpeModel::make(Vocabulary vocabulary, const std::vector<Merge> &merges, BpeOptions options)
{
    static std::atomic<std::uint32_t> serials{0};
    BpeModel model;
    model.m_serial = ++serials;
    model.m_vocabulary = std::move(vocabulary);
    model.m_options = std::move(options);
    const Vocabulary &words = model.m_vocabulary;

    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::string symbol =
            model.m_options.bytes ? spelled(std::string(1, static_cast<char>(byte))) : fmt::format("<0x{:02X}>", byte);
        model.m_byteIds[byte] = words.find(symbol).value_or(-1);
    }
    if (!model.m_options.bytes) {
        model.m_characterIds.assign(kFewCharacters, -1);
        for (TokenId id = 0; id < words.size(); ++id) {
            const std::string_view text = words.textOf(id);
            if (text.empty())
                continue;
            const Decoded c = decodeUnchecked(text.data());
            if (c.length != text.size() || words.find(text) != id)
                continue;
            if (c.value < kFewCharacters)
                model.m_characterIds[c.value] = id;
            else
                model.m_otherCharacterIds[c.value] = id;
        }
    }
    if (!model.m_options.unknownToken.empty()) {
        model.m_unknown = words.find(model.m_options.unknownToken);
        if (!model.m_unknown)
            return fail(ErrorCode::BadInput,
                        tr("The tokenizer's unknown token \"{}\" is not in its vocabulary.", model.m_options.unknownToken),
                        tr("The tokenizer file is damaged: copy it again from its source."));
    }

    if (model.m_options.bytes && !model.m_unknown)
        model.m_hasDroppedBytes = std::find(model.m_byteIds.begin(), model.m_byteIds.end(), -1) != model.m_byteIds.end();

    std::size_t slots = 1024;
    while (slots < merges.size() * 2)
        slots *= 2;
    model.m_pairs.resize(slots);
    model.m_canCutAtWords = !model.m_options.bytes && !model.m_options.ignoreMerges && words.find(kWordMark).has_value();
    std::uint32_t rank = 0;
    for (const Merge &merge : merges)
        if (auto added = model.addMerge(merge, rank++); !added)
            return passError(added);
    return model;
}

Result<> BpeModel::addMerge(const Merge &merge, std::uint32_t rank)
{
    const std::string product = merge.left + merge.right;
    const auto left = m_vocabulary.find(merge.left);
    const auto right = m_vocabulary.find(merge.right);
    const auto id = m_vocabulary.find(product);
    if (!left || !right || !id)
        return fail(ErrorCode::BadInput,
                    tr("Merge {} of the tokenizer joins \"{}\" and \"{}\", but \"{}\" is not in its vocabulary.", rank + 1,
                                merge.left, merge.right,
                                !left        ? merge.left
                                    : !right ? merge.right
                                             : product),
                    tr("The tokenizer file is damaged: copy it again from its source."));
    if (m_canCutAtWords && hasInnerWordMark(product))
        m_canCutAtWords = false;
    const std::uint64_t key = keyOf(*left, *right);
    const std::size_t mask = m_pairs.size() - 1;
    std::size_t at = mixed(key) & mask;
    while (m_pairs[at].id >= 0 && m_pairs[at].key != key)
        at = (at + 1) & mask;
    m_pairs[at] = {key, rank, *id}; // a pair that is listed twice keeps its last rank, as the reference does
    return {};
}

const BpeModel::Pair *BpeModel::findPair(TokenId left, TokenId right) const
{
    const std::uint64_t key = keyOf(left, right);
    const std::size_t mask = m_pairs.size() - 1;
    for (std::size_t at = mixed(key) & mask; m_pairs[at].id >= 0; at = (at + 1) & mask)
        if (m_pairs[at].key == key)
            return &m_pairs[at];
    return nullptr;
}

void BpeModel::readSymbols(std::string_view piece, std::vector<BpeToken> &symbols) const
{
    std::uint32_t unknownLength = 0; // bytes of unknown characters that wait to be fused
    const auto flushUnknown = [&] {
        if (unknownLength > 0)
            symbols.push_back({*m_unknown, unknownLength});
        unknownLength = 0;
    };
    const auto addUnknown = [&](std::uint32_t length) {
        if (!m_unknown)
            return;
        if (!m_options.fuseUnknown)
            flushUnknown();
        unknownLength += length;
    };
    for (std::size_t i = 0; i < piece.size();) {
        if (m_options.bytes) {
            const TokenId id = m_byteIds[static_cast<unsigned char>(piece[i++])];
            if (id < 0) {
                addUnknown(1);
                continue;
            }
            flushUnknown();
            symbols.push_back({id, 1});
            continue;
        }
        const Decoded c = decodeUnchecked(piece.data() + i);
        TokenId id = -1;
        if (c.value < kFewCharacters) {
            id = m_characterIds[c.value];
        } else if (const auto found = m_otherCharacterIds.find(c.value); found != m_otherCharacterIds.end()) {
            id = found->second;
        }
        if (id >= 0) {
            flushUnknown();
            symbols.push_back({id, c.length});
            i += c.length;
            continue;
        }
        bool allBytes = m_options.byteFallback;
        for (std::size_t k = 0; k < c.length && allBytes; ++k)
            allBytes = m_byteIds[static_cast<unsigned char>(piece[i + k])] >= 0;
        if (allBytes) {
            // The reference leaves an unknown run open here, so it comes behind these bytes.
            for (std::size_t k = 0; k < c.length; ++k)
                symbols.push_back({m_byteIds[static_cast<unsigned char>(piece[i + k])], 1});
        } else {
            addUnknown(c.length);
        }
        i += c.length;
    }
    flushUnknown();
}

void BpeModel::mergeShort(std::vector<BpeToken> &symbols, std::vector<BpeToken> &out) const
{
    std::uint32_t ranks[kShort];
    TokenId products[kShort];
    std::size_t count = symbols.size();
    const auto rate = [&](std::size_t i) {
        const Pair *pair = i + 1 < count ? findPair(symbols[i].id, symbols[i + 1].id) : nullptr;
        ranks[i] = pair ? pair->rank : kNoRank;
        products[i] = pair ? pair->id : -1;
    };
    for (std::size_t i = 0; i < count; ++i)
        rate(i);
    while (count > 1) {
        std::size_t best = 0;
        for (std::size_t i = 1; i + 1 < count; ++i)
            if (ranks[i] < ranks[best])
                best = i;
        if (ranks[best] == kNoRank)
            break;
        symbols[best] = {products[best], symbols[best].length + symbols[best + 1].length};
        --count;
        for (std::size_t i = best + 1; i < count; ++i) {
            symbols[i] = symbols[i + 1];
            ranks[i] = ranks[i + 1];
            products[i] = products[i + 1];
        }
        rate(best);
        if (best > 0)
            rate(best - 1);
    }
    out.insert(out.end(), symbols.begin(), symbols.begin() + static_cast<std::ptrdiff_t>(count));
}

void BpeModel::mergeLong(std::vector<BpeToken> &symbols, std::vector<BpeToken> &out) const
{
    struct Candidate {
        std::uint32_t rank;
        std::uint32_t at;
        bool operator<(const Candidate &other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
    };
    constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
    const auto count = static_cast<std::uint32_t>(symbols.size());
    std::vector<std::uint32_t> next(count), previous(count), ranks(count, kNoRank);
    std::vector<TokenId> products(count, -1);
    std::vector<Candidate> heap;
    const auto rate = [&](std::uint32_t i) {
        const Pair *pair = next[i] == kNone ? nullptr : findPair(symbols[i].id, symbols[next[i]].id);
        ranks[i] = pair ? pair->rank : kNoRank;
        products[i] = pair ? pair->id : -1;
        if (pair) {
            heap.push_back({pair->rank, i});
            std::push_heap(heap.begin(), heap.end());
        }
    };
    for (std::uint32_t i = 0; i < count; ++i) {
        next[i] = i + 1 < count ? i + 1 : kNone;
        previous[i] = i > 0 ? i - 1 : kNone;
    }
    for (std::uint32_t i = 0; i < count; ++i)
        rate(i);
    while (!heap.empty()) {
        std::pop_heap(heap.begin(), heap.end());
        const Candidate candidate = heap.back();
        heap.pop_back();
        const std::uint32_t at = candidate.at;
        if (ranks[at] != candidate.rank) // one of the pair has changed since
            continue;
        const std::uint32_t gone = next[at];
        symbols[at] = {products[at], symbols[at].length + symbols[gone].length};
        next[at] = next[gone];
        ranks[gone] = kNoRank;
        symbols[gone].length = 0;
        if (next[at] != kNone)
            previous[next[at]] = at;
        rate(at);
        if (previous[at] != kNone)
            rate(previous[at]);
    }
    for (std::uint32_t i = 0; i != kNone; i = next[i])
        out.push_back(symbols[i]);
}

void BpeModel::encodeUncached(std::string_view piece, std::vector<BpeToken> &out) const
{
    if (m_options.ignoreMerges) {
        const auto whole = m_vocabulary.find(m_options.bytes ? spelled(piece) : std::string(piece));
        if (whole) {
            out.push_back({*whole, static_cast<std::uint32_t>(piece.size())});
            return;
        }
    }
    thread_local std::vector<BpeToken> symbols;
    symbols.clear();
    readSymbols(piece, symbols);
    if (symbols.size() <= kShort)
        mergeShort(symbols, out);
    else
        mergeLong(symbols, out);
    if (symbols.capacity() > 1 << 16)
        symbols = {};
}

void BpeModel::encode(std::string_view piece, std::vector<BpeToken> &out) const
{
    if (piece.size() > PieceKey::kLongest) {
        encodeUncached(piece, out);
        return;
    }
    const PieceKey key(piece);
    PieceEntry &entry = PieceCache::ofThisThread().at(key, m_serial);
    if (entry.holds(key, m_serial)) {
        for (std::size_t i = 0; i < entry.count; ++i)
            out.push_back({entry.ids[i], entry.lengths[i]});
        return;
    }
    const std::size_t before = out.size();
    encodeUncached(piece, out);
    const std::size_t made = out.size() - before;
    if (made > PieceEntry::kMostTokens)
        return;
    entry.a = key.a;
    entry.b = key.b;
    entry.c = key.c;
    entry.serial = m_serial;
    entry.length = key.length;
    entry.count = static_cast<std::uint8_t>(made);
    for (std::size_t i = 0; i < made; ++i) {
        entry.ids[i] = out[before + i].id;
        entry.lengths[i] = static_cast<std::uint8_t>(out[before + i].length);
    }
}

} // namespace fettle::text
