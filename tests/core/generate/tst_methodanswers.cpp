// Answers with the adapters of every method: the decoding step's logits against PEFT's and AdapterHub's, and columns of different methods
// together against each alone.
#include "tests/core/model/fixture.h"

#include "core/generate/decodeadapter.h"
#include "core/generate/decodeweights.h"
#include "core/generate/generator.h"
#include "core/model/decoder.h"
#include "core/tune/bottleneck.h"

#include <QTest>

#include <cmath>

using namespace fettle;
using namespace fettle::generate;

namespace {

const char *const kOnLlamaGqa[] = {"dora", "loraplus", "ia3", "prompt", "prefix", "bottleneck-sequential", "bottleneck-double", "bottleneck-parallel", "lora-outer", "lora-saved"};

std::unique_ptr<Generator> loaded(const std::string &model)
{
    auto generator = Generator::load(fixture::folder() / "models" / model, 2);
    return generator ? std::move(*generator) : nullptr;
}

std::shared_ptr<const DecodeAdapter> adapterFrom(const Generator &generator, const std::string &name)
{
    auto adapter = tune::loadAdapter(fixture::folder() / "methods" / name, generator.config());
    if (!adapter) {
        qWarning("%s", adapter.error().message.c_str());
        return nullptr;
    }
    auto packed = generator.addAdapter(**adapter);
    if (!packed)
        qWarning("%s", packed.error().message.c_str());
    return packed ? *packed : nullptr;
}

std::vector<TokenId> tokens(std::size_t count, std::uint64_t seed)
{
    RandomStream random(seed);
    std::vector<TokenId> ids(count);
    for (TokenId &id : ids)
        id = 3 + static_cast<TokenId>(random.below(58));
    return ids;
}

} // namespace

