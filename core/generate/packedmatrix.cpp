#include "core/generate/packedmatrix.h"

#include "core/base/words.h"
#include "core/generate/blockcodes.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace fettle::generate {

namespace {

using io::StorageType;

std::size_t roundUp(std::size_t value, std::size_t step) { return (value + step - 1) / step * step; }

void writeHalf(std::byte *target, float value)
{
    const std::uint16_t bits = io::f16FromFloat(value);
    std::memcpy(target, &bits, 2);
}

void writeScale(std::byte *target, float value, std::size_t scaleBytes)
{
    if (scaleBytes == 4)
        std::memcpy(target, &value, 4);
    else
        writeHalf(target, value); // exact: it was read from 16 bits
}

float readScale(const std::byte *source, std::size_t scaleBytes)
{
    if (scaleBytes == 4) {
        float value;
        std::memcpy(&value, source, 4);
        return value;
    }
    std::uint16_t bits;
    std::memcpy(&bits, source, 2);
    return io::floatFromF16(bits);
}

// Eight codes of four bits in one word: nibble j holds column (j & 1) * 4 + j / 2.
std::uint32_t nibbleWord(const std::int8_t *codes)
{
    std::uint32_t word = 0;
    for (unsigned j = 0; j < 8; ++j)
        word |= static_cast<std::uint32_t>(codes[(j & 1) * 4 + j / 2] & 15) << (4 * j);
    return word;
}

// The codes and scales of one row's stored blocks, put into row `lane` of a panel. False: a scale is no number.
bool packQuantisedRow(StorageType type, const FormLayout &layout, const std::byte *row, std::size_t columns, std::size_t lane,
                      std::byte *scales, std::byte *codes)
{
    const std::size_t stored = static_cast<std::size_t>(io::blockValues(type));
    const std::size_t storedBytes = static_cast<std::size_t>(io::blockBytes(type));
    const std::size_t columnsPerWord = layout.bits == 4 ? 8 : 4;
    const std::size_t scaleStep = kPanelRows * layout.scaleBytes * (layout.hasMinimum ? 2 : 1);
    BlockCodes parts;
    bool isFinite = true;
    std::byte *word = codes + lane * 4;
    std::byte *scale = scales + lane * layout.scaleBytes;
    for (std::size_t k = 0; k < columns; k += stored, row += storedBytes) {
        takeApart(type, row, parts);
        for (std::size_t group = 0; group < stored / layout.block; ++group, scale += scaleStep) {
            isFinite = isFinite && std::isfinite(parts.scales[group]) && (!layout.hasMinimum || std::isfinite(parts.minima[group]));
            writeScale(scale, parts.scales[group], layout.scaleBytes);
            if (layout.hasMinimum)
                writeScale(scale + kPanelRows * layout.scaleBytes, parts.minima[group], layout.scaleBytes);
        }
        for (std::size_t i = 0; i < stored; i += columnsPerWord, word += kPanelRows * 4) {
            if (layout.bits == 4) {
                const std::uint32_t packed = nibbleWord(parts.codes + i);
                std::memcpy(word, &packed, 4);
            } else {
                std::memcpy(word, parts.codes + i, 4);
            }
        }
    }
    return isFinite;
}

// row: values, not necessarily aligned. exponent: the bits that are all set in NaN and infinity. False: one of the values is such.
template <class Bits>
bool packPlainRow(const std::byte *row, std::size_t columns, std::size_t lane, std::byte *panel, Bits exponent)
{
    bool isFinite = true;
    for (std::size_t k = 0; k < columns; ++k) {
        Bits bits;
        std::memcpy(&bits, row + k * sizeof bits, sizeof bits);
        isFinite = isFinite && (bits & exponent) != exponent;
        std::memcpy(panel + (k * kPanelRows + lane) * sizeof bits, &bits, sizeof bits);
    }
    return isFinite;
}

} // namespace

