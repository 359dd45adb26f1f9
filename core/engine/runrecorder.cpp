#include "core/engine/runrecorder.h"

#include "core/base/words.h"
#include "core/engine/runmoves.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

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

void RunRecorder::infoChanged()
{
    flush();
    check(m_project.updateRun(m_info));
    announce();
}

void RunRecorder::announce() const
{
    if (m_events.stateChanged)
        m_events.stateChanged(m_info);
}

Error RunRecorder::failWith(const Error &error)
{
    m_info.failure = error.hint.empty() ? error.message : error.message + " " + error.hint;
    const bool isCutOff = m_storageError || error.code == ErrorCode::DiskFull || error.code == ErrorCode::OutOfMemory;
    const RunState state = isCutOff ? RunState::Interrupted : RunState::Failed;
    if (error.code == ErrorCode::Cancelled && isLegalMove(m_info.state, RunState::Cancelled))
        check(moveTo(RunState::Cancelled));
    else if (isLegalMove(m_info.state, state))
        check(moveTo(state));
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
                            report.tokens, report.peakBytes, report.seconds,    report.accuracy,   report.pageFaults};
    m_points.push_back(point);
    if (m_events.stepFinished)
        m_events.stepFinished(m_info.id, point, report.secondsLeft);
    if (m_sinceFlush.seconds() >= 1.0)
        flush();
}

RunRecorder::LedgerRows RunRecorder::ledgerRows(const std::vector<RecordId> &rows)
{
    LedgerRows ledger;
    ledger.losses.assign(rows.size(), std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < rows.size(); ++i)
        ledger.places[rows[i]] = i;
    return ledger;
}

void RunRecorder::beginLedger(std::vector<RecordId> trainRows, std::vector<RecordId> heldOutRows, std::int64_t stepsPerEpoch)
{
    m_trainLedger = ledgerRows(trainRows);
    m_heldOutLedger = ledgerRows(heldOutRows);
    m_stepsPerEpoch = std::max<std::int64_t>(stepsPerEpoch, 1);
    const std::int64_t epochsDone = m_info.step / m_stepsPerEpoch;
    check(m_project.truncateLedger(m_info.id, LedgerPart::Train, epochsDone + 1));
    check(m_project.truncateLedger(m_info.id, LedgerPart::HeldOut, m_info.step));
    check(m_project.truncateLedger(m_info.id, LedgerPart::General, m_info.step));
    // What was read of the epoch under way is in the project. Rows read after the checkpoint are read again, with the same loss.
    const auto stored = m_project.lossTable(m_info.id, LedgerPart::Train, epochsDone + 1);
    if (stored && stored->rows == trainRows && !stored->isEmpty() && m_info.step > 0) {
        m_trainLedger.losses = stored->losses.back();
        m_ledgerEpoch = epochsDone + 1;
    }
    check(m_project.putLedgerRows(m_info.id, LedgerPart::Train, trainRows));
    check(m_project.putLedgerRows(m_info.id, LedgerPart::HeldOut, heldOutRows));
}

void RunRecorder::rowsRead(std::span<const train::RowLoss> rows)
{
    const std::int64_t epoch = m_info.step / m_stepsPerEpoch + 1; // no step spans two epochs
    if (epoch != m_ledgerEpoch) {
        storeLedger();
        std::ranges::fill(m_trainLedger.losses, std::numeric_limits<float>::quiet_NaN());
        m_ledgerEpoch = epoch;
    }
    for (const train::RowLoss &row : rows) {
        m_rowLosses[row.record] = row.loss;
        if (const auto place = m_trainLedger.places.find(row.record); place != m_trainLedger.places.end())
            m_trainLedger.losses[place->second] = static_cast<float>(row.loss);
    }
}

void RunRecorder::storeLedger()
{
    if (m_ledgerEpoch > 0 && !m_trainLedger.losses.empty())
        check(m_project.putLedger(m_info.id, LedgerPart::Train, m_ledgerEpoch, m_trainLedger.losses));
}

void RunRecorder::flush()
{
    m_sinceFlush.restart();
    check(m_project.isInPlace());
    if (m_points.empty() || m_storageError)
        return;
    check(m_project.appendMetrics(m_info.id, m_points));
    check(m_project.updateRun(m_info));
    m_points.clear();
}

Result<> RunRecorder::makeDurable()
{
    flush();
    storeRowLosses();
    return m_storageError ? Result<>(tl::unexpected(*m_storageError)) : Result<>();
}

void RunRecorder::storeRowLosses()
{
    if (m_rowLosses.empty())
        return;
    storeLedger();
    check(m_project.storeLosses(m_info.id, {m_rowLosses.begin(), m_rowLosses.end()}));
    m_rowLosses.clear();
}

void RunRecorder::evaluated(const train::EvalReport &report)
{
    const EvalPoint point{report.step, report.loss, report.tokens, report.accuracy};
    m_info.evalLoss = report.loss;
    std::ranges::fill(m_heldOutLedger.losses, std::numeric_limits<float>::quiet_NaN());
    for (const train::RowLoss &row : report.rows) {
        if (const auto place = m_heldOutLedger.places.find(row.record); place != m_heldOutLedger.places.end())
            m_heldOutLedger.losses[place->second] = static_cast<float>(row.loss);
    }
    if (!m_heldOutLedger.losses.empty())
        check(m_project.putLedger(m_info.id, LedgerPart::HeldOut, report.step, m_heldOutLedger.losses));
    check(m_project.appendEval(m_info.id, point));
    if (m_events.evaluated)
        m_events.evaluated(m_info.id, point);
}

void RunRecorder::generalMeasured(const Result<train::EvalReport> &report)
{
    if (!report) {
        notice(tr("The general questions are not asked any more: {} The training is not concerned.", report.error().message));
        return;
    }
    std::vector<RecordId> rows;
    std::vector<float> losses;
    double sum = 0;
    for (const train::RowLoss &row : report->rows) {
        rows.push_back(row.record);
        losses.push_back(static_cast<float>(row.loss));
        sum += row.loss;
    }
    if (!m_hasGeneralRows) {
        const auto known = m_project.lossTable(m_info.id, LedgerPart::General);
        if (known && known->rows != rows) // another version of Fettle asked other questions
            check(m_project.truncateLedger(m_info.id, LedgerPart::General, -1));
        check(m_project.putLedgerRows(m_info.id, LedgerPart::General, rows));
        m_hasGeneralRows = true;
    }
    check(m_project.putLedger(m_info.id, LedgerPart::General, report->step, losses));
    if (m_events.generalMeasured)
        m_events.generalMeasured(m_info.id, {report->step, sum / static_cast<double>(std::max<std::size_t>(rows.size(), 1))});
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
