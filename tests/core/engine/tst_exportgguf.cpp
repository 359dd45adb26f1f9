// Exports that start from a GGUF file whose tokenizer is SentencePiece: the merged folder is complete, answers as base and adapter do, and
// splits text as the file did. On stories260K as a converter would write it, and on a model of random numbers that is always there.
// Exports to GGUF: from such a file and from a Hugging Face folder, in every form; each fault of a file is found and named.
#include "tests/core/model/fixture.h"

#include "core/base/random.h"
#include "core/export/exporting.h"
#include "core/export/selftest.h"
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

std::filesystem::path randomModel(const QTemporaryDir &scratch)
{
    const auto scored = text::readScoredModel(fixture::folder() / "tokenizers/spm/tokenizer.model");
    const Sizes sizes{64, 2, 4, 2, 16, 256, 128};
    const std::filesystem::path file = scratch.filePath("model.gguf").toStdString();
    if (!scored || !writeModel(file, randomTensors(sizes, static_cast<std::int64_t>(scored->texts.size())), sizes, *scored))
        return {};
    return file;
}

std::shared_ptr<tune::Adapter> randomAdapter(const model::ModelConfig &config)
{
    tune::LoraConfig lora;
    lora.rank = 4;
    auto adapter = tune::LoraAdapter::create(config, lora, 1);
    for (const auto &parameter : (*adapter)->parameters())
        if (parameter.name.find("lora_B") != std::string::npos)
            parameter.tensor.normal_(0, 0.05);
    return *adapter;
}

// The file again with one thing changed.
Result<> rewritten(const std::filesystem::path &from, const std::filesystem::path &to, const std::function<void(std::vector<io::GgufPair> &, std::vector<io::GgufTensor> &)> &change)
{
    const auto file = io::Gguf::open(from);
    if (!file)
        return passError(file);
    std::vector<io::GgufPair> metadata;
    for (const auto &[key, value] : file->metadata())
        metadata.emplace_back(key, value);
    std::vector<io::GgufTensor> tensors;
    for (const auto &entry : file->tensors())
        tensors.push_back({entry.name, entry.type, entry.shape, {}, entry.bytes});
    change(metadata, tensors);
    return io::writeGguf(to, metadata, tensors);
}

} // namespace

class TestExportGguf : public QObject {
    Q_OBJECT
private slots:
    void mergedFolderIsComplete_data();
    void mergedFolderIsComplete();
    void ggufAnswersAlike_data();
    void ggufAnswersAlike();
    void familiesComeBack_data();
    void familiesComeBack();
    void selfTestNamesTheFault_data();
    void selfTestNamesTheFault();
    void leavesNothingWhenItFails();
    void adapterForLlamaCpp_data();
    void adapterForLlamaCpp();
    void shardsAndModelCard();
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

void TestExportGguf::ggufAnswersAlike_data()
{
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("form");
    QTest::addColumn<bool>("hasAdapter");
    for (const char *form : {"F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_1", "Q5_0", "Q4_K_M", "Q4_1", "Q4_0"})
        QTest::addRow("file, %s", form) << "file" << form << true;
    for (const char *form : {"F32", "Q8_0"})
        QTest::addRow("folder, %s", form) << "folder" << form << true;
    QTest::newRow("folder, no adapter") << "folder" << "F32" << false;
}

void TestExportGguf::ggufAnswersAlike()
{
    QFETCH(QString, model);
    QFETCH(QString, form);
    QFETCH(bool, hasAdapter);
    QTemporaryDir scratch;
    const std::filesystem::path base = model == "file" ? randomModel(scratch) : fixture::folder() / "tinychat";
    const auto weights = model::loadWeights(base);
    QVERIFY2(weights.has_value(), weights ? "" : weights.error().message.c_str());
    const auto adapter = hasAdapter ? randomAdapter((*weights)->config) : nullptr;
    if (adapter)
        adapter->setStrength(0.3); // of the slider: the file holds the whole adapter
    const std::filesystem::path file = scratch.filePath("out/tuned.gguf").toStdString();
    const auto kind = exporting::ggufForm(form.toStdString());
    QVERIFY(kind.has_value());
    const auto outcome = exporting::exportGguf({base, *weights, adapter}, *kind, file, "clinic");
    QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().message.c_str());
    QVERIFY2(outcome->selfTest.hasPassed, outcome->selfTest.cause.c_str());
    QCOMPARE(outcome->selfTest.checks.size(), std::size_t(7));
    QCOMPARE(outcome->selfTest.prompts, 5);
    if (adapter)
        QCOMPARE(adapter->strength(), 0.3);
    QCOMPARE(QDir(scratch.filePath("out")).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot), QStringList{"tuned.gguf"});
    const auto read = io::Gguf::open(file);
    QCOMPARE(read->string("general.name").value_or(""), std::string("clinic"));
    if (form == "Q4_K_M" && model == "file") { // width 64: blocks of 256 fit only the 256 of the MLP; the mixture is llama.cpp's
        QCOMPARE(read->find("blk.0.ffn_down.weight")->type, io::StorageType::Q4_K);
        QCOMPARE(read->find("blk.1.ffn_down.weight")->type, io::StorageType::Q6_K); // the last layer
        QCOMPARE(read->find("blk.0.attn_q.weight")->type, io::StorageType::Q5_0);
        QCOMPARE(read->find("output.weight")->type, io::StorageType::Q8_0);
        QCOMPARE(read->find("blk.0.attn_norm.weight")->type, io::StorageType::F32);
    }
}

