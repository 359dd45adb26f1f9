// The encodings of Parquet's values and levels (Encodings.md of Apache Parquet), one value after the other, so that a page that claims a
// billion values costs no memory. Throw Damage.
#pragma once

#include "core/data/parquet/damage.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data::parquet {

// Bytes from the front. take() throws Damage where too few are left.
class ByteCursor {
public:
    ByteCursor() = default;
    explicit ByteCursor(std::string_view bytes) : m_bytes(bytes) { }
    [[nodiscard]] std::string_view take(std::uint64_t count);
    [[nodiscard]] std::uint64_t takeNumber(int bytes); // little endian
    [[nodiscard]] std::uint64_t takeVarint();
    [[nodiscard]] std::int64_t takeZigzag();
    [[nodiscard]] std::string_view rest() const { return m_bytes; }

private:
    std::string_view m_bytes;
};

// Numbers of width bits (0 to 32), as runs of one number or side by side.
class RunDecoder {
public:
    RunDecoder() = default;
    RunDecoder(std::string_view bytes, int width);
    [[nodiscard]] std::uint32_t next();

private:
    void beginRun();
    ByteCursor m_bytes;
    int m_width = 0;
    std::uint64_t m_left = 0; // of the run
    bool m_isPacked = false;
    std::uint32_t m_value = 0;
    std::string_view m_packed;
    std::uint64_t m_bit = 0;
};

// Whole numbers as differences, in blocks.
class DeltaDecoder {
public:
    DeltaDecoder() = default;
    explicit DeltaDecoder(std::string_view bytes);
    [[nodiscard]] std::uint64_t count() const { return m_count; }
    [[nodiscard]] std::int64_t next();
    // What follows the numbers; after the last of them.
    [[nodiscard]] std::string_view rest() const { return m_bytes.rest(); }

private:
    void beginBlock();
    void beginMiniBlock();
    ByteCursor m_bytes;
    std::uint64_t m_count = 0, m_taken = 0, m_blockSize = 0, m_miniBlocks = 0, m_miniSize = 0;
    std::uint64_t m_last = 0, m_smallest = 0; // wrap round as the format says
    std::string_view m_widths;
    std::uint64_t m_miniBlock = 0, m_inMini = 0;
    int m_width = 0;
    std::string_view m_packed;
};

// Bits [bit, bit + width) of the bytes, the lowest first; width up to 64.
[[nodiscard]] std::uint64_t bitsAt(std::string_view bytes, std::uint64_t bit, int width);

} // namespace fettle::data::parquet