WeightForm formFor(StorageType type)
{
    switch (type) {
    case StorageType::F16: return WeightForm::F16;
    case StorageType::BF16: return WeightForm::Bf16;
    case StorageType::Q4_0: return WeightForm::Q4;
    case StorageType::Q4_1: return WeightForm::Q4Min;
    case StorageType::Q5_0:
    case StorageType::Q8_0: return WeightForm::Q8;
    case StorageType::Q5_1: return WeightForm::Q8Min;
    case StorageType::Q4_K: return WeightForm::Q4MinWide;
    case StorageType::Q5_K: return WeightForm::Q8MinWide;
    case StorageType::Q3_K:
    case StorageType::Q6_K: return WeightForm::Q8WideShort;
    case StorageType::Q2_K: return WeightForm::Q4MinWideShort;
    default: return WeightForm::F32;
    }
}

std::size_t panelScaleBytes(WeightForm form, std::size_t columns)
{
    const FormLayout layout = layoutOf(form);
    if (layout.block == 0)
        return 0;
    return roundUp(columns / layout.block * kPanelRows * layout.scaleBytes * (layout.hasMinimum ? 2 : 1), 64);
}

std::size_t panelBytes(WeightForm form, std::size_t columns)
{
    return roundUp(panelScaleBytes(form, columns) + columns * kPanelRows * static_cast<std::size_t>(layoutOf(form).bits) / 8, 64);
}

Result<PackedMatrix> PackedMatrix::allocate(WeightForm form, std::size_t rows, std::size_t columns)
{
    PackedMatrix matrix;
    matrix.m_form = form;
    matrix.m_rows = rows;
    matrix.m_columns = columns;
    matrix.m_scaleBytes = panelScaleBytes(form, columns);
    matrix.m_panelBytes = panelBytes(form, columns);
    auto data = AlignedBuffer::allocate(matrix.panels() * matrix.m_panelBytes);
    if (!data)
        return passError(data);
    matrix.m_data = std::move(*data);
    return matrix;
}

void PackedMatrix::unpackRow(std::size_t row, float *target) const
{
    const FormLayout layout = layoutOf(m_form);
    const std::byte *base = panel(row / kPanelRows);
    const std::size_t lane = row % kPanelRows;
    if (layout.block == 0) {
        for (std::size_t k = 0; k < m_columns; ++k) {
            const std::byte *value = base + (k * kPanelRows + lane) * static_cast<std::size_t>(layout.bits) / 8;
            std::uint16_t bits = 0;
            if (m_form == WeightForm::F32) {
                std::memcpy(target + k, value, 4);
                continue;
            }
            std::memcpy(&bits, value, 2);
            target[k] = m_form == WeightForm::F16 ? io::floatFromF16(bits) : io::floatFromBf16(bits);
        }
        return;
    }
    const std::size_t columnsPerWord = layout.bits == 4 ? 8 : 4;
    const std::size_t scaleStep = kPanelRows * layout.scaleBytes * (layout.hasMinimum ? 2 : 1);
    const std::byte *codes = base + m_scaleBytes + lane * 4;
    for (std::size_t k = 0; k < m_columns; ++k) {
        const std::byte *scale = base + k / layout.block * scaleStep + lane * layout.scaleBytes;
        const float d = readScale(scale, layout.scaleBytes);
        const float minimum = layout.hasMinimum ? readScale(scale + kPanelRows * layout.scaleBytes, layout.scaleBytes) : 0.0f;
        std::uint32_t word;
        std::memcpy(&word, codes + k / columnsPerWord * kPanelRows * 4, 4);
        const std::size_t place = k % columnsPerWord;
        int code;
        if (layout.bits == 8)
            code = static_cast<std::int8_t>(word >> (8 * place));
        else
            code = static_cast<int>(word >> (4 * ((place & 3) * 2 + place / 4)) & 15) - (m_form == WeightForm::Q4 ? 8 : 0);
        target[k] = d * static_cast<float>(code) + minimum;
    }
}

