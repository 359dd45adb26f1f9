// What the processor can do at best, as a measure for the kernels: fused multiply-adds that wait for nothing, and reading memory.
#pragma once

#include <cstdint>

namespace fettle::model::fast {

// Multiplications and additions done by one thread in `rounds` rounds on registers alone; sink keeps the compiler honest.
[[nodiscard]] std::int64_t multiplyAddRounds(std::int64_t rounds, float *sink);
// The sum of count floats, read once; one thread.
[[nodiscard]] float sumOfMemory(const float *values, std::int64_t count);

} // namespace fettle::model::fast
