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

constexpr std::size_t kCacheLine = 64, kLinesAtOnce = 8; // that are fetched between two looks for a job

} // namespace

// Goes on where it was as long as the same bytes are expected.
class WorkerPool::Fetching {
public:
    explicit Fetching(const Expected &expected) : m_expected(expected) { }
    void look()
    {
        const std::byte *begin = m_expected.begin.load(std::memory_order_relaxed);
        if (begin != m_begin)
            m_done = 0;
        m_begin = begin;
        m_bytes = m_expected.bytes.load(std::memory_order_relaxed);
    }
    // False when all has been fetched.
    bool next()
    {
        if (m_done >= m_bytes)
            return false;
        const std::size_t end = std::min(m_bytes, m_done + kLinesAtOnce * kCacheLine);
        for (; m_done < end; m_done += kCacheLine)
            __builtin_prefetch(m_begin + m_done, 0, 2); // into the second cache
        return true;
    }

private:
    const Expected &m_expected;
    const std::byte *m_begin = nullptr;
    std::size_t m_bytes = 0, m_done = 0;
};

WorkerPool::WorkerPool(int threads)
    : m_expected(static_cast<std::size_t>(threads > 0 ? threads : std::max(1, usableCores())))
{
    threads = static_cast<int>(m_expected.size());
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

void WorkerPool::expect(int thread, std::span<const std::byte> bytes)
{
    Expected &expected = m_expected[static_cast<std::size_t>(thread)];
    expected.begin.store(bytes.data(), std::memory_order_relaxed);
    expected.bytes.store(bytes.size(), std::memory_order_relaxed);
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
    Fetching fetching(m_expected[static_cast<std::size_t>(thread)]);
    for (;;) {
        takeTasks(thread);
        if (m_isEnding.load(std::memory_order_relaxed))
            return;
        fetching.look();
        for (int round = 0; round < kSpinRounds && m_wakeUp.load(std::memory_order_acquire) == seen; ++round) {
            if (!fetching.next())
                relax();
        }
        m_wakeUp.wait(seen, std::memory_order_acquire);
        seen = m_wakeUp.load(std::memory_order_acquire);
    }
}

} // namespace fettle::generate
