#include "core/generate/sitework.h"

#include "core/generate/vectorkernels.h"

#include <algorithm>

namespace fettle::generate {

Result<bool> SiteWork::stage(const StepBuffers &buffers, std::size_t layer, model::LinearMap map, bool isEvery)
{
    isBeside.assign(buffers.rows.size(), isEvery ? 1 : 0);
    bool isAny = isEvery;
    for (const StepSegment &segment : buffers.adapted) {
        const DecodeAdapter::Module &module = segment.adapter->module(layer, map);
        const auto place = model::roleOf(map) == model::LinearMap::Output ? DecodeAdapter::Place::AfterAttention : DecodeAdapter::Place::AfterMlp;
        const bool isRead = segment.adapter->bottleneck(layer, place) && segment.adapter->bottleneckInput() == DecodeAdapter::BottleneckInput::Branch;
        if (module.gain.empty() && module.inputGain.empty() && !isRead)
            continue;
        std::fill_n(isBeside.begin() + static_cast<std::ptrdiff_t>(segment.first), segment.rows, char{1});
        isAny = true;
    }
    if (isAny) {
        if (auto room = branch.want(buffers.rows.size() * buffers.width); !room)
            return passError(room);
    }
    return isAny;
}

Result<> SiteWork::runBottlenecks(StepBuffers &buffers, WorkerPool &pool, std::size_t layer, DecodeAdapter::Place place, DecodeAdapter::BottleneckInput input)
{
    const std::size_t width = buffers.width;
    for (const StepSegment &segment : buffers.adapted) {
        const DecodeAdapter::Bottleneck *network = segment.adapter->bottleneck(layer, place);
        if (!network || segment.adapter->bottleneckInput() != input)
            continue;
        const std::size_t rows = segment.rows, columns = network->down.columns(), inner = network->down.rows(), stride = paddedRows(inner);
        for (auto &[scratch, values] : {std::pair{&packed, rows * columns}, std::pair{&narrow, rows * stride}, std::pair{&packedNarrow, rows * stride},
                                        std::pair{&added, buffers.rows.size() * width}}) {
            if (auto room = scratch->want(values); !room)
                return room;
        }
        const float *source = (input == DecodeAdapter::BottleneckInput::Branch ? branch : buffers.stream).data() + segment.first * width;
        packRows(source, width, rows, columns, packed.data());
        buffers.work.push_back({&network->down, packed.data(), nullptr, rows, narrow.data(), stride, ProductMode::Replace});
        buffers.runProducts(pool);
        for (std::size_t r = 0; r < rows; ++r) {
            addScaled(narrow.data() + r * stride, network->downBias.data(), 1.0f, inner);
            segment.adapter->activate(narrow.data() + r * stride, inner);
        }
        packRows(narrow.data(), stride, rows, inner, packedNarrow.data());
        float *target = added.data() + segment.first * width;
        buffers.work.push_back({&network->up, packedNarrow.data(), nullptr, rows, target, width, ProductMode::Replace});
        buffers.runProducts(pool);
        for (std::size_t r = 0; r < rows; ++r)
            addScaled(target + r * width, network->upBias.data(), 1.0f, columns);
    }
    return {};
}

Result<> SiteWork::changeEmbeddings(StepBuffers &buffers, WorkerPool &pool, float scale)
{
    const std::size_t width = buffers.width;
    for (const StepSegment &segment : buffers.adapted) {
        const DecodeAdapter::Outer &outer = segment.adapter->embedding();
        float *stream = buffers.stream.data() + segment.first * width;
        const auto tokenOf = [&](std::size_t r) { return static_cast<std::size_t>(buffers.rows[segment.first + r].token); };
        if (!outer.whole.isEmpty()) {
            for (std::size_t r = 0; r < segment.rows; ++r) {
                outer.whole.unpackRow(tokenOf(r), stream + r * width);
                for (std::size_t i = 0; i < outer.whole.columns() && scale != 1.0f; ++i)
                    stream[r * width + i] *= scale;
            }
        }
        if (outer.a.isEmpty())
            continue;
        const std::size_t rank = outer.a.columns(), stride = paddedRows(rank);
        for (Scratch *scratch : {&narrow, &packedNarrow}) {
            if (auto room = scratch->want(segment.rows * stride); !room)
                return room;
        }
        for (std::size_t r = 0; r < segment.rows; ++r) {
            outer.a.unpackRow(tokenOf(r), narrow.data() + r * stride);
            for (std::size_t i = 0; i < rank; ++i)
                narrow.data()[r * stride + i] *= outer.scaling * segment.strength * scale;
        }
        packRows(narrow.data(), stride, segment.rows, rank, packedNarrow.data());
        buffers.work.push_back({&outer.b, packedNarrow.data(), nullptr, segment.rows, stream, width, ProductMode::Add});
        buffers.runProducts(pool);
    }
    return {};
}

Result<> SiteWork::changeLogits(StepBuffers &buffers, WorkerPool &pool, const std::vector<float> &norm, float epsilon)
{
    const std::size_t width = buffers.width, columns = norm.size();
    for (const StepSegment &segment : buffers.adapted) {
        const DecodeAdapter::Outer &outer = segment.adapter->head();
        if (outer.whole.isEmpty() && outer.a.isEmpty())
            continue;
        // The wanted rows of a segment are neighbours, as the rows are.
        const auto begin = std::lower_bound(buffers.wanted.begin(), buffers.wanted.end(), segment.first);
        const auto end = std::lower_bound(begin, buffers.wanted.end(), segment.first + segment.rows);
        const auto rows = static_cast<std::size_t>(end - begin);
        if (rows == 0)
            continue;
        const std::size_t rank = outer.a.isEmpty() ? 0 : outer.a.rows(), stride = paddedRows(rank);
        for (auto &[scratch, values] : {std::pair{&normed, rows * width}, std::pair{&packed, rows * width}, std::pair{&narrow, rows * stride}, std::pair{&packedNarrow, rows * stride}}) {
            if (auto room = scratch->want(values); !room)
                return room;
        }
        for (std::size_t r = 0; r < rows; ++r)
            rmsNorm(buffers.stream.data() + *(begin + static_cast<std::ptrdiff_t>(r)) * width, norm.data(), columns, epsilon, normed.data() + r * width);
        packRows(normed.data(), width, rows, columns, packed.data());
        float *logits = buffers.logits.data() + static_cast<std::size_t>(begin - buffers.wanted.begin()) * buffers.vocabulary;
        if (!outer.whole.isEmpty()) {
            buffers.work.push_back({&outer.whole, packed.data(), nullptr, rows, logits, buffers.vocabulary, ProductMode::Replace});
            buffers.runProducts(pool);
        }
        if (rank == 0)
            continue;
        buffers.work.push_back({&outer.a, packed.data(), nullptr, rows, narrow.data(), stride, ProductMode::Replace});
        buffers.runProducts(pool);
        for (std::size_t i = 0; i < rows * stride; ++i)
            narrow.data()[i] *= outer.scaling * segment.strength;
        packRows(narrow.data(), stride, rows, rank, packedNarrow.data());
        buffers.work.push_back({&outer.b, packedNarrow.data(), nullptr, rows, logits, buffers.vocabulary, ProductMode::Add});
        buffers.runProducts(pool);
    }
    return {};
}

void SiteWork::addBottlenecks(StepBuffers &buffers, std::size_t layer, DecodeAdapter::Place place, DecodeAdapter::BottleneckInput input)
{
    for (const StepSegment &segment : buffers.adapted) {
        const DecodeAdapter::Bottleneck *network = segment.adapter->bottleneck(layer, place);
        if (!network || segment.adapter->bottleneckInput() != input)
            continue;
        for (std::size_t r = segment.first; r < segment.first + segment.rows; ++r)
            addScaled(buffers.stream.data() + r * buffers.width, added.data() + r * buffers.width, network->scaling * segment.strength, network->down.columns());
    }
}

void scaleColumns(const float *packed, std::size_t rows, const std::vector<float> &gain, float strength, float *scaled)
{
    const std::size_t group = rowsPerGroup(), columns = gain.size();
    for (std::size_t first = 0; first < rows; first += group) {
        const std::size_t count = std::min(group, rows - first);
        const float *from = packed + first * columns;
        float *to = scaled + first * columns;
        for (std::size_t k = 0; k < columns; ++k) {
            const float factor = 1.0f + strength * gain[k];
            for (std::size_t n = 0; n < count; ++n)
                to[k * count + n] = from[k * count + n] * factor;
        }
    }
}

void scaleRows(float *y, std::size_t stride, std::size_t rows, const std::vector<float> &gain, float strength)
{
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t i = 0; i < gain.size(); ++i)
            y[r * stride + i] *= 1.0f + strength * gain[i];
    }
}

} // namespace fettle::generate
