// What the Data page promises, measured in the real window on the real engine: bench_data [ROWS] [FOLDER]
// A file of a million made-up records (about 1 GB) is imported by the dialog, then read, scrolled, searched, sorted, narrowed, edited and checked as a
// person does it. Told are how long each takes until it is on the screen, and how long the window lets an event wait meanwhile. With FOLDER the project is
// kept there, and an existing one is used again.
#include "core/base/memory.h"
#include "core/engine/importbenchmark.h"
#include "core/engine/project.h"
#include "tests/bench/benchwindow.h"
#include "ui/data/datapage.h"
#include "ui/data/growingtext.h"
#include "ui/data/importdialog.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/searchfield.h"
#include "ui/data/tokenlens.h"
#include "ui/widgets/button.h"

#include <QDir>
#include <QHeaderView>
#include <QScrollBar>
#include <QTemporaryDir>
#include <QTest>

#include <random>

using namespace fettle;
using namespace fettle::ui;

namespace {

constexpr double kLong = 900; // seconds after which something is broken

double share(std::vector<double> seconds, double part)
{
    std::ranges::sort(seconds);
    return seconds.empty() ? 0 : seconds[std::size_t(part * double(seconds.size() - 1))];
}

class DataBench {
public:
    // The window with its project open.
    DataBench(Window &window, QString folder) : m_window(window), m_folder(std::move(folder))
    {
        window.window.openPage(QStringLiteral("data"));
        m_page = static_cast<DataPage *>(window.window.page(QStringLiteral("data")));
        m_model = m_page->findChild<RecordModel *>();
        m_table = m_page->findChild<RecordTable *>();
        QObject::connect(m_model, &QAbstractItemModel::modelReset, m_page, [this] { ++m_lists; });
    }

    bool import(std::int64_t rows)
    {
        const QString file = m_folder + QStringLiteral("/rows.jsonl");
        if (auto made = engine::writeBenchmarkRows(file.toStdString(), rows); !made)
            return false;
        returnFreeMemory();
        resetOwnPeak();
        const std::int64_t before = memoryFigures().ownBytes;
        m_heart.begin();
        const Stopwatch watch;
        m_page->openImport(file);
        ImportDialog *dialog = m_page->importDialog();
        if (!dialog || !wait([&] { return dialog->importButton()->isEnabled(); }, kLong)) // there is something to import
            return false;
        std::printf("first rows of the file after %.2f s\n", watch.seconds());
        const Stopwatch importing;
        QTest::mouseClick(dialog->importButton(), Qt::LeftButton);
        if (!wait([&] { return m_model->rowCount() == rows; }, kLong) || !waitForRows())
            return false;
        std::printf("%lld rows imported and on the screen after %.1f s, with %.0f MB more memory at most\n", static_cast<long long>(rows), importing.seconds(),
                    double(memoryFigures().ownPeakBytes - before) * 1e-6);
        m_heart.tell("import");
        QFile::remove(file);
        return true;
    }

    // watch: began before the window was there.
    bool opened(const Stopwatch &watch)
    {
        if (!wait([&] { return m_model->rowCount() > 0; }, kLong) || !waitForRows())
            return false;
        std::printf("window and %d rows open after %.2f s\n", m_model->rowCount(), watch.seconds());
        return true;
    }

    // What is found in the whole project, and its lengths: minutes of work, beside which one goes on.
    bool beside()
    {
        if (!wait([&] { return m_window.bridge.currentJob().id != 0; }, 60))
            std::printf("(nothing is checked)\n");
        if (!scroll("checking"))
            return false;
        m_window.bridge.cancel(m_window.bridge.currentJob().id);
        return wait([&] { return m_window.bridge.currentJob().id == 0; }, 60);
    }

