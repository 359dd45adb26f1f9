// The inner pieces of a product, compiled for each instruction set: packing into panels and the sum over one block of k. See gemm.cpp.
//
// A panel holds a few rows of op(A) (or columns of op(B)) for a block of k values, in the order in which the tile reads them:
// panel[p * width + i] = op(A)[first + i][p]. What lies beyond the matrix is 0.
#pragma once

#include "core/model/fast/gemm.h"

namespace fettle::model::fast {

struct TileShape {
    std::int64_t rows = 0;    // of op(A) in a tile
    std::int64_t rowStep = 0; // width of a panel of A, rows or more
    std::int64_t columns = 0; // of op(B) in a tile, and the width of its panels
};
[[nodiscard]] TileShape tileShape();

// Rows [first, first + count) of op(A), values [p, p + depth) of k; count <= rows.
void packRows(const Operand &a, std::int64_t first, std::int64_t count, std::int64_t p, std::int64_t depth, float *panel);
// Columns [first, first + count) of op(B); count <= columns.
void packColumns(const Operand &b, std::int64_t first, std::int64_t count, std::int64_t p, std::int64_t depth, float *panel);
// c [rows, columns] = alpha * the sum over depth + beta * c.
void multiplyTile(const float *rowPanel, const float *columnPanel, std::int64_t depth, std::int64_t rows, std::int64_t columns, float alpha, float beta, float *c,
                  std::int64_t strideC);

} // namespace fettle::model::fast
