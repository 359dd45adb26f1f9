// Events of the engine on their way to the window: appended by any thread, taken by the GUI thread in order. Only progress is coalesced;
// state changes, errors, evaluations and checkpoints never are. Knows no Qt.
#pragma once

#include "core/engine/playground.h"
#include "core/engine/training.h"

#include <functional>
#include <mutex>
#include <variant>
#include <vector>

namespace fettle::ui {

using JobId = std::int64_t;

struct RunStateEvent { JobId job; engine::RunInfo run; };
struct JobProgressEvent { JobId job; Progress progress; };
struct MetricEvent { JobId job; RunId run; engine::MetricPoint point; double secondsLeft; };
struct EvalEvent { RunId run; engine::EvalPoint point; };
struct GeneralEvent { RunId run; engine::GeneralPoint point; };
struct CheckpointEvent { RunId run; engine::CheckpointInfo checkpoint; };
struct ProbeEvent { RunId run; std::int64_t step; };
struct NoticeEvent { RunId run; std::string text; };
struct AnswerStartedEvent { JobId job; std::vector<engine::ColumnBadge> badges; std::int64_t promptTokens; };
struct TokenEvent { JobId job; engine::GeneratedToken token; };
struct ColumnEvent { JobId job; int column; engine::ColumnResult result; };
// The end of a job: runs on the GUI thread after everything that was appended before it.
struct CallEvent { std::function<void()> call; };

using Event = std::variant<RunStateEvent, JobProgressEvent, MetricEvent, EvalEvent, GeneralEvent, CheckpointEvent, ProbeEvent, NoticeEvent, AnswerStartedEvent,
                           TokenEvent, ColumnEvent, CallEvent>;

class EventBuffer {
public:
    // True for the first event since the last take: somebody has to arrange the next one.
    bool append(Event event);
    [[nodiscard]] std::vector<Event> take();

private:
    std::mutex m_mutex;
    std::vector<Event> m_events;
};

} // namespace fettle::ui
