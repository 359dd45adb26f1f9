// Batch evaluation: the same questions to base and tuned models, measured, compared, and kept in the project.
#pragma once

#include "core/engine/training.h"
#include "core/evaluate/comparisonfile.h"

namespace fettle::engine {

// A model that judges the last column's answers against the first one's.
struct JudgeChoice {
    std::string model;            // as resolveModel; empty: no judge
    std::string adapter = "base"; // on that model: "base", an adapter folder, RUN[@STEP]
    std::string rubric = {};      // what makes an answer good, in plain words; empty: evaluate::defaultRubric()
};

struct EvaluationRequest {
    std::string model;                           // as resolveModel
    std::vector<std::string> columns = {"base"}; // "base", adapter folders, RUN[@STEP]; the first is what the others are compared with
    std::vector<data::Record> records;
    int maxTokens = 128;   // answers are greedy: asked again, they are the same
    bool withLoss = true;  // how surprised each column is by the expected answer; reads the weights once more for each column
    evaluate::MeasureSettings measures;
    JudgeChoice judge = {};
    ComputeOptions compute;
};

struct LeftOutRow { RecordId record; std::string question, reason; };
struct EvaluationResult {
    evaluate::Comparison comparison;
    std::vector<LeftOutRow> leftOut; // no expected answer, refused by the template, longer than the model's context
    std::int64_t answered = 0;       // answers that were computed now; the others were known
};

// Rows of a split that are not rejected.
[[nodiscard]] Result<std::vector<data::Record>> recordsOfSplit(const Project &project, data::Split split);

// project: resolves runs, gives the rules of rendering, keeps the answers (in its folder, not in the database); may be null. The stop token
// ends the decoding within one token; what was answered by then is kept.
// Errors: BadInput (no row can be asked), Usage (the pattern), NotFound, OutOfMemory, Cancelled.
[[nodiscard]] Result<EvaluationResult> evaluateRecords(const EvaluationRequest &request, const Project *project,
                                                       const ProgressCallback &progress = {}, std::stop_token stop = {});

// The table of answers as a file: .json for programs, .html for readers, any other name as CSV. Errors: those of writing (NoPermission, DiskFull).
[[nodiscard]] Result<> writeEvaluation(const evaluate::Comparison &comparison, const evaluate::MeasureSettings &measures, const std::filesystem::path &file);

} // namespace fettle::engine
