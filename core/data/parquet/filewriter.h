// Writes a Parquet file: plain values, pages packed with gzip, which every reader knows. What is written depends on nothing but the rows.
#pragma once

#include "core/base/result.h"
#include "core/data/parquet/metadata.h"
#include "core/io/atomicfile.h"

#include <filesystem>

namespace fettle::data::parquet {

class FileWriter {
public:
    // schema: depth first, the first element is the root; leaves are ByteArray or Int32. Errors: those of the file.
    [[nodiscard]] static Result<FileWriter> create(const std::filesystem::path &file, std::vector<SchemaElement> schema);

    // The next entry of a column (numbered as its leaf stands in the schema) with its levels. The value counts where definition is the highest.
    void add(std::size_t leaf, int repetition, int definition, std::string_view value = {});
    void addNumber(std::size_t leaf, int repetition, int definition, std::int32_t value = 0);
    // After all entries of a row.
    [[nodiscard]] Result<> endRow();
    // Makes the file durable under its name.
    [[nodiscard]] Result<> commit();

private:
    struct Column {
        std::vector<std::string> path;
        Type type = Type::ByteArray;
        int definition = 0, repetition = 0;
        std::vector<std::uint8_t> definitions, repetitions; // of the row group that is gathered
        std::string values;
    };
    struct Chunk {
        std::int64_t values = 0, offset = 0, bytes = 0, packedBytes = 0;
    };
    struct Group {
        std::int64_t rows = 0;
        std::vector<Chunk> chunks;
    };
    FileWriter(io::AtomicFile out, std::vector<SchemaElement> schema);
    void addColumns(std::size_t &place, std::vector<std::string> path, int definition, int repetition);
    [[nodiscard]] Result<> writeGroup();
    [[nodiscard]] Result<> writeColumn(Column &column, Group &group);
    [[nodiscard]] std::string footer() const;

    io::AtomicFile m_out;
    std::vector<SchemaElement> m_schema;
    std::vector<Column> m_columns;
    std::vector<Group> m_groups;
    std::int64_t m_rows = 0; // of the row group that is gathered
    std::size_t m_bytes = 0;
};

} // namespace fettle::data::parquet
