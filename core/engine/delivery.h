// Results that leave the program: adapters and merged models, each proved by reloading it; losses of a data file.
#pragma once

#include "core/data/labelledtokens.h"
#include "core/engine/playground.h"

namespace fettle::engine {

struct ExportRequest {
    std::string model;   // base
    std::string adapter; // folder or RUN[@STEP]
    std::string target;  // "peft", "adapterhub", "merged", "gguf", "gguf-lora", "ollama", "lmstudio", "bundle"
    std::string type;    // empty: f32, or q8_0 of a GGUF file. merged: f32, f16, bf16; gguf: also q8_0, q6_k, q5_1, q5_0, q4_k_m, q4_1, q4_0
    std::filesystem::path folder; // must not exist or be empty; gguf: a file of that name when it ends in .gguf, else a folder with NAME.TYPE.gguf
    std::string name;    // what other programs call the model; empty: the folder's name
    std::string system;  // ollama: the system prompt that goes along; may be empty
    std::int64_t shardBytes = 0; // merged: largest file of weights; 0: 5 GB
};
struct ExportCheck { std::string what, result, wanted; bool hasPassed = true; };
struct SelfTest { bool hasPassed = false; double maxLogitDifference = 0; int prompts = 0; std::string cause; bool isRounded = false; std::vector<ExportCheck> checks; };
struct ExportResult { std::vector<std::string> files; std::int64_t bytes = 0; SelfTest selfTest; };

[[nodiscard]] Result<ExportResult> exportAdapter(const ExportRequest &request, const Project *project,
                                                 const ProgressCallback &progress = {}, std::stop_token stop = {});

struct ScoreRow { double loss = 0; std::int64_t tokens = 0; std::vector<float> logProbabilities; };
struct ScoreResult { std::vector<ScoreRow> rows; double loss = 0; double perplexity = 0; };
// Teacher-forced loss of the trained tokens of each record. adapter may be empty.
[[nodiscard]] Result<ScoreResult> scoreRecords(const std::string &model, const std::string &adapter,
                                               const std::vector<data::Record> &records, data::TrainOn trainOn, const Project *project,
                                               const ComputeOptions &compute = {}, const ProgressCallback &progress = {},
                                               std::stop_token stop = {});

// A page or table that the window made: temporary name, then renamed. Errors: NoPermission, DiskFull, BadInput, NotFound.
[[nodiscard]] Result<> writeFile(const std::filesystem::path &file, std::string_view bytes);

} // namespace fettle::engine
