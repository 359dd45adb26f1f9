// Every limit of a config, each said with its field and value.
#include "core/model/configchecks.h"

#include "core/base/words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace fettle::model {

Result<> checkConfig(const ModelConfig &config, std::string_view source)
{
    struct Limit {
        std::string_view field;
        std::int64_t value, minimum, maximum;
    };
    const std::array limits = {
        Limit{"vocab_size", config.vocabulary, 1, 1 << 24},
        Limit{"hidden_size", config.width, 1, 1 << 17},
        Limit{"num_hidden_layers", config.layers, 1, 1000},
        Limit{"num_attention_heads", config.heads, 1, 1 << 12},
        Limit{"num_key_value_heads", config.keyValueHeads, 1, 1 << 12},
        Limit{"head_dim", config.headSize, 2, 1 << 12},
        Limit{"intermediate_size", config.intermediate, 1, 1 << 20},
        Limit{"max_position_embeddings", config.context, 1, std::int64_t{1} << 32},
        Limit{"sliding_window", config.slidingWindow, 0, std::int64_t{1} << 32},
    };
    const std::string hint = tr("The file is damaged or not the configuration of a language model. Download it again.");
    for (const Limit &limit : limits) {
        if (limit.value < limit.minimum || limit.value > limit.maximum) {
            return fail(ErrorCode::BadInput, tr("{}: \"{}\" is {}, which is not between {} and {}.", source, limit.field, limit.value,
                                                         limit.minimum, limit.maximum), hint);
        }
    }
    if (config.heads % config.keyValueHeads != 0) {
        return fail(ErrorCode::BadInput, tr("{}: {} attention heads cannot share {} key-value heads evenly.", source, config.heads,
                                                     config.keyValueHeads), hint);
    }
    if (config.rotatedSize < 0 || config.rotatedSize > config.headSize || config.rotatedSize % 2 != 0)
        return fail(ErrorCode::BadInput, tr("{}: {} of the {} elements of a head are to be rotated.", source, config.rotatedSize, config.headSize), hint);
    if (config.headSize % 2 != 0 && !config.hasPositionTable)
        return fail(ErrorCode::BadInput, tr("{}: \"head_dim\" is {}, which is odd; rotary positions need pairs.", source, config.headSize), hint);
    const auto isPositive = [](double value) { return std::isfinite(value) && value > 0; };
    if (!std::isfinite(config.rmsEpsilon) || config.rmsEpsilon < 0 || config.rmsEpsilon > 1)
        return fail(ErrorCode::BadInput, tr("{}: \"rms_norm_eps\" is {}.", source, config.rmsEpsilon), hint);
    if (!isPositive(config.ropeTheta))
        return fail(ErrorCode::BadInput, tr("{}: \"rope_theta\" is {}.", source, config.ropeTheta), hint);
    const RopeScaling &scaling = config.ropeScaling;
    if (scaling.kind != RopeScalingKind::None && !isPositive(scaling.factor))
        return fail(ErrorCode::BadInput, tr("{}: the factor of the rope scaling is {}.", source, scaling.factor), hint);
    if (scaling.kind == RopeScalingKind::Llama3
        && (!isPositive(scaling.lowFrequencyFactor) || !isPositive(scaling.highFrequencyFactor)
            || scaling.highFrequencyFactor <= scaling.lowFrequencyFactor || scaling.originalContext < 1)) {
        return fail(ErrorCode::BadInput, tr("{}: the llama3 rope scaling has impossible values (low {}, high {}, original context {}).", source,
                                                     scaling.lowFrequencyFactor, scaling.highFrequencyFactor, scaling.originalContext), hint);
    }
    if (scaling.kind == RopeScalingKind::LongRope) {
        const auto pairs = static_cast<std::size_t>(config.rotated() / 2);
        if (scaling.shortFactors.size() != pairs || scaling.longFactors.size() != pairs || scaling.originalContext < 2 || !isPositive(scaling.attentionFactor)
            || !std::all_of(scaling.shortFactors.begin(), scaling.shortFactors.end(), isPositive)
            || !std::all_of(scaling.longFactors.begin(), scaling.longFactors.end(), isPositive)) {
            return fail(ErrorCode::BadInput, tr("{}: the longrope scaling has impossible values ({} short and {} long factors for {} pairs, original context {}).", source,
                                                         scaling.shortFactors.size(), scaling.longFactors.size(), pairs, scaling.originalContext), hint);
        }
    }
    for (const auto &[field, value] : {std::pair{"rope_local_base_freq", config.localRopeTheta}, std::pair{"query_pre_attn_scalar", config.queryScale},
                                       std::pair{"attn_logit_softcapping", config.attentionSoftcap}, std::pair{"final_logit_softcapping", config.finalSoftcap}}) {
        if (!std::isfinite(value) || value < 0)
            return fail(ErrorCode::BadInput, tr("{}: \"{}\" is {}.", source, field, value), hint);
    }
    for (const std::vector<bool> *list : {&config.slidingLayers, &config.unrotatedLayers}) {
        if (!list->empty() && static_cast<std::int64_t>(list->size()) != config.layers) {
            return fail(ErrorCode::BadInput, tr("{}: a list names {} layers, but the model has {}.", source, list->size(), config.layers), hint);
        }
    }
    if (!config.ropeDivisors.empty()) {
        if (static_cast<std::int64_t>(config.ropeDivisors.size()) != config.headSize / 2)
            return fail(ErrorCode::BadInput, tr("{}: {} rotary divisors for heads of size {}.", source, config.ropeDivisors.size(), config.headSize), hint);
        for (const float divisor : config.ropeDivisors) {
            if (!isPositive(divisor))
                return fail(ErrorCode::BadInput, tr("{}: a rotary divisor is {}.", source, divisor), hint);
        }
    }
    return {};
}

} // namespace fettle::model
