// The mix in the real window on the stand-in engine: weights typed into the list move the shares at once, and the project keeps them for its runs.
#include "tests/ui/support/windowfixture.h"
#include "ui/data/mixdialog.h"
#include "ui/data/recordmodel.h"
#include "ui/widgets/button.h"

#include <QAction>
#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QTest>
#include <QTreeWidget>

using namespace fettle;
using namespace fettle::ui;

class MixTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_fixture->end(); }
    void weightsMoveTheShares();
    void whatIsKeptIsThereAgain();
    void nothingToReadCannotBeKept();
    void trainPageShowsAndChangesTheMix();
    void everyControlIsNamed();

private:
    void open();
    [[nodiscard]] QTreeWidgetItem *item(const QString &name) const
    {
        const auto found = m_dialog->list()->findItems(name, Qt::MatchExactly | Qt::MatchRecursive, 0);
        return found.value(0);
    }
    // Types a weight as one does: the row is chosen, Return opens the field, Return closes it.
    void type(const QString &name, const QString &weight);

    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
    MixDialog *m_dialog = nullptr;
};

void MixTest::init()
{
    m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_mix"));
    m_fixture->start(40);
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        for (int id = 1; id <= 8; ++id)
            m_fixture->state->records[id].source.clear();
    }
    m_page = m_fixture->openPage(QStringLiteral("data"));
    QVERIFY(m_page);
    QTRY_COMPARE(m_page->findChild<RecordModel *>()->rowCount(), 40);
    open();
}

void MixTest::open()
{
    QAction *action = m_page->findChild<QAction *>(QStringLiteral("mixSets"));
    QVERIFY(action && action->isEnabled());
    action->trigger();
    m_dialog = m_page->findChild<MixDialog *>();
    QVERIFY(m_dialog);
    QTRY_VERIFY(m_dialog->list()->topLevelItemCount() == 2);
}

void MixTest::type(const QString &name, const QString &weight)
{
    QTreeWidgetItem *row = item(name);
    QVERIFY2(row, qPrintable(name));
    m_dialog->list()->setCurrentItem(row, 2);
    m_dialog->list()->setFocus();
    QTest::keyClick(m_dialog->list(), Qt::Key_F2);
    auto *box = m_dialog->list()->findChild<QDoubleSpinBox *>();
    QVERIFY(box);
    QTest::keyClicks(box, weight);
    QTest::keyClick(box, Qt::Key_Return);
    QTRY_VERIFY(!m_dialog->list()->findChild<QDoubleSpinBox *>());
}

void MixTest::weightsMoveTheShares()
{
    QCOMPARE(item(QStringLiteral("written by hand"))->text(1), QStringLiteral("8"));
    // 35 records are learnt: 4 of 40 are held out, one has no answer.
    QCOMPARE(m_dialog->summary(), QStringLiteral("An epoch reads about 35 records and learns 350 tokens."));
    QCOMPARE(item(QStringLiteral("written by hand"))->text(3), QStringLiteral("23 %"));
    type(QStringLiteral("written by hand"), QLocale().toString(2.5));
    QCOMPARE(item(QStringLiteral("written by hand"))->text(3), QStringLiteral("43 %, was 23 %"));
    QCOMPARE(m_dialog->summary(), QStringLiteral("An epoch reads about 47 records and learns 470 tokens."));
    type(QStringLiteral("poison"), QStringLiteral("0"));
    QVERIFY(item(QStringLiteral("poison"))->text(3).startsWith(QStringLiteral("0 %, was")));
    m_fixture->picture(QStringLiteral("mix"));
    m_fixture->picture(QStringLiteral("mix"), true);
    for (Button *button : m_dialog->findChildren<Button *>())
        if (button->text() == QStringLiteral("Read all once"))
            QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(item(QStringLiteral("written by hand"))->text(3), QStringLiteral("23 %"));
    QCOMPARE(m_dialog->summary(), QStringLiteral("An epoch reads about 35 records and learns 350 tokens."));
}

