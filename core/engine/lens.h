// The token lens: a record as the model will read it. Holds a tokenizer and a chat template, no weights. Immutable after open and safe to
// use from several threads at once.
#pragma once

#include "core/data/labelledtokens.h"
#include "core/engine/project.h"

#include <memory>
#include <optional>

namespace fettle::engine {

struct TokenizeResult { std::vector<TokenId> ids; std::vector<TextSpan> offsets; std::vector<std::string> texts; };

class Lens {
public:
    // model: as resolveModel; a folder with tokenizer files only will do. templateFile replaces the model's chat template.
    [[nodiscard]] static Result<std::shared_ptr<const Lens>> open(const std::string &model,
                                                                  const std::optional<std::filesystem::path> &templateFile = {});
    ~Lens();
    [[nodiscard]] Result<data::LabelledTokens> label(const data::Record &record, const data::RenderOptions &options) const;
    [[nodiscard]] Result<TokenizeResult> tokenize(const std::string &text, bool parseSpecial) const;
    // The text of one token as it stands in a rendered prompt, for tiles ("Ġ" and bytes resolved where possible).
    [[nodiscard]] std::string tokenText(TokenId id) const;
    [[nodiscard]] std::string modelName() const;

    struct State;
    explicit Lens(std::unique_ptr<State> state);
private:
    std::unique_ptr<State> m_state;
};

// Counts the tokens of every record that has no stored length or changed since, on all cores, and stores them with the TooLong flags.
[[nodiscard]] Result<std::int64_t> measureLengths(Project &project, const Lens &lens, std::int64_t maxLength,
                                                  const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::engine
