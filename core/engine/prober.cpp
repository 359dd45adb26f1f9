#include "core/engine/prober.h"

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/engine/ballot.h"
#include "core/engine/trainingdata.h"
#include "core/generate/decodeweights.h"
#include "core/tune/adapter.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::engine {

namespace {

constexpr double kAmpleShare = 0.25; // of the free memory: a base that needs less stays loaded between the evaluations

data::Record recordOf(const std::string &question)
{
    data::Record record;
    record.turns.push_back({data::Role::User, question, {}});
    return record;
}

} // namespace

Prober::Prober(Project &project, RunRecorder &recorder, const RunEvents &events, Setup setup)
    : m_project(project)
    , m_recorder(recorder)
    , m_events(events)
    , m_setup(std::move(setup))
{
    if (auto prepared = prepare(); !prepared)
        giveUp(prepared.error());
    m_isSilent = m_isSilent || m_prompts.empty();
}

void Prober::giveUp(const Error &error)
{
    m_isSilent = true;
    m_base.reset();
    m_recorder.notice(tr("The probe prompts are not answered any more: {} The training is not concerned.", error.message));
}

Result<> Prober::prepare()
{
    const RunId run = m_recorder.info().id;
    auto known = m_project.probes(run);
    if (!known)
        return passError(known);
    const data::ProbeChoice choice = data::probeChoiceFrom(m_project.setting(data::kProbeSetting).value_or(std::string()));
    m_maxTokens = choice.maxTokens;
    for (const data::ProbeAnswer &answer : known->answers)
        m_answered.insert(answer.step);
    if (known->questions.empty() && choice.isNone())
        return {};
    return ask(*known, choice);
}

// The questions as the model reads them. Those of a run that has none yet are chosen and pinned.
Result<> Prober::ask(const data::RunProbes &known, const data::ProbeChoice &choice)
{
    const RunInfo &run = m_recorder.info();
    auto heldOut = m_project.snapshotRecords(run.snapshot, data::Split::HeldOut);
    if (heldOut && heldOut->empty()) // nothing is held out: what it learns from is better than nothing
        heldOut = m_project.snapshotRecords(run.snapshot, data::Split::Train);
    if (!heldOut)
        return passError(heldOut);
    std::vector<std::pair<data::ProbeQuestion, data::Record>> wanted;
    if (known.questions.empty()) {
        for (const std::string &question : choice.own)
            wanted.push_back({{{}, question, {}}, recordOf(question)});
        for (const std::size_t index : data::drawProbes(*heldOut, choice.fromHeldOut, static_cast<std::uint64_t>(m_setup.recipe.integer("seed")))) {
            const data::Record &record = (*heldOut)[index];
            wanted.push_back({{record.id, questionText(record), std::string(data::responseOf(record))}, record});
        }
    } else {
        for (const data::ProbeQuestion &question : known.questions) {
            const auto record = std::ranges::find(*heldOut, question.record, &data::Record::id);
            wanted.push_back({question, question.record.isValid() && record != heldOut->end() ? *record : recordOf(question.question)});
        }
    }
    data::RenderOptions options = renderOptions(m_project, m_setup.recipe);
    options.addGenerationPrompt = true;
    options.maxLength = 0;
    std::vector<data::ProbeQuestion> pinned;
    for (const auto &[question, record] : wanted) {
        auto prompt = m_setup.lens->label(record, options);
        if (!prompt || prompt->ids.empty()) {
            if (known.questions.empty())
                continue; // the template refuses this row: it is left out of the training too
            return fail(ErrorCode::BadInput, tr("the question \"{}\" cannot be written out any more.", question.question));
        }
        m_prompts.push_back(std::move(prompt->ids));
        pinned.push_back(question);
    }
    return known.questions.empty() ? m_project.putProbes(run.id, pinned) : Result<>();
}

Result<generate::Generator *> Prober::base()
{
    if (!m_base) {
        auto loaded = generate::Generator::load(m_setup.model, m_setup.threads);
        if (!loaded)
            return passError(loaded);
        m_base = std::move(*loaded);
    }
    return m_base.get();
}

