// How rendering stops early, inside this folder only: ChatTemplate turns it into a Result.
#pragma once

#include <string>

namespace fettle::text::jinja {

struct Failure {
    enum class Reason { Error, Raised, Limit }; // Raised: by the template's own raise_exception
    std::string message;
    Reason reason = Reason::Error;
    int line = 0;
};

[[noreturn]] inline void stop(std::string message, Failure::Reason reason = Failure::Reason::Error)
{
    throw Failure{std::move(message), reason, 0};
}

} // namespace fettle::text::jinja
