// A device of LibTorch that is not the processor, for machines that have none. Its memory is closed to the processor outside of copies: whoever
// takes an address of it as an own one, or mixes tensors of both, fails as on a graphics card. What it computes, the processor computes for it.
#pragma once

#include "core/torch.h"

#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/DeviceType.h>
#include <torch/library.h>

#include <atomic>
#include <mutex>
#include <sys/mman.h>
#include <unordered_map>

namespace otherdevice {

inline constexpr auto kType = c10::DeviceType::PrivateUse1;
inline const char *const kName = "otherdevice";
inline constexpr std::size_t kTotalBytes = std::size_t{1} << 30;

class Memory final : public c10::DeviceAllocator {
public:
    c10::DataPtr allocate(std::size_t bytes) override
    {
        const std::size_t size = (std::max<std::size_t>(bytes, 1) + 4095) / 4096 * 4096;
        const std::lock_guard lock(m_mutex);
        if (static_cast<std::size_t>(m_used.current) + size > m_limit)
            TORCH_CHECK_WITH(OutOfMemoryError, false, "the other device has no memory left");
        void *data = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        TORCH_CHECK(data != MAP_FAILED, "no address left");
        m_sizes[data] = size;
        m_used.increase(size);
        return {data, data, &release, c10::Device(kType, 0)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void *, const void *, std::size_t) const override { TORCH_CHECK(false, "not needed"); }
    bool initialized() override { return true; }
    void emptyCache(c10::MempoolId_t) override { }
    void recordStream(const c10::DataPtr &, c10::Stream) override { }
    c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override
    {
        const std::lock_guard lock(m_mutex);
        c10::CachingDeviceAllocator::DeviceStats stats;
        stats.allocated_bytes[0] = stats.reserved_bytes[0] = m_used;
        return stats;
    }
    void resetAccumulatedStats(c10::DeviceIndex) override { }
    void resetPeakStats(c10::DeviceIndex) override
    {
        const std::lock_guard lock(m_mutex);
        m_used.reset_peak();
    }
    std::pair<std::size_t, std::size_t> getMemoryInfo(c10::DeviceIndex) override
    {
        const std::lock_guard lock(m_mutex);
        return {kTotalBytes - static_cast<std::size_t>(m_used.current), kTotalBytes};
    }
    // As if the device had no more than this.
    void limit(std::size_t bytes)
    {
        const std::lock_guard lock(m_mutex);
        m_limit = bytes;
    }
    [[nodiscard]] std::size_t sizeOf(void *data)
    {
        const std::lock_guard lock(m_mutex);
        return m_sizes.at(data);
    }
    static Memory &instance()
    {
        static Memory *memory = new Memory; // outlives every tensor
        return *memory;
    }

private:
    static void release(void *data)
    {
        Memory &memory = instance();
        const std::lock_guard lock(memory.m_mutex);
        const auto found = memory.m_sizes.find(data);
        munmap(data, found->second);
        memory.m_used.decrease(found->second);
        memory.m_sizes.erase(found);
    }
    std::mutex m_mutex;
    std::unordered_map<void *, std::size_t> m_sizes;
    c10::CachingAllocator::Stat m_used;
    std::size_t m_limit = kTotalBytes;
};

// Opens the memory of a tensor while it lives, and shows it as one of the processor's. Copies take turns.
class Opened {
public:
    explicit Opened(const at::Tensor &tensor)
    {
        tensorHere = tensor;
        if (tensor.is_cpu())
            return;
        m_data = tensor.storage().mutable_data();
        if (!m_data)
            return;
        m_size = Memory::instance().sizeOf(m_data);
        mprotect(m_data, m_size, PROT_READ | PROT_WRITE);
        tensorHere = at::from_blob(static_cast<char *>(m_data) + tensor.storage_offset() * static_cast<std::int64_t>(tensor.element_size()), tensor.sizes(), tensor.strides(),
                                   at::TensorOptions(tensor.scalar_type()));
    }
    Opened(const Opened &) = delete;
    Opened &operator=(const Opened &) = delete;
    ~Opened()
    {
        if (m_size > 0)
            mprotect(m_data, m_size, PROT_NONE);
    }
    at::Tensor tensorHere;

private:
    void *m_data = nullptr;
    std::size_t m_size = 0;
};

// What LibTorch asks a kind of device.
struct Hooks final : at::PrivateUse1HooksInterface {
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return true; }
    bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
    c10::DeviceIndex deviceCount() const override { return 1; }
    c10::DeviceIndex getCurrentDevice() const override { return 0; }
};

struct Guard final : c10::impl::NoOpDeviceGuardImpl<kType> {
    c10::Device exchangeDevice(c10::Device) const override { return {kType, 0}; }
    c10::Device getDevice() const override { return {kType, 0}; }
    // All is done when a call returns: there is nothing to wait for.
    c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, {kType, 0}); }
    c10::Stream exchangeStream(c10::Stream) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, {kType, 0}); }
    void record(void **, const c10::Stream &, const c10::DeviceIndex, const c10::EventFlag) const override { }
    void block(void *, const c10::Stream &) const override { }
    bool queryEvent(void *) const override { return true; }
    void destroyEvent(void *, const c10::DeviceIndex) const noexcept override { }
};

