// One thread with a first-in first-out queue of jobs. Knows neither the engine nor the window.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace fettle::ui {

using JobId = std::int64_t; // 0: none


class Worker {
public:
    using Job = std::function<void(std::stop_token)>;

    // atEnd runs on the worker's thread when it ends: handles that never change thread are closed there.
    explicit Worker(std::function<void()> atEnd = {});
    ~Worker() { finish(); }
    // Asks the job at work to stop, drops what waits, and joins. Nothing that is posted afterwards runs.
    void finish();
    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;

    // Jobs with the same non-empty replaceKey that still wait are dropped: the newest wins (typing in the lens, for example).
    // The caller gives the number. cancelled is called in place of the job when it is cancelled while it waits.
    void post(JobId id, Job job, std::function<void()> cancelled = {}, const std::string &replaceKey = {});
    // Stops the job whether it waits (then it never runs) or works (then its stop token says so). False: it is no longer known.
    bool cancel(JobId id);
    // One that waits takes the place just before another that waits. False: one of them does not wait any more; nothing is moved.
    bool moveBefore(JobId id, JobId other);
    // A job that runWaiting(key) may pull forward.
    void postServable(JobId id, Job job, std::function<void()> cancelled, const std::string &key);
    // Runs at once on this worker's own thread, from inside a job: everything with that key that waits (the playground while a run goes on).
    void runWaiting(const std::string &key);
    [[nodiscard]] bool isIdle() const;

private:
    struct Entry {
        JobId id = 0;
        std::string key;
        Job job;
        std::function<void()> cancelled;
        bool isReplaceable = false;
    };

    void loop();
    void enqueue(Entry entry);
    void execute(Entry entry);

    mutable std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<Entry> m_waiting;
    struct Working { JobId id; std::stop_source stop; };
    std::vector<Working> m_working; // more than one while runWaiting serves
    bool m_isEnding = false;
    std::function<void()> m_atEnd;
    std::jthread m_thread; // last: it uses the members above
};

} // namespace fettle::ui
