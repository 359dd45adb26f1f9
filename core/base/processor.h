// What the processor is called and what it can do.
#pragma once

#include <string>
#include <vector>

namespace fettle {

[[nodiscard]] std::string processorName();
// Cores that this process may use (affinity and container limits count).
[[nodiscard]] int usableCores();
// In the words people search for: "AVX2", "AVX-512", "AVX-512 BF16", "VNNI", "AMX", "NEON".
[[nodiscard]] std::vector<std::string> instructionSets();

// This thread, and those that it starts from now on, leave the processor to others that want it: for long work that nobody looks at. It must hold nothing
// that others wait for.
void letOthersFirst();

} // namespace fettle
