// Which state of a run may follow which: the one table.
#pragma once

#include "core/engine/project.h"

namespace fettle::engine {

[[nodiscard]] bool isLegalMove(RunState from, RunState to);
// No more events follow: Paused, Finished, Cancelled, Failed, Interrupted.
[[nodiscard]] bool isAtRest(RunState state);
// Whether resumeRun accepts a run in this state.
[[nodiscard]] bool canResume(RunState state);

} // namespace fettle::engine
