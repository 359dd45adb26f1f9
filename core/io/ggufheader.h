// Inside core/io: the header of one GGUF file.
#pragma once

#include "core/base/result.h"
#include "core/io/gguf.h"
#include "core/io/mappedfile.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fettle::io {

struct GgufHeader {
    std::uint32_t version = 0;
    std::map<std::string, GgufValue, std::less<>> metadata;
    std::vector<TensorEntry> tensors; // bytes point into the file
};

// Errors: BadInput naming file and key or tensor.
[[nodiscard]] Result<GgufHeader> readGgufHeader(const MappedFile &file);

} // namespace fettle::io
