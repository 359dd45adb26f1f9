#include "core/train/lossbatch.h"
#include "core/base/words.h"
#include "core/model/device.h"

#include <algorithm>
#include <iterator>

namespace fettle::train {
namespace {

at::Tensor toTensor(const std::vector<std::int64_t> &values)
{
    return at::tensor(values, at::kLong);
}

at::Tensor toTensor(const std::vector<TokenId> &values)
{
    return at::tensor(values, at::kInt).to(at::kLong);
}

} // namespace

model::LossBatch toLossBatch(const PackedRow &row)
{
    return {{toTensor(row.ids), toTensor(row.positions), row.borders}, toTensor(row.targetPositions), toTensor(row.targets)};
}

model::LossOptions lossOptions(const Recipe &recipe, model::StopCheck isStopped)
{
    model::LossOptions options;
    options.isStopped = std::move(isStopped);
    const std::string checkpointing = recipe.text("checkpointing");
    if (checkpointing == "full")
        options.checkpointing = model::Checkpointing::Full;
    else if (checkpointing == "selective")
        options.checkpointing = model::Checkpointing::Selective;
    if (recipe.text("compute") == "bf16")
        options.frozenProducts = model::fast::Factors::Bf16;
    auto device = model::findDevice(recipe.text("device"));
    if (!device)
        throw model::Refused(device.error());
    options.device = *device;
    return options;
}

std::vector<DocumentLoss> lossByDocument(const PackedRow &row, const at::Tensor &losses)
{
    const at::Tensor values = losses.to(at::kCPU, at::kFloat).contiguous();
    const float *loss = values.const_data_ptr<float>();
    std::vector<DocumentLoss> result;
    std::size_t target = 0;
    for (std::size_t d = 0; d < row.documents.size(); ++d) {
        DocumentLoss document{row.documents[d], 0.0, 0};
        for (; target < row.targets.size() && row.targetPositions[target] < row.borders[d + 1]; ++target) {
            document.loss += static_cast<double>(loss[target]);
            ++document.tokens;
        }
        if (document.tokens == 0)
            continue;
        document.loss /= static_cast<double>(document.tokens);
        result.push_back(document);
    }
    return result;
}

Result<LossTotals> lossOver(model::LossEngine &engine, const model::Sites &sites, std::span<const PackedRow> rows,
                            const std::function<bool()> &isStopped, bool wantsDocuments)
{
    LossTotals totals;
    for (const PackedRow &row : rows) {
        if (isStopped && isStopped())
            return fail(ErrorCode::Cancelled, tr("The evaluation was cancelled."));
        if (row.targets.empty())
            continue;
        auto outcome = engine.loss(toLossBatch(row), sites);
        if (!outcome)
            return passError(outcome);
        totals.sum += outcome->sum;
        totals.tokens += outcome->tokens;
        totals.correct += outcome->correct;
        if (wantsDocuments)
            std::ranges::move(lossByDocument(row, outcome->losses), std::back_inserter(totals.documents));
    }
    return totals;
}

} // namespace fettle::train
