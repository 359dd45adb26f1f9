// Exports that start from a GGUF file whose tokenizer is SentencePiece: the merged folder is complete, answers as base and adapter do, and
// splits text as the file did. On stories260K as a converter would write it, and on a model of random numbers that is always there.
#include "tests/core/model/fixture.h"

#include "core/base/random.h"
#include "core/export/exporting.h"
#include "core/export/tokenizerfiles.h"
#include "core/io/gguf.h"
#include "core/io/ggufwriter.h"
#include "core/text/readers.h"
#include "core/tune/lora.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fmt/format.h>

using namespace fettle;

namespace {

using Tensors = std::map<std::string, at::Tensor>;

struct Sizes {
    std::int64_t width, layers, heads, keyValueHeads, headSize, intermediate, context;
};

std::string ggufName(std::string name)
{
    const std::pair<const char *, const char *> kParts[] = {{"model.embed_tokens", "token_embd"}, {"model.norm", "output_norm"}, {"lm_head", "output"}, {"model.layers", "blk"},
        {"self_attn.q_proj", "attn_q"}, {"self_attn.k_proj", "attn_k"}, {"self_attn.v_proj", "attn_v"}, {"self_attn.o_proj", "attn_output"}, {"mlp.gate_proj", "ffn_gate"},
        {"mlp.up_proj", "ffn_up"}, {"mlp.down_proj", "ffn_down"}, {"input_layernorm", "attn_norm"}, {"post_attention_layernorm", "ffn_norm"}};
    for (const auto &[from, to] : kParts)
        if (const auto at = name.find(from); at != std::string::npos && (at == 0 || name[at - 1] == '.'))
            name.replace(at, std::string(from).size(), to);
    return name;
}

// The rows of a head alternate between its two halves, as llama.cpp's converter stores them.
at::Tensor interleaved(const at::Tensor &weight, std::int64_t heads)
{
    return weight.view({heads, 2, weight.size(0) / heads / 2, weight.size(1)}).transpose(1, 2).reshape(weight.sizes()).contiguous();
}

Result<> writeModel(const std::filesystem::path &file, Tensors tensors, const Sizes &sizes, const text::ScoredVocabulary &scored)
{
    const auto number = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
    std::vector<std::int32_t> kinds;
    for (const text::TokenKind kind : scored.kinds)
        kinds.push_back(static_cast<std::int32_t>(kind));
    const std::vector<io::GgufPair> metadata = {
        {"general.architecture", std::string("llama")}, {"llama.embedding_length", number(sizes.width)}, {"llama.block_count", number(sizes.layers)},
        {"llama.attention.head_count", number(sizes.heads)}, {"llama.attention.head_count_kv", number(sizes.keyValueHeads)},
        {"llama.attention.key_length", number(sizes.headSize)}, {"llama.attention.value_length", number(sizes.headSize)},
        {"llama.feed_forward_length", number(sizes.intermediate)}, {"llama.context_length", number(sizes.context)},
        {"llama.attention.layer_norm_rms_epsilon", 1e-5F}, {"tokenizer.ggml.model", std::string("llama")}, {"tokenizer.ggml.tokens", scored.texts},
        {"tokenizer.ggml.scores", scored.scores}, {"tokenizer.ggml.token_type", kinds}, {"tokenizer.ggml.bos_token_id", std::uint32_t(1)},
        {"tokenizer.ggml.eos_token_id", std::uint32_t(2)}, {"tokenizer.ggml.unknown_token_id", std::uint32_t(0)}};
    std::vector<io::GgufTensor> written;
    for (auto &[name, tensor] : tensors) {
        if (name.find("q_proj") != std::string::npos)
            tensor = interleaved(tensor, sizes.heads);
        else if (name.find("k_proj") != std::string::npos)
            tensor = interleaved(tensor, sizes.keyValueHeads);
        written.push_back({ggufName(name), io::StorageType::F32, tensor.sizes().vec(), {},
                           {static_cast<const std::byte *>(tensor.const_data_ptr()), static_cast<std::size_t>(tensor.nbytes())}});
    }
    return io::writeGguf(file, metadata, written);
}

Tensors randomTensors(const Sizes &sizes, std::int64_t vocabulary)
{
    at::manual_seed(5);
    const std::int64_t queries = sizes.heads * sizes.headSize, keys = sizes.keyValueHeads * sizes.headSize;
    Tensors tensors = {{"model.embed_tokens.weight", at::randn({vocabulary, sizes.width})}, {"model.norm.weight", at::ones({sizes.width})},
                       {"lm_head.weight", at::randn({vocabulary, sizes.width}) * 0.2}};
    for (std::int64_t layer = 0; layer < sizes.layers; ++layer) {
        const std::string prefix = fmt::format("model.layers.{}.", layer);
        tensors[prefix + "input_layernorm.weight"] = tensors[prefix + "post_attention_layernorm.weight"] = at::ones({sizes.width});
        const std::tuple<const char *, std::int64_t, std::int64_t> kMaps[] = {{"self_attn.q_proj", queries, sizes.width}, {"self_attn.k_proj", keys, sizes.width},
            {"self_attn.v_proj", keys, sizes.width}, {"self_attn.o_proj", sizes.width, queries}, {"mlp.gate_proj", sizes.intermediate, sizes.width},
            {"mlp.up_proj", sizes.intermediate, sizes.width}, {"mlp.down_proj", sizes.width, sizes.intermediate}};
        for (const auto &[name, out, in] : kMaps)
            tensors[prefix + name + ".weight"] = at::randn({out, in}) * 0.2;
    }
    return tensors;
}

} // namespace

