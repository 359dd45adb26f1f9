// config.json of both generations, GGUF metadata, and everything that must be refused by name.
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/model/weightsource.h"

#include <QTest>

#include <cmath>
#include <filesystem>
#include <fstream>

using namespace fettle;
using namespace fettle::model;
using nlohmann::json;

namespace {

const std::filesystem::path kModels = std::filesystem::path(FETTLE_FIXTURES) / "models";

json smallConfig()
{
    return {{"model_type", "llama"}, {"architectures", {"LlamaForCausalLM"}}, {"vocab_size", 61}, {"hidden_size", 24},
            {"intermediate_size", 40}, {"num_hidden_layers", 2}, {"num_attention_heads", 4}, {"num_key_value_heads", 2}};
}

} // namespace

class TestModelConfig : public QObject {
    Q_OBJECT
private slots:
    void bothGenerationsAgree()
    {
        auto now = readConfig(kModels / "llama-llama3"), before = readConfig(kModels / "llama-llama3-old");
        QVERIFY2(now && before, now ? "" : now.error().message.c_str());
        QCOMPARE(now->ropeScaling.kind, RopeScalingKind::Llama3);
        QCOMPARE(before->ropeScaling, now->ropeScaling);
        QCOMPARE(before->ropeTheta, 500.0);
        QCOMPARE(now->ropeTheta, 500.0);
        QCOMPARE(now->storedType, std::string("bfloat16"));
        QCOMPARE(before->storedType, std::string("bfloat16"));
        QVERIFY(now->isTied && !before->isTied);
    }

    void writtenConfigReadsBack()
    {
        for (const auto &folder : std::filesystem::directory_iterator(kModels)) {
            if (!folder.is_directory())
                continue;
            auto config = readConfig(folder.path());
            QVERIFY2(config.has_value(), folder.path().c_str());
            auto again = configFromJson(configToJson(*config), "written");
            QVERIFY(again.has_value());
            again->storedType = config->storedType;
            QVERIFY2(*again == *config, folder.path().c_str());
        }
    }

    void ggufSaysTheSame()
    {
        for (const char *name : {"llama-gqa", "llama-bias"}) {
            auto folder = readConfig(kModels / name), file = readConfig(kModels / (std::string(name) + ".gguf"));
            QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
            file->storedType = folder->storedType;
            QVERIFY(*file == *folder);
        }
        // llama3 scaling lies in the file as divisors: the frequencies must be the same.
        auto folder = readConfig(kModels / "llama-llama3"), file = readConfig(kModels / "llama-llama3.gguf");
        QVERIFY(folder && file);
        const auto a = ropeFrequencies(*folder), b = ropeFrequencies(*file);
        QCOMPARE(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i)
            QVERIFY(std::abs(a[i] - b[i]) <= 1e-6f * a[i]);
        QVERIFY(std::abs(a.back() - std::pow(500.0f, -0.75f) / 8.0f) < 1e-6f); // the slowest pair is divided by the whole factor
    }

