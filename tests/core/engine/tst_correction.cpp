// "Try it": a copy learns the right answer, the adapter on the disk stays as it is.
#include "core/engine/correction.h"
#include "core/model/weights.h"
#include "core/tune/lora.h"

#include <QTemporaryDir>
#include <QTest>

using namespace fettle;

class TestCorrection : public QObject {
    Q_OBJECT
private slots:
    void aCopyLearns_data()
    {
        QTest::addColumn<bool>("hasAdapter");
        QTest::newRow("base") << false;
        QTest::newRow("adapter") << true;
    }
    void aCopyLearns()
    {
        QFETCH(bool, hasAdapter);
        QTemporaryDir scratch;
        engine::CorrectionRequest request;
        request.model = FETTLE_FIXTURES "/tinychat";
        request.record = data::makePair("When do you open?", {}, "At half past eight.");
        request.steps = 20;
        std::string before;
        const std::filesystem::path folder = scratch.filePath("adapter").toStdString();
        if (hasAdapter) {
            const auto weights = model::loadWeights(request.model);
            const auto lora = tune::LoraAdapter::create((*weights)->config, {}, 3);
            before = (*lora)->hash();
            QVERIFY((*lora)->save(folder).has_value());
            request.adapter = folder.string();
        }
        const auto trial = engine::tryCorrection(request, nullptr);
        QVERIFY2(trial.has_value(), trial ? "" : trial.error().message.c_str());
        QVERIFY2(trial->lossAfter < trial->lossBefore, qPrintable(QString("%1 to %2").arg(trial->lossBefore).arg(trial->lossAfter)));
        QCOMPARE(trial->corrected.question, std::string("When do you open?"));
        QCOMPARE(trial->steps, 20);
        if (hasAdapter) {
            const auto weights = model::loadWeights(request.model);
            QCOMPARE((*tune::loadAdapter(folder, (*weights)->config))->hash(), before);
        }
    }
    void refuses()
    {
        engine::CorrectionRequest request;
        request.model = FETTLE_FIXTURES "/tinychat";
        request.record = data::makePair("When do you open?", {}, "At nine.");
        request.steps = 0;
        QVERIFY(engine::tryCorrection(request, nullptr).error().code == ErrorCode::Usage);
        request.steps = 50;
        std::stop_source stop;
        stop.request_stop();
        QVERIFY(engine::tryCorrection(request, nullptr, {}, stop.get_token()).error().code == ErrorCode::Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestCorrection)
#include "tst_correction.moc"