void MixTest::whatIsKeptIsThereAgain()
{
    type(QStringLiteral("written by hand"), QStringLiteral("2"));
    type(QStringLiteral("exotics"), QLocale().toString(0.5));
    QTest::mouseClick(m_dialog->findChild<Button *>(QStringLiteral("keepMix")), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->bridge->settingText("mix"), QStringLiteral("own=2,tag:exotics=0.5"));
    QTRY_VERIFY(!m_page->findChild<MixDialog *>());
    open();
    QCOMPARE(item(QStringLiteral("written by hand"))->data(2, Qt::EditRole).toDouble(), 2.0);
    QCOMPARE(item(QStringLiteral("exotics"))->data(2, Qt::EditRole).toDouble(), 0.5);
    type(QStringLiteral("exotics"), QStringLiteral("1")); // a weight of 1 is none
    QTest::mouseClick(m_dialog->findChild<Button *>(QStringLiteral("keepMix")), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->bridge->settingText("mix"), QStringLiteral("own=2"));
}

void MixTest::nothingToReadCannotBeKept()
{
    auto *keep = m_dialog->findChild<Button *>(QStringLiteral("keepMix"));
    QVERIFY(keep->isEnabled());
    type(QStringLiteral("written by hand"), QStringLiteral("0"));
    type(QStringLiteral("procedures.csv"), QStringLiteral("0"));
    QVERIFY(!keep->isEnabled());
    QVERIFY(m_dialog->summary().startsWith(QStringLiteral("Nothing is left to learn")));
    QTest::keyClick(m_dialog, Qt::Key_Escape);
    QCOMPARE(m_fixture->bridge->settingText("mix"), QString());
}

// A run is set up on the Train page: there the mix is told, opened, and switched off for one run.
void MixTest::trainPageShowsAndChangesTheMix()
{
    QTest::keyClick(m_dialog, Qt::Key_Escape);
    m_page = m_fixture->openPage(QStringLiteral("train"));
    QVERIFY(m_page);
    auto *button = m_page->findChild<Button *>(QStringLiteral("trainMix"));
    auto *own = m_page->findChild<QLineEdit *>(QStringLiteral("mix"));
    QVERIFY(button && own);
    QCOMPARE(button->text(), QStringLiteral("Mix..."));
    const auto keepWeight = [&](const QString &weight) {
        QTest::mouseClick(button, Qt::LeftButton);
        m_dialog = m_page->findChild<MixDialog *>();
        QVERIFY(m_dialog);
        QTRY_COMPARE(m_dialog->list()->topLevelItemCount(), 2);
        type(QStringLiteral("written by hand"), weight);
        QTest::mouseClick(m_dialog->findChild<Button *>(QStringLiteral("keepMix")), Qt::LeftButton);
        QTRY_VERIFY(!m_page->findChild<MixDialog *>());
    };
    keepWeight(QStringLiteral("2"));
    QTRY_COMPARE(button->text(), QStringLiteral("Mix of 1 set"));
    m_fixture->picture(QStringLiteral("mix-train"));
    own->setText(QStringLiteral("off"));
    emit own->editingFinished();
    QTRY_COMPARE(button->text(), QStringLiteral("Mix off"));
    QCOMPARE(m_fixture->bridge->settingText("mix"), QStringLiteral("own=2")); // of the other runs
    keepWeight(QStringLiteral("3")); // what is kept here is meant for this run, too
    QTRY_COMPARE(button->text(), QStringLiteral("Mix of 1 set"));
    QCOMPARE(own->text(), QString());
    QCOMPARE(m_fixture->bridge->settingText("mix"), QStringLiteral("own=3"));
}

void MixTest::everyControlIsNamed()
{
    const auto controls = WindowFixture::controlsOf(*m_dialog);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed);
    QVERIFY(controls.count >= 3);
}

QTEST_MAIN(MixTest)
#include "tst_mix.moc"
