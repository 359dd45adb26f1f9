#include "core/train/measure.h"

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/sensors.h"
#include "core/model/device.h"
#include "core/model/torcherror.h"
#include "core/train/lossbatch.h"
#include "core/train/optimizer.h"
#include "core/tune/adapter.h"

#include <algorithm>

namespace fettle::train {

namespace {

// Puts the adapter back as it was, whatever happens on the way.
class InTraining {
public:
    explicit InTraining(tune::Adapter &adapter) : m_adapter(adapter) { m_adapter.setTraining(true); }
    InTraining(const InTraining &) = delete;
    InTraining &operator=(const InTraining &) = delete;
    ~InTraining() { m_adapter.setTraining(false); }

private:
    tune::Adapter &m_adapter;
};

} // namespace

Result<PassFigures> measurePass(const TrainerSetup &setup, const PackedRow &row, std::stop_token stop)
try {
    PassFigures figures;
    resetOwnPeak();
    const InTraining training(*setup.adapter);
    AdamW optimizer(parametersFor(*setup.adapter, setup.recipe), adamSettings(setup.recipe));
    const model::LossOptions options = lossOptions(setup.recipe, [stop] { return stop.stop_requested(); });
    const bool isElsewhere = !options.device.is_cpu();
    if (isElsewhere)
        model::resetDevicePeak(options.device);
    model::LossEngine engine(setup.weights, options);
    figures.gradientBytes = setup.adapter->bytes();
    figures.optimizerBytes = optimizer.momentBytes();
    const model::LossBatch batch = toLossBatch(row);
    // The first reading asks for memory and is slow; the second is what every later step is like.
    for (int reading = 0; reading < 2; ++reading) {
        optimizer.zeroGradients();
        const EnergyReading begun = readProcessorEnergy();
        const Stopwatch watch;
        if (auto loss = engine.lossAndGradient(batch, *setup.adapter, 1.0 / static_cast<double>(std::max<std::int64_t>(row.trainedTokens(), 1))); !loss)
            return passError(loss);
        figures.rowSeconds = watch.seconds();
        const EnergyReading computed = readProcessorEnergy();
        const Stopwatch update;
        optimizer.step(0.0, optimizer.gradientNorm(), 0.0);
        figures.updateSeconds = update.seconds();
        figures.rowJoules = joulesBetween(begun, computed);
        figures.updateJoules = joulesBetween(computed, readProcessorEnergy());
    }
    figures.peakBytes = memoryFigures().ownPeakBytes;
    if (isElsewhere) {
        const model::DeviceMemory memory = model::deviceMemory(options.device);
        figures.peakBytes = memory.peakBytes;
        figures.weightBytes = memory.usedBytes;
    }
    return figures;
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, "measuring"));
}

PackedRow longestRow(std::span<const Document> documents, const Recipe &recipe)
{
    PackedRow longest;
    if (documents.empty())
        return longest;
    const BatchPlan plan(documents, batchSettings(recipe));
    constexpr std::int64_t kMostSteps = 2000; // packing more of them would take longer than the measurement
    const std::int64_t steps = std::min(totalSteps(recipe, plan.stepsPerEpoch()), std::max(plan.stepsPerEpoch(), kMostSteps));
    for (std::int64_t step = 0; step < steps; ++step) {
        for (PackedRow &row : plan.rows(step)) {
            if (!row.targets.empty() && std::pair(row.length(), row.trainedTokens()) > std::pair(longest.length(), longest.trainedTokens()))
                longest = std::move(row);
        }
    }
    return longest;
}

PackedRow shortened(const PackedRow &row, std::span<const Document> documents, std::int64_t tokens)
{
    std::vector<Document> kept;
    std::vector<std::int64_t> order;
    for (const std::int64_t index : row.documents) {
        if (tokens <= 0)
            break;
        Document document = documents[static_cast<std::size_t>(index)];
        const auto length = static_cast<std::size_t>(std::min(tokens, document.length()));
        document.ids.resize(length);
        document.trained.resize(length);
        tokens -= static_cast<std::int64_t>(length);
        order.push_back(static_cast<std::int64_t>(kept.size()));
        kept.push_back(std::move(document));
    }
    const auto isLearnt = [](const Document &document) { return document.trainedTokens() > 0; };
    if (!kept.empty() && std::ranges::none_of(kept, isLearnt))
        kept.front().trained.back() = 1;
    return layOut(kept, order);
}

} // namespace fettle::train
