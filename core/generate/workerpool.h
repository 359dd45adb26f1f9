// A few threads that work on one small job together, hundreds of times for each token. They spin for a moment between jobs, because the
// next one comes within microseconds, then sleep, so that an idle program uses no processor time. Knows nothing of models.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <thread>
#include <type_traits>
#include <vector>

namespace fettle::generate {

class WorkerPool {
public:
    // threads: the caller included; 0: all cores that this process may use.
    explicit WorkerPool(int threads);
    ~WorkerPool();
    WorkerPool(const WorkerPool &) = delete;
    WorkerPool &operator=(const WorkerPool &) = delete;

    [[nodiscard]] int threads() const { return static_cast<int>(m_workers.size()) + 1; }

    // Calls work(task, thread) for each task in [0, tasks) and returns when all are done. Tasks are handed out one at a time, so a thread
    // that was held up by the system delays nobody; which thread takes which task must not change the result. thread is in [0, threads()).
    // At most a million tasks. work must not throw. One caller at a time.
    template <class Work>
    void run(std::size_t tasks, Work &&work)
    {
        using Plain = std::remove_reference_t<Work>;
        if (m_workers.empty() || tasks < 2) {
            for (std::size_t task = 0; task < tasks; ++task)
                work(task, 0);
            return;
        }
        runJob(static_cast<std::uint32_t>(tasks), [](void *context, std::size_t task, int thread) { (*static_cast<Plain *>(context))(task, thread); }, &work);
    }

    // What this thread of the pool will read first in a job to come: it is fetched into its cache while the thread waits. Bytes that are not there any
    // more do no harm. Called between jobs only; thread in [1, threads()).
    void expect(int thread, std::span<const std::byte> bytes);

    // Spins until another thread's task has brought it about, and lets others run where that takes long.
    template <class Condition>
    static void waitUntil(const Condition &isTrue)
    {
        for (int round = 0; !isTrue(); ++round)
            pause(round);
    }

private:
    static void pause(int round);
    using Call = void (*)(void *, std::size_t, int);
    void runJob(std::uint32_t tasks, Call call, void *context);
    void takeTasks(int thread);
    void serve(int thread);
    struct alignas(64) Expected {
        std::atomic<const std::byte *> begin{nullptr};
        std::atomic<std::size_t> bytes{0};
    };
    class Fetching; // through what a worker expects

    // The job at hand: written by the caller before m_ticket, valid until all its tasks are done.
    Call m_call = nullptr;
    void *m_context = nullptr;
    // Number of the job, its tasks, and the next one to be taken, in one word: a worker that comes late can only take a task of the job that
    // is being worked on, and nobody waits for a worker that has not taken one.
    alignas(64) std::atomic<std::uint64_t> m_ticket{0};
    alignas(64) std::atomic<std::uint32_t> m_done{0};  // tasks of the job at hand
    alignas(64) std::atomic<std::uint32_t> m_wakeUp{0}; // grows with every job; what sleeping workers wait for
    std::atomic<bool> m_isEnding{false};
    std::vector<Expected> m_expected; // by thread
    std::vector<std::thread> m_workers;
};

} // namespace fettle::generate
