// The job travels as one CBOR document.
#include "core/engine/rankjob.h"

#include <nlohmann/json.hpp>

namespace fettle::engine {
namespace {

nlohmann::json toJson(const std::vector<train::Document> &documents)
{
    nlohmann::json all = nlohmann::json::array();
    for (const train::Document &document : documents)
        all.push_back({document.record.value, document.ids, document.trained, document.weight});
    return all;
}

std::vector<train::Document> documentsFrom(const nlohmann::json &all)
{
    std::vector<train::Document> documents;
    for (const nlohmann::json &one : all)
        documents.push_back({RecordId{one[0].get<std::int64_t>()}, one[1].get<std::vector<TokenId>>(), one[2].get<std::vector<std::uint8_t>>(), one[3].get<double>()});
    return documents;
}

} // namespace

Result<> sendJob(train::Ranks &ranks, const StartPoint &start, const std::vector<train::EpochChange> &epochChanges, const TrainingData &data)
{
    nlohmann::json changes = nlohmann::json::array();
    for (const train::EpochChange &change : epochChanges)
        changes.push_back({change.step, change.epochs});
    const nlohmann::json job = {{"recipe", recipeToJson(start.recipe)}, {"model", start.model.string()},  {"start", start.startFolder},
                                {"checkpoint", start.checkpoint.string()}, {"changes", changes},          {"train", toJson(data.train.documents)},
                                {"heldOut", toJson(data.heldOut.documents)}};
    std::string bytes;
    nlohmann::json::to_cbor(job, bytes);
    return ranks.broadcast(bytes);
}

Result<RankJob> receiveJob(train::Ranks &ranks)
{
    std::string bytes;
    if (auto received = ranks.broadcast(bytes); !received)
        return passError(received);
    const nlohmann::json job = nlohmann::json::from_cbor(bytes);
    auto recipe = train::recipeFromJson(job.at("recipe"));
    if (!recipe)
        return passError(recipe);
    RankJob result{{std::move(*recipe), job.at("model").get<std::string>(), job.at("start").get<std::string>(), job.at("checkpoint").get<std::string>()},
                   {},
                   documentsFrom(job.at("train")),
                   documentsFrom(job.at("heldOut"))};
    for (const nlohmann::json &change : job.at("changes"))
        result.epochChanges.push_back({change[0].get<std::int64_t>(), change[1].get<double>()});
    return result;
}

Result<Trainee> loadTrainees(train::Ranks *ranks, const StartPoint &start, const ProgressCallback &progress, std::stop_token stop, KeptBase *kept)
{
    auto trainee = loadTrainee(start, progress, std::move(stop), kept);
    if (!ranks)
        return trainee;
    if (auto agreed = ranks->agree(trainee ? Result<>() : Result<>(passError(trainee))); !agreed)
        return passError(agreed);
    return trainee;
}

} // namespace fettle::engine
