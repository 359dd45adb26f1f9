// Does a run fit into memory, and how long would it take? Found by doing its largest computation once, not by a formula.
#pragma once

#include "core/data/record.h"
#include "core/engine/training.h"

namespace fettle::engine {

struct FitRequest {
    TrainRequest run;
    std::vector<data::Record> records;  // without a project: what is trained on, dealt out by split as in a project; none: rows filled to the last token
    bool isAdvised = true;              // where it does not fit, changes that make it fit are looked for
    std::int64_t availableBytes = 0;    // as if so much were free; 0: what is free
};

struct FitBytes {
    std::int64_t weights = 0, optimizer = 0, gradients = 0, activations = 0;
    std::int64_t reserve = 0; // for held-out records, the copy of the base that answers between the steps, and what the system keeps
    [[nodiscard]] std::int64_t total() const { return weights + optimizer + gradients + activations + reserve; }
};

// A change that makes the run fit; records per correction stay as they are.
struct FitSuggestion {
    std::string label, price;
    std::vector<std::string> settings; // "tokensPerMicroBatch=512"
    std::int64_t bytes = 0;            // as FitBytes::total
    double secondsPerStep = 0;
};

struct FitResult {
    FitBytes bytes;
    std::string device = "cpu";  // whose memory this is: of another device all figures of memory are of its own
    std::int64_t available = 0, total = 0; // free memory, and all that there is
    std::int64_t peakBytes = 0;  // what the process would hold at most; of the reserve, that copy alone
    std::int64_t rowTokens = 0;  // of the longest row
    bool isExtrapolated = false; // the row itself would not have fitted: followed from shorter ones
    double secondsPerStep = 0;   // 0: not known
    double joulesPerStep = 0;    // of the processors; 0: they do not tell
    std::int64_t steps = 0;      // 0: not known (no records)
    std::vector<FitSuggestion> suggestions; // at most three, where it does not fit
    [[nodiscard]] bool fits() const { return bytes.total() <= available; }
    [[nodiscard]] double seconds() const { return secondsPerStep * static_cast<double>(steps); }
};

// project: whose rows are read, with the snapshot of the request; nullptr: the request's records. Loads the weights and gives the memory back.
// stop is heeded between the layers of the passes. Errors: as planRun would block; OutOfMemory; Cancelled.
[[nodiscard]] Result<FitResult> measureFit(const Project *project, const FitRequest &request, const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::engine
