// What is known of one run in numbers: optimiser steps, evaluations, checkpoints, and what follows from them (where epochs begin, the best
// checkpoint). Values in, values out; knows no widget.
#pragma once

#include "core/engine/lossgroups.h"

#include <optional>
#include <vector>

namespace fettle::ui {

struct RunCurves {
    std::vector<engine::MetricPoint> points; // by step, ascending
    std::vector<engine::EvalPoint> evals;
    std::vector<engine::GeneralPoint> general; // what the general questions say; the first one before the run
    std::vector<engine::CheckpointInfo> checkpoints;
    std::vector<engine::CurveNote> notes; // by step
    std::vector<std::int64_t> answered; // steps at which the probe prompts were answered, ascending
    std::vector<engine::LossGroup> tags; // training rows by tag, as far as they have been read
    std::int64_t steps = 0; // that the run will have
    std::uint64_t beginning = 0; // another number where points are not the former ones with some added; see newBeginning()
};

// A number that was not given before; for any thread.
[[nodiscard]] std::uint64_t newBeginning();

// Adds points that arrived live. A step that is known already begins the curve anew from there: the run was resumed at an earlier step.
void appendPoints(RunCurves &curves, const std::vector<engine::MetricPoint> &points);
void appendEval(RunCurves &curves, const engine::EvalPoint &point);
void appendGeneral(RunCurves &curves, const engine::GeneralPoint &point);
void putCheckpoint(RunCurves &curves, const engine::CheckpointInfo &checkpoint);
// The first step after which one is missing: what arrived live is ahead of what was stored. None where the curve is whole.
[[nodiscard]] std::optional<std::int64_t> stepBeforeGap(const RunCurves &curves);

// Steps at which epochs 2, 3, ... begin, up to the planned end. epoch: the number that begins.
struct EpochStart { double step = 0; int epoch = 0; };
[[nodiscard]] std::vector<EpochStart> epochStarts(const RunCurves &curves);

// Index of the last point at or before the step, -1 where there is none.
[[nodiscard]] std::ptrdiff_t pointIndex(const RunCurves &curves, double step);
// The last evaluation at or before the step.
[[nodiscard]] const engine::EvalPoint *evalAt(const RunCurves &curves, double step);
// Where one can stop on the way through a run: checkpoints and answered steps, ascending.
[[nodiscard]] std::vector<std::int64_t> stopsOf(const RunCurves &curves);
// Loss of the general questions from which on the run has clearly forgotten something: well above that before the run. None where that is not known.
[[nodiscard]] std::optional<double> forgettingLimit(const RunCurves &curves);
[[nodiscard]] bool hasCheckpoint(const RunCurves &curves, std::optional<std::int64_t> step);
// The checkpoint with the lowest held-out loss; none where no checkpoint was measured.
[[nodiscard]] std::optional<std::int64_t> bestCheckpoint(const RunCurves &curves);

} // namespace fettle::ui
