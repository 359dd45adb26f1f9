// Which rows are nearest to a text by what a model makes of them: one direction of unit length for each row, in one byte a value, in a file that
// is checked when it is read. Knows vectors only: no model, no database.
//
//   "FTRI" | version u32 | width u32 | rows u64 | key 32 bytes | mean [width] f32 | rows x (record i64, scale f32) | rows x [width] i8 | SHA-256
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace fettle::evaluate {

// What the vectors depend on: weights, adapter, rows. Another key is another index.
using RowIndexKey = std::array<std::uint8_t, 32>;

struct RowIndex {
    RowIndexKey key{};
    std::size_t width = 0;
    std::vector<float> mean;           // [width], taken off every vector: what all texts have in common tells nothing
    std::vector<RecordId> records;
    std::vector<float> scales;         // for each row
    std::vector<std::int8_t> codes;    // [rows][width]

    struct Near { std::size_t row = 0; double similarity = 0; }; // cosine
    // At most count rows, nearest first. query: [width], as the model gave it.
    [[nodiscard]] std::vector<Near> nearest(std::span<const float> query, std::size_t count) const;
};

// vectors: one of the same width for each record.
[[nodiscard]] RowIndex makeRowIndex(const RowIndexKey &key, std::span<const RecordId> records, std::span<const std::vector<float>> vectors);
// Errors: those of writing.
[[nodiscard]] Result<> writeRowIndex(const RowIndex &index, const std::filesystem::path &file);
// Errors: NotFound, BadInput (damaged, cut off, of another program), NoPermission.
[[nodiscard]] Result<RowIndex> readRowIndex(const std::filesystem::path &file);

} // namespace fettle::evaluate
