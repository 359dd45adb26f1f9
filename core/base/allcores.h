// One piece of work for each of many things, on all cores that the process may use. The calling thread is one of the workers, so that progress
// is told by the thread that asked. The others leave their cores to whoever wants them, the window above all.
#pragma once

#include "core/base/caught.h"
#include "core/base/processor.h"

#include <algorithm>
#include <atomic>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <vector>

namespace fettle {

// How many workers `count` things have.
[[nodiscard]] inline std::size_t workersFor(std::size_t count)
{
    return std::clamp<std::size_t>(static_cast<std::size_t>(usableCores()), 1, std::max<std::size_t>(count, 1));
}

// Calls work(i), or work(i, worker) with the worker's number below workersFor(count), for each i below count. The first error ends it, and so does a
// request to stop, which is no error here. pulse(begun): called by this thread now and then.
template <class Work, class Pulse>
[[nodiscard]] Result<> onAllCores(std::size_t count, const Work &work, std::stop_token stop, const Pulse &pulse)
{
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> hasFailed = false;
    std::vector<Result<>> outcomes(workersFor(count));
    const auto help = [&](std::size_t worker) {
        for (std::size_t i = next++; i < count && !hasFailed && !stop.stop_requested(); i = next++) {
            outcomes[worker] = caught([&]() -> Result<> {
                if (worker == 0)
                    pulse(i);
                if constexpr (std::is_invocable_v<Work, std::size_t, std::size_t>)
                    return work(i, worker);
                else
                    return work(i);
            });
            if (!outcomes[worker])
                hasFailed = true;
        }
    };
    {
        std::vector<std::jthread> others;
        for (std::size_t worker = 1; worker < outcomes.size(); ++worker)
            others.emplace_back([&help, worker] {
                letOthersFirst();
                help(worker);
            });
        help(0);
    }
    for (Result<> &outcome : outcomes) {
        if (!outcome)
            return outcome;
    }
    return {};
}

template <class Work>
[[nodiscard]] Result<> onAllCores(std::size_t count, const Work &work, std::stop_token stop = {})
{
    return onAllCores(count, work, std::move(stop), [](std::size_t) {});
}

} // namespace fettle
