// LibTorch reports by exceptions; we by Result. Used where an exception would leave a module.
#pragma once

#include "core/base/result.h"

#include <exception>
#include <string_view>

namespace fettle::model {

// doing: "training", "reading the adapter". OutOfMemory when the allocator failed, Internal for the rest; the detail has no backtrace.
[[nodiscard]] Error errorFromException(const std::exception &exception, std::string_view doing);

} // namespace fettle::model
