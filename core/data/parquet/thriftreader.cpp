#include "core/data/parquet/thriftreader.h"

#include "core/base/words.h"

namespace fettle::data::parquet {

namespace {
constexpr int kMostNested = 32;
} // namespace

void ThriftReader::expect(bool isRight)
{
    if (!isRight)
        throw Damage{tr("a header is damaged")};
}

void ThriftReader::enter()
{
    expect(++m_depth <= kMostNested);
}

unsigned ThriftReader::readByte()
{
    expect(m_position < m_bytes.size());
    return static_cast<unsigned char>(m_bytes[m_position++]);
}

std::uint64_t ThriftReader::readVarint()
{
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const std::uint64_t byte = readByte();
        value |= (byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    expect(false);
    return 0;
}

std::int64_t ThriftReader::readZigzag()
{
    const std::uint64_t value = readVarint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

void ThriftReader::skipBytes(std::uint64_t count)
{
    expect(count <= m_bytes.size() - m_position);
    m_position += static_cast<std::size_t>(count);
}

std::int64_t ThriftReader::readInteger(ThriftType type)
{
    if (type == ThriftType::Byte)
        return static_cast<signed char>(readByte());
    expect(type == ThriftType::Int16 || type == ThriftType::Int32 || type == ThriftType::Int64);
    return readZigzag();
}

std::string ThriftReader::readText(ThriftType type)
{
    expect(type == ThriftType::Binary);
    const std::uint64_t size = readVarint();
    const std::size_t begin = m_position;
    skipBytes(size);
    return std::string(m_bytes.substr(begin, static_cast<std::size_t>(size)));
}

bool ThriftReader::readTruth(ThriftType type)
{
    expect(type == ThriftType::True || type == ThriftType::False);
    return type == ThriftType::True;
}

void ThriftReader::skip(ThriftType type)
{
    switch (type) {
    case ThriftType::True:
    case ThriftType::False: return;
    case ThriftType::Byte: return skipBytes(1);
    case ThriftType::Int16:
    case ThriftType::Int32:
    case ThriftType::Int64: return void(readVarint());
    case ThriftType::Double: return skipBytes(8);
    case ThriftType::Uuid: return skipBytes(16);
    case ThriftType::Binary: return skipBytes(readVarint());
    case ThriftType::Struct: return readStruct([](std::int64_t, ThriftType) { return false; });
    case ThriftType::List:
    case ThriftType::Set:
        return readList(type, [this](ThriftType item) { item == ThriftType::True || item == ThriftType::False ? skipBytes(1) : skip(item); });
    default: expect(false); // a map; Parquet has none
    }
}

} // namespace fettle::data::parquet
