// Where tensors lie and are computed: the processor, or a device that LibTorch knows. Only what all devices have in common is used, so that
// the same sources serve any of them and tests can bring one of their own.
#pragma once

#include "core/base/result.h"
#include "core/torch.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace fettle::model {

// "cpu", "cuda" (the first), "cuda:1". Errors: Usage when the name means nothing or there is no such device.
[[nodiscard]] Result<at::Device> findDevice(std::string_view name);

// own where x lies; itself where it lies there already. Autograd goes back to where it came from: what is trained lies in the memory of
// the computer, and its gradients arrive there.
[[nodiscard]] inline at::Tensor beside(const at::Tensor &own, const at::Tensor &x) { return own.device() == x.device() ? own : own.to(x.device()); }

// Of a device that is not the processor.
struct DeviceMemory {
    std::int64_t totalBytes = 0, freeBytes = 0; // of the device; free counts what this program holds without using it
    std::int64_t usedBytes = 0, peakBytes = 0;  // by tensors of this program: now, and at most since the peak was reset
};
[[nodiscard]] DeviceMemory deviceMemory(at::Device device);
void resetDevicePeak(at::Device device);
// Gives the device what is held without being used.
void returnDeviceMemory(at::Device device);

} // namespace fettle::model
