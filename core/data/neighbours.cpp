// Word triples, signatures, bands, and the exact check.
#include "core/data/neighbours.h"

#include "core/base/allcores.h"
#include "core/base/random.h"
#include "core/base/words.h"

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>
#include <limits>
#include <numeric>

namespace fettle::data {

namespace {

// 16 bands of 4 rows: a pair of similarity 0.8 shares a band with probability 0.9998, one of 0.4 with 0.34.
constexpr std::size_t kBands = 16;
constexpr std::size_t kRows = 4;
constexpr std::size_t kCompared = 32; // texts of one bucket that a text is compared with: a bucket of thousands stays linear
constexpr std::size_t kWordsInShingle = 3;

using Signature = std::array<std::uint32_t, kBands * kRows>;

// A text in a bucket of a band. In order, the texts of a bucket lie side by side, as they came.
struct Place {
    std::uint64_t bucket = 0;
    std::uint32_t text = kNoText;
    static constexpr std::uint32_t kNoText = std::numeric_limits<std::uint32_t>::max();
    friend auto operator<=>(const Place &, const Place &) = default;
};
using Bands = std::array<std::vector<Place>, kBands>;

std::vector<std::uint64_t> shinglesOf(std::string_view text)
{
    std::vector<std::uint64_t> words;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
        if (end > begin)
            words.push_back(textHash(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    const std::size_t length = std::min(kWordsInShingle, words.size());
    std::vector<std::uint64_t> shingles;
    for (std::size_t i = 0; length > 0 && i + length <= words.size(); ++i) {
        std::uint64_t hash = 0;
        for (std::size_t j = 0; j < length; ++j)
            hash = splitMix64(hash ^ words[i + j]);
        shingles.push_back(hash);
    }
    std::sort(shingles.begin(), shingles.end());
    shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
    return shingles;
}

Signature signatureOf(const std::vector<std::uint64_t> &shingles, std::span<const std::uint64_t> factors)
{
    Signature signature;
    signature.fill(UINT32_MAX);
    for (const std::uint64_t shingle : shingles) {
        for (std::size_t i = 0; i < signature.size(); ++i)
            signature[i] = std::min(signature[i], static_cast<std::uint32_t>((shingle * factors[i]) >> 32));
    }
    return signature;
}

bool isSimilar(const std::vector<std::uint64_t> &a, const std::vector<std::uint64_t> &b, double similarity)
{
    std::size_t common = 0;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (a[i] == b[j])
            ++common, ++i, ++j;
        else
            a[i] < b[j] ? ++i : ++j;
    }
    const std::size_t all = a.size() + b.size() - common;
    return all > 0 && static_cast<double>(common) >= similarity * static_cast<double>(all);
}

} // namespace

std::uint64_t textHash(std::string_view text, std::uint64_t seed)
{
    std::uint64_t hash = splitMix64(seed ^ text.size());
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + i, 8);
        hash = splitMix64(hash ^ word);
    }
    std::uint64_t tail = 0;
    if (i < text.size())
        std::memcpy(&tail, text.data() + i, text.size() - i);
    return splitMix64(hash ^ tail);
}

