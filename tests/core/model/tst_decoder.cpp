// The parity ladder of the decoder against transformers: operation, block, logits, on tiny random models and on real ones.
#include "tests/core/model/fixture.h"
#include "tests/core/model/recorder.h"

#include "core/base/memory.h"
#include "core/io/dynamiccode.h"
#include "core/io/jsonfile.h"
#include "core/model/largememory.h"
#include "core/model/loss.h"

#include <QTest>

#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace fettle;
using namespace fettle::model;

namespace {

constexpr double kTolerance = 1e-4; // of logits, absolute, as the issue demands

// Something at each kind of site, to see that the decoder asks everywhere.
class Everywhere final : public Sites {
public:
    at::Tensor linear(std::int64_t layer, LinearMap map, const LinearWeight &, const at::Tensor &, at::Tensor y) const override
    {
        asked.push_back(linearName(layer, map));
        return y;
    }
    PrefixKeyValues prefix(std::int64_t) const override { return extra; }
    PrefixKeyValues extra;
    mutable std::vector<std::string> asked;
};

} // namespace

class TestDecoder : public QObject {
    Q_OBJECT
private slots:
    // Linux would lend it and end the program later.
    void moreMemoryThanThereIsIsRefused()
    {
        const MemoryFigures figures = memoryFigures();
        if (figures.availableBytes <= 0)
            QSKIP("The system does not tell how much memory is free.");
        QVERIFY_THROWS_EXCEPTION(std::bad_alloc, LargeMemory(static_cast<std::size_t>(4 * figures.totalBytes)));
        QVERIFY(LargeMemory(static_cast<std::size_t>(figures.availableBytes / 4)).floats());
    }

    void rmsNormIsTheFormula()
    {
        const at::Tensor x = at::tensor({3.0f, 4.0f}).unsqueeze(0), w = at::tensor({2.0f, 1.0f});
        const double r = 1.0 / std::sqrt(12.5 + 0.5);
        const at::Tensor expected = at::tensor({static_cast<float>(6.0 * r), static_cast<float>(4.0 * r)}).unsqueeze(0);
        QVERIFY(fixture::largestDifference(rmsNorm(x, w, 0.5), expected) < 1e-6);
    }

    void ropeTurnsPairsByPosition()
    {
        ModelConfig config;
        config.headSize = 4;
        config.ropeTheta = 100.0;
        const RopeTables tables = ropeTables(config, at::tensor({0, 3}, at::kLong));
        const at::Tensor x = at::tensor({1.0f, 2.0f, 3.0f, 4.0f}).reshape({1, 1, 4}).expand({2, 1, 4});
        const at::Tensor turned = applyRope(x, tables);
        QVERIFY(fixture::largestDifference(turned[0], x[0]) == 0.0);
        const double a = 3.0, b = 3.0 / 10.0; // angles of the two pairs: (1, 3) and (2, 4)
        const at::Tensor expected = at::tensor({static_cast<float>(std::cos(a) - 3 * std::sin(a)), static_cast<float>(2 * std::cos(b) - 4 * std::sin(b)),
                                                static_cast<float>(3 * std::cos(a) + std::sin(a)), static_cast<float>(4 * std::cos(b) + 2 * std::sin(b))});
        QVERIFY(fixture::largestDifference(turned[1][0], expected) < 1e-5);
    }

    void attentionSeesItsOwnDocumentOnly()
    {
        at::manual_seed(1);
        const at::Tensor q = at::randn({9, 4, 6}), k = at::randn({9, 2, 6}), v = at::randn({9, 2, 6});
        const std::vector<std::int64_t> borders = {0, 4, 9};
        const at::Tensor packed = documentAttention(q, k, v, borders, {});
        for (const std::int64_t window : {std::int64_t{0}, std::int64_t{2}}) {
            const at::Tensor all = documentAttention(q, k, v, borders, {window, {}, 0});
            // By the formula, query by query.
            for (std::int64_t i = 0; i < 9; ++i) {
                const std::int64_t first = i < 4 ? 0 : 4;
                for (std::int64_t head = 0; head < 4; ++head) {
                    std::int64_t from = first;
                    if (window > 0)
                        from = std::max(first, i - window + 1);
                    const at::Tensor keys = k.slice(0, from, i + 1).select(1, head / 2), values = v.slice(0, from, i + 1).select(1, head / 2);
                    const at::Tensor weights = (keys.mv(q[i][head]) / std::sqrt(6.0)).softmax(0);
                    QVERIFY(fixture::largestDifference(values.t().mv(weights), all[i][head]) < 1e-5);
                }
            }
        }
        QCOMPARE(packed.sizes().vec(), q.sizes().vec());
    }

