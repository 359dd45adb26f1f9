// The sample project, its exam, and the demo that joins them.
#include "core/engine/sample.h"

#include "core/base/resources.h"
#include "core/base/words.h"
#include "core/engine/adapterpath.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/trainingdata.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/endtokens.h"
#include "core/generate/generator.h"
#include "core/text/chattemplate.h"
#include "core/tune/peftfolder.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFactMark = "fact: ";
constexpr int kLongestAnswer = 64; // tokens; the house style needs some 30

struct Question {
    data::Record record;
    std::string fact;
};

// Held-out rows whose note says what a right answer must hold.
Result<std::vector<Question>> questionsOf(const Project &project)
{
    RecordFilter filter;
    filter.splits = {data::Split::HeldOut};
    auto ids = project.recordIds(filter);
    if (!ids)
        return passError(ids);
    std::vector<Question> questions;
    for (const RecordId id : *ids) {
        auto record = project.record(id);
        if (!record)
            return passError(record);
        const std::size_t mark = record->note.find(kFactMark);
        if (mark == std::string::npos)
            continue;
        questions.push_back({std::move(*record), {}});
        questions.back().fact = questions.back().record.note.substr(mark + kFactMark.size());
    }
    if (questions.empty())
        return fail(ErrorCode::BadInput, tr("The project has no held-out question with a known answer."), tr("Held-out rows need a note that begins with \"fact: \"."));
    return questions;
}

std::string lowerAscii(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c < 128 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c); });
    return text;
}

bool holds(const std::string &answer, const std::string &fact)
{
    return lowerAscii(answer).find(lowerAscii(fact)) != std::string::npos;
}

} // namespace

fs::path sampleDataFolder()
{
    return datasetsFolder() / "hollybrook";
}

Result<Project> createSampleProject(const fs::path &folder, const ProgressCallback &progress, std::stop_token stop)
{
    auto project = Project::create(folder);
    if (!project)
        return project;
    // A short system prompt in every row: the model learns whose rules these are.
    for (const auto &[key, value] : {std::pair("defaultSystem", "You answer for Hollybrook Veterinary Clinic."), std::pair("baseModel", kDefaultModelName)})
        if (auto set = project->setSetting(key, nlohmann::json(value).dump()); !set)
            return passError(set);
    auto report = project->importFile(sampleDataFolder() / "hollybrook.jsonl", {}, progress, stop);
    if (!report)
        return passError(report);
    if (auto updated = project->updateFindings(progress, stop); !updated)
        return passError(updated);
    return project;
}

Result<ExamResult> examine(const std::string &model, const std::string &adapter, const Project &project, const ComputeOptions &compute,
                           const ProgressCallback &progress, std::stop_token stop)
{
    auto questions = questionsOf(project);
    if (!questions)
        return passError(questions);
    const auto path = resolveModel(model);
    if (!path)
        return passError(path);
    auto lens = Lens::open(path->string());
    if (!lens)
        return passError(lens);
    auto generator = generate::Generator::load(*path, compute.threads, progress, stop);
    if (!generator)
        return passError(generator);
    std::shared_ptr<const generate::DecodeAdapter> decodeAdapter;
    if (!adapter.empty() && adapter != "base") {
        auto found = resolveAdapter(adapter, &project);
        if (!found)
            return passError(found);
        auto lora = tune::loadPeftFolder(found->folder, (*generator)->config());
        if (!lora)
            return passError(lora);
        auto added = (*generator)->addAdapter(**lora);
        if (!added)
            return passError(added);
        decodeAdapter = *added;
    }
    data::RenderOptions options = renderOptions(project, train::Recipe{});
    options.addGenerationPrompt = true;
    options.maxLength = 0;
    std::vector<generate::SequenceRequest> requests;
    for (const Question &question : *questions) {
        auto tokens = (*lens)->label(question.record, options);
        if (!tokens)
            return passError(tokens);
        generate::SequenceRequest request;
        request.prompt = std::move(tokens->ids);
        request.adapter = decodeAdapter;
        request.sampling.isGreedy = true;
        request.maxTokens = kLongestAnswer;
        requests.push_back(std::move(request));
    }
    generate::GenerateCallbacks callbacks;
    std::int64_t done = 0;
    callbacks.finished = [&](std::size_t, const generate::SequenceResult &) {
        if (progress)
            progress({tr("Answering held-out questions"), ++done, static_cast<std::int64_t>(requests.size()), -1});
    };
    auto answers = (*generator)->generate(requests, callbacks, stop);
    if (!answers)
        return passError(answers);
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("The exam was cancelled."));
    ExamResult result;
    std::int64_t correct = 0;
    for (std::size_t i = 0; i < questions->size(); ++i) {
        const Question &question = (*questions)[i];
        ExamAnswer answer{std::string(data::instructionOf(question.record)), question.fact, (*answers)[i].text, holds((*answers)[i].text, question.fact)};
        correct += answer.isCorrect;
        result.answers.push_back(std::move(answer));
    }
    result.exactMatch = static_cast<double>(correct) / static_cast<double>(questions->size());
    return result;
}

Result<DemoResult> runDemo(const fs::path &folder, const ComputeOptions &compute, const RunEvents &events, const ProgressCallback &progress, std::stop_token stop)
{
    const auto start = std::chrono::steady_clock::now();
    const auto model = resolveModel(kDefaultModelName);
    if (!model)
        return passError(model);
    auto project = createSampleProject(folder, progress, stop);
    if (!project)
        return passError(project);
    DemoResult result;
    auto before = examine(kDefaultModelName, "base", *project, compute, progress, stop);
    if (!before)
        return passError(before);
    result.before = std::move(*before);
    auto counts = project->recordCounts();
    if (!counts)
        return passError(counts);
    TrainRequest request;
    request.model = kDefaultModelName;
    request.recipe = train::presetRecipe(train::Preset::Quick, "lora", counts->bySplit[data::Split::Train]);
    request.compute = compute;
    auto summary = trainRun(*project, request, events, nullptr, stop);
    if (!summary)
        return passError(summary);
    result.run = summary->run;
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("The demo was stopped."), tr("The run is kept: fettle resume {} --project {}", result.run.id.value, folder.string()));
    auto after = examine(kDefaultModelName, summary->run.adapter, *project, compute, progress, stop);
    if (!after)
        return passError(after);
    result.after = std::move(*after);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

} // namespace fettle::engine
