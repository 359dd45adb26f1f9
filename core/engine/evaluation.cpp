#include "core/engine/evaluation.h"

#include "core/base/words.h"
#include "core/engine/delivery.h"
#include "core/engine/ballot.h"
#include "core/engine/examiner.h"
#include "core/engine/judging.h"
#include "core/io/atomicfile.h"

#include <nlohmann/json.hpp>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;
constexpr std::string_view kFactMark = "fact: "; // in a note: what a right answer must hold

std::string factOf(const data::Record &record)
{
    const std::size_t mark = record.note.find(kFactMark);
    return mark == std::string::npos ? std::string() : record.note.substr(mark + kFactMark.size());
}

Result<> scoreMissing(ExamColumn &column, const EvaluationRequest &request, std::span<const ExamQuestion> questions, const Project *project,
                      const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<data::Record> records;
    std::vector<std::string> labels;
    for (const ExamQuestion &question : questions) {
        if (column.store->loss(question.labelsHash) != nullptr)
            continue;
        records.push_back(question.record);
        labels.push_back(question.labelsHash);
    }
    if (records.empty())
        return {};
    auto scores = scoreRecords(request.model, column.choice, records, data::TrainOn::Completion, project, request.compute, progress, stop);
    if (!scores)
        return passError(scores);
    for (std::size_t i = 0; i < labels.size(); ++i)
        column.store->putLoss(labels[i], {scores->rows[i].loss, scores->rows[i].tokens});
    return {};
}

evaluate::QuestionRow rowOf(const ExamQuestion &question, const std::vector<ExamColumn> &columns, bool withLoss)
{
    evaluate::QuestionRow row;
    row.record = question.record.id.value;
    row.question = questionText(question.record);
    row.expected = data::responseOf(question.record);
    row.fact = factOf(question.record);
    row.tags = question.record.tags;
    for (const ExamColumn &column : columns) {
        evaluate::ColumnAnswer answer = *column.store->answer(question.promptHash);
        if (const AnswerStore::Loss *loss = withLoss ? column.store->loss(question.labelsHash) : nullptr; loss != nullptr && loss->tokens > 0) {
            answer.loss = loss->value;
            answer.lossTokens = loss->tokens;
        }
        row.answers.push_back(std::move(answer));
    }
    return row;
}

} // namespace

Result<std::vector<data::Record>> recordsOfSplit(const Project &project, data::Split split)
{
    RecordFilter filter;
    filter.splits = {split};
    auto ids = project.recordIds(filter);
    if (!ids)
        return passError(ids);
    std::vector<data::Record> records;
    for (const RecordId id : *ids) {
        auto record = project.record(id);
        if (!record)
            return passError(record);
        if (record->status != data::RecordStatus::Rejected)
            records.push_back(std::move(*record));
    }
    return records;
}

Result<EvaluationResult> evaluateRecords(const EvaluationRequest &request, const Project *project, const ProgressCallback &progress, std::stop_token stop)
{
    if (request.columns.empty() || request.maxTokens < 1)
        return fail(ErrorCode::Usage, tr("There is nothing to evaluate."), tr("Choose the base model or an adapter, and at least one token for each answer."));
    auto opened = openExam({request.model, request.maxTokens, Expected::Needed, request.compute}, progress, stop);
    if (!opened)
        return passError(opened);
    Exam exam = std::move(*opened);
    EvaluationResult result;
    const auto questions = makeQuestions(exam, request.records, project, result.leftOut);
    if (questions.empty())
        return fail(ErrorCode::BadInput, tr("None of the {} rows can be evaluated.", request.records.size()),
                    result.leftOut.empty() ? tr("Mark some records as held out on the Data page.") : result.leftOut.front().reason);
    if (auto added = addColumns(exam, request.columns, project, stop); !added)
        return passError(added);
    std::vector<ExamColumn> &columns = exam.columns;
    for (const ExamColumn &column : columns)
        result.comparison.columns.push_back(column.name);
    const auto answered = answerMissing(columns, questions, request.maxTokens, {}, progress, stop);
    if (!answered)
        return passError(answered);
    result.answered = *answered;
    exam.base.reset(); // the losses need the memory
    for (ExamColumn &column : columns) {
        column.model.reset();
        column.adapter.reset();
        if (!request.withLoss)
            continue;
        if (auto scored = scoreMissing(column, request, questions, project, progress, stop); !scored)
            return passError(scored);
    }
    for (const ExamQuestion &question : questions)
        result.comparison.rows.push_back(rowOf(question, columns, request.withLoss));
    if (!request.judge.model.empty() && columns.size() > 1) {
        if (auto judged = judgeAnswers(request.judge, request.compute, project, result.comparison, progress, stop); !judged)
            return passError(judged);
    }
    auto measured = evaluate::summarise(result.comparison.rows, request.measures, stop);
    if (!measured)
        return passError(measured);
    result.comparison.measures = std::move(*measured);
    auto tags = evaluate::summariseTags(result.comparison.rows, request.measures, stop);
    if (!tags)
        return passError(tags);
    result.comparison.tags = std::move(*tags);
    return result;
}

Result<> writeEvaluation(const evaluate::Comparison &comparison, const evaluate::MeasureSettings &measures, const fs::path &file)
{
    if (file.extension() == ".html" || file.extension() == ".htm")
        return io::writeFileAtomically(file, evaluate::toHtml(comparison));
    if (file.extension() != ".json") {
        const auto csv = evaluate::toCsv(comparison, measures);
        if (!csv)
            return passError(csv);
        return io::writeFileAtomically(file, *csv);
    }
    const auto json = evaluate::toJson(comparison, measures);
    if (!json)
        return passError(json);
    return io::writeFileAtomically(file, json->dump(2) + "\n");
}

} // namespace fettle::engine
