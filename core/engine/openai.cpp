#include "core/engine/openai.h"

#include "core/base/words.h"
#include "core/io/jsonfile.h"

#include <algorithm>

namespace fettle::engine::openai {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::int64_t kLongestAnswer = 32768;

tl::unexpected<Error> badField(const char *field, const std::string &wanted)
{
    return fail(ErrorCode::BadInput, tr("\"{}\" must be {}.", field, wanted), {});
}

// A number in a range, or the fallback where the field is missing or null.
Result<double> number(const nlohmann::json &json, const char *field, double least, double most, double fallback)
{
    if (!json.contains(field) || json[field].is_null())
        return fallback;
    if (!json[field].is_number() || !(json[field].get<double>() >= least && json[field].get<double>() <= most))
        return badField(field, tr("a number from {} to {}", least, most));
    return json[field].get<double>();
}

// A text, or a list of parts of which each is a text.
Result<std::string> contentOf(const nlohmann::json &message)
{
    const auto found = message.find("content");
    if (found == message.end() || found->is_null())
        return std::string();
    if (found->is_string())
        return found->get<std::string>();
    if (!found->is_array())
        return badField("content", tr("a text"));
    std::string text;
    for (const auto &part : *found) {
        if (!part.is_object() || part.value("type", nlohmann::json()) != "text" || !part.contains("text") || !part["text"].is_string())
            return badField("content", tr("made of texts: this model reads nothing else"));
        text += part["text"].get<std::string>();
    }
    return text;
}

Result<std::vector<data::Turn>> conversationOf(const nlohmann::json &json)
{
    const auto found = json.find("messages");
    if (found == json.end() || !found->is_array() || found->empty() || found->size() > 10000)
        return badField("messages", tr("a list with at least one message"));
    std::vector<data::Turn> turns;
    for (const auto &message : *found) {
        if (!message.is_object() || !message.contains("role") || !message["role"].is_string())
            return badField("messages", tr("a list of objects with \"role\" and \"content\""));
        const std::string role = message["role"];
        auto content = contentOf(message);
        if (!content)
            return passError(content);
        if (role == "system" || role == "developer")
            turns.push_back({data::Role::System, std::move(*content), {}});
        else if (role == "user")
            turns.push_back({data::Role::User, std::move(*content), {}});
        else if (role == "assistant")
            turns.push_back({data::Role::Assistant, std::move(*content), {}});
        else
            return badField("role", tr("system, user or assistant"));
    }
    if (turns.back().role != data::Role::User)
        return badField("messages", tr("a conversation whose last message is the user's"));
    return turns;
}

Result<std::vector<std::string>> stopsOf(const nlohmann::json &json)
{
    std::vector<std::string> stops;
    if (!json.contains("stop") || json["stop"].is_null())
        return stops;
    const auto list = json["stop"].is_array() ? json["stop"] : nlohmann::json::array({json["stop"]});
    for (const auto &stop : list) {
        if (!stop.is_string() || stop.get<std::string>().empty() || list.size() > 4)
            return badField("stop", tr("a text or up to four texts"));
        stops.push_back(stop.get<std::string>());
    }
    return stops;
}

Result<> readSampling(const nlohmann::json &json, Sampling &sampling)
{
    const auto temperature = number(json, "temperature", 0, 5, 1.0), topP = number(json, "top_p", 0, 1, 1.0), seed = number(json, "seed", -9e15, 9e15, 1207);
    const bool isNew = json.contains("max_completion_tokens") && !json["max_completion_tokens"].is_null();
    const auto longest = number(json, isNew ? "max_completion_tokens" : "max_tokens", 1, kLongestAnswer, 512);
    const auto answers = number(json, "n", 1, 1, 1);
    for (const auto *each : {&temperature, &topP, &seed, &longest, &answers})
        if (!*each)
            return passError(*each);
    sampling.greedy = *temperature == 0;
    sampling.temperature = sampling.greedy ? 1.0 : std::max(0.01, *temperature);
    sampling.topP = *topP > 0 ? *topP : 1e-6;
    sampling.topK = 0;
    sampling.seed = static_cast<std::uint64_t>(static_cast<std::int64_t>(*seed));
    sampling.maxTokens = static_cast<int>(*longest);
    return {};
}

Json choiceOf(const Head &head, const char *object, Json choice)
{
    choice["index"] = 0;
    return {{"id", head.id}, {"object", object}, {"created", head.created}, {"model", head.model}, {"choices", Json::array({std::move(choice)})}};
}

Json usageOf(std::int64_t promptTokens, std::int64_t tokens)
{
    return {{"prompt_tokens", promptTokens}, {"completion_tokens", tokens}, {"total_tokens", promptTokens + tokens}};
}

} // namespace

