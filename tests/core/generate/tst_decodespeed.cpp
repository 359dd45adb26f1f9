// How fast the real model generates and reads here. Prints figures; fails only far below what any machine of the last years does.
#include "core/generate/generator.h"
#include "core/base/random.h"

#include <QElapsedTimer>
#include <QTest>

#include <cstdlib>

using namespace fettle;
using namespace fettle::generate;

class TestDecodeSpeed : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        const char *path = std::getenv("FETTLE_TEST_MODEL");
        if (!path || !std::filesystem::exists(path))
            QSKIP("FETTLE_TEST_MODEL does not name the SmolLM2-135M-Instruct GGUF file.");
        const char *threads = std::getenv("FETTLE_TEST_THREADS");
        for (int round = 0; round < 2; ++round) {
            QElapsedTimer timer;
            timer.start();
            auto generator = Generator::load(path, threads ? std::atoi(threads) : 0);
            QVERIFY2(generator.has_value(), generator ? "" : generator.error().message.c_str());
            qInfo("loaded in %.2f s", double(timer.nsecsElapsed()) / 1e9);
            m_generator = std::move(*generator);
            timer.restart();
            (void)m_generator->weightHash();
            qInfo("weight hash in %.1f ms", double(timer.nsecsElapsed()) / 1e6);
        }
        m_generator->setEndTokens({});
    }

    void decode_data()
    {
        QTest::addColumn<int>("sequences");
        for (const int sequences : {1, 2, 4, 8, 16})
            QTest::newRow(qPrintable(QString::number(sequences))) << sequences;
    }
    void decode()
    {
        QFETCH(int, sequences);
        double best = 0;
        for (int round = 0; round < 3; ++round) {
            std::vector<SequenceRequest> requests;
            for (int i = 0; i < sequences; ++i) {
                SequenceRequest request;
                request.prompt = ids(20, static_cast<std::uint64_t>(i));
                request.maxTokens = 128;
                request.sampling.isGreedy = true;
                requests.push_back(request);
            }
            auto results = m_generator->generate(requests);
            QVERIFY(results.has_value());
            double sum = 0;
            for (const SequenceResult &result : *results)
                sum += result.tokensPerSecond;
            best = std::max(best, sum);
        }
        qInfo("%d sequences: %.0f tokens/s", sequences, best);
        QVERIFY(best > 20);
    }

    void sample()
    {
        SequenceRequest request;
        request.prompt = ids(20, 1);
        request.maxTokens = 128;
        request.sampling.temperature = 0.7;
        request.sampling.topK = 40;
        request.sampling.topP = 0.9;
        auto results = m_generator->generate({&request, 1});
        QVERIFY(results.has_value());
        qInfo("with sampling: %.0f tokens/s", results->front().tokensPerSecond);
    }

    void prefill_data()
    {
        QTest::addColumn<int>("length");
        for (const int length : {128, 512, 2048})
            QTest::newRow(qPrintable(QString::number(length))) << length;
    }
    void prefill()
    {
        QFETCH(int, length);
        double best = 1e9, after = 0;
        for (int round = 0; round < 2; ++round) {
            SequenceRequest request;
            request.prompt = ids(static_cast<std::size_t>(length), 5);
            request.maxTokens = 32;
            request.sampling.isGreedy = true;
            auto results = m_generator->generate({&request, 1});
            QVERIFY(results.has_value());
            best = std::min(best, results->front().promptSeconds);
            after = std::max(after, results->front().tokensPerSecond);
        }
        qInfo("%d tokens read in %.2f s: %.0f tokens/s; then %.0f tokens/s", length, best, length / best, after);
    }

private:
    std::vector<TokenId> ids(std::size_t count, std::uint64_t seed)
    {
        RandomStream random(seed);
        std::vector<TokenId> list(count);
        for (TokenId &id : list)
            id = 100 + static_cast<TokenId>(random.below(40000));
        return list;
    }
    std::unique_ptr<Generator> m_generator;
};

QTEST_APPLESS_MAIN(TestDecodeSpeed)
#include "tst_decodespeed.moc"
