#include "core/generate/decodeweights.h"

#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/generate/integerkernels.h"
#include "core/generate/vectorkernels.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::generate {

namespace {

using model::LinearMap;

Result<const model::SourceTensor *> require(const model::WeightSource &source, const std::string &name)
{
    if (const model::SourceTensor *tensor = source.find(name))
        return tensor;
    return fail(ErrorCode::BadInput, tr("{}: the tensor \"{}\" is missing.", source.path().string(), name), tr("Check that the model is complete."));
}

Result<std::vector<float>> loadVector(const model::WeightSource &source, const std::string &name)
{
    const auto tensor = require(source, name);
    if (!tensor)
        return passError(tensor);
    std::vector<float> values(static_cast<std::size_t>((*tensor)->entry.values()));
    if (auto decoded = (*tensor)->decodeRows(0, (*tensor)->entry.rows(), values); !decoded)
        return passError(decoded);
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
        return tl::unexpected(model::brokenValues(source, **tensor));
    return values;
}

// What a norm multiplies by.
Result<std::vector<float>> loadNorm(const model::WeightSource &source, const std::string &name)
{
    auto values = loadVector(source, name);
    if (values && source.config().isNormOffset) {
        for (float &value : *values)
            value += 1.0f;
    }
    return values;
}

Result<PackedMatrix> loadMatrix(const model::WeightSource &source, const std::string &name, WorkerPool &pool)
{
    const auto tensor = require(source, name);
    if (!tensor)
        return passError(tensor);
    if ((*tensor)->isTransposed) {
        const std::vector<std::byte> turned = (*tensor)->turnedBytes();
        io::TensorEntry entry = (*tensor)->entry;
        entry.bytes = turned;
        return packMatrix(entry, {}, pool);
    }
    return packMatrix((*tensor)->entry, [tensor](std::int64_t row) { return (*tensor)->fileRow(row); }, pool);
}

Result<DecodeLinear> loadLinear(const model::WeightSource &source, const std::string &name, WorkerPool &pool)
{
    DecodeLinear linear;
    auto matrix = loadMatrix(source, name + ".weight", pool);
    if (!matrix)
        return passError(matrix);
    linear.matrix = std::move(*matrix);
    if (source.find(name + ".bias")) {
        auto bias = loadVector(source, name + ".bias");
        if (!bias)
            return passError(bias);
        linear.bias = std::move(*bias);
    }
    return linear;
}

Result<DecodeLayer> loadLayer(const model::WeightSource &source, std::int64_t number, WorkerPool &pool)
{
    DecodeLayer layer;
    const std::string prefix = model::layerPrefix(source.config(), number);
    for (int i = 0; i < model::kNorms; ++i) {
        const std::string_view name = model::normName(source.config(), static_cast<model::Norm>(i));
        if (name.empty())
            continue;
        auto norm = loadNorm(source, fmt::format("{}{}.weight", prefix, name));
        if (!norm)
            return passError(norm);
        layer.norms[static_cast<std::size_t>(i)] = std::move(*norm);
        if (!source.config().hasLayerNorm)
            continue;
        auto bias = loadVector(source, fmt::format("{}{}.bias", prefix, name));
        if (!bias)
            return passError(bias);
        layer.normBiases[static_cast<std::size_t>(i)] = std::move(*bias);
    }
    for (const LinearMap map : model::linearMaps(source.config())) {
        auto linear = loadLinear(source, model::linearName(number, map), pool);
        if (!linear)
            return passError(linear);
        layer.maps[static_cast<std::size_t>(map)] = std::move(*linear);
    }
    return layer;
}

} // namespace