    void logitsEqualTransformers_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("expected");
        for (const char *name : {"llama-gqa", "llama-tied-headsize", "llama-llama3", "llama-llama3-old", "llama-linear", "llama-bias", "llama-mha-sharded",
                                 "mistral-window", "mistral-full"})
            QTest::newRow(name) << name << name;
        for (const char *name : {"llama-gqa", "llama-bias", "llama-llama3"})
            QTest::newRow((std::string(name) + ".gguf").c_str()) << QString(name) + ".gguf" << name;
    }
    void logitsEqualTransformers()
    {
        QFETCH(QString, model);
        QFETCH(QString, expected);
        auto weights = loadWeights(fixture::folder() / "models" / model.toStdString());
        QVERIFY2(weights.has_value(), weights ? "" : weights.error().message.c_str());
        auto tensors = fixture::tensors(fixture::folder() / "expected" / (expected.toStdString() + ".safetensors"));
        QVERIFY(tensors.contains("logits"));
        const PackedBatch batch = fixture::batch(tensors["ids"]);
        fixture::Recorder recorder;
        auto logits = computeLogits(**weights, batch, recorder);
        QVERIFY2(logits.has_value(), logits ? "" : logits.error().detail.c_str());
        for (std::size_t i = 0; tensors.contains("hidden." + std::to_string(i)); ++i)
            QVERIFY(fixture::largestDifference(recorder.states.at(i), tensors["hidden." + std::to_string(i)]) < kTolerance);
        const double difference = fixture::largestDifference(*logits, tensors["logits"]);
        QVERIFY2(difference < kTolerance, std::to_string(difference).c_str());
    }

    void everySiteIsAsked()
    {
        auto weights = loadWeights(fixture::folder() / "models/llama-gqa");
        QVERIFY(weights.has_value());
        const ModelConfig &config = (*weights)->config;
        Everywhere sites;
        const std::vector<std::int32_t> ids = {5, 6, 7};
        const PackedBatch batch = packDocument(ids);
        auto without = computeLogits(**weights, batch, sites);
        QVERIFY(without.has_value());
        QCOMPARE(sites.asked.size(), static_cast<std::size_t>(config.layers) * linearMaps(config).size());
        QVERIFY(fixture::largestDifference(*without, *computeLogits(**weights, batch, NoSites())) == 0.0);
        // A prefix of keys that no query likes and one that all like.
        sites.extra = {at::zeros({2, config.keyValueHeads, config.headSize}), at::ones({2, config.keyValueHeads, config.headSize})};
        auto with = computeLogits(**weights, batch, sites);
        QVERIFY(with.has_value());
        QVERIFY(fixture::largestDifference(*with, *without) > 1e-3);
    }

    void badBatchesAreRefused()
    {
        auto weights = loadWeights(fixture::folder() / "models/llama-gqa");
        QVERIFY(weights.has_value());
        const std::vector<std::int32_t> outside = {5, 61};
        auto logits = computeLogits(**weights, packDocument(outside), NoSites());
        QVERIFY(!logits && logits.error().message.find("61") != std::string::npos);
        QVERIFY(!computeLogits(**weights, PackedBatch{}, NoSites()));
        const std::vector<std::int32_t> ids = {5, 6};
        PackedBatch batch = packDocument(ids);
        batch.borders = {0, 2, 2};
        QVERIFY(!computeLogits(**weights, batch, NoSites()));
    }

    void hashFollowsTheValues()
    {
        auto a = loadWeights(fixture::folder() / "models/llama-gqa"), b = loadWeights(fixture::folder() / "models/llama-gqa.gguf");
        QVERIFY(a && b);
        QCOMPARE((*a)->hash(), (*b)->hash()); // the same values, whatever the file
        QCOMPARE((*a)->hash().size(), std::size_t{64});
        auto c = loadWeights(fixture::folder() / "models/llama-bias");
        QVERIFY(c && (*c)->hash() != (*a)->hash());
    }

    void nf4EqualsBitsandbytes_data()
    {
        QTest::addColumn<QString>("matrix");
        for (const char *name : {"normal", "narrow", "odd", "edges", "zeros", "many"})
            QTest::newRow(name) << name;
    }
    // Every code, scale and unpacked value, bit for bit. The 8-bit codes of scales are the nearest here; bitsandbytes looks them up in a grid of 65,536
    // on the CPU, which gives a neighbour where a scale lies half-way.
    void nf4EqualsBitsandbytes()
    {
        QFETCH(QString, matrix);
        auto all = fixture::tensors(fixture::folder() / "expected/nf4.safetensors");
        const auto expected = [&](const char *what) { return all[matrix.toStdString() + "." + what]; };
        const at::Tensor values = expected("values");
        QVERIFY(values.defined());
        const Nf4Matrix once = toNf4(values, ScaleRounding::None), twice = toNf4(values, ScaleRounding::EightBits);
        for (const Nf4Matrix *made : {&once, &twice}) {
            const at::Tensor codes = at::tensor(std::vector<std::int64_t>(made->codes.begin(), made->codes.end())).to(at::kFloat);
            QVERIFY(codes.equal(expected("codes")));
            QCOMPARE(made->bytes(), nf4Bytes(values.numel(), made == &once ? ScaleRounding::None : ScaleRounding::EightBits));
        }
        QVERIFY(at::tensor(once.scales).equal(expected("scales")));
        QVERIFY(twice.scales.empty());
        QVERIFY(at::tensor(twice.scaleScales).equal(expected("scaleScales")));
        QCOMPARE(twice.scaleOffset, expected("offset").item<float>());
        Nf4Matrix theirs = twice;
        std::int64_t others = 0;
        for (std::size_t i = 0; i < theirs.scaleCodes.size(); ++i) {
            theirs.scaleCodes[i] = static_cast<std::uint8_t>(expected("scaleCodes")[static_cast<std::int64_t>(i)].item<float>());
            const bool isZero = theirs.scaleScales[i / kNf4ScaleBlock] == 0; // whatever the code, the scale is
            QVERIFY(isZero || std::abs(int{theirs.scaleCodes[i]} - int{twice.scaleCodes[i]}) <= 1);
            others += !isZero && theirs.scaleCodes[i] != twice.scaleCodes[i] ? 1 : 0;
        }
        QVERIFY2(others <= 1, std::to_string(others).c_str());
        for (const auto &[made, what] : {std::pair{&once, "unpacked"}, std::pair{const_cast<const Nf4Matrix *>(&theirs), "unpackedTwice"}}) {
            at::Tensor whole = at::empty_like(values), pieces = at::empty_like(values);
            made->decode(0, values.numel(), whole.data_ptr<float>());
            QVERIFY2(whole.equal(expected(what)), what);
            for (std::int64_t first = 0; first < values.numel(); first += 37) // whatever begins or ends inside a byte or a block
                made->decode(first, std::min<std::int64_t>(37, values.numel() - first), pieces.data_ptr<float>() + first);
            QVERIFY2(pieces.equal(whole), what);
        }
    }

    void tablesOfEightBitsEqualBitsandbytes()
    {
        auto all = fixture::tensors(fixture::folder() / "expected/nf4.safetensors");
        for (const auto &[range, name] : {std::pair{io::DynamicRange::Signed, "table.signed"}, std::pair{io::DynamicRange::Positive, "table.positive"}}) {
            const auto &values = io::dynamicValues(range);
            QVERIFY2(at::tensor(std::vector<float>(values.begin(), values.end())).equal(all[name]), name);
            for (std::size_t i = 0; i < values.size(); ++i)
                QCOMPARE(std::size_t{io::nearestDynamicCode(range, values[i])}, i);
        }
    }

    void storedMatrixGivesItsRows()
    {
        const at::Tensor values = at::randn({10, 40});
        const auto matrix = std::make_shared<StoredMatrix>(40);
        matrix->append(6, toNf4(values.narrow(0, 0, 6), ScaleRounding::None));
        StoredMatrix::Blocks plain{io::StorageType::F32, std::vector<std::byte>(4 * 40 * sizeof(float))};
        std::memcpy(plain.bytes.data(), values.narrow(0, 6, 4).const_data_ptr<float>(), plain.bytes.size());
        matrix->append(4, std::move(plain));
        const LinearWeight weight{{}, at::randn({10}), allRows(matrix)};
        const at::Tensor all = weight.values();
        QVERIFY(all.narrow(0, 6, 4).equal(values.narrow(0, 6, 4)));
        QVERIFY(fixture::relativeDifference(all, values) < 0.1);
        QVERIFY(weight.rows(4, 5).values().equal(all.narrow(0, 4, 5))); // across the parts
        at::Tensor x = at::randn({3, 40}).requires_grad_(), same = x.detach().clone().requires_grad_();
        const at::Tensor y = weight.apply(x), expected = at::linear(same, all, weight.bias);
        QVERIFY(fixture::relativeDifference(y, expected) < 1e-6);
        y.square().sum().backward();
        expected.square().sum().backward();
        QVERIFY(fixture::relativeDifference(x.grad(), same.grad()) < 1e-6);
        QVERIFY(!weight.apply(x.detach()).requires_grad());
    }

    void loadingCanBeCancelled()
    {
        std::stop_source stop;
        stop.request_stop();
        auto weights = loadWeights(fixture::folder() / "models/llama-gqa", {}, stop.get_token());
        QVERIFY(!weights);
        QCOMPARE(weights.error().code, ErrorCode::Cancelled);
    }

    void storiesContinueAsExpected()
    {
        const std::filesystem::path folder = std::filesystem::path(FETTLE_SHARED_DATA) / "models/stories260K";
        if (!std::filesystem::exists(folder))
            QSKIP("stories260K is not beside the checkout.");
        auto weights = loadWeights(folder);
        QVERIFY2(weights.has_value(), weights ? "" : weights.error().message.c_str());
        // "Once upon a time, there was a" and what greedy decoding gives, as token ids.
        auto expected = fixture::tensors(fixture::folder() / "expected/stories260k.safetensors");
        QVERIFY(expected.contains("ids"));
        auto logits = computeLogits(**weights, fixture::batch(expected["ids"], {expected["ids"].size(0)}), NoSites());
        QVERIFY(logits.has_value());
        QVERIFY(fixture::largestDifference(logits->index_select(0, expected["rows"]), expected["logits"]) < kTolerance);
        const std::int64_t prompt = expected["prompt"].item<std::int64_t>(), total = expected["ids"].size(0);
        QVERIFY(logits->argmax(1).slice(0, prompt - 1, total - 1).equal(expected["ids"].slice(0, prompt)));
    }

    void smollmEqualsTransformers()
    {
        const char *path = std::getenv("FETTLE_TEST_MODEL");
        if (!path || !std::filesystem::exists(path))
            QSKIP("FETTLE_TEST_MODEL does not name the SmolLM2-135M-Instruct GGUF file.");
        auto weights = loadWeights(path);
        QVERIFY2(weights.has_value(), weights ? "" : weights.error().message.c_str());
        auto expected = fixture::tensors(fixture::folder() / "expected/smollm2.safetensors");
        QVERIFY(expected.contains("logits"));
        const PackedBatch batch = fixture::batch(expected["ids"], {expected["ids"].size(0)});
        auto logits = computeLogits(**weights, batch, NoSites(), expected["rows"]);
        QVERIFY(logits.has_value());
        QVERIFY(logits->argmax(1).equal(expected["likeliest"]));
        const double difference = fixture::largestDifference(logits->index_select(1, expected["columns"]), expected["logits"]);
        QVERIFY2(difference < kTolerance, std::to_string(difference).c_str());
        qInfo("largest difference of a logit: %.2e", difference);
    }
};

QTEST_APPLESS_MAIN(TestDecoder)
#include "tst_decoder.moc"
