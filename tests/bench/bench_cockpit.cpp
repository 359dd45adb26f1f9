// What the Runs page promises, measured in the real window on the real engine:
//   bench_cockpit long [STEPS]   opening a run of a million steps, then zooming in it
//   bench_cockpit ledger [ROWS]  size of a ledger of ten epochs, and how long its filters take
//   bench_cockpit work [STEPS]   how long the window lets an event wait while the default model learns, is evaluated, saved and exported with both
//                                of two cores, what the training loses to the window, and how well the time left was foretold
#include "core/base/memory.h"
#include "tests/bench/benchwindow.h"
#include "ui/runs/chartpane.h"
#include "ui/runs/ledgerview.h"
#include "ui/runs/runspage.h"
#include "ui/widgets/chip.h"

#include <QSettings>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <thread>
#include <unistd.h>

using namespace fettle;
using namespace fettle::ui;

namespace {

RunsPage *runsOf(Window &window)
{
    window.window.openPage(QStringLiteral("runs"));
    return static_cast<RunsPage *>(window.window.page(QStringLiteral("runs")));
}

engine::RunInfo finishedRun(std::int64_t steps)
{
    engine::RunInfo run;
    run.state = engine::RunState::Finished;
    run.method = "lora";
    run.modelName = "made-up";
    run.step = run.steps = steps;
    run.epoch = 10;
    run.recipeJson = recipeToJson(train::presetRecipe(train::Preset::Balanced, "lora", 1000)).dump();
    return run;
}

int longRun(const QString &folder, std::int64_t steps)
{
    {
        auto project = engine::Project::create(folder.toStdString());
        const auto run = project ? project->addRun(finishedRun(steps)) : Result<engine::RunInfo>(passError(project));
        if (!run)
            return 1;
        std::vector<engine::MetricPoint> points;
        for (std::int64_t step = 1; step <= steps; ++step) {
            const double x = double(step) / double(steps);
            points.push_back({step, 10 * x, 0.8 + 2 * std::exp(-5 * x) + 0.3 * std::sin(double(step * 7919 % 1000)), 2e-4 * (1 - x), 0.6, 540, step * 400, 1 << 30, double(step), 0.5 + 0.4 * x});
            if (points.size() == 50'000 || step == steps) {
                if (!project->appendMetrics(run->id, points))
                    return 1;
                points.clear();
            }
            if (step % (steps / 1000) == 0 && !project->appendEval(run->id, {step, 1 + 2 * std::exp(-5 * x), 4000}))
                return 1;
        }
    }
    Window window;
    Heartbeat heart;
    if (!window.open(folder))
        return 1;
    // Twice each: how long until it is drawn, and how long an event waits meanwhile. Drawing it into a picture is no part of the second.
    for (int i = 0; i < 4; ++i) {
        heart.begin();
        const Stopwatch watch;
        RunsPage *page = runsOf(window);
        if (i > 0) { // as if it were opened for the first time
            page->setProject();
            page->onShown();
        }
        if (!wait([&] { return std::int64_t(page->curves().points.size()) == steps; }, 120))
            return 1;
        if (i % 2 == 0) {
            page->grab();
            std::printf("run of %lld steps open after %.2f s\n", static_cast<long long>(steps), watch.seconds());
        }
        wait([] { return false; }, 2); // the doctor reads it too
        if (i % 2 == 1)
            heart.tell("opening");
    }
    LossChart *chart = runsOf(window)->findChild<LossChart *>();
    heart.begin();
    const Stopwatch watch;
    constexpr int kZooms = 60;
    for (int i = 0; i < kZooms; ++i) {
        chart->zoom(i % 30 < 15 ? 0.8 : 1.25, 0.6 * double(steps));
        chart->grab();
        QCoreApplication::processEvents();
    }
    std::printf("a zoom step: %.1f ms\n", watch.seconds() * 1e3 / kZooms);
    heart.tell("zooming");
    return 0;
}

std::int64_t bytesOf(const QString &folder)
{
    return std::int64_t(QFileInfo(folder + QStringLiteral("/project.db")).size() + QFileInfo(folder + QStringLiteral("/project.db-wal")).size());
}

int ledger(const QString &folder, int rows)
{
    constexpr int kEpochs = 10;
    std::vector<RecordId> ids;
    RunId run;
    {
        auto project = engine::Project::create(folder.toStdString());
        if (!project)
            return 1;
        std::vector<data::Record> records;
        for (int i = 0; i < rows; ++i)
            records.push_back(data::makePair("Which of the " + std::to_string(i % 977) + " shelves holds box " + std::to_string(i) + "?", "", "Shelf " + std::to_string(i % 40) + "."));
        auto added = project->addRecords(std::move(records), "Added");
        const auto finished = project->addRun(finishedRun(1000));
        if (!added || !finished)
            return 1;
        ids = std::move(*added);
        run = finished->id;
    }
    const std::int64_t before = bytesOf(folder); // all that was written so far lies in the database
    {
        auto project = engine::Project::open(folder.toStdString(), engine::Access::ReadWrite);
        if (!project)
            return 1;
        (void)project->putLedgerRows(run, engine::LedgerPart::Train, ids);
        for (int epoch = 1; epoch <= kEpochs; ++epoch) {
            std::vector<float> losses;
            for (int i = 0; i < rows; ++i)
                losses.push_back(i % 17 == 0 ? 3.0F : i % 23 == 0 && epoch > 5 ? 2.5F : float(2.5 / epoch + 0.001 * (i % 100)));
            if (!project->putLedger(run, engine::LedgerPart::Train, epoch, losses))
                return 1;
        }
    }
    std::printf("ledger of %d rows and %d epochs: %.1f MB\n", rows, kEpochs, double(bytesOf(folder) - before) * 1e-6);
    Window window;
    if (!window.open(folder))
        return 1;
    RunsPage *page = runsOf(window);
    auto *view = page->findChild<LedgerView *>();
    if (!wait([&] { return page->shownRun().isValid(); }, 30))
        return 1;
    const Stopwatch opening;
    page->findChild<QAction *>(QStringLiteral("showLedger"))->trigger();
    if (!wait([&] { return view->model().facts() != nullptr && view->model().rowCount() > 0; }, 60))
        return 1;
    view->grab();
    std::printf("ledger open after %.2f s\n", opening.seconds());
    for (Chip *chip : view->findChildren<Chip *>()) {
        const Stopwatch watch;
        QTest::mouseClick(chip, Qt::LeftButton);
        view->grab();
        std::printf("filter %-24s %6d rows in %.3f s\n", qPrintable(chip->accessibleName()), view->model().rowCount(), watch.seconds());
    }
    return 0;
}

engine::TrainRequest workRequest(int steps)
{
    engine::TrainRequest request;
    request.model = "smollm2-135m-instruct";
    request.compute.threads = 2;
    request.recipe = train::presetRecipe(train::Preset::Quick, "lora", 500);
    for (const std::string &setting : {std::string("epochs=50"), "maxSteps=" + std::to_string(steps), "evalEvery=" + std::to_string(steps / 2), "checkpointEvery=" + std::to_string(steps / 3)})
        (void)train::applySetting(request.recipe, setting);
    return request;
}

double median(std::vector<double> values)
{
    if (values.empty())
        return 0;
    const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

// Rows of one length, so that a step is like another one.
bool createEvenProject(const QString &folder)
{
    auto project = engine::Project::create(folder.toStdString());
    std::vector<data::Record> records;
    for (int i = 100; i < 260; ++i) {
        records.push_back(data::makePair("Where does box " + std::to_string(i) + " of the archive stand, and who may open it?", "",
                                         "Box " + std::to_string(i) + " stands on the second shelf of the room at the end of the corridor, and only the head of the archive may open it, beside a witness."));
        records.back().split = i % 10 == 9 ? data::Split::HeldOut : data::Split::Train;
    }
    return project && project->addRecords(std::move(records), "Added");
}

// What a run does while the window follows it, and while the window's thread sleeps.
struct Pace {
    std::vector<double> tokensPerSecond; // the median step of each turn
    std::size_t steps = 0;
    std::map<int, double> cpuSeconds; // of each thread
    double seconds = 0;
};

// Of each thread of this program since its start, by number.
std::map<int, double> secondsOfThreads()
{
    std::map<int, double> all;
    for (const auto &thread : std::filesystem::directory_iterator("/proc/self/task")) {
        double nanoseconds = 0;
        if (std::ifstream(thread.path() / "schedstat") >> nanoseconds)
            all[std::stoi(thread.path().filename())] = nanoseconds * 1e-9;
    }
    return all;
}

// The window and no window take turns within one run, until this step: the machine may become slower or faster meanwhile.
void takeTurns(Window &window, const RunsPage &page, Heartbeat &heart, std::int64_t last, Pace &with, Pace &without)
{
    constexpr std::int64_t kTurnSteps = 10;
    const auto step = [&] { return window.bridge.activeRunInfo().step; };
    const auto isOver = [&] { return step() >= last || !window.bridge.isRunActive(); };
    double turnSeconds = 0;
    for (int turn = 0; !isOver(); ++turn) {
        const bool isShown = turn % 2 == 0;
        Pace &pace = isShown ? with : without;
        const std::int64_t before = step();
        const Stopwatch watch;
        const auto cpuBefore = secondsOfThreads();
        if (isShown) {
            heart.goOn();
            wait([&] { return isOver() || step() >= before + kTurnSteps; }, 600);
            heart.stop();
            turnSeconds = watch.seconds();
        } else {
            std::this_thread::sleep_for(std::chrono::duration<double>(turnSeconds));
        }
        pace.seconds += watch.seconds();
        for (const auto &[thread, seconds] : secondsOfThreads())
            pace.cpuSeconds[thread] += seconds - (cpuBefore.contains(thread) ? cpuBefore.at(thread) : 0);
        wait([] { return false; }, 0.1); // takes what arrived meanwhile
        std::vector<double> paces;
        for (const engine::MetricPoint &point : page.curves().points) { // but for the two steps that belong to both turns
            if (point.step > before + 1 && point.step < step())
                paces.push_back(point.tokensPerSecond);
        }
        if (paces.empty())
            continue;
        std::printf("%s the window, steps %lld to %lld: %.1f tokens/s\n", isShown ? "with   " : "without", static_cast<long long>(before + 1), static_cast<long long>(step()), median(paces));
        std::fflush(stdout);
        pace.steps += paces.size();
        pace.tokensPerSecond.push_back(median(paces));
    }
}

// Each turn with the window against the one without that follows it; and the processor's time of all threads but those that train.
void tellLoss(const Pace &with, const Pace &without, std::size_t trainingThreads)
{
    std::vector<double> losses;
    for (std::size_t i = 0; i < std::min(with.tokensPerSecond.size(), without.tokensPerSecond.size()); ++i)
        losses.push_back(100 * (1 - with.tokensPerSecond[i] / without.tokensPerSecond[i]));
    const auto count = double(losses.size());
    double sum = 0, squares = 0;
    for (const double loss : losses)
        sum += loss;
    for (const double loss : losses)
        squares += (loss - sum / count) * (loss - sum / count);
    std::printf("lost to the window: %.2f %% +- %.2f (mean of %zu pairs of turns, %zu steps with it and %zu without, and its standard error); median %.2f %%\n", sum / count,
                std::sqrt(squares / count / std::max(1.0, count - 1)), losses.size(), with.steps, without.steps, median(losses));
    std::vector<double> threads;
    for (const auto &[thread, seconds] : with.cpuSeconds)
        threads.push_back(seconds);
    std::ranges::sort(threads, std::greater());
    double others = 0;
    for (std::size_t i = trainingThreads; i < threads.size(); ++i)
        others += threads[i];
    std::printf("the window's thread took %.2f %% of one core, with all helpers %.2f %%\n", 100 * with.cpuSeconds.at(int(gettid())) / with.seconds, 100 * others / with.seconds);
}

int work(const QString &folder, int steps)
{
    if (!createEvenProject(folder))
        return 1;
    Window window;
    Heartbeat heart;
    if (!window.open(folder))
        return 1;
    RunsPage *page = runsOf(window);
    engine::RunInfo ended;
    QObject::connect(&window.bridge, &Bridge::runEnded, &window.window, [&](const engine::RunInfo &run) { ended = run; });
    double foretold = -1;
    Stopwatch sinceForetold;
    QObject::connect(&window.bridge, &Bridge::metricsAppended, &window.window, [&](RunId, const std::vector<engine::MetricPoint> &points, double secondsLeft) {
        if (foretold < 0 && points.back().step >= steps / 10) {
            foretold = secondsLeft;
            sinceForetold.restart();
        }
    });
    const engine::TrainRequest request = workRequest(steps);
    window.bridge.startRun(request);
    if (!wait([&] { return window.bridge.activeRunInfo().state == engine::RunState::Running; }, 120))
        return 1;
    heart.begin();
    if (!wait([&] { return foretold >= 0 || ended.id.isValid(); }, 3600))
        return 1;
    Pace with, without;
    takeTurns(window, *page, heart, steps * 9 / 10, with, without);
    heart.goOn();
    if (!wait([&] { return ended.id.isValid(); }, 3600))
        return 1;
    const double took = sinceForetold.seconds();
    heart.tell("training");
    std::printf("time left after a tenth: %.1f s foretold, %.1f s taken, error %.1f %%\n", foretold, took, 100 * std::abs(foretold / took - 1));
    tellLoss(with, without, std::size_t(request.compute.threads));
    heart.begin();
    engine::ExportRequest delivery;
    delivery.model = "smollm2-135m-instruct";
    delivery.adapter = std::to_string(ended.id.value);
    delivery.target = "gguf";
    delivery.type = "q8_0";
    delivery.folder = (folder + QStringLiteral("/model")).toStdString();
    bool isDone = false;
    window.bridge.exportAdapter(delivery, &window.window, [&](Result<engine::ExportResult> result) {
        isDone = true;
        if (!result)
            std::fprintf(stderr, "%s\n", result.error().message.c_str());
    });
    if (!wait([&] { return isDone; }, 600))
        return 1;
    heart.tell("export");
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    tuneAllocator();
    qputenv("QT_QPA_PLATFORM", "offscreen");
    const QTemporaryDir folder;
    qputenv("XDG_CONFIG_HOME", folder.filePath(QStringLiteral("config")).toUtf8());
    QApplication application(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("fettle-bench"));
    const QByteArray what = argc > 1 ? argv[1] : "";
    const int count = argc > 2 ? std::atoi(argv[2]) : 0;
    if (what == "long")
        return longRun(folder.filePath(QStringLiteral("long.fettle")), count > 0 ? count : 1'000'000);
    if (what == "ledger")
        return ledger(folder.filePath(QStringLiteral("ledger.fettle")), count > 0 ? count : 100'000);
    if (what == "work")
        return work(folder.filePath(QStringLiteral("work.fettle")), count > 0 ? count : 120);
    std::fprintf(stderr, "bench_cockpit long|ledger|work [COUNT]\n");
    return 2;
}
