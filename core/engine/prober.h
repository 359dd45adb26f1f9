// Answers the probe prompts of a run with the adapter as it is now, greedily, and keeps the answers: what the checkpoint scrubber shows.
// Works on its own copy of the base weights and never touches what is trained: the result of a run is the same bits with and without it.
// A prober that cannot go on says so once and falls silent; a run never ends because of it. Internal header of the engine.
#pragma once

#include "core/engine/lens.h"
#include "core/engine/runrecorder.h"
#include "core/generate/generator.h"

#include <functional>
#include <memory>
#include <set>

namespace fettle::tune {
class Adapter;
}

namespace fettle::engine {

class Prober {
public:
    struct Setup {
        std::filesystem::path model;
        std::shared_ptr<const Lens> lens;
        const train::Recipe &recipe;
        int threads = 0;
        std::function<bool()> isStopped; // asked for every token: answers that are cut short do not count
    };
    // All references must outlive the prober. The questions of a run that has none yet are chosen and stored now.
    Prober(Project &project, RunRecorder &recorder, const RunEvents &events, Setup setup);

    // Answers what is not answered yet at this step, and the base's answers where they are still missing. checkpoint: where a run that trains the weights
    // themselves was saved; it is answered from there.
    void answerAt(std::int64_t step, const tune::Adapter &adapter, const std::filesystem::path &checkpoint = {});
    // To be called behind the recorder's own hooks. The base answers behind the first step: then it is known how long answers take.
    void listenTo(train::TrainerHooks &hooks, const tune::Adapter &adapter);

private:
    Result<> prepare();
    Result<> ask(const data::RunProbes &known, const data::ProbeChoice &choice);
    void answerBase();
    Result<> answerBaseOnce();
    Result<> answerAll(generate::Generator &model, const std::shared_ptr<const generate::DecodeAdapter> &with, std::int64_t as);
    Result<> answer(std::int64_t step, const tune::Adapter &adapter, const std::filesystem::path &checkpoint);
    Result<> store(std::int64_t step, std::span<const generate::SequenceResult> answers);
    Result<generate::Generator *> base();
    void giveUp(const Error &error);
    void freeWhatIsTight();

    Project &m_project;
    RunRecorder &m_recorder;
    const RunEvents &m_events;
    Setup m_setup;
    std::int64_t m_maxTokens = 64;
    std::vector<std::vector<TokenId>> m_prompts; // by question
    std::set<std::int64_t> m_answered;           // steps
    std::unique_ptr<generate::Generator> m_base; // loaded at the first answer
    bool m_isSilent = false;
    double m_seconds = 0; // that the base's answers took
};

} // namespace fettle::engine
