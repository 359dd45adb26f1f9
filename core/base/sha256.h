// SHA-256 (FIPS 180-4) over data that arrives in pieces: names models, snapshots and adapters by their content.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fettle {

class Sha256 {
public:
    Sha256();
    void update(std::span<const std::byte> bytes);
    void update(std::string_view text);
    // The digest of all bytes so far, 32 bytes or 64 lower-case hexadecimal digits. The object must not be used afterwards.
    [[nodiscard]] std::array<std::uint8_t, 32> finish();
    [[nodiscard]] std::string finishHex();

private:
    std::array<std::uint32_t, 8> m_state;
    std::array<std::uint8_t, 64> m_block;
    std::size_t m_filled = 0;
    std::uint64_t m_total = 0;
};

[[nodiscard]] std::string sha256Hex(std::string_view text);
[[nodiscard]] std::string sha256Hex(std::span<const std::byte> bytes);

} // namespace fettle
