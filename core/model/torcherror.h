// LibTorch reports by exceptions; we by Result. Used where an exception would leave a module. A pass that is stopped ends by one too.
#pragma once

#include "core/base/result.h"

#include <exception>
#include <functional>
#include <string_view>
#include <utility>

namespace fettle::model {

// Asked between the layers of a pass, on its thread; empty: never stopped.
using StopCheck = std::function<bool()>;
class Stopped : public std::exception {
public:
    [[nodiscard]] const char *what() const noexcept override { return "stopped"; }
};
// A pass that the model cannot make, with what to do about it.
class Refused : public std::exception {
public:
    explicit Refused(Error error) : m_error(std::move(error)) { }
    [[nodiscard]] const Error &error() const { return m_error; }
    [[nodiscard]] const char *what() const noexcept override { return m_error.message.c_str(); }

private:
    Error m_error;
};
inline void throwIfStopped(const StopCheck &isStopped)
{
    if (isStopped && isStopped())
        throw Stopped();
}

// doing: "training", "reading the adapter". Cancelled for Stopped, the error itself of Refused, OutOfMemory when the allocator failed, Internal for the rest; the detail has no backtrace.
[[nodiscard]] Error errorFromException(const std::exception &exception, std::string_view doing);

} // namespace fettle::model
