// Memory of the computer and of this process, and how the allocator behaves. The only place that asks the system about memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fettle {

// Bytes; 0 where the system does not tell.
struct MemoryFigures {
    std::int64_t totalBytes = 0;
    std::int64_t availableBytes = 0; // can be used without swapping; heeds a container's limit
    std::int64_t ownBytes = 0;       // resident now
    std::int64_t ownPeakBytes = 0;   // most that was resident since the start or the last resetOwnPeak
};
[[nodiscard]] MemoryFigures memoryFigures();
// Pages of this process that had to be fetched from a disk since its start; 0 where the system does not tell.
[[nodiscard]] std::int64_t ownPageFaults();
// Lets the peak start again at the present use, where the system can.
void resetOwnPeak();

// Keeps large blocks in the heap instead of giving them back to the system after each use: without it every tensor above 128 KB is mapped and
// page-faulted anew (up to 45 % of a training step). Call once, first thing in main. Other C libraries: no effect.
void tuneAllocator();
// A wish for large pages under a block that will be read end to end again and again: with small ones a tenth of that time goes into address
// translation. Where the system has none nothing changes.
void preferLargePages(void *block, std::size_t bytes);
// Gives freed memory back to the system, after a model was unloaded.
void returnFreeMemory();

} // namespace fettle
