#include "core/tune/softprompt.h"

#include "core/base/random.h"
#include "core/base/words.h"
#include "core/io/jsonfile.h"
#include "core/tune/peftconfig.h"

#include <cmath>
#include <fmt/format.h>

namespace fettle::tune {

namespace {

constexpr std::uint64_t kInitStream = 0x50726F6D70;
constexpr std::int64_t kMostTokens = 65536, kWidest = 65536;
constexpr const char *kProjectionFile = "prefix_projection.safetensors";
constexpr const char *kEmbeddings = "prompt_embeddings";

Result<> checkTokens(std::int64_t tokens, const model::ModelConfig &model)
{
    if (tokens >= 1 && tokens <= kMostTokens && (model.context <= 0 || tokens < model.context))
        return {};
    return fail(ErrorCode::Usage, tr("The number of virtual tokens is {}.", tokens),
                tr("Choose between 1 and {}; 10 to 100 is usual.", model.context > 0 ? std::min(model.context - 1, kMostTokens) : kMostTokens));
}

at::Tensor normal(const std::vector<std::int64_t> &shape, RandomStream &stream)
{
    at::Tensor values = at::empty(shape, at::kFloat);
    stream.fillNormal({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, 0.0f, 1.0f);
    return values;
}

// As torch.nn.Linear begins: U(-1/sqrt(in), 1/sqrt(in)).
at::Tensor uniform(const std::vector<std::int64_t> &shape, std::int64_t in, RandomStream &stream)
{
    at::Tensor values = at::empty(shape, at::kFloat);
    const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(in)));
    stream.fillUniform({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, -bound, bound);
    return values;
}

struct PromptSettings {
    PeftConfigFile file;
    std::int64_t virtualTokens = 0;
};

Result<PromptSettings> readPromptSettings(const std::filesystem::path &folder, std::string_view type)
{
    auto file = readPeftConfigFile(folder, type, {"num_virtual_tokens", "token_dim", "num_transformer_submodules", "num_attention_heads", "num_layers",
                                                  "prompt_tuning_init", "prompt_tuning_init_text", "tokenizer_name_or_path", "tokenizer_kwargs",
                                                  "encoder_hidden_size", "prefix_projection", "init_weights", "prompt_tuning_init_state_dict_path"});
    if (!file)
        return passError(file);
    auto tokens = io::jsonField<std::int64_t>(file->object, "num_virtual_tokens", file->source);
    if (!tokens)
        return passError(tokens);
    auto submodules = io::jsonField<std::int64_t>(file->object, "num_transformer_submodules", file->source, std::int64_t{1});
    if (!submodules)
        return passError(submodules);
    if (*submodules != 1)
        return fail(ErrorCode::BadInput, tr("{}: \"num_transformer_submodules\" is {}.", file->source, *submodules), tr("The adapter belongs to an encoder-decoder model."));
    return PromptSettings{std::move(*file), *tokens};
}

std::int64_t layerWidth(const model::ModelConfig &model) { return model.keyValueHeads * model.headSize; }

std::int64_t hiddenWidth(const PrefixConfig &config, const model::ModelConfig &model)
{
    return config.projectionWidth > 0 ? config.projectionWidth : layerWidth(model);
}

} // namespace

Result<> checkPrefix(const PrefixConfig &config, const model::ModelConfig &model)
{
    if (model.slidingWindow > 0)
        return fail(ErrorCode::Usage, tr("This model looks back over a sliding window, in which a prefix would be lost."), tr("Choose prompt tuning or LoRA for this model."));
    if (config.projectionWidth < 0 || config.projectionWidth > kWidest)
        return fail(ErrorCode::Usage, tr("The width of the projection is {}.", config.projectionWidth), tr("Choose between 1 and {}, or 0.", kWidest));
    return checkTokens(config.virtualTokens, model);
}

namespace {

ExpectedTensors projectionTensors(const PrefixConfig &config, const model::ModelConfig &model)
{
    const std::int64_t width = layerWidth(model), hidden = hiddenWidth(config, model), out = 2 * model.layers * width;
    return {{"embedding.weight", {config.virtualTokens, width}}, {"transform.0.weight", {hidden, width}}, {"transform.0.bias", {hidden}},
            {"transform.2.weight", {out, hidden}},               {"transform.2.bias", {out}}};
}

} // namespace

std::int64_t prefixParameters(const PrefixConfig &config, const model::ModelConfig &model)
{
    if (!config.hasProjection)
        return config.virtualTokens * 2 * model.layers * layerWidth(model);
    std::int64_t count = 0;
    for (const auto &[name, shape] : projectionTensors(config, model))
        count += c10::multiply_integers(shape);
    return count;
}

PromptTuning::PromptTuning(PromptConfig config, const model::ModelConfig &model, at::Tensor embeddings)
    : m_config(std::move(config)), m_layers(model.layers), m_heads(model.heads), m_embeddings(std::move(embeddings))
{
}

Result<std::shared_ptr<PromptTuning>> PromptTuning::create(const model::ModelWeights &weights, const PromptConfig &config, std::uint64_t seed)
{
    if (auto checked = checkTokens(config.virtualTokens, weights.config); !checked)
        return passError(checked);
    const at::NoGradGuard guard;
    RandomStream stream(seed ^ kInitStream);
    at::Tensor embeddings;
    if (config.init == PromptInit::Random) {
        embeddings = normal({config.virtualTokens, weights.config.width}, stream);
    } else {
        std::vector<std::int64_t> ids = config.initTokens;
        if (config.init == PromptInit::Tokens && ids.empty())
            return fail(ErrorCode::Usage, tr("The text that the virtual tokens begin with is empty."), tr("Write a text, or choose another beginning."));
        if (config.init == PromptInit::Sample) {
            ids.clear();
            for (std::int64_t i = 0; i < config.virtualTokens; ++i)
                ids.push_back(static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(weights.config.vocabulary))));
        }
        std::vector<std::int64_t> chosen;
        for (std::int64_t i = 0; i < config.virtualTokens; ++i)
            chosen.push_back(ids[static_cast<std::size_t>(i) % ids.size()]);
        embeddings = weights.embeddingRows(at::tensor(chosen, at::kLong)).detach() * weights.config.embeddingScale;
    }
    return std::shared_ptr<PromptTuning>(new PromptTuning(config, weights.config, std::move(embeddings)));
}

