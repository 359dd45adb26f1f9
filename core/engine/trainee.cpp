// From a recipe to what is trained: the method's settings, fresh or from a checkpoint. The one place that knows every method.
#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/engine/basestorage.h"
#include "core/engine/keptweights.h"
#include "core/export/tokenizerfiles.h"
#include "core/model/torcherror.h"
#include "core/train/optimizer.h"
#include "core/tune/bottleneck.h"
#include "core/tune/ia3.h"
#include "core/tune/peftfolder.h"
#include "core/tune/softprompt.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

using model::LinearMap;
constexpr std::array kAttention = {LinearMap::Query, LinearMap::Key, LinearMap::Value, LinearMap::Output};
constexpr std::array kMlp = {LinearMap::Gate, LinearMap::Up, LinearMap::Down};

// The setting's short forms in the words of PEFT; names of maps as they are. Errors: Usage, naming what no model has.
Result<std::vector<std::string>> targetList(const std::string &targets, const model::ModelConfig &model)
{
    if (targets == "all")
        return std::vector{std::string(tune::kAllLinear)};
    if (targets == "attention")
        return tune::targetsFor(model, kAttention);
    return targets == "mlp" ? tune::targetsFor(model, kMlp) : tune::parseTargets(targets);
}

Result<tune::FullConfig> fullConfig(const train::Recipe &recipe)
{
    tune::FullConfig config;
    auto parts = tune::parseParts(recipe.text("parts"));
    if (!parts)
        return passError(parts);
    auto layers = train::parseLayers(recipe.text("layers"));
    if (!layers)
        return passError(layers);
    config.parts = std::move(*parts);
    config.layers = std::move(*layers);
    return config;
}

Result<tune::BottleneckConfig> bottleneckConfig(const train::Recipe &recipe, const model::ModelConfig &model, const std::string &baseModel)
{
    tune::BottleneckConfig config;
    const std::string kind = recipe.text("kind"), activation = recipe.text("activation");
    config.kind = kind == "double" ? tune::BottleneckKind::Double : kind == "parallel" ? tune::BottleneckKind::Parallel : tune::BottleneckKind::Sequential;
    for (const auto known : {tune::Curve::Relu, tune::Curve::Swish, tune::Curve::Gelu, tune::Curve::Tanh}) {
        if (tune::nameOf(known) == activation)
            config.activation = known;
    }
    config.reductionFactor = recipe.real("reductionFactor");
    config.dropout = recipe.real("dropout");
    config.scaling = recipe.real("scaling");
    config.baseModel = baseModel;
    auto layers = train::parseLayers(recipe.text("layers"));
    if (!layers)
        return passError(layers);
    for (std::int64_t layer = 0; layer < model.layers && !layers->empty(); ++layer) {
        if (!std::binary_search(layers->begin(), layers->end(), layer))
            config.leftOut.push_back(layer);
    }
    return config;
}

// In a model whose maps have other names, those of its own that do the same as the usual ones: the defaults name these.
std::vector<std::string> ownNames(const std::vector<std::string> &names, const model::ModelConfig &model)
{
    std::vector<std::string> own;
    for (const std::string &name : names) {
        std::vector<std::string> found = {name};
        for (int i = 0; i <= static_cast<int>(LinearMap::Down) && model.isFused; ++i) {
            if (const auto role = static_cast<LinearMap>(i); model::nameOf(role) == name)
                found = tune::targetsFor(model, {&role, 1});
        }
        if (std::find(own.begin(), own.end(), found.front()) == own.end())
            own.push_back(found.front());
    }
    return own;
}

// The modules and layers of the recipe.
Result<std::pair<tune::Ia3Config, std::vector<std::int64_t>>> ia3Config(const train::Recipe &recipe, const model::ModelConfig &model, const std::string &baseModel)
{
    tune::Ia3Config config;
    const std::string modules = recipe.text("scaledModules"), inputs = recipe.text("inputScaled");
    auto targets = modules == "all" ? Result<std::vector<std::string>>(tune::targetsFor(model, model::linearMaps({}))) : targetList(modules, model);
    if (!targets)
        return passError(targets);
    auto atInput = inputs.empty() ? Result<std::vector<std::string>>() : tune::parseTargets(inputs);
    if (!atInput)
        return passError(atInput);
    config.targets = ownNames(*targets, model);
    config.feedForward = ownNames(*atInput, model);
    config.baseModel = baseModel;
    auto layers = train::parseLayers(recipe.text("layers"));
    if (!layers)
        return passError(layers);
    return std::pair(std::move(config), std::move(*layers));
}

