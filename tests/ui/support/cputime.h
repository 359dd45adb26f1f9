// CPU time of the calling thread: what other programs take meanwhile is not in it.
#pragma once

#include <ctime>

namespace fettle::ui {

inline double threadSeconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

} // namespace fettle::ui
