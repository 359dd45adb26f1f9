// The footer and the page headers of a Parquet file, as far as rows need them (parquet.thrift of Apache Parquet). Numbers are as the file
// has them: whoever uses them checks them.
#pragma once

#include "core/data/parquet/damage.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data::parquet {

enum class Type { Boolean, Int32, Int64, Int96, Float, Double, ByteArray, FixedBytes };
enum class Repetition { Required, Optional, Repeated };
enum class Codec { None, Snappy, Gzip, Lzo, Brotli, Lz4, Zstd, Lz4Raw };
enum class Encoding { Plain = 0, PlainDictionary = 2, Rle = 3, BitPacked = 4, DeltaInts = 5, DeltaLengths = 6, DeltaTexts = 7, Dictionary = 8, ByteSplit = 9 };
// What the bytes of a value mean.
enum class Meaning { Plain, Text, Json, List, Decimal, Date, Time, Timestamp, Unsigned, Uuid, Half, Unreadable };
enum class Unit { Seconds = 1, Millis = 1'000, Micros = 1'000'000, Nanos = 1'000'000'000 }; // parts of a second

struct SchemaElement {
    std::optional<Type> type; // none: a group
    std::int64_t length = 0;  // of FixedBytes
    Repetition repetition = Repetition::Required;
    std::string name;
    std::int64_t children = 0;
    Meaning meaning = Meaning::Plain;
    std::int64_t scale = 0; // of a decimal
    Unit unit = Unit::Millis;
    bool isUtc = false;
};

struct ColumnChunk {
    std::string otherFile; // the values are elsewhere
    bool hasFacts = false;
    std::int64_t type = 0, codec = 0, values = 0, packedBytes = 0, dataOffset = 0;
    std::optional<std::int64_t> dictionaryOffset;
    bool isEncrypted = false;
};

struct RowGroup {
    std::vector<ColumnChunk> columns;
    std::int64_t rows = 0;
};

struct FileFacts {
    std::vector<SchemaElement> schema; // depth first, the first is the root
    std::int64_t rows = 0;
    std::vector<RowGroup> groups;
};

enum class PageKind { Data = 0, Index = 1, Dictionary = 2, DataV2 = 3 };

struct PageHeader {
    std::int64_t kind = 0, bytes = 0, packedBytes = 0; // bytes: unpacked
    std::int64_t values = 0, encoding = 0;
    std::int64_t definitionEncoding = 3, repetitionEncoding = 3; // of Data
    std::int64_t definitionBytes = 0, repetitionBytes = 0;       // of DataV2
    bool isPacked = true;                                        // of DataV2
    std::size_t headerBytes = 0;
};

// The whole file. Throws Damage.
[[nodiscard]] FileFacts readFacts(std::string_view file);
// bytes begins with the header. Throws Damage.
[[nodiscard]] PageHeader readPageHeader(std::string_view bytes);

} // namespace fettle::data::parquet
