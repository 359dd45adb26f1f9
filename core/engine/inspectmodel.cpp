// What a model is: Hugging Face folder or GGUF file. Whether it can be trained is asked from the same readers that training uses
// (config, weights, tokenizer, template), so that the answer cannot differ from what happens.
#include "core/base/words.h"
#include "core/engine/inspectparts.h"
#include "core/engine/modelnames.h"
#include "core/engine/modelplaces.h"
#include "core/io/jsonfile.h"
#include "core/io/safetensors.h"
#include "core/model/config.h"
#include "core/model/weightsource.h"
#include "core/text/chattemplate.h"
#include "core/text/tokenizer.h"
#include "core/tune/full.h"
#include "core/tune/softprompt.h"

#include <fmt/format.h>
#include <limits>
#include <optional>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

int toInt(std::int64_t value)
{
    return value < 0 || value > std::numeric_limits<int>::max() ? 0 : static_cast<int>(value);
}

void addConfig(Inspection &inspection, const model::ModelConfig &config)
{
    inspection.architecture = config.architecture;
    inspection.context = config.context;
    inspection.layers = toInt(config.layers);
    inspection.width = toInt(config.width);
    inspection.heads = toInt(config.heads);
    inspection.keyValueHeads = toInt(config.keyValueHeads);
    inspection.vocabulary = toInt(config.vocabulary);
    if (config.slidingWindow > 0)
        inspection.facts["sliding window"] = tr("{} tokens", config.slidingWindow);
    inspection.facts["input and output embedding"] = config.isTied ? tr("shared") : tr("separate");
}

// The first of several spellings of a field that is there; 0 when none is.
std::int64_t firstInteger(const nlohmann::json &object, std::initializer_list<const char *> fields)
{
    for (const char *field : fields) {
        if (const auto value = io::jsonField<std::int64_t>(object, field, "config.json", -1); value && *value >= 0)
            return *value;
    }
    return 0;
}

// Sizes of a model that cannot be used yet, as far as its config.json uses customary names.
void addForeignConfig(Inspection &inspection, const nlohmann::json &config)
{
    if (!config.is_object())
        return;
    const auto names = config.find("architectures");
    if (names != config.end() && names->is_array() && !names->empty() && names->front().is_string())
        inspection.architecture = names->front().get<std::string>().substr(0, 100);
    else
        inspection.architecture = io::jsonField<std::string>(config, "model_type", "config.json", "").value_or("").substr(0, 100);
    const auto inner = config.find("text_config"); // models that also see or hear
    const nlohmann::json &sizes = inner != config.end() && inner->is_object() ? *inner : config;
    inspection.context = firstInteger(sizes, {"max_position_embeddings", "n_positions", "n_ctx"});
    inspection.layers = toInt(firstInteger(sizes, {"num_hidden_layers", "n_layer", "num_layers"}));
    inspection.width = toInt(firstInteger(sizes, {"hidden_size", "n_embd", "d_model"}));
    inspection.heads = toInt(firstInteger(sizes, {"num_attention_heads", "n_head"}));
    inspection.keyValueHeads = toInt(firstInteger(sizes, {"num_key_value_heads", "num_attention_heads", "n_head"}));
    inspection.vocabulary = toInt(firstInteger(sizes, {"vocab_size"}));
}

void addForeignMetadata(Inspection &inspection, const io::Gguf &gguf)
{
    inspection.architecture = gguf.string("general.architecture").value_or("").substr(0, 100);
    const std::string prefix = inspection.architecture + ".";
    inspection.context = gguf.integer(prefix + "context_length").value_or(0);
    inspection.layers = toInt(gguf.integer(prefix + "block_count").value_or(0));
    inspection.width = toInt(gguf.integer(prefix + "embedding_length").value_or(0));
    inspection.heads = toInt(gguf.integer(prefix + "attention.head_count").value_or(0));
    inspection.keyValueHeads = toInt(gguf.integer(prefix + "attention.head_count_kv").value_or(inspection.heads));
    inspection.vocabulary = toInt(static_cast<std::int64_t>(gguf.arraySize("tokenizer.ggml.tokens")));
}

