#include "core/data/parquet/metadata.h"

#include "core/base/words.h"
#include "core/data/parquet/thriftreader.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace fettle::data::parquet {

namespace {

constexpr std::size_t kMostElements = 20'000;

// ConvertedType of older files.
void takeConverted(std::int64_t converted, SchemaElement &element)
{
    switch (converted) {
    case 0:
    case 4: element.meaning = Meaning::Text; break; // UTF8, ENUM
    case 1: // MAP: a list of keys and values
    case 3: element.meaning = Meaning::List; break;
    case 5: element.meaning = Meaning::Decimal; break;
    case 6: element.meaning = Meaning::Date; break;
    case 7:
    case 8: element.meaning = Meaning::Time; break;
    case 9:
    case 10: element.meaning = Meaning::Timestamp; element.isUtc = true; break;
    case 11:
    case 12:
    case 13:
    case 14: element.meaning = Meaning::Unsigned; break;
    case 19: element.meaning = Meaning::Json; break;
    case 20:
    case 21: element.meaning = Meaning::Unreadable; break; // BSON, INTERVAL
    default: break;
    }
    if (converted == 8 || converted == 10)
        element.unit = Unit::Micros;
}

void readUnit(ThriftReader &reader, SchemaElement &element)
{
    reader.readStruct([&](std::int64_t field, ThriftType) {
        element.unit = field == 1 ? Unit::Millis : field == 2 ? Unit::Micros : Unit::Nanos;
        return false;
    });
}

// What stands inside one branch of LogicalType.
void readBranch(ThriftReader &reader, std::int64_t branch, SchemaElement &element)
{
    reader.readStruct([&](std::int64_t field, ThriftType type) {
        if (branch == 5 && field == 1)
            element.scale = reader.readInteger(type);
        else if ((branch == 7 || branch == 8) && field == 1)
            element.isUtc = ThriftReader::readTruth(type);
        else if ((branch == 7 || branch == 8) && field == 2 && type == ThriftType::Struct)
            readUnit(reader, element);
        else if (branch == 10 && field == 2)
            element.meaning = ThriftReader::readTruth(type) ? Meaning::Plain : Meaning::Unsigned;
        else
            return false;
        return true;
    });
}

void readLogical(ThriftReader &reader, SchemaElement &element)
{
    constexpr std::pair<int, Meaning> kMeanings[] = {{1, Meaning::Text}, {2, Meaning::List}, {3, Meaning::List}, {4, Meaning::Text}, {5, Meaning::Decimal}, {6, Meaning::Date},
        {7, Meaning::Time}, {8, Meaning::Timestamp}, {12, Meaning::Json}, {13, Meaning::Unreadable}, {14, Meaning::Uuid}, {15, Meaning::Half}};
    reader.readStruct([&](std::int64_t branch, ThriftType type) {
        for (const auto &[number, meaning] : kMeanings) {
            if (branch == number)
                element.meaning = meaning;
        }
        if (type != ThriftType::Struct)
            return false;
        readBranch(reader, branch, element);
        return true;
    });
}

template <class Enum>
Enum enumFrom(std::int64_t number, Enum last)
{
    if (number < 0 || number > static_cast<std::int64_t>(last))
        throw Damage{tr("its list of columns is damaged")};
    return static_cast<Enum>(number);
}

SchemaElement readElement(ThriftReader &reader)
{
    SchemaElement element;
    reader.readStruct([&](std::int64_t field, ThriftType type) {
        switch (field) {
        case 1: element.type = enumFrom(reader.readInteger(type), Type::FixedBytes); return true;
        case 2: element.length = reader.readInteger(type); return true;
        case 3: element.repetition = enumFrom(reader.readInteger(type), Repetition::Repeated); return true;
        case 4: element.name = reader.readText(type); return true;
        case 5: element.children = reader.readInteger(type); return true;
        case 6: takeConverted(reader.readInteger(type), element); return true;
        case 7: element.scale = reader.readInteger(type); return true;
        case 10:
            if (type != ThriftType::Struct)
                return false;
            readLogical(reader, element);
            return true;
        default: return false;
        }
    });
    return element;
}

void readColumnFacts(ThriftReader &reader, ColumnChunk &column)
{
    column.hasFacts = true;
    reader.readStruct([&](std::int64_t field, ThriftType type) {
        switch (field) {
        case 1: column.type = reader.readInteger(type); return true;
        case 4: column.codec = reader.readInteger(type); return true;
        case 5: column.values = reader.readInteger(type); return true;
        case 7: column.packedBytes = reader.readInteger(type); return true;
        case 9: column.dataOffset = reader.readInteger(type); return true;
        case 11: column.dictionaryOffset = reader.readInteger(type); return true;
        default: return false;
        }
    });
}

RowGroup readGroup(ThriftReader &reader)
{
    RowGroup group;
    reader.readStruct([&](std::int64_t field, ThriftType type) {
        if (field == 3) {
            group.rows = reader.readInteger(type);
            return true;
        }
        if (field != 1)
            return false;
        reader.readList(type, [&](ThriftType item) {
            if (item != ThriftType::Struct)
                throw Damage{tr("its list of columns is damaged")};
            ColumnChunk &column = group.columns.emplace_back();
            reader.readStruct([&](std::int64_t part, ThriftType partType) {
                if (part == 1)
                    column.otherFile = reader.readText(partType);
                else if (part == 3 && partType == ThriftType::Struct)
                    readColumnFacts(reader, column);
                else {
                    column.isEncrypted = column.isEncrypted || part == 8;
                    return false;
                }
                return true;
            });
        });
        return true;
    });
    return group;
}

} // namespace

