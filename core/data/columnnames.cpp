#include "core/data/columnnames.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

namespace fettle::data {

namespace {

struct FieldWords {
    std::string_view field;
    std::array<std::string_view, 6> words;
};
constexpr FieldWords kFieldWords[] = {
    {"instruction", {"instruction", "question", "prompt", "query", "request"}},
    {"context", {"context", "passage", "background", "document"}},
    {"response", {"response", "answer", "completion", "output", "reply", "solution"}},
};

// A column with one of these is not the text itself but something about it, a refused one, or belongs to another field.
constexpr std::string_view kOtherWords[] = {
    "id", "ids", "uuid", "key", "hash", "index", "idx", "no", "nr", "number", "num", "version", "count", "length", "len", "size", "tokens", "words", "chars", "characters",
    "score", "rating", "rank", "quality", "confidence", "date", "time", "timestamp", "created", "updated", "by", "author", "source", "url", "link", "file", "path",
    "lang", "language", "locale", "type", "kind", "category", "label", "tag", "tags", "topic", "title", "name", "status", "state", "is", "has", "was", "can", "flag",
    "correct", "wrong", "incorrect", "rejected", "bad", "negative", "old", "previous", "option", "options", "choice", "choices", "system", "note", "notes", "split",
};

std::vector<std::string> wordsOf(std::string_view name)
{
    std::vector<std::string> words(1);
    bool wasLower = false;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        const bool isEnd = std::string_view(" _-.:/()[]").find(c) != std::string_view::npos;
        if ((isEnd || (wasLower && std::isupper(byte))) && !words.back().empty())
            words.emplace_back();
        if (!isEnd)
            words.back() += static_cast<char>(std::tolower(byte));
        wasLower = std::islower(byte) != 0;
    }
    return words;
}

} // namespace

std::string columnKey(std::string_view name)
{
    std::string key;
    for (const char c : name) {
        if (c != ' ' && c != '_' && c != '-')
            key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return key;
}

bool isSimilarTo(std::string_view field, std::string_view column)
{
    bool isField = false;
    for (const std::string &word : wordsOf(column)) {
        if (std::find(std::begin(kOtherWords), std::end(kOtherWords), word) != std::end(kOtherWords))
            return false;
        for (const FieldWords &known : kFieldWords) {
            if (word.empty() || std::find(known.words.begin(), known.words.end(), word) == known.words.end())
                continue;
            if (known.field != field)
                return false;
            isField = true;
        }
    }
    return isField;
}

} // namespace fettle::data