namespace {

// The texts without a word are in no bucket.
Result<Bands> bandsOf(std::span<const std::string_view> texts, std::vector<std::vector<std::uint64_t>> &shingles, const ProgressCallback &progress, const std::stop_token &stop)
{
    std::array<std::uint64_t, kBands * kRows> factors;
    for (std::size_t i = 0; i < factors.size(); ++i)
        factors[i] = splitMix64(i) | 1;
    Bands bands;
    for (auto &places : bands)
        places.resize(texts.size());
    const auto sign = [&](std::size_t i) -> Result<> {
        shingles[i] = shinglesOf(texts[i]);
        if (shingles[i].empty())
            return {};
        const Signature signature = signatureOf(shingles[i], factors);
        for (std::size_t band = 0; band < kBands; ++band) {
            std::uint64_t bucket = band;
            for (std::size_t row = 0; row < kRows; ++row)
                bucket = splitMix64(bucket ^ signature[band * kRows + row]);
            bands[band][i] = {bucket, static_cast<std::uint32_t>(i)};
        }
        return {};
    };
    const auto pulse = [&](std::size_t i) {
        if (progress && i % 256 == 0)
            progress({tr("Looking for near-duplicates"), static_cast<std::int64_t>(i), static_cast<std::int64_t>(texts.size())});
    };
    if (auto done = onAllCores(texts.size(), sign, stop, pulse); !done)
        return passError(done);
    const auto sort = [&](std::size_t band) -> Result<> {
        std::erase_if(bands[band], [](const Place &place) { return place.text == Place::kNoText; });
        std::ranges::sort(bands[band]);
        return {};
    };
    if (auto done = onAllCores(kBands, sort, stop); !done)
        return passError(done);
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
    return bands;
}

// Calls found(later, earlier) for each similar pair that wants(later, earlier) asks for: band by band, the earlier texts of a bucket first.
template <class Wants, class Found>
Result<> forSimilar(std::span<const std::string_view> texts, double similarity, const Wants &wants, const Found &found, const ProgressCallback &progress,
                    std::stop_token stop)
{
    std::vector<std::vector<std::uint64_t>> shingles(texts.size());
    auto bands = bandsOf(texts, shingles, progress, stop);
    if (!bands)
        return passError(bands);
    for (std::vector<Place> &places : *bands) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
        for (std::size_t begin = 0, end = 0; begin < places.size(); begin = end) {
            for (end = begin + 1; end < places.size() && places[end].bucket == places[begin].bucket;)
                ++end;
            for (std::size_t later = begin + 1; later < end; ++later) {
                for (std::size_t earlier = begin; earlier < std::min(later, begin + kCompared); ++earlier) {
                    const std::size_t one = places[later].text, other = places[earlier].text;
                    if (wants(one, other) && isSimilar(shingles[one], shingles[other], similarity))
                        found(one, other);
                }
            }
        }
        places = {};
    }
    return {};
}

} // namespace

Result<Neighbours> findNeighbours(std::span<const std::string_view> texts, std::span<const std::uint8_t> uses, double similarity,
                                  const ProgressCallback &progress, std::stop_token stop)
{
    Neighbours result{std::vector<std::int64_t>(texts.size(), -1), std::vector<bool>(texts.size(), false)};
    const auto leaksInto = [&](std::size_t asked, std::size_t learnt) {
        return !uses.empty() && (uses[asked] & Asked) != 0 && (uses[learnt] & Learnt) != 0 && !result.isLeaked[asked];
    };
    const auto wants = [&](std::size_t later, std::size_t earlier) {
        return result.earlier[later] < 0 || leaksInto(later, earlier) || leaksInto(earlier, later);
    };
    const auto found = [&](std::size_t later, std::size_t earlier) {
        if (result.earlier[later] < 0)
            result.earlier[later] = static_cast<std::int64_t>(earlier);
        if (leaksInto(later, earlier))
            result.isLeaked[later] = true;
        if (leaksInto(earlier, later))
            result.isLeaked[earlier] = true;
    };
    if (auto done = forSimilar(texts, similarity, wants, found, progress, stop); !done)
        return passError(done);
    return result;
}

Result<std::vector<std::size_t>> groupNeighbours(std::span<const std::string_view> texts, double similarity, const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<std::size_t> parent(texts.size());
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    const auto rootOf = [&](std::size_t i) {
        while (parent[i] != i)
            i = parent[i] = parent[parent[i]];
        return i;
    };
    const auto wants = [&](std::size_t later, std::size_t earlier) { return rootOf(later) != rootOf(earlier); };
    const auto found = [&](std::size_t later, std::size_t earlier) {
        const std::size_t a = rootOf(later), b = rootOf(earlier);
        parent[std::max(a, b)] = std::min(a, b); // a group is named after its first text
    };
    if (auto done = forSimilar(texts, similarity, wants, found, progress, stop); !done)
        return passError(done);
    for (std::size_t i = 0; i < parent.size(); ++i)
        parent[i] = rootOf(i);
    return parent;
}

} // namespace fettle::data
