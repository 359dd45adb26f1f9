// Questions to several columns, answered greedily in batches, each answer kept on disk: what evaluation and blind votes share.
// Internal header of the engine.
#pragma once

#include "core/engine/answerstore.h"
#include "core/engine/evaluation.h"
#include "core/engine/lens.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/generator.h"

#include <functional>
#include <memory>
#include <span>

namespace fettle::engine {

struct ExamQuestion {
    data::Record record;
    std::vector<TokenId> prompt;
    std::string promptHash, labelsHash; // labelsHash: empty where no answer is expected
};

// What a column answers with.
struct ExamColumn {
    std::string choice, name;
    std::shared_ptr<generate::Generator> model; // shared by the columns of one base
    std::shared_ptr<const generate::DecodeAdapter> adapter;
    std::unique_ptr<AnswerStore> store;
};

enum class Expected { Needed, Optional }; // whether a row without an expected answer can be asked
struct ExamSetup {
    std::string model; // as resolveModel
    int maxTokens = 128;
    Expected expected = Expected::Needed;
    ComputeOptions compute;
};

struct Exam {
    ExamSetup setup;
    std::shared_ptr<const Lens> lens;
    std::shared_ptr<generate::Generator> base;
    std::vector<ExamColumn> columns;
};
[[nodiscard]] Result<Exam> openExam(const ExamSetup &setup, const ProgressCallback &progress, std::stop_token stop);
// choices: "base", adapter folders, RUN[@STEP].
[[nodiscard]] Result<> addColumns(Exam &exam, const std::vector<std::string> &choices, const Project *project, std::stop_token stop);
// Rows that can be asked; the others are left out with the reason.
[[nodiscard]] std::vector<ExamQuestion> makeQuestions(const Exam &exam, std::span<const data::Record> records, const Project *project,
                                                      std::vector<LeftOutRow> &leftOut);

// Number of a question whose answers are there in every column.
using QuestionAnswered = std::function<void(std::size_t question)>;
// Answers what the stores do not know yet: columns of the same weights together, so that a pass over the weights serves many answers.
// Gives the number of answers that were computed. The stop token ends it within one token. Errors: Cancelled.
[[nodiscard]] Result<std::int64_t> answerMissing(std::vector<ExamColumn> &columns, std::span<const ExamQuestion> questions, int maxTokens,
                                                 const QuestionAnswered &answered, const ProgressCallback &progress, std::stop_token stop);

} // namespace fettle::engine
