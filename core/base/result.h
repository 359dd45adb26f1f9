// How expected failures travel: a value or an Error that a person can act on. Throws nothing, knows no library.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace fettle {

enum class ErrorCode {
    Usage,          // the command line or a setting was wrong: exit code 2
    BadInput,       // a file, model, record or recipe cannot be used: exit code 3
    NotFound,       // a path, run or model name does not exist: exit code 3
    NoPermission,   // the system refused access: exit code 3
    OutOfMemory,    // exit code 4
    DiskFull,       // exit code 4
    Internal,       // a broken promise of our own: exit code 5
    Cancelled,      // the user stopped it: exit code 130
};

// message: what happened and where, with the value (`line 412, field "output": 3.5 is not text`). One sentence, full stop.
// hint: what to do about it. detail: for the curious (system error text, stack-free).
struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;
    std::string hint = {};
    std::string detail = {};
};

template <class T = void>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}, std::string detail = {})
{
    return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint), std::move(detail)});
}

// Passes the error of one result on as the error of another type.
template <class T>
[[nodiscard]] tl::unexpected<Error> passError(const tl::expected<T, Error> &result)
{
    return tl::unexpected<Error>(result.error());
}

// The exit code of the command line for an error (commandline.md).
[[nodiscard]] constexpr int exitCode(ErrorCode code)
{
    switch (code) {
    case ErrorCode::Usage: return 2;
    case ErrorCode::BadInput:
    case ErrorCode::NotFound:
    case ErrorCode::NoPermission: return 3;
    case ErrorCode::OutOfMemory:
    case ErrorCode::DiskFull: return 4;
    case ErrorCode::Internal: return 5;
    case ErrorCode::Cancelled: return 130;
    }
    return 5;
}

} // namespace fettle
