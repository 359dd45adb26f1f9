// Chat templates: Jinja rendered byte for byte as transformers does it (jinja2 3.1, sandboxed, trim_blocks, lstrip_blocks,
// loop controls, generation blocks). Templates come from the internet: every render is bounded. Knows no tokenizer beyond the words it is
// given.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::io {
class Gguf;
}

namespace fettle::text {

class Tokenizer;

struct RenderContext {
    nlohmann::ordered_json tools; // array, or null: the template sees none
    nlohmann::ordered_json documents; // array, or null
    bool addGenerationPrompt = false;
    nlohmann::ordered_json specialTokens = nlohmann::ordered_json::object(); // bos_token, eos_token ... (Tokenizer::specialTokens())
    nlohmann::ordered_json extra = nlohmann::ordered_json::object(); // further variables; they win over specialTokens
    std::optional<std::tm> now; // what strftime_now sees; unset: the clock
};

struct RenderLimits {
    std::int64_t steps = 5'000'000; // evaluated expressions, statements and loop rounds
    std::int64_t outputBytes = 16 << 20; // of the result and of any string on the way
    int depth = 200; // nested calls
};

struct RenderedText {
    std::string text; // UTF-8
    std::vector<TextSpan> generated; // code points of what {% generation %} blocks wrote, in order of writing
};

namespace jinja {
struct Program;
}

// A parsed template. Immutable: copies share it, any number of threads may render at once.
class ChatTemplate {
public:
    // Errors: BadInput with the line of the template.
    [[nodiscard]] static Result<ChatTemplate> parse(std::string source);
    // chat_template.jinja, else chat_template of tokenizer_config.json (the one named "default" where there are several).
    // Errors: NotFound when the folder has none.
    [[nodiscard]] static Result<ChatTemplate> fromTokenizerFolder(const std::filesystem::path &folder);
    // tokenizer.chat_template. Errors: NotFound when the file has none.
    [[nodiscard]] static Result<ChatTemplate> fromGguf(const io::Gguf &file);

    // messages: array of objects with role, content ... Errors: BadInput (the template refused the conversation: its own message; an
    // error in the template with its line; a limit was reached).
    [[nodiscard]] Result<RenderedText> render(const nlohmann::ordered_json &messages, const RenderContext &context,
                                              const RenderLimits &limits = {}) const;
    [[nodiscard]] bool hasGenerationBlocks() const;
    [[nodiscard]] const std::string &source() const;

private:
    explicit ChatTemplate(std::shared_ptr<const jinja::Program> program);
    std::shared_ptr<const jinja::Program> m_program;
};

// The variables a template sees besides the messages for this tokenizer.
[[nodiscard]] RenderContext renderContextFor(const Tokenizer &tokenizer);

} // namespace fettle::text
