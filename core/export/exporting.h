// Results that leave the program: an adapter folder (PEFT's or AdapterHub's), or the adapter merged into a Hugging Face model folder or a GGUF file.
// Every export is followed by its self-test: the files are read again from scratch and must answer like what was exported. Knows no project.
#pragma once

#include "core/base/progress.h"
#include "core/model/weights.h"
#include "core/tune/adapter.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fettle::exporting {

struct Source {
    std::filesystem::path model; // Hugging Face folder or GGUF file
    // Who hands them over and keeps none has them read again for the end of the self-test, when the exported model has gone: never both in memory.
    std::shared_ptr<const model::ModelWeights> weights;
    std::shared_ptr<tune::Adapter> adapter; // null: the weights as they are (merged only)
    std::vector<std::pair<std::string, std::string>> beside = {}; // further files of an exported folder: name and text (a model card)
};

// One thing that was compared between the files and what was exported, in words for people.
struct Check {
    std::string what, result, wanted; // "Greedy answers", "119 of 120 tokens the same", "all"
    bool hasPassed = true;
};

struct SelfTest {
    bool hasPassed = false;
    double maxLogitDifference = 0; // largest absolute difference over all probe prompts, positions and tokens
    int prompts = 0;
    std::string cause; // why it did not pass
    bool isRounded = false; // passed, but the probe answers are not word for word those of the source: the type keeps fewer bits
    std::vector<Check> checks;
};

struct Outcome {
    std::vector<std::string> files;
    std::int64_t bytes = 0;
    SelfTest selfTest;
};

enum class MergedType { F32, F16, Bf16 };

// folder must not exist or be empty; it appears complete or not at all. Errors: BadInput, DiskFull, NoPermission, Cancelled.
[[nodiscard]] Result<Outcome> exportAdapterFolder(Source source, const std::filesystem::path &folder, const ProgressCallback &progress = {},
                                         std::stop_token stop = {});
// shardBytes: no file of weights is larger, unless a single tensor is.
inline constexpr std::int64_t kShardBytes = 5'000'000'000;
[[nodiscard]] Result<Outcome> exportMerged(Source source, MergedType type, const std::filesystem::path &folder,
                                           const ProgressCallback &progress = {}, std::stop_token stop = {}, std::int64_t shardBytes = kShardBytes);

// How the weights of a GGUF file are stored; Q4_K_M mixes Q4_K and Q6_K as llama.cpp does.
enum class GgufForm { F32, F16, Bf16, Q8_0, Q6_K, Q5_1, Q5_0, Q4_K_M, Q4_1, Q4_0 };
[[nodiscard]] std::optional<GgufForm> ggufForm(std::string_view name); // "q4_k_m", in any case
[[nodiscard]] std::string_view nameOf(GgufForm form);                  // "Q4_K_M"

// file: ends in .gguf and must not exist. name: what programs show (general.name); empty: that of the base. One tensor at a time is in memory beside
// the weights. Errors: BadInput (an adapter that cannot be merged, a tokenizer that GGUF has no words for), DiskFull, NoPermission, Cancelled.
[[nodiscard]] Result<Outcome> exportGguf(Source source, GgufForm form, const std::filesystem::path &file, const std::string &name = {},
                                         const ProgressCallback &progress = {}, std::stop_token stop = {});
// A LoRA adapter for llama.cpp's --lora, F32. Errors: BadInput (another method, DoRA, PiSSA), as exportGguf.
[[nodiscard]] Result<Outcome> exportGgufLora(Source source, const std::filesystem::path &file, const ProgressCallback &progress = {},
                                             std::stop_token stop = {});
// A folder for Ollama: the GGUF file and a Modelfile with chat template, stop words and system prompt (may be empty).
[[nodiscard]] Result<Outcome> exportOllama(Source source, GgufForm form, const std::filesystem::path &folder, const std::string &name, const std::string &system,
                                           const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::exporting
