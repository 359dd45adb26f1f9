// A record as the list of messages that a chat template is given.
#pragma once

#include "core/data/labelledtokens.h"

#include <nlohmann/json.hpp>

namespace fettle::data {

// One message and the field of the record that its text (or the part of it) came from.
struct MessagePart {
    TokenSource source = TokenSource::Template;
    std::string_view text; // of the record
};

struct Messages {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    nlohmann::ordered_json tools; // null where the record has none
    std::vector<std::vector<MessagePart>> parts; // for each message the texts that its content is joined of, in order
    std::vector<std::size_t> assistants;         // places of the assistant messages in list
    std::vector<std::size_t> unlearnt;           // those of them that carry "weight": 0 (OpenAI): read, never learnt
};

// The record must outlive the result. Errors: BadInput (extra fields or tools that are no JSON, text that is not UTF-8).
[[nodiscard]] Result<Messages> messagesOf(const Record &record, const RenderOptions &options);

} // namespace fettle::data