tune::PrefixConfig prefixConfig(const train::Recipe &recipe, const std::string &baseModel)
{
    return {recipe.integer("virtualTokens"), recipe.boolean("projection"), recipe.integer("projectionWidth"), baseModel};
}

Result<tune::PromptConfig> promptConfig(const train::Recipe &recipe, const fs::path &model)
{
    tune::PromptConfig config;
    config.virtualTokens = recipe.integer("virtualTokens");
    config.baseModel = model.string();
    const std::string init = recipe.text("promptInit");
    config.init = init == "text" ? tune::PromptInit::Tokens : init == "random" ? tune::PromptInit::Random : tune::PromptInit::Sample;
    if (config.init != tune::PromptInit::Tokens)
        return config;
    auto tokenizer = exporting::loadTokenizer(model);
    if (!tokenizer)
        return passError(tokenizer);
    auto encoding = tokenizer->encode(recipe.text("promptText"));
    if (!encoding)
        return passError(encoding);
    config.initTokens.assign(encoding->ids.begin(), encoding->ids.end());
    return config;
}

template <class T>
Result<std::shared_ptr<tune::Adapter>> asAdapter(Result<std::shared_ptr<T>> made)
{
    return made ? Result<std::shared_ptr<tune::Adapter>>(std::move(*made)) : passError(made);
}

// Layers that the recipe chooses must exist.
Result<> checkLayers(const train::Recipe &recipe, const model::ModelConfig &model)
{
    if (!train::isSettingOf(*train::findSetting("layers"), recipe.method))
        return {};
    auto layers = train::parseLayers(recipe.text("layers"));
    if (!layers)
        return passError(layers);
    if (layers->empty() || layers->back() < model.layers)
        return {};
    return fail(ErrorCode::Usage, tr("There is no layer {}: the model has the layers 0 to {}.", layers->back(), model.layers - 1), tr("Choose layers that exist."));
}

// How the base lies in memory. full: what is trained stays as it is.
model::StorageChoice storageChoice(const train::Recipe &recipe)
{
    using model::WeightStorage;
    const std::string storage = recipe.text("storage");
    model::StorageChoice choice;
    choice.storage = storage == "bf16" ? WeightStorage::Half : storage == "q8" ? WeightStorage::Q8 : storage == "file" ? WeightStorage::File
                     : storage.starts_with("nf4") ? WeightStorage::Nf4 : WeightStorage::Fp32;
    if (storage == "nf4-double")
        choice.scales = model::ScaleRounding::EightBits;
    return choice;
}

model::StorageChoice storageChoice(const train::Recipe &recipe, const tune::FullConfig &full, const model::ModelConfig &model)
{
    model::StorageChoice choice = storageChoice(recipe);
    choice.isTrained = [full, model](std::string_view name) { return tune::isTrainedBy(full, model, name); };
    return choice;
}

bool holdsModel(const fs::path &folder)
{
    std::error_code error;
    return fs::exists(folder / "config.json", error) && !fs::exists(folder / "adapter_config.json", error);
}

Result<std::shared_ptr<tune::Adapter>> loraTrainee(const StartPoint &start, const model::ModelWeights &weights)
{
    const train::Recipe &recipe = start.recipe;
    auto config = loraConfig(recipe, weights.config, start.model.string());
    if (!config)
        return passError(config);
    const bool isFresh = start.startFolder.empty();
    if (start.checkpoint.empty() && isFresh) {
        auto fresh = tune::LoraAdapter::create(weights, *config, static_cast<std::uint64_t>(recipe.integer("seed")));
        return fresh ? Result<std::shared_ptr<tune::Adapter>>(std::move(*fresh)) : passError(fresh);
    }
    auto loaded = tune::loadPeftFolder(start.checkpoint.empty() ? fs::path(start.startFolder) : start.checkpoint, weights.config);
    if (!loaded)
        return passError(loaded);
    if (isFresh && config->init == tune::LoraInit::Pissa) {
        auto pissa = tune::asPissa(**loaded, weights.config, *config);
        return pissa ? Result<std::shared_ptr<tune::Adapter>>(std::move(*pissa)) : passError(pissa);
    }
    tune::LoraConfig same = (*loaded)->config();
    same.dropout = recipe.real("dropout");
    same.baseModel = start.model.string();
    return std::make_shared<tune::LoraAdapter>(std::move(same), (*loaded)->modules(), (*loaded)->outer(), weights.config);
}

