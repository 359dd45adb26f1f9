// Memory for weights and caches: aligned to whole cache lines, zeroed, in large pages where the system offers them.
#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace fettle::generate {

class AlignedBuffer {
public:
    AlignedBuffer() = default;
    // Errors: OutOfMemory, naming the size.
    [[nodiscard]] static Result<AlignedBuffer> allocate(std::size_t bytes);

    [[nodiscard]] std::byte *data() { return m_data.get(); }
    [[nodiscard]] const std::byte *data() const { return m_data.get(); }
    [[nodiscard]] std::size_t size() const { return m_size; }
    [[nodiscard]] float *floats() { return reinterpret_cast<float *>(m_data.get()); }
    [[nodiscard]] const float *floats() const { return reinterpret_cast<const float *>(m_data.get()); }

private:
    struct Free {
        void operator()(std::byte *data) const { std::free(data); }
    };
    std::unique_ptr<std::byte, Free> m_data;
    std::size_t m_size = 0;
};

} // namespace fettle::generate
