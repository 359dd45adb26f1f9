// Text from a loaded base model: several sequences at once, each with its own prompt, adapter and sampling, decoded together in one pass over
// the weights. Streams tokens as they come. Used by the playground's columns, by batches of questions and by exporters that compare logits.
#pragma once

#include "core/base/ids.h"
#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/generate/sampler.h"
#include "core/model/config.h"
#include "core/text/tokenizer.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::tune {
class Adapter;
}

namespace fettle::generate {

class DecodeAdapter;
class DecodeWeights;

enum class Finish { EndOfTurn, MaxTokens, ContextFull, Stopped };

// How the text of an answer begins. Some tokenizers write a space before every word and drop it at the beginning of a text.
enum class AnswerStart { NewText, ContinuesPrompt };

struct SequenceRequest {
    std::vector<TokenId> prompt;                  // not empty
    std::shared_ptr<const DecodeAdapter> adapter; // null: the base model
    double strength = 1.0;                        // factor of the adapter's delta; of a prefix only 0 or 1
    SamplingSettings sampling;
    int maxTokens = 128;
    AnswerStart start = AnswerStart::NewText;
};

struct TokenEvent {
    std::size_t sequence = 0; // index of the request
    SampledToken token;
    std::string text; // newly complete text; never half a character; empty for end-of-turn tokens
};

struct SequenceResult {
    std::vector<TokenId> ids; // generated ones, the end-of-turn token included
    std::string text;         // without special tokens
    Finish finish = Finish::Stopped;
    double promptSeconds = 0; // until the first token was there
    double tokensPerSecond = 0; // of the tokens after the first; 0 when there are none
};

struct GenerateCallbacks {
    std::function<void(const TokenEvent &)> token;
    std::function<void(std::size_t sequence, const SequenceResult &)> finished;
};

class Generator {
public:
    // model: a Hugging Face folder or a .gguf file. threads: 0 for all cores. A model without tokenizer files can be loaded: its texts stay
    // empty. Errors: those of model::WeightSource::open and of the tokenizer, OutOfMemory, Cancelled.
    [[nodiscard]] static Result<std::unique_ptr<Generator>> load(const std::filesystem::path &model, int threads = 0,
                                                                 const ProgressCallback &progress = {}, std::stop_token stop = {});
    ~Generator();

    [[nodiscard]] const model::ModelConfig &config() const;
    [[nodiscard]] const std::filesystem::path &path() const;
    [[nodiscard]] const std::optional<text::Tokenizer> &tokenizer() const;
    // Tokens that end an answer, sorted. At first those that the model's files name and the one that its chat template ends a turn with.
    void setEndTokens(std::vector<TokenId> ids);
    [[nodiscard]] const std::vector<TokenId> &endTokens() const;
    // Names the base weights that lie in memory now (see DecodeWeights::hash).
    [[nodiscard]] std::string weightHash() const;
    [[nodiscard]] DecodeWeights &weights(); // for tests that change them behind the generator's back

    // Copies the tensors as they are now; several requests may share the result. Errors: BadInput (another model's adapter), OutOfMemory.
    [[nodiscard]] Result<std::shared_ptr<const DecodeAdapter>> addAdapter(const tune::Adapter &adapter) const;

    // At most kMaxTogether sequences are decoded together, the others follow as places become free. Results in the order of the requests. A
    // sequence's result does not depend on the others (bit for bit). Stopped sequences (stop token) have finish Stopped and what they had.
    // Sequences with the same prompt and adapter share the reading of the prompt.
    // Errors: BadInput (an empty prompt, an id outside the vocabulary, a prompt longer than the context), OutOfMemory.
    static constexpr std::size_t kMaxTogether = 16;
    [[nodiscard]] Result<std::vector<SequenceResult>> generate(std::span<const SequenceRequest> requests, const GenerateCallbacks &callbacks = {},
                                                               std::stop_token stop = {});

    // Teacher-forced logits [ids, V], row after row. Errors: as generate, Cancelled.
    [[nodiscard]] Result<std::vector<float>> logits(std::span<const TokenId> ids, const DecodeAdapter *adapter = nullptr, double strength = 1.0,
                                                    std::stop_token stop = {});

    // What the model makes of an answer that is given: for each of ids[first ...] how likely it was after the tokens before it, and what was
    // likeliest there. first is at least 1. Errors: as generate, Cancelled.
    [[nodiscard]] Result<std::vector<SampledToken>> read(std::span<const TokenId> ids, std::size_t first, const DecodeAdapter *adapter = nullptr,
                                                         double strength = 1.0, std::stop_token stop = {});

    // How likely each of the candidates is as the next token behind a prompt. Errors: as generate, Cancelled.
    [[nodiscard]] Result<std::vector<float>> next(std::span<const TokenId> prompt, std::span<const TokenId> candidates, const DecodeAdapter *adapter = nullptr,
                                                  std::stop_token stop = {});

    // What the model makes of whole texts: for each the mean [C] of the final hidden states of the tokens that count (none: of all).
    // Errors: as generate, Cancelled.
    struct HiddenText {
        std::vector<TokenId> ids;
        std::vector<std::uint8_t> counts; // 0/1 for each id
    };
    [[nodiscard]] Result<std::vector<std::vector<float>>> meanHidden(std::span<const HiddenText> texts, const DecodeAdapter *adapter = nullptr, std::stop_token stop = {});

private:
    struct State;
    struct Sequence;
    explicit Generator(std::unique_ptr<State> state);
    [[nodiscard]] Result<> checkPrompt(std::span<const TokenId> ids, const DecodeAdapter *adapter) const;
    [[nodiscard]] Result<> readVirtualTokens(DecodeAdapter &adapter) const;
    std::unique_ptr<State> m_state;
};

} // namespace fettle::generate
