// The words of OpenAI's interface: what a request asks for, and the answers as JSON. Knows no socket and no model. Internal header of the engine.
#pragma once

#include "core/engine/playground.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::engine::openai {

enum class Kind { Chat, Completion };

struct Question {
    Kind kind = Kind::Chat;
    std::string model; // as the request names it; may be empty
    GenerateRequest request; // without columns
    std::vector<std::string> stops;
    bool isStream = false, includesUsage = false;
};

// Errors: BadInput naming the field.
[[nodiscard]] Result<Question> parseQuestion(Kind kind, std::string_view body);

// What a streamed or whole answer is called and where it stands.
struct Head { std::string id, model; std::int64_t created = 0; Kind kind = Kind::Chat; };

[[nodiscard]] nlohmann::ordered_json wholeAnswer(const Head &head, const std::string &text, std::string_view finish, std::int64_t promptTokens, std::int64_t tokens);
// Of a stream: the first of a chat names the role; finish empty: goes on.
[[nodiscard]] nlohmann::ordered_json answerPart(const Head &head, const std::string &text, bool isFirst, std::string_view finish);
[[nodiscard]] nlohmann::ordered_json usagePart(const Head &head, std::int64_t promptTokens, std::int64_t tokens);
[[nodiscard]] nlohmann::ordered_json modelList(const std::vector<std::string> &models, std::int64_t created);
[[nodiscard]] nlohmann::ordered_json errorAnswer(int status, const std::string &message);
[[nodiscard]] std::string_view finishName(FinishReason reason); // "stop", "length"

// Cuts an answer at the first stop text. What may be the beginning of one is held back until it is known.
class StopFilter {
public:
    explicit StopFilter(std::vector<std::string> stops) : m_stops(std::move(stops)) {}
    [[nodiscard]] std::string push(std::string_view text); // what can be shown
    [[nodiscard]] std::string finish();
    [[nodiscard]] bool isStopped() const { return m_isStopped; }

private:
    std::vector<std::string> m_stops;
    std::string m_held;
    bool m_isStopped = false;
};

} // namespace fettle::engine::openai
