#include "core/train/mixshares.h"
#include "core/engine/trainingdata.h"
#include "core/base/words.h"
#include "core/train/mix.h"

#include <fmt/format.h>

namespace fettle::engine {
namespace {

data::TrainOn trainOnFromName(std::string_view name)
{
    if (name == "assistant")
        return data::TrainOn::Assistant;
    return name == "all" ? data::TrainOn::All : data::TrainOn::Completion;
}

} // namespace

data::RenderOptions renderOptions(const train::Recipe &recipe)
{
    data::RenderOptions options;
    options.trainOn = trainOnFromName(recipe.text("trainOn"));
    options.maxLength = recipe.integer("maxLength");
    return options;
}

data::RenderOptions renderOptions(const Project &project, const train::Recipe &recipe)
{
    data::RenderOptions options = renderOptions(recipe);
    if (auto separator = project.textSetting("contextSeparator"))
        options.contextJoin.separator = std::move(*separator);
    if (auto system = project.textSetting("defaultSystem"))
        options.defaultSystem = std::move(*system);
    return options;
}

train::Recipe withProjectMix(const Project &project, train::Recipe recipe)
{
    if (recipe.text("mix").empty()) {
        if (auto mix = project.textSetting("mix"))
            recipe.values["mix"] = std::move(*mix);
    }
    return recipe;
}

Result<TrainingData> labelTrainingData(const Lens &lens, std::span<const data::Record> trainRecords,
                                       std::span<const data::Record> heldOutRecords, const data::RenderOptions &options, const train::Recipe &recipe, int threads,
                                       const ProgressCallback &progress, std::stop_token stop)
{
    const auto label = [&](const data::Record &record) { return lens.label(record, options); };
    TrainingData data;
    for (auto &[records, set] : {std::pair{trainRecords, &data.train}, std::pair{heldOutRecords, &data.heldOut}}) {
        auto labelled = train::labelRecords(records, label, threads, progress, stop);
        if (!labelled)
            return passError(labelled);
        *set = std::move(*labelled);
    }
    auto unknown = train::applyMix(data.train, trainRecords, recipe.text("mix"));
    if (!unknown)
        return passError(unknown);
    data.unknownSets = std::move(*unknown);
    return data;
}

Result<> checkTrainingData(const TrainingData &data, const train::Recipe &recipe)
{
    const train::LabelledSet &set = data.train;
    if (set.trainedTokens > 0)
        return {};
    if (set.firstFailure)
        return fail(ErrorCode::BadInput, tr("None of the {} rows can be used. {}", set.failed.size() + set.dropped.size(), set.firstFailure->message),
                    set.firstFailure->hint);
    if (train::isMixed(recipe.text("mix")) && set.documents.empty() && set.longest > 0 && set.dropped.empty())
        return fail(ErrorCode::BadInput, tr("The mix leaves out every row."), tr("Give at least one set a weight above 0."));
    if (set.dropped.empty())
        return fail(ErrorCode::BadInput, tr("There is no row to train on."), tr("Import rows, or put some of them into the training split."));
    if (!set.cut.empty())
        return fail(ErrorCode::BadInput,
                    tr("There is nothing to learn: with a maximum length of {} tokens every answer is cut off.", recipe.integer("maxLength")),
                    tr("Raise maxLength; the longest row has {} tokens.", set.longest));
    return fail(ErrorCode::BadInput, tr("There is nothing to learn: no row has a trained token."),
                tr("Check that the rows have answers, and what the run learns from (trainOn)."));
}

} // namespace fettle::engine
