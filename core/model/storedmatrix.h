// Matrices that stay rounded in memory, and linear maps over them: the values are unpacked into one scratch buffer for a product and thrown away,
// never kept for the way back. Knows no model.
#pragma once

#include "core/io/tensorfile.h"
#include "core/model/nf4.h"
#include "core/torch.h"

#include <cstddef>
#include <memory>
#include <variant>
#include <vector>

namespace fettle::model {

// [rows, columns], in parts one below the other (q over k over v), each rounded in its own way. Nobody changes it once it is complete.
class StoredMatrix {
public:
    struct Blocks { io::StorageType type = io::StorageType::F32; std::vector<std::byte> bytes; }; // rows one after the other; canDecode(type)
    using Values = std::variant<Blocks, Nf4Matrix>;

    explicit StoredMatrix(std::int64_t columns) : m_columns(columns) { }
    void append(std::int64_t rows, Values values);

    [[nodiscard]] std::int64_t rows() const { return m_rows; }
    [[nodiscard]] std::int64_t columns() const { return m_columns; }
    [[nodiscard]] std::int64_t bytes() const;
    // Rows [first, first + count) as fp32, on all threads outside a parallel region. target: count * columns() values.
    void decode(std::int64_t first, std::int64_t count, float *target) const;

private:
    struct Part { std::int64_t firstRow = 0, rows = 0; Values values; };
    void decodeHere(std::int64_t first, std::int64_t count, float *target) const; // on this thread
    std::int64_t m_rows = 0, m_columns = 0;
    std::vector<Part> m_parts;
};

// Some rows of such a matrix.
struct StoredRows {
    std::shared_ptr<const StoredMatrix> matrix;
    std::int64_t first = 0, count = 0;

    explicit operator bool() const { return matrix != nullptr; }
    [[nodiscard]] std::int64_t columns() const { return matrix->columns(); }
    [[nodiscard]] StoredRows rows(std::int64_t from, std::int64_t number) const { return {matrix, first + from, number}; }
    // [count, columns] in memory of its own.
    [[nodiscard]] at::Tensor values() const;
    // The same in this thread's scratch buffer: good until the next call.
    [[nodiscard]] const float *unpacked() const;
};
[[nodiscard]] StoredRows allRows(std::shared_ptr<const StoredMatrix> matrix);

// A linear map: weights [out, in] and an optional bias [out] (undefined when the family has none).
struct LinearWeight {
    at::Tensor weight; // fp32, on a device perhaps bf16; undefined where the matrix is stored
    at::Tensor bias;
    StoredRows stored;

    [[nodiscard]] std::int64_t outputs() const { return stored ? stored.count : weight.size(0); }
    [[nodiscard]] std::int64_t inputs() const { return stored ? stored.columns() : weight.size(1); }
    [[nodiscard]] at::Tensor values() const { return stored ? stored.values() : weight.defined() ? weight.to(at::kFloat) : weight; } // fp32
    [[nodiscard]] LinearWeight rows(std::int64_t first, std::int64_t count) const;        // views
    // x [N, in] -> x W^T (+ b) [N, out]. Autograd follows to x, and to weights that are not stored.
    [[nodiscard]] at::Tensor product(const at::Tensor &x) const; // without the bias
    [[nodiscard]] at::Tensor apply(const at::Tensor &x) const;
};

} // namespace fettle::model
