// Where an exception must end because nobody behind would catch it: a thread of its own, a job of the window. It becomes an Error, so that
// memory that runs out ends one piece of work and not the program.
#pragma once

#include "core/base/result.h"

#include <exception>
#include <type_traits>
#include <utility>

namespace fettle {

// OutOfMemory where the allocator failed, Internal for everything else.
[[nodiscard]] Error errorOf(const std::exception &exception);

// The Result of the call, or what it threw.
template <class Call>
[[nodiscard]] std::invoke_result_t<Call> caught(Call &&call)
try {
    return std::forward<Call>(call)();
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(errorOf(exception));
}

} // namespace fettle
