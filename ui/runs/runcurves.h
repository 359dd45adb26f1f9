// What is known of one run in numbers: optimiser steps, evaluations, checkpoints, and what charts compute from them (smoothing, thinning,
// where epochs begin). Values in, values out; knows no widget.
#pragma once

#include "core/engine/lossgroups.h"

#include <QPolygonF>

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
};

// Adds points that arrived live. A step that is known already begins the curve anew from there: the run was resumed at an earlier step.
void appendPoints(RunCurves &curves, const std::vector<engine::MetricPoint> &points);
void appendEval(RunCurves &curves, const engine::EvalPoint &point);
void appendGeneral(RunCurves &curves, const engine::GeneralPoint &point);
void putCheckpoint(RunCurves &curves, const engine::CheckpointInfo &checkpoint);
// The first step after which one is missing: what arrived live is ahead of what was stored. None where the curve is whole.
[[nodiscard]] std::optional<std::int64_t> stepBeforeGap(const RunCurves &curves);

// Exponential moving average with the start corrected as in Adam (Kingma and Ba, 2015, section 3), so that the curve begins at the first
// value and not at zero. weight: 0 (the values themselves) to below 1. Values that are not finite are passed over.
[[nodiscard]] std::vector<double> smoothedValues(const std::vector<double> &values, double weight);

// At most two points for each of the columns between from and to, the lowest and the highest, in their order: a line through them looks
// like the line through all. The neighbours just outside are kept, so that the line leaves the picture. x ascends.
[[nodiscard]] QPolygonF thinnedPoints(const std::vector<double> &x, const std::vector<double> &y, double from, double to, int columns);

// One point for each column: the mean of what falls into it. For a line that is smooth already; two points would make a band of it.
[[nodiscard]] QPolygonF averagedPoints(const std::vector<double> &x, const std::vector<double> &y, double from, double to, int columns);

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