    void refused_data()
    {
        QTest::addColumn<QString>("change");
        QTest::addColumn<QString>("named");
        QTest::newRow("other family") << R"({"model_type": "olmo3"})" << "OLMo 3";
        QTest::newRow("Gemma with pictures") << R"({"model_type": "gemma3"})" << "pictures";
        QTest::newRow("Gemma 3n") << R"({"model_type": "gemma3n"})" << "Gemma 3n";
        QTest::newRow("Phi experts") << R"({"model_type": "phimoe"})" << "mixture of experts";
        QTest::newRow("yarn in Qwen") << R"({"model_type": "qwen2", "rope_scaling": {"type": "yarn", "factor": 4}})" << "yarn";
        QTest::newRow("unknown kind of layer") << R"({"model_type": "qwen3", "head_dim": 6, "use_sliding_window": true, "layer_types": ["chunked_attention", "full_attention"]})" << "chunked_attention";
        QTest::newRow("kinds of too few layers") << R"({"model_type": "qwen3", "head_dim": 6, "use_sliding_window": true, "layer_types": ["sliding_attention"]})" << "1 layers";
        QTest::newRow("rope list too short") << R"({"model_type": "smollm3", "no_rope_layers": [1]})" << "no_rope_layers";
        QTest::newRow("rope list of text") << R"({"model_type": "smollm3", "no_rope_layers": ["yes", "no"]})" << "no_rope_layers";
        QTest::newRow("pattern of nothing") << R"({"model_type": "gemma3_text", "sliding_window_pattern": 0})" << "pattern";
        QTest::newRow("both directions") << R"({"model_type": "gemma3_text", "use_bidirectional_attention": true})" << "use_bidirectional_attention";
        QTest::newRow("no query scale") << R"({"model_type": "gemma2", "query_pre_attn_scalar": 0})" << "query_pre_attn_scalar";
        QTest::newRow("negative soft limit") << R"({"model_type": "gemma2", "final_logit_softcapping": -1})" << "final_logit_softcapping";
        QTest::newRow("longrope of other size") << R"({"model_type": "phi3", "rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [1]}})" << "longrope";
        QTest::newRow("longrope without factors") << R"({"model_type": "phi3", "rope_scaling": {"type": "longrope"}})" << "short_factor";
        QTest::newRow("longrope of zeros") << R"({"model_type": "phi3", "rope_scaling": {"type": "longrope", "short_factor": [1, 0, 1], "long_factor": [1, 1, 1]}})" << "longrope";
        QTest::newRow("longrope of no context") << R"({"model_type": "phi3", "rope_scaling": {"type": "longrope", "short_factor": [1, 1, 1], "long_factor": [1, 1, 1], "original_max_position_embeddings": 0}})" << "longrope";
        QTest::newRow("rotates less than a pair") << R"({"model_type": "phi3", "partial_rotary_factor": 0.2})" << "partial_rotary_factor";
        QTest::newRow("rotates nothing") << R"({"model_type": "phi3", "partial_rotary_factor": 0})" << "partial_rotary_factor";
        QTest::newRow("experts") << R"({"model_type": "mixtral"})" << "mixture of experts";
        QTest::newRow("state space") << R"({"model_type": "mamba"})" << "Mamba";
        QTest::newRow("vision") << R"({"model_type": "mllama"})" << "Llama 3.2 Vision";
        QTest::newRow("unknown type") << R"({"model_type": "brandnew"})" << "brandnew";
        QTest::newRow("no type") << R"({"model_type": null})" << "model_type";
        QTest::newRow("classifier") << R"({"architectures": ["LlamaForSequenceClassification"]})" << "LlamaForSequenceClassification";
        QTest::newRow("yarn") << R"({"rope_scaling": {"type": "yarn", "factor": 4}})" << "yarn";
        QTest::newRow("dynamic") << R"({"rope_parameters": {"rope_type": "dynamic", "factor": 4}})" << "dynamic";
        QTest::newRow("partial rotary") << R"({"partial_rotary_factor": 0.5})" << "partial_rotary_factor";
        QTest::newRow("activation") << R"({"hidden_act": "gelu"})" << "gelu";
        QTest::newRow("quantised") << R"({"quantization_config": {"quant_method": "gptq"}})" << "gptq";
        QTest::newRow("missing size") << R"({"hidden_size": null})" << "hidden_size";
        QTest::newRow("size is text") << R"({"vocab_size": "many"})" << "vocab_size";
        QTest::newRow("a billion layers") << R"({"num_hidden_layers": 1000000000})" << "num_hidden_layers";
        QTest::newRow("negative width") << R"({"hidden_size": -24})" << "hidden_size";
        QTest::newRow("no heads") << R"({"num_attention_heads": 0})" << "num_attention_heads";
        QTest::newRow("uneven groups") << R"({"num_key_value_heads": 3})" << "key-value heads";
        QTest::newRow("odd head") << R"({"head_dim": 7})" << "head_dim";
        QTest::newRow("zero theta") << R"({"rope_theta": 0})" << "rope_theta";
        QTest::newRow("llama3 upside down") << R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1, "original_max_position_embeddings": 16}})" << "llama3";
        QTest::newRow("adapter") << R"({"peft_type": "LORA"})" << "adapter";
    }
    void refused()
    {
        QFETCH(QString, change);
        QFETCH(QString, named);
        json config = smallConfig();
        config.update(json::parse(change.toStdString()));
        const auto read = configFromJson(config, "config.json");
        QVERIFY(!read);
        QCOMPARE(read.error().code, ErrorCode::BadInput);
        QVERIFY2(QString::fromStdString(read.error().message).contains(named), read.error().message.c_str());
    }

    void defaultsAreTransformers()
    {
        json config = smallConfig();
        auto llama = configFromJson(config, "config.json");
        QVERIFY(llama.has_value());
        QCOMPARE(llama->rmsEpsilon, 1e-6);
        QCOMPARE(llama->headSize, 6);
        QCOMPARE(llama->slidingWindow, 0);
        config["model_type"] = "gemma2";
        config["architectures"] = {"Gemma2ForCausalLM"};
        auto gemma = configFromJson(config, "config.json");
        QVERIFY2(gemma.has_value(), gemma ? "" : gemma.error().message.c_str());
        QVERIFY(gemma->isTied && gemma->activation == Activation::GeluTanh);
        QCOMPARE(gemma->headSize, 256);
        QCOMPARE(gemma->attentionSoftcap, 50.0);
        QCOMPARE(gemma->finalSoftcap, 30.0);
        QCOMPARE(gemma->windowOf(0), 4096);
        QCOMPARE(gemma->windowOf(1), 0);
        config["model_type"] = "mistral";
        config["architectures"] = {"MistralForCausalLM"};
        auto mistral = configFromJson(config, "config.json");
        QVERIFY(mistral.has_value());
        QCOMPARE(mistral->slidingWindow, 4096); // absent: the class's default; null: none
        config["sliding_window"] = nullptr;
        QCOMPARE(configFromJson(config, "config.json")->slidingWindow, 0);
    }

    void weightsMustFitTheConfig_data()
    {
        QTest::addColumn<QString>("change");
        QTest::addColumn<QString>("named");
        QTest::newRow("wider mlp") << R"({"intermediate_size": 41})" << "demands [41, 24]";
        QTest::newRow("a layer more") << R"({"num_hidden_layers": 3})" << "model.layers.2.input_layernorm.weight";
        QTest::newRow("a layer less") << R"({"num_hidden_layers": 1})" << "model.layers.1.";
        QTest::newRow("biases") << R"({"attention_bias": true})" << "model.layers.0.self_attn.q_proj.bias";
    }
    void weightsMustFitTheConfig()
    {
        QFETCH(QString, change);
        QFETCH(QString, named);
        const auto folder = std::filesystem::path(FETTLE_BINARY_DIR) / "weightsMustFitTheConfig";
        std::filesystem::remove_all(folder);
        std::filesystem::copy(kModels / "llama-gqa", folder);
        auto config = io::readJsonFile(folder / "config.json");
        QVERIFY(config.has_value());
        config->update(json::parse(change.toStdString()));
        std::ofstream(folder / "config.json") << config->dump();
        const auto source = WeightSource::open(folder);
        std::filesystem::remove_all(folder);
        QVERIFY(!source);
        QCOMPARE(source.error().code, ErrorCode::BadInput);
        QVERIFY2(QString::fromStdString(source.error().message).contains(named), source.error().message.c_str());
    }

    void sourceGivesRawBlocks()
    {
        auto source = WeightSource::open(kModels / "llama-llama3.gguf");
        QVERIFY2(source.has_value(), source ? "" : source.error().message.c_str());
        const SourceTensor *q = (*source)->find("model.layers.0.self_attn.q_proj.weight");
        QVERIFY(q);
        QCOMPARE(q->interleavedHeads, 4);
        QCOMPARE(q->entry.name, std::string("blk.0.attn_q.weight"));
        QCOMPARE(q->fileRow(0), 0);
        QCOMPARE(q->fileRow(1), 2); // second pair, first half
        QCOMPARE(q->fileRow(4), 1); // first pair, second half
        QVERIFY((*source)->storage().starts_with("BF16"));
        QVERIFY((*source)->find("lm_head.weight") == nullptr);
    }

    void namesFollowTheFamily()
    {
        ModelConfig gemma;
        gemma.normPlaces = NormPlaces::Both;
        QCOMPARE(nameFromGguf("blk.3.ffn_norm.weight", gemma), std::string("model.layers.3.pre_feedforward_layernorm.weight"));
        QCOMPARE(nameFromGguf("blk.3.post_ffw_norm.weight", gemma), std::string("model.layers.3.post_feedforward_layernorm.weight"));
        QCOMPARE(nameFromGguf("blk.3.attn_q_norm.weight", gemma), std::string());
        ModelConfig phi;
        phi.isFused = true;
        QCOMPARE(nameFromGguf("blk.10.ffn_up.weight", phi), std::string("model.layers.10.mlp.gate_up_proj.weight"));
        QCOMPARE(nameFromGguf("blk.10.attn_qkv.weight", phi), std::string("model.layers.10.self_attn.qkv_proj.weight"));
    }

    void namesFromGguf_data()
    {
        QTest::addColumn<QString>("gguf");
        QTest::addColumn<QString>("name");
        QTest::newRow("embedding") << "token_embd.weight" << "model.embed_tokens.weight";
        QTest::newRow("q bias") << "blk.12.attn_q.bias" << "model.layers.12.self_attn.q_proj.bias";
        QTest::newRow("output norm") << "output_norm.weight" << "model.norm.weight";
        QTest::newRow("experts") << "blk.0.ffn_gate_exps.weight" << "";
        QTest::newRow("no number") << "blk..attn_q.weight" << "";
        QTest::newRow("no ending") << "token_embd" << "";
    }
    void namesFromGguf()
    {
        QFETCH(QString, gguf);
        QFETCH(QString, name);
        QCOMPARE(QString::fromStdString(nameFromGguf(gguf.toStdString())), name);
    }
};

QTEST_APPLESS_MAIN(TestModelConfig)
#include "tst_modelconfig.moc"