Result<Question> parseQuestion(Kind kind, std::string_view body)
{
    const auto json = io::parseJson(body, "the request", {4 << 20, 32, io::RepeatedKeys::Refuse});
    if (!json)
        return passError(json);
    if (!json->is_object())
        return fail(ErrorCode::BadInput, tr("The request must be a JSON object."), {});
    Question question;
    question.kind = kind;
    if (json->contains("model") && (*json)["model"].is_string())
        question.model = (*json)["model"];
    if (kind == Kind::Chat) {
        auto conversation = conversationOf(*json);
        if (!conversation)
            return passError(conversation);
        question.request.conversation = std::move(*conversation);
    } else {
        const auto prompt = json->find("prompt");
        const bool isList = prompt != json->end() && prompt->is_array() && prompt->size() == 1 && (*prompt)[0].is_string();
        if (prompt == json->end() || (!prompt->is_string() && !isList))
            return badField("prompt", tr("a text"));
        question.request.rawPrompt = isList ? (*prompt)[0].get<std::string>() : prompt->get<std::string>();
        if (question.request.rawPrompt.empty())
            return badField("prompt", tr("a text that is not empty"));
    }
    auto stops = stopsOf(*json);
    if (!stops)
        return passError(stops);
    question.stops = std::move(*stops);
    if (auto read = readSampling(*json, question.request.sampling); !read)
        return passError(read);
    question.isStream = json->contains("stream") && (*json)["stream"] == true;
    question.includesUsage = json->contains("stream_options") && (*json)["stream_options"].is_object() && (*json)["stream_options"].value("include_usage", nlohmann::json()) == true;
    return question;
}

Json wholeAnswer(const Head &head, const std::string &text, std::string_view finish, std::int64_t promptTokens, std::int64_t tokens)
{
    Json choice = head.kind == Kind::Chat ? Json{{"message", {{"role", "assistant"}, {"content", text}}}} : Json{{"text", text}};
    choice["logprobs"] = nullptr;
    choice["finish_reason"] = finish;
    Json answer = choiceOf(head, head.kind == Kind::Chat ? "chat.completion" : "text_completion", std::move(choice));
    answer["usage"] = usageOf(promptTokens, tokens);
    return answer;
}

Json answerPart(const Head &head, const std::string &text, bool isFirst, std::string_view finish)
{
    Json choice = Json::object();
    if (head.kind == Kind::Chat) {
        choice["delta"] = Json::object();
        if (isFirst)
            choice["delta"]["role"] = "assistant";
        if (isFirst || !text.empty())
            choice["delta"]["content"] = text;
    } else {
        choice["text"] = text;
    }
    choice["finish_reason"] = finish.empty() ? Json(nullptr) : Json(finish);
    return choiceOf(head, head.kind == Kind::Chat ? "chat.completion.chunk" : "text_completion", std::move(choice));
}

Json usagePart(const Head &head, std::int64_t promptTokens, std::int64_t tokens)
{
    Json part = choiceOf(head, head.kind == Kind::Chat ? "chat.completion.chunk" : "text_completion", Json::object());
    part["choices"] = Json::array();
    part["usage"] = usageOf(promptTokens, tokens);
    return part;
}

Json modelList(const std::vector<std::string> &models, std::int64_t created)
{
    Json list = Json::array();
    for (const std::string &model : models)
        list.push_back({{"id", model}, {"object", "model"}, {"created", created}, {"owned_by", "fettle"}});
    return {{"object", "list"}, {"data", list}};
}

Json errorAnswer(int status, const std::string &message)
{
    const char *type = status == 401 ? "authentication_error" : status == 403 ? "permission_error" : status >= 500 ? "server_error" : "invalid_request_error";
    return {{"error", {{"message", message}, {"type", type}, {"param", nullptr}, {"code", status}}}};
}

std::string_view finishName(FinishReason reason)
{
    return reason == FinishReason::MaxTokens || reason == FinishReason::ContextFull ? "length" : "stop";
}

std::string StopFilter::push(std::string_view text)
{
    if (m_isStopped)
        return {};
    m_held += text;
    std::size_t cut = std::string::npos;
    for (const std::string &stop : m_stops)
        cut = std::min(cut, m_held.find(stop));
    if (cut != std::string::npos) {
        m_isStopped = true;
        return m_held.substr(0, cut);
    }
    std::size_t keep = 0; // the longest end that a stop text begins with
    for (const std::string &stop : m_stops)
        for (std::size_t length = std::min(stop.size() - 1, m_held.size()); length > keep; --length)
            if (std::string_view(m_held).ends_with(std::string_view(stop).substr(0, length)))
                keep = length;
    const std::string shown = m_held.substr(0, m_held.size() - keep);
    m_held.erase(0, shown.size());
    return shown;
}

std::string StopFilter::finish()
{
    return m_isStopped ? std::string() : std::move(m_held);
}

} // namespace fettle::engine::openai