class TestExportGguf : public QObject {
    Q_OBJECT
private slots:
    void mergedFolderIsComplete_data();
    void mergedFolderIsComplete();
};

void TestExportGguf::mergedFolderIsComplete_data()
{
    QTest::addColumn<QString>("model");
    QTest::addColumn<int>("type");
    QTest::newRow("random, F32") << "random" << int(exporting::MergedType::F32);
    QTest::newRow("stories260K, F32") << "stories260K" << int(exporting::MergedType::F32);
    QTest::newRow("stories260K, F16") << "stories260K" << int(exporting::MergedType::F16);
}

void TestExportGguf::mergedFolderIsComplete()
{
    QFETCH(QString, model);
    QFETCH(int, type);
    QTemporaryDir scratch;
    const std::filesystem::path stories = std::filesystem::path(FETTLE_SHARED_DATA) / "models/stories260K";
    const bool isReal = model == "stories260K";
    if (isReal && !std::filesystem::exists(stories))
        QSKIP("stories260K is not beside the checkout.");
    const auto scored = text::readScoredModel(isReal ? stories / "tokenizer.model" : fixture::folder() / "tokenizers/spm/tokenizer.model");
    QVERIFY2(scored.has_value(), scored ? "" : scored.error().message.c_str());
    const Sizes sizes = isReal ? Sizes{64, 5, 8, 4, 8, 172, 512} : Sizes{32, 2, 4, 2, 8, 48, 128};
    const std::filesystem::path file = scratch.filePath("model.gguf").toStdString(), folder = scratch.filePath("merged").toStdString();
    Tensors tensors = isReal ? fixture::tensors(stories / "model.safetensors") : randomTensors(sizes, static_cast<std::int64_t>(scored->texts.size()));
    if (isReal)
        tensors.erase("lm_head.weight"); // tied
    const auto written = writeModel(file, std::move(tensors), sizes, *scored);
    QVERIFY2(written.has_value(), written ? "" : written.error().message.c_str());

    auto weights = model::loadWeights(file);
    QVERIFY2(weights.has_value(), weights ? "" : weights.error().message.c_str());
    tune::LoraConfig lora;
    lora.rank = 4;
    auto adapter = tune::LoraAdapter::create((*weights)->config, lora, 1);
    QVERIFY(adapter.has_value());
    for (const auto &parameter : (*adapter)->parameters())
        if (parameter.name.find("lora_B") != std::string::npos)
            parameter.tensor.normal_(0, 0.05);
    const auto outcome = exporting::exportMerged({file, *weights, *adapter}, static_cast<exporting::MergedType>(type), folder);
    QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().message.c_str());
    QVERIFY2(outcome->selfTest.hasPassed, outcome->selfTest.cause.c_str());
    QCOMPARE(outcome->selfTest.prompts, 5);
    qInfo("largest logit difference %.2g", outcome->selfTest.maxLogitDifference);
    for (const char *name : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json"})
        QVERIFY2(std::find(outcome->files.begin(), outcome->files.end(), name) != outcome->files.end(), name);

    const auto before = exporting::loadTokenizer(file), after = exporting::loadTokenizer(folder);
    QVERIFY2(before && after, after ? "" : after.error().message.c_str());
    // By name; the order differs.
    QVERIFY(nlohmann::json::parse(after->specialTokens().dump()) == nlohmann::json::parse(before->specialTokens().dump()));
    QCOMPARE(after->bosId().value_or(-1), 1);
    QCOMPARE(after->eosId().value_or(-1), 2);
    for (const char *text : {"Once upon a time, Zoë said: \xF0\x9F\x99\x82!\n", "  two  spaces ", "</s>", "Die Katze schläft."}) {
        const auto a = before->encode(text, {true, true}), b = after->encode(text, {true, true});
        QVERIFY(a->ids == b->ids);
        QVERIFY(a->offsets == b->offsets);
        QCOMPARE(after->decode(b->ids), before->decode(a->ids));
    }
}

QTEST_GUILESS_MAIN(TestExportGguf)
#include "tst_exportgguf.moc"
