// Two low-rank adapters as one: s1 B1 A1 + s2 B2 A2 = [s1 B1, s2 B2] [A1; A2].
#include "core/generate/decodeadapter.h"

#include "core/base/sha256.h"
#include "core/base/words.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::generate {

namespace {

// The rows of one matrix above those of the other, as fp32.
Result<PackedMatrix> above(const PackedMatrix &first, const PackedMatrix &second)
{
    const std::size_t columns = first.columns();
    std::vector<float> values((first.rows() + second.rows()) * columns);
    for (std::size_t row = 0; row < first.rows() + second.rows(); ++row)
        (row < first.rows() ? first : second).unpackRow(row < first.rows() ? row : row - first.rows(), values.data() + row * columns);
    return packFloats(values.data(), first.rows() + second.rows(), columns);
}

// Side by side, each with its factor.
Result<PackedMatrix> beside(const PackedMatrix &first, float firstFactor, const PackedMatrix &second, float secondFactor)
{
    const std::size_t columns = first.columns() + second.columns();
    std::vector<float> values(first.rows() * columns);
    for (std::size_t row = 0; row < first.rows(); ++row) {
        float *target = values.data() + row * columns;
        first.unpackRow(row, target);
        second.unpackRow(row, target + first.columns());
        for (std::size_t i = 0; i < columns; ++i)
            target[i] *= i < first.columns() ? firstFactor : secondFactor;
    }
    return packFloats(values.data(), first.rows(), columns);
}

} // namespace

bool DecodeAdapter::canMix() const
{
    const bool hasOuter = !m_embedding.whole.isEmpty() || !m_embedding.a.isEmpty() || !m_head.whole.isEmpty() || !m_head.a.isEmpty();
    return m_startLength == 0 && m_bottlenecks.empty() && !hasOuter && std::ranges::all_of(m_modules, [](const auto &layer) {
        return std::ranges::all_of(layer, [](const Module &module) { return module.gain.empty() && module.inputGain.empty(); });
    });
}

Result<std::shared_ptr<const DecodeAdapter>> DecodeAdapter::mix(const DecodeAdapter &first, double firstStrength, const DecodeAdapter &second, double secondStrength)
{
    if (!first.canMix() || !second.canMix())
        return fail(ErrorCode::BadInput, tr("Only LoRA adapters can be mixed."), tr("Choose two results of the method LoRA (without DoRA)."));
    if (first.m_modules.size() != second.m_modules.size() || first.m_width != second.m_width)
        return fail(ErrorCode::BadInput, tr("The two adapters belong to different models."), tr("Mix adapters that were trained on the same base model."));
    std::shared_ptr<DecodeAdapter> mixed(new DecodeAdapter);
    mixed->m_modules.resize(first.m_modules.size());
    mixed->m_width = first.m_width;
    for (std::size_t layer = 0; layer < first.m_modules.size(); ++layer) {
        for (std::size_t map = 0; map < model::kLinearMaps; ++map) {
            const Module &one = first.m_modules[layer][map], &two = second.m_modules[layer][map];
            if (one.a.isEmpty() && two.a.isEmpty())
                continue;
            const Module &any = one.a.isEmpty() ? two : one; // gives the shape where the other adapter leaves the map alone
            Module &target = mixed->m_modules[layer][map];
            const auto strengthOf = [&](const Module &module, double strength) { return static_cast<float>(module.scaling * strength); };
            Result<PackedMatrix> a, b;
            if (one.a.isEmpty() || two.a.isEmpty()) {
                a = above(any.a, PackedMatrix());
                std::vector<float> values(any.b.rows() * any.b.columns());
                for (std::size_t row = 0; row < any.b.rows(); ++row)
                    any.b.unpackRow(row, values.data() + row * any.b.columns());
                b = packFloats(values.data(), any.b.rows(), any.b.columns(), strengthOf(any, one.a.isEmpty() ? secondStrength : firstStrength));
            } else {
                a = above(one.a, two.a);
                b = beside(one.b, strengthOf(one, firstStrength), two.b, strengthOf(two, secondStrength));
            }
            if (!a || !b)
                return passError(a ? b : a);
            mixed->m_largestRank = std::max(mixed->m_largestRank, a->rows());
            target.a = std::move(*a);
            target.b = std::move(*b);
        }
    }
    mixed->m_hash = sha256Hex(fmt::format("{} at {} and {} at {}", first.hash(), firstStrength, second.hash(), secondStrength));
    mixed->m_fingerprint = mixed->fingerprintNow();
    return std::shared_ptr<const DecodeAdapter>(std::move(mixed));
}

} // namespace fettle::generate
