// The places of the decoder at which a fine-tuning method may put something: linear maps, the residual stream, keys and values, the
// embeddings. The decoder asks; methods (core/tune) answer. A method never subclasses the model and the model knows no method.
#pragma once

#include "core/base/random.h"
#include "core/model/config.h"
#include "core/torch.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace fettle::model {

struct LinearWeight;
struct PackedBatch;

// Dropout whose mask is a pure function of (state, element): forward and backward draw the same one, a checkpoint stores nothing else.
struct Dropout {
    double probability = 0.0; // of setting an element to zero; the others are divided by 1 - probability
    RandomState state;
};

// y += scale * (dropout(x) A^T) B^T. Gradients are collected in a.grad() and b.grad() where the tensors require them.
struct LowRank {
    at::Tensor a; // [R, in]
    at::Tensor b; // [out, R]
    double scale = 1.0;
    Dropout dropout;
};

// Factors at a linear map. Whoever made them keeps their graph: gradients of the factors go back through it.
struct Gain {
    enum class Place : std::uint8_t {
        Input,    // y = W (factors * x) + bias
        Weighted, // y = factors * (W x + low-rank updates) + bias
        Output,   // y = factors * (W x + low-rank updates + bias)
    };
    at::Tensor factors; // [in] or [out]
    Place place = Place::Output;
};

enum class ResidualSite : std::uint8_t { AfterAttention, AfterMlp };

// A small network beside or behind a branch: scale * dropout(up(curve(down(z)))) joins the stream.
enum class Curve : std::uint8_t { Relu, Swish, Gelu, Tanh };
[[nodiscard]] at::Tensor activated(Curve curve, const at::Tensor &x);
struct Bottleneck {
    enum class Input : std::uint8_t { Stream, Branch, Sum }; // what it reads, z: the stream before the branch, the branch, or both together
    at::Tensor down, downBias; // [R, C], [R]
    at::Tensor up, upBias;     // [C, R], [C]
    Curve curve = Curve::Relu;
    Input input = Input::Sum;
    double scale = 1.0;
    Dropout dropout;
};

// Extra keys and values in front of every document, [P, K, D], not rotated. Undefined: none.
struct PrefixKeyValues {
    at::Tensor keys;
    at::Tensor values;
};

// What stands at the output head.
struct HeadChange {
    at::Tensor whole;             // [V, C] in place of the head; undefined: the head itself
    std::vector<LowRank> updates; // A [R, C], B [V, R]
    [[nodiscard]] bool isNothing() const { return !whole.defined() && updates.empty(); }
};

// Every answer is "nothing here" by default. Called on the engine's thread, layer by layer.
class Sites {
public:
    virtual ~Sites() = default;

    // What both paths know how to compute: low-rank updates and factors of a linear map (a map with factors in front of it has no updates),
    // networks at the residual stream, extra keys and values.
    [[nodiscard]] virtual std::vector<LowRank> lowRank(std::int64_t layer, LinearMap map) const;
    [[nodiscard]] virtual std::optional<Gain> gain(std::int64_t layer, LinearMap map, const LinearWeight &weight) const; // weight: the map's own
    [[nodiscard]] virtual std::optional<Bottleneck> bottleneck(std::int64_t layer, ResidualSite site) const;
    [[nodiscard]] virtual PrefixKeyValues prefix(std::int64_t layer) const;
    // Anything else at a linear map. weight: its own, x [N, in], y [N, out] (base and low-rank parts): the new y. Here: what gain() says.
    [[nodiscard]] virtual at::Tensor linear(std::int64_t layer, LinearMap map, const LinearWeight &weight, const at::Tensor &x, at::Tensor y) const;
    // How a branch joins the residual stream. stream, branch [N, C]: the new stream. Here: with what bottleneck() says.
    [[nodiscard]] virtual at::Tensor residual(std::int64_t layer, ResidualSite site, const at::Tensor &stream, const at::Tensor &branch) const;
    // Embeddings [P, C] that stand in front of every document, before its first token. Undefined: none.
    [[nodiscard]] virtual at::Tensor virtualTokens() const { return {}; }
    // The position of a document's first token: where there is a prefix, its tokens come first.
    [[nodiscard]] virtual std::int64_t firstPosition() const { return 0; }
    // Before the first site of a forward pass is asked.
    virtual void beginPass() const { }
    // h [N, C], the embeddings of batch.ids: the new h.
    [[nodiscard]] virtual at::Tensor embedded(const PackedBatch &batch, at::Tensor h) const;
    [[nodiscard]] virtual HeadChange head() const { return {}; }

    // True when linear(), residual() and embedded() do no more than is said here: then the fast path may run.
    [[nodiscard]] virtual bool isDescribed() const { return false; }
    // Every tensor that is trained, for gradients outside the autograd graph.
    [[nodiscard]] virtual std::vector<at::Tensor> trained() const { return {}; }
};

// The base model: nothing anywhere.
class NoSites final : public Sites {
public:
    [[nodiscard]] bool isDescribed() const override { return true; }
};

// x with the mask applied, same shape (autograd follows). x fp32, contiguous.
[[nodiscard]] at::Tensor applyDropout(const at::Tensor &x, const Dropout &dropout);
// The mask's values: 0 or 1 / (1 - p), for elements [first, first + count).
void fillDropoutMask(const Dropout &dropout, std::int64_t first, std::span<float> mask);

} // namespace fettle::model
