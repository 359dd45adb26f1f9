// The token lens shaded by loss, in the real window: the switch, the legend, typing, another record, and back.
#include "tests/ui/support/windowfixture.h"
#include "ui/data/lenslegend.h"
#include "ui/data/lenspane.h"
#include "ui/data/recordmodel.h"
#include "ui/data/tilepainter.h"
#include "ui/data/tokenlens.h"
#include "ui/widgets/segmented.h"

#include <QTest>

#include <cmath>

using namespace fettle;
using namespace fettle::ui;

class LensShadingTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_fixture->end(); }
    void stepsAreThoseOfTheLegend();
    void lossShadesTheTokens();
    void anotherRecordIsReadAnew();

private:
    [[nodiscard]] TokenLens *lens() const { return m_page->findChild<TokenLens *>(); }
    void chooseLoss() const
    {
        Segmented *shading = m_page->findChild<LensPane *>()->shading();
        shading->setFocus();
        QTest::keyClick(shading, Qt::Key_Right);
    }
    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
};

void LensShadingTest::init()
{
    m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_lensshading"));
    m_fixture->start(20);
    m_page = m_fixture->openPage(QStringLiteral("data"));
    QVERIFY(m_page);
    QTRY_VERIFY(lens() && lens()->tiles());
}

void LensShadingTest::stepsAreThoseOfTheLegend()
{
    const std::pair<float, int> expected[] = {{0.0F, 0}, {0.5F, 0}, {0.6F, 1}, {1.5F, 2}, {2.5F, 3}, {3.0F, 3}, {9.0F, 4}};
    for (const auto &[loss, step] : expected)
        QCOMPARE(lossStep(loss), step);
}

void LensShadingTest::lossShadesTheTokens()
{
    const QImage before = lens()->grab().toImage();
    chooseLoss();
    QTRY_VERIFY(!lens()->losses().empty());
    QCOMPARE(lens()->losses().size(), lens()->tiles()->tiles.size());
    QVERIFY(lens()->grab().toImage() != before);
    auto *legend = m_page->findChild<LensLegend *>();
    QVERIFY2(legend->accessibleName().contains(QStringLiteral("Base model")), qPrintable(legend->accessibleName())); // no run is there yet
    QVERIFY(legend->accessibleName().contains(QStringLiteral("on average")));
    QTest::keyClick(lens(), Qt::Key_Home);
    QTest::keyClick(lens(), Qt::Key_Right);
    QVERIFY(lens()->accessibleText().contains(QStringLiteral("the model gave it")));
    m_fixture->picture(QStringLiteral("lensloss"));
    m_fixture->picture(QStringLiteral("lensloss"), true);
    m_fixture->picture(QStringLiteral("lensloss"), false, {1024, 700});
    QTest::keyClick(m_page->findChild<LensPane *>()->shading(), Qt::Key_Left);
    QVERIFY(lens()->losses().empty());
    QVERIFY(legend->accessibleName().contains(QStringLiteral("Trained")));
}

void LensShadingTest::anotherRecordIsReadAnew()
{
    chooseLoss();
    QTRY_VERIFY(!lens()->losses().empty());
    const auto tiles = lens()->tiles();
    m_page->openTarget(QStringLiteral("record 4"));
    QTRY_VERIFY(lens()->tiles() && lens()->tiles() != tiles);
    QTRY_VERIFY(!lens()->losses().empty() && lens()->losses().size() == lens()->tiles()->tiles.size());
}

QTEST_MAIN(LensShadingTest)
#include "tst_lensshading.moc"
