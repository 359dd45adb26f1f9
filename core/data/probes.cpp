#include "core/data/probes.h"

#include "core/base/random.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

namespace fettle::data {

namespace {

constexpr std::int64_t kMostRows = 64, kMostTokens = 1024;
constexpr std::size_t kMostQuestions = 64;
constexpr std::uint64_t kProbeStream = 3; // questions and sides of a blind vote are drawn from 1 and 2

std::int64_t numberIn(const nlohmann::json &json, const char *key, std::int64_t standard, std::int64_t low, std::int64_t high)
{
    const auto found = json.find(key);
    return found != json.end() && found->is_number_integer() ? std::clamp(found->get<std::int64_t>(), low, high) : standard;
}

} // namespace

std::string probeChoiceText(const ProbeChoice &choice)
{
    return nlohmann::json{{"fromHeldOut", choice.fromHeldOut}, {"maxTokens", choice.maxTokens}, {"own", choice.own}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

ProbeChoice probeChoiceFrom(const std::string &text)
{
    ProbeChoice choice;
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object())
        return choice;
    choice.fromHeldOut = numberIn(json, "fromHeldOut", choice.fromHeldOut, 0, kMostRows);
    choice.maxTokens = numberIn(json, "maxTokens", choice.maxTokens, 1, kMostTokens);
    if (const auto own = json.find("own"); own != json.end() && own->is_array()) {
        for (const nlohmann::json &question : *own) {
            if (question.is_string() && !question.get_ref<const std::string &>().empty() && choice.own.size() < kMostQuestions)
                choice.own.push_back(question.get<std::string>());
        }
    }
    return choice;
}

std::vector<std::size_t> drawProbes(std::span<const Record> heldOut, std::int64_t count, std::uint64_t seed)
{
    std::vector<std::size_t> order(heldOut.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    RandomStream(seed, kProbeStream).shuffle(std::span(order));
    std::map<std::string, std::vector<std::size_t>> byTag; // first tag, in the drawn order
    for (const std::size_t index : order)
        byTag[heldOut[index].tags.empty() ? std::string() : heldOut[index].tags.front()].push_back(index);
    std::vector<std::size_t> chosen;
    for (std::size_t round = 0; chosen.size() < std::min(static_cast<std::size_t>(std::max<std::int64_t>(count, 0)), order.size()); ++round) {
        for (const auto &[tag, rows] : byTag) {
            if (round < rows.size() && static_cast<std::int64_t>(chosen.size()) < count)
                chosen.push_back(rows[round]);
        }
    }
    return chosen;
}

} // namespace fettle::data
