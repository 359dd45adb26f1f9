#include "core/engine/runqueue.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace fettle::engine {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostWaiting = 10'000;

Json toJson(const ComputeOptions &compute)
{
    return {{"threads", compute.threads}, {"device", compute.device}, {"compute", static_cast<int>(compute.compute)}};
}

std::int64_t integerOf(const Json &json, const char *key)
{
    const auto found = json.find(key);
    return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

ComputeOptions computeFrom(const Json &json)
{
    ComputeOptions compute;
    compute.threads = static_cast<int>(std::clamp<std::int64_t>(integerOf(json, "threads"), 0, 4096));
    compute.device = json.value("device", std::string());
    const std::int64_t type = integerOf(json, "compute");
    if (type > 0 && type <= static_cast<std::int64_t>(ComputeType::Bf16))
        compute.compute = static_cast<ComputeType>(type);
    return compute;
}

// Throws what the library throws for a value of another kind.
std::optional<RunWish> wishFrom(const Json &json)
{
    RunWish wish;
    wish.resume = {integerOf(json, "resume")};
    if (wish.resume.isValid()) {
        wish.compute = computeFrom(json);
        wish.epochs = std::max(0.0, json.value("epochs", 0.0));
        return wish;
    }
    auto recipe = train::recipeFromJson(json.at("recipe"));
    if (!recipe || !train::validate(*recipe))
        return {};
    wish.request.model = json.at("model").get<std::string>();
    wish.request.recipe = std::move(*recipe);
    wish.request.snapshot = {integerOf(json, "snapshot")};
    wish.request.adapter = json.value("adapter", std::string());
    wish.request.compute = computeFrom(json);
    wish.request.tags = json.value("tags", std::vector<std::string>());
    wish.request.note = json.value("note", std::string());
    wish.request.onto = json.value("onto", std::string());
    return wish;
}

} // namespace

std::string textOf(std::span<const RunWish> queue)
{
    Json list = Json::array();
    for (const RunWish &wish : queue) {
        Json json = toJson(wish.resume.isValid() ? wish.compute : wish.request.compute);
        if (wish.resume.isValid()) {
            json["resume"] = wish.resume.value;
            json["epochs"] = wish.epochs;
        } else {
            const TrainRequest &request = wish.request;
            json["model"] = request.model;
            json["recipe"] = train::recipeToJson(request.recipe);
            json["snapshot"] = request.snapshot.value;
            json["adapter"] = request.adapter;
            json["tags"] = request.tags;
            json["note"] = request.note;
            json["onto"] = request.onto;
        }
        list.push_back(std::move(json));
    }
    return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<RunWish> runWishesFrom(std::string_view text)
{
    std::vector<RunWish> queue;
    const Json list = Json::parse(text, nullptr, false);
    if (!list.is_array())
        return queue;
    for (const Json &json : list) {
        try {
            if (auto wish = json.is_object() ? wishFrom(json) : std::nullopt; wish && queue.size() < kMostWaiting)
                queue.push_back(std::move(*wish));
        } catch (const Json::exception &) {
            continue;
        }
    }
    return queue;
}

} // namespace fettle::engine
