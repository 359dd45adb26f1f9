#include "core/generate/decodestep.h"

#include "core/base/words.h"
#include "core/generate/attentionkernel.h"
#include "core/generate/sitework.h"
#include "core/generate/stepbuffers.h"
#include "core/generate/vectorkernels.h"

#include <algorithm>
#include <cmath>

namespace fettle::generate {

using model::LinearMap;

DecodeStep::DecodeStep(std::shared_ptr<const DecodeWeights> weights, WorkerPool &pool)
    : m_weights(std::move(weights))
    , m_pool(pool)
    , m_buffers(std::make_unique<StepBuffers>())
    , m_sites(std::make_unique<SiteWork>())
{
}

DecodeStep::~DecodeStep() = default;

// Calls work(first, count, thread) for groups of rows as the products pack them, or for each row where none are packed.
template <class Work>
void DecodeStep::forRowGroups(std::size_t rows, Work &&work)
{
    const std::size_t group = m_buffers->hasPacked ? rowsPerGroup() : 1, groups = (rows + group - 1) / group;
    m_pool.run(groups, [&](std::size_t index, int thread) { work(index * group, std::min(group, rows - index * group), thread); });
}

Result<> DecodeStep::prepare(std::span<const StepPart> parts)
{
    StepBuffers &b = *m_buffers;
    const model::ModelConfig &config = m_weights->config;
    const std::size_t group = static_cast<std::size_t>(config.heads / config.keyValueHeads);
    b.rows.clear();
    b.adapted.clear();
    b.attentionTasks.clear();
    b.wanted.clear();
    std::size_t largestRank = 0;
    for (const StepPart &part : parts) {
        const std::size_t first = b.rows.size(), count = part.tokens.size();
        if (auto reserved = part.cache->reserve(part.cache->length() + count); !reserved)
            return reserved;
        for (std::size_t i = 0; i < count; ++i) {
            b.rows.push_back({part.tokens[i], part.cache->length() + i, part.cache});
            if (part.wanted == WantedLogits::All || (part.wanted == WantedLogits::Last && i + 1 == count))
                b.wanted.push_back(first + i);
        }
        // Late queries see most keys: they go first so that threads finish together.
        for (std::size_t end = count * group; end > 0;) {
            const std::size_t begin = (end - 1) / queriesPerTask() * queriesPerTask();
            for (std::size_t head = 0; head < static_cast<std::size_t>(config.keyValueHeads); ++head)
                b.attentionTasks.push_back({part.cache, first, head, begin, end});
            end = begin;
        }
        if (!part.adapter || part.strength == 0.0f)
            continue;
        largestRank = std::max(largestRank, part.adapter->largestRank());
        if (!b.adapted.empty() && b.adapted.back().adapter == part.adapter && b.adapted.back().strength == part.strength
            && b.adapted.back().first + b.adapted.back().rows == first)
            b.adapted.back().rows += count;
        else
            b.adapted.push_back({part.adapter, part.strength, first, count});
    }
    return b.prepare(*m_weights, largestRank, m_pool.threads());
}

// Embeddings and the rotary angles of every row.
void DecodeStep::embed()
{
    StepBuffers &b = *m_buffers;
    const model::ModelConfig &config = m_weights->config;
    const auto scale = static_cast<float>(config.embeddingScale), length = static_cast<float>(config.ropeScaling.attentionFactor);
    const std::size_t half = m_weights->ropeFrequencies.size();
    // Angles of one position.
    const auto turn = [half](std::size_t position, const std::vector<float> &frequencies, float factor, float *cosine, float *sine) {
        for (std::size_t i = 0; i < half; ++i) {
            const float angle = static_cast<float>(position) * frequencies[i];
            cosine[i] = factor * std::cos(angle);
            sine[i] = factor * std::sin(angle);
        }
    };
    forRowGroups(b.rows.size(), [&](std::size_t first, std::size_t count, int) {
        for (std::size_t r = first; r < first + count; ++r) {
            float *stream = b.stream.data() + r * b.width;
            if (b.rows[r].token >= 0) {
                m_weights->embedding.unpackRow(static_cast<std::size_t>(b.rows[r].token), stream);
                for (std::size_t i = 0; i < static_cast<std::size_t>(config.width) && scale != 1.0f; ++i)
                    stream[i] *= scale;
            } else // virtual token -1 - i, of which only Generator::addAdapter knows
                std::copy_n(b.adapted.front().adapter->virtualToken(static_cast<std::size_t>(-1 - b.rows[r].token)), config.width, stream);
            if (config.hasPositionTable) { // learned places instead of angles
                float *place = b.attention.data() + r * b.queryWidth; // as wide as the stream, and not yet needed
                m_weights->positions.unpackRow(std::min(b.rows[r].position, m_weights->positions.rows() - 1), place);
                addScaled(stream, place, 1.0f, static_cast<std::size_t>(config.width));
                continue;
            }
            turn(b.rows[r].position, b.rows[r].cache->isLong() ? m_weights->longRopeFrequencies : m_weights->ropeFrequencies, length, b.cosine.data() + r * half, b.sine.data() + r * half);
            if (!m_weights->localRopeFrequencies.empty())
                turn(b.rows[r].position, m_weights->localRopeFrequencies, 1.0f, b.localCosine.data() + r * half, b.localSine.data() + r * half);
        }
    });
}

// The stream, normalised, becomes the packed input of the next products.
void DecodeStep::normAndPack(const std::vector<float> &weight, const std::vector<float> &bias)
{
    StepBuffers &b = *m_buffers;
    const std::size_t columns = static_cast<std::size_t>(m_weights->config.width);
    forRowGroups(b.rows.size(), [&](std::size_t first, std::size_t count, int thread) {
        float *normed = b.normed.data() + static_cast<std::size_t>(thread) * rowsPerGroup() * b.width;
        if (weight.empty())
            return b.setInput(b.stream.data() + first * b.width, b.width, first, count, columns);
        for (std::size_t n = 0; n < count; ++n)
            normRow(b.stream.data() + (first + n) * b.width, weight, bias, normed + n * b.width);
        b.setInput(normed, b.width, first, count, columns);
    });
}

void DecodeStep::normRow(const float *x, const std::vector<float> &weight, const std::vector<float> &bias, float *out) const
{
    const auto epsilon = static_cast<float>(m_weights->config.rmsEpsilon);
    if (bias.empty())
        rmsNorm(x, weight.data(), weight.size(), epsilon, out);
    else
        layerNorm(x, weight.data(), bias.data(), weight.size(), epsilon, out);
}

DecodeStep::Target DecodeStep::outputOf(LinearMap map)
{
    StepBuffers &b = *m_buffers;
    switch (model::roleOf(map)) {
    case LinearMap::Query: return {b.query.data(), b.queryWidth, ProductMode::Replace};
    case LinearMap::Key: return {b.key.data(), b.keyValueWidth, ProductMode::Replace};
    case LinearMap::Value: return {b.value.data(), b.keyValueWidth, ProductMode::Replace};
    case LinearMap::Gate: return {b.gate.data(), b.intermediate, ProductMode::Replace};
    case LinearMap::Up: return {b.up.data(), b.intermediate, ProductMode::Replace};
    case LinearMap::QueryKeyValue:
    case LinearMap::GateUp: return {b.fused.data(), b.fusedWidth, ProductMode::Replace};
    default: break;
    }
    return {b.stream.data(), b.width, ProductMode::Add};
}

// What is multiplied next after the maps that read the same input as `map`: a guess where blocks are parallel.
std::vector<const PackedMatrix *> DecodeStep::matricesAfter(LinearMap map, std::size_t layer) const
{
    const model::ModelConfig &config = m_weights->config;
    std::vector<const PackedMatrix *> next;
    const auto add = [&](std::size_t where, std::initializer_list<LinearMap> maps) {
        for (const LinearMap each : maps)
            next.push_back(&m_weights->layers[where].map(model::mapFor(config, each)).matrix);
    };
    switch (model::roleOf(map)) {
    case LinearMap::Output:
        if (config.isFused && config.hasGate)
            add(layer, {LinearMap::GateUp});
        else if (config.hasGate)
            add(layer, {LinearMap::Gate, LinearMap::Up});
        else
            add(layer, {LinearMap::Up});
        break;
    case LinearMap::Gate:
    case LinearMap::Up:
    case LinearMap::GateUp: add(layer, {LinearMap::Down}); break;
    case LinearMap::Down:
        if (layer + 1 == m_weights->layers.size())
            next.push_back(&m_weights->outputHead());
        else if (config.isFused)
            add(layer + 1, {LinearMap::QueryKeyValue});
        else
            add(layer + 1, {LinearMap::Query, LinearMap::Key, LinearMap::Value});
        break;
    default: add(layer, {LinearMap::Output}); break; // query, key and value
    }
    return next;
}

// y = W x (+ bias) + s B A x for maps that read the same packed input, with the rows of W or of x scaled where an adapter says so. Output and
// Down add y to the stream: rows whose y is not W x are computed beside it.
Result<> DecodeStep::applyMaps(std::initializer_list<LinearMap> maps, std::size_t layer)
{
    StepBuffers &b = *m_buffers;
    const std::size_t rows = b.rows.size();
    const auto lowOf = [&](Scratch &scratch, std::size_t index, const StepSegment &segment) {
        return scratch.data() + (index * rows + segment.first) * b.lowRank;
    };
    bool isBeside = false;
    const std::vector<float> &normAfter = m_weights->layers[layer].norm(model::roleOf(*maps.begin()) == LinearMap::Output ? model::Norm::AfterAttention : model::Norm::AfterMlp);
    if (outputOf(*maps.begin()).mode == ProductMode::Add) {
        auto staged = m_sites->stage(b, layer, *maps.begin(), !normAfter.empty());
        if (!staged)
            return passError(staged);
        isBeside = *staged;
    }
    const Target beside{m_sites->branch.data(), b.width, ProductMode::Replace};
    const auto rowOf = [&](LinearMap map, std::size_t row) {
        const Target target = isBeside && m_sites->isBeside[row] ? beside : outputOf(map);
        return target.values + row * target.stride;
    };
    for (const LinearMap map : maps) {
        const Target target = isBeside ? beside : outputOf(map);
        b.work.push_back({&m_weights->layers[layer].map(map).matrix, b.packed.data(), b.quantisedInput(), rows, target.values, target.stride, target.mode});
    }
    for (const StepSegment &segment : b.adapted) {
        const float *input = nullptr;
        std::size_t index = 0;
        for (const LinearMap map : maps) {
            const DecodeAdapter::Module &module = segment.adapter->module(layer, map);
            if (!module.a.isEmpty()) {
                if (!input)
                    input = b.segmentInput(segment, module.a.columns());
                const bool isLater = isBeside || !module.gain.empty() || !module.inputGain.empty(); // W x is changed before
                b.updates.push_back({&module.a, &module.b, input, segment.rows, module.scaling * segment.strength, lowOf(b.low, index, segment),
                                     lowOf(b.packedLow, index, segment), isLater ? LowRankUpdate::kLater : index, rowOf(map, segment.first), outputOf(map).stride});
            }
            ++index;
        }
    }
    b.runProducts(m_pool, matricesAfter(*maps.begin(), layer));
    for (std::size_t r = 0; r < rows && isBeside; ++r) {
        if (!m_sites->isBeside[r])
            addScaled(b.stream.data() + r * b.width, beside.values + r * b.width, 1.0f, b.width);
    }
    for (const StepSegment &segment : b.adapted) {
        for (const LinearMap map : maps) {
            const DecodeAdapter::Module &module = segment.adapter->module(layer, map);
            const DecodeLinear &linear = m_weights->layers[layer].map(map);
            float *y = rowOf(map, segment.first);
            const std::size_t stride = outputOf(map).stride;
            if (!module.inputGain.empty()) {
                const float *input = b.segmentInput(segment, linear.matrix.columns());
                if (auto room = m_sites->scaledInput.want(segment.rows * linear.matrix.columns()); !room)
                    return room;
                scaleColumns(input, segment.rows, module.inputGain, segment.strength, m_sites->scaledInput.data());
                b.work.push_back({&linear.matrix, m_sites->scaledInput.data(), nullptr, segment.rows, y, stride, ProductMode::Replace});
                b.runProducts(m_pool);
            }
            if (!module.gain.empty())
                scaleRows(y, stride, segment.rows, module.gain, segment.strength);
        }
    }
    for (const LinearMap map : maps) {
        const std::vector<float> &bias = m_weights->layers[layer].map(map).bias;
        for (std::size_t r = 0; r < rows && !bias.empty(); ++r)
            addScaled(rowOf(map, r), bias.data(), 1.0f, bias.size());
        for (const StepSegment &segment : b.adapted) {
            const DecodeAdapter::Module &module = segment.adapter->module(layer, map);
            for (std::size_t r = segment.first; r < segment.first + segment.rows && module.isBiasGained && !bias.empty(); ++r) {
                float *y = rowOf(map, r);
                for (std::size_t i = 0; i < bias.size(); ++i)
                    y[i] += bias[i] * segment.strength * module.gain[i];
            }
        }
    }
    for (const LowRankUpdate &update : b.later)
        b.work.push_back({update.b, update.packedLow, nullptr, update.rows, update.y, update.stride, ProductMode::Add});
    b.later.clear();
    if (!b.work.empty())
        b.runProducts(m_pool);
    for (std::size_t r = 0; r < rows && isBeside; ++r) {
        float *branch = beside.values + r * b.width;
        if (m_sites->isBeside[r] && !normAfter.empty())
            rmsNorm(branch, normAfter.data(), normAfter.size(), static_cast<float>(m_weights->config.rmsEpsilon), branch);
        if (m_sites->isBeside[r])
            addScaled(b.stream.data() + r * b.width, branch, 1.0f, static_cast<std::size_t>(m_weights->config.width));
    }
    return {};
}

// Rows of one map for several parts, to where each part has its place.
void DecodeStep::splitFused(std::initializer_list<LinearMap> parts)
{
    StepBuffers &b = *m_buffers;
    const auto size = static_cast<std::size_t>(m_weights->config.headSize);
    for (std::size_t r = 0; r < b.rows.size(); ++r) {
        const float *source = b.fused.data() + r * b.fusedWidth;
        if (m_weights->config.isFusedByHead) {
            for (std::size_t head = 0; head < static_cast<std::size_t>(m_weights->config.heads); ++head) {
                for (const LinearMap part : parts) {
                    const Target target = outputOf(part);
                    std::copy_n(source, size, target.values + r * target.stride + head * size);
                    source += size;
                }
            }
            continue;
        }
        for (const LinearMap part : parts) {
            const Target target = outputOf(part);
            const auto count = static_cast<std::size_t>(model::outputSize(m_weights->config, part));
            std::copy_n(source, count, target.values + r * target.stride);
            source += count;
        }
    }
}

// Queries and keys of one row through their norms: each head, or all at once.
void DecodeStep::normHeads(std::size_t layer, std::size_t row)
{
    StepBuffers &b = *m_buffers;
    const auto normAll = [&](float *values, std::size_t count, const std::vector<float> &weight) {
        for (std::size_t i = 0; i < count; i += weight.size())
            rmsNorm(values + i, weight.data(), weight.size(), static_cast<float>(m_weights->config.rmsEpsilon), values + i);
    };
    const DecodeLayer &weights = m_weights->layers[layer];
    normAll(b.query.data() + row * b.queryWidth, static_cast<std::size_t>(m_weights->config.queryWidth()), weights.norm(model::Norm::Query));
    normAll(b.key.data() + row * b.keyValueWidth, static_cast<std::size_t>(m_weights->config.keyValueWidth()), weights.norm(model::Norm::Key));
}

void DecodeStep::rotateAndStore(std::size_t layer)
{
    StepBuffers &b = *m_buffers;
    const model::ModelConfig &config = m_weights->config;
    const std::size_t size = static_cast<std::size_t>(config.headSize);
    const auto number = static_cast<std::int64_t>(layer);
    const bool isLocal = config.ropeOf(number) == model::RopeKind::Local, hasNorm = config.queryKeyNorm != model::QueryKeyNorm::None;
    const std::size_t half = config.isRotated(number) ? static_cast<std::size_t>(config.rotated()) / 2 : 0;
    forRowGroups(b.rows.size(), [&](std::size_t first, std::size_t count, int) {
        for (std::size_t r = first; r < first + count; ++r) {
            const float *cosine = (isLocal ? b.localCosine : b.cosine).data() + r * half, *sine = (isLocal ? b.localSine : b.sine).data() + r * half;
            if (hasNorm)
                normHeads(layer, r);
            for (std::size_t head = 0; head < static_cast<std::size_t>(config.heads); ++head)
                rotateHead(b.query.data() + r * b.queryWidth + head * size, cosine, sine, half);
            for (std::size_t head = 0; head < static_cast<std::size_t>(config.keyValueHeads); ++head) {
                float *key = b.key.data() + r * b.keyValueWidth + head * size;
                rotateHead(key, cosine, sine, half);
                b.rows[r].cache->write(layer, head, b.rows[r].position, key, b.value.data() + r * b.keyValueWidth + head * size);
            }
        }
    });
}

void DecodeStep::attendAndPack(std::size_t layer)
{
    StepBuffers &b = *m_buffers;
    const model::ModelConfig &config = m_weights->config;
    const std::size_t group = static_cast<std::size_t>(config.heads / config.keyValueHeads);
    m_pool.run(b.attentionTasks.size(), [&](std::size_t index, int thread) {
        const AttentionTask &task = b.attentionTasks[index];
        const KvShape &shape = task.cache->shape();
        AttentionInput input;
        input.pages = task.cache->pages();
        input.keyOffset = shape.keyOffset(layer, task.head);
        input.valueOffset = shape.valueOffset(layer, task.head);
        input.headSize = shape.headSize;
        input.paddedHead = shape.paddedHead;
        const std::size_t place = task.firstRow * b.queryWidth + task.head * group * shape.headSize;
        input.queries = b.query.data() + place;
        input.out = b.attention.data() + place;
        input.queryStride = input.outStride = b.queryWidth;
        input.group = group;
        input.firstPosition = b.rows[task.firstRow].position;
        input.window = static_cast<std::size_t>(config.windowOf(static_cast<std::int64_t>(layer)));
        input.scale = static_cast<float>(config.attentionScale());
        input.softcap = static_cast<float>(config.attentionSoftcap);
        attend(input, task.begin, task.end, b.attentionScratch[static_cast<std::size_t>(thread)].data());
    });
    const std::size_t columns = static_cast<std::size_t>(config.queryWidth());
    forRowGroups(b.rows.size(), [&](std::size_t first, std::size_t count, int) {
        b.setInput(b.attention.data() + first * b.queryWidth, b.queryWidth, first, count, columns);
    });
}

Result<> DecodeStep::finishBlock(std::size_t layer, DecodeAdapter::Place place)
{
    using Input = DecodeAdapter::BottleneckInput;
    m_sites->addBottlenecks(*m_buffers, layer, place, Input::Stream); // computed before the block
    for (const Input input : {Input::Sum, Input::Branch}) {
        if (auto done = m_sites->runBottlenecks(*m_buffers, m_pool, layer, place, input); !done)
            return done;
        m_sites->addBottlenecks(*m_buffers, layer, place, input);
    }
    return {};
}

Result<> DecodeStep::runAttention(std::size_t layer)
{
    const model::ModelConfig &config = m_weights->config;
    const DecodeLayer &weights = m_weights->layers[layer];
    normAndPack(weights.norm(model::Norm::BeforeAttention), weights.normBias(model::Norm::BeforeAttention));
    if (auto done = config.isFused ? applyMaps({model::mapFor(config, LinearMap::QueryKeyValue)}, layer)
                                   : applyMaps({LinearMap::Query, LinearMap::Key, LinearMap::Value}, layer); !done)
        return done;
    if (config.isFused)
        splitFused({LinearMap::Query, LinearMap::Key, LinearMap::Value});
    rotateAndStore(layer);
    attendAndPack(layer);
    if (auto done = applyMaps({model::mapFor(config, LinearMap::Output)}, layer); !done)
        return done;
    return finishBlock(layer, DecodeAdapter::Place::AfterAttention);
}

Result<> DecodeStep::runMlp(std::size_t layer)
{
    StepBuffers &b = *m_buffers;
    const model::ModelConfig &config = m_weights->config;
    const DecodeLayer &weights = m_weights->layers[layer];
    normAndPack(weights.norm(model::Norm::BeforeMlp), weights.normBias(model::Norm::BeforeMlp));
    const std::size_t columns = static_cast<std::size_t>(config.intermediate);
    if (!config.hasGate) {
        if (auto done = applyMaps({model::mapFor(config, LinearMap::Up)}, layer); !done)
            return done;
        const auto bend = config.activation == model::Activation::Gelu ? gelu : config.activation == model::Activation::GeluTanh ? geluTanh : silu;
        forRowGroups(b.rows.size(), [&](std::size_t first, std::size_t count, int) {
            for (std::size_t r = first; r < first + count; ++r) {
                bend(b.up.data() + r * b.intermediate, columns);
                std::copy_n(b.up.data() + r * b.intermediate, columns, b.gate.data() + r * b.intermediate);
            }
            if (!config.isParallel)
                b.setInput(b.gate.data() + first * b.intermediate, b.intermediate, first, count, columns);
        });
        return {};
    }
    if (auto done = config.isFused ? applyMaps({LinearMap::GateUp}, layer) : applyMaps({LinearMap::Gate, LinearMap::Up}, layer); !done)
        return done;
    if (config.isFused)
        splitFused({LinearMap::Gate, LinearMap::Up});
    const auto activate = config.activation == model::Activation::GeluTanh ? geGlu : swiGlu;
    forRowGroups(b.rows.size(), [&](std::size_t first, std::size_t count, int) {
        for (std::size_t r = first; r < first + count; ++r)
            activate(b.gate.data() + r * b.intermediate, b.up.data() + r * b.intermediate, columns);
        b.setInput(b.gate.data() + first * b.intermediate, b.intermediate, first, count, columns);
    });
    return {};
}

Result<> DecodeStep::runLayer(std::size_t layer)
{
    StepBuffers &b = *m_buffers;
    const model::ModelConfig &config = m_weights->config;
    if (config.isParallel) { // both blocks read the same stream: the MLP does before attention adds to it
        if (auto done = runMlp(layer); !done)
            return done;
    }
    if (auto done = runAttention(layer); !done)
        return done;
    if (auto done = m_sites->runBottlenecks(b, m_pool, layer, DecodeAdapter::Place::AfterMlp, DecodeAdapter::BottleneckInput::Stream); !done)
        return done;
    if (config.isParallel) { // attention has used the place of the input meanwhile
        forRowGroups(b.rows.size(), [&](std::size_t first, std::size_t count, int) {
            b.setInput(b.gate.data() + first * b.intermediate, b.intermediate, first, count, static_cast<std::size_t>(config.intermediate));
        });
    } else if (auto done = runMlp(layer); !done) {
        return done;
    }
    if (auto done = applyMaps({model::mapFor(config, LinearMap::Down)}, layer); !done)
        return done;
    return finishBlock(layer, DecodeAdapter::Place::AfterMlp);
}

Result<DecodeStep::Logits> DecodeStep::outputLogits()
{
    StepBuffers &b = *m_buffers;
    const std::size_t columns = m_weights->finalNorm.size();
    forRowGroups(b.wanted.size(), [&](std::size_t first, std::size_t count, int thread) {
        float *normed = b.normed.data() + static_cast<std::size_t>(thread) * rowsPerGroup() * b.width;
        for (std::size_t n = 0; n < count; ++n)
            normRow(b.stream.data() + b.wanted[first + n] * b.width, m_weights->finalNorm, m_weights->finalNormBias, normed + n * b.width);
        b.setInput(normed, b.width, first, count, columns);
    });
    b.work.push_back({&m_weights->outputHead(), b.packed.data(), b.quantisedInput(), b.wanted.size(), b.logits.data(), b.vocabulary, ProductMode::Replace});
    b.runProducts(m_pool);
    if (auto changed = m_sites->changeLogits(b, m_pool, m_weights->finalNorm, static_cast<float>(m_weights->config.rmsEpsilon)); !changed)
        return passError(changed);
    if (const auto limit = static_cast<float>(m_weights->config.finalSoftcap); limit > 0) {
        m_pool.run(b.wanted.size(), [&](std::size_t row, int) {
            softLimit(b.logits.data() + row * b.vocabulary, static_cast<std::size_t>(m_weights->config.vocabulary), limit);
        });
    }
    return Logits{b.logits.data(), b.vocabulary, b.wanted.size()};
}

void DecodeStep::finalHidden(std::size_t row, float *target) const
{
    normRow(m_buffers->stream.data() + row * m_buffers->width, m_weights->finalNorm, m_weights->finalNormBias, target);
}

Result<DecodeStep::Logits> DecodeStep::run(std::span<const StepPart> parts, std::stop_token stop)
{
    if (auto prepared = prepare(parts); !prepared)
        return passError(prepared);
    if (m_buffers->rows.empty())
        return Logits{};
    embed();
    if (auto changed = m_sites->changeEmbeddings(*m_buffers, m_pool, static_cast<float>(m_weights->config.embeddingScale)); !changed)
        return passError(changed);
    for (std::size_t layer = 0; layer < m_weights->layers.size(); ++layer) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Generating text was cancelled."));
        if (auto done = runLayer(layer); !done)
            return passError(done);
    }
    Logits logits;
    if (!m_buffers->wanted.empty()) {
        auto computed = outputLogits();
        if (!computed)
            return passError(computed);
        logits = *computed;
    }
    for (const StepPart &part : parts)
        part.cache->setLength(part.cache->length() + part.tokens.size());
    return logits;
}

} // namespace fettle::generate
