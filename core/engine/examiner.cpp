#include "core/engine/examiner.h"

#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/adaptercache.h"
#include "core/engine/models.h"
#include "core/engine/trainingdata.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;

std::string hashOf(std::span<const TokenId> ids, std::span<const std::uint8_t> trained = {})
{
    Sha256 hash;
    hash.update(std::as_bytes(ids));
    hash.update(std::as_bytes(trained));
    return hash.finishHex();
}

// A run that trained the weights themselves has left a complete model.
bool isWholeModel(const fs::path &folder)
{
    std::error_code problem;
    return fs::exists(folder / "config.json", problem) && !fs::exists(folder / "adapter_config.json", problem);
}

Result<ExamColumn> openColumn(const std::string &choice, const Exam &exam, AdapterCache &adapters, const Project *project, std::stop_token stop)
{
    ExamColumn column;
    column.choice = choice.empty() ? "base" : choice;
    column.name = column.choice;
    column.model = exam.base;
    if (column.choice != "base") {
        const auto path = resolveAdapter(column.choice, project);
        if (!path)
            return passError(path);
        column.name = path->name;
        if (isWholeModel(path->folder)) {
            auto model = generate::Generator::load(path->folder, exam.setup.compute.threads, {}, std::move(stop));
            if (!model)
                return passError(model);
            column.model = std::move(*model);
        } else {
            auto adapter = adapters.load(*path, *exam.base);
            if (!adapter)
                return passError(adapter);
            column.adapter = std::move(*adapter);
        }
    }
    const fs::path folder = project != nullptr ? project->folder() / "evaluations" : fs::path();
    column.store = std::make_unique<AnswerStore>(folder, fmt::format("answers 1, weights {}, adapter {}, greedy, {} tokens", column.model->weightHash(),
                                                                     column.adapter ? column.adapter->hash() : "none", exam.setup.maxTokens));
    return column;
}

} // namespace

Result<Exam> openExam(const ExamSetup &setup, const ProgressCallback &progress, std::stop_token stop)
{
    const auto path = resolveModel(setup.model);
    if (!path)
        return passError(path);
    auto lens = Lens::open(path->string());
    if (!lens)
        return passError(lens);
    auto loaded = generate::Generator::load(*path, setup.compute.threads, progress, std::move(stop));
    if (!loaded)
        return passError(loaded);
    return Exam{setup, std::move(*lens), std::move(*loaded), {}};
}

Result<> addColumns(Exam &exam, const std::vector<std::string> &choices, const Project *project, std::stop_token stop)
{
    AdapterCache adapters;
    for (const std::string &choice : choices) {
        auto column = openColumn(choice, exam, adapters, project, stop);
        if (!column)
            return passError(column);
        exam.columns.push_back(std::move(*column));
    }
    return {};
}

std::vector<ExamQuestion> makeQuestions(const Exam &exam, std::span<const data::Record> records, const Project *project, std::vector<LeftOutRow> &leftOut)
{
    const std::int64_t context = exam.base->config().context;
    data::RenderOptions options = project != nullptr ? renderOptions(*project, train::Recipe{}) : data::RenderOptions{};
    options.trainOn = data::TrainOn::Completion;
    options.maxLength = 0;
    std::vector<ExamQuestion> questions;
    for (const data::Record &record : records) {
        const auto leave = [&](std::string reason) { leftOut.push_back({record.id, std::string(data::instructionOf(record)), std::move(reason)}); };
        const bool hasExpected = !data::responseOf(record).empty();
        if (!hasExpected && exam.setup.expected == Expected::Needed) {
            leave(tr("The row has no expected answer."));
            continue;
        }
        options.addGenerationPrompt = true;
        auto prompt = exam.lens->label(record, options);
        options.addGenerationPrompt = false;
        const auto whole = hasExpected ? exam.lens->label(record, options) : prompt;
        if (!prompt || !whole) {
            leave((prompt ? whole : prompt).error().message);
            continue;
        }
        if (context > 0 && static_cast<std::int64_t>(prompt->ids.size()) > context) {
            leave(tr("The question has {} tokens, but the model reads at most {}.", prompt->ids.size(), context));
            continue;
        }
        const std::string promptHash = hashOf(prompt->ids), labelsHash = hasExpected ? hashOf(whole->ids, whole->trained) : std::string();
        questions.push_back({record, std::move(prompt->ids), promptHash, labelsHash});
    }
    return questions;
}

Result<std::int64_t> answerMissing(std::vector<ExamColumn> &columns, std::span<const ExamQuestion> questions, int maxTokens,
                                   const QuestionAnswered &answered, const ProgressCallback &progress, std::stop_token stop)
{
    struct Wanted { std::size_t column, question; };
    std::vector<std::pair<generate::Generator *, std::vector<Wanted>>> groups;
    std::vector<std::size_t> open(questions.size(), 0); // answers that are still missing
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
            ++open[question];
            ++total;
        }
        if (open[question] == 0 && answered)
            answered(question);
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
            if (--open[wanted[sequence].question] == 0 && answered)
                answered(wanted[sequence].question);
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

} // namespace fettle::engine
