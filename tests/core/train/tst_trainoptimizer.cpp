// AdamW, decoupled decay and clipping against torch.optim.AdamW.
#include "core/torch.h"
#include "core/train/optimizer.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <nlohmann/json.hpp>

using namespace fettle;
using namespace fettle::train;

namespace {

nlohmann::json fixture()
{
    QFile file(QStringLiteral(FETTLE_FIXTURES "/train/adamw.json"));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("fixture adamw.json is missing");
    return nlohmann::json::parse(file.readAll().toStdString());
}

at::Tensor tensorOf(const nlohmann::json &values)
{
    return at::tensor(values.get<std::vector<float>>());
}

struct Parameters {
    at::Tensor matrix, norm;
    explicit Parameters(const nlohmann::json &item)
        : matrix(tensorOf(item.at("matrix")).view({5, 7}).requires_grad_())
        , norm(tensorOf(item.at("norm")).requires_grad_())
    {
    }
    // The norm comes first, so that the optimiser has to put the decayed matrix in front.
    [[nodiscard]] std::vector<TrainableParameter> list() const
    {
        return {{"input_layernorm.weight", norm, takesDecay("input_layernorm.weight")}, {"q_proj.lora_A.weight", matrix, true}};
    }
};

AdamSettings settingsOf(const nlohmann::json &item)
{
    return {item.at("beta1").get<double>(), item.at("beta2").get<double>(), item.at("epsilon").get<double>(), item.at("decay").get<double>()};
}

double difference(const at::Tensor &mine, const nlohmann::json &expected)
{
    return (mine.detach().reshape({-1}) - tensorOf(expected)).abs().max().item<double>();
}

} // namespace

class TestTrainOptimizer : public QObject {
    Q_OBJECT
private slots:
    void decayLeavesNormsAndBiasesAlone();
    void equalsTorch();
    void collectsGradientsFromElsewhere();
    void savedStateGoesOn();
    void refusesForeignState();
    void momentsInEightBits();
};

// The sum of weighted squares falls as with moments in fp32; a state that is saved goes on bit for bit.
void TestTrainOptimizer::momentsInEightBits()
{
    QTemporaryDir folder;
    const at::Tensor slope = at::logspace(-3, 1, 700), start = at::linspace(-1.0, 1.0, 700);
    const auto run = [&](const AdamSettings &settings, int steps, int savedAt) {
        const at::Tensor matrix = start.clone().requires_grad_(), norm = start.narrow(0, 0, 5).clone().requires_grad_();
        const std::vector<TrainableParameter> list{{"norm.weight", norm, false}, {"q_proj.lora_A.weight", matrix, true}};
        auto optimizer = std::make_unique<AdamW>(list, settings);
        for (int step = 0; step < steps; ++step) {
            if (step == savedAt) { // in another optimiser over the same tensors
                const auto file = std::filesystem::path(folder.filePath(QStringLiteral("state.safetensors")).toStdString());
                if (!optimizer->save(file))
                    return at::Tensor();
                optimizer = std::make_unique<AdamW>(list, settings);
                if (!optimizer->load(file, step))
                    return at::Tensor();
            }
            optimizer->zeroGradients();
            matrix.mutable_grad().add_(matrix.detach() * slope);
            norm.mutable_grad().add_(norm.detach());
            optimizer->step(0.01, optimizer->gradientNorm(), 0.0);
        }
        return matrix.detach().clone();
    };
    const AdamSettings exact{0.9, 0.999, 1e-8, 0.01}, rounded{0.9, 0.999, 1e-8, 0.01, MomentStorage::EightBits};
    const at::Tensor expected = run(exact, 60, -1), found = run(rounded, 60, -1), resumed = run(rounded, 60, 23);
    const auto lossOf = [&](const at::Tensor &x) { return (x.square() * slope).sum().item<double>(); };
    QVERIFY(lossOf(expected) < 0.5 * lossOf(start));
    QVERIFY2(lossOf(found) < 1.05 * lossOf(expected) + 1e-3, qPrintable(QStringLiteral("%1, exact %2").arg(lossOf(found)).arg(lossOf(expected))));
    QVERIFY2((found - expected).abs().mean().item<double>() < 0.1, qPrintable(QString::number((found - expected).abs().mean().item<double>())));
    QVERIFY(!found.equal(expected));
    QVERIFY(resumed.defined() && resumed.equal(found));
    QCOMPARE(momentBytes(1024, MomentStorage::EightBits), std::int64_t{2 * (1024 + 16)});
    // A state in fp32 is none of 8 bits.
    const Parameters parameters(fixture().front());
    AdamW foreign(parameters.list(), rounded);
    const auto refused = foreign.load(folder.filePath(QStringLiteral("missing.safetensors")).toStdString(), 1);
    QVERIFY(!refused);
}