FileFacts readFacts(std::string_view file)
{
    constexpr std::size_t kTail = 8; // length of the footer, magic
    if (file.size() < 4 + kTail)
        throw Damage{tr("its end is missing")};
    if (file.ends_with("PARE"))
        throw Damage{tr("it is encrypted")};
    if (!file.ends_with("PAR1"))
        throw Damage{tr("its end is missing")};
    const auto at = [&](std::size_t place) { return static_cast<std::uint32_t>(static_cast<unsigned char>(file[place])); };
    const std::size_t tail = file.size() - kTail;
    const std::uint32_t size = at(tail) | at(tail + 1) << 8 | at(tail + 2) << 16 | at(tail + 3) << 24;
    if (size > tail - 4)
        throw Damage{tr("its footer is damaged")};
    ThriftReader reader(file.substr(tail - size, size));
    FileFacts facts;
    reader.readStruct([&](std::int64_t field, ThriftType type) {
        if (field == 2) {
            reader.readList(type, [&](ThriftType item) {
                if (item != ThriftType::Struct || facts.schema.size() >= kMostElements)
                    throw Damage{tr("its list of columns is damaged or too long")};
                facts.schema.push_back(readElement(reader));
            });
        } else if (field == 3) {
            facts.rows = reader.readInteger(type);
        } else if (field == 4) {
            reader.readList(type, [&](ThriftType item) {
                if (item != ThriftType::Struct)
                    throw Damage{tr("its footer is damaged")};
                facts.groups.push_back(readGroup(reader));
            });
        } else {
            return false;
        }
        return true;
    });
    return facts;
}

PageHeader readPageHeader(std::string_view bytes)
{
    ThriftReader reader(bytes);
    PageHeader page;
    const auto readKind = [&](std::int64_t kind) {
        reader.readStruct([&](std::int64_t field, ThriftType type) {
            if (field == 1)
                page.values = reader.readInteger(type);
            else if ((kind == 5 || kind == 7) && field == 2)
                page.encoding = reader.readInteger(type);
            else if (kind == 5 && field == 3)
                page.definitionEncoding = reader.readInteger(type);
            else if (kind == 5 && field == 4)
                page.repetitionEncoding = reader.readInteger(type);
            else if (kind == 8 && field == 4)
                page.encoding = reader.readInteger(type);
            else if (kind == 8 && field == 5)
                page.definitionBytes = reader.readInteger(type);
            else if (kind == 8 && field == 6)
                page.repetitionBytes = reader.readInteger(type);
            else if (kind == 8 && field == 7)
                page.isPacked = ThriftReader::readTruth(type);
            else
                return false;
            return true;
        });
    };
    reader.readStruct([&](std::int64_t field, ThriftType type) {
        switch (field) {
        case 1: page.kind = reader.readInteger(type); return true;
        case 2: page.bytes = reader.readInteger(type); return true;
        case 3: page.packedBytes = reader.readInteger(type); return true;
        case 5:
        case 7:
        case 8:
            if (type != ThriftType::Struct)
                return false;
            readKind(field);
            return true;
        default: return false;
        }
    });
    page.headerBytes = reader.position();
    return page;
}

} // namespace fettle::data::parquet
