// Attention of one key-value head over its cache: exact softmax, computed chunk by chunk of keys (Dao et al., "FlashAttention", 2022;
// Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018). A query's result does not depend on which other queries are
// computed with it.
#pragma once

#include <cstddef>

namespace fettle::generate {

// Keys are read in chunks of this many positions: the pages of the cache.
inline constexpr std::size_t kKeyChunk = 128;

// One key-value head and the query heads that share it (group). Query (row, g) lies at queries + row * queryStride + g * headSize and its
// position is firstPosition + row.
struct AttentionInput {
    const float *const *pages = nullptr; // of kKeyChunk positions each
    std::size_t keyOffset = 0;   // in every page: keys in panels of 16 positions, [position / 16][headSize][16]
    std::size_t valueOffset = 0; // in every page: values, [position][paddedHead]
    const float *queries = nullptr;
    std::size_t queryStride = 0;
    float *out = nullptr; // like queries
    std::size_t outStride = 0;
    std::size_t headSize = 0, paddedHead = 0; // paddedHead: headSize rounded up to 16
    std::size_t group = 0;
    std::size_t firstPosition = 0;
    std::size_t window = 0; // position i sees the keys j with i - window < j <= i; 0: all j <= i
    float scale = 1;        // of the scores
    float softcap = 0;      // scores become c * tanh(scores / c); 0: unchanged
};

// Queries (numbered row * group + g) that one call should compute at most.
[[nodiscard]] std::size_t queriesPerTask();
// Values of scratch memory, aligned to 64 bytes.
[[nodiscard]] std::size_t attentionScratch(std::size_t headSize);
// Queries [begin, end), end - begin <= queriesPerTask(). Keys and values of all positions they see must be in the cache.
void attend(const AttentionInput &input, std::size_t begin, std::size_t end, float *scratch);

} // namespace fettle::generate
