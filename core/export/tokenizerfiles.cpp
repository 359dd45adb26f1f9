#include "core/export/tokenizerfiles.h"

#include "core/io/atomicfile.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/text/splitter.h"

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
        return fail(ErrorCode::NoPermission, fmt::format("Cannot read {}.", from.string()), "Check the permissions of the model's folder.");
    return io::writeFileAtomically(to, std::string(std::istreambuf_iterator<char>(file), {}));
}

// How words are split, by the name that the GGUF file gives the rule. Null: unknown.
Json preTokenizerOf(const std::string &pre)
{
    const auto byteLevel = [](bool usesRegex) {
        return Json{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", usesRegex}};
    };
    const auto sequence = [](Json first, Json second) { return Json{{"type", "Sequence"}, {"pretokenizers", Json::array({std::move(first), std::move(second)})}}; };
    const auto split = [&](text::KnownSplit rule) {
        return sequence({{"type", "Split"}, {"pattern", {{"Regex", text::patternOf(rule)}}}, {"behavior", "Isolated"}, {"invert", false}}, byteLevel(false));
    };
    if (pre == "default" || pre == "gpt-2" || pre == "gpt2" || pre == "phi-2" || pre == "mpt" || pre == "olmo")
        return byteLevel(true);
    if (pre == "smollm" || pre == "starcoder" || pre == "refact")
        return sequence({{"type", "Digits"}, {"individual_digits", true}}, byteLevel(true));
    if (pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3" || pre == "smollm3" || pre == "dbrx")
        return split(text::KnownSplit::ThreeDigits);
    if (pre == "qwen2" || pre == "deepseek-r1-qwen" || pre == "stablelm2")
        return split(text::KnownSplit::OneDigit);
    return nullptr;
}

// tokenizer.json of a byte-level BPE tokenizer that is described by GGUF metadata.
Result<Json> tokenizerJson(const io::Gguf &file)
{
    const std::string name = file.path().filename().string();
    const auto tokens = file.strings("tokenizer.ggml.tokens");
    const auto merges = file.strings("tokenizer.ggml.merges");
    const std::string pre = file.string("tokenizer.ggml.pre").value_or("default");
    const Json preTokenizer = preTokenizerOf(pre);
    if (file.string("tokenizer.ggml.model").value_or("") != "gpt2" || !tokens || !merges || preTokenizer.is_null())
        return fail(ErrorCode::BadInput, fmt::format("The tokenizer of {} (type \"{}\", rule \"{}\") cannot be written as tokenizer.json yet.", name,
                                                     file.string("tokenizer.ggml.model").value_or(""), pre),
                    "Start from the model's Hugging Face folder: its tokenizer files are copied as they are.");
    const auto kinds = file.integers("tokenizer.ggml.token_type").value_or(std::vector<std::int64_t>(tokens->size(), 1));
    constexpr std::int64_t kControl = 3, kUserDefined = 4;
    Json vocabulary = Json::object(), added = Json::array(), mergeList = Json::array();
    for (std::size_t id = 0; id < tokens->size(); ++id) {
        const std::string &token = (*tokens)[id];
        vocabulary[token] = id;
        if (id < kinds.size() && (kinds[id] == kControl || kinds[id] == kUserDefined) && !token.empty())
            added.push_back({{"id", id}, {"content", token}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", false}, {"special", kinds[id] == kControl}});
    }
    for (const std::string &merge : *merges) {
        const std::size_t space = merge.find(' ', 1);
        if (space == std::string::npos)
            return fail(ErrorCode::BadInput, fmt::format("{}: \"{}\" is no merge of two tokens.", name, merge), "Convert the model again.");
        mergeList.push_back(Json::array({merge.substr(0, space), merge.substr(space + 1)}));
    }
    const bool isNfc = pre == "qwen2" || pre == "deepseek-r1-qwen" || pre == "stablelm2";
    const bool ignoresMerges = pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3" || pre == "smollm3";
    Json postProcessor = {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", false}, {"use_regex", true}};
    const auto bos = file.integer("tokenizer.ggml.bos_token_id");
    if (file.boolean("tokenizer.ggml.add_bos_token").value_or(false) && bos && *bos >= 0 && *bos < static_cast<std::int64_t>(tokens->size())) {
        const std::string &token = (*tokens)[static_cast<std::size_t>(*bos)];
        const Json first = {{"SpecialToken", {{"id", token}, {"type_id", 0}}}};
        const auto sequence = [](const char *id) { return Json{{"Sequence", {{"id", id}, {"type_id", 0}}}}; };
        postProcessor = {{"type", "TemplateProcessing"}, {"single", Json::array({first, sequence("A")})}, {"pair", Json::array({first, sequence("A"), first, sequence("B")})},
                         {"special_tokens", {{token, {{"id", token}, {"ids", Json::array({*bos})}, {"tokens", Json::array({token})}}}}}};
    }
    return Json{{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"added_tokens", added},
                {"normalizer", isNfc ? Json{{"type", "NFC"}} : Json(nullptr)}, {"pre_tokenizer", preTokenizer}, {"post_processor", postProcessor},
                {"decoder", {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}}},
                {"model", {{"type", "BPE"}, {"dropout", nullptr}, {"unk_token", nullptr}, {"continuing_subword_prefix", nullptr}, {"end_of_word_suffix", nullptr},
                           {"fuse_unk", false}, {"byte_fallback", false}, {"ignore_merges", ignoresMerges}, {"vocab", vocabulary}, {"merges", mergeList}}}};
}

Result<> writeFromGguf(const fs::path &model, const fs::path &folder)
{
    auto file = io::Gguf::open(model);
    if (!file)
        return passError(file);
    auto json = tokenizerJson(*file);
    if (!json)
        return passError(json);
    if (auto written = io::writeFileAtomically(folder / "tokenizer.json", json->dump(2) + "\n"); !written)
        return written;
    Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
    const auto tokens = file->strings("tokenizer.ggml.tokens").value_or(std::vector<std::string>());
    constexpr std::array<std::pair<const char *, const char *>, 4> kSpecial = {{{"tokenizer.ggml.bos_token_id", "bos_token"}, {"tokenizer.ggml.eos_token_id", "eos_token"},
                                                                               {"tokenizer.ggml.unknown_token_id", "unk_token"}, {"tokenizer.ggml.padding_token_id", "pad_token"}}};
    for (const auto &[key, name] : kSpecial)
        if (const auto id = file->integer(key); id && *id >= 0 && *id < static_cast<std::int64_t>(tokens.size()))
            config[name] = tokens[static_cast<std::size_t>(*id)];
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