Result<PromptConfig> PromptTuning::readConfig(const std::filesystem::path &folder)
{
    auto settings = readPromptSettings(folder, "PROMPT_TUNING");
    if (!settings)
        return passError(settings);
    PromptConfig config;
    config.virtualTokens = settings->virtualTokens;
    config.baseModel = settings->file.baseModel;
    return config;
}

Result<std::shared_ptr<PromptTuning>> PromptTuning::load(const std::filesystem::path &folder, const model::ModelConfig &model)
{
    auto config = readConfig(folder);
    if (!config)
        return passError(config);
    if (auto checked = checkTokens(config->virtualTokens, model); !checked)
        return passError(checked);
    auto tensors = readPeftTensors(folder, {{kEmbeddings, {config->virtualTokens, model.width}}});
    if (!tensors)
        return passError(tensors);
    return std::shared_ptr<PromptTuning>(new PromptTuning(std::move(*config), model, std::move(tensors->front())));
}

Result<> PromptTuning::save(const std::filesystem::path &folder) const
{
    nlohmann::json config = commonPeftConfig("PROMPT_TUNING", m_config.baseModel);
    config["num_attention_heads"] = m_heads;
    config["num_layers"] = m_layers;
    config["num_transformer_submodules"] = 1;
    config["num_virtual_tokens"] = m_config.virtualTokens;
    config["prompt_tuning_init"] = "RANDOM"; // how the values began means nothing to who loads them
    config["prompt_tuning_init_text"] = nullptr;
    config["token_dim"] = m_embeddings.size(1);
    config["tokenizer_kwargs"] = nullptr;
    config["tokenizer_name_or_path"] = nullptr;
    return writePeftFolder(folder, config, parameters());
}

PrefixTuning::PrefixTuning(PrefixConfig config, const model::ModelConfig &model, std::vector<NamedParameter> parameters)
    : m_config(std::move(config)), m_layers(model.layers), m_heads(model.keyValueHeads), m_headSize(model.headSize), m_parameters(std::move(parameters))
{
}

