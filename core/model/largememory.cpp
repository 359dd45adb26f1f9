// Maps anonymous memory on Linux; aligned heap memory elsewhere.
#include "core/model/largememory.h"

#include "core/base/memorywatch.h"

#include <cstring>
#include <new>
#include <utility>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace fettle::model {

namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kAsked = std::size_t{16} << 20; // smaller blocks are taken without asking whether there is room
}

LargeMemory::LargeMemory(std::size_t bytes)
    : m_bytes((bytes + kHugePage - 1) / kHugePage * kHugePage)
{
    if (m_bytes < bytes || m_bytes == 0 || (m_bytes >= kAsked && !hasRoomFor(static_cast<std::int64_t>(m_bytes))))
        throw std::bad_alloc();
#ifdef __linux__
    // One page more, so that the block can begin at a multiple of a huge page.
    const std::size_t mapped = m_bytes + kHugePage;
    void *raw = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED)
        throw std::bad_alloc();
    auto *first = static_cast<std::byte *>(raw);
    const std::size_t skip = (kHugePage - reinterpret_cast<std::uintptr_t>(first) % kHugePage) % kHugePage;
    if (skip > 0)
        munmap(first, skip);
    if (kHugePage - skip > 0)
        munmap(first + skip + m_bytes, kHugePage - skip);
    m_data = first + skip;
    madvise(m_data, m_bytes, MADV_HUGEPAGE); // a wish; small pages serve as well
#else
    m_data = ::operator new(m_bytes, std::align_val_t{kHugePage});
    std::memset(m_data, 0, m_bytes);
#endif
}

LargeMemory::LargeMemory(LargeMemory &&other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_bytes(std::exchange(other.m_bytes, 0))
{
}

LargeMemory &LargeMemory::operator=(LargeMemory &&other) noexcept
{
    std::swap(m_data, other.m_data);
    std::swap(m_bytes, other.m_bytes);
    return *this;
}

LargeMemory::~LargeMemory()
{
    if (!m_data)
        return;
#ifdef __linux__
    munmap(m_data, m_bytes);
#else
    ::operator delete(m_data, std::align_val_t{kHugePage});
#endif
}

} // namespace fettle::model
