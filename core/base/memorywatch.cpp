#include "core/base/memorywatch.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace fettle {

namespace {

// A limit of a container counts for memory and swap together: there swap is no help.
std::int64_t swapFreeBytes(const MemoryFigures &now)
{
    std::ifstream input("/proc/meminfo");
    std::int64_t total = 0;
    std::string name, unit;
    for (std::int64_t value = 0; input >> name >> value && std::getline(input, unit);) {
        if (name == "MemTotal:")
            total = value * 1024;
        if (name == "SwapFree:")
            return now.totalBytes < total ? 0 : value * 1024;
    }
    return 0;
}

} // namespace

bool hasRoomFor(std::int64_t bytes, const MemoryFigures &now, std::int64_t swapFree)
{
    constexpr std::int64_t kSpare = 64 << 20;
    return now.availableBytes <= 0 || bytes <= now.availableBytes + swapFree - kSpare;
}

bool hasRoomFor(std::int64_t bytes)
{
    const MemoryFigures now = memoryFigures();
    return hasRoomFor(bytes, now, swapFreeBytes(now));
}

bool MemoryWatch::hasRoomForNext(const MemoryFigures &now, std::int64_t swapFree)
{
    if (m_own > 0)
        m_largest = std::max(m_largest, now.ownBytes - m_own);
    m_own = now.ownBytes;
    return hasRoomFor(m_largest, now, swapFree);
}

bool MemoryWatch::hasRoomForNext()
{
    constexpr double kAtOnce = 0.005; // seconds
    if (m_sinceRoom && m_sinceRoom->seconds() < kAtOnce)
        return true;
    const MemoryFigures now = memoryFigures();
    m_sinceRoom.reset();
    const bool hasRoom = hasRoomForNext(now, swapFreeBytes(now));
    if (hasRoom)
        m_sinceRoom.emplace();
    return hasRoom;
}

} // namespace fettle
