// How near the kernels of training and decoding come to what this machine can do: a line for each, against the measured peak of its arithmetic
// and of its memory; and the step of every method against the rate of its products. Takes about a minute.
#pragma once

#include "core/engine/benchmark.h"

#include <filesystem>

namespace fettle::engine {

// "peak.*" and "kernel.*": the shapes of the model at this path, fp32 for training, as stored for decoding. Errors: those of reading the model.
[[nodiscard]] Result<Figures> kernelFigures(const std::filesystem::path &model, const ComputeOptions &compute, std::stop_token stop);
// "method.*": tokens/s of a training step of 2,048 tokens with each method. Errors: those of reading the model and of the work itself.
[[nodiscard]] Result<Figures> methodFigures(const std::filesystem::path &model, const ComputeOptions &compute, std::stop_token stop);

} // namespace fettle::engine
