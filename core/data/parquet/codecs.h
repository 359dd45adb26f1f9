// Unpacks the pages of a Parquet file: Snappy, gzip, LZ4 and, where the program is built with its library, Zstandard.
#pragma once

#include "core/data/parquet/metadata.h"

namespace fettle::data::parquet {

// size: of the unpacked bytes, as the page says; it must be right. Throws Damage (also where the codec is not read).
[[nodiscard]] std::string unpack(std::int64_t codec, std::string_view bytes, std::size_t size);
// As a gzip member.
[[nodiscard]] std::string packGzip(std::string_view bytes);

} // namespace fettle::data::parquet
