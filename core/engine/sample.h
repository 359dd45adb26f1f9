// The guided sample project and the demo: import, train, answers before and after.
#pragma once

#include "core/engine/training.h"

namespace fettle::engine {

// Where the sample's files lie (datasets/), and a project made from them: records imported, held-out rows marked, system prompt set.
[[nodiscard]] std::filesystem::path sampleDataFolder();
[[nodiscard]] Result<Project> createSampleProject(const std::filesystem::path &folder, const ProgressCallback &progress = {},
                                                  std::stop_token stop = {});

struct ExamAnswer { std::string question, expected, answer; bool isCorrect = false; };
struct ExamResult { double exactMatch = 0; std::vector<ExamAnswer> answers; }; // exactMatch: share of answers that hold the fact
struct DemoResult { ExamResult before, after; RunInfo run; double seconds = 0; };

// Asks the held-out questions of a project (rows whose note holds "fact: ..."), greedily, in batches.
[[nodiscard]] Result<ExamResult> examine(const std::string &model, const std::string &adapter, const Project &project,
                                         const ComputeOptions &compute = {}, const ProgressCallback &progress = {},
                                         std::stop_token stop = {});
[[nodiscard]] Result<DemoResult> runDemo(const std::filesystem::path &folder, const ComputeOptions &compute = {},
                                         const RunEvents &events = {}, const ProgressCallback &progress = {},
                                         std::stop_token stop = {});

} // namespace fettle::engine