Result<> Prober::store(std::int64_t step, std::span<const generate::SequenceResult> answers)
{
    std::vector<std::string> texts;
    for (const generate::SequenceResult &answer : answers) {
        if (answer.finish == generate::Finish::Stopped)
            return {}; // the user wants something else now: this step stays without answers until it is asked for again
        texts.push_back(answer.text);
    }
    if (auto stored = m_project.putProbeAnswers(m_recorder.info().id, step, texts); !stored)
        return stored;
    m_answered.insert(step);
    if (m_events.probed)
        m_events.probed(m_recorder.info().id, step);
    return {};
}

Result<> Prober::answerAll(generate::Generator &model, const std::shared_ptr<const generate::DecodeAdapter> &with, std::int64_t as)
{
    std::stop_source stop;
    generate::GenerateCallbacks callbacks;
    callbacks.token = [&](const generate::TokenEvent &) {
        if (m_setup.isStopped && m_setup.isStopped())
            stop.request_stop();
    };
    std::vector<generate::SequenceRequest> requests;
    for (const std::vector<TokenId> &prompt : m_prompts) {
        generate::SequenceRequest request;
        request.prompt = prompt;
        request.adapter = with;
        request.sampling.isGreedy = true;
        request.maxTokens = static_cast<int>(m_maxTokens);
        requests.push_back(std::move(request));
    }
    auto results = model.generate(requests, callbacks, stop.get_token());
    return results ? store(as, *results) : passError(results);
}

Result<> Prober::answerBaseOnce()
{
    if (m_answered.contains(data::kBaseStep))
        return {};
    auto model = base();
    if (!model)
        return passError(model);
    const Stopwatch watch;
    auto done = answerAll(**model, nullptr, data::kBaseStep);
    m_seconds = watch.seconds();
    return done;
}

void Prober::answerBase()
{
    if (m_isSilent || m_answered.contains(data::kBaseStep) || (m_setup.isStopped && m_setup.isStopped()))
        return;
    if (auto done = answerBaseOnce(); !done)
        giveUp(done.error());
    if (m_recorder.info().method == "full")
        m_base.reset(); // checkpoints answer from here on
    freeWhatIsTight();
}

Result<> Prober::answer(std::int64_t step, const tune::Adapter &adapter, const std::filesystem::path &checkpoint)
{
    if (auto done = answerBaseOnce(); !done)
        return done;
    if (!checkpoint.empty()) { // a whole model
        m_base.reset();
        auto model = generate::Generator::load(checkpoint, m_setup.threads);
        return model ? answerAll(**model, nullptr, step) : passError(model);
    }
    auto model = base();
    if (!model)
        return passError(model);
    auto with = (*model)->addAdapter(adapter);
    return with ? answerAll(**model, *with, step) : passError(with);
}

void Prober::answerAt(std::int64_t step, const tune::Adapter &adapter, const std::filesystem::path &checkpoint)
{
    const bool isModel = m_recorder.info().method == "full";
    if (m_setup.isStopped && m_setup.isStopped())
        return; // a pause frees the memory within seconds; a resumed run catches up
    if (m_isSilent || m_answered.contains(step) || (isModel && checkpoint.empty()))
        return;
    if (auto done = answer(step, adapter, isModel ? checkpoint : std::filesystem::path()); !done)
        giveUp(done.error());
    freeWhatIsTight();
}

void Prober::freeWhatIsTight()
{
    if (m_base && static_cast<double>(m_base->weights().bytes()) > kAmpleShare * static_cast<double>(memoryFigures().availableBytes))
        m_base.reset();
}

void Prober::listenTo(train::TrainerHooks &hooks, const tune::Adapter &adapter)
{
    hooks.evaluated = [this, &adapter, before = hooks.evaluated](const train::EvalReport &report) {
        before(report);
        answerAt(report.step, adapter);
    };
    hooks.betweenSteps = [this, before = hooks.betweenSteps] {
        if (before)
            before();
        answerBase();
    };
    hooks.besideEvaluation = [this] { return m_seconds; };
    hooks.checkpointed = [this, &adapter, before = hooks.checkpointed](const train::CheckpointReport &report) {
        before(report);
        answerAt(report.step, adapter, report.path);
    };
}

} // namespace fettle::engine
