// What the integer products of all instruction sets have in common: how a row of activations lies in memory, and the order of all sums. Included
// by one translation unit for each set, inside its target pragma, behind a struct Ops that names its instructions:
//   kLanes            rows of weights in a vector of floats
//   kOneRow, kTwoRows, kFourRows   vectors of weights that are computed together with so many rows of activations
//   Floats, Sum, Third, Codes      vectors: of floats, of the whole sums of a block and of its third bytes, of the codes of four columns
//   kNumberBytes, kThirdBytes      of an activation
// Whole numbers add up exactly and sums in fp32 always run in this order: a row's result depends on nothing beside it.
#ifndef FETTLE_GENERATE_INTEGERTILES_INL_H
#define FETTLE_GENERATE_INTEGERTILES_INL_H

constexpr std::size_t kBlock = 32; // columns that share a scale of the activations
constexpr std::size_t kAhead = 1536; // bytes of a panel that are fetched before they are needed; none costs a sixth of the speed

constexpr std::size_t blocksOf(std::size_t columns) { return (columns + kBlock - 1) / kBlock; }

// A block whose largest number is this many times the root mean square of its row has a third byte: one in eight of SmolLM2.
constexpr float kOutlier = 5.0f;
constexpr float kLargest = 127.0f * 256.0f;

constexpr std::size_t rowBytesOf(std::size_t columns)
{
    return (blocksOf(columns) * (kBlock * (Ops::kNumberBytes + Ops::kThirdBytes) + 3 * sizeof(float) + 1) + 63) / 64 * 64;
}

// A quantised row: value = scale * (number + third / 128). Third bytes count only where isWide. sums: scale * sum of the numbers for each half block.
template <class Byte>
struct RowPlaces {
    template <class T>
    using As = std::conditional_t<std::is_const_v<Byte>, const T, T>;
    Byte *numbers, *third;
    As<float> *scales, *sums;
    As<std::uint8_t> *isWide;
    RowPlaces(Byte *row, std::size_t columns)
        : numbers(row)
        , third(numbers + blocksOf(columns) * kBlock * Ops::kNumberBytes)
        , scales(reinterpret_cast<As<float> *>(third + blocksOf(columns) * kBlock * Ops::kThirdBytes))
        , sums(scales + blocksOf(columns))
        , isWide(reinterpret_cast<As<std::uint8_t> *>(sums + 2 * blocksOf(columns)))
    {
    }
};
using QuantisedRow = RowPlaces<const std::byte>;

template <bool isWide>
Ops::Floats loadScale(const std::byte *address)
{
    if constexpr (isWide)
        return Ops::load(reinterpret_cast<const float *>(address));
    else
        return Ops::loadHalves(address);
}

// Codes are taken as unsigned bytes (bytes with a sign: plus 128); `offset` gives that back: value = scale * code + offset.
template <WeightForm form>
void loadScales(const std::byte *address, Ops::Floats &scale, Ops::Floats &offset)
{
    constexpr FormLayout layout = layoutOf(form);
    scale = loadScale<layout.scaleBytes == 4>(address);
    if constexpr (layout.hasMinimum)
        offset = loadScale<layout.scaleBytes == 4>(address + kPanelRows * layout.scaleBytes);
    if constexpr (layout.bits == 8) {
        const Ops::Floats back = Ops::multiply(scale, Ops::all(-128.0f));
        if constexpr (layout.hasMinimum)
            offset = Ops::add(offset, back);
        else
            offset = back;
    } else if constexpr (!layout.hasMinimum) {
        offset = Ops::multiply(scale, Ops::all(-8.0f));
    }
}

template <std::size_t block>
float sumOfBlock(const QuantisedRow &row, std::size_t index)
{
    if constexpr (block == kBlock)
        return row.sums[2 * index] + row.sums[2 * index + 1];
    else
        return row.sums[index];
}

