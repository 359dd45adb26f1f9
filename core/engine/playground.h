// The same question to several columns (base, adapters, other models); those that share weights are decoded together in one pass over them.
#pragma once

#include "core/engine/liverun.h"
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
    std::string model = {};       // another base model, as resolveModel, with its own template; empty: the playground's own
    std::string second = {};      // a second adapter that is mixed in, as adapter; empty: none. Both must be LoRA
    double secondStrength = 1.0;  // 0 to 1.5
    std::vector<data::Turn> conversation = {}; // where earlier answers were this column's own; empty: that of the request
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
    std::string secondName = {}, secondHash = {}; // of an adapter that is mixed in; empty: none
    double secondStrength = 0;
    std::string otherModel = {}; // name of another base model, whose own template wrote the prompt; empty: the shared one
    std::int64_t promptTokens = 0;
    bool isLive = false; // the training that goes on, as it was after this step
    std::vector<std::string> notices = {}; // what is to be known about its prompt: tools that were not read, marks spelled out in the text
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
    std::string context;                  // joined to the first question as in training; may be empty
    std::string toolsJson;                // tool definitions for the template, a JSON array; may be empty
    std::string rawPrompt;                // used instead of the conversation when not empty: no template
    Sampling sampling;
};

struct GenerateEvents { // perhaps from several threads, one call at a time
    std::function<void(const std::vector<ColumnBadge> &, std::int64_t promptTokens)> started; // tokens of the first column
    std::function<void(const GeneratedToken &)> token;
    std::function<void(int column, const ColumnResult &)> columnFinished;
};

// A training row of a run that is near to a question and its answer.
struct NearRow {
    RecordId record;
    double similarity = 0; // cosine of the mean hidden states, less what all rows have in common; 1: the same
    std::string question, answer; // as they were learnt
    bool isChanged = false;       // edited or deleted since
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
    // What one column makes of an answer that another one gave: how likely it found each token after those before it, and what it found likeliest
    // there. request: the prompt that was answered, with the reader as its only column. Errors: as generate, Usage (not one column), Cancelled.
    [[nodiscard]] Result<std::vector<GeneratedToken>> readAnswer(const GenerateRequest &request, const std::vector<TokenId> &answer, const Project *project,
                                                                 std::stop_token stop = {}, const LiveRun *live = nullptr);
    // Reads every training row of the run once and keeps what the model makes of it, in the run's folder. adapter: RUN[@STEP]. Gives the
    // number of rows. Errors: Usage (not a run of the project), those of the project and the adapter, DiskFull, Cancelled.
    [[nodiscard]] Result<std::int64_t> indexRows(const std::string &adapter, const Project &project, const ProgressCallback &progress = {}, std::stop_token stop = {});
    // Rows nearest to a conversation whose last turn is its answer, nearest first. Errors: NotFound (no index yet, or one of other weights or rows: build
    // it with indexRows), BadInput (the file is damaged), as indexRows.
    [[nodiscard]] Result<std::vector<NearRow>> nearestRows(const std::string &adapter, const data::Record &conversation, const Project &project,
                                                           std::size_t count = 8, std::stop_token stop = {});
    [[nodiscard]] std::string modelPath() const;

    struct State;
    explicit Playground(std::unique_ptr<State> state);
private:
    std::unique_ptr<State> m_state;
};

} // namespace fettle::engine