// Weights that fit the config tensor by tensor. Called when the config itself is usable.
void checkWeights(Inspection &inspection, const fs::path &path, const model::ModelConfig &config)
{
    auto source = model::WeightSource::open(path);
    if (!source) {
        addProblem(inspection, source.error());
        return;
    }
    if (!tune::whyNotFull(**source).empty())
        inspection.refusedMethods.emplace_back("full");
    if (!tune::checkPrefix({}, config))
        inspection.refusedMethods.emplace_back("prefix");
}

void addGgufTokenizer(Inspection &inspection, const io::Gguf &gguf)
{
    if (!gguf.has("tokenizer.ggml.model")) {
        addProblem(inspection, {ErrorCode::BadInput, tr("The file holds no tokenizer."), tr("Use a complete GGUF file of this model.")});
    } else if (auto tokenizer = text::Tokenizer::fromGguf(gguf)) {
        inspection.tokenizer = tokenizer->description();
    } else {
        addProblem(inspection, tokenizer.error());
    }
    const auto chatTemplate = text::ChatTemplate::fromGguf(gguf);
    inspection.hasChatTemplate = chatTemplate.has_value();
    if (!chatTemplate && chatTemplate.error().code != ErrorCode::NotFound) // without one, the plain template stands in
        addProblem(inspection, chatTemplate.error());
}

} // namespace

Inspection inspectModelFolder(const fs::path &folder)
{
    Inspection inspection;
    inspection.kind = "model";
    inspection.path = folder.string();
    inspection.name = folder.filename().string();
    // In the cache the folder's own name is a revision: the model's name stands two levels up.
    if (folder.parent_path().filename() == "snapshots") {
        if (const std::string hub = hubName(folder.parent_path().parent_path()); !hub.empty()) {
            inspection.facts["revision"] = inspection.name;
            inspection.name = hub;
        }
    }
    inspection.licence = licenceOfFolder(folder);

    std::optional<model::ModelConfig> own;
    auto json = io::readJsonFile(folder / "config.json");
    if (!json) {
        addProblem(inspection, json.error());
    } else if (auto config = model::configFromJson(*json, (folder / "config.json").string())) {
        addConfig(inspection, *config);
        own = *config;
        if (json->contains("auto_map"))
            inspection.facts["code in the folder"] = tr("never run: the family is known");
    } else {
        addForeignConfig(inspection, *json);
        addProblem(inspection, config.error());
    }
    bool hasWeights = false;
    if (auto weights = io::Safetensors::open(folder)) {
        addTensors(inspection, weights->tensors());
        addFileSizes(inspection, weights->files());
        hasWeights = true;
    } else {
        addProblem(inspection, weights.error());
    }
    if (own && hasWeights)
        checkWeights(inspection, folder, *own);
    addTokenizer(inspection, folder);
    inspection.trainable = inspection.problems.empty();
    return inspection;
}

Result<Inspection> inspectGguf(const fs::path &file)
{
    auto gguf = io::Gguf::open(file);
    if (!gguf)
        return passError(gguf);
    Inspection inspection;
    inspection.kind = "gguf";
    inspection.path = file.string();
    inspection.name = nameWithoutQuantisation(file.stem().string());
    inspection.licence = gguf->string("general.license").value_or("");
    if (inspection.licence == "other" || inspection.licence.empty())
        inspection.licence = gguf->string("general.license.name").value_or(inspection.licence);
    if (inspection.licence.empty())
        inspection.licence = licenceOfFolder(file.parent_path());
    if (const auto name = gguf->string("general.name"))
        inspection.facts["name in the file"] = name->substr(0, 200);
    if (const auto organisation = gguf->string("general.organization"))
        inspection.facts["publisher"] = organisation->substr(0, 200);
    inspection.facts["GGUF version"] = std::to_string(gguf->version());
    addTensors(inspection, gguf->tensors());
    addFileSizes(inspection, gguf->files());
    if (auto config = model::configFromGguf(*gguf)) {
        addConfig(inspection, *config);
        checkWeights(inspection, file, *config);
    } else {
        addForeignMetadata(inspection, *gguf);
        addProblem(inspection, config.error());
    }
    // Adapters and vision parts need no tokenizer; what they lack would hide what they are.
    const std::string type = gguf->string("general.type").value_or("model");
    if (type == "model")
        addGgufTokenizer(inspection, *gguf);
    else
        inspection.facts["type"] = type.substr(0, 100);
    inspection.trainable = inspection.problems.empty();
    return inspection;
}

} // namespace fettle::engine
