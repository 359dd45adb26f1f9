#include "core/train/timeleft.h"

#include <algorithm>

namespace fettle::train {

void TimeLeft::stepTook(double seconds)
{
    if (m_steps++ == 0)
        m_firstStep = seconds;
    else
        m_stepSum += seconds;
}

void TimeLeft::evaluationTook(double seconds)
{
    m_evaluationSum += seconds;
    ++m_evaluations;
}

double TimeLeft::evaluationSeconds() const
{
    return m_evaluations > 0 ? m_evaluationSum / static_cast<double>(m_evaluations) : 0;
}

double TimeLeft::seconds(std::int64_t stepsLeft, std::int64_t evaluationsLeft) const
{
    if (m_steps == 0)
        return -1;
    const double step = m_steps > 1 ? m_stepSum / static_cast<double>(m_steps - 1) : m_firstStep;
    const double guess = (m_reading >= 0 ? m_reading : m_evaluationInSteps * step) + m_beside;
    const double evaluation = m_evaluations > 0 ? evaluationSeconds() : guess;
    return static_cast<double>(stepsLeft) * step + static_cast<double>(evaluationsLeft) * evaluation;
}

std::int64_t evaluationsAfter(std::int64_t step, std::int64_t steps, std::int64_t every, std::int64_t stepsPerEpoch)
{
    if (step >= steps)
        return 0;
    const std::int64_t distance = std::max<std::int64_t>(every > 0 ? every : stepsPerEpoch, 1);
    return steps / distance - step / distance + (steps % distance != 0 ? 1 : 0);
}

} // namespace fettle::train