// N rows times V vectors of weights, all columns. vector counts the vectors of the matrix.
template <WeightForm form, int V, int N>
[[gnu::noinline]] void multiplyTile(const PackedMatrix &matrix, const std::byte *quantised, float *y, std::size_t yStride, ProductMode mode, std::size_t vector)
{
    constexpr FormLayout layout = layoutOf(form);
    constexpr std::size_t scaleStep = kPanelRows * layout.scaleBytes * (layout.hasMinimum ? 2 : 1), perPanel = kPanelRows / Ops::kLanes;
    const std::size_t columns = matrix.columns(), rowBytes = rowBytesOf(columns);
    Ops::Floats sums[V][N];
    const std::byte *scales[V], *codes[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
        const std::size_t own = vector + static_cast<std::size_t>(v), lane = own % perPanel * Ops::kLanes;
        scales[v] = matrix.panel(own / perPanel) + lane * layout.scaleBytes;
        codes[v] = matrix.panel(own / perPanel) + matrix.scaleBytesPerPanel() + lane * 4;
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n)
            sums[v][n] = Ops::all(0.0f);
    }
    for (std::size_t block = 0; block < columns / layout.block; ++block) {
        Ops::Sum blockSums[V][N];
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
#pragma GCC unroll 4
            for (int n = 0; n < N; ++n)
                blockSums[v][n] = Ops::zero();
        }
#pragma GCC unroll 8
        for (std::size_t q = 0; q < layout.block / 4; ++q) {
            const std::size_t quad = block * (layout.block / 4) + q;
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) {
                if (layout.bits == 8 || q % 2 == 0)
                    _mm_prefetch(reinterpret_cast<const char *>(codes[v] + quad * layout.bits / 8 * kPanelRows * 4) + kAhead, _MM_HINT_T0);
                const Ops::Codes four = Ops::codes<layout.bits>(codes[v], quad);
#pragma GCC unroll 4
                for (int n = 0; n < N; ++n)
                    Ops::addFour(blockSums[v][n], four, QuantisedRow(quantised + static_cast<std::size_t>(n) * rowBytes, columns).numbers, quad, columns);
            }
        }
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            Ops::Floats scale, offset;
            loadScales<form>(scales[v] + block * scaleStep, scale, offset);
#pragma GCC unroll 4
            for (int n = 0; n < N; ++n) {
                const QuantisedRow row(quantised + static_cast<std::size_t>(n) * rowBytes, columns);
                const std::size_t own = block * layout.block / kBlock;
                Ops::Floats number = Ops::numberOf(blockSums[v][n]);
                if (row.isWide[own]) {
                    Ops::Third third = Ops::zeroThird();
#pragma GCC unroll 8
                    for (std::size_t q = 0; q < layout.block / 4; ++q) {
                        const std::size_t quad = block * (layout.block / 4) + q;
                        Ops::addThird(third, Ops::codes<layout.bits>(codes[v], quad), row.third, quad);
                    }
                    number = Ops::multiplyAdd(Ops::thirdOf(third), Ops::all(1.0f / 128.0f), number);
                }
                // sum += scale * x-scale * number + offset * x-sum
                sums[v][n] = Ops::multiplyAdd(number, Ops::multiply(scale, Ops::all(row.scales[own])), sums[v][n]);
                sums[v][n] = Ops::multiplyAdd(offset, Ops::all(sumOfBlock<layout.block>(row, block)), sums[v][n]);
            }
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) {
            float *target = y + static_cast<std::size_t>(n) * yStride + (vector + static_cast<std::size_t>(v)) * Ops::kLanes;
            Ops::store(mode == ProductMode::Add ? Ops::add(Ops::load(target), sums[v][n]) : sums[v][n], target);
        }
    }
}

