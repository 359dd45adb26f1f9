#include "core/engine/delivery.h"

#include "core/base/words.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/trainingdata.h"
#include "core/engine/tunedmodel.h"
#include "core/evaluate/recordloss.h"
#include "core/io/atomicfile.h"
#include "core/model/loss.h"

#include <cmath>
#include <fmt/format.h>

namespace fettle::engine {

namespace {

void useThreads(const ComputeOptions &compute)
{
    if (compute.threads > 0)
        at::set_num_threads(compute.threads);
}

} // namespace

Result<ScoreResult> scoreRecords(const std::string &model, const std::string &adapter, const std::vector<data::Record> &records, data::TrainOn trainOn,
                                 const Project *project, const ComputeOptions &compute, const ProgressCallback &progress, std::stop_token stop)
{
    useThreads(compute);
    const auto path = resolveModel(model);
    if (!path)
        return passError(path);
    auto lens = Lens::open(path->string());
    if (!lens)
        return passError(lens);
    std::vector<train::Document> documents;
    // As in training: the project's own joining rule and system prompt, and nothing cut.
    data::RenderOptions options = project != nullptr ? renderOptions(*project, train::Recipe{}) : data::RenderOptions{};
    options.trainOn = trainOn;
    options.maxLength = 0;
    for (const data::Record &record : records) {
        auto tokens = (*lens)->label(record, options);
        if (!tokens)
            return passError(tokens);
        documents.push_back({record.id, std::move(tokens->ids), std::move(tokens->trained)});
    }
    const auto tuned = loadTuned(*path, adapter, project, progress, stop);
    if (!tuned)
        return passError(tuned);
    const model::NoSites nothing;
    const model::Sites &sites = tuned->adapter ? static_cast<const model::Sites &>(*tuned->adapter) : nothing;
    model::LossOptions within;
    within.isStopped = [stop] { return stop.stop_requested(); };
    model::LossEngine engine(tuned->weights, within);
    auto losses = evaluate::recordLosses(engine, sites, documents, 1024, progress, stop);
    if (!losses)
        return passError(losses);
    ScoreResult result;
    double sum = 0;
    std::int64_t tokens = 0;
    for (auto &loss : *losses) {
        sum += loss.sum;
        tokens += loss.tokens;
        result.rows.push_back({loss.mean(), loss.tokens, std::move(loss.logProbabilities)});
    }
    result.loss = tokens > 0 ? sum / static_cast<double>(tokens) : 0.0;
    result.perplexity = std::exp(result.loss);
    return result;
}

Result<> writeFile(const std::filesystem::path &file, std::string_view bytes)
{
    return io::writeFileAtomically(file, bytes);
}

} // namespace fettle::engine
