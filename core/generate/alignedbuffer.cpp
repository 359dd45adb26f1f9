#include "core/generate/alignedbuffer.h"
#include "core/base/memory.h"
#include "core/base/words.h"

#include <cstring>
#include <fmt/format.h>

namespace fettle::generate {

Result<AlignedBuffer> AlignedBuffer::allocate(std::size_t bytes)
{
    constexpr std::size_t kLine = 64, kLargePage = 2u << 20;
    const std::size_t alignment = bytes >= kLargePage ? kLargePage : kLine;
    if (bytes > SIZE_MAX / 2)
        return fail(ErrorCode::OutOfMemory, tr("Cannot reserve memory: the size is beyond any computer."), tr("Check the model's files."));
    const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    AlignedBuffer buffer;
    if (bytes == 0)
        return buffer;
    buffer.m_data.reset(static_cast<std::byte *>(std::aligned_alloc(alignment, rounded)));
    if (!buffer.m_data) {
        return fail(ErrorCode::OutOfMemory, tr("Cannot reserve {} MB of memory for generating text.", rounded >> 20),
                    tr("Close other programs or choose a smaller model."));
    }
    buffer.m_size = bytes;
    if (alignment == kLargePage)
        preferLargePages(buffer.m_data.get(), rounded);
    std::memset(buffer.m_data.get(), 0, rounded);
    return buffer;
}

} // namespace fettle::generate
