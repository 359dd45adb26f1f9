#include "core/engine/runrecorder.h"

#include "core/base/words.h"
#include "core/engine/runmoves.h"

#include <fmt/format.h>

namespace fettle::engine {

RunRecorder::RunRecorder(Project &project, RunInfo info, const RunEvents &events)
    : m_project(project)
    , m_info(std::move(info))
    , m_events(events)
{
}

void RunRecorder::check(const Result<> &result)
{
    if (!result && !m_storageError)
        m_storageError = result.error();
}

Result<> RunRecorder::moveTo(RunState state)
{
    if (!isLegalMove(m_info.state, state))
        return fail(ErrorCode::Internal, tr("{} cannot go from {} to {}.", m_info.name, nameOf(m_info.state), nameOf(state)));
    m_info.state = state;
    flush();
    auto stored = m_project.updateRun(m_info);
    announce();
    return stored;
}

void RunRecorder::announce() const
{
    if (m_events.stateChanged)
        m_events.stateChanged(m_info);
}

Error RunRecorder::failWith(const Error &error)
{
    m_info.failure = error.hint.empty() ? error.message : error.message + " " + error.hint;
    if (error.code == ErrorCode::Cancelled && isLegalMove(m_info.state, RunState::Cancelled))
        check(moveTo(RunState::Cancelled));
    else if (isLegalMove(m_info.state, RunState::Failed))
        check(moveTo(RunState::Failed));
    return error;
}

void RunRecorder::step(const train::StepReport &report)
{
    m_info.step = report.step;
    m_info.epoch = report.epoch;
    m_info.tokens = report.tokens;
    m_info.trainedTokens = report.trainedTokens;
    m_info.seconds = report.seconds;
    const MetricPoint point{report.step,   report.epoch,     report.loss,   report.learningRate, report.gradNorm, report.tokensPerSecond,
                            report.tokens, report.peakBytes, report.seconds};
    m_points.push_back(point);
    if (m_events.stepFinished)
        m_events.stepFinished(m_info.id, point, report.secondsLeft);
    if (m_sinceFlush.seconds() >= 1.0)
        flush();
}

void RunRecorder::rowsRead(std::span<const train::RowLoss> rows)
{
    for (const train::RowLoss &row : rows)
        m_rowLosses[row.record] = row.loss;
}

void RunRecorder::flush()
{
    m_sinceFlush.restart();
    if (m_points.empty())
        return;
    check(m_project.appendMetrics(m_info.id, m_points));
    check(m_project.updateRun(m_info));
    m_points.clear();
}

void RunRecorder::storeRowLosses()
{
    if (m_rowLosses.empty())
        return;
    check(m_project.storeLosses(m_info.id, {m_rowLosses.begin(), m_rowLosses.end()}));
    m_rowLosses.clear();
}

void RunRecorder::evaluated(const train::EvalReport &report)
{
    const EvalPoint point{report.step, report.loss, report.tokens};
    m_info.evalLoss = report.loss;
    check(m_project.appendEval(m_info.id, point));
    if (m_events.evaluated)
        m_events.evaluated(m_info.id, point);
}

void RunRecorder::checkpointed(const train::CheckpointReport &report)
{
    const CheckpointInfo checkpoint{report.step, report.path.string(), report.evalLoss};
    check(m_project.putCheckpoint(m_info.id, checkpoint));
    if (m_events.checkpointed)
        m_events.checkpointed(m_info.id, checkpoint);
}

void RunRecorder::checkpointRemoved(std::int64_t step)
{
    check(m_project.forgetCheckpoint(m_info.id, step));
}

void RunRecorder::notice(const std::string &text) const
{
    if (m_events.noticed)
        m_events.noticed(m_info.id, text);
}

} // namespace fettle::engine
