// Speed and memory of this machine with the default model, by the same calls that do the work for users. Takes seconds to minutes.
#pragma once

#include "core/engine/training.h"

#include <map>
#include <string>

namespace fettle::engine {

struct Figure {
    double value = 0;
    std::string unit;
    std::string text; // what was measured, plain words
};
// By name: "train.tokensPerSecond", "decode.one" ...
using Figures = std::map<std::string, Figure>;

struct BenchmarkRequest {
    std::string what = "all"; // train, decode, prefill, tokenize, import, kernels, methods, all
    std::string model;        // empty: the default model
    std::filesystem::path data; // train: rows; tokenize: a text. Empty: the sample data
    std::int64_t steps = 6;   // train: optimiser steps
    std::string method = "lora";         // train
    std::string checkpointing = "none";  // train
    std::int64_t rows = 0;    // import: records; 0: a million, or 100,000 beside the other measurements
    ComputeOptions compute;
};

// Errors: Usage (unknown kind), those of the work itself.
[[nodiscard]] Result<Figures> runBenchmark(const BenchmarkRequest &request, const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::engine
