// Embeddings and output head beside the linear maps of a LoRA adapter, as PEFT has them: low-rank updates (target_modules embed_tokens, lm_head), or
// copies of them that are trained as a whole (modules_to_save). In a model whose head is its embeddings the two stay apart, as in PEFT.
//   embedding   E[id] + s B A[:, id], A [R, V] begins at 0, B [C, R] ~ N(0, 1)
//   head        W h + s B A h, A [R, C], B [V, R] as at every linear map
#pragma once

#include "core/model/sites.h"
#include "core/model/weights.h"
#include "core/tune/adapter.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::tune {

struct LoraConfig;

enum class OuterPart : std::uint8_t { Embedding, Head };
inline constexpr std::array kOuterParts = {OuterPart::Embedding, OuterPart::Head};
[[nodiscard]] std::string_view nameOf(OuterPart part); // "embed_tokens", "lm_head"
[[nodiscard]] std::string_view pathOf(OuterPart part); // "model.embed_tokens", "lm_head"

struct OuterModule {
    at::Tensor a, b;      // undefined without a low-rank update
    at::Tensor whole;     // [V, C], trained as it is; undefined without
    double scaling = 1.0, alpha = 0; // s, without the strength

    [[nodiscard]] bool isUsed() const { return a.defined() || whole.defined(); }
    [[nodiscard]] std::int64_t rank() const { return a.defined() ? a.size(0) : 0; }
};
using OuterModules = std::array<OuterModule, kOuterParts.size()>;

// What an adapter with this config does to them; no tensors. Errors: Usage (both at one place, DoRA or PiSSA beside them), BadInput.
struct PlannedOuter {
    std::int64_t rank = 0; // 0: no low-rank update
    double alpha = 0, scaling = 1;
    bool isSaved = false;
};
using PlannedOuters = std::array<PlannedOuter, kOuterParts.size()>;
[[nodiscard]] Result<PlannedOuters> planOuters(const LoraConfig &config);
[[nodiscard]] std::int64_t outerParameters(const PlannedOuters &plans, const model::ModelConfig &model);
// weights may be null where nothing is saved as a whole.
[[nodiscard]] OuterModules makeOuters(const PlannedOuters &plans, const model::ModelConfig &model, const model::ModelWeights *weights, std::uint64_t seed);

// Names as PEFT has them, in the order of kOuterParts: lora_embedding_A and lora_embedding_B, lora_A.weight and lora_B.weight, weight.
struct OuterTensor { std::string name; std::vector<std::int64_t> shape; OuterPart part; at::Tensor OuterModule::*tensor; };
[[nodiscard]] std::vector<OuterTensor> outerTensors(const PlannedOuters &plans, const model::ModelConfig &model);
[[nodiscard]] std::vector<NamedParameter> outerParameters(const OuterModules &modules);

// A copy that is trained as a whole is used or not; a strength between scales low-rank updates alone.
[[nodiscard]] at::Tensor embeddedWith(const OuterModule &module, const at::Tensor &ids, const at::Tensor &h, double embeddingScale, double strength);
[[nodiscard]] at::Tensor mergedOuter(const OuterModule &module, OuterPart part, const at::Tensor &base, double strength);

} // namespace fettle::tune
