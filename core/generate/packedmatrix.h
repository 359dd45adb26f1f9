// Weights as the decoding kernels read them: panels of 16 rows, interleaved so that one vector load gives the same place of 16 rows.
// Quantised blocks keep the precision of the file: unpacked, each value is bit for bit the one that ggml's reference gives.
//
//   panel (plain forms):  for each column k: 16 values, one for each row
//   panel (block forms):  scales of block 0: 16, [minima of block 0: 16], scales of block 1 ..., padded to 64 bytes; then the codes:
//     4 bits: for each 8 columns: one 32-bit word for each row; nibble j holds column (j & 1) * 4 + j / 2
//     8 bits: for each 4 columns: one 32-bit word for each row; byte j holds column j
//   Four columns lie in the bytes of one word (after one mask for 4 bits): what integer dot products (VNNI) want.
// Rows are padded with zeros to whole panels. Knows no model.
#pragma once

#include "core/base/result.h"
#include "core/generate/alignedbuffer.h"
#include "core/generate/workerpool.h"
#include "core/io/tensorfile.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace fettle::generate {

inline constexpr std::size_t kPanelRows = 16;

// Min: value = scale * code + minimum, else scale * code (Q4: scale * (code - 8)). Wide: fp32 scales (K-quants, whose scales are products),
// else fp16. Short: blocks of 16 columns, else 32.
enum class WeightForm : std::uint8_t { F32, F16, Bf16, Q4, Q4Min, Q8, Q8Min, Q4MinWide, Q8MinWide, Q8WideShort, Q4MinWideShort };

struct FormLayout {
    int bits;                // of a code or value
    std::size_t block;       // columns that share a scale; 0: plain values
    std::size_t scaleBytes;  // of one scale or minimum
    bool hasMinimum;
};

[[nodiscard]] constexpr FormLayout layoutOf(WeightForm form)
{
    switch (form) {
    case WeightForm::F32: return {32, 0, 0, false};
    case WeightForm::F16:
    case WeightForm::Bf16: return {16, 0, 0, false};
    case WeightForm::Q4: return {4, 32, 2, false};
    case WeightForm::Q4Min: return {4, 32, 2, true};
    case WeightForm::Q8: return {8, 32, 2, false};
    case WeightForm::Q8Min: return {8, 32, 2, true};
    case WeightForm::Q4MinWide: return {4, 32, 4, true};
    case WeightForm::Q8MinWide: return {8, 32, 4, true};
    case WeightForm::Q8WideShort: return {8, 16, 4, false};
    case WeightForm::Q4MinWideShort: return {4, 16, 4, true};
    }
    return {32, 0, 0, false};
}

// The form in which a stored type is kept. Types without a form of their own (F64, F8, integers) are kept as F32, which holds them exactly
// except for F64.
[[nodiscard]] WeightForm formFor(io::StorageType type);

// Bytes of the scales in front of a panel's codes, and of a whole panel.
[[nodiscard]] std::size_t panelScaleBytes(WeightForm form, std::size_t columns);
[[nodiscard]] std::size_t panelBytes(WeightForm form, std::size_t columns);

class PackedMatrix {
public:
    PackedMatrix() = default;
    // Zeros. Errors: OutOfMemory.
    [[nodiscard]] static Result<PackedMatrix> allocate(WeightForm form, std::size_t rows, std::size_t columns);

    [[nodiscard]] WeightForm form() const { return m_form; }
    [[nodiscard]] std::size_t rows() const { return m_rows; }
    [[nodiscard]] std::size_t columns() const { return m_columns; }
    [[nodiscard]] std::size_t panels() const { return (m_rows + kPanelRows - 1) / kPanelRows; }
    [[nodiscard]] bool isEmpty() const { return m_rows == 0; }
    [[nodiscard]] std::byte *panel(std::size_t index) { return m_data.data() + index * m_panelBytes; }
    [[nodiscard]] const std::byte *panel(std::size_t index) const { return m_data.data() + index * m_panelBytes; }
    [[nodiscard]] std::size_t bytesPerPanel() const { return m_panelBytes; }
    [[nodiscard]] std::size_t scaleBytesPerPanel() const { return m_scaleBytes; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return {m_data.data(), panels() * m_panelBytes}; }
    [[nodiscard]] std::span<std::byte> bytes() { return {m_data.data(), panels() * m_panelBytes}; }

    // One row as fp32; target holds columns() values.
    void unpackRow(std::size_t row, float *target) const;

private:
    WeightForm m_form = WeightForm::F32;
    std::size_t m_rows = 0, m_columns = 0, m_panelBytes = 0, m_scaleBytes = 0;
    AlignedBuffer m_data;
};

// entry: a matrix [rows, columns] whose row r of the result is row fileRow(r) of the entry (empty: the same row).
// Errors: OutOfMemory, BadInput (a type that cannot be decoded, by name; bytes that do not fit the shape; NaN or infinity among the values).
[[nodiscard]] Result<PackedMatrix> packMatrix(const io::TensorEntry &entry, const std::function<std::int64_t(std::int64_t)> &fileRow,
                                              WorkerPool &pool);
// values: row-major [rows, columns], each multiplied by factor.
[[nodiscard]] Result<PackedMatrix> packFloats(const float *values, std::size_t rows, std::size_t columns, float factor = 1.0f);
// The same divided by 2^exponent, so that the largest lies between 1/2 and 1, and rounded to F16.
[[nodiscard]] Result<PackedMatrix> packHalves(const float *values, std::size_t rows, std::size_t columns, int &exponent);

} // namespace fettle::generate