// The methods whose adapters are made from the config alone and lie complete in their folder.
Result<std::shared_ptr<tune::Adapter>> smallTrainee(const StartPoint &start, const model::ModelWeights &weights)
{
    const train::Recipe &recipe = start.recipe;
    const auto seed = static_cast<std::uint64_t>(recipe.integer("seed"));
    const std::string base = start.model.string();
    const fs::path from = start.checkpoint.empty() ? fs::path(start.startFolder) : start.checkpoint;
    const bool isFresh = from.empty();
    if (recipe.method == "bottleneck") {
        auto config = bottleneckConfig(recipe, weights.config, base);
        if (!config)
            return passError(config);
        auto adapter = isFresh ? tune::BottleneckAdapter::create(weights.config, *config, seed) : tune::BottleneckAdapter::load(from, weights.config);
        if (adapter)
            (*adapter)->setDropout(config->dropout);
        return asAdapter(std::move(adapter));
    }
    if (recipe.method == "ia3") {
        if (!isFresh)
            return asAdapter(tune::Ia3Adapter::load(from, weights.config));
        auto config = ia3Config(recipe, weights.config, base);
        return config ? asAdapter(tune::Ia3Adapter::create(weights.config, config->first, config->second)) : passError(config);
    }
    if (recipe.method == "prefix") {
        return asAdapter(isFresh ? tune::PrefixTuning::create(weights.config, prefixConfig(recipe, base), seed) : tune::PrefixTuning::load(from, weights.config));
    }
    if (!isFresh)
        return asAdapter(tune::PromptTuning::load(from, weights.config));
    auto config = promptConfig(recipe, start.model);
    return config ? asAdapter(tune::PromptTuning::create(weights, *config, seed)) : passError(config);
}

// All weights, and gradients and both moments of what is trained.
Result<> checkFullMemory(const train::Recipe &recipe, std::int64_t trained, std::int64_t weights)
{
    const std::int64_t needed = weights + 4 * trained + train::momentBytes(trained, train::adamSettings(recipe).moments);
    const std::int64_t available = memoryFigures().availableBytes;
    if (available <= 0 || needed <= available)
        return {};
    return fail(ErrorCode::OutOfMemory, tr("Training the weights themselves needs at least {:.1f} GB of memory; {:.1f} GB are free.",
                                                    static_cast<double>(needed) * 1e-9, static_cast<double>(available) * 1e-9),
                tr("Train fewer parts or layers (settings parts and layers), keep less in memory (optimizerState=8bit), choose LoRA, or take a smaller model."));
}

// The trained tensors of a checkpoint in place of those that the weights hold.
Result<> readTrained(const fs::path &checkpoint, const model::StorageChoice &choice, const model::ModelWeights &weights)
{
    auto source = model::WeightSource::open(checkpoint);
    if (!source)
        return passError(source);
    for (const model::SourceTensor &tensor : (*source)->tensors()) {
        if (!choice.isTrained(tensor.name))
            continue;
        const at::Tensor target = weights.tensor(tensor.name);
        if (auto read = tensor.decodeRows(0, tensor.entry.rows(), {target.data_ptr<float>(), static_cast<std::size_t>(target.numel())}); !read)
            return read;
    }
    return {};
}

