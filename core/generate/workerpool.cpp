#include "core/generate/workerpool.h"

#include "core/base/processor.h"

#include <algorithm>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace fettle::generate {

namespace {

// Rounds of spinning before a worker sleeps: some 50 microseconds, longer than the serial parts between two jobs of one token.
constexpr int kSpinRounds = 2000;
// Rounds of spinning before a waiting thread lets others run on its core.
constexpr int kRoundsBeforeYield = 4000;

// Parts of the ticket: job number, 20 bits for its tasks, 20 bits for the next task.
constexpr int kJobShift = 40, kTasksShift = 20;
constexpr std::uint64_t kTaskMask = (1u << 20) - 1;

void relax()
{
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

} // namespace

WorkerPool::WorkerPool(int threads)
{
    if (threads <= 0)
        threads = std::max(1, usableCores());
    for (int thread = 1; thread < threads; ++thread)
        m_workers.emplace_back([this, thread] { serve(thread); });
}

WorkerPool::~WorkerPool()
{
    m_isEnding.store(true, std::memory_order_relaxed);
    m_wakeUp.fetch_add(1, std::memory_order_release);
    m_wakeUp.notify_all();
    for (std::thread &worker : m_workers)
        worker.join();
}

void WorkerPool::runJob(std::uint32_t tasks, Call call, void *context)
{
    m_call = call;
    m_context = context;
    m_done.store(0, std::memory_order_relaxed);
    const std::uint64_t job = (m_ticket.load(std::memory_order_relaxed) >> kJobShift) + 1;
    m_ticket.store(job << kJobShift | std::uint64_t{tasks} << kTasksShift, std::memory_order_release);
    m_wakeUp.fetch_add(1, std::memory_order_release);
    m_wakeUp.notify_all();
    takeTasks(0);
    waitUntil([&] { return m_done.load(std::memory_order_acquire) >= tasks; });
}

void WorkerPool::pause(int round)
{
    if (round < kRoundsBeforeYield)
        relax();
    else
        std::this_thread::yield();
}

void WorkerPool::takeTasks(int thread)
{
    std::uint64_t ticket = m_ticket.load(std::memory_order_acquire);
    for (;;) {
        const std::uint64_t task = ticket & kTaskMask, tasks = ticket >> kTasksShift & kTaskMask;
        if (task >= tasks)
            return;
        if (!m_ticket.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire))
            continue;
        m_call(m_context, static_cast<std::size_t>(task), thread);
        m_done.fetch_add(1, std::memory_order_release);
        ticket = m_ticket.load(std::memory_order_acquire);
    }
}

void WorkerPool::serve(int thread)
{
    std::uint32_t seen = m_wakeUp.load(std::memory_order_acquire);
    for (;;) {
        takeTasks(thread);
        if (m_isEnding.load(std::memory_order_relaxed))
            return;
        for (int round = 0; round < kSpinRounds && m_wakeUp.load(std::memory_order_acquire) == seen; ++round)
            relax();
        m_wakeUp.wait(seen, std::memory_order_acquire);
        seen = m_wakeUp.load(std::memory_order_acquire);
    }
}

} // namespace fettle::generate