    bool scroll(const char *what)
    {
        std::mt19937 random(7);
        std::vector<double> shown;
        m_heart.begin();
        for (int i = 0; i < 200; ++i) {
            QScrollBar *bar = m_table->verticalScrollBar();
            const Stopwatch watch;
            bar->setValue(int(random() % unsigned(bar->maximum() + 1)));
            if (!waitForRows())
                return false;
            shown.push_back(watch.seconds());
        }
        std::printf("rows at any place on the screen after %.1f ms (median), %.1f ms (95 %%)\n", share(shown, 0.5) * 1e3, share(shown, 0.95) * 1e3);
        m_heart.tell(what);
        return true;
    }

    bool search()
    {
        auto *field = m_page->findChild<SearchField *>();
        m_heart.begin();
        for (const std::string &query : engine::benchmarkQueries()) {
            field->setFocus();
            field->selectAll();
            const int before = m_lists;
            QTest::keyClicks(field, QString::fromStdString(query));
            const Stopwatch watch; // from the last key, the pause in which one may go on typing included
            if (!waitForList(before))
                return false;
            std::printf("search %-24s %8d rows on the screen after %.2f s\n", query.c_str(), m_model->rowCount(), watch.seconds());
        }
        const int before = m_lists;
        field->clear();
        if (!waitForList(before))
            return false;
        m_heart.tell("searching");
        return true;
    }

    bool sort()
    {
        m_heart.begin();
        for (const int column : {RecordModel::InstructionColumn, RecordModel::ResponseColumn, RecordModel::NumberColumn}) {
            const int before = m_lists;
            const Stopwatch watch;
            m_table->sortByColumn(column, column == RecordModel::ResponseColumn ? Qt::DescendingOrder : Qt::AscendingOrder);
            if (!waitForList(before))
                return false;
            std::printf("sorted by %-14s after %.2f s\n", qPrintable(m_model->headerData(column, Qt::Horizontal, Qt::AccessibleTextRole).toString()), watch.seconds());
        }
        m_heart.tell("sorting");
        return true;
    }

    // Keys in the answer, until the change is on the disk.
    bool edit()
    {
        std::vector<double> saved;
        auto *editor = m_page->findChild<RecordEditor *>();
        m_heart.begin();
        for (int i = 0; i < 30; ++i) {
            m_table->goTo(i * (m_model->rowCount() / 31));
            const RecordId id = m_model->idAt(m_table->currentIndex().row());
            if (!wait([&] { return editor->hasRecord() && editor->recordId() == id; }, 60))
                return false;
            data::Record record = editor->record();
            record.turns.back().text += " Corrected.";
            bool isSaved = false;
            const Stopwatch watch;
            m_window.bridge.saveRecord(record, m_page, [&](Result<> done) { isSaved = done.has_value(); });
            if (!wait([&] { return isSaved; }, 60))
                return false;
            saved.push_back(watch.seconds());
            for (GrowingText *text : editor->findChildren<GrowingText *>())
                if (text->isVisible() && !text->isReadOnly())
                    QTest::keyClicks(text, QStringLiteral("typed"));
            editor->flush();
        }
        std::printf("an edit is on the disk after %.1f ms (median), %.1f ms (95 %%)\n", share(saved, 0.5) * 1e3, share(saved, 0.95) * 1e3);
        m_heart.tell("editing");
        return true;
    }

