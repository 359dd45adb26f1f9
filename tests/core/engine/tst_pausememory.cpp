// A pause gives the memory back: on a made-up model that is large enough to be seen, what a run took beside what it left.
#include "core/base/memory.h"
#include "core/io/safetensors.h"
#include "tests/core/engine/survivingrun.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>

#include <nlohmann/json.hpp>

using namespace fettle;
using namespace fettle::engine;

class TestPauseMemory : public QObject {
    Q_OBJECT
private slots:
    void pauseFreesWhatTheRunTook();

private:
    QTemporaryDir m_dir;
};

// The tiny chat model with eight times its width and four times its layers: 33 MB of weights.
static Result<> makeWiderModel(const fs::path &folder)
{
    fs::copy(kModel, folder);
    nlohmann::json config = nlohmann::json::parse(fileBytes(folder / "config.json"));
    config["hidden_size"] = 256;
    config["num_attention_heads"] = 32;
    config["num_key_value_heads"] = 16;
    config["intermediate_size"] = 1024;
    config["num_hidden_layers"] = 8;
    if (QFile file(QString::fromStdString((folder / "config.json").string())); !file.open(QIODevice::WriteOnly) || file.write(QByteArray::fromStdString(config.dump())) < 0)
        return fail(ErrorCode::Internal, "config.json");
    std::vector<float> values(1024 * 384);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = 0.02F * (float(i * 7919 % 1000) / 500 - 1);
    std::vector<io::TensorToWrite> tensors;
    const auto add = [&](const std::string &name, std::vector<std::int64_t> shape) {
        const std::int64_t count = shape[0] * (shape.size() > 1 ? shape[1] : 1);
        tensors.push_back({name, io::StorageType::F32, std::move(shape), std::as_bytes(std::span(values).first(std::size_t(count)))});
    };
    add("model.embed_tokens.weight", {384, 256});
    add("model.norm.weight", {256});
    for (int i = 0; i < 8; ++i) {
        const std::string layer = fmt::format("model.layers.{}.", i);
        for (const char *norm : {"input_layernorm", "post_attention_layernorm"})
            add(layer + norm + ".weight", {256});
        for (const auto &[name, rows, columns] : {std::tuple("self_attn.q_proj", 256, 256), {"self_attn.k_proj", 128, 256}, {"self_attn.v_proj", 128, 256}, {"self_attn.o_proj", 256, 256},
                                                  {"mlp.gate_proj", 1024, 256}, {"mlp.up_proj", 1024, 256}, {"mlp.down_proj", 256, 1024}})
            add(layer + name + ".weight", {rows, columns});
    }
    return io::writeSafetensors(folder / "model.safetensors", tensors);
}

void TestPauseMemory::pauseFreesWhatTheRunTook()
{
    const fs::path model = m_dir.filePath(QStringLiteral("model")).toStdString(), folder = m_dir.filePath(QStringLiteral("p.fettle")).toStdString();
    VERIFY_OK(makeWiderModel(model));
    VERIFY_OK(makeRunProject(folder));
    auto project = Project::open(folder, Access::ReadWrite);
    VERIFY_OK(project);
    TrainRequest wish;
    wish.compute.threads = 1;
    wish.recipe.method = "full";
    for (const char *setting : {"epochs=4", "rowsPerStep=3", "learningRate=0.0001", "evalEvery=3"})
        VERIFY_OK(train::applySetting(wish.recipe, setting));
    VERIFY_OK(trainRun(*project, request())); // what libraries keep for good is theirs from now on
    wish.model = model.string();
    const auto held = [] {
        returnFreeMemory();
        return memoryFigures().ownBytes;
    };
    const std::int64_t before = held();
    std::int64_t during = 0, steps = 0;
    RunControl control;
    RunEvents events;
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        during = std::max(during, memoryFigures().ownBytes);
        steps = point.step;
        control.wish = point.step % 3 == 0 ? RunControl::Wish::Pause : RunControl::Wish::Continue;
    };
    const auto left = [&] { return memoryFigures().ownBytes - before; };
    const auto paused = trainRun(*project, wish, events, &control);
    VERIFY_OK(paused);
    QVERIFY(paused->isPaused);
    QCOMPARE(steps, 3);
    qInfo("%.0f MB while it learnt, %.1f MB after the pause", double(during - before) * 1e-6, double(left()) * 1e-6);
    QVERIFY(during - before > 100'000'000); // weights, moments and gradients
    QVERIFY(left() < (during - before) / 10);
    control.wish = RunControl::Wish::Continue;
    const auto again = resumeRun(*project, paused->run.id, {.threads = 1}, events, &control);
    VERIFY_OK(again);
    QVERIFY(again->isPaused);
    QCOMPARE(steps, 6);
    QVERIFY(left() < (during - before) / 10);
}

QTEST_APPLESS_MAIN(TestPauseMemory)
#include "tst_pausememory.moc"
