#include "core/engine/delivery.h"

#include "core/base/words.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/trainingdata.h"
#include "core/engine/tunedmodel.h"
#include "core/evaluate/recordloss.h"
#include "core/export/exporting.h"
#include "core/io/atomicfile.h"
#include "core/model/loss.h"
#include "core/tune/bottleneck.h"

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

Result<ExportResult> exportAdapter(const ExportRequest &request, const Project *project, const ProgressCallback &progress, std::stop_token stop)
{
    if (request.target != "peft" && request.target != "adapterhub" && request.target != "merged")
        return fail(ErrorCode::Usage, tr("\"{}\" is no export.", request.target), tr("Choose peft, adapterhub or merged."));
    const auto path = resolveModel(request.model);
    if (!path)
        return passError(path);
    const auto tuned = loadTuned(*path, request.adapter, project, progress, stop);
    if (!tuned)
        return passError(tuned);
    if (request.target != "merged" && !tuned->adapter)
        return fail(ErrorCode::Usage, tr("The weights themselves were trained: there is no adapter to export."), tr("Export it as merged; the result is a model folder."));
    const bool isBottleneck = std::dynamic_pointer_cast<tune::BottleneckAdapter>(tuned->adapter) != nullptr;
    if (request.target == "peft" && isBottleneck)
        return fail(ErrorCode::Usage, tr("PEFT has no bottleneck adapters."), tr("Export it as adapterhub."));
    if (request.target == "adapterhub" && !isBottleneck)
        return fail(ErrorCode::Usage, tr("Only bottleneck adapters are written in AdapterHub's form."), tr("Export it as peft."));
    const exporting::Source source{tuned->path, tuned->weights, tuned->adapter};
    const auto type = request.type == "f16" ? exporting::MergedType::F16 : request.type == "bf16" ? exporting::MergedType::Bf16 : exporting::MergedType::F32;
    auto outcome = request.target == "merged" ? exporting::exportMerged(source, type, request.folder, progress, stop)
                                              : exporting::exportAdapterFolder(source, request.folder, progress, stop);
    if (!outcome)
        return passError(outcome);
    const auto &test = outcome->selfTest;
    return ExportResult{outcome->files, outcome->bytes, {test.hasPassed, test.maxLogitDifference, test.prompts, test.cause}};
}

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
    model::LossEngine engine(tuned->weights);
    auto losses = evaluate::recordLosses(engine, sites, documents, 256, progress, stop); // short rows: a cancel is heard between them
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
