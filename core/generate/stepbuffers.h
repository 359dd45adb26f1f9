// Work memory of the decoding step, for decodestep.cpp only: activations of all rows and the products that are to be computed.
#pragma once

#include "core/base/ids.h"
#include "core/generate/alignedbuffer.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/integerkernels.h"
#include "core/generate/kvcache.h"
#include "core/generate/matrixkernels.h"
#include "core/generate/workerpool.h"

#include <vector>

namespace fettle::generate {

[[nodiscard]] inline std::size_t paddedRows(std::size_t count) { return (count + kPanelRows - 1) / kPanelRows * kPanelRows; }

// Memory that only grows.
class Scratch {
public:
    [[nodiscard]] Result<> want(std::size_t values)
    {
        if (m_buffer.size() >= values * sizeof(float))
            return {};
        auto grown = AlignedBuffer::allocate(values * sizeof(float));
        if (!grown)
            return passError(grown);
        m_buffer = std::move(*grown);
        return {};
    }
    [[nodiscard]] float *data() { return m_buffer.floats(); }
    [[nodiscard]] std::byte *bytes() { return m_buffer.data(); }

private:
    AlignedBuffer m_buffer;
};

// One token of the step.
struct StepRow {
    TokenId token = 0;
    std::size_t position = 0;
    KvCache *cache = nullptr;
};

// Neighbouring rows with the same adapter and strength.
struct StepSegment {
    const DecodeAdapter *adapter = nullptr;
    float strength = 0;
    std::size_t first = 0, rows = 0;
};

// Queries [begin, end) (row * group + g) of one key-value head of one sequence, whose first row is firstRow.
struct AttentionTask {
    const KvCache *cache = nullptr;
    std::size_t firstRow = 0, head = 0, begin = 0, end = 0;
};

// y (+)= matrix * input for some rows.
struct Product {
    const PackedMatrix *matrix = nullptr;
    const float *packed = nullptr;
    const std::byte *quantised = nullptr; // the same input for integer products; null: there is none
    std::size_t rows = 0;
    float *y = nullptr;
    std::size_t stride = 0;
    ProductMode mode = ProductMode::Replace;
    std::size_t firstTask = 0, panelsPerTask = 1; // set by runProducts
};

// s B (A x) of an adapter at a map, for the rows of a segment. A x is computed, scaled and packed for B first; where `with` names a product of
// the same list, B is computed together with its panels, else by whoever comes later.
struct LowRankUpdate {
    static constexpr std::size_t kLater = static_cast<std::size_t>(-1);
    const PackedMatrix *a = nullptr, *b = nullptr;
    const float *packed = nullptr; // x
    std::size_t rows = 0;
    float scale = 1.0f;
    float *low = nullptr, *packedLow = nullptr; // [rows][stride of low]: A x, and s A x packed
    std::size_t with = kLater;
    float *y = nullptr;            // of the segment's first row
    std::size_t stride = 0;        // of y
};

// Strides are padded to whole panels because products write whole panels.
struct StepBuffers {
    std::vector<StepRow> rows;
    std::vector<StepSegment> adapted; // segments that have an adapter
    std::vector<AttentionTask> attentionTasks;
    std::vector<std::size_t> wanted; // rows whose logits are asked for
    std::vector<Product> work;
    std::vector<LowRankUpdate> updates; // of the products in work
    std::vector<LowRankUpdate> later;   // those of them whose B is still to be added

    std::size_t width = 0, queryWidth = 0, keyValueWidth = 0, intermediate = 0, fusedWidth = 0, lowRank = 0, vocabulary = 0;
    Scratch stream;         // [rows][width]
    Scratch query, key, value, attention, gate, up;
    Scratch fused;          // q, k and v, or gate and up, of models with one map for them
    Scratch packed;         // input of the next products, all rows, where fp32 is multiplied
    bool hasPacked = true;
    Scratch plain;          // the same row by row, where fp32 is multiplied by adapters only and rows are few
    bool hasPlain = false;
    Scratch quantised;      // the same for integer products, where this processor has them
    bool hasQuantised = false;
    Scratch packedSegment;  // the same for the rows of a segment
    Scratch low;            // A x, [map][rows][lowRank]
    Scratch packedLow;
    Scratch cosine, sine;   // [rows][rotated/2]
    Scratch localCosine, localSine; // the same of sliding layers that have their own base
    Scratch logits;         // [wanted][vocabulary]
    Scratch normed;         // [thread][group of rows][width]
    std::vector<Scratch> productScratch, attentionScratch; // for each thread

    // Rows [first, first + count) of the input of the next products. columns: of the input.
    void setInput(const float *source, std::size_t stride, std::size_t first, std::size_t count, std::size_t columns);
    [[nodiscard]] const std::byte *quantisedInput() { return hasQuantised ? quantised.bytes() : nullptr; }
    [[nodiscard]] Result<> prepare(const DecodeWeights &weights, std::size_t largestRank, int threads);
    // Computes and empties the lists of work and of updates; keeps what is to come later. next: matrices of the products that will follow, which idle
    // threads fetch ahead.
    void runProducts(WorkerPool &pool, std::span<const PackedMatrix *const> next = {});
    void multiply(const Product &product, std::size_t begin, std::size_t end, int thread);
    void computeLow(const LowRankUpdate &update, int thread);
    // The packed input of the rows of a segment, taken out of `packed` or `plain`. columns: of the input.
    [[nodiscard]] const float *segmentInput(const StepSegment &segment, std::size_t columns);
};

} // namespace fettle::generate
