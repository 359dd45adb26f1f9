#include "core/engine/answerstore.h"

#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/base/words.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace fettle::engine {

namespace {

// The text may hold what is no UTF-8 where an answer was cut within a character.
std::string lineOf(const nlohmann::json &entry)
{
    return entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

AnswerStore::AnswerStore(const std::filesystem::path &folder, const std::string &key)
{
    if (folder.empty())
        return;
    m_file = folder / (sha256Hex(key).substr(0, 32) + ".jsonl");
    read();
}

void AnswerStore::read()
{
    std::ifstream file(m_file, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) {
        m_endsInLine = !file.eof();
        const auto entry = nlohmann::json::parse(line, nullptr, false);
        if (!entry.is_object())
            continue;
        try {
            if (entry.contains("prompt")) {
                evaluate::ColumnAnswer answer;
                answer.text = entry.at("text").get<std::string>();
                answer.tokens = entry.at("tokens").get<std::int64_t>();
                answer.hasEnded = entry.at("ended").get<bool>();
                m_answers[entry.at("prompt").get<std::string>()] = std::move(answer);
            } else {
                m_losses[entry.at("labels").get<std::string>()] = {entry.at("loss").get<double>(), entry.at("tokens").get<std::int64_t>()};
            }
        } catch (const nlohmann::json::exception &) {
            logWarning("{} holds a line that is no answer; it is computed again.", m_file.string());
        }
    }
}

void AnswerStore::append(const std::string &line)
{
    if (m_file.empty())
        return;
    std::error_code problem;
    std::filesystem::create_directories(m_file.parent_path(), problem);
    std::ofstream file(m_file, std::ios::binary | std::ios::app);
    if (!m_endsInLine)
        file << '\n';
    file << line << '\n';
    file.flush();
    if (!file)
        logWarning("Cannot write {}: the answer will be computed again next time.", m_file.string());
    m_endsInLine = static_cast<bool>(file);
}

const evaluate::ColumnAnswer *AnswerStore::answer(const std::string &prompt) const
{
    const auto found = m_answers.find(prompt);
    return found != m_answers.end() ? &found->second : nullptr;
}

void AnswerStore::putAnswer(const std::string &prompt, const evaluate::ColumnAnswer &answer)
{
    m_answers[prompt] = answer;
    append(lineOf({{"prompt", prompt}, {"text", answer.text}, {"tokens", answer.tokens}, {"ended", answer.hasEnded}}));
}

const AnswerStore::Loss *AnswerStore::loss(const std::string &labels) const
{
    const auto found = m_losses.find(labels);
    return found != m_losses.end() ? &found->second : nullptr;
}

void AnswerStore::putLoss(const std::string &labels, const Loss &loss)
{
    m_losses[labels] = loss;
    append(lineOf({{"labels", labels}, {"loss", loss.value}, {"tokens", loss.tokens}}));
}

} // namespace fettle::engine
