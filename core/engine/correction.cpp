#include "core/engine/correction.h"

#include "core/base/words.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/trainingdata.h"
#include "core/engine/tunedmodel.h"
#include "core/evaluate/recordloss.h"
#include "core/generate/generator.h"
#include "core/model/loss.h"
#include "core/train/trainer.h"
#include "core/tune/lora.h"

#include <fmt/format.h>

namespace fettle::engine {

namespace {

constexpr std::int64_t kFreshRank = 8;

Result<train::Recipe> trialRecipe(int steps)
{
    train::Recipe recipe;
    // One row, read again and again; no warm-up, since every step counts.
    for (const std::string &setting : {fmt::format("epochs={}", steps), fmt::format("maxSteps={}", steps), std::string("rowsPerStep=1"), std::string("learningRate=0.0003"),
                                       std::string("schedule=constant"), std::string("warmup=0"), std::string("evalFraction=0")})
        if (auto applied = train::applySetting(recipe, setting); !applied)
            return passError(applied);
    return recipe;
}

// The corrected record first, then held-out rows with other questions.
Result<std::vector<data::Record>> questionsOf(const CorrectionRequest &request, const Project *project)
{
    std::vector<data::Record> records = {request.record};
    if (project == nullptr)
        return records;
    RecordFilter filter;
    filter.splits = {data::Split::HeldOut};
    const auto ids = project->recordIds(filter);
    if (!ids)
        return passError(ids);
    for (const RecordId id : *ids) {
        if (records.size() > static_cast<std::size_t>(request.others))
            break;
        auto record = project->record(id);
        if (record && data::instructionOf(*record) != data::instructionOf(request.record) && !data::instructionOf(*record).empty())
            records.push_back(std::move(*record));
    }
    return records;
}

class Trial {
public:
    static Result<CorrectionTrial> run(const CorrectionRequest &request, const Project *project, const ProgressCallback &progress, std::stop_token stop)
    {
        Trial trial;
        if (auto opened = trial.open(request, project, progress, stop); !opened)
            return passError(opened);
        CorrectionTrial result;
        result.steps = request.steps;
        const auto before = trial.measure(request, stop);
        if (!before)
            return passError(before);
        if (auto learnt = trial.learn(request, progress, stop); !learnt)
            return passError(learnt);
        const auto after = trial.measure(request, stop);
        if (!after)
            return passError(after);
        result.lossBefore = before->loss;
        result.lossAfter = after->loss;
        for (std::size_t i = 0; i < trial.m_records.size(); ++i) {
            CorrectionTrial::Answer answer{std::string(data::instructionOf(trial.m_records[i])), before->answers[i], after->answers[i]};
            i == 0 ? void(result.corrected = std::move(answer)) : result.others.push_back(std::move(answer));
        }
        return result;
    }

private:
    struct Measured { std::vector<std::string> answers; double loss = 0; };

    Result<> open(const CorrectionRequest &request, const Project *project, const ProgressCallback &progress, std::stop_token stop)
    {
        const auto path = resolveModel(request.model);
        if (!path)
            return passError(path);
        auto lens = Lens::open(path->string());
        if (!lens)
            return passError(lens);
        auto tuned = loadTuned(*path, request.adapter, project, progress, stop); // read from disk: a copy of its own
        if (!tuned)
            return passError(tuned);
        m_tuned = std::move(*tuned);
        if (!m_tuned.adapter) {
            tune::LoraConfig config;
            config.rank = kFreshRank;
            config.alpha = 2 * kFreshRank;
            auto fresh = tune::LoraAdapter::create(*m_tuned.weights, config, 1207);
            if (!fresh)
                return passError(fresh);
            m_tuned.adapter = std::move(*fresh);
        }
        auto generator = generate::Generator::load(m_tuned.path, request.compute.threads, progress, stop);
        if (!generator)
            return passError(generator);
        m_generator = std::move(*generator);
        auto records = questionsOf(request, project);
        if (!records)
            return passError(records);
        m_records = std::move(*records);
        return render(**lens, project);
    }

    Result<> render(const Lens &lens, const Project *project)
    {
        data::RenderOptions options = project != nullptr ? renderOptions(*project, train::Recipe{}) : data::RenderOptions{};
        options.maxLength = 0;
        auto labelled = lens.label(m_records.front(), options);
        if (!labelled)
            return passError(labelled);
        if (labelled->trainedTokens == 0)
            return fail(ErrorCode::BadInput, tr("There is nothing to learn: the answer is empty."), tr("Write the right answer first."));
        m_document = {m_records.front().id, std::move(labelled->ids), std::move(labelled->trained)};
        options.addGenerationPrompt = true;
        for (const data::Record &record : m_records) {
            auto prompt = lens.label(record, options);
            if (!prompt)
                return passError(prompt);
            m_prompts.push_back(std::move(prompt->ids));
        }
        return {};
    }

    Result<Measured> measure(const CorrectionRequest &request, std::stop_token stop)
    {
        auto adapter = m_generator->addAdapter(*m_tuned.adapter);
        if (!adapter)
            return passError(adapter);
        std::vector<generate::SequenceRequest> requests;
        for (const auto &prompt : m_prompts) {
            generate::SequenceRequest one;
            one.prompt = prompt;
            one.adapter = *adapter;
            one.sampling.isGreedy = true;
            one.maxTokens = request.maxTokens;
            requests.push_back(std::move(one));
        }
        auto answers = m_generator->generate(requests, {}, stop);
        if (!answers)
            return passError(answers);
        model::LossOptions within;
        within.isStopped = [stop] { return stop.stop_requested(); };
        model::LossEngine engine(m_tuned.weights, within);
        const auto losses = evaluate::recordLosses(engine, *m_tuned.adapter, {&m_document, 1}, 1024, {}, stop);
        if (!losses)
            return passError(losses);
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The trial was cancelled."), tr("Nothing was changed."));
        Measured measured;
        measured.loss = losses->front().mean();
        for (auto &answer : *answers)
            measured.answers.push_back(std::move(answer.text));
        return measured;
    }

    Result<> learn(const CorrectionRequest &request, const ProgressCallback &progress, std::stop_token stop)
    {
        const auto recipe = trialRecipe(request.steps);
        if (!recipe)
            return passError(recipe);
        train::TrainerSetup setup;
        setup.weights = m_tuned.weights;
        setup.adapter = m_tuned.adapter;
        setup.trainDocuments = {&m_document, 1};
        setup.recipe = *recipe;
        train::TrainerHooks hooks;
        hooks.stepFinished = [&](const train::StepReport &report) {
            if (progress)
                progress({tr("Learning the correction"), report.step, request.steps, -1});
        };
        const auto outcome = train::runTraining(setup, hooks, stop);
        m_tuned.adapter->setTraining(false);
        if (!outcome)
            return passError(outcome);
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The trial was cancelled."), tr("Nothing was changed."));
        return {};
    }

    TunedModel m_tuned;
    std::unique_ptr<generate::Generator> m_generator;
    std::vector<data::Record> m_records;
    std::vector<std::vector<TokenId>> m_prompts;
    train::Document m_document;
};

} // namespace

Result<CorrectionTrial> tryCorrection(const CorrectionRequest &request, const Project *project, const ProgressCallback &progress, std::stop_token stop)
{
    if (request.steps < 1 || request.steps > 200)
        return fail(ErrorCode::Usage, tr("A trial has 1 to 200 steps."), {});
    return Trial::run(request, project, progress, stop);
}

} // namespace fettle::engine
