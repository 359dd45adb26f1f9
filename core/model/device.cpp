#include "core/model/device.h"

#include "core/base/words.h"

#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <cstdlib>

namespace fettle::model {

namespace {

constexpr auto kAllMemory = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

// The same sums from run to run, also where a device would rather not: slower in places, and a warning where it cannot.
void demandRepeatableSums()
{
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
    at::globalContext().setDeterministicFillUninitializedMemory(false); // nothing here reads what it has not written
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);                    // what CUDA's products need for it
}

tl::unexpected<Error> noSuchDevice(std::string_view name)
{
    return fail(ErrorCode::Usage, tr("There is no device \"{}\" to compute on.", name),
                tr("Use cpu, the processor. A graphics card of NVIDIA is cuda (the second one cuda:1); it needs its driver, and a LibTorch that was built for CUDA."));
}

} // namespace

Result<at::Device> findDevice(std::string_view name)
try {
    at::Device device{std::string(name)};
    if (device.is_cpu())
        return at::Device(at::kCPU);
    if (device.is_meta() || !c10::impl::hasDeviceGuardImpl(device.type())) // meta: shapes without values
        return noSuchDevice(name);
    if (!device.has_index())
        device.set_index(0);
    if (device.index() >= c10::impl::getDeviceGuardImpl(device.type())->deviceCount())
        return noSuchDevice(name);
    if (device.is_cuda()) {
        demandRepeatableSums();
        at::globalContext().lazyInitDevice(device.type());
    }
    return device;
} catch (const std::exception &) {
    return noSuchDevice(name);
}

DeviceMemory deviceMemory(at::Device device)
{
    c10::DeviceAllocator *allocator = c10::getDeviceAllocator(device.type());
    const auto stats = allocator->getDeviceStats(device.index());
    const auto [free, total] = allocator->getMemoryInfo(device.index());
    const std::int64_t unused = stats.reserved_bytes[kAllMemory].current - stats.allocated_bytes[kAllMemory].current;
    return {static_cast<std::int64_t>(total), static_cast<std::int64_t>(free) + std::max<std::int64_t>(unused, 0), stats.allocated_bytes[kAllMemory].current,
            stats.allocated_bytes[kAllMemory].peak};
}

void resetDevicePeak(at::Device device) { c10::getDeviceAllocator(device.type())->resetPeakStats(device.index()); }
void returnDeviceMemory(at::Device device) { c10::getDeviceAllocator(device.type())->emptyCache(); }

} // namespace fettle::model