inline at::Tensor empty(c10::IntArrayRef size, std::optional<c10::ScalarType> type, std::optional<c10::Layout>, std::optional<c10::Device>, std::optional<bool>,
                        std::optional<c10::MemoryFormat> format)
{
    return at::detail::empty_generic(size, &Memory::instance(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), type.value_or(at::kFloat), format);
}
inline at::Tensor emptyStrided(c10::IntArrayRef size, c10::IntArrayRef stride, std::optional<c10::ScalarType> type, std::optional<c10::Layout>, std::optional<c10::Device>,
                               std::optional<bool>)
{
    return at::detail::empty_strided_generic(size, stride, &Memory::instance(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), type.value_or(at::kFloat));
}
inline at::Tensor copyFrom(const at::Tensor &from, const at::Tensor &to, bool)
{
    static std::mutex turns;
    const std::lock_guard lock(turns);
    if (from.numel() > 0) {
        if (!from.is_cpu() && !to.is_cpu()) { // perhaps of one block: by way of the processor
            at::Tensor between;
            {
                const Opened source(from);
                between = source.tensorHere.clone();
            }
            const Opened target(to);
            target.tensorHere.copy_(between);
        } else {
            const Opened source(from), target(to);
            target.tensorHere.copy_(source.tensorHere);
        }
    }
    return to;
}
inline const at::Tensor &resized(const at::Tensor &tensor, c10::IntArrayRef size, std::optional<c10::MemoryFormat>)
{
    const auto bytes = static_cast<std::size_t>(c10::multiply_integers(size)) * tensor.element_size();
    if (tensor.storage().nbytes() < bytes) {
        tensor.storage().set_data_ptr(Memory::instance().allocate(bytes));
        tensor.storage().set_nbytes(bytes);
    }
    tensor.unsafeGetTensorImpl()->set_sizes_contiguous(size);
    return tensor;
}
inline at::Tensor copyFromAndResize(const at::Tensor &from, const at::Tensor &to)
{
    if (from.sizes() != to.sizes())
        resized(to, from.sizes(), std::nullopt);
    return copyFrom(from, to, false);
}
// Before the first tensor of the device.
inline void begin()
{
    static Hooks hooks;
    c10::register_privateuse1_backend(kName);
    at::RegisterPrivateUse1HooksInterface(&hooks);
}
inline void byTheProcessor(const c10::OperatorHandle &what, torch::jit::Stack *stack) { at::native::cpu_fallback(what, stack); }

} // namespace otherdevice
