#include "core/data/parquet/filewriter.h"

#include "core/data/parquet/codecs.h"
#include "core/data/parquet/thriftreader.h"

#include <algorithm>

namespace fettle::data::parquet {

namespace {

constexpr std::size_t kGroupBytes = 16u << 20;
constexpr std::string_view kMagic = "PAR1";

void putVarint(std::string &bytes, std::uint64_t value)
{
    for (; value >= 128; value >>= 7)
        bytes += static_cast<char>((value & 127) | 128);
    bytes += static_cast<char>(value);
}

void putNumber(std::string &bytes, std::uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        bytes += static_cast<char>(value >> shift & 255);
}

// Thrift's compact protocol, the counterpart of ThriftReader.
class ThriftWriter {
public:
    void integer(int field, std::int64_t value, ThriftType type = ThriftType::Int32)
    {
        head(field, type);
        zigzag(value);
    }
    void wide(int field, std::int64_t value) { integer(field, value, ThriftType::Int64); }
    void text(int field, std::string_view value)
    {
        head(field, ThriftType::Binary);
        item(value);
    }
    void beginStruct(int field)
    {
        head(field, ThriftType::Struct);
        beginItem();
    }
    void beginList(int field, std::size_t count, ThriftType type)
    {
        head(field, ThriftType::List);
        const auto kind = static_cast<unsigned>(type);
        if (count < 15) {
            bytes += static_cast<char>(count << 4 | kind);
            return;
        }
        bytes += static_cast<char>(0xf0 | kind);
        putVarint(bytes, count);
    }
    void beginItem() { m_fields.push_back(0); } // a struct in a list
    void end()
    {
        bytes += '\0';
        m_fields.pop_back();
    }
    void item(std::string_view value)
    {
        putVarint(bytes, value.size());
        bytes += value;
    }
    void zigzag(std::int64_t value) { putVarint(bytes, static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63)); }
    std::string bytes;

private:
    void head(int field, ThriftType type)
    {
        const int step = field - m_fields.back(); // fields are written in rising order, less than 15 apart
        bytes += static_cast<char>(step << 4 | static_cast<int>(type));
        m_fields.back() = field;
    }
    std::vector<int> m_fields{0};
};

// Runs of one level each, behind their length.
std::string levelBytes(const std::vector<std::uint8_t> &levels, int highest)
{
    if (highest == 0)
        return {};
    std::string runs;
    for (std::size_t begin = 0; begin < levels.size();) {
        std::size_t end = begin + 1;
        while (end < levels.size() && levels[end] == levels[begin])
            ++end;
        putVarint(runs, (end - begin) << 1);
        runs += static_cast<char>(levels[begin]);
        begin = end;
    }
    std::string bytes;
    putNumber(bytes, static_cast<std::uint32_t>(runs.size()));
    return bytes + runs;
}

void putElement(ThriftWriter &thrift, const SchemaElement &element, bool isRoot)
{
    thrift.beginItem();
    if (element.type)
        thrift.integer(1, static_cast<std::int64_t>(*element.type));
    if (!isRoot)
        thrift.integer(3, static_cast<std::int64_t>(element.repetition));
    thrift.text(4, element.name);
    if (!element.type)
        thrift.integer(5, element.children);
    // In the older way, and in the newer one for readers that know it.
    struct Mark { Meaning meaning; int converted, logical; };
    for (const Mark &mark : {Mark{Meaning::Text, 0, 1}, Mark{Meaning::List, 3, 3}, Mark{Meaning::Json, 19, 12}}) {
        if (element.meaning != mark.meaning)
            continue;
        thrift.integer(6, mark.converted);
        thrift.beginStruct(10);
        thrift.beginStruct(mark.logical);
        thrift.end();
        thrift.end();
    }
    thrift.end();
}

} // namespace

Result<FileWriter> FileWriter::create(const std::filesystem::path &file, std::vector<SchemaElement> schema)
{
    auto out = io::AtomicFile::create(file);
    if (!out)
        return passError(out);
    FileWriter writer(std::move(*out), std::move(schema));
    if (auto done = writer.m_out.write(kMagic); !done)
        return passError(done);
    return Result<FileWriter>(std::move(writer));
}

FileWriter::FileWriter(io::AtomicFile out, std::vector<SchemaElement> schema) : m_out(std::move(out)), m_schema(std::move(schema))
{
    std::size_t place = 0;
    addColumns(place, {}, 0, 0);
}

void FileWriter::addColumns(std::size_t &place, std::vector<std::string> path, int definition, int repetition)
{
    const bool isRoot = place == 0;
    const SchemaElement &element = m_schema[place++];
    if (!isRoot) {
        path.push_back(element.name);
        definition += element.repetition == Repetition::Required ? 0 : 1;
        repetition += element.repetition == Repetition::Repeated ? 1 : 0;
    }
    if (element.type)
        m_columns.push_back({std::move(path), *element.type, definition, repetition, {}, {}, {}});
    else
        for (std::int64_t i = 0; i < element.children; ++i)
            addColumns(place, path, definition, repetition);
}

