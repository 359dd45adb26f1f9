// The same question to several columns (base, adapters), decoded together in one pass over the shared weights.
#pragma once

#include "core/data/record.h"
#include "core/engine/training.h"

#include <memory>

namespace fettle::engine {

struct Sampling {
    bool greedy = false;
    double temperature = 0.7, topP = 0.9, minP = 0.0, repetitionPenalty = 1.0;
    int topK = 40; // 0: off
    std::uint64_t seed = 1207;
    int maxTokens = 128;
};

struct ColumnChoice {
    std::string adapter = "base"; // "base", an adapter folder, RUN[@STEP] of the project, or kLiveAdapter
    double strength = 1.0;        // 0 to 1.5
};

struct Alternative { TokenId id = 0; std::string text; float probability = 0; };

struct GeneratedToken {
    int column = 0;
    TokenId id = 0;
    std::string text;      // newly complete text; may be empty, never half a character
    float probability = 0; // before sampling filters
    std::vector<Alternative> alternatives; // the five likeliest
};

enum class FinishReason { EndOfTurn, MaxTokens, ContextFull, Stopped };
[[nodiscard]] std::string_view nameOf(FinishReason reason);

// Computed from the tensors in use, never from the selection.
struct ColumnBadge {
    bool isAdapterOn = false;
    std::string adapterName;
    double strength = 0;
    std::string adapterHash; // SHA-256 over the adapter's tensors, hex; empty for the base
    std::string weightHash;  // of the base weights in memory
    std::int64_t step = 0;
    bool isLive = false; // the training that goes on, as it was after this step
};

struct ColumnResult {
    std::string adapter;
    ColumnBadge badge;
    std::vector<TokenId> ids;
    std::string text;
    FinishReason finish = FinishReason::Stopped;
    double tokensPerSecond = 0;
};

struct GenerateRequest {
    std::vector<ColumnChoice> columns;
    std::vector<data::Turn> conversation; // rendered with the model's chat template and the generation prompt
    std::string rawPrompt;                // used instead of the conversation when not empty: no template
    Sampling sampling;
};

struct GenerateEvents {
    std::function<void(const std::vector<ColumnBadge> &, std::int64_t promptTokens)> started;
    std::function<void(const GeneratedToken &)> token;
    std::function<void(int column, const ColumnResult &)> columnFinished;
};

// A loaded base model that answers. Keeps weights and adapters between questions. Used by one thread at a time.
class Playground {
public:
    [[nodiscard]] static Result<std::unique_ptr<Playground>> open(const std::string &model, const ComputeOptions &compute = {},
                                                                  const ProgressCallback &progress = {}, std::stop_token stop = {});
    ~Playground();
    // project resolves RUN[@STEP]; may be null. live is what kLiveAdapter stands for; null while no run is between two steps.
    // The stop token ends all columns within one token.
    [[nodiscard]] Result<std::vector<ColumnResult>> generate(const GenerateRequest &request, const Project *project, const GenerateEvents &events = {},
                                                             std::stop_token stop = {}, const LiveRun *live = nullptr);
    [[nodiscard]] std::string modelPath() const;

    struct State;
    explicit Playground(std::unique_ptr<State> state);
private:
    std::unique_ptr<State> m_state;
};

} // namespace fettle::engine