    // Keys in a record of some 2,000 tokens, until the model's view of it is painted.
    bool lens()
    {
        auto *editor = m_page->findChild<RecordEditor *>();
        auto *lens = m_page->findChild<TokenLens *>();
        m_table->goTo(0);
        const RecordId id = m_model->idAt(0);
        if (!wait([&] { return editor->hasRecord() && editor->recordId() == id; }, 60))
            return false;
        data::Record record = editor->record();
        const QString answer = QStringLiteral("Ring us now and keep the wrapper. Sixty grams of dark chocolate can be dangerous for a dog under 12 kg. ").repeated(84);
        record.turns.back().text = answer.toStdString();
        m_window.bridge.saveRecord(record);
        if (!wait([&] { return editor->responseText() == answer && lens->tiles() && lens->tiles()->count() > 1800; }, 60))
            return false;
        GrowingText *field = nullptr;
        for (GrowingText *text : editor->findChildren<GrowingText *>())
            if (text->isVisible() && text->exactText() == answer)
                field = text;
        if (!field)
            return false;
        field->setFocus();
        std::vector<double> painted;
        m_heart.begin();
        for (int i = 0; i < 40; ++i) {
            const auto before = lens->tiles();
            const Stopwatch watch;
            QTest::keyClick(field, Qt::Key(Qt::Key_A + i % 26));
            if (!wait([&] { return lens->tiles() && lens->tiles() != before; }, 60))
                return false;
            lens->viewport()->repaint();
            painted.push_back(watch.seconds());
        }
        std::printf("a key shows in the lens of %lld tokens after %.1f ms (median), %.1f ms (95 %%)\n", static_cast<long long>(lens->tiles()->count()), share(painted, 0.5) * 1e3, share(painted, 0.95) * 1e3);
        m_heart.tell("typing");
        editor->flush();
        return true;
    }

    bool chooseAll()
    {
        m_heart.begin();
        const Stopwatch watch;
        m_table->selectAll();
        m_table->grab();
        std::printf("all %d rows chosen after %.1f ms\n", m_table->selectedCount(), watch.seconds() * 1e3);
        m_table->goTo(0);
        wait([] { return false; }, 0.3);
        m_heart.tell("choosing all");
        return true;
    }

private:
    // The rows in view are there and painted.
    bool waitForRows()
    {
        const auto isShown = [this] {
            const int first = std::max(0, m_table->rowAt(0)), last = std::min(first + 30, m_model->rowCount() - 1);
            bool isHere = true;
            for (int row = first; row <= last; ++row)
                isHere = m_model->rowAt(row) != nullptr && isHere;
            return isHere;
        };
        if (!wait(isShown, kLong))
            return false;
        m_table->viewport()->repaint();
        return true;
    }
    bool waitForList(int before) { return wait([&] { return m_lists > before; }, kLong) && waitForRows(); }

    Window &m_window;
    QString m_folder;
    DataPage *m_page = nullptr;
    RecordModel *m_model = nullptr;
    RecordTable *m_table = nullptr;
    Heartbeat m_heart;
    int m_lists = 0; // that were shown
};

int failed(const char *what)
{
    std::fprintf(stderr, "bench_data: %s did not come to an end\n", what);
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    tuneAllocator();
    qputenv("QT_QPA_PLATFORM", "offscreen");
    const QTemporaryDir scratch;
    qputenv("XDG_CONFIG_HOME", scratch.filePath(QStringLiteral("config")).toUtf8());
    QApplication application(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("fettle-bench"));
    const std::int64_t rows = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
    const QString folder = argc > 2 ? QString::fromLocal8Bit(argv[2]) : scratch.path();
    const QString project = folder + QStringLiteral("/data.fettle");
    QDir().mkpath(folder);
    if (!QFile::exists(project)) {
        if (!engine::Project::create(project.toStdString()))
            return failed("making a project");
        Window window;
        if (!window.open(project) || !DataBench(window, folder).import(rows))
            return failed("the import");
    }
    const Stopwatch watch;
    Window window; // as after a new start
    if (!window.open(project))
        return failed("opening");
    DataBench bench(window, folder);
    if (!bench.opened(watch))
        return failed("opening");
    if (!bench.beside())
        return failed("the check");
    if (!bench.scroll("scrolling"))
        return failed("scrolling");
    if (!bench.search())
        return failed("searching");
    if (!bench.sort())
        return failed("sorting");
    if (!bench.chooseAll())
        return failed("choosing");
    if (!bench.edit())
        return failed("editing");
    return bench.lens() ? 0 : failed("typing");
}