Result<std::shared_ptr<PrefixTuning>> PrefixTuning::create(const model::ModelConfig &model, const PrefixConfig &config, std::uint64_t seed)
{
    if (auto checked = checkPrefix(config, model); !checked)
        return passError(checked);
    RandomStream stream(seed ^ kInitStream);
    std::vector<NamedParameter> parameters;
    if (!config.hasProjection) {
        parameters.push_back({kEmbeddings, normal({config.virtualTokens, 2 * model.layers * layerWidth(model)}, stream)});
    } else {
        for (const auto &[name, shape] : projectionTensors(config, model)) {
            const bool isFirst = name.starts_with("transform.0");
            parameters.push_back({name, name == "embedding.weight" ? normal(shape, stream)
                                                                    : uniform(shape, isFirst ? layerWidth(model) : hiddenWidth(config, model), stream)});
        }
    }
    return std::shared_ptr<PrefixTuning>(new PrefixTuning(config, model, std::move(parameters)));
}

Result<PrefixConfig> PrefixTuning::readConfig(const std::filesystem::path &folder)
{
    auto settings = readPromptSettings(folder, "PREFIX_TUNING");
    if (!settings)
        return passError(settings);
    auto hasProjection = io::jsonField<bool>(settings->file.object, "prefix_projection", settings->file.source, false);
    auto width = io::jsonField<std::int64_t>(settings->file.object, "encoder_hidden_size", settings->file.source, std::int64_t{0});
    if (!hasProjection)
        return passError(hasProjection);
    if (!width)
        return passError(width);
    PrefixConfig config;
    config.virtualTokens = settings->virtualTokens;
    config.hasProjection = *hasProjection;
    config.projectionWidth = *width;
    config.baseModel = settings->file.baseModel;
    return config;
}

Result<std::shared_ptr<PrefixTuning>> PrefixTuning::load(const std::filesystem::path &folder, const model::ModelConfig &model)
{
    auto config = readConfig(folder);
    if (!config)
        return passError(config);
    if (auto checked = checkPrefix(*config, model); !checked)
        return passError(checked);
    std::error_code ignored;
    config->hasProjection = config->hasProjection && std::filesystem::exists(folder / kProjectionFile, ignored);
    const ExpectedTensors expected = config->hasProjection ? projectionTensors(*config, model)
                                                           : ExpectedTensors{{kEmbeddings, {config->virtualTokens, 2 * model.layers * layerWidth(model)}}};
    auto tensors = config->hasProjection ? readAdapterTensors(folder / kProjectionFile, expected) : readPeftTensors(folder, expected);
    if (!tensors)
        return passError(tensors);
    std::vector<NamedParameter> parameters;
    for (std::size_t i = 0; i < expected.size(); ++i)
        parameters.push_back({expected[i].first, (*tensors)[i]});
    return std::shared_ptr<PrefixTuning>(new PrefixTuning(std::move(*config), model, std::move(parameters)));
}

Result<> PrefixTuning::save(const std::filesystem::path &folder) const
{
    const std::int64_t width = m_heads * m_headSize;
    nlohmann::json config = commonPeftConfig("PREFIX_TUNING", m_config.baseModel);
    config["encoder_hidden_size"] = m_config.projectionWidth > 0 ? m_config.projectionWidth : width;
    config["num_attention_heads"] = m_heads;
    config["num_layers"] = m_layers;
    config["num_transformer_submodules"] = 1;
    config["num_virtual_tokens"] = m_config.virtualTokens;
    config["prefix_projection"] = m_config.hasProjection;
    config["token_dim"] = width;
    const at::NoGradGuard guard;
    if (auto written = writePeftFolder(folder, config, {{kEmbeddings, keysAndValues()}}); !written)
        return written;
    return m_config.hasProjection ? writeAdapterTensors(folder / kProjectionFile, m_parameters) : Result<>();
}

at::Tensor PrefixTuning::keysAndValues() const
{
    if (!m_config.hasProjection)
        return m_parameters[0].tensor;
    const auto &p = m_parameters;
    return at::linear(at::tanh(at::linear(p[0].tensor, p[1].tensor, p[2].tensor)), p[3].tensor, p[4].tensor);
}

void PrefixTuning::beginPass() const
{
    m_now.clear();
    if (!isSilent())
        m_now = keysAndValues().view({m_config.virtualTokens, 2 * m_layers, m_heads, m_headSize}).unbind(1);
}

model::PrefixKeyValues PrefixTuning::prefix(std::int64_t layer) const
{
    if (m_now.empty())
        return {};
    const auto first = static_cast<std::size_t>(2 * layer);
    return {m_now[first], m_now[first + 1]};
}

} // namespace fettle::tune
