// Adapters of every method as folders and as they begin: what each file says is kept, what cannot be is refused by name, and a new one is the base model.
#include "tests/core/train/methodfixture.h"

#include "core/base/random.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"
#include "core/io/safetensors.h"
#include "core/tune/bottleneck.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/peftfolder.h"
#include "core/tune/softprompt.h"

#include <QFile>
#include <QTest>

#include <cmath>

using namespace fettle;
using namespace fettle::model;
using fixture::expectedOf;
using fixture::kBottleneckModels;
using fixture::lossBatch;
using fixture::methodFolder;
using fixture::weightsOf;

namespace {

class ScratchFolder : public fixture::ScratchFolder {
public:
    ScratchFolder() : fixture::ScratchFolder("tst_trainmethodfolders") {}
};

} // namespace

class TestTrainMethodFolders : public QObject {
    Q_OBJECT
private slots:
    void brokenFoldersAreRefused_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("change"); // of the config
        QTest::addColumn<QString>("named");
        QTest::newRow("ia3: unknown target") << "ia3" << R"({"target_modules": ["fc1"]})" << "fc1";
        QTest::newRow("ia3: more modules") << "ia3" << R"({"modules_to_save": ["lm_head"]})" << "modules_to_save";
        QTest::newRow("ia3: no list") << "ia3" << R"({"feedforward_modules": 7})" << "feedforward_modules";
        QTest::newRow("ia3: other side") << "ia3" << R"({"feedforward_modules": []})" << "down_proj.ia3_l";
        QTest::newRow("prompt: 10^12 tokens") << "prompt" << R"({"num_virtual_tokens": 1000000000000})" << "virtual tokens";
        QTest::newRow("prompt: one more") << "prompt" << R"({"num_virtual_tokens": 6})" << "[6, 24]";
        QTest::newRow("prompt: encoder") << "prompt" << R"({"num_transformer_submodules": 2})" << "num_transformer_submodules";
        QTest::newRow("prefix: none") << "prefix" << R"({"num_virtual_tokens": 0})" << "virtual tokens";
        QTest::newRow("prefix: future setting") << "prefix" << R"({"quantum_mode": 3})" << "quantum_mode";
        QTest::newRow("prefix: giant projection") << "prefix-projection" << R"({"encoder_hidden_size": 1000000000000})" << "projection";
        QTest::newRow("bottleneck: no factor") << "bottleneck-sequential" << R"({"config": {"reduction_factor": {"default": 2}}})" << "reduction_factor";
        QTest::newRow("bottleneck: tiny factor") << "bottleneck-sequential" << R"({"config": {"reduction_factor": 1e-9}})" << "reduction factor";
        QTest::newRow("bottleneck: giant factor") << "bottleneck-sequential" << R"({"config": {"reduction_factor": 1e9}})" << "reduction factor";
        QTest::newRow("bottleneck: other factor") << "bottleneck-sequential" << R"({"config": {"reduction_factor": 5}})" << "[4, 24]";
        QTest::newRow("bottleneck: gating") << "bottleneck-sequential" << R"({"config": {"use_gating": true}})" << "use_gating";
        QTest::newRow("bottleneck: norm") << "bottleneck-double" << R"({"config": {"ln_before": true}})" << "ln_before";
        QTest::newRow("bottleneck: curve") << "bottleneck-parallel" << R"({"config": {"non_linearity": "sine"}})" << "sine";
        QTest::newRow("bottleneck: unknown place") << "bottleneck-double" << R"({"config": {"is_parallel": true}})" << "original_ln_before";
        QTest::newRow("bottleneck: a layer too much") << "bottleneck-sequential" << R"({"config": {"leave_out": [0]}})" << "no place";
        QTest::newRow("bottleneck: no layer") << "bottleneck-sequential" << R"({"config": {"leave_out": [0, 1]}})" << "layers";
    }
    void brokenFoldersAreRefused()
    {
        QFETCH(QString, method);
        QFETCH(QString, change);
        QFETCH(QString, named);
        const ScratchFolder scratch;
        std::filesystem::copy(methodFolder(method.toStdString()), scratch.path);
        const auto file = scratch.path / "adapter_config.json";
        auto config = io::readJsonFile(file);
        QVERIFY(config.has_value());
        config->merge_patch(nlohmann::json::parse(change.toStdString()));
        QFile out(QString::fromStdString(file.string()));
        QVERIFY(out.open(QIODevice::WriteOnly));
        out.write(QByteArray::fromStdString(config->dump()));
        out.close();
        const auto weights = weightsOf(method == "prefix-projection" ? "llama-tied-headsize" : "llama-gqa");
        auto adapter = tune::loadAdapter(scratch.path, weights->config);
        QVERIFY(!adapter);
        QVERIFY2(QString::fromStdString(adapter.error().message).contains(named), adapter.error().message.c_str());
    }

    // AdapterHub by itself places adapters of Gemma and OLMo 2 in front of a norm: those would answer differently here.
    void adaptersOfOtherPlacesAreRefused_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("change"); // of the interface; empty: there is none
        QTest::addColumn<QString>("named");  // empty: it is taken
        QTest::newRow("nothing said") << "bottleneck-gemma2" << "gemma2-uncapped" << QString() << "adapter_interface.json";
        QTest::newRow("AdapterHub's own") << "bottleneck-gemma2" << "gemma2-uncapped" << R"({"layer_output_proj": "mlp.down_proj", "layer_ln_2": "post_feedforward_layernorm"})" << "layer_output_proj";
        QTest::newRow("a norm of its own") << "bottleneck-gemma2" << "gemma2-uncapped" << R"({"layer_ln_2": "post_feedforward_layernorm"})" << "layer_ln_2";
        QTest::newRow("other attention, not read") << "bottleneck-gemma2" << "gemma2-uncapped" << R"({"layer_self_attn": "self_attn"})" << QString();
        QTest::newRow("other attention") << "bottleneck-gemma2-double" << "gemma2-uncapped" << R"({"layer_self_attn": "self_attn"})" << "layer_self_attn";
        QTest::newRow("other stream") << "bottleneck-phi3" << "phi3-partial" << R"({"layer_pre_ffn": null})" << "layer_pre_ffn";
        QTest::newRow("no object") << "bottleneck-olmo2" << "olmo2" << R"(7)" << "interface";
        QTest::newRow("usual places") << "bottleneck-phi3" << "phi3-partial" << QString() << QString();
    }
    void adaptersOfOtherPlacesAreRefused()
    {
        QFETCH(QString, method);
        QFETCH(QString, model);
        QFETCH(QString, change);
        QFETCH(QString, named);
        const ScratchFolder scratch;
        std::filesystem::copy(methodFolder(method.toStdString()), scratch.path);
        const auto file = scratch.path / "adapter_interface.json";
        auto interface = io::readJsonFile(file);
        QVERIFY(interface.has_value());
        std::filesystem::remove(file);
        if (!change.isEmpty()) {
            interface->merge_patch({{"interface", nlohmann::json::parse(change.toStdString())}});
            QVERIFY(io::writeFileAtomically(file, interface->dump()).has_value());
        }
        auto weights = loadWeights(fixture::folder() / "families" / model.toStdString());
        QVERIFY(weights.has_value());
        auto adapter = tune::loadAdapter(scratch.path, (*weights)->config);
        QCOMPARE(adapter.has_value(), named.isEmpty());
        QVERIFY2(adapter || QString::fromStdString(adapter.error().message).contains(named), adapter ? "" : adapter.error().message.c_str());
    }

    // What we write tells AdapterHub the same places as the files that it wrote with them.
    void placesAreToldToAdapterHub()
    {
        for (const auto &[family, model, kinds] : kBottleneckModels) {
            const auto written = methodFolder(std::string("bottleneck-") + family + kinds.front()) / "adapter_interface.json";
            auto weights = loadWeights(fixture::folder() / "models" / model);
            QVERIFY(weights.has_value());
            const ScratchFolder scratch;
            QVERIFY((*tune::BottleneckAdapter::create((*weights)->config, {}, 1))->save(scratch.path).has_value());
            const bool isKnownThere = std::string_view(family).starts_with("qwen") || std::string_view(family) == "mistral" || std::string_view(family) == "gpt2";
            QCOMPARE(std::filesystem::exists(scratch.path / "adapter_interface.json"), !isKnownThere);
            if (isKnownThere)
                continue;
            auto ours = io::readJsonFile(scratch.path / "adapter_interface.json"), theirs = io::readJsonFile(written);
            QVERIFY(ours && theirs);
            QVERIFY2(*ours == *theirs, (ours->dump() + theirs->dump()).c_str());
        }
    }

    // A tensor that is not there is named, whichever it is: also the one half of a pair.
    void missingTensorsAreNamed()
    {
        const auto weights = weightsOf("llama-gqa");
        for (const auto &[method, file] : {std::pair{"loraplus", "adapter_model.safetensors"}, std::pair{"dora", "adapter_model.safetensors"}, std::pair{"ia3", "adapter_model.safetensors"},
                                           std::pair{"prefix", "adapter_model.safetensors"}, std::pair{"prompt", "adapter_model.safetensors"}, std::pair{"bottleneck-double", "adapter.safetensors"}}) {
            auto tensors = fixture::tensors(methodFolder(method) / file);
            for (const auto &[missing, unused] : tensors) {
                const ScratchFolder scratch;
                std::filesystem::copy(methodFolder(method), scratch.path);
                std::vector<io::TensorToWrite> rest;
                for (const auto &[name, values] : tensors) {
                    if (name != missing)
                        rest.push_back({name, io::StorageType::F32, values.sizes().vec(), {static_cast<const std::byte *>(values.const_data_ptr()), static_cast<std::size_t>(values.nbytes())}});
                }
                QVERIFY(io::writeSafetensors(scratch.path / file, rest).has_value());
                auto adapter = tune::loadAdapter(scratch.path, weights->config);
                QVERIFY2(!adapter && adapter.error().code == ErrorCode::BadInput && adapter.error().message.find(missing) != std::string::npos,
                         (missing + ": " + (adapter ? "accepted" : adapter.error().message)).c_str());
            }
        }
    }

    void picklesAreNamed()
    {
        const auto weights = weightsOf("llama-gqa");
        for (const auto &[method, tensors, pickle] : {std::tuple{"ia3", "adapter_model.safetensors", "adapter_model.bin"},
                                                      std::tuple{"bottleneck-double", "adapter.safetensors", "pytorch_adapter.bin"}}) {
            const ScratchFolder scratch;
            std::filesystem::copy(methodFolder(method), scratch.path);
            std::filesystem::rename(scratch.path / tensors, scratch.path / pickle);
            auto adapter = tune::loadAdapter(scratch.path, weights->config);
            QVERIFY2(!adapter && adapter.error().hint.find("pickle") != std::string::npos, method);
        }
    }

    void aPrefixNeedsAModelWithoutWindow()
    {
        auto refused = tune::PrefixTuning::create(weightsOf("mistral-window")->config, {}, 1);
        QVERIFY(!refused && refused.error().message.find("window") != std::string::npos);
        QVERIFY(!tune::PrefixTuning::create(weightsOf("llama-gqa")->config, {64, false, 0, {}}, 1)); // all of its context
    }

    void newAdaptersAreTheBaseModel_data()
    {
        QTest::addColumn<int>("init");
        QTest::addColumn<bool>("isDora");
        QTest::newRow("gaussian") << int(tune::LoraInit::Gaussian) << false;
        QTest::newRow("pissa") << int(tune::LoraInit::Pissa) << false;
        QTest::newRow("dora") << int(tune::LoraInit::Uniform) << true;
    }
    void newAdaptersAreTheBaseModel()
    {
        QFETCH(int, init);
        QFETCH(bool, isDora);
        const auto weights = weightsOf("llama-bias");
        tune::LoraConfig config;
        config.rank = 4;
        config.init = static_cast<tune::LoraInit>(init);
        config.isDora = isDora;
        config.rankPattern = {{"q_proj", 6}};
        auto adapter = tune::LoraAdapter::create(*weights, config, 9);
        QVERIFY2(adapter.has_value(), adapter ? "" : adapter.error().message.c_str());
        const std::vector<std::int32_t> ids = {3, 9, 27, 4};
        const PackedBatch batch = packDocument(ids);
        QVERIFY(fixture::relativeDifference(*computeLogits(*weights, batch, **adapter), *computeLogits(*weights, batch, NoSites())) < 1e-5);
        QCOMPARE((*tune::LoraAdapter::create(*weights, config, 9))->hash(), (*adapter)->hash());
        std::int64_t counted = *tune::loraParameters(config, weights->config);
        QCOMPARE((*adapter)->parameterCount(), counted);
    }

    void pissaHoldsTheStrongestDirections()
    {
        const at::NoGradGuard guard;
        RandomStream random(4);
        for (const auto &[out, in] : {std::pair{300, 200}, std::pair{90, 400}}) {
            at::Tensor weight = at::empty({out, in}, at::kFloat);
            random.fillNormal({weight.data_ptr<float>(), static_cast<std::size_t>(weight.numel())}, 0.0f, 1.0f);
            const auto [u, s, vh] = at::linalg_svd(weight, false);
            const double best = s.narrow(0, 8, s.numel() - 8).norm().item<double>(); // what no rank 8 can hold
            const tune::LowRankPair pair = tune::principalPair(weight, 8, 2.5, 7);
            const double rest = (weight - at::mm(pair.b, pair.a) * 2.5).norm().item<double>();
            QVERIFY2(rest < best * 1.003, qPrintable(QStringLiteral("%1 of %2").arg(rest).arg(best)));
        }
    }

    void pissaGoesOnBitForBit_data()
    {
        QTest::addColumn<bool>("isRankStabilised");
        QTest::newRow("plain") << false;
        QTest::newRow("rsLoRA") << true;
    }
    void pissaGoesOnBitForBit()
    {
        QFETCH(bool, isRankStabilised);
        const auto weights = weightsOf("llama-gqa");
        tune::LoraConfig config;
        config.rank = 3;
        config.alpha = 5;
        config.isRankStabilised = isRankStabilised;
        config.init = tune::LoraInit::Pissa;
        config.rankPattern = {{"v_proj", 5}};
        auto adapter = *tune::LoraAdapter::create(*weights, config, 9);
        {
            const at::NoGradGuard guard;
            for (const tune::NamedParameter &parameter : adapter->parameters())
                parameter.tensor.add_(0.01);
        }
        const ScratchFolder scratch;
        QVERIFY(adapter->save(scratch.path).has_value());
        auto plain = tune::loadPeftFolder(scratch.path, weights->config);
        QVERIFY(plain.has_value());
        auto again = tune::asPissa(**plain, weights->config, config);
        QVERIFY2(again.has_value(), again ? "" : again.error().message.c_str());
        QCOMPARE((*again)->hash(), adapter->hash());
        config.rank = 4;
        QVERIFY(!tune::asPissa(**plain, weights->config, config));
    }

    void doraDropoutReachesBothParts()
    {
        const auto weights = weightsOf("llama-bias");
        auto tensors = expectedOf("dora");
        const LossBatch batch = lossBatch(tensors);
        tune::LoraConfig config;
        config.isDora = true;
        config.dropout = 0.3;
        auto adapter = *tune::LoraAdapter::create(*weights, config, 9);
        LossEngine engine(weights);
        adapter->setTraining(true);
        adapter->setDropoutState({5, 1});
        // At the start g is 1: what dropout hides of W x' counts for nothing, as in PEFT.
        const double first = engine.loss(batch, *adapter)->sum;
        adapter->setDropoutState({5, 2});
        QVERIFY(std::abs(engine.loss(batch, *adapter)->sum - first) < 1e-4 * first);
        {
            const at::NoGradGuard guard;
            for (const tune::NamedParameter &parameter : adapter->parameters()) {
                if (parameter.name.ends_with("magnitude_vector"))
                    parameter.tensor.mul_(1.3);
            }
        }
        const double second = engine.loss(batch, *adapter)->sum;
        adapter->setDropoutState({5, 1});
        QVERIFY(std::abs(engine.loss(batch, *adapter)->sum - second) > 1e-4 * first);
        adapter->setDropoutState({5, 2});
        QCOMPARE(engine.loss(batch, *adapter)->sum, second);
    }

    void impossibleChoicesAreRefused()
    {
        const auto weights = weightsOf("llama-gqa");
        const auto messageOf = [&](const tune::LoraConfig &config) {
            auto adapter = tune::LoraAdapter::create(*weights, config, 1);
            return adapter ? std::string("accepted") : adapter.error().message;
        };
        tune::LoraConfig both;
        both.isDora = true;
        both.init = tune::LoraInit::Pissa;
        QVERIFY(messageOf(both).find("together") != std::string::npos);
        tune::LoraConfig wide;
        wide.rank = 25;
        wide.init = tune::LoraInit::Pissa;
        QVERIFY(messageOf(wide).find("24") != std::string::npos || messageOf(wide).find("12") != std::string::npos);
        tune::LoraConfig twofold;
        twofold.targetPattern = ".*q_proj";
        twofold.layers = {1};
        QVERIFY(messageOf(twofold).find("expression") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestTrainMethodFolders)
#include "tst_trainmethodfolders.moc"