Result<Trainee> fullTrainee(const StartPoint &start, const ProgressCallback &progress, std::stop_token stop)
{
    auto config = fullConfig(start.recipe);
    if (!config)
        return passError(config);
    // A checkpoint holds all in 32 bits. What lies rounded in memory is rounded from where it was rounded at the beginning, so that it is the same.
    const bool isRounded = start.recipe.text("storage") != "fp32", isResumed = !start.checkpoint.empty();
    const fs::path begun = start.startFolder.empty() ? start.model : fs::path(start.startFolder);
    auto source = model::WeightSource::open(isResumed && !isRounded ? start.checkpoint : begun);
    if (!source)
        return passError(source);
    const model::StorageChoice choice = storageChoice(start.recipe, *config, (*source)->config());
    auto trained = tune::fullParameters(*config, (*source)->config());
    if (!trained)
        return passError(trained);
    if (auto room = checkFullMemory(start.recipe, *trained, model::bytesInMemory(**source, choice)); !room)
        return passError(room);
    auto weights = model::loadWeights(**source, progress, stop, choice);
    if (!weights)
        return passError(weights);
    if (isResumed && isRounded) {
        if (auto read = readTrained(start.checkpoint, choice, **weights); !read)
            return passError(read);
    }
    // Just loaded for this run: nobody else holds them.
    const auto own = std::const_pointer_cast<model::ModelWeights>(*weights);
    const auto writeBeside = [base = start.model, modelConfig = own->config](const fs::path &folder) -> Result<> {
        if (auto written = exporting::writeModelConfig(base, modelConfig, "float32", folder); !written)
            return written;
        return exporting::writeTokenizerFiles(base, folder);
    };
    auto adapter = tune::FullTuning::create(own, *config, writeBeside);
    if (!adapter)
        return passError(adapter);
    return Trainee{*weights, std::move(*adapter)};
}

// The base of a method that leaves it as it is.
Result<std::shared_ptr<const model::ModelWeights>> baseWeights(const StartPoint &start, const ProgressCallback &progress, std::stop_token stop, KeptBase *kept)
{
    if (!kept || start.modelHash.empty())
        return model::loadWeights(start.model, progress, stop, storageChoice(start.recipe));
    const std::string key = start.modelHash + ' ' + start.recipe.text("storage");
    KeptWeights &held = kept->weights();
    if (held.weights && held.key == key)
        return held.weights;
    kept->clear(); // one model in memory at a time
    auto weights = model::loadWeights(start.model, progress, stop, storageChoice(start.recipe));
    if (!weights)
        return weights;
    ++held.loads;
    held.weights = *weights;
    held.key = key;
    return weights;
}

} // namespace

Result<tune::LoraConfig> loraConfig(const train::Recipe &recipe, const model::ModelConfig &model, const std::string &baseModel)
{
    tune::LoraConfig config;
    config.rank = recipe.integer("rank");
    config.alpha = recipe.real("alpha");
    config.dropout = recipe.real("dropout");
    config.isRankStabilised = recipe.boolean("rslora");
    config.isDora = recipe.boolean("dora");
    const std::string init = recipe.text("init");
    config.init = init == "pissa" ? tune::LoraInit::Pissa : init == "gaussian" ? tune::LoraInit::Gaussian : tune::LoraInit::Uniform;
    config.baseModel = baseModel;
    config.targetPattern = recipe.text("targetExpression");
    if (const std::string saved = recipe.text("modulesToSave"); saved != "none")
        for (const std::string_view name : {"embed_tokens", "lm_head"})
            if (saved.find(name) != std::string::npos)
                config.savedModules.emplace_back(name);
    auto layers = train::parseLayers(recipe.text("layers"));
    auto ranks = train::parsePairs(recipe.text("rankPattern")), alphas = train::parsePairs(recipe.text("alphaPattern"));
    for (const Error *error : {layers ? nullptr : &layers.error(), ranks ? nullptr : &ranks.error(), alphas ? nullptr : &alphas.error()}) {
        if (error)
            return tl::unexpected(*error);
    }
    config.layers = std::move(*layers);
    config.alphaPattern = std::move(*alphas);
    for (const auto &[module, rank] : *ranks) {
        if (rank != std::floor(rank) || rank > 1e6)
            return fail(ErrorCode::Usage, tr("The rank of {} is {}.", module, rank), tr("Ranks are whole numbers; 8 to 64 is usual."));
        config.rankPattern[module] = static_cast<std::int64_t>(rank);
    }
    auto targets = targetList(recipe.text("targets"), model);
    if (!targets)
        return passError(targets);
    config.targets = std::move(*targets);
    return config;
}

