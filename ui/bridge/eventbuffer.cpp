// See eventbuffer.h.
#include "ui/bridge/eventbuffer.h"

#include <utility>

namespace fettle::ui {

bool EventBuffer::append(Event event)
{
    const std::scoped_lock lock(m_mutex);
    const bool isFirst = m_events.empty();
    // Two progress reports of one job in a row: only the newer one means anything.
    if (auto *progress = std::get_if<JobProgressEvent>(&event); progress && !isFirst) {
        if (auto *last = std::get_if<JobProgressEvent>(&m_events.back()); last && last->job == progress->job) {
            last->progress = std::move(progress->progress);
            return false;
        }
    }
    m_events.push_back(std::move(event));
    return isFirst;
}

std::vector<Event> EventBuffer::take()
{
    const std::scoped_lock lock(m_mutex);
    return std::exchange(m_events, {});
}

} // namespace fettle::ui
