// tokenizer.json: model, added tokens, post-processor.
#include "core/base/words.h"
#include "core/io/jsonfile.h"
#include "core/text/jsonaccess.h"
#include "core/text/readers.h"
#include "core/text/tokenizertables.h"

#include <fmt/format.h>

namespace fettle::text {
namespace {

constexpr const char *kDamaged = "The file is damaged: copy it again from its source.";

tl::unexpected<Error> broken(const std::string &name, const std::string &what)
{
    return fail(ErrorCode::BadInput, fmt::format("{}: {}.", name, what), tr(kDamaged));
}

Result<Vocabulary> readVocabulary(const nlohmann::json &model, const std::string &name)
{
    const nlohmann::json &words = fieldOf(model, "vocab");
    if (!words.is_object() || words.empty())
        return broken(name, tr("field \"model.vocab\" is no list of tokens with their numbers"));
    Vocabulary vocabulary;
    vocabulary.reserve(words.size(), words.size() * 8);
    for (const auto &[text, id] : words.items()) {
        if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() > kHighestId)
            return broken(name, tr("token \"{}\" has the number {}, allowed are 0 to {}", text, id.dump(), kHighestId));
        vocabulary.add(text, static_cast<TokenId>(id.get<std::int64_t>()));
    }
    return vocabulary;
}

Result<std::vector<Merge>> readMerges(const nlohmann::json &model, const std::string &name)
{
    std::vector<Merge> merges;
    const nlohmann::json &list = listOf(model, "merges");
    merges.reserve(list.size());
    for (const nlohmann::json &item : list) {
        if (item.is_array() && item.size() == 2 && item[0].is_string() && item[1].is_string()) {
            merges.push_back({item[0].get<std::string>(), item[1].get<std::string>()});
            continue;
        }
        const std::string line = item.is_string() ? item.get<std::string>() : std::string();
        if (line.starts_with("#version"))
            continue;
        const std::size_t space = line.find(' ');
        if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos)
            return broken(name, tr("merge {} is no pair of tokens: {}", merges.size() + 1, item.dump()));
        merges.push_back({line.substr(0, space), line.substr(space + 1)});
    }
    return merges;
}

// tables: what was taken out of the file beforehand, if anything.
Result<BpeModel> readModel(const nlohmann::json &json, bool bytes, const std::string &name, std::optional<TokenizerTables> &tables)
{
    const std::string type = textOf(json, "type");
    if (!type.empty() && type != "BPE")
        return unsupported("model", type);
    if (!textOf(json, "continuing_subword_prefix").empty() || !textOf(json, "end_of_word_suffix").empty())
        return unsupported(tr("BPE option"), "continuing_subword_prefix / end_of_word_suffix");
    auto vocabulary = tables ? Result<Vocabulary>(std::move(tables->vocabulary)) : readVocabulary(json, name);
    if (!vocabulary)
        return passError(vocabulary);
    const auto merges = tables ? Result<std::vector<Merge>>(std::move(tables->merges)) : readMerges(json, name);
    if (!merges)
        return passError(merges);
    BpeOptions options;
    options.bytes = bytes;
    options.byteFallback = flagOf(json, "byte_fallback", false);
    options.fuseUnknown = flagOf(json, "fuse_unk", false);
    options.ignoreMerges = flagOf(json, "ignore_merges", false);
    options.unknownToken = textOf(json, "unk_token");
    return BpeModel::make(std::move(*vocabulary), *merges, std::move(options));
}

Result<> readAddedTokens(const nlohmann::json &json, Pipeline &pipeline, const std::string &name)
{
    for (const nlohmann::json &item : listOf(json, "added_tokens")) {
        AddedToken token;
        token.content = textOf(item, "content");
        const nlohmann::json &id = fieldOf(item, "id");
        if (token.content.empty() || !id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() > kHighestId)
            return broken(name, tr("\"added_tokens\" has an entry without text or with an impossible number: {}", item.dump()));
        token.id = static_cast<TokenId>(id.get<std::int64_t>());
        token.singleWord = flagOf(item, "single_word", false);
        token.leftStrip = flagOf(item, "lstrip", false);
        token.rightStrip = flagOf(item, "rstrip", false);
        token.special = flagOf(item, "special", false);
        token.normalized = flagOf(item, "normalized", !token.special);
        pipeline.addedTokens.push_back(std::move(token));
    }
    return {};
}