Result<PackedMatrix> packMatrix(const io::TensorEntry &entry, const std::function<std::int64_t(std::int64_t)> &fileRow, WorkerPool &pool)
{
    const auto bytes = io::storedBytes(entry.type, entry.shape);
    if (entry.shape.size() != 2 || !bytes || static_cast<std::size_t>(*bytes) > entry.bytes.size()) {
        return fail(ErrorCode::BadInput, tr("Tensor \"{}\" of shape {} cannot be used as a matrix.", entry.name, io::shapeText(entry.shape)),
                    tr("Check that the model's file is complete."));
    }
    if (!io::canDecode(entry.type)) {
        return fail(ErrorCode::BadInput, tr("Tensor \"{}\" is stored as {}, which Fettle cannot read.", entry.name, io::nameOf(entry.type)),
                    tr("Use the model in another precision, for example Q8_0, Q4_K or F16."));
    }
    const std::size_t rows = static_cast<std::size_t>(entry.shape[0]), columns = static_cast<std::size_t>(entry.shape[1]);
    const WeightForm form = formFor(entry.type);
    const FormLayout layout = layoutOf(form);
    auto matrix = PackedMatrix::allocate(form, rows, columns);
    if (!matrix || rows == 0)
        return matrix;
    const std::size_t rowBytes = static_cast<std::size_t>(*bytes) / rows;
    std::atomic<bool> hasFailed = false, isBroken = false;
    std::vector<std::vector<float>> decoded(static_cast<std::size_t>(pool.threads()));
    pool.run(matrix->panels(), [&](std::size_t index, int thread) {
        std::byte *panel = matrix->panel(index);
        for (std::size_t lane = 0; lane < std::min(kPanelRows, rows - index * kPanelRows); ++lane) {
            const std::int64_t row = static_cast<std::int64_t>(index * kPanelRows + lane);
            const std::int64_t source = fileRow ? fileRow(row) : row;
            const std::byte *rowData = entry.bytes.data() + static_cast<std::size_t>(source) * rowBytes;
            if (layout.block > 0) {
                if (!packQuantisedRow(entry.type, layout, rowData, columns, lane, panel, panel + matrix->scaleBytesPerPanel()))
                    isBroken = true;
            } else if (form != WeightForm::F32) {
                if (!packPlainRow<std::uint16_t>(rowData, columns, lane, panel, form == WeightForm::F16 ? 0x7C00 : 0x7F80))
                    isBroken = true;
            } else {
                std::vector<float> &values = decoded[static_cast<std::size_t>(thread)];
                values.resize(columns);
                if (!io::decodeRowsToFloat(entry, source, 1, values))
                    hasFailed = true;
                if (!packPlainRow<std::uint32_t>(reinterpret_cast<const std::byte *>(values.data()), columns, lane, panel, 0x7F800000u))
                    isBroken = true;
            }
        }
    });
    if (hasFailed) {
        return fail(ErrorCode::BadInput, tr("Tensor \"{}\" of type {} cannot be decoded.", entry.name, io::nameOf(entry.type)),
                    tr("Check that the model's file is complete."));
    }
    if (isBroken) {
        return fail(ErrorCode::BadInput, tr("Tensor \"{}\" holds values that are no numbers (NaN or infinite).", entry.name),
                    tr("The model is damaged, or was ruined in its training. Use another copy or an earlier checkpoint."));
    }
    return matrix;
}

Result<PackedMatrix> packHalves(const float *values, std::size_t rows, std::size_t columns, int &exponent)
{
    auto matrix = PackedMatrix::allocate(WeightForm::F16, rows, columns);
    if (!matrix)
        return matrix;
    float largest = 0;
    for (const float value : std::span(values, rows * columns))
        largest = std::max(largest, std::abs(value));
    (void)std::frexp(largest, &exponent); // 0 for 0
    for (std::size_t row = 0; row < rows; ++row) {
        std::byte *panel = matrix->panel(row / kPanelRows);
        for (std::size_t k = 0; k < columns; ++k)
            writeHalf(panel + (k * kPanelRows + row % kPanelRows) * 2, std::ldexp(values[row * columns + k], -exponent));
    }
    return matrix;
}

Result<PackedMatrix> packFloats(const float *values, std::size_t rows, std::size_t columns, float factor)
{
    auto matrix = PackedMatrix::allocate(WeightForm::F32, rows, columns);
    if (!matrix)
        return matrix;
    for (std::size_t row = 0; row < rows; ++row) {
        float *panel = reinterpret_cast<float *>(matrix->panel(row / kPanelRows));
        for (std::size_t k = 0; k < columns; ++k)
            panel[k * kPanelRows + row % kPanelRows] = values[row * columns + k] * factor;
    }
    return matrix;
}

} // namespace fettle::generate
