// The ledger on the Runs page, in the real window on the stand-in engine: views and their counts, order, keys, bulk tag and exclusion, the
// way to the record, held-out rows, a large ledger. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/cputime.h"
#include "tests/ui/support/fakeengine.h"
#include "ui/bridge/bridge.h"
#include "ui/data/datapage.h"
#include "ui/frame/mainwindow.h"
#include "ui/runs/ledgerview.h"
#include "ui/runs/runspage.h"
#include "ui/theme/theme.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/segmented.h"

#include <QAbstractItemModelTester>
#include <QInputDialog>
#include <QLabel>
#include <QSettings>
#include <QStandardPaths>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace fettle;
using namespace fettle::ui;

namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

} // namespace

class LedgerViewTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void viewsCountAndFilter();
    void hardestComeFirstAndHeadsSort();
    void keysWalkAndLeaveOut();
    void recordsAreTaggedTogether();
    void aClickLeadsToTheRecord();
    void kinAreNamedBesideSuspiciousRows();
    void heldOutRowsHaveTheirOwnView();
    void emptyLedgerSaysWhy();
    void filtersOfALargeLedgerTakeTimeByRows();

private:
    void open();
    [[nodiscard]] static double filterSeconds(std::size_t rows);
    [[nodiscard]] Chip *chip(const QString &text) const;
    [[nodiscard]] LedgerView *view() const { return m_page->findChild<LedgerView *>(); }
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000});

    QTemporaryDir m_dir;
    std::unique_ptr<Theme> m_theme;
    std::filesystem::path m_folder;
    std::shared_ptr<FakeProjectState> m_state;
    std::unique_ptr<Bridge> m_bridge;
    std::unique_ptr<MainWindow> m_window;
    RunsPage *m_page = nullptr;
};

void LedgerViewTest::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
    QCoreApplication::setApplicationName(QStringLiteral("tst_ledgerview"));
    m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
    m_folder = (m_dir.path() + QStringLiteral("/Hollybrook answers.fettle")).toStdString();
    std::filesystem::create_directories(m_folder);
}

void LedgerViewTest::init()
{
    QSettings().clear();
    auto engine = std::make_unique<FakeEngine>();
    m_state = engine->addProject(m_folder, fakeRecords(20));
    m_bridge = std::make_unique<Bridge>(std::move(engine));
    m_window = std::make_unique<MainWindow>(*m_bridge, *m_theme);
    engine::RunInfo run;
    run.id = RunId{1};
    run.name = "Run 1";
    run.state = engine::RunState::Finished;
    run.method = "lora";
    run.steps = run.step = 60;
    run.recipeJson = "{\"method\": \"lora\"}";
    run.started = "2024-05-14T14:21:00";
    m_state->runs.push_back(run);
    // 20 rows, 3 epochs: learnt as usual, but for rows 3 (never), 5 (forgotten), 7 (slow), 9 (at once), 11 (not read).
    data::LossTable table;
    table.at = {1, 2, 3};
    table.losses.resize(3);
    for (std::int64_t id = 1; id <= 20; ++id) {
        table.rows.push_back({id});
        float course[3] = {2.0F, 1.1F, 0.3F + 0.005F * float(id)};
        const auto set = [&](float first, float second, float third) {
            course[0] = first;
            course[1] = second;
            course[2] = third;
        };
        if (id == 3)
            set(3.1F, 3.0F, 2.94F);
        else if (id == 5)
            set(2.6F, 1.0F, 1.5F);
        else if (id == 7)
            set(5.0F, 3.6F, 2.4F);
        else if (id == 9)
            set(2.9F, 0.3F, 0.1F);
        else if (id == 11)
            set(kNone, kNone, kNone);
        for (int epoch = 0; epoch < 3; ++epoch)
            table.losses[std::size_t(epoch)].push_back(course[epoch]);
    }
    m_state->ledgers[1].train = table;
    m_state->ledgers[1].heldOut = {{{19}, {20}}, {20, 40}, {{1.5F, 1.4F}, {1.2F, 1.3F}}};
}

void LedgerViewTest::cleanup()
{
    m_window.reset();
    m_bridge.reset();
}

void LedgerViewTest::open()
{
    m_window->resize(1600, 1000);
    m_window->show();
    m_bridge->openProject(m_folder);
    QTRY_VERIFY(m_bridge->project());
    m_window->openPage(QStringLiteral("runs"), {});
    m_page = m_window->findChild<RunsPage *>();
    QVERIFY(m_page);
    QTRY_COMPARE(m_page->shownRun(), RunId{1});
    m_page->findChild<QAction *>(QStringLiteral("showLedger"))->trigger();
    QTRY_VERIFY(view()->isVisible());
}

Chip *LedgerViewTest::chip(const QString &text) const
{
    for (Chip *each : view()->findChildren<Chip *>()) {
        if (each->text() == text)
            return each;
    }
    return nullptr;
}

