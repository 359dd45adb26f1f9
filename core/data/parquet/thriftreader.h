// Reads Thrift's compact protocol, in which Parquet writes its headers (thrift-compact-protocol.md of Apache Thrift). Checks every length
// against the bytes that are left; throws Damage.
#pragma once

#include "core/data/parquet/damage.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace fettle::data::parquet {

enum class ThriftType { Stop, True, False, Byte, Int16, Int32, Int64, Double, Binary, List, Set, Map, Struct, Uuid };

class ThriftReader {
public:
    explicit ThriftReader(std::string_view bytes) : m_bytes(bytes) { }
    [[nodiscard]] std::size_t position() const { return m_position; }

    // Calls visit(field number, type) for each field; where it returns false, it has read nothing and the field is skipped.
    template <class Visit>
    void readStruct(const Visit &visit)
    {
        enter();
        std::int64_t field = 0;
        for (unsigned head = readByte(); (head & 15) != 0; head = readByte()) {
            field = head >> 4 != 0 ? field + (head >> 4) : readZigzag();
            expect(field >= 0 && field < (std::int64_t{1} << 32)); // they are 16 bits wide
            const auto type = static_cast<ThriftType>(head & 15);
            if (!visit(field, type))
                skip(type);
        }
        --m_depth;
    }
    // Calls item(type) for each item, which must read it.
    template <class Item>
    void readList(ThriftType type, const Item &item)
    {
        expect(type == ThriftType::List || type == ThriftType::Set);
        enter();
        const unsigned head = readByte();
        const std::uint64_t count = head >> 4 == 15 ? readVarint() : head >> 4;
        expect(count <= m_bytes.size() - m_position); // an item has at least one byte
        for (std::uint64_t i = 0; i < count; ++i)
            item(static_cast<ThriftType>(head & 15));
        --m_depth;
    }
    [[nodiscard]] std::int64_t readInteger(ThriftType type);
    [[nodiscard]] std::string readText(ThriftType type);
    [[nodiscard]] static bool readTruth(ThriftType type); // a field whose type is its value
    void skip(ThriftType type);

private:
    static void expect(bool isRight);
    void enter();
    unsigned readByte();
    std::uint64_t readVarint();
    std::int64_t readZigzag();
    void skipBytes(std::uint64_t count);
    std::string_view m_bytes;
    std::size_t m_position = 0;
    int m_depth = 0;
};

} // namespace fettle::data::parquet
