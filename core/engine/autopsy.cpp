#include "core/engine/autopsy.h"

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/trainingdata.h"
#include "core/evaluate/recordloss.h"
#include "core/model/loss.h"
#include "core/model/torcherror.h"
#include "core/model/weights.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace fettle::engine {

namespace {

constexpr std::size_t kChunk = 64;          // records that are stored together
constexpr std::int64_t kTokensPerRow = 512; // a cancel is heard between two rows

// A record as one document whose learnt answer and whose question are both read, and which of its tokens belong to which.
struct Measured {
    train::Document document;
    std::vector<std::uint8_t> isAnswer; // for each token that is read
    std::string hash;
};

Measured measuredFrom(const data::Record &record, data::LabelledTokens tokens)
{
    Measured measured;
    measured.hash = data::contentHash(record);
    measured.document.record = record.id;
    const auto kept = static_cast<std::size_t>(tokens.kept);
    tokens.ids.resize(kept);
    measured.document.ids = std::move(tokens.ids);
    measured.document.trained.assign(kept, 0);
    for (std::size_t i = 1; i < kept; ++i) { // nothing stands before the first token
        const bool isQuestion = tokens.sources[i] == data::TokenSource::Instruction || tokens.sources[i] == data::TokenSource::Context;
        if (tokens.trained[i] == 0 && !isQuestion)
            continue;
        measured.document.trained[i] = 1;
        measured.isAnswer.push_back(tokens.trained[i]);
    }
    return measured;
}

data::BaseLoss lossOf(const Measured &measured, const evaluate::RecordLoss &loss)
{
    double sums[2] = {};
    std::int64_t tokens[2] = {};
    for (std::size_t i = 0; i < loss.logProbabilities.size(); ++i) {
        const std::size_t part = measured.isAnswer[i] != 0 ? 0 : 1;
        sums[part] -= static_cast<double>(loss.logProbabilities[i]);
        ++tokens[part];
    }
    const auto mean = [&](std::size_t part) { return tokens[part] > 0 ? sums[part] / static_cast<double>(tokens[part]) : std::numeric_limits<double>::quiet_NaN(); };
    return {measured.hash, mean(0), mean(1)};
}

// Losses hold for one model and one way of writing a record out.
Result<std::string> autopsyKey(const std::filesystem::path &model, const Lens &lens, const data::RenderOptions &options, std::stop_token stop)
{
    auto weights = modelHash(model, std::move(stop));
    if (!weights)
        return passError(weights);
    const auto probe = lens.label(data::makePair("A question, 1 + 1 = ?", "A context", "An answer."), options);
    if (!probe)
        return passError(probe);
    std::string text = *weights + fmt::format("\n{}\n{}\n", options.maxLength, options.defaultSystem) + probe->text;
    for (const TokenId id : probe->ids)
        text += fmt::format(" {}", id);
    return sha256Hex(text);
}

} // namespace

Result<data::AutopsySummary> runAutopsy(Project &project, const std::string &model, const ComputeOptions &compute, const ProgressCallback &progress, std::stop_token stop)
try {
    if (compute.threads > 0)
        at::set_num_threads(compute.threads);
    const auto path = resolveModel(model);
    if (!path)
        return passError(path);
    auto lens = Lens::open(path->string());
    if (!lens)
        return passError(lens);
    const data::RenderOptions options = renderOptions(project, train::Recipe{});
    const auto key = autopsyKey(*path, **lens, options, stop);
    if (!key)
        return passError(key);
    if (auto done = project.useAutopsyKey(*key, (*lens)->modelName()); !done)
        return passError(done);
    const auto ids = project.recordsWithoutBaseLoss();
    if (!ids)
        return passError(ids);
    if (ids->empty())
        return project.judgeAutopsy();

    auto weights = model::loadWeights(*path, progress, stop);
    if (!weights)
        return passError(weights);
    model::LossEngine engine(*weights);
    const Stopwatch watch;
    std::optional<Error> refused;
    for (std::size_t begin = 0; begin < ids->size(); begin += kChunk) {
        const std::size_t end = std::min(begin + kChunk, ids->size());
        std::vector<Measured> chunk;
        for (std::size_t i = begin; i < end; ++i) {
            const auto record = project.record((*ids)[i]);
            if (!record)
                return passError(record);
            auto tokens = (*lens)->label(*record, options);
            if (tokens)
                chunk.push_back(measuredFrom(*record, std::move(*tokens)));
            else if (tokens.error().code == ErrorCode::BadInput)
                refused = tokens.error(); // by the template: it is left out of training too
            else
                return passError(tokens);
        }
        std::vector<train::Document> documents;
        for (const Measured &measured : chunk)
            documents.push_back(measured.document);
        const auto losses = evaluate::recordLosses(engine, model::NoSites{}, documents, kTokensPerRow, {}, stop);
        if (!losses)
            return losses.error().code == ErrorCode::Cancelled ? fail(ErrorCode::Cancelled, tr("The autopsy was cancelled."), tr("What was measured so far is kept."))
                                                               : passError(losses);
        std::vector<data::BaseLoss> known;
        for (std::size_t i = 0; i < chunk.size(); ++i)
            known.push_back(lossOf(chunk[i], (*losses)[i]));
        if (auto stored = project.storeBaseLosses(known); !stored)
            return passError(stored);
        if (progress) {
            const double each = watch.seconds() / static_cast<double>(end);
            progress({tr("Asking the base model"), static_cast<std::int64_t>(end), static_cast<std::int64_t>(ids->size()), each * static_cast<double>(ids->size() - end)});
        }
    }
    auto summary = project.judgeAutopsy();
    if (summary && summary->measured == 0 && refused)
        return tl::unexpected<Error>(*refused);
    return summary;
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, tr("the autopsy")));
}

} // namespace fettle::engine
