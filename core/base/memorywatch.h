// Whether there is room for what will be asked for. Linux lends memory that it does not have, and ends the program that uses it.
#pragma once

#include "core/base/clock.h"
#include "core/base/memory.h"

#include <optional>

namespace fettle {

// So many bytes, and some that stay for the rest of the program. swapFree: bytes.
[[nodiscard]] bool hasRoomFor(std::int64_t bytes, const MemoryFigures &now, std::int64_t swapFree);
// Of this computer at this moment.
[[nodiscard]] bool hasRoomFor(std::int64_t bytes);

// Between the parts of a computation, which are about as large as each other: whether another one like the largest so far has room.
class MemoryWatch {
public:
    [[nodiscard]] bool hasRoomForNext(const MemoryFigures &now, std::int64_t swapFree);
    // Parts that follow in quick succession count as one: asking the system would take as long as they do.
    [[nodiscard]] bool hasRoomForNext();

private:
    std::int64_t m_own = 0, m_largest = 0; // bytes
    std::optional<Stopwatch> m_sinceRoom;  // was found
};

} // namespace fettle