Result<std::shared_ptr<DecodeWeights>> DecodeWeights::load(const model::WeightSource &source, WorkerPool &pool, const ProgressCallback &progress,
                                                           std::stop_token stop)
{
    auto weights = std::make_shared<DecodeWeights>();
    weights->config = source.config();
    weights->ropeFrequencies = model::ropeFrequencies(source.config());
    if (source.config().ropeScaling.kind == model::RopeScalingKind::LongRope)
        weights->longRopeFrequencies = model::ropeFrequencies(source.config(), model::RopeKind::Long);
    if (source.config().localRopeTheta > 0)
        weights->localRopeFrequencies = model::ropeFrequencies(source.config(), model::RopeKind::Local);
    const auto outer = [&source](model::OuterTensor tensor, const char *ending) { return std::string(model::nameOf(source.config(), tensor)) + ending; };
    auto embedding = loadMatrix(source, outer(model::OuterTensor::Embedding, ".weight"), pool);
    if (!embedding)
        return passError(embedding);
    weights->embedding = std::move(*embedding);
    if (!source.config().isTied) {
        auto head = loadMatrix(source, outer(model::OuterTensor::Head, ".weight"), pool);
        if (!head)
            return passError(head);
        weights->head = std::move(*head);
    }
    auto finalNorm = loadNorm(source, outer(model::OuterTensor::FinalNorm, ".weight"));
    if (!finalNorm)
        return passError(finalNorm);
    weights->finalNorm = std::move(*finalNorm);
    if (source.config().hasLayerNorm) {
        auto bias = loadVector(source, outer(model::OuterTensor::FinalNorm, ".bias"));
        if (!bias)
            return passError(bias);
        weights->finalNormBias = std::move(*bias);
    }
    if (source.config().hasPositionTable) {
        auto positions = loadMatrix(source, outer(model::OuterTensor::Positions, ".weight"), pool);
        if (!positions)
            return passError(positions);
        weights->positions = std::move(*positions);
    }
    source.forgetRead(); // the packed weights take its place: never both
    for (std::int64_t number = 0; number < source.config().layers; ++number) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Loading the model was cancelled."));
        if (progress)
            progress({tr("Loading the model"), number, source.config().layers});
        auto layer = loadLayer(source, number, pool);
        if (!layer)
            return passError(layer);
        weights->layers.push_back(std::move(*layer));
        source.forgetRead();
    }
    return weights;
}

std::string DecodeWeights::hash(WorkerPool &pool) const
{
    // Matrices are the bulk and are read in parallel; the order of the list, not of the reading, decides the result.
    std::vector<const PackedMatrix *> matrices = {&embedding};
    if (!head.isEmpty())
        matrices.push_back(&head);
    if (!positions.isEmpty())
        matrices.push_back(&positions);
    for (const DecodeLayer &layer : layers) {
        for (const model::LinearMap map : model::linearMaps(config))
            matrices.push_back(&layer.map(map).matrix);
    }
    std::vector<std::uint64_t> prints(matrices.size());
    pool.run(matrices.size(), [&](std::size_t i, int) { prints[i] = fingerprint(matrices[i]->bytes()); });
    std::string text;
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        text += fmt::format("{} {} {} {:016x}\n", static_cast<int>(matrices[i]->form()), matrices[i]->rows(), matrices[i]->columns(), prints[i]);
    }
    const auto addVector = [&text](const std::vector<float> &values) {
        text += fmt::format("{} {:016x}\n", values.size(), fingerprint(std::as_bytes(std::span(values))));
    };
    addVector(finalNorm);
    addVector(ropeFrequencies);
    if (!localRopeFrequencies.empty())
        addVector(localRopeFrequencies);
    if (!longRopeFrequencies.empty())
        addVector(longRopeFrequencies);
    if (!finalNormBias.empty())
        addVector(finalNormBias);
    for (const DecodeLayer &layer : layers) {
        for (const std::vector<float> &norm : layer.norms) {
            if (!norm.empty())
                addVector(norm);
        }
        for (const std::vector<float> &bias : layer.normBiases) {
            if (!bias.empty())
                addVector(bias);
        }
        for (const model::LinearMap map : model::linearMaps(config))
            addVector(layer.map(map).bias);
    }
    return sha256Hex(std::string_view(text));
}

bool DecodeWeights::fitsIntegers() const
{
    const auto fits = [](const DecodeLinear &map) { return map.matrix.isEmpty() || fitsIntegerProducts(map.matrix); };
    return fitsIntegerProducts(outputHead()) && std::ranges::all_of(layers, [&](const DecodeLayer &layer) { return std::ranges::all_of(layer.maps, fits); });
}

std::size_t DecodeWeights::bytes() const
{
    std::size_t total = embedding.bytes().size() + head.bytes().size() + positions.bytes().size();
    for (const DecodeLayer &layer : layers) {
        for (const DecodeLinear &linear : layer.maps)
            total += linear.matrix.bytes().size();
    }
    return total;
}

} // namespace fettle::generate
