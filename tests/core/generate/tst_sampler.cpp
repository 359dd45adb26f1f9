// Sampling as transformers defines it: the sets that its logits processors keep and their probabilities, drawn often enough to see both.
// Fixture: tests/fixtures/make_generate_fixtures.py.
#include "core/generate/sampler.h"
#include "core/generate/vectorkernels.h"
#include "core/io/jsonfile.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

using namespace fettle;
using namespace fettle::generate;

class TestSampler : public QObject {
    Q_OBJECT
private slots:
    void distributionsAreThoseOfTransformers_data()
    {
        QTest::addColumn<int>("index");
        auto json = io::readJsonFile(std::filesystem::path(FETTLE_FIXTURES) / "generate/sampling.json");
        QVERIFY2(json.has_value(), json ? "" : json.error().message.c_str());
        m_cases = (*json)["cases"];
        for (std::size_t i = 0; i < m_cases.size(); ++i)
            QTest::newRow(m_cases[i]["name"].get<std::string>().c_str()) << int(i);
    }
    void distributionsAreThoseOfTransformers()
    {
        QFETCH(int, index);
        const nlohmann::json &wanted = m_cases[static_cast<std::size_t>(index)];
        const auto logits = wanted["logits"].get<std::vector<float>>();
        const auto seen = wanted["seen"].get<std::vector<TokenId>>();
        SamplingSettings settings;
        settings.temperature = wanted["temperature"];
        settings.topK = wanted["top_k"];
        settings.topP = wanted["top_p"];
        settings.minP = wanted["min_p"];
        settings.repetitionPenalty = wanted["repetition_penalty"];
        settings.seed = 99;
        Sampler sampler(settings);
        constexpr int kDraws = 40000;
        std::map<TokenId, int> counts;
        for (int draw = 0; draw < kDraws; ++draw)
            ++counts[sampler.next(logits, seen).id];
        std::map<TokenId, double> probabilities;
        for (const auto &pair : wanted["kept"])
            probabilities[pair[0]] = pair[1];
        for (const auto &[id, count] : counts)
            QVERIFY2(probabilities.contains(id), qPrintable(QString("token %1 was drawn but should be filtered").arg(id)));
        for (const auto &[id, probability] : probabilities) {
            const double expected = probability * kDraws, deviation = std::sqrt(expected * (1 - probability)) + 1;
            QVERIFY2(std::abs(counts[id] - expected) < 5 * deviation,
                     qPrintable(QString("token %1: %2 draws, %3 expected").arg(id).arg(counts[id]).arg(expected)));
        }
        settings.isGreedy = true;
        QCOMPARE(Sampler(settings).next(logits, seen).id, wanted["greedy"].get<TokenId>());
    }

    void probabilitiesAreThoseBeforeTheFilters()
    {
        std::vector<float> logits(1000, 0.0f);
        logits[10] = 3;
        logits[20] = 2;
        logits[30] = 1;
        SamplingSettings settings;
        settings.temperature = 0.1;
        settings.topK = 1;
        settings.repetitionPenalty = 1.1;
        const std::vector<TokenId> seen = {30, 30};
        const SampledToken token = Sampler(settings).next(logits, seen);
        const double total = std::exp(3.0) + std::exp(2.0) + std::exp(1.0) + 997;
        QCOMPARE(token.id, 10);
        QVERIFY(std::abs(double(token.probability) - std::exp(3.0) / total) < 1e-6);
        const TokenId wanted[] = {10, 20, 30, 0, 1};
        for (std::size_t i = 0; i < 5; ++i)
            QCOMPARE(token.alternatives[i].id, wanted[i]);
        QVERIFY(std::abs(double(token.alternatives[2].probability) - std::exp(1.0) / total) < 1e-6);
    }

    void sameSeedDrawsAlike()
    {
        std::vector<float> logits(500);
        for (std::size_t i = 0; i < logits.size(); ++i)
            logits[i] = static_cast<float>(i % 7);
        SamplingSettings settings;
        settings.seed = 5;
        Sampler a(settings), b(settings);
        settings.seed = 6;
        Sampler c(settings);
        int different = 0;
        for (int i = 0; i < 100; ++i) {
            const TokenId id = a.next(logits, {}).id;
            QCOMPARE(b.next(logits, {}).id, id);
            different += c.next(logits, {}).id != id;
        }
        QVERIFY(different > 50);
    }

