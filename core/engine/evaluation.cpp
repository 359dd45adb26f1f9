#include "core/engine/evaluation.h"

#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/adaptercache.h"
#include "core/engine/answerstore.h"
#include "core/engine/delivery.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/trainingdata.h"
#include "core/generate/decodeadapter.h"
#include "core/io/atomicfile.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;
constexpr std::string_view kFactMark = "fact: "; // in a note: what a right answer must hold

struct Question {
    data::Record record;
    std::vector<TokenId> prompt;
    std::string promptHash, labelsHash;
};

// What a column answers with.
struct Column {
    std::string choice, name;
    std::shared_ptr<generate::Generator> model; // shared by the columns of one base
    std::shared_ptr<const generate::DecodeAdapter> adapter;
    std::unique_ptr<AnswerStore> store;
};

std::string hashOf(std::span<const TokenId> ids, std::span<const std::uint8_t> trained = {})
{
    Sha256 hash;
    hash.update(std::as_bytes(ids));
    hash.update(std::as_bytes(trained));
    return hash.finishHex();
}

std::string factOf(const data::Record &record)
{
    const std::size_t mark = record.note.find(kFactMark);
    return mark == std::string::npos ? std::string() : record.note.substr(mark + kFactMark.size());
}

// Rows that can be asked; the others are left out with the reason.
std::vector<Question> makeQuestions(const EvaluationRequest &request, const Project *project, const Lens &lens, std::int64_t context,
                                    std::vector<LeftOutRow> &leftOut)
{
    data::RenderOptions options = project != nullptr ? renderOptions(*project, train::Recipe{}) : data::RenderOptions{};
    options.trainOn = data::TrainOn::Completion;
    options.maxLength = 0;
    std::vector<Question> questions;
    for (const data::Record &record : request.records) {
        const auto leave = [&](std::string reason) { leftOut.push_back({record.id, std::string(data::instructionOf(record)), std::move(reason)}); };
        if (data::responseOf(record).empty()) {
            leave(tr("The row has no expected answer."));
            continue;
        }
        options.addGenerationPrompt = true;
        auto prompt = lens.label(record, options);
        options.addGenerationPrompt = false;
        const auto whole = lens.label(record, options);
        if (!prompt || !whole) {
            leave((prompt ? whole : prompt).error().message);
            continue;
        }
        if (context > 0 && static_cast<std::int64_t>(prompt->ids.size()) > context) {
            leave(tr("The question has {} tokens, but the model reads at most {}.", prompt->ids.size(), context));
            continue;
        }
        const std::string promptHash = hashOf(prompt->ids), labelsHash = hashOf(whole->ids, whole->trained);
        questions.push_back({record, std::move(prompt->ids), promptHash, labelsHash});
    }
    return questions;
}

// A run that trained the weights themselves has left a complete model.
bool isWholeModel(const fs::path &folder)
{
    std::error_code problem;
    return fs::exists(folder / "config.json", problem) && !fs::exists(folder / "adapter_config.json", problem);
}

Result<Column> openColumn(const std::string &choice, const std::shared_ptr<generate::Generator> &base, AdapterCache &adapters,
                          const EvaluationRequest &request, const Project *project, std::stop_token stop)
{
    Column column;
    column.choice = choice.empty() ? "base" : choice;
    column.name = column.choice;
    column.model = base;
    if (column.choice != "base") {
        const auto path = resolveAdapter(column.choice, project);
        if (!path)
            return passError(path);
        column.name = path->name;
        if (isWholeModel(path->folder)) {
            auto model = generate::Generator::load(path->folder, request.compute.threads, {}, std::move(stop));
            if (!model)
                return passError(model);
            column.model = std::move(*model);
        } else {
            auto adapter = adapters.load(*path, *base);
            if (!adapter)
                return passError(adapter);
            column.adapter = std::move(*adapter);
        }
    }
    const fs::path folder = project != nullptr ? project->folder() / "evaluations" : fs::path();
    column.store = std::make_unique<AnswerStore>(folder, fmt::format("answers 1, weights {}, adapter {}, greedy, {} tokens", column.model->weightHash(),
                                                                     column.adapter ? column.adapter->hash() : "none", request.maxTokens));
    return column;
}