Result<> readTemplate(const nlohmann::json &json, PostProcessor &post, const std::string &name)
{
    bool seenText = false;
    for (const nlohmann::json &item : listOf(json, "single")) {
        if (item.contains("Sequence")) {
            seenText = true;
            continue;
        }
        const std::string token = textOf(fieldOf(item, "SpecialToken"), "id");
        const nlohmann::json &known = fieldOf(fieldOf(json, "special_tokens"), token.c_str());
        if (!known.is_object())
            return broken(name, tr("the post-processor adds \"{}\" but does not say which token that is", token));
        for (const nlohmann::json &id : listOf(known, "ids")) {
            if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() > kHighestId)
                return broken(name, tr("the post-processor adds a token with the number {}", id.dump()));
            (seenText ? post.after : post.before).push_back(static_cast<TokenId>(id.get<std::int64_t>()));
        }
    }
    return {};
}

// ["</s>", 2]
Result<TokenId> readPair(const nlohmann::json &json, const char *field, const std::string &name)
{
    const nlohmann::json &pair = listOf(json, field);
    if (pair.size() != 2 || !pair[1].is_number_integer() || pair[1].get<std::int64_t>() < 0 || pair[1].get<std::int64_t>() > kHighestId)
        return broken(name, tr("the post-processor's \"{}\" is no token", field));
    return static_cast<TokenId>(pair[1].get<std::int64_t>());
}

Result<> readPostProcessor(const nlohmann::json &json, PostProcessor &post, const std::string &name, int depth)
{
    if (json.is_null())
        return {};
    const std::string type = textOf(json, "type");
    if (type == "Sequence" && depth < 8) {
        for (const nlohmann::json &inner : listOf(json, "processors"))
            if (auto read = readPostProcessor(inner, post, name, depth + 1); !read)
                return read;
        return {};
    }
    if (type == "TemplateProcessing")
        return readTemplate(json, post, name);
    if (type == "ByteLevel" || type == "RobertaProcessing") {
        if (flagOf(json, "trim_offsets", true)) {
            post.trimsOffsets = true;
            post.addsPrefixSpace = flagOf(json, "add_prefix_space", true);
        }
        if (type == "ByteLevel")
            return {};
    } else if (type != "BertProcessing") {
        return unsupported("post-processor", type);
    }
    const auto before = readPair(json, "cls", name);
    const auto after = readPair(json, "sep", name);
    if (!before || !after)
        return passError(before ? after : before);
    post.before.push_back(*before);
    post.after.push_back(*after);
    return {};
}

} // namespace

Result<std::shared_ptr<Pipeline>> readTokenizerJson(std::string_view text, const std::string &name)
{
    std::optional<TokenizerTables> tables = takeTables(text);
    if (tables && tables->vocabulary.size() == 0)
        tables.reset();
    const auto parsed = io::parseJson(tables ? std::string_view(tables->rest) : text, name, {.repeatedKeys = io::RepeatedKeys::KeepLast});
    if (!parsed)
        return passError(parsed);
    const nlohmann::json &json = *parsed;
    if (!json.is_object() || !json.contains("model"))
        return broken(name, tr("this is no tokenizer: it has no field \"model\""));
    auto normalizer = readNormalizer(fieldOf(json, "normalizer"));
    if (!normalizer)
        return passError(normalizer);
    auto preTokenizer = readPreTokenizer(fieldOf(json, "pre_tokenizer"));
    if (!preTokenizer)
        return passError(preTokenizer);
    auto model = readModel(fieldOf(json, "model"), preTokenizer->bytes, name, tables);
    if (!model)
        return passError(model);
    auto decoder = readDecoder(fieldOf(json, "decoder"));
    if (!decoder)
        return passError(decoder);

    auto pipeline = std::make_shared<Pipeline>();
    pipeline->kind = preTokenizer->bytes ? "byte-level BPE" : "SentencePiece-style BPE";
    pipeline->normalizer = std::move(*normalizer);
    pipeline->preTokenizer = std::move(*preTokenizer);
    pipeline->model = std::move(*model);
    pipeline->decoder = std::move(*decoder);
    if (auto read = readPostProcessor(fieldOf(json, "post_processor"), pipeline->postProcessor, name, 0); !read)
        return passError(read);
    if (auto read = readAddedTokens(json, *pipeline, name); !read)
        return passError(read);
    if (!pipeline->model.options().unknownToken.empty())
        pipeline->unknown = pipeline->model.vocabulary().find(pipeline->model.options().unknownToken);
    return pipeline;
}

} // namespace fettle::text
