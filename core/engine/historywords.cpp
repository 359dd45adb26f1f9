#include "core/engine/historywords.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// An id may come from a file of a stranger: it must not name a place elsewhere.
std::optional<fs::path> fileOf(const fs::path &projectFolder, const std::string &id)
{
    const auto isPlain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; };
    if (id.empty() || id.size() > 64 || !std::ranges::all_of(id, isPlain))
        return {};
    return projectFolder / "history" / (id + ".json");
}

// The shortest number that reads back as the same float.
double shortest(float value)
{
    const std::string text = fmt::format("{}", value);
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number); // whatever the language of the computer
    return number;
}

Json jsonOf(const GeneratedToken &token, const std::string &text)
{
    Json alternatives = Json::array();
    for (const Alternative &other : token.alternatives)
        alternatives.push_back({other.id, other.text, shortest(other.probability)});
    return {token.id, text, shortest(token.probability), std::move(alternatives)};
}

// JSON holds whole characters only: one that lies in several tokens goes to the last of them.
Json jsonOf(const std::vector<GeneratedToken> &tokens)
{
    Json all = Json::array();
    std::string held;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        held += tokens[i].text;
        const std::size_t whole = i + 1 < tokens.size() ? held.size() - unfinishedUtf8Tail(held) : held.size();
        all.push_back(jsonOf(tokens[i], replaceInvalidUtf8(std::string_view(held).substr(0, whole))));
        held.erase(0, whole);
    }
    return all;
}

GeneratedToken tokenFrom(const Json &json)
{
    GeneratedToken token{0, json.at(0), json.at(1), json.at(2), {}};
    for (const Json &other : json.at(3))
        token.alternatives.push_back({other.at(0), other.at(1), other.at(2)});
    return token;
}

Json jsonOf(const ColumnBadge &badge)
{
    return {{"isAdapterOn", badge.isAdapterOn}, {"adapterName", badge.adapterName}, {"strength", badge.strength}, {"adapterHash", badge.adapterHash}, {"weightHash", badge.weightHash},
            {"step", badge.step}, {"secondName", badge.secondName}, {"secondHash", badge.secondHash}, {"secondStrength", badge.secondStrength},
            {"otherModel", badge.otherModel}, {"promptTokens", badge.promptTokens}, {"isLive", badge.isLive}, {"notices", badge.notices}};
}

ColumnBadge badgeFrom(const Json &json)
{
    ColumnBadge badge;
    badge.isAdapterOn = json.at("isAdapterOn");
    badge.adapterName = json.at("adapterName");
    badge.strength = json.at("strength");
    badge.adapterHash = json.at("adapterHash");
    badge.weightHash = json.at("weightHash");
    badge.step = json.at("step");
    badge.secondName = json.at("secondName");
    badge.secondHash = json.at("secondHash");
    badge.secondStrength = json.at("secondStrength");
    badge.otherModel = json.at("otherModel");
    badge.promptTokens = json.at("promptTokens");
    badge.isLive = json.at("isLive");
    badge.notices = json.at("notices").get<std::vector<std::string>>();
    return badge;
}

// Of the same answer only: a crash may have left the words of a newer state.
void putBack(HistoryAnswer &answer, const Json &json)
{
    std::vector<GeneratedToken> tokens;
    std::string text;
    for (const Json &token : json.at("tokens")) {
        tokens.push_back(tokenFrom(token));
        text += tokens.back().text;
    }
    if (json.value("text", text) != answer.text) // files of earlier versions hold the tokens alone
        return;
    answer.ending = json.at("ending");
    if (json.contains("badge"))
        answer.badge = badgeFrom(json.at("badge"));
    answer.tokens = std::move(tokens);
}

} // namespace

Result<> keepHistoryWords(const fs::path &projectFolder, const HistoryEntry &entry)
{
    const auto file = fileOf(projectFolder, entry.id);
    Json exchanges = Json::array();
    bool hasTokens = false;
    for (const HistoryExchange &exchange : entry.exchanges) {
        Json answers = Json::array();
        for (const HistoryAnswer &answer : exchange.answers) {
            hasTokens |= !answer.tokens.empty();
            Json json = {{"ending", answer.ending}, {"text", answer.text}, {"tokens", jsonOf(answer.tokens)}};
            if (answer.badge)
                json["badge"] = jsonOf(*answer.badge);
            answers.push_back(std::move(json));
        }
        exchanges.push_back(std::move(answers));
    }
    if (!file || !hasTokens)
        return {};
    std::error_code problem;
    fs::create_directory(file->parent_path(), problem);
    return io::writeFileAtomically(*file, Json({{"baseModel", entry.baseModel}, {"exchanges", std::move(exchanges)}}).dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<> forgetHistoryWords(const fs::path &projectFolder, const std::string &id)
{
    std::error_code problem;
    if (const auto file = fileOf(projectFolder, id))
        fs::remove(*file, problem);
    if (problem)
        return tl::unexpected(io::fileError(problem.value(), "remove", *fileOf(projectFolder, id)));
    return {};
}

Result<HistoryEntry> readHistoryWords(const fs::path &projectFolder, HistoryEntry entry)
{
    const auto file = fileOf(projectFolder, entry.id);
    std::error_code problem;
    if (!file || !fs::exists(*file, problem))
        return entry;
    const auto json = io::readJsonFile(*file);
    if (!json)
        return passError(json);
    HistoryEntry whole = entry;
    try {
        whole.baseModel = json->at("baseModel");
        const auto &exchanges = json->at("exchanges");
        for (std::size_t i = 0; i < std::min(entry.exchanges.size(), exchanges.size()); ++i)
            for (std::size_t k = 0; k < std::min(entry.exchanges[i].answers.size(), exchanges[i].size()); ++k)
                putBack(whole.exchanges[i].answers[k], exchanges[i][k]);
    } catch (const Json::exception &) { // another type where a text or a number belongs
        return fail(ErrorCode::BadInput, tr("{} is damaged: the probabilities of this conversation cannot be shown.", file->string()),
                    tr("The conversation itself is whole. Ask again to see them."));
    }
    return whole;
}

} // namespace fettle::engine
