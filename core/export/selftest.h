// What was written, read again from scratch, against what was exported: the proof behind every export. What does not agree is named.
#pragma once

#include "core/export/exporting.h"
#include "core/model/sites.h"
#include "core/model/weightsource.h"
#include "core/text/tokenizer.h"

#include <functional>
#include <vector>

namespace fettle::exporting {

inline constexpr int kGreedyTokens = 24; // that are compared after each probe prompt

// Token ids of the probe prompts: short texts in several languages and kinds, cut to the model's context.
[[nodiscard]] std::vector<std::vector<TokenId>> probePrompts(const text::Tokenizer &tokenizer, const model::ModelConfig &config);

// A file holds the adapter at full strength, whatever the slider says: so it is until this goes out of scope.
class FullStrength {
public:
    explicit FullStrength(std::shared_ptr<tune::Adapter> adapter) : m_adapter(std::move(adapter)), m_strength(m_adapter ? m_adapter->strength() : 1.0) { set(1.0); }
    FullStrength(const FullStrength &) = delete;
    FullStrength &operator=(const FullStrength &) = delete;
    ~FullStrength() { set(m_strength); }

private:
    void set(double strength) { m_adapter ? m_adapter->setStrength(strength) : void(); }
    std::shared_ptr<tune::Adapter> m_adapter;
    double m_strength;
};

// One tensor as it leaves: the adapter, if any, merged into it. Errors: BadInput (NaN or infinity).
[[nodiscard]] Result<at::Tensor> exportedTensor(const Source &source, const std::string &name);

// What a model says after each token, by the plain decoder. Throws Stopped between two layers. Errors: those of model::checkBatch.
[[nodiscard]] Result<at::Tensor> logitsOf(const model::ModelWeights &weights, const std::vector<TokenId> &ids, const model::Sites &sites, const std::stop_token &stop);

// What an export says that was asked to stop.
[[nodiscard]] tl::unexpected<Error> cancelledExport();

// Passed when every check has; else the first that has not is the cause.
void nameCause(SelfTest &test);

// A written adapter, loaded again, against the one that was exported, at full strength: every tensor, how strongly it speaks, and what base and adapter say
// next on the probe prompts, computed by the decoder that answers everywhere. Errors: those of loading the model, Cancelled.
// kept: whether the file holds the very values, or multiples of them (llama.cpp knows one scale for all maps: what differs goes into the tensors).
enum class KeptValues { AsTrained, Multiples };
[[nodiscard]] Result<SelfTest> testAdapter(Source source, const std::shared_ptr<tune::Adapter> &reloaded, KeptValues kept, const ProgressCallback &progress,
                                           std::stop_token stop);

// A written model (a GGUF file or a folder) against what was exported: types and values of every tensor, tokenizer, chat template, end tokens, and what it
// says next on the probe prompts, computed by the decoder that reads the files as other programs do. form: how much of a value is kept. typeOf: the type
// in which a tensor was to be written. The files' weights are kept as they are stored, and not beside those of a source that is moved here.
using TypeOf = std::function<io::StorageType(const model::SourceTensor &)>;
[[nodiscard]] Result<SelfTest> testModel(Source source, GgufForm form, const TypeOf &typeOf, const std::filesystem::path &path, const ProgressCallback &progress,
                                         std::stop_token stop);

} // namespace fettle::exporting
