#include "core/data/parquet/decoders.h"

#include "core/base/words.h"

#include <algorithm>

namespace fettle::data::parquet {

namespace {

[[noreturn]] void tooShort()
{
    throw Damage{tr("a page ends too early or is damaged")};
}

} // namespace

std::string_view ByteCursor::take(std::uint64_t count)
{
    if (count > m_bytes.size())
        tooShort();
    const std::string_view part = m_bytes.substr(0, static_cast<std::size_t>(count));
    m_bytes.remove_prefix(part.size());
    return part;
}

std::uint64_t ByteCursor::takeNumber(int bytes)
{
    return bitsAt(take(static_cast<std::uint64_t>(bytes)), 0, 8 * bytes);
}

std::uint64_t ByteCursor::takeVarint()
{
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(take(1).front());
        value |= static_cast<std::uint64_t>(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    tooShort();
}

std::int64_t ByteCursor::takeZigzag()
{
    const std::uint64_t value = takeVarint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::uint64_t bitsAt(std::string_view bytes, std::uint64_t bit, int width)
{
    if (width == 0)
        return 0;
    if ((bit + static_cast<std::uint64_t>(width) - 1) / 8 >= bytes.size())
        tooShort();
    std::uint64_t value = 0;
    for (int have = 0; have < width;) {
        const std::uint64_t place = bit + static_cast<std::uint64_t>(have);
        const std::uint64_t byte = static_cast<unsigned char>(bytes[static_cast<std::size_t>(place / 8)]);
        const int skip = static_cast<int>(place % 8);
        value |= (byte >> skip) << have;
        have += 8 - skip;
    }
    return width == 64 ? value : value & ((std::uint64_t{1} << width) - 1);
}

RunDecoder::RunDecoder(std::string_view bytes, int width) : m_bytes(bytes), m_width(width)
{
    if (width < 0 || width > 32)
        tooShort();
}

void RunDecoder::beginRun()
{
    const std::uint64_t head = m_bytes.takeVarint();
    m_isPacked = (head & 1) != 0;
    m_left = head >> 1;
    if (m_left == 0 || m_left > (std::uint64_t{1} << 32))
        tooShort();
    if (!m_isPacked) {
        m_value = static_cast<std::uint32_t>(m_bytes.takeNumber((m_width + 7) / 8));
        return;
    }
    m_left *= 8;
    // The last group of a page may be cut after its last number.
    const std::uint64_t wanted = m_left / 8 * static_cast<std::uint64_t>(m_width);
    m_packed = m_bytes.take(std::min<std::uint64_t>(wanted, m_bytes.rest().size()));
    m_bit = 0;
}

std::uint32_t RunDecoder::next()
{
    if (m_width == 0)
        return 0;
    if (m_left == 0)
        beginRun();
    --m_left;
    if (!m_isPacked)
        return m_value;
    const std::uint64_t bit = m_bit;
    m_bit += static_cast<std::uint64_t>(m_width);
    return static_cast<std::uint32_t>(bitsAt(m_packed, bit, m_width));
}

DeltaDecoder::DeltaDecoder(std::string_view bytes) : m_bytes(bytes)
{
    m_blockSize = m_bytes.takeVarint();
    m_miniBlocks = m_bytes.takeVarint();
    m_count = m_bytes.takeVarint();
    m_last = static_cast<std::uint64_t>(m_bytes.takeZigzag());
    if (m_blockSize == 0 || m_blockSize > (1u << 20) || m_miniBlocks == 0 || m_blockSize % m_miniBlocks != 0)
        tooShort();
    m_miniSize = m_blockSize / m_miniBlocks;
    if (m_miniSize % 8 != 0)
        tooShort();
    m_miniBlock = m_miniBlocks; // the first difference begins a block
    m_inMini = m_miniSize;
}

void DeltaDecoder::beginBlock()
{
    m_smallest = static_cast<std::uint64_t>(m_bytes.takeZigzag());
    m_widths = m_bytes.take(m_miniBlocks);
    m_miniBlock = 0;
}

void DeltaDecoder::beginMiniBlock()
{
    if (m_miniBlock == m_miniBlocks)
        beginBlock();
    m_width = static_cast<unsigned char>(m_widths[static_cast<std::size_t>(m_miniBlock++)]);
    if (m_width > 64)
        tooShort();
    m_packed = m_bytes.take(m_miniSize / 8 * static_cast<std::uint64_t>(m_width));
    m_inMini = 0;
}

std::int64_t DeltaDecoder::next()
{
    if (m_taken >= m_count)
        tooShort();
    if (m_taken++ == 0)
        return static_cast<std::int64_t>(m_last);
    if (m_inMini == m_miniSize)
        beginMiniBlock();
    m_last += m_smallest + bitsAt(m_packed, m_inMini++ * static_cast<std::uint64_t>(m_width), m_width);
    return static_cast<std::int64_t>(m_last);
}

} // namespace fettle::data::parquet
