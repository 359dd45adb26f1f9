// Writing GGUF version 3: metadata in the order given, tensors converted row by row, so that a model need not be in memory as a whole.
// Atomic and durable. Knows nothing of what the keys mean.
#pragma once

#include "core/base/result.h"
#include "core/io/gguf.h"
#include "core/io/tensorfile.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace fettle::io {

// A GgufValue is written as it was read: for metadata that is handed on. Lists of bool have no type of their own here.
using GgufWriteValue = std::variant<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t, float, bool, std::string,
                                    std::uint64_t, std::int64_t, double, std::vector<std::string>, std::vector<std::int32_t>,
                                    std::vector<float>, GgufValue>;
using GgufPair = std::pair<std::string, GgufWriteValue>;

// Either readRows, which fills count rows from firstRow on as fp32 (count * rowValues values), or bytes in the layout of type.
struct GgufTensor {
    std::string name;
    StorageType type = StorageType::F32;
    std::vector<std::int64_t> shape; // torch's order, 1 to 4 dimensions
    std::function<Result<>(std::int64_t firstRow, std::int64_t count, std::span<float> target)> readRows;
    std::span<const std::byte> bytes;
};

// general.alignment, when given, must be an std::uint32_t and is obeyed; 32 otherwise.
// Errors: BadInput (names, shapes, types), DiskFull, NoPermission, Cancelled, and what readRows gives; nothing is left behind then.
[[nodiscard]] Result<> writeGguf(const std::filesystem::path &file, const std::vector<GgufPair> &metadata, const std::vector<GgufTensor> &tensors,
                                 std::stop_token stop = {});

} // namespace fettle::io
