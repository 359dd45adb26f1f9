// See worker.h.
#include "ui/bridge/worker.h"

#include <algorithm>

namespace fettle::ui {

Worker::Worker(std::function<void()> atEnd) : m_atEnd(std::move(atEnd)), m_thread([this] { loop(); }) {}

void Worker::finish()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_waiting.clear();
        m_isEnding = true;
        for (Working &working : m_working)
            working.stop.request_stop();
    }
    m_wake.notify_all();
    if (m_thread.joinable())
        m_thread.join();
}

void Worker::post(JobId id, Job job, std::function<void()> cancelled, const std::string &replaceKey)
{
    enqueue({id, replaceKey, std::move(job), std::move(cancelled), !replaceKey.empty()});
}

void Worker::postServable(JobId id, Job job, std::function<void()> cancelled, const std::string &key)
{
    enqueue({id, key, std::move(job), std::move(cancelled), false});
}

void Worker::enqueue(Entry entry)
{
    {
        const std::scoped_lock lock(m_mutex);
        if (entry.isReplaceable)
            std::erase_if(m_waiting, [&](const Entry &waiting) { return waiting.isReplaceable && waiting.key == entry.key; });
        m_waiting.push_back(std::move(entry));
    }
    m_wake.notify_one();
}

bool Worker::cancel(JobId id)
{
    std::unique_lock lock(m_mutex);
    if (const auto waiting = std::ranges::find(m_waiting, id, &Entry::id); waiting != m_waiting.end()) {
        const Entry dropped = std::move(*waiting);
        m_waiting.erase(waiting);
        lock.unlock();
        if (dropped.cancelled)
            dropped.cancelled();
        return true;
    }
    for (Working &working : m_working) {
        if (working.id == id)
            return working.stop.request_stop();
    }
    return false;
}

bool Worker::moveBefore(JobId id, JobId other)
{
    const std::scoped_lock lock(m_mutex);
    const auto from = std::ranges::find(m_waiting, id, &Entry::id), to = std::ranges::find(m_waiting, other, &Entry::id);
    if (from == m_waiting.end() || to == m_waiting.end())
        return false;
    if (from < to)
        std::rotate(from, from + 1, to);
    else
        std::rotate(to, from, from + 1);
    return true;
}

void Worker::runWaiting(const std::string &key)
{
    while (true) {
        Entry entry;
        {
            const std::scoped_lock lock(m_mutex);
            const auto found = std::ranges::find(m_waiting, key, &Entry::key);
            if (found == m_waiting.end())
                return;
            entry = std::move(*found);
            m_waiting.erase(found);
            m_working.push_back({entry.id, {}}); // in the same step: a job that is cancelled in between would not hear of it
            if (m_isEnding)
                m_working.back().stop.request_stop();
        }
        execute(std::move(entry));
    }
}

bool Worker::isIdle() const
{
    const std::scoped_lock lock(m_mutex);
    return m_waiting.empty() && m_working.empty();
}

void Worker::loop()
{
    while (true) {
        Entry entry;
        {
            std::unique_lock lock(m_mutex);
            m_wake.wait(lock, [this] { return m_isEnding || !m_waiting.empty(); });
            if (m_isEnding)
                break;
            entry = std::move(m_waiting.front());
            m_waiting.pop_front();
            m_working.push_back({entry.id, {}});
        }
        execute(std::move(entry));
    }
    if (m_atEnd)
        m_atEnd();
}

void Worker::execute(Entry entry)
{
    std::stop_token stop;
    {
        const std::scoped_lock lock(m_mutex);
        stop = std::ranges::find(m_working, entry.id, &Working::id)->stop.get_token();
    }
    entry.job(stop);
    const std::scoped_lock lock(m_mutex);
    std::erase_if(m_working, [&](const Working &working) { return working.id == entry.id; });
}

} // namespace fettle::ui