Result<std::int64_t> trainableParameters(const train::Recipe &recipe, const model::ModelConfig &model)
{
    if (auto checked = checkLayers(recipe, model); !checked)
        return passError(checked);
    if (recipe.method == "full") {
        auto config = fullConfig(recipe);
        return config ? tune::fullParameters(*config, model) : passError(config);
    }
    if (recipe.method == "bottleneck") {
        auto config = bottleneckConfig(recipe, model, {});
        return config ? tune::bottleneckParameters(*config, model) : passError(config);
    }
    if (recipe.method == "ia3") {
        auto config = ia3Config(recipe, model, {});
        return config ? tune::ia3Parameters(config->first, model, config->second) : passError(config);
    }
    if (recipe.method == "prefix") {
        const tune::PrefixConfig config = prefixConfig(recipe, {});
        const auto checked = tune::checkPrefix(config, model);
        return checked ? Result<std::int64_t>(tune::prefixParameters(config, model)) : passError(checked);
    }
    if (recipe.method == "prompt")
        return recipe.integer("virtualTokens") * model.width;
    auto config = loraConfig(recipe, model, {});
    return config ? tune::loraParameters(*config, model) : passError(config);
}

Result<> checkMethod(const train::Recipe &recipe, const fs::path &model, const fs::path &startFolder)
{
    const bool isFull = recipe.method == "full";
    if (!startFolder.empty() && holdsModel(startFolder) != isFull) {
        return isFull ? fail(ErrorCode::BadInput, tr("Full fine-tuning cannot go on from an adapter."), tr("Export the adapter merged and train that model instead."))
                      : fail(ErrorCode::BadInput, tr("What this run should begin with is a whole model, not an adapter."), tr("Choose it as the base model."));
    }
    if (!isFull)
        return {};
    const model::WeightStorage storage = storageChoice(recipe).storage;
    if (storage == model::WeightStorage::Q8 || storage == model::WeightStorage::Nf4)
        return fail(ErrorCode::Usage, tr("Full fine-tuning changes the weights themselves, and weights that are rounded to {} bits cannot take small corrections.", storage == model::WeightStorage::Q8 ? 8 : 4),
                    tr("Keep the base in 32 or 16 bits (storage=fp32 or bf16), or choose another method: all the others work on such a base."));
    auto source = model::WeightSource::open(startFolder.empty() ? model : startFolder);
    if (!source)
        return passError(source);
    if (const std::string reason = tune::whyNotFull(**source); !reason.empty())
        return fail(ErrorCode::BadInput, reason, tr("Choose LoRA, which works on this file, or the model's original folder in full precision."));
    return {};
}

Result<std::int64_t> weightBytes(const StartPoint &start)
{
    const bool isFull = start.recipe.method == "full";
    auto source = model::WeightSource::open(isFull && !start.startFolder.empty() ? fs::path(start.startFolder) : start.model);
    if (!source)
        return passError(source);
    if (!isFull)
        return model::bytesInMemory(**source, storageChoice(start.recipe));
    auto config = fullConfig(start.recipe);
    return config ? model::bytesInMemory(**source, storageChoice(start.recipe, *config, (*source)->config())) : Result<std::int64_t>(passError(config));
}

Result<Trainee> loadTrainee(const StartPoint &start, const ProgressCallback &progress, std::stop_token stop, KeptBase *kept)
try {
    if (start.recipe.method == "full") {
        if (kept)
            kept->clear(); // one model in memory at a time
        return fullTrainee(start, progress, stop);
    }
    auto weights = baseWeights(start, progress, stop, kept);
    if (!weights)
        return passError(weights);
    if (auto checked = checkLayers(start.recipe, (*weights)->config); !checked)
        return passError(checked);
    auto adapter = start.recipe.method == "lora" ? loraTrainee(start, **weights) : smallTrainee(start, **weights);
    if (!adapter)
        return passError(adapter);
    return Trainee{std::move(*weights), std::move(*adapter)};
} catch (const std::exception &exception) {
    return tl::unexpected(model::errorFromException(exception, tr("preparing the run")));
}

} // namespace fettle::engine
