#include "core/engine/trainingdata.h"

#include "core/tune/peftfolder.h"

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

// The setting's short forms in the words of PEFT.
std::string targetList(const std::string &targets)
{
    if (targets == "all")
        return std::string(tune::kAllLinear);
    if (targets == "attention")
        return "q_proj,k_proj,v_proj,o_proj";
    return targets == "mlp" ? "gate_proj,up_proj,down_proj" : targets;
}

} // namespace

data::RenderOptions renderOptions(const Project &project, const train::Recipe &recipe)
{
    data::RenderOptions options;
    options.trainOn = trainOnFromName(recipe.text("trainOn"));
    options.maxLength = recipe.integer("maxLength");
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
        return fail(ErrorCode::BadInput, fmt::format("None of the {} rows can be used. {}", set.failed.size() + set.dropped.size(), set.firstFailure->message),
                    set.firstFailure->hint);
    if (set.dropped.empty())
        return fail(ErrorCode::BadInput, "There is no row to train on.", "Import rows, or put some of them into the training split.");
    if (!set.cut.empty())
        return fail(ErrorCode::BadInput,
                    fmt::format("There is nothing to learn: with a maximum length of {} tokens every answer is cut off.", recipe.integer("maxLength")),
                    fmt::format("Raise maxLength; the longest row has {} tokens.", set.longest));
    return fail(ErrorCode::BadInput, "There is nothing to learn: no row has a trained token.",
                "Check that the rows have answers, and what the run learns from (trainOn).");
}

Result<tune::LoraConfig> loraConfig(const train::Recipe &recipe, const std::string &baseModel)
{
    tune::LoraConfig config;
    config.rank = recipe.integer("rank");
    config.alpha = recipe.real("alpha");
    config.dropout = recipe.real("dropout");
    config.isRankStabilised = recipe.boolean("rslora");
    config.baseModel = baseModel;
    auto targets = tune::parseTargets(targetList(recipe.text("targets")));
    if (!targets)
        return passError(targets);
    config.targets = std::move(*targets);
    return config;
}

Result<std::int64_t> loraParameters(const tune::LoraConfig &config, const model::ModelConfig &model)
{
    std::int64_t parameters = 0;
    for (std::int64_t layer = 0; layer < model.layers; ++layer) {
        for (int i = 0; i < model::kLinearMaps; ++i) {
            const auto map = static_cast<model::LinearMap>(i);
            const auto target = tune::isTarget(config, model::linearName(layer, map), layer);
            if (!target)
                return passError(target);
            if (*target)
                parameters += config.rank * (model::inputSize(model, map) + model::outputSize(model, map));
        }
    }
    return parameters;
}

Result<std::shared_ptr<tune::LoraAdapter>> makeAdapter(const train::Recipe &recipe, const model::ModelConfig &model, const std::string &baseModel,
                                                       const std::string &startFolder)
{
    if (startFolder.empty()) {
        auto config = loraConfig(recipe, baseModel);
        if (!config)
            return passError(config);
        return tune::LoraAdapter::create(model, *config, static_cast<std::uint64_t>(recipe.integer("seed")));
    }
    auto start = tune::loadPeftFolder(startFolder, model);
    if (!start)
        return passError(start);
    tune::LoraConfig config = (*start)->config();
    config.dropout = recipe.real("dropout");
    config.baseModel = baseModel;
    return std::make_shared<tune::LoraAdapter>(std::move(config), (*start)->modules(), model.layers);
}

} // namespace fettle::engine