template <WeightForm form, int V>
void multiplyRows(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t vector)
{
    const std::size_t rowBytes = rowBytesOf(matrix.columns());
    for (; rows >= 4; rows -= 4, quantised += 4 * rowBytes, y += 4 * yStride)
        multiplyTile<form, V, 4>(matrix, quantised, y, yStride, mode, vector);
    switch (rows) {
    case 1: return multiplyTile<form, V, 1>(matrix, quantised, y, yStride, mode, vector);
    case 2: return multiplyTile<form, V, 2>(matrix, quantised, y, yStride, mode, vector);
    case 3: return multiplyTile<form, V, 3>(matrix, quantised, y, yStride, mode, vector);
    default: return;
    }
}

// Panels outside, rows inside: a panel comes from memory once and stays in the cache for the further rows. Tiles have as many sums as there are
// registers.
template <WeightForm form>
void multiplyForm(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                  std::size_t end)
{
    constexpr std::size_t perPanel = kPanelRows / Ops::kLanes;
    begin *= perPanel;
    end *= perPanel;
    for (; rows == 1 && begin + Ops::kOneRow <= end; begin += Ops::kOneRow)
        multiplyTile<form, Ops::kOneRow, 1>(matrix, quantised, y, yStride, mode, begin);
    for (; rows == 2 && begin + Ops::kTwoRows <= end; begin += Ops::kTwoRows)
        multiplyTile<form, Ops::kTwoRows, 2>(matrix, quantised, y, yStride, mode, begin);
    for (; begin + Ops::kFourRows <= end; begin += Ops::kFourRows)
        multiplyRows<form, Ops::kFourRows>(matrix, quantised, rows, y, yStride, mode, begin);
    for (; begin < end; ++begin)
        multiplyRows<form, 1>(matrix, quantised, rows, y, yStride, mode, begin);
}

void multiplyAllForms(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                      std::size_t end)
{
    const auto run = [&]<WeightForm form>() { multiplyForm<form>(matrix, quantised, rows, y, yStride, mode, begin, end); };
    switch (matrix.form()) {
    case WeightForm::F32:
    case WeightForm::F16:
    case WeightForm::Bf16: return; // see fitsIntegerProducts
    case WeightForm::Q4: return run.operator()<WeightForm::Q4>();
    case WeightForm::Q4Min: return run.operator()<WeightForm::Q4Min>();
    case WeightForm::Q8: return run.operator()<WeightForm::Q8>();
    case WeightForm::Q8Min: return run.operator()<WeightForm::Q8Min>();
    case WeightForm::Q4MinWide: return run.operator()<WeightForm::Q4MinWide>();
    case WeightForm::Q8MinWide: return run.operator()<WeightForm::Q8MinWide>();
    case WeightForm::Q8WideShort: return run.operator()<WeightForm::Q8WideShort>();
    case WeightForm::Q4MinWideShort: return run.operator()<WeightForm::Q4MinWideShort>();
    }
}

void quantiseAll(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target)
{
    for (std::size_t r = 0; r < rows; ++r) {
        const float *x = source + r * stride;
        const RowPlaces<std::byte> row(target + r * rowBytesOf(columns), columns);
        const float outlier = kOutlier * std::sqrt(Ops::sumOfSquares(x, columns) / static_cast<float>(columns));
        for (std::size_t block = 0; block < blocksOf(columns); ++block) {
            const std::size_t first = block * kBlock;
            float padded[kBlock] = {};
            const float *from = x + first;
            if (first + kBlock > columns) {
                std::copy(x + first, x + columns, padded);
                from = padded;
            }
            const float largest = Ops::largestOf(from);
            row.isWide[block] = largest > outlier;
            row.scales[block] = largest / kLargest;
            const float inverse = row.scales[block] > 0.0f ? kLargest * 128.0f / largest : 0.0f; // to 128ths of a number
            for (std::size_t half = 0; half < 2; ++half) {
                const float sum = Ops::quantise(from + 16 * half, inverse, row.isWide[block], row.numbers, row.third, first + 16 * half, columns);
                row.sums[2 * block + half] = row.scales[block] * sum;
            }
        }
    }
}

#endif