void FileWriter::add(std::size_t leaf, int repetition, int definition, std::string_view value)
{
    Column &column = m_columns[leaf];
    column.repetitions.push_back(static_cast<std::uint8_t>(repetition));
    column.definitions.push_back(static_cast<std::uint8_t>(definition));
    if (definition < column.definition)
        return;
    putNumber(column.values, static_cast<std::uint32_t>(value.size()));
    column.values += value;
    m_bytes += value.size() + 6;
}

void FileWriter::addNumber(std::size_t leaf, int repetition, int definition, std::int32_t value)
{
    Column &column = m_columns[leaf];
    column.repetitions.push_back(static_cast<std::uint8_t>(repetition));
    column.definitions.push_back(static_cast<std::uint8_t>(definition));
    if (definition == column.definition)
        putNumber(column.values, static_cast<std::uint32_t>(value));
    m_bytes += 6;
}

Result<> FileWriter::endRow()
{
    ++m_rows;
    return m_bytes >= kGroupBytes ? writeGroup() : Result<>();
}

Result<> FileWriter::writeColumn(Column &column, Group &group)
{
    const std::string page = levelBytes(column.repetitions, column.repetition) + levelBytes(column.definitions, column.definition) + column.values;
    const std::string packed = packGzip(page);
    const auto values = static_cast<std::int64_t>(column.definitions.size());
    ThriftWriter thrift;
    thrift.integer(1, static_cast<int>(PageKind::Data));
    thrift.integer(2, static_cast<std::int64_t>(page.size()));
    thrift.integer(3, static_cast<std::int64_t>(packed.size()));
    thrift.beginStruct(5);
    thrift.integer(1, values);
    thrift.integer(2, static_cast<int>(Encoding::Plain));
    thrift.integer(3, static_cast<int>(Encoding::Rle));
    thrift.integer(4, static_cast<int>(Encoding::Rle));
    thrift.end();
    thrift.bytes += '\0';
    const auto head = static_cast<std::int64_t>(thrift.bytes.size());
    group.chunks.push_back({values, m_out.written(), head + static_cast<std::int64_t>(page.size()), head + static_cast<std::int64_t>(packed.size())});
    column.repetitions.clear();
    column.definitions.clear();
    column.values.clear();
    if (auto done = m_out.write(thrift.bytes); !done)
        return done;
    return m_out.write(packed);
}

Result<> FileWriter::writeGroup()
{
    Group group{m_rows, {}};
    for (Column &column : m_columns) {
        if (auto done = writeColumn(column, group); !done)
            return done;
    }
    m_groups.push_back(std::move(group));
    m_rows = 0;
    m_bytes = 0;
    return {};
}

std::string FileWriter::footer() const
{
    std::int64_t rows = 0;
    for (const Group &group : m_groups)
        rows += group.rows;
    ThriftWriter thrift;
    thrift.integer(1, 2); // version of the format
    thrift.beginList(2, m_schema.size(), ThriftType::Struct);
    for (const SchemaElement &element : m_schema)
        putElement(thrift, element, &element == &m_schema.front());
    thrift.wide(3, rows);
    thrift.beginList(4, m_groups.size(), ThriftType::Struct);
    for (const Group &group : m_groups) {
        thrift.beginItem();
        thrift.beginList(1, m_columns.size(), ThriftType::Struct);
        std::int64_t bytes = 0;
        for (std::size_t i = 0; i < m_columns.size(); ++i) {
            const Column &column = m_columns[i];
            const Chunk &chunk = group.chunks[i];
            bytes += chunk.bytes;
            thrift.beginItem();
            thrift.wide(2, chunk.offset);
            thrift.beginStruct(3);
            thrift.integer(1, static_cast<std::int64_t>(column.type));
            thrift.beginList(2, 2, ThriftType::Int32);
            thrift.zigzag(static_cast<int>(Encoding::Plain));
            thrift.zigzag(static_cast<int>(Encoding::Rle));
            thrift.beginList(3, column.path.size(), ThriftType::Binary);
            for (const std::string &part : column.path)
                thrift.item(part);
            thrift.integer(4, static_cast<int>(Codec::Gzip));
            thrift.wide(5, chunk.values);
            thrift.wide(6, chunk.bytes);
            thrift.wide(7, chunk.packedBytes);
            thrift.wide(9, chunk.offset);
            thrift.end();
            thrift.end();
        }
        thrift.wide(2, bytes);
        thrift.wide(3, group.rows);
        thrift.end();
    }
    thrift.text(6, "Fettle");
    thrift.bytes += '\0';
    return thrift.bytes;
}

Result<> FileWriter::commit()
{
    if (m_rows > 0 || m_groups.empty()) {
        if (auto done = writeGroup(); !done)
            return done;
    }
    std::string tail = footer();
    putNumber(tail, static_cast<std::uint32_t>(tail.size()));
    tail += kMagic;
    if (auto done = m_out.write(tail); !done)
        return done;
    return m_out.commit();
}

} // namespace fettle::data::parquet
