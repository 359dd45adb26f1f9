#include "core/evaluate/recordloss.h"

#include "core/base/words.h"
#include "core/train/lossbatch.h"

#include <chrono>
#include <numeric>

namespace fettle::evaluate {

namespace {

// The losses of a packed row belong to its documents by the borders between them.
void distribute(const train::PackedRow &row, const at::Tensor &losses, std::vector<RecordLoss> &result)
{
    const at::Tensor values = losses.to(at::kCPU, at::kFloat).contiguous();
    const float *loss = values.const_data_ptr<float>();
    std::size_t document = 0;
    for (std::size_t i = 0; i < row.targetPositions.size(); ++i) {
        while (row.targetPositions[i] >= row.borders[document + 1])
            ++document;
        RecordLoss &record = result[static_cast<std::size_t>(row.documents[document])];
        record.sum += loss[i];
        record.tokens += 1;
        record.logProbabilities.push_back(-loss[i]);
    }
}

} // namespace

Result<std::vector<RecordLoss>> recordLosses(model::LossEngine &engine, const model::Sites &sites, std::span<const train::Document> documents,
                                             std::int64_t tokensPerRow, const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<RecordLoss> result(documents.size());
    std::vector<std::int64_t> all(documents.size());
    std::iota(all.begin(), all.end(), 0);
    train::BatchSettings settings;
    settings.tokensPerMicroBatch = tokensPerRow;
    const auto rows = train::packRows(documents, all, settings);
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Scoring was cancelled."));
        if (progress) {
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            progress({"Scoring", static_cast<std::int64_t>(i), static_cast<std::int64_t>(rows.size()),
                      i > 0 ? seconds / static_cast<double>(i) * static_cast<double>(rows.size() - i) : -1});
        }
        if (rows[i].targets.empty())
            continue;
        auto outcome = engine.loss(train::toLossBatch(rows[i]), sites);
        if (!outcome)
            return passError(outcome);
        distribute(rows[i], outcome->losses, result);
    }
    return result;
}

} // namespace fettle::evaluate
