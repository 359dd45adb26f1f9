// Progress of long work: what is going on, how far it is, how long it will still take. Cancelling goes through std::stop_token.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace fettle {

struct Progress {
    std::string what;              // "Reading rows", plain words
    std::int64_t done = 0;
    std::int64_t total = 0;        // 0: unknown
    double secondsLeft = -1.0;     // below 0: unknown
};

// Called on the thread that does the work, at most some 25 times a second. May be empty.
using ProgressCallback = std::function<void(const Progress &)>;

} // namespace fettle