void LedgerViewTest::picture(const QString &name, bool isDark, QSize size)
{
    const QString folder = qEnvironmentVariable("FETTLE_PICTURES");
    if (folder.isEmpty())
        return;
    m_theme->apply(isDark ? ThemeChoice::Dark : ThemeChoice::Light);
    m_window->resize(size);
    QTest::qWait(150);
    m_window->grab().save(QStringLiteral("%1/ledger-%2-%3-%4.png").arg(folder, name, isDark ? QStringLiteral("dark") : QStringLiteral("light")).arg(size.width()));
    m_theme->apply(ThemeChoice::Light);
    m_window->resize(1600, 1000);
    QTest::qWait(50);
}

void LedgerViewTest::viewsCountAndFilter()
{
    open();
    const QAbstractItemModelTester tester(&view()->model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    QTRY_COMPARE(view()->model().rowCount(), 20);
    const std::pair<QString, qint64> counts[] = {{QStringLiteral("All"), 20},       {QStringLiteral("Worth a look"), 2}, {QStringLiteral("Never learnt"), 1},
                                                 {QStringLiteral("Forgotten"), 1},  {QStringLiteral("Slow"), 1},         {QStringLiteral("Learnt at once"), 1}};
    for (const auto &[text, count] : counts) {
        QVERIFY2(chip(text), qPrintable(text));
        QTRY_COMPARE(chip(text)->count(), std::optional<qint64>(count));
        QTest::mouseClick(chip(text), Qt::LeftButton);
        QCOMPARE(view()->model().rowCount(), int(count));
    }
    QTest::mouseClick(chip(QStringLiteral("Never learnt")), Qt::LeftButton);
    QCOMPARE(view()->model().recordAt(0), RecordId{3});
    QTest::mouseClick(chip(QStringLiteral("All")), Qt::LeftButton);
    QTRY_VERIFY(!view()->model().index(0, LedgerModel::Text).data().toString().isEmpty());
    picture(QStringLiteral("all"));
    picture(QStringLiteral("all"), true);
    picture(QStringLiteral("all"), false, {1024, 700});
    picture(QStringLiteral("all"), true, {1024, 700});
}

void LedgerViewTest::hardestComeFirstAndHeadsSort()
{
    open();
    QTRY_COMPARE(view()->model().rowCount(), 20);
    LedgerModel &model = view()->model();
    QCOMPARE(model.recordAt(0), RecordId{3});
    QCOMPARE(model.recordAt(1), RecordId{7});
    QCOMPARE(model.recordAt(19), RecordId{11}); // never read: last
    QCOMPARE(model.index(0, LedgerModel::Last).data().toString(), QStringLiteral("2.94"));
    QCOMPARE(model.index(19, LedgerModel::Last).data().toString(), QStringLiteral("not read"));
    view()->table().sortByColumn(LedgerModel::Number, Qt::AscendingOrder);
    QCOMPARE(model.recordAt(0), RecordId{1});
    view()->table().sortByColumn(LedgerModel::Last, Qt::AscendingOrder);
    QCOMPARE(model.recordAt(0), RecordId{9});
    QCOMPARE(model.recordAt(19), RecordId{11});
}

void LedgerViewTest::keysWalkAndLeaveOut()
{
    open();
    QTRY_COMPARE(view()->model().rowCount(), 20);
    QTableView &table = view()->table();
    QTRY_COMPARE(table.currentIndex().row(), 0);
    table.setFocus();
    QTest::keyClick(&table, Qt::Key_J);
    QTest::keyClick(&table, Qt::Key_J);
    QTest::keyClick(&table, Qt::Key_K);
    QCOMPARE(table.currentIndex().row(), 1);
    QTest::keyClick(&table, Qt::Key_Down, Qt::ShiftModifier);
    QCOMPARE(table.selectionModel()->selectedRows().size(), 2);
    QTest::keyClick(&table, Qt::Key_X);
    QTRY_COMPARE(m_state->records[7].status, data::RecordStatus::Rejected);
    QCOMPARE(m_state->records[5].status, data::RecordStatus::Rejected);
    QVERIFY(m_state->records[3].status != data::RecordStatus::Rejected);
    QTest::keyClick(&table, Qt::Key_Escape);
    QTRY_VERIFY(!view()->isVisible());
}

void LedgerViewTest::recordsAreTaggedTogether()
{
    open();
    QTRY_COMPARE(view()->model().rowCount(), 20);
    view()->table().setFocus();
    QTest::keyClick(&view()->table(), Qt::Key_A, Qt::ControlModifier);
    QTimer::singleShot(0, this, [] {
        auto *dialog = qobject_cast<QInputDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog);
        dialog->setTextValue(QStringLiteral("look again"));
        dialog->accept();
    });
    QTest::keyClick(&view()->table(), Qt::Key_T);
    QTRY_VERIFY(std::ranges::all_of(m_state->records, [](const auto &each) { return std::ranges::find(each.second.tags, "look again") != each.second.tags.end(); }));
}

