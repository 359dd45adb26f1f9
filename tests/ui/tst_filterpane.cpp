// The left side of the Data page by itself: bars of lengths, and groups that restrict.
#include "ui/data/filterpane.h"
#include "ui/data/filterrow.h"
#include "ui/data/lengthhistogram.h"

#include <QCheckBox>
#include <QSignalSpy>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class TestFilterPane : public QObject {
    Q_OBJECT
private:
    // 100 rows of 40 to 59 tokens and one of 1,300.
    static std::map<std::int64_t, std::int64_t> oneGiant()
    {
        std::map<std::int64_t, std::int64_t> lengths;
        for (int tokens = 40; tokens < 60; ++tokens)
            lengths[tokens] = 5;
        lengths[1300] = 1;
        return lengths;
    }

private slots:
    void oneGiantLeavesTheOthersApart()
    {
        LengthHistogram histogram;
        histogram.resize(240, 68);
        histogram.setLengths(oneGiant(), 1024);
        QVERIFY2(histogram.xOf(59) - histogram.xOf(40) >= 20, qPrintable(QString::number(histogram.xOf(59) - histogram.xOf(40))));
        QVERIFY(histogram.xOf(1024) > histogram.xOf(60));
        for (int tokens = 40; tokens < 1300; ++tokens) // a longer record never stands further left
            QVERIFY(histogram.xOf(tokens) <= histogram.xOf(tokens + 1));
    }

    void barsOfSimilarLengthsAreEquallyWide()
    {
        LengthHistogram histogram;
        histogram.resize(240, 68);
        std::map<std::int64_t, std::int64_t> lengths;
        for (int tokens = 100; tokens < 340; ++tokens)
            lengths[tokens] = 1;
        histogram.setLengths(lengths, 0);
        QVERIFY(std::abs((histogram.xOf(200) - histogram.xOf(150)) - (histogram.xOf(300) - histogram.xOf(250))) <= 1);
    }

    void aBarIsClickedAndTheMarkDragged()
    {
        LengthHistogram histogram;
        histogram.resize(240, 68);
        histogram.setLengths(oneGiant(), 1024);
        QSignalSpy bars(&histogram, &LengthHistogram::lengthsChosen), cuts(&histogram, &LengthHistogram::cutChosen);
        QTest::mouseClick(&histogram, Qt::LeftButton, {}, QPoint(histogram.xOf(50), 20));
        QCOMPARE(bars.size(), 1);
        QVERIFY(bars[0][0].toLongLong() <= 50 && bars[0][1].toLongLong() >= 50);
        QTest::mousePress(&histogram, Qt::LeftButton, {}, QPoint(histogram.xOf(1024), 20));
        QTest::mouseMove(&histogram, QPoint(histogram.xOf(200), 20));
        QTest::mouseRelease(&histogram, Qt::LeftButton, {}, QPoint(histogram.xOf(200), 20));
        QCOMPARE(cuts.size(), 1);
        QVERIFY2(std::abs(cuts[0][0].toLongLong() - 200) < 20, qPrintable(cuts[0][0].toString()));
        QTest::keyClick(&histogram, Qt::Key_Right);
        QTest::keyClick(&histogram, Qt::Key_Return);
        QCOMPARE(cuts.size(), 2);
        QVERIFY(cuts[1][0].toLongLong() > cuts[0][0].toLongLong());
    }

    void sourcesRestrict()
    {
        FilterPane pane;
        engine::RecordCounts counts;
        counts.all = 30;
        counts.bySource = {{"rules.csv", 20}, {"phone.csv", 9}, {"", 1}};
        pane.setCounts(counts, 0);
        pane.show();
        QVERIFY(QTest::qWaitForWindowExposed(&pane));
        QCheckBox *phone = nullptr, *here = nullptr;
        for (QCheckBox *box : pane.findChildren<QCheckBox *>()) {
            if (box->accessibleName().startsWith(QLatin1String("phone.csv, 9")))
                phone = box;
            if (box->accessibleName().startsWith(QLatin1String("Written here, 1")))
                here = box;
        }
        QVERIFY(phone && here);
        QSignalSpy changed(&pane, &FilterPane::filterChanged);
        QTest::keyClick(phone, Qt::Key_Space);
        QTest::keyClick(here, Qt::Key_Space);
        QCOMPARE(changed.size(), 2);
        engine::RecordFilter filter;
        pane.applyTo(filter);
        QCOMPARE(filter.sources, (std::vector<std::string>{"", "phone.csv"}));
        QCOMPARE(pane.activeCount(), 1);
        pane.reset();
        pane.applyTo(filter);
        QVERIFY(filter.sources.empty());

        counts.bySource = {{"rules.csv", 30}}; // nothing to choose from
        pane.setCounts(counts, 0);
        QVERIFY(pane.findChildren<QCheckBox *>().contains(pane.statusBox(data::RecordStatus::New)));
        for (QCheckBox *box : pane.findChildren<QCheckBox *>())
            QVERIFY(!box->isVisible() || !box->accessibleName().startsWith(QLatin1String("rules.csv")));
    }
};

QTEST_MAIN(TestFilterPane)
#include "tst_filterpane.moc"
