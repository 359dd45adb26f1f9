#include "core/engine/history.h"

#include "core/engine/historywords.h"
#include "core/io/appendline.h"
#include "core/io/atomicfile.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
constexpr std::int64_t kReadAtMost = 16 * 1024 * 1024; // bytes at the end of the file

fs::path fileOf(const fs::path &projectFolder) { return projectFolder / "history.jsonl"; }

HistoryEntry entryFrom(const Json &json)
{
    HistoryEntry entry{json.at("id"), json.at("at"), json.at("system"), json.at("seed"), {}, json.value("context", ""), json.value("tools", "")};
    for (const Json &own : json.at("exchanges")) {
        HistoryExchange exchange{own.at("question"), {}};
        for (const Json &answer : own.at("answers"))
            exchange.answers.push_back({answer.at("name"), answer.at("adapter"), answer.at("model"), answer.at("strength"), answer.at("text")});
        entry.exchanges.push_back(std::move(exchange));
    }
    return entry;
}

} // namespace

Result<> addHistory(const fs::path &projectFolder, const HistoryEntry &entry)
{
    Json exchanges = Json::array();
    for (const HistoryExchange &exchange : entry.exchanges) {
        Json answers = Json::array();
        for (const HistoryAnswer &answer : exchange.answers)
            answers.push_back({{"name", answer.name}, {"adapter", answer.adapter}, {"model", answer.model}, {"strength", answer.strength}, {"text", answer.text}});
        exchanges.push_back({{"question", exchange.question}, {"answers", answers}});
    }
    Json json = {{"id", entry.id}, {"at", entry.when}, {"system", entry.system}, {"seed", entry.seed}, {"exchanges", exchanges}};
    if (!entry.context.empty())
        json["context"] = entry.context;
    if (!entry.toolsJson.empty())
        json["tools"] = entry.toolsJson;
    if (auto kept = keepHistoryWords(projectFolder, entry); !kept)
        return kept;
    // A text may hold what is no UTF-8 where an answer was cut within a character.
    return io::appendLine(fileOf(projectFolder), json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<> removeHistory(const fs::path &projectFolder, const std::string &id)
{
    // What is removed is gone from the disk: the file is written anew without it.
    std::ifstream file(fileOf(projectFolder), std::ios::binary);
    if (!file)
        return tl::unexpected(io::fileError(errno, "read", fileOf(projectFolder)));
    std::string kept, line;
    while (std::getline(file, line)) {
        const Json json = Json::parse(line, nullptr, false);
        if (!json.is_object() || json.value("id", Json()) != id)
            kept += line + "\n";
    }
    if (file.bad()) // what could not be read must not be lost
        return tl::unexpected(io::fileError(errno, "read", fileOf(projectFolder)));
    if (auto forgotten = forgetHistoryWords(projectFolder, id); !forgotten)
        return forgotten;
    return io::writeFileAtomically(fileOf(projectFolder), kept);
}

Result<std::vector<HistoryEntry>> readHistory(const fs::path &projectFolder, std::size_t most)
{
    std::vector<HistoryEntry> entries;
    std::error_code problem;
    const auto size = fs::file_size(fileOf(projectFolder), problem);
    if (problem)
        return entries;
    std::ifstream file(fileOf(projectFolder), std::ios::binary);
    if (!file)
        return tl::unexpected(io::fileError(errno, "read", fileOf(projectFolder)));
    std::string line;
    if (static_cast<std::int64_t>(size) > kReadAtMost) {
        file.seekg(static_cast<std::streamoff>(size) - kReadAtMost);
        std::getline(file, line); // the rest of a line
    }
    while (std::getline(file, line)) {
        const Json json = Json::parse(line, nullptr, false);
        if (!json.is_object())
            continue;
        try {
            entries.push_back(entryFrom(json));
        } catch (const Json::exception &) { // another type where a text or a number belongs
        }
    }
    std::reverse(entries.begin(), entries.end());
    std::unordered_set<std::string> seen;
    std::erase_if(entries, [&](const HistoryEntry &entry) { return !seen.insert(entry.id).second; });
    if (entries.size() > most)
        entries.resize(most);
    return entries;
}

} // namespace fettle::engine