void LedgerViewTest::aClickLeadsToTheRecord()
{
    open();
    QTRY_COMPARE(view()->model().rowCount(), 20);
    const QModelIndex first = view()->model().index(0, LedgerModel::Text);
    QTest::mouseClick(view()->table().viewport(), Qt::LeftButton, {}, view()->table().visualRect(first).center());
    QTest::keyClick(&view()->table(), Qt::Key_Return);
    QTRY_VERIFY(m_window->findChild<DataPage *>() && m_window->findChild<DataPage *>()->isVisible());
    QVERIFY(!m_page->isVisible());
}

void LedgerViewTest::kinAreNamedBesideSuspiciousRows()
{
    // Rows 1 to 4 ask the same; row 4 stays hard, the others are learnt.
    for (std::int64_t id = 1; id <= 4; ++id)
        m_state->records[id].turns[1].text = "May a dog eat grapes, case " + std::to_string(id) + "?";
    auto &table = m_state->ledgers[1].train;
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
        table.losses[epoch][2] = table.losses[epoch][1];
        table.losses[epoch][3] = 3.0F - 0.5F * float(epoch);
    }
    open();
    QTRY_VERIFY(chip(QStringLiteral("Suspicious"))->count().value_or(0) > 0);
    QTest::mouseClick(chip(QStringLiteral("Suspicious")), Qt::LeftButton);
    int row = 0;
    while (row < view()->model().rowCount() && view()->model().recordAt(row) != RecordId{4})
        ++row;
    QVERIFY(row < view()->model().rowCount());
    view()->table().selectRow(row);
    bool isNamed = false;
    for (const QLabel *label : view()->findChildren<QLabel *>())
        isNamed = isNamed || (label->text().contains(QStringLiteral("Asked alike")) && label->text().contains(QStringLiteral("record 1\"")) && label->isVisible());
    QVERIFY(isNamed);
    picture(QStringLiteral("suspicious"));
}

void LedgerViewTest::heldOutRowsHaveTheirOwnView()
{
    open();
    QTRY_COMPARE(view()->model().rowCount(), 20);
    auto *part = view()->findChild<Segmented *>();
    part->setFocus();
    QTest::keyClick(part, Qt::Key_Right);
    QTRY_COMPARE(view()->model().rowCount(), 2);
    QCOMPARE(view()->model().recordAt(0), RecordId{20});
}

void LedgerViewTest::emptyLedgerSaysWhy()
{
    m_state->ledgers.clear();
    open();
    QTRY_VERIFY(!view()->table().isVisible());
    QCOMPARE(chip(QStringLiteral("All"))->count(), std::optional<qint64>(0));
    picture(QStringLiteral("empty"));
}

// Filters and orders of a ledger of so many rows, by the fastest of several tries: what else the computer does counts less.
double LedgerViewTest::filterSeconds(std::size_t rows)
{
    data::LossTable table;
    for (std::size_t row = 0; row < rows; ++row)
        table.rows.push_back({std::int64_t(row + 1)});
    for (int epoch = 1; epoch <= 10; ++epoch) {
        table.at.push_back(epoch);
        table.losses.emplace_back(rows);
        for (std::size_t row = 0; row < rows; ++row)
            table.losses.back()[row] = 3.0F / float(epoch) + float(row * 7919 % 1000) / 500.0F;
    }
    LedgerModel model([](std::vector<RecordId>, const RecordModel::RowsAnswer &) {});
    model.setFacts(std::make_shared<LedgerFacts>(judged(std::move(table))));
    constexpr int kTries = 5;
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kTries; ++i) {
        const double before = threadSeconds();
        model.show(LedgerModel::ByVerdict, data::Verdict::NeverLearnt);
        model.show(LedgerModel::All);
        model.sort(LedgerModel::First, i % 2 ? Qt::DescendingOrder : Qt::AscendingOrder);
        best = std::min(best, threadSeconds() - before);
    }
    if (model.rowCount() != int(rows))
        qFatal("%d of %zu rows", model.rowCount(), rows);
    return best;
}

// A hundred thousand rows are filtered in about ten times the time of ten thousand: nothing looks at each pair.
void LedgerViewTest::filtersOfALargeLedgerTakeTimeByRows()
{
    const double small = filterSeconds(10'000), large = filterSeconds(100'000);
    qInfo("ten times as many rows take %.1f times as long", large / small);
    QVERIFY2(large < 40 * small, qPrintable(QStringLiteral("%1 times").arg(large / small)));
}

QTEST_MAIN(LedgerViewTest)
#include "tst_ledgerview.moc"