// Answers what the stores do not know yet: columns of the same weights together, so that a pass over the weights serves many answers.
Result<std::int64_t> answerMissing(std::vector<Column> &columns, std::span<const Question> questions, int maxTokens,
                                   const ProgressCallback &progress, std::stop_token stop)
{
    struct Wanted { std::size_t column, question; };
    std::vector<std::pair<generate::Generator *, std::vector<Wanted>>> groups;
    std::int64_t total = 0, done = 0;
    for (std::size_t question = 0; question < questions.size(); ++question) {
        for (std::size_t column = 0; column < columns.size(); ++column) {
            if (columns[column].store->answer(questions[question].promptHash) != nullptr)
                continue;
            generate::Generator *model = columns[column].model.get();
            auto group = std::find_if(groups.begin(), groups.end(), [model](const auto &known) { return known.first == model; });
            if (group == groups.end())
                group = groups.insert(groups.end(), {model, {}});
            group->second.push_back({column, question});
            ++total;
        }
    }
    const auto start = std::chrono::steady_clock::now();
    for (const auto &[model, wanted] : groups) {
        std::vector<generate::SequenceRequest> requests;
        for (const Wanted &each : wanted) {
            generate::SequenceRequest request;
            request.prompt = questions[each.question].prompt;
            request.adapter = columns[each.column].adapter;
            request.sampling.isGreedy = true;
            request.maxTokens = maxTokens;
            requests.push_back(std::move(request));
        }
        generate::GenerateCallbacks callbacks;
        callbacks.finished = [&](std::size_t sequence, const generate::SequenceResult &result) {
            if (result.finish == generate::Finish::Stopped)
                return;
            evaluate::ColumnAnswer answer;
            answer.text = result.text;
            answer.tokens = static_cast<std::int64_t>(result.ids.size());
            answer.hasEnded = result.finish == generate::Finish::EndOfTurn;
            columns[wanted[sequence].column].store->putAnswer(questions[wanted[sequence].question].promptHash, answer);
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            ++done;
            if (progress)
                progress({tr("Answering questions"), done, total, seconds / static_cast<double>(done) * static_cast<double>(total - done)});
        };
        auto answers = model->generate(requests, callbacks, stop);
        if (!answers)
            return passError(answers);
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The evaluation was cancelled."), tr("Start it again: it goes on where it stopped."));
    }
    return done;
}

Result<> scoreMissing(Column &column, const EvaluationRequest &request, std::span<const Question> questions, const Project *project,
                      const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<data::Record> records;
    std::vector<std::string> labels;
    for (const Question &question : questions) {
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

evaluate::QuestionRow rowOf(const Question &question, const std::vector<Column> &columns, bool withLoss)
{
    evaluate::QuestionRow row;
    row.record = question.record.id.value;
    row.question = data::instructionOf(question.record);
    row.expected = data::responseOf(question.record);
    row.fact = factOf(question.record);
    row.tags = question.record.tags;
    for (const Column &column : columns) {
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
    const auto path = resolveModel(request.model);
    if (!path)
        return passError(path);
    auto lens = Lens::open(path->string());
    if (!lens)
        return passError(lens);
    auto loaded = generate::Generator::load(*path, request.compute.threads, progress, stop);
    if (!loaded)
        return passError(loaded);
    std::shared_ptr<generate::Generator> base = std::move(*loaded);
    EvaluationResult result;
    const auto questions = makeQuestions(request, project, **lens, base->config().context, result.leftOut);
    if (questions.empty())
        return fail(ErrorCode::BadInput, tr("None of the {} rows can be evaluated.", request.records.size()),
                    result.leftOut.empty() ? tr("Mark some records as held out on the Data page.") : result.leftOut.front().reason);
    AdapterCache adapters;
    std::vector<Column> columns;
    for (const std::string &choice : request.columns) {
        auto column = openColumn(choice, base, adapters, request, project, stop);
        if (!column)
            return passError(column);
        columns.push_back(std::move(*column));
        result.comparison.columns.push_back(columns.back().name);
    }
    const auto answered = answerMissing(columns, questions, request.maxTokens, progress, stop);
    if (!answered)
        return passError(answered);
    result.answered = *answered;
    base.reset(); // the losses need the memory
    for (Column &column : columns) {
        column.model.reset();
        column.adapter.reset();
        if (!request.withLoss)
            continue;
        if (auto scored = scoreMissing(column, request, questions, project, progress, stop); !scored)
            return passError(scored);
    }
    for (const Question &question : questions)
        result.comparison.rows.push_back(rowOf(question, columns, request.withLoss));
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
