// Blocks of k are packed into panels once and read by every tile: the panels of a block of rows stay in the second-level cache, one panel of
// columns in the first. The order of the sums depends on k alone.
#include "core/model/fast/gemm.h"

#include "core/model/fast/gemmpairs.h"
#include "core/model/largememory.h"

#include "core/torch.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <atomic>

namespace fettle::model::fast {

namespace {

constexpr std::int64_t kMostDepth = 640;       // words of k in a block
constexpr std::int64_t kMostRows = 4096;       // of A and columns of B that are packed at a time: bounds the memory of a product with a
constexpr std::int64_t kMostColumns = 4096;    // large vocabulary
constexpr std::int64_t kRowsInCache = 20;      // row panels that are multiplied with one panel of columns
constexpr std::int64_t kSmallestShare = 4;     // panels that a thread takes at least
constexpr std::int64_t kTooSmall = 1 << 16;    // multiplications that are not worth waking a thread

// Room for panels, kept by each thread that asked for a product.
thread_local LargeMemory rowPanels, columnPanels;

std::atomic<std::int64_t> multiplied{0};

float *roomIn(LargeMemory &memory, std::int64_t values)
{
    const auto bytes = static_cast<std::size_t>(values) * sizeof(float);
    if (memory.bytes() < bytes)
        memory = LargeMemory(bytes);
    return memory.floats();
}

std::int64_t pieces(std::int64_t count, std::int64_t size) { return (count + size - 1) / size; }

// Calls work(begin, end) for pieces of [0, count): large ones first, small ones towards the end, so that a thread that others held up is not waited for.
template <class Work>
void share(bool isParallel, std::int64_t count, const Work &work)
{
    if (!isParallel)
        return work(0, count);
    const std::int64_t threads = at::get_num_threads();
    std::atomic<std::int64_t> next{0};
    at::parallel_for(0, threads, 1, [&](std::int64_t, std::int64_t) {
        for (std::int64_t begin = next.load(std::memory_order_relaxed); begin < count;) {
            const std::int64_t end = std::min(count, begin + std::clamp((count - begin) / (2 * threads), kSmallestShare, kRowsInCache));
            if (next.compare_exchange_weak(begin, end, std::memory_order_relaxed)) {
                work(begin, end);
                begin = next.load(std::memory_order_relaxed);
            }
        }
    });
}

void scale(float *c, std::int64_t m, std::int64_t n, std::int64_t strideC, float beta)
{
    for (std::int64_t i = 0; i < m && beta != 1.0f; ++i) {
        for (std::int64_t j = 0; j < n; ++j)
            c[i * strideC + j] = beta == 0.0f ? 0.0f : beta * c[i * strideC + j];
    }
}

} // namespace

std::int64_t gemmOperations() { return multiplied.load(std::memory_order_relaxed); }

bool hasBf16Products() { return hasPairTiles(); }

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const Operand &a, const Operand &b, float beta, float *c, std::int64_t strideC, Factors factors)
{
    if (m <= 0 || n <= 0)
        return;
    if (m > kMostRows) {
        for (std::int64_t first = 0; first < m; first += kMostRows) {
            const Operand rows{a.data + first * (a.use == Use::AsIs ? a.stride : 1), a.stride, a.use};
            gemm(std::min(kMostRows, m - first), n, k, alpha, rows, b, beta, c + first * strideC, strideC, factors);
        }
        return;
    }
    if (k <= 0)
        return scale(c, m, n, strideC, beta);
    multiplied.fetch_add(2 * m * n * k, std::memory_order_relaxed);
    const Tiles &tile = factors == Factors::Bf16 && hasPairTiles() ? pairTiles() : tiles();
    const bool isParallel = m * n * k > kTooSmall && at::get_num_threads() > 1 && !at::in_parallel_region();
    const std::int64_t words = pieces(k, tile.valuesInWord), blocks = pieces(words, kMostDepth), blockWords = pieces(words, blocks);
    const std::int64_t depth = blockWords * tile.valuesInWord; // values of k in a block
    const std::int64_t rowCount = pieces(m, tile.rows);
    const std::int64_t mostColumns = std::min(pieces(n, tile.columns), kMostColumns / tile.columns);
    float *rows = roomIn(rowPanels, rowCount * tile.rowStep * blockWords);
    float *columns = roomIn(columnPanels, mostColumns * tile.columns * blockWords);

    for (std::int64_t firstColumn = 0; firstColumn < n; firstColumn += mostColumns * tile.columns) {
        const std::int64_t width = std::min(n - firstColumn, mostColumns * tile.columns), columnCount = pieces(width, tile.columns);
        for (std::int64_t p = 0; p < k; p += depth) {
            const std::int64_t here = std::min(depth, k - p);
            const bool isPacked = blocks == 1 && firstColumn > 0; // the rows still lie there
            share(isParallel, columnCount + (isPacked ? 0 : rowCount), [&](std::int64_t begin, std::int64_t end) {
                for (std::int64_t i = begin; i < end; ++i) {
                    if (const std::int64_t row = (i - columnCount) * tile.rows; row >= 0)
                        tile.packRows(a, row, std::min(tile.rows, m - row), p, here, rows + (i - columnCount) * tile.rowStep * blockWords);
                    else
                        tile.packColumns(b, firstColumn + i * tile.columns, std::min(tile.columns, width - i * tile.columns), p, here, columns + i * tile.columns * blockWords);
                }
            });
            const std::int64_t wordsHere = pieces(here, tile.valuesInWord);
            const float oldShare = p == 0 ? beta : 1.0f;
            const auto multiply = [&](std::int64_t rowBegin, std::int64_t rowEnd, std::int64_t columnBegin, std::int64_t columnEnd) {
                for (std::int64_t block = rowBegin; block < rowEnd; block += kRowsInCache) {
                    const std::int64_t blockEnd = std::min(rowEnd, block + kRowsInCache);
                    for (std::int64_t j = columnBegin; j < columnEnd; ++j) {
                        const std::int64_t column = j * tile.columns;
                        for (std::int64_t i = block; i < blockEnd; ++i) {
                            const std::int64_t row = i * tile.rows;
                            tile.multiply(rows + i * tile.rowStep * blockWords, columns + column * blockWords, wordsHere, std::min(tile.rows, m - row),
                                          std::min(tile.columns, width - column), alpha, oldShare, c + row * strideC + firstColumn + column, strideC);
                        }
                    }
                }
            };
            if (rowCount >= columnCount)
                share(isParallel, rowCount, [&](std::int64_t begin, std::int64_t end) { multiply(begin, end, 0, columnCount); });
            else
                share(isParallel, columnCount, [&](std::int64_t begin, std::int64_t end) { multiply(0, rowCount, begin, end); });
        }
    }
}

} // namespace fettle::model::fast
