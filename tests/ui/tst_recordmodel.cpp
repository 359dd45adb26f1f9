// The table's model: a million rows, fetched in pages that answer later; no row is asked for twice while it is on its way.
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/theme/theme.h"
#include "ui/theme/tokens.h"

#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QScrollBar>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

namespace {

engine::RecordRow rowFor(RecordId id)
{
    engine::RecordRow row;
    row.id = id;
    row.instruction = "Question " + std::to_string(id.value);
    row.response = id.value % 7 == 0 ? "" : "Answer";
    row.tags = {"reception", "urgent"};
    row.tokens = id.value % 300;
    if (id.value % 5 == 0)
        row.flags = {engine::RecordFlag::Duplicate, engine::RecordFlag::Contradiction};
    return row;
}

std::vector<RecordId> manyIds(std::int64_t count)
{
    std::vector<RecordId> ids(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
        ids[static_cast<std::size_t>(i)] = RecordId{i + 1};
    return ids;
}

// Keeps questions until the test answers them, as a busy thread would.
struct Source {
    struct Question { std::vector<RecordId> ids; RecordModel::RowsAnswer answer; };
    std::vector<Question> questions;
    int asked = 0;
    std::vector<std::int64_t> missing; // records that were deleted meanwhile

    RecordModel::RowSource function()
    {
        return [this](std::vector<RecordId> ids, RecordModel::RowsAnswer answer) {
            ++asked;
            questions.push_back({std::move(ids), std::move(answer)});
        };
    }
    void answerAll()
    {
        auto now = std::move(questions);
        questions.clear();
        for (Question &question : now) {
            std::vector<engine::RecordRow> rows;
            for (RecordId id : question.ids)
                if (std::find(missing.begin(), missing.end(), id.value) == missing.end())
                    rows.push_back(rowFor(id));
            question.answer(std::move(rows));
        }
    }
};

} // namespace

class RecordModelTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light); }

    // A header that asks whether a whole column is chosen would ask every row.
    void choosingAllAsksNoRow()
    {
        struct Counting : RecordModel {
            using RecordModel::RecordModel;
            Qt::ItemFlags flags(const QModelIndex &index) const override
            {
                ++asked;
                return RecordModel::flags(index);
            }
            mutable int asked = 0;
        };
        Source source;
        Counting model(source.function());
        RecordTable table(&model);
        table.resize(900, 300);
        table.show();
        QVERIFY(QTest::qWaitForWindowExposed(&table));
        model.setIds(manyIds(100'000));
        model.asked = 0;
        table.selectAll();
        table.grab();
        QCOMPARE(table.selectedCount(), 100'000);
        QVERIFY2(model.asked < 10'000, qPrintable(QString::number(model.asked)));
    }

    void numbersAreShownWhole()
    {
        Source source;
        RecordModel model(source.function());
        RecordTable table(&model);
        table.resize(900, 300);
        model.setIds(manyIds(1'000'000));
        const QString longest = model.index(999'999, RecordModel::NumberColumn).data().toString();
        QVERIFY(table.columnWidth(RecordModel::NumberColumn) >= QFontMetrics(textFont(TextSize::Body)).horizontalAdvance(longest) + 2 * measure::kCell);
        model.setIds(manyIds(100));
        QCOMPARE(table.columnWidth(RecordModel::NumberColumn), 54);
    }

    void keepsTheRulesOfItemModels()
    {
        Source source;
        RecordModel model(source.function());
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setIds(manyIds(1000));
        for (int row : {0, 127, 128, 999})
            QVERIFY(model.rowAt(row) == nullptr);
        QTRY_VERIFY(!source.questions.empty());
        for (int round = 0; round < 20 && model.rowAt(999) == nullptr; ++round) {
            QTest::qWait(0);
            source.answerAll();
        }
        QVERIFY(model.rowAt(999));
        model.setIds(manyIds(10));
        model.refresh();
        model.setIds({});
        QCOMPARE(model.rowCount(), 0);
    }

    void showsPlaceholdersUntilRowsCome()
    {
        Source source;
        RecordModel model(source.function());
        model.setIds(manyIds(5));
        const QModelIndex text = model.index(2, RecordModel::InstructionColumn);
        QCOMPARE(text.data().toString(), QStringLiteral("…"));
        QCOMPARE(model.index(2, RecordModel::NumberColumn).data().toString(), QStringLiteral("3"));
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        QTRY_COMPARE(source.questions.size(), std::size_t(1));
        source.answerAll();
        QCOMPARE(changed.count(), 1);
        QCOMPARE(text.data().toString(), QStringLiteral("Question 3"));
        QCOMPARE(model.index(4, RecordModel::FlagColumn).data(Qt::AccessibleTextRole).toString().split(QLatin1Char('\n')).size(), 2);
    }

    void asksForAPageOnce()
    {
        Source source;
        RecordModel model(source.function());
        model.setIds(manyIds(5));
        for (int round = 0; round < 10; ++round) {
            (void)model.rowAt(1);
            QTest::qWait(0);
        }
        QCOMPARE(source.asked, 1);
    }

    void dropsAnswersToAnOlderList()
    {
        Source source;
        RecordModel model(source.function());
        model.setIds(manyIds(5));
        (void)model.rowAt(0);
        QTRY_COMPARE(source.questions.size(), std::size_t(1));
        model.setIds({RecordId{77}, RecordId{78}});
        source.answerAll();
        QVERIFY(model.rowAt(0) == nullptr);
        QTRY_COMPARE(source.questions.size(), std::size_t(1));
        source.answerAll();
        QCOMPARE(model.rowAt(0)->id.value, std::int64_t(77));
    }

    void keepsOldRowsWhileTheyAreReadAgain()
    {
        Source source;
        RecordModel model(source.function());
        model.setIds(manyIds(5));
        (void)model.rowAt(0);
        QTRY_COMPARE(source.questions.size(), std::size_t(1));
        source.answerAll();
        model.refresh();
        QVERIFY(model.rowAt(0));
        QTRY_COMPARE(source.questions.size(), std::size_t(1));
        source.missing = {1};
        source.answerAll();
        QVERIFY(model.rowAt(0) == nullptr); // deleted meanwhile
        QCOMPARE(model.rowAt(1)->id.value, std::int64_t(2));
    }

    void reportsAFailureOnceAndGoesOn()
    {
        Source source;
        RecordModel model(source.function());
        model.setIds(manyIds(5));
        QSignalSpy failed(&model, &RecordModel::rowsFailed);
        (void)model.rowAt(0);
        QTRY_COMPARE(source.questions.size(), std::size_t(1));
        auto question = std::move(source.questions.front());
        source.questions.clear();
        question.answer(fail(ErrorCode::BadInput, "The database is damaged."));
        QCOMPARE(failed.count(), 1);
        QTest::qWait(5);
        QCOMPARE(source.asked, 1);
        model.refresh();
        (void)model.rowAt(0);
        QTRY_COMPARE(source.asked, 2);
    }

    void scrollsAMillionRowsWithoutWaiting()
    {
        Source source;
        RecordModel model(source.function());
        RecordTable table(&model);
        table.resize(1000, 700);
        table.show();
        QVERIFY(QTest::qWaitForWindowExposed(&table));
        const auto jumps = [&](std::int64_t rows) { // from end to end, painted 100 times
            model.setIds(manyIds(rows));
            QElapsedTimer timer;
            timer.start();
            for (int step = 0; step < 100; ++step) {
                table.verticalScrollBar()->setValue(static_cast<int>(qint64(table.verticalScrollBar()->maximum()) * step / 99));
                table.viewport()->repaint();
            }
            return timer.nsecsElapsed();
        };
        const auto few = jumps(1000);
        for (int round = 0; round < 20; ++round) {
            QTest::qWait(0);
            source.answerAll();
        }
        source.asked = 0;
        const auto many = jumps(1'000'000);
        QVERIFY2(many < 10 * few, qPrintable(QStringLiteral("%1 and %2 ns").arg(few).arg(many)));
        QVERIFY(source.asked < 20); // what flew past was not fetched
        for (int round = 0; round < 20; ++round) {
            QTest::qWait(0);
            source.answerAll();
        }
        QVERIFY(model.rowAt(999'999));
        QCOMPARE(model.rowOf(RecordId{1'000'000}), 999'999);
        table.selectAll();
        QCOMPARE(table.selectedCount(), 1'000'000);
    }

private:
    std::unique_ptr<Theme> m_theme;
};

QTEST_MAIN(RecordModelTest)
#include "tst_recordmodel.moc"