void TestExportGguf::familiesComeBack_data()
{
    QTest::addColumn<QString>("family");
    for (const char *family : {"gemma2", "gemma3", "olmo2", "phi3", "phi3-long", "phi3-partial", "qwen2", "qwen3", "smollm3"})
        QTest::newRow(family) << family;
}

// The model of a Hugging Face folder is the same one when its GGUF file is read: config, order of rows, norms, rotary factors.
void TestExportGguf::familiesComeBack()
{
    QFETCH(QString, family);
    QTemporaryDir scratch;
    const std::filesystem::path base = scratch.filePath("base").toStdString(), file = scratch.filePath("out.gguf").toStdString();
    std::filesystem::copy(fixture::folder() / "families" / family.toStdString(), base);
    for (const char *name : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"})
        std::filesystem::copy(fixture::folder() / "tinychat" / name, base / name);
    const auto weights = model::loadWeights(base);
    QVERIFY2(weights.has_value(), weights ? "" : weights.error().message.c_str());
    const auto outcome = exporting::exportGguf({base, *weights, nullptr}, exporting::GgufForm::F32, file);
    QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().message.c_str());
    QVERIFY2(outcome->selfTest.hasPassed, outcome->selfTest.cause.c_str());
    const auto back = model::readConfig(file);
    QVERIFY2(back.has_value(), back ? "" : back.error().message.c_str());
    QCOMPARE(back->layers, (*weights)->config.layers);
    QCOMPARE(back->slidingWindow, (*weights)->config.slidingWindow);
    QCOMPARE(back->attentionSoftcap, (*weights)->config.attentionSoftcap);
}

void TestExportGguf::selfTestNamesTheFault_data()
{
    QTest::addColumn<QString>("fault");
    QTest::addColumn<QString>("cause");
    QTest::newRow("none") << "none" << "";
    QTest::newRow("values") << "values" << "Every tensor";
    QTest::newRow("order of rows") << "rows" << "Every tensor";
    QTest::newRow("tokens") << "tokens" << "Token numbers";
    QTest::newRow("template") << "template" << "Chat template";
    QTest::newRow("end token") << "end" << "Tokens that end";
    QTest::newRow("rotary base") << "rope" << "Next-token probability";
    QTest::newRow("type") << "type" << "Types";
}

