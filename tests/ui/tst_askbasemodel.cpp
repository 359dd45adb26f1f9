// What the base model makes of the records, in the real window: asked from the menu, with progress and cancel, shown as findings that filter.
#include "tests/ui/support/windowfixture.h"
#include "ui/data/healthbar.h"
#include "ui/data/recordmodel.h"
#include "ui/data/tablefooter.h"
#include "ui/widgets/chip.h"

#include <QAction>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;
using engine::RecordFlag;

class AutopsyTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_fixture->end(); }
    void findingsAppearAndFilter();
    void progressIsShownAndACancelIsHeard();

private:
    [[nodiscard]] Chip *chip(RecordFlag flag) const { return m_page->findChild<HealthBar *>()->chip(flag); }
    [[nodiscard]] QAction *action() const { return m_page->findChild<QAction *>(QStringLiteral("askBaseModel")); }
    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
};

void AutopsyTest::init()
{
    m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_askbasemodel"));
    m_fixture->start(40);
    m_page = m_fixture->openPage(QStringLiteral("data"));
    QVERIFY(m_page);
    QTRY_COMPARE(m_page->findChild<RecordModel *>()->rowCount(), 40);
    QTRY_VERIFY(chip(RecordFlag::Duplicate)->count().value_or(0) > 0);
}

void AutopsyTest::findingsAppearAndFilter()
{
    // Before it was asked there is nothing to say, not even that all is well.
    for (const RecordFlag flag : {RecordFlag::KnownAlready, RecordFlag::Surprising, RecordFlag::OddWording})
        QVERIFY(!chip(flag)->isVisible());
    QVERIFY(action() && action()->isEnabled());
    action()->trigger();
    QTRY_COMPARE(chip(RecordFlag::KnownAlready)->count().value_or(0), 4);
    QTRY_COMPARE(chip(RecordFlag::Surprising)->count().value_or(0), 1);
    QVERIFY(chip(RecordFlag::Surprising)->isVisible());
    QVERIFY(chip(RecordFlag::Surprising)->toolTip().contains(QStringLiteral("smollm2-135m-instruct")));
    QTRY_VERIFY(m_page->findChild<TableFooter *>()->text().contains(QStringLiteral("smollm2-135m-instruct has read 40 records"))
                || WindowFixture::isTextShown(*m_page, QStringLiteral("smollm2-135m-instruct has read 40 records")));
    m_fixture->picture(QStringLiteral("autopsy"));
    m_fixture->picture(QStringLiteral("autopsy"), true);
    m_fixture->picture(QStringLiteral("autopsy"), false, {1024, 700});
    m_page->openTarget(QStringLiteral("flag known-already"));
    QTRY_COMPARE(m_page->findChild<RecordModel *>()->rowCount(), 4);
    QVERIFY(chip(RecordFlag::KnownAlready)->isVisible()); // what is chosen stays in sight
    QTest::mouseClick(chip(RecordFlag::KnownAlready), Qt::LeftButton); // back to all
    QTRY_COMPARE(m_page->findChild<RecordModel *>()->rowCount(), 40);
}

void AutopsyTest::progressIsShownAndACancelIsHeard()
{
    const auto gate = m_fixture->gate;
    m_fixture->engine->beforeAutopsy = [gate](const ProgressCallback &progress, std::stop_token) {
        progress({"Asking the base model", 10, 40, 90});
        gate->acquire();
    };
    action()->trigger();
    QTRY_COMPARE(m_fixture->bridge->currentJob().share, 0.25);
    QCOMPARE(m_fixture->bridge->currentJob().secondsLeft, 90.0);
    QVERIFY(m_fixture->bridge->currentJob().canCancel);
    m_fixture->bridge->cancel(m_fixture->bridge->currentJob().id);
    gate->release();
    QTRY_COMPARE(m_fixture->bridge->currentJob().id, JobId(0));
    QVERIFY(m_fixture->state->baseLosses.empty());
    QVERIFY(!chip(RecordFlag::KnownAlready)->isVisible());
}

QTEST_MAIN(AutopsyTest)
#include "tst_askbasemodel.moc"