void TestTrainOptimizer::decayLeavesNormsAndBiasesAlone()
{
    QVERIFY(takesDecay("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"));
    QVERIFY(!takesDecay("model.layers.0.input_layernorm.weight"));
    QVERIFY(!takesDecay("model.layers.0.self_attn.q_proj.bias"));
}

void TestTrainOptimizer::equalsTorch()
{
    for (const nlohmann::json &item : fixture()) {
        const Parameters parameters(item);
        AdamW optimizer(parameters.list(), settingsOf(item));
        for (const nlohmann::json &step : item.at("steps")) {
            optimizer.zeroGradients();
            parameters.matrix.mutable_grad().add_(tensorOf(step.at("matrixGradient")).view({5, 7}));
            parameters.norm.mutable_grad().add_(tensorOf(step.at("normGradient")));
            const double norm = optimizer.gradientNorm();
            QVERIFY(std::abs(norm - step.at("gradNorm").get<double>()) < 1e-5);
            optimizer.step(item.at("lr").get<double>(), norm, item.at("clip").get<double>());
            QVERIFY(difference(parameters.matrix, step.at("matrix")) < 1e-6);
            QVERIFY(difference(parameters.norm, step.at("norm")) < 1e-6);
        }
        QCOMPARE(optimizer.stepsDone(), 6);
    }
}

void TestTrainOptimizer::collectsGradientsFromElsewhere()
{
    const nlohmann::json item = fixture().at(0);
    const nlohmann::json step = item.at("steps").at(0);
    const Parameters parameters(item);
    AdamW optimizer(parameters.list(), settingsOf(item));
    optimizer.zeroGradients();
    parameters.matrix.mutable_grad() = tensorOf(step.at("matrixGradient")).view({5, 7}); // a tensor of its own
    parameters.norm.mutable_grad() = tensorOf(step.at("normGradient"));
    optimizer.step(item.at("lr").get<double>(), optimizer.gradientNorm(), 0.0);
    QVERIFY(difference(parameters.matrix, step.at("matrix")) < 1e-6);
    QVERIFY(difference(parameters.norm, step.at("norm")) < 1e-6);
    optimizer.zeroGradients();
    QCOMPARE(optimizer.gradientNorm(), 0.0);
}

void TestTrainOptimizer::savedStateGoesOn()
{
    QTemporaryDir dir;
    const std::filesystem::path file = dir.filePath(QStringLiteral("optimizer.safetensors")).toStdString();
    const nlohmann::json item = fixture().at(1);
    const auto run = [&](const Parameters &parameters, AdamW &optimizer, std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const nlohmann::json &step = item.at("steps").at(i);
            optimizer.zeroGradients();
            parameters.matrix.mutable_grad().add_(tensorOf(step.at("matrixGradient")).view({5, 7}));
            parameters.norm.mutable_grad().add_(tensorOf(step.at("normGradient")));
            optimizer.step(0.01, optimizer.gradientNorm(), 1.0);
        }
    };
    const Parameters whole(item);
    AdamW uninterrupted(whole.list(), settingsOf(item));
    run(whole, uninterrupted, 0, 6);

    const Parameters first(item);
    AdamW before(first.list(), settingsOf(item));
    run(first, before, 0, 3);
    QVERIFY(before.save(file).has_value());

    Parameters second(item);
    {
        torch::NoGradGuard noGrad;
        second.matrix.copy_(first.matrix);
        second.norm.copy_(first.norm);
    }
    AdamW after(second.list(), settingsOf(item));
    const auto loaded = after.load(file, 3);
    QVERIFY2(loaded.has_value(), loaded ? "" : loaded.error().message.c_str());
    run(second, after, 3, 6);
    QVERIFY(second.matrix.equal(whole.matrix));
    QVERIFY(second.norm.equal(whole.norm));
}

void TestTrainOptimizer::refusesForeignState()
{
    QTemporaryDir dir;
    const std::filesystem::path file = dir.filePath(QStringLiteral("optimizer.safetensors")).toStdString();
    const nlohmann::json item = fixture().at(0);
    const Parameters parameters(item);
    AdamW optimizer(parameters.list(), settingsOf(item));
    QVERIFY(optimizer.save(file).has_value());
    const at::Tensor other = at::zeros({2, 2}).requires_grad_();
    AdamW sameName({{"q_proj.lora_A.weight", other, true}}, {});
    const auto shape = sameName.load(file, 1);
    QVERIFY(!shape.has_value());
    QVERIFY2(QString::fromStdString(shape.error().message).contains(QStringLiteral("q_proj.lora_A.weight.exp_avg")), shape.error().message.c_str());
    AdamW otherName({{"k_proj.lora_A.weight", other, true}}, {});
    QVERIFY(!otherName.load(file, 1).has_value());
    QVERIFY(!optimizer.load(file.string() + ".missing", 1).has_value());
}

QTEST_APPLESS_MAIN(TestTrainOptimizer)
#include "tst_trainoptimizer.moc"
