#include "core/engine/runmoves.h"

#include <algorithm>

namespace fettle::engine {
namespace {

struct Move {
    RunState from, to;
};

using enum RunState;

constexpr Move kMoves[] = {
    {Idle, Preparing},
    {Preparing, Running},
    {Preparing, Cancelled},
    {Preparing, Failed},
    {Running, Pausing},
    {Running, Stopping},
    {Running, Finished},
    {Running, Failed},
    {Pausing, Paused},
    {Pausing, Stopping}, // the user changed his mind
    {Pausing, Finished}, // the last step was done already
    {Pausing, Failed},
    {Stopping, Cancelled},
    {Stopping, Finished},
    {Stopping, Failed},
    // What a dead process left behind (Project::markInterruptedRuns).
    {Preparing, Interrupted},
    {Running, Interrupted},
    {Pausing, Interrupted},
    {Stopping, Interrupted},
    // Resume.
    {Paused, Preparing},
    {Interrupted, Preparing},
    {Cancelled, Preparing},
    {Failed, Preparing},
};

} // namespace

bool isLegalMove(RunState from, RunState to)
{
    return std::ranges::any_of(kMoves, [&](const Move &move) { return move.from == from && move.to == to; });
}

bool isAtRest(RunState state)
{
    return state == Paused || state == Finished || state == Cancelled || state == Failed || state == Interrupted;
}

bool canResume(RunState state)
{
    return isAtRest(state) && isLegalMove(state, Preparing);
}

} // namespace fettle::engine
