// How long a run will still take: the mean pace of its steps, and what each evaluation costs with all that happens at it. Knows no clock:
// whoever measures says how long something took.
#pragma once

#include <cstdint>

namespace fettle::train {

class TimeLeft {
public:
    // evaluationInSteps: what reading the rows of an evaluation costs before anything was measured, as a multiple of a step.
    explicit TimeLeft(double evaluationInSteps = 0) : m_evaluationInSteps(evaluationInSteps) {}

    void stepTook(double seconds);
    void evaluationTook(double seconds);
    // What is known of an evaluation before the first one: how long reading its rows takes, and what is done beside that.
    void readingTakes(double seconds) { m_reading = seconds; }
    void besideTakes(double seconds) { m_beside = seconds; }
    // What a run that is resumed remembers of the two; 0: not known.
    [[nodiscard]] double evaluationSeconds() const;
    [[nodiscard]] double besideSeconds() const { return m_beside; }
    // Below 0: not known before the first step.
    [[nodiscard]] double seconds(std::int64_t stepsLeft, std::int64_t evaluationsLeft) const;

private:
    double m_evaluationInSteps;
    double m_firstStep = 0, m_stepSum = 0, m_evaluationSum = 0; // the first step builds what the others reuse: it does not count once there are more
    std::int64_t m_steps = 0, m_evaluations = 0;
    double m_reading = -1, m_beside = 0; // m_reading below 0: not known
};

// Evaluations after `step` of a run of `steps`: multiples of every, or the ends of epochs where it is 0; the last step always.
[[nodiscard]] std::int64_t evaluationsAfter(std::int64_t step, std::int64_t steps, std::int64_t every, std::int64_t stepsPerEpoch);

} // namespace fettle::train
