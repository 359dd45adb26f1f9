#include "core/engine/trainingdata.h"
#include "core/base/words.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::engine {
namespace {

data::TrainOn trainOnFromName(std::string_view name)
{
    if (name == "assistant")
        return data::TrainOn::Assistant;
    return name == "all" ? data::TrainOn::All : data::TrainOn::Completion;
}

// Settings of a project are JSON values.
std::optional<std::string> textSetting(const Project &project, const std::string &key)
{
    const auto stored = project.setting(key);
    if (!stored)
        return {};
    const nlohmann::json value = nlohmann::json::parse(*stored, nullptr, false);
    return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
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
    if (auto separator = textSetting(project, "contextSeparator"))
        options.contextJoin.separator = std::move(*separator);
    if (auto system = textSetting(project, "defaultSystem"))
        options.defaultSystem = std::move(*system);
    return options;
}

Result<TrainingData> labelTrainingData(const Lens &lens, std::span<const data::Record> trainRecords,
                                       std::span<const data::Record> heldOutRecords, const data::RenderOptions &options, int threads,
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