    // The short cuts for large vocabularies (blocks, heaps, sums by size) against sorting everything.
    void shortCutsChangeNothing_data()
    {
        QTest::addColumn<double>("spread");
        QTest::addColumn<int>("topK");
        QTest::addColumn<double>("topP");
        QTest::addColumn<double>("minP");
        for (const double spread : {0.0, 1.0, 4.0, 30.0}) {
            const auto add = [&](const char *name, int topK, double topP, double minP) {
                QTest::newRow(qPrintable(QString("%1, spread %2").arg(name).arg(spread))) << spread << topK << topP << minP;
            };
            add("plain", 0, 1.0, 0.0);
            add("top-k", 300, 1.0, 0.0);
            add("top-p", 0, 0.95, 0.0);
            add("min-p", 0, 1.0, 0.02);
            add("all", 500, 0.8, 0.01);
        }
    }
    void shortCutsChangeNothing()
    {
        QFETCH(double, spread);
        QFETCH(int, topK);
        QFETCH(double, topP);
        QFETCH(double, minP);
        RandomStream random(17);
        std::vector<float> logits(3001);
        random.fillNormal(logits, 0.0f, static_cast<float>(spread));
        SamplingSettings settings;
        settings.topK = topK;
        settings.topP = topP;
        settings.minP = minP;
        settings.seed = 4;
        std::vector<float> weights(logits.size());
        softmax(logits.data(), logits.size(), weights.data());
        std::vector<TokenId> order(logits.size());
        std::iota(order.begin(), order.end(), 0);
        const auto weight = [&](TokenId id) { return weights[static_cast<std::size_t>(id)]; };
        std::stable_sort(order.begin(), order.end(), [&](TokenId a, TokenId b) { return weight(a) > weight(b); });
        const auto total = [&] {
            return std::accumulate(order.begin(), order.end(), 0.0, [&](double sum, TokenId id) { return sum + double(weight(id)); });
        };
        if (topK > 0) {
            const float edge = weight(order[static_cast<std::size_t>(topK) - 1]);
            std::erase_if(order, [&](TokenId id) { return weight(id) < edge; });
        }
        if (topP < 1.0) {
            const double all = topK > 0 ? total() : 1.0;
            double before = 0;
            std::size_t kept = 0;
            for (; kept < order.size() && before < topP * all; ++kept)
                before += double(weight(order[kept]));
            order.resize(kept);
        }
        if (minP > 0)
            std::erase_if(order, [&, edge = static_cast<float>(minP) * weight(order[0])](TokenId id) { return weight(id) < edge; });
        const double all = topK > 0 || topP < 1.0 || minP > 0 ? total() : 1.0;
        Sampler sampler(settings);
        RandomStream draws(settings.seed);
        for (int i = 0; i < 300; ++i) {
            const double uniform = draws.uniform();
            double reached = 0;
            TokenId wanted = order.back();
            for (const TokenId id : order) {
                reached += double(weight(id));
                if (reached > uniform * all) {
                    wanted = id;
                    break;
                }
            }
            QCOMPARE(sampler.next(logits, {}).id, wanted);
        }
    }

    void oddLogitsAreSurvived()
    {
        const float nan = std::nanf(""), never = -std::numeric_limits<float>::infinity();
        SamplingSettings settings;
        settings.topK = 40;
        settings.topP = 0.9;
        Sampler sampler(settings);
        QCOMPARE(sampler.next(std::vector<float>{never, 1.0f, nan}, {}).id, 1);
        QCOMPARE(sampler.next(std::vector<float>{0.5f}, {}).id, 0);
        QCOMPARE(sampler.next(std::vector<float>{0.5f}, {}).alternatives[1].id, -1);
        settings.isGreedy = true;
        QCOMPARE(Sampler(settings).next(std::vector<float>{nan, nan, 3.0f, 3.0f}, {}).id, 2);
        settings.isGreedy = false;
        const SampledToken hopeless = sampler.next(std::vector<float>{nan, nan}, {});
        QVERIFY(hopeless.id >= 0 && hopeless.id < 2);
        QCOMPARE(hopeless.probability, 0.0f);
        SamplingSettings plain;
        QCOMPARE(Sampler(plain).next(std::vector<float>(3, never), {}).id, 0);
    }

private:
    nlohmann::json m_cases;
};

QTEST_APPLESS_MAIN(TestSampler)
#include "tst_sampler.moc"
