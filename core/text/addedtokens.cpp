// A trie of the spellings, walked from every place where one may begin.
#include "core/text/addedtokens.h"

#include "core/text/unicode.h"

#include <algorithm>

namespace fettle::text {
namespace {

std::uint32_t spacesBegin(std::string_view text, std::uint32_t end)
{
    while (end > 0) {
        const auto at = static_cast<std::uint32_t>(lastCharacter(text.substr(0, end)));
        if (!hasClass(decodeUnchecked(text.data() + at).value, kSpace))
            break;
        end = at;
    }
    return end;
}

std::uint32_t spacesEnd(std::string_view text, std::uint32_t begin)
{
    while (begin < text.size()) {
        const Decoded c = decodeUnchecked(text.data() + begin);
        if (!hasClass(c.value, kSpace))
            break;
        begin += c.length;
    }
    return begin;
}

bool isInsideWord(std::string_view text, Range range)
{
    if (range.begin > 0 && hasClass(decodeUnchecked(text.data() + lastCharacter(text.substr(0, range.begin))).value, kWord))
        return true;
    return range.end < text.size() && hasClass(decodeUnchecked(text.data() + range.end).value, kWord);
}

} // namespace

std::uint32_t AddedTokenFinder::child(std::uint32_t node, unsigned char byte) const
{
    for (const auto &[key, value] : m_nodes[node].children)
        if (key == byte)
            return value;
    return 0;
}

void AddedTokenFinder::add(AddedToken token, std::string_view spelling)
{
    if (spelling.empty())
        return;
    std::uint32_t node = 0;
    for (const char c : spelling) {
        const auto byte = static_cast<unsigned char>(c);
        std::uint32_t next = child(node, byte);
        if (next == 0) {
            next = static_cast<std::uint32_t>(m_nodes.size());
            m_nodes[node].children.emplace_back(byte, next);
            m_nodes.emplace_back();
            if (node == 0)
                m_first[byte] = next;
        }
        node = next;
    }
    if (m_nodes[node].token < 0) // of two with the same spelling the first wins
        m_nodes[node].token = static_cast<std::int32_t>(m_tokens.size());
    m_tokens.push_back(std::move(token));
}

void AddedTokenFinder::split(std::string_view text, bool parseSpecial, std::vector<TextPart> &out) const
{
    const auto size = static_cast<std::uint32_t>(text.size());
    std::uint32_t done = 0;
    for (std::uint32_t at = 0; at < size;) {
        std::uint32_t node = m_first[static_cast<unsigned char>(text[at])];
        if (node == 0) {
            ++at;
            continue;
        }
        std::int32_t best = m_nodes[node].token;
        std::uint32_t end = at + 1;
        for (std::uint32_t i = at + 1; i < size && (node = child(node, static_cast<unsigned char>(text[i]))) != 0; ++i)
            if (m_nodes[node].token >= 0) {
                best = m_nodes[node].token;
                end = i + 1;
            }
        if (best < 0) {
            ++at;
            continue;
        }
        const AddedToken &token = m_tokens[static_cast<std::size_t>(best)];
        Range range{at, end};
        at = end;
        if ((token.special && !parseSpecial) || (token.singleWord && isInsideWord(text, range)))
            continue;
        if (token.leftStrip)
            range.begin = std::max(spacesBegin(text, range.begin), done);
        if (token.rightStrip)
            range.end = spacesEnd(text, range.end);
        if (done < range.begin)
            out.push_back({-1, {done, range.begin}});
        out.push_back({token.id, range});
        done = range.end;
    }
    if (done < size)
        out.push_back({-1, {done, size}});
}

} // namespace fettle::text