class TestMethodAnswers : public QObject {
    Q_OBJECT
private slots:
    void logitsEqualTheReference_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *name : kOnLlamaGqa)
            QTest::newRow(name) << "llama-gqa";
        QTest::newRow("dora-bias") << "llama-bias";
        QTest::newRow("ia3-bias") << "llama-bias";
        QTest::newRow("lora-outer-tied") << "llama-tied-headsize";
        QTest::newRow("prefix-projection") << "llama-tied-headsize";
    }
    void logitsEqualTheReference()
    {
        QFETCH(QString, model);
        const std::string name = QTest::currentDataTag();
        auto generator = loaded(model.toStdString());
        QVERIFY(generator);
        const auto adapter = adapterFrom(*generator, name);
        QVERIFY(adapter);
        auto expected = fixture::tensors(fixture::folder() / "expected" / ("method-" + name + ".safetensors"));
        const std::string hash = adapter->hash();
        std::int64_t begin = 0;
        for (const std::int64_t length : {13, 1, 19}) {
            std::vector<TokenId> ids;
            for (std::int64_t i = begin; i < begin + length; ++i)
                ids.push_back(static_cast<TokenId>(expected["ids"][i].item<std::int64_t>()));
            const at::Tensor theirs = expected["logits"].slice(0, begin, begin + length);
            auto logits = generator->logits(ids, adapter.get());
            QVERIFY2(logits.has_value(), logits ? "" : logits.error().message.c_str());
            const at::Tensor ours = at::from_blob(logits->data(), {length, generator->config().vocabulary}, at::kFloat);
            QVERIFY2(fixture::largestDifference(ours, theirs) < 1e-4, std::to_string(fixture::largestDifference(ours, theirs)).c_str());
            QCOMPARE(*generator->logits(ids, adapter.get(), 0.0), *generator->logits(ids));
            begin += length;
        }
        QCOMPARE(adapter->hash(), hash);
        QCOMPARE(hash, (*tune::loadAdapter(fixture::folder() / "methods" / name, generator->config()))->hash());
    }

    void strengthIsThatOfThePlainPath_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *name : {"dora", "lora-outer", "ia3", "bottleneck-sequential", "bottleneck-double", "bottleneck-parallel"})
            QTest::newRow(name) << "llama-gqa";
        QTest::newRow("lora-outer-tied") << "llama-tied-headsize";
        QTest::newRow("dora-bias") << "llama-bias";
        QTest::newRow("ia3-bias") << "llama-bias";
    }
    void strengthIsThatOfThePlainPath()
    {
        QFETCH(QString, model);
        const std::string name = QTest::currentDataTag();
        auto generator = loaded(model.toStdString());
        auto weights = model::loadWeights(fixture::folder() / "models" / model.toStdString());
        QVERIFY(generator && weights);
        const auto adapter = adapterFrom(*generator, name);
        auto plain = tune::loadAdapter(fixture::folder() / "methods" / name, generator->config());
        QVERIFY(adapter && plain && adapter->canScale());
        const std::vector<TokenId> ids = tokens(17, 3);
        const std::vector<std::int32_t> same(ids.begin(), ids.end());
        for (const double strength : {0.4, 1.5}) {
            (*plain)->setStrength(strength);
            auto expected = model::computeLogits(**weights, model::packDocument(same), **plain);
            auto logits = generator->logits(ids, adapter.get(), strength);
            QVERIFY(expected && logits);
            const at::Tensor ours = at::from_blob(logits->data(), {17, generator->config().vocabulary}, at::kFloat);
            QVERIFY(fixture::relativeDifference(ours, *expected) < 1e-4);
        }
    }

    void bottlenecksFitEveryFamily_data()
    {
        QTest::addColumn<int>("kind");
        for (const char *family : {"qwen2", "qwen3", "gemma2", "gemma3", "smollm3", "olmo2", "phi3"}) {
            for (const auto &[name, kind] : {std::pair{"sequential", tune::BottleneckKind::Sequential}, std::pair{"double", tune::BottleneckKind::Double},
                                             std::pair{"parallel", tune::BottleneckKind::Parallel}})
                QTest::addRow("%s %s", family, name) << static_cast<int>(kind);
        }
    }
    void bottlenecksFitEveryFamily()
    {
        QFETCH(int, kind);
        const std::string family = std::string(QTest::currentDataTag()).substr(0, std::string(QTest::currentDataTag()).find(' '));
        auto generator = loaded("../families/" + family);
        auto weights = model::loadWeights(fixture::folder() / "families" / family);
        QVERIFY(generator && weights);
        tune::BottleneckConfig config;
        config.kind = static_cast<tune::BottleneckKind>(kind);
        config.reductionFactor = 4;
        config.scaling = 2;
        auto plain = tune::BottleneckAdapter::create((*weights)->config, config, 3);
        QVERIFY2(plain.has_value(), plain ? "" : plain.error().message.c_str());
        {
            const at::NoGradGuard guard;
            for (const tune::NamedParameter &parameter : (*plain)->parameters())
                parameter.tensor.normal_(0, 0.3);
        }
        auto adapter = generator->addAdapter(**plain);
        QVERIFY2(adapter.has_value(), adapter ? "" : adapter.error().message.c_str());
        const std::vector<TokenId> ids = tokens(17, 3);
        const std::vector<std::int32_t> same(ids.begin(), ids.end());
        auto expected = model::computeLogits(**weights, model::packDocument(same), **plain), base = model::computeLogits(**weights, model::packDocument(same), model::NoSites());
        auto logits = generator->logits(ids, adapter->get());
        QVERIFY(expected && base && logits);
        const at::Tensor ours = at::from_blob(logits->data(), {17, generator->config().vocabulary}, at::kFloat);
        QVERIFY2(fixture::relativeDifference(ours, *expected) < 1e-4, std::to_string(fixture::relativeDifference(ours, *expected)).c_str());
        QVERIFY(fixture::relativeDifference(*base, *expected) > 1e-3);
    }

    void columnsTogetherEqualEachAlone()
    {
        auto generator = loaded("llama-gqa");
        QVERIFY(generator);
        std::vector<SequenceRequest> requests;
        for (const char *name : kOnLlamaGqa) {
            const auto adapter = adapterFrom(*generator, name);
            QVERIFY2(adapter, name);
            for (const auto &own : {adapter, adapter, std::shared_ptr<const DecodeAdapter>()}) {
                SequenceRequest wish;
                wish.prompt = tokens(4 + requests.size() % 3 * 9, 5);
                wish.adapter = own;
                wish.maxTokens = 9;
                wish.sampling.seed = requests.size();
                wish.sampling.temperature = 1.2;
                requests.push_back(wish);
            }
        }
        auto together = generator->generate(requests);
        QVERIFY2(together.has_value(), together ? "" : together.error().message.c_str());
        for (std::size_t i = 0; i < requests.size(); ++i) {
            auto alone = generator->generate({&requests[i], 1});
            QVERIFY(alone.has_value());
            QCOMPARE((*together)[i].ids, alone->front().ids);
        }
    }

    void aPrefixTakesRoomInTheContext()
    {
        auto generator = loaded("llama-gqa"); // reads 64 tokens
        QVERIFY(generator);
        for (const char *name : {"prompt", "prefix"}) {
            const auto adapter = adapterFrom(*generator, name);
            QVERIFY(adapter && !adapter->canScale());
            const auto room = static_cast<std::size_t>(generator->config().context) - adapter->startLength();
            SequenceRequest wish;
            wish.prompt = tokens(room + 1, 2);
            wish.adapter = adapter;
            QVERIFY(!generator->generate({&wish, 1}));
            wish.prompt.pop_back();
            wish.maxTokens = 50;
            generator->setEndTokens({});
            auto answer = generator->generate({&wish, 1});
            QVERIFY(answer.has_value());
            QCOMPARE(answer->front().finish, Finish::ContextFull);
            QCOMPARE(answer->front().ids.size(), std::size_t{1});
        }
    }

    void tamperingIsSeen()
    {
        auto generator = loaded("llama-gqa");
        auto ia3 = tune::loadAdapter(fixture::folder() / "methods/ia3", generator->config());
        auto packed = DecodeAdapter::create(**ia3, generator->weights());
        QVERIFY(packed.has_value());
        const std::string hash = (*packed)->hash();
        (*packed)->module(0, model::LinearMap::Key).gain[1] += 0.25f;
        QVERIFY((*packed)->hash() != hash);
    }

    void adaptersOfAnotherModelAreRefused()
    {
        auto wide = loaded("llama-llama3"), own = loaded("llama-gqa");
        QVERIFY(wide && own);
        for (const char *name : {"ia3", "prompt", "prefix", "bottleneck-double"}) {
            const auto folder = fixture::folder() / "methods" / name;
            auto refused = tune::loadAdapter(folder, wide->config());
            auto fitting = tune::loadAdapter(folder, own->config());
            QVERIFY(fitting.has_value());
            QVERIFY2(!refused && !refused.error().message.empty(), name);
            QVERIFY2(!wide->addAdapter(**fitting), name);
        }
    }
};

QTEST_APPLESS_MAIN(TestMethodAnswers)
#include "tst_methodanswers.moc"
