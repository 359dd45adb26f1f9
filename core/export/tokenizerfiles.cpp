#include "core/export/tokenizerfiles.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/text/tokenizerwriter.h"

#include <array>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace fettle::exporting {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

bool isGguf(const fs::path &model)
{
    return model.extension() == ".gguf";
}

Result<> copyFile(const fs::path &from, const fs::path &to)
{
    std::ifstream file(from, std::ios::binary);
    if (!file)
        return fail(ErrorCode::NoPermission, tr("Cannot read {}.", from.string()), tr("Check the permissions of the model's folder."));
    return io::writeFileAtomically(to, std::string(std::istreambuf_iterator<char>(file), {}));
}

Result<> writeFromGguf(const fs::path &model, const fs::path &folder)
{
    auto file = io::Gguf::open(model);
    if (!file)
        return passError(file);
    auto json = text::tokenizerJsonFromGguf(*file);
    if (!json)
        return passError(json);
    if (auto written = io::writeFileAtomically(folder / "tokenizer.json", json->dump(2) + "\n"); !written)
        return written;
    Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
    const auto special = text::specialTokensFromGguf(*file);
    if (!special)
        return passError(special);
    for (const auto &[name, token] : *special)
        config[name] = token;
    if (const auto context = file->integer(file->string("general.architecture").value_or("llama") + ".context_length"))
        config["model_max_length"] = *context;
    if (auto written = io::writeFileAtomically(folder / "tokenizer_config.json", config.dump(2) + "\n"); !written)
        return written;
    if (const auto chatTemplate = file->string("tokenizer.chat_template"))
        if (auto written = io::writeFileAtomically(folder / "chat_template.jinja", *chatTemplate); !written)
            return written;
    Json generation = {{"_from_model_config", true}};
    if (const auto bos = file->integer("tokenizer.ggml.bos_token_id"))
        generation["bos_token_id"] = *bos;
    if (const auto eos = file->integer("tokenizer.ggml.eos_token_id"))
        generation["eos_token_id"] = *eos;
    return io::writeFileAtomically(folder / "generation_config.json", generation.dump(2) + "\n");
}

} // namespace

Result<text::Tokenizer> loadTokenizer(const fs::path &model)
{
    if (!isGguf(model))
        return text::Tokenizer::fromFolder(model);
    auto file = io::Gguf::open(model);
    if (!file)
        return passError(file);
    return text::Tokenizer::fromGguf(*file);
}

Result<text::ChatTemplate> loadChatTemplate(const fs::path &model)
{
    if (!isGguf(model))
        return text::ChatTemplate::fromTokenizerFolder(model);
    auto file = io::Gguf::open(model);
    if (!file)
        return passError(file);
    return text::ChatTemplate::fromGguf(*file);
}

Result<> writeModelConfig(const fs::path &model, const model::ModelConfig &config, const std::string &type, const fs::path &folder)
{
    nlohmann::json json = model::configToJson(config);
    if (!isGguf(model)) {
        // The folder's own config holds more than the decoder needs.
        auto read = io::readJsonFile(model / "config.json");
        if (!read)
            return passError(read);
        json = *read;
    }
    json.erase("quantization_config");
    json[json.contains("dtype") ? "dtype" : "torch_dtype"] = type;
    return io::writeFileAtomically(folder / "config.json", json.dump(2) + "\n");
}

Result<> writeTokenizerFiles(const fs::path &model, const fs::path &folder)
{
    if (isGguf(model))
        return writeFromGguf(model, folder);
    constexpr std::array kFiles = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
                                   "tokenizer.model", "chat_template.jinja", "generation_config.json"};
    std::error_code error;
    for (const char *name : kFiles)
        if (fs::exists(model / name, error))
            if (auto copied = copyFile(model / name, folder / name); !copied)
                return copied;
    return {};
}

} // namespace fettle::exporting
