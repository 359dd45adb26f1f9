// Results that leave the program: an adapter folder (PEFT's or AdapterHub's), or the adapter merged into a Hugging Face model folder. Every export is followed
// by its self-test: the files are read again from scratch and must give the logits of what was exported. Knows no project.
#pragma once

#include "core/base/progress.h"
#include "core/model/weights.h"
#include "core/tune/adapter.h"

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::exporting {

struct Source {
    std::filesystem::path model; // Hugging Face folder or GGUF file
    std::shared_ptr<const model::ModelWeights> weights;
    std::shared_ptr<tune::Adapter> adapter; // null: the weights as they are (merged only)
};

struct SelfTest {
    bool hasPassed = false;
    double maxLogitDifference = 0; // largest absolute difference over all probe prompts, positions and tokens
    int prompts = 0;
    std::string cause; // why it did not pass
};

struct Outcome {
    std::vector<std::string> files;
    std::int64_t bytes = 0;
    SelfTest selfTest;
};

enum class MergedType { F32, F16, Bf16 };

// folder must not exist or be empty; it appears complete or not at all. Errors: BadInput, DiskFull, NoPermission, Cancelled.
[[nodiscard]] Result<Outcome> exportAdapterFolder(const Source &source, const std::filesystem::path &folder, const ProgressCallback &progress = {},
                                         std::stop_token stop = {});
[[nodiscard]] Result<Outcome> exportMerged(const Source &source, MergedType type, const std::filesystem::path &folder,
                                           const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::exporting
