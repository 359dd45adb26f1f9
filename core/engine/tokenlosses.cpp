#include "core/engine/tokenlosses.h"

#include "core/base/words.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/tunedmodel.h"
#include "core/evaluate/recordloss.h"
#include "core/model/loss.h"
#include "core/model/torcherror.h"

#include <limits>

namespace fettle::engine {

struct TokenLosses::State {
    std::shared_ptr<const Lens> lens;
    TunedModel tuned;
    std::unique_ptr<model::LossEngine> engine;
};

TokenLosses::TokenLosses(std::unique_ptr<State> state) : m_state(std::move(state)) { }
TokenLosses::~TokenLosses() = default;

Result<std::unique_ptr<TokenLosses>> TokenLosses::open(const std::string &model, const std::string &adapter, const Project *project, const ComputeOptions &compute,
                                                       const ProgressCallback &progress, std::stop_token stop)
try {
    if (compute.threads > 0)
        at::set_num_threads(compute.threads);
    const auto path = resolveModel(model);
    if (!path)
        return passError(path);
    auto lens = Lens::open(path->string());
    if (!lens)
        return passError(lens);
    auto tuned = loadTuned(*path, adapter, project, progress, std::move(stop));
    if (!tuned)
        return passError(tuned);
    auto state = std::make_unique<State>(State{std::move(*lens), std::move(*tuned), nullptr});
    state->engine = std::make_unique<model::LossEngine>(state->tuned.weights);
    return std::unique_ptr<TokenLosses>(new TokenLosses(std::move(state)));
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, tr("loading the model")));
}

Result<std::vector<float>> TokenLosses::of(const data::Record &record, const data::RenderOptions &options, std::stop_token stop)
try {
    auto tokens = m_state->lens->label(record, options);
    if (!tokens)
        return passError(tokens);
    std::vector<float> losses(tokens->ids.size(), std::numeric_limits<float>::quiet_NaN());
    const auto kept = static_cast<std::size_t>(tokens->kept);
    if (kept < 2)
        return losses;
    train::Document document;
    document.record = record.id;
    tokens->ids.resize(kept);
    document.ids = std::move(tokens->ids);
    document.trained.assign(kept, 1);
    const model::NoSites nothing;
    const model::Sites &sites = m_state->tuned.adapter ? static_cast<const model::Sites &>(*m_state->tuned.adapter) : nothing;
    const auto read = evaluate::recordLosses(*m_state->engine, sites, {&document, 1}, 1024, {}, std::move(stop));
    if (!read)
        return passError(read);
    const std::vector<float> &logProbabilities = read->front().logProbabilities; // of the tokens from the second one on
    for (std::size_t i = 0; i < logProbabilities.size(); ++i)
        losses[i + 1] = -logProbabilities[i];
    return losses;
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, tr("reading the record")));
}

} // namespace fettle::engine
