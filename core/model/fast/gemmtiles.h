// The inner pieces of a product, compiled for each instruction set: packing into panels and the sum over one block of k. See gemm.cpp.
//
// A panel holds a few rows of op(A) (or columns of op(B)) for a block of k values, in the order in which the tile reads them:
// panel[p * width + i] = op(A)[first + i][p]. What lies beyond the matrix is 0.
#pragma once

#include "core/model/fast/gemm.h"

namespace fettle::model::fast {

struct Tiles {
    std::int64_t rows = 0;    // of op(A) in a tile
    std::int64_t rowStep = 0; // width of a panel of A, rows or more
    std::int64_t columns = 0; // of op(B) in a tile, and the width of its panels
    std::int64_t valuesInWord = 1; // values of k in one float's room of a panel
    // Rows [first, first + count) of op(A), values [p, p + depth) of k; count <= rows.
    void (*packRows)(const Operand &a, std::int64_t first, std::int64_t count, std::int64_t p, std::int64_t depth, float *panel) = nullptr;
    // Columns [first, first + count) of op(B); count <= columns.
    void (*packColumns)(const Operand &b, std::int64_t first, std::int64_t count, std::int64_t p, std::int64_t depth, float *panel) = nullptr;
    // c [rows, columns] = alpha * the sum over the words of the panels + beta * c.
    void (*multiply)(const float *rowPanel, const float *columnPanel, std::int64_t words, std::int64_t rows, std::int64_t columns, float alpha, float beta, float *c,
                     std::int64_t strideC) = nullptr;
};
[[nodiscard]] const Tiles &tiles();

} // namespace fettle::model::fast