void TestExportGguf::selfTestNamesTheFault()
{
    QFETCH(QString, fault);
    QFETCH(QString, cause);
    QTemporaryDir scratch;
    const std::filesystem::path base = fixture::folder() / "tinychat", good = scratch.filePath("good.gguf").toStdString(), bad = scratch.filePath("bad.gguf").toStdString();
    const auto weights = model::loadWeights(base);
    const exporting::Source source{base, *weights, randomAdapter((*weights)->config)};
    QVERIFY(exporting::exportGguf(source, exporting::GgufForm::F32, good).has_value());
    std::vector<std::byte> changed;
    const auto done = rewritten(good, bad, [&](std::vector<io::GgufPair> &metadata, std::vector<io::GgufTensor> &tensors) {
        const auto set = [&](const std::string &key, io::GgufWriteValue value) {
            for (auto &pair : metadata)
                if (pair.first == key)
                    pair.second = std::move(value);
        };
        auto &query = *std::find_if(tensors.begin(), tensors.end(), [](const io::GgufTensor &tensor) { return tensor.name == "blk.1.attn_q.weight"; });
        changed.assign(query.bytes.begin(), query.bytes.end());
        if (fault == "values")
            changed[7] ^= std::byte{0x40}; // one exponent
        if (fault == "rows")
            std::rotate(changed.begin(), changed.begin() + static_cast<std::ptrdiff_t>(changed.size() / 2), changed.end());
        if (fault == "type") { // the same values in fewer bits
            const auto values = at::from_blob(changed.data(), query.shape, at::kFloat).to(at::kHalf).contiguous();
            query.type = io::StorageType::F16;
            changed.resize(changed.size() / 2);
            std::memcpy(changed.data(), values.const_data_ptr(), changed.size());
        }
        query.bytes = changed;
        if (fault == "tokens") {
            auto texts = *io::Gguf::open(good)->strings("tokenizer.ggml.tokens");
            std::reverse(texts.begin() + 300, texts.end() - 20);
            set("tokenizer.ggml.tokens", texts);
        }
        if (fault == "template")
            set("tokenizer.chat_template", std::string("{% for m in messages %}{{ m.content }}{% endfor %}"));
        if (fault == "end") {
            set("tokenizer.ggml.eos_token_id", std::uint32_t(5));
            set("tokenizer.chat_template", std::string("{% for m in messages %}{{ m.content }}{% endfor %}"));
        }
        if (fault == "rope")
            set("llama.rope.freq_base", 300.0F);
    });
    QVERIFY2(done.has_value(), done ? "" : done.error().message.c_str());
    const auto test = exporting::testModel(source, exporting::GgufForm::F32, [](const model::SourceTensor &) { return io::StorageType::F32; }, bad, {}, {});
    QVERIFY2(test.has_value(), test ? "" : test.error().message.c_str());
    QCOMPARE(test->hasPassed, fault == "none");
    bool isNamed = fault == "none";
    for (const auto &check : test->checks)
        isNamed |= !check.hasPassed && QString::fromStdString(check.what).startsWith(cause);
    QVERIFY2(isNamed, test->cause.c_str());
}

void TestExportGguf::leavesNothingWhenItFails()
{
    QTemporaryDir scratch;
    const std::filesystem::path base = fixture::folder() / "tinychat", file = scratch.filePath("tuned.gguf").toStdString();
    const auto weights = model::loadWeights(base);
    const auto adapter = randomAdapter((*weights)->config);
    std::stop_source stop;
    int calls = 0;
    const auto cancelled = exporting::exportGguf({base, *weights, adapter}, exporting::GgufForm::F32, file, {}, [&](const Progress &) {
        if (++calls == 3)
            stop.request_stop();
    }, stop.get_token());
    QVERIFY(!cancelled && cancelled.error().code == ErrorCode::Cancelled);
    adapter->parameters().front().tensor.fill_(std::numeric_limits<float>::infinity());
    const auto broken = exporting::exportGguf({base, *weights, adapter}, exporting::GgufForm::F32, file);
    QVERIFY(!broken && broken.error().code == ErrorCode::BadInput);
    QVERIFY(QDir(scratch.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot).isEmpty());
    QVERIFY(io::writeGguf(file, {{"general.architecture", std::string("x")}}, {}).has_value());
    const auto there = exporting::exportGguf({base, *weights, nullptr}, exporting::GgufForm::F32, file);
    QVERIFY(!there && QString::fromStdString(there.error().message).contains("exists already"));
}

