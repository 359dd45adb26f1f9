// A strict JSON reader (RFC 8259) that knows where everything stands: values keep their place in the file and numbers keep their digits.
// It reads one value at a time, so that an array of a million rows needs the memory of one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fettle::data {

struct JsonValue {
    enum class Kind { Null, Boolean, Number, String, Array, Object };
    Kind kind = Kind::Null;
    std::string text; // String: decoded, UTF-8 unless a \u escape is half a pair; Number and Boolean: as written
    std::vector<JsonValue> items;
    std::vector<std::pair<std::string, JsonValue>> members; // in the order of the file, repeated keys included
    std::size_t begin = 0, end = 0; // bytes of the file
    [[nodiscard]] const JsonValue *find(std::string_view key) const; // the last of that name
    [[nodiscard]] bool isScalar() const { return kind != Kind::Array && kind != Kind::Object; }
};

struct JsonProblem {
    std::size_t offset = 0;
    std::string reason; // "a comma or ] is missing"
};

class JsonReader {
public:
    static constexpr int kMaxDepth = 256;
    explicit JsonReader(std::string_view text, std::size_t position = 0) : m_text(text), m_position(position) { }

    void skipSpace();
    [[nodiscard]] bool isAtEnd() const { return m_position >= m_text.size(); }
    [[nodiscard]] char peek() const { return isAtEnd() ? '\0' : m_text[m_position]; }
    [[nodiscard]] std::size_t position() const { return m_position; }
    void advance() { ++m_position; }
    // The value that begins at the position (after space). Nothing: it is well-formed.
    [[nodiscard]] std::optional<JsonProblem> readValue(JsonValue &value);
    // The rest of the text must be space.
    [[nodiscard]] std::optional<JsonProblem> expectEnd();

private:
    using Problem = std::optional<JsonProblem>;
    Problem problem(std::string reason) const { return JsonProblem{m_position, std::move(reason)}; }
    Problem readAny(JsonValue &value, int depth);
    Problem readArray(JsonValue &value, int depth);
    Problem readObject(JsonValue &value, int depth);
    Problem readString(std::string &text);
    Problem readEscape(std::string &text);
    Problem readNumber(JsonValue &value);
    Problem readWord(JsonValue &value);
    std::optional<unsigned> readHex4();
    std::string_view m_text;
    std::size_t m_position;
};

} // namespace fettle::data
