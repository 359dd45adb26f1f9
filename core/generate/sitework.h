// What adapters do at the sites of a decoding step beyond low-rank updates, for decodestep.cpp only: rows or columns of a map scaled, small
// networks on the residual stream.
#pragma once

#include "core/generate/stepbuffers.h"

#include <vector>

namespace fettle::generate {

// Rows of the step whose branch an adapter changes before it joins the stream: they are computed beside the stream and added at the end.
struct SiteWork {
    Scratch branch;             // [rows][width]
    Scratch scaledInput;        // packed input of a segment with its columns scaled
    std::vector<char> isBeside; // by row; all 0 when no row is computed beside the stream
    Scratch packed, narrow, packedNarrow; // of a network on the stream
    Scratch added;              // [rows][width]: what such networks give
    Scratch normed;             // [wanted rows of a segment][width]

    // Whether any row is, for the map (Output or Down) of this layer.
    // isEvery: all rows, because a norm follows.
    [[nodiscard]] Result<bool> stage(const StepBuffers &buffers, std::size_t layer, model::LinearMap map, bool isEvery);
    // Computes the networks of a place that read this input, into `added`. Branch: the rows of `branch` must still be those of the place.
    [[nodiscard]] Result<> runBottlenecks(StepBuffers &buffers, WorkerPool &pool, std::size_t layer, DecodeAdapter::Place place, DecodeAdapter::BottleneckInput input);
    // Embeddings that an adapter changes, once those of the model lie in the stream. scale: of the family.
    [[nodiscard]] Result<> changeEmbeddings(StepBuffers &buffers, WorkerPool &pool, float scale);
    // Logits of rows whose adapter changes the head, once those of the model are computed. norm: weights of the last norm.
    [[nodiscard]] Result<> changeLogits(StepBuffers &buffers, WorkerPool &pool, const std::vector<float> &norm, float epsilon);
    // Adds what they gave to the stream.
    void addBottlenecks(StepBuffers &buffers, std::size_t layer, DecodeAdapter::Place place, DecodeAdapter::BottleneckInput input);
};

// The packed rows of a segment with column k multiplied by 1 + strength * gain[k].
void scaleColumns(const float *packed, std::size_t rows, const std::vector<float> &gain, float strength, float *scaled);
// y[r][i] *= 1 + strength * gain[i].
void scaleRows(float *y, std::size_t stride, std::size_t rows, const std::vector<float> &gain, float strength);

} // namespace fettle::generate