void TestExportGguf::adapterForLlamaCpp_data()
{
    QTest::addColumn<bool>("isRankStabilised");
    QTest::addColumn<bool>("hasPatterns");
    QTest::addColumn<bool>("isDora");
    QTest::newRow("LoRA") << false << false << false;
    QTest::newRow("rsLoRA") << true << false << false;
    QTest::newRow("other ranks and alphas") << false << true << false;
    QTest::newRow("DoRA is refused") << false << false << true;
}

void TestExportGguf::adapterForLlamaCpp()
{
    QFETCH(bool, isRankStabilised);
    QFETCH(bool, hasPatterns);
    QFETCH(bool, isDora);
    QTemporaryDir scratch;
    const std::filesystem::path base = randomModel(scratch), file = scratch.filePath("lora.gguf").toStdString();
    const auto weights = model::loadWeights(base);
    tune::LoraConfig config;
    config.rank = 4;
    config.alpha = 6;
    config.isRankStabilised = isRankStabilised;
    config.isDora = isDora;
    if (hasPatterns) {
        config.rankPattern = {{"k_proj", 2}};
        config.alphaPattern = {{"down_proj", 9.0}};
    }
    const auto lora = *tune::LoraAdapter::create(**weights, config, 1);
    for (const auto &module : lora->modules())
        module.b.normal_(0, 0.05);
    const auto outcome = exporting::exportGgufLora({base, *weights, lora, {}}, file);
    QCOMPARE(outcome.has_value(), !isDora);
    if (isDora) {
        QVERIFY(QString::fromStdString(outcome.error().message).contains("DoRA"));
        return;
    }
    QVERIFY2(outcome->selfTest.hasPassed, outcome->selfTest.cause.c_str());
    // What llama.cpp adds: B A alpha / rank of B, in the file's order of rows.
    const auto read = io::Gguf::open(file);
    QCOMPARE(read->string("general.type").value_or(""), std::string("adapter"));
    const auto *b = read->find("blk.0.attn_q.weight.lora_b"), *a = read->find("blk.0.attn_q.weight.lora_a");
    QVERIFY(a != nullptr && b != nullptr);
    at::Tensor left = at::empty(b->shape), right = at::empty(a->shape);
    QVERIFY(io::decodeToFloat(*b, {left.data_ptr<float>(), static_cast<std::size_t>(left.numel())}).has_value());
    QVERIFY(io::decodeToFloat(*a, {right.data_ptr<float>(), static_cast<std::size_t>(right.numel())}).has_value());
    const auto &module = *lora->find(0, model::LinearMap::Query);
    const at::Tensor found = at::matmul(left, right) * (*read->number("adapter.lora.alpha") / static_cast<double>(left.size(1)));
    const at::Tensor expected = interleaved((at::matmul(module.b, module.a) * module.scaling).contiguous(), (*weights)->config.heads);
    QVERIFY((found - expected).abs().max().item<double>() < 1e-6);
}

void TestExportGguf::shardsAndModelCard()
{
    QTemporaryDir scratch;
    const std::filesystem::path base = fixture::folder() / "tinychat", folder = scratch.filePath("merged").toStdString();
    const auto weights = model::loadWeights(base);
    const auto outcome = exporting::exportMerged({base, *weights, randomAdapter((*weights)->config), {{"README.md", "# Clinic\n"}}}, exporting::MergedType::Bf16, folder, {}, {}, 10'000);
    QVERIFY2(outcome.has_value() && outcome->selfTest.hasPassed, outcome ? outcome->selfTest.cause.c_str() : outcome.error().message.c_str());
    int shards = 0;
    for (const auto &name : outcome->files)
        shards += name.ends_with(".safetensors") ? 1 : 0;
    QVERIFY(shards > 2);
    for (const char *name : {"README.md", "model.safetensors.index.json", "generation_config.json", "chat_template.jinja", "tokenizer.json", "config.json"})
        QVERIFY2(std::find(outcome->files.begin(), outcome->files.end(), name) != outcome->files.end(), name);
}

QTEST_GUILESS_MAIN(TestExportGguf)
#include "tst_exportgguf.moc"
