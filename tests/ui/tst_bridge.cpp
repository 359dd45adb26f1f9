// The bridge: nothing waits for what it need not wait for, nothing is lost, everything arrives on the GUI thread in order.
#include "tests/ui/support/fakeengine.h"
#include "ui/bridge/bridge.h"

#include <QSignalSpy>
#include <QTest>

#include <semaphore>
#include <thread>

using namespace fettle;
using namespace fettle::ui;

class BridgeTest : public QObject {
    Q_OBJECT

private slots:
    void init()
    {
        auto engine = std::make_unique<FakeEngine>();
        m_engine = engine.get();
        m_state = m_engine->addProject(m_folder, fakeRecords(40));
        m_bridge = std::make_unique<Bridge>(std::move(engine));
    }
    void cleanup() { m_bridge.reset(); }

    void opensAndCloses();
    void openingWhatIsNotThereIsAnError();
    void whatIsWrittenWhileAnotherProjectOpensStaysInItsOwn();
    void editsAreTold();
    void undoAndRedo();
    void newestLensRequestWins();
    void jobsOfDeadReceiversAreDropped();
    void endedJobsLeaveTheStatusBar_data();
    void endedJobsLeaveTheStatusBar();
    void runTellsEverythingOnceAndInOrder();
    void pausesAndResumes();
    void stopsWithAndWithoutResult();
    void failedRunIsReportedOnce();
    void editsDoNotWaitForARun();
    void editsDoNotWaitForACheck();
    void lensDoesNotWaitForARun();
    void answersAreServedBetweenSteps();
    void answersStreamAndCanBeStopped();
    void projectIsNotSwitchedDuringARun();
    void queuedRunsFollowEachOther();
    void queuedRunsChangePlaces();
    void whatWaitsCanBeCancelled();
    void closingWithARunPausesIt();
    void workerRunsInOrderAndCancels();
    void jobsHearThatTheyAreCancelledAtAnyMoment();
    void downloadThatWaitsCanBeStopped();

private:
    void open()
    {
        QSignalSpy opened(m_bridge.get(), &Bridge::projectOpened);
        m_bridge->openProject(m_folder);
        QTRY_COMPARE(opened.count(), 1);
    }
    engine::TrainRequest request() const
    {
        engine::TrainRequest wish;
        wish.model = "smollm2-135m-instruct";
        wish.recipe.method = "lora";
        return wish;
    }

    const std::filesystem::path m_folder = "/projects/Clinic.fettle";
    FakeEngine *m_engine = nullptr;
    std::shared_ptr<FakeProjectState> m_state;
    std::unique_ptr<Bridge> m_bridge;
};

void BridgeTest::opensAndCloses()
{
    QVERIFY(!m_bridge->project());
    open();
    QVERIFY(m_bridge->project());
    QCOMPARE(QString::fromStdString(m_bridge->project()->name()), QStringLiteral("Clinic"));
    QSignalSpy closed(m_bridge.get(), &Bridge::projectClosed);
    m_bridge->closeProject();
    QCOMPARE(closed.count(), 1);
    QVERIFY(!m_bridge->project());
}

void BridgeTest::openingWhatIsNotThereIsAnError()
{
    QSignalSpy errors(m_bridge.get(), &Bridge::errorOccurred);
    m_bridge->openProject("/projects/Missing.fettle");
    QTRY_COMPARE(errors.count(), 1);
    QVERIFY(!m_bridge->project());
    std::optional<Result<>> answer;
    m_bridge->openProject("/projects/Missing.fettle", this, [&](Result<> result) { answer = std::move(result); });
    QTRY_VERIFY(answer.has_value());
    QVERIFY(!answer->has_value());
    QCOMPARE(errors.count(), 1); // the receiver deals with it
}

void BridgeTest::whatIsWrittenWhileAnotherProjectOpensStaysInItsOwn()
{
    open();
    const auto other = m_engine->addProject("/projects/Other.fettle", fakeRecords(3));
    QSignalSpy opened(m_bridge.get(), &Bridge::projectOpened);
    m_bridge->openProject("/projects/Other.fettle");
    std::optional<Result<>> kept;
    m_bridge->write<void>(Touched::Nothing, this, [](ProjectApi &project, const JobContext &) { return project.addHistory({}); }, [&](Result<> result) { kept = std::move(result); });
    QTRY_COMPARE(opened.count(), 1);
    QTRY_VERIFY(kept.has_value());
    QVERIFY(kept->has_value());
    QCOMPARE(m_state->history.size(), std::size_t(1));
    QVERIFY(other->history.empty());
}

void BridgeTest::editsAreTold()
{
    open();
    QSignalSpy changed(m_bridge.get(), &Bridge::recordsChanged);
    data::Record record = m_state->records.at(1);
    record.turns.back().text = "Another answer.";
    m_bridge->saveRecord(record);
    QTRY_COMPARE(changed.count(), 1);
    const auto stored = m_bridge->project()->record(RecordId{1});
    QVERIFY(stored.has_value());
    QCOMPARE(stored->turns.back().text, std::string("Another answer."));
    QCOMPARE(stored->status, data::RecordStatus::Edited);
}

void BridgeTest::undoAndRedo()
{
    open();
    QVERIFY(!m_bridge->project()->undoEntry());
    QSignalSpy changed(m_bridge.get(), &Bridge::recordsChanged);
    m_bridge->setStatus({RecordId{5}}, data::RecordStatus::Rejected);
    QTRY_COMPARE(changed.count(), 1);
    QVERIFY(m_bridge->project()->undoEntry().has_value());
    m_bridge->undo();
    QTRY_COMPARE(changed.count(), 2);
    QCOMPARE(m_bridge->project()->record(RecordId{5})->status, data::RecordStatus::New);
    QVERIFY(m_bridge->project()->redoEntry().has_value());
    m_bridge->redo();
    QTRY_COMPARE(changed.count(), 3);
    QCOMPARE(m_bridge->project()->record(RecordId{5})->status, data::RecordStatus::Rejected);
}

void BridgeTest::newestLensRequestWins()
{
    open();
    std::binary_semaphore gate(0);
    m_bridge->read<int>(nullptr, [&](const ProjectApi *, const JobContext &) { gate.acquire(); return Result<int>(0); }, [](Result<int>) {});
    QStringList answered;
    for (int i = 0; i < 50; ++i) {
        const auto record = data::makePair("Question " + std::to_string(i), {}, "Answer");
        m_bridge->label(record, {}, this, [&, i](Result<data::LabelledTokens> tokens) {
            QVERIFY(tokens.has_value());
            answered.append(QString::number(i));
        });
    }
    gate.release();
    QTRY_VERIFY(answered.contains(QStringLiteral("49")));
    QCOMPARE(answered.size(), 1);
}

void BridgeTest::jobsOfDeadReceiversAreDropped()
{
    open();
    bool isCalled = false;
    auto receiver = std::make_unique<QObject>();
    m_bridge->read<int>(receiver.get(), [](const ProjectApi *, const JobContext &) { return Result<int>(1); }, [&](Result<int>) { isCalled = true; });
    receiver.reset();
    bool isLater = false;
    m_bridge->read<int>(this, [](const ProjectApi *, const JobContext &) { return Result<int>(2); }, [&](Result<int>) { isLater = true; });
    QTRY_VERIFY(isLater);
    QVERIFY(!isCalled);
}

void BridgeTest::endedJobsLeaveTheStatusBar_data()
{
    QTest::addColumn<QString>("kind");
    QTest::newRow("quick read") << "read";
    QTest::newRow("slow read") << "readSlowly";
    QTest::newRow("write") << "write";
    QTest::newRow("opening a project") << "open";
}

void BridgeTest::endedJobsLeaveTheStatusBar()
{
    QFETCH(QString, kind);
    open();
    bool isSeen = false;
    connect(m_bridge.get(), &Bridge::jobChanged, this, [&] { isSeen = isSeen || m_bridge->currentJob().title == QStringLiteral("Counting tokens"); });
    bool isDone = false;
    // The last report of progress comes just before the end: it must not outlive the job.
    const auto count = [](const JobContext &context) -> Result<> {
        for (int i = 1; i <= 3; ++i)
            context.progress({"Counting tokens", i, 3, 0.5});
        return {};
    };
    const Done<> done = [&](Result<>) { isDone = true; };
    if (kind == QStringLiteral("read"))
        m_bridge->read<void>(this, [count](const ProjectApi *, const JobContext &context) { return count(context); }, done);
    else if (kind == QStringLiteral("readSlowly"))
        m_bridge->readSlowly<void>(this, [count](const ProjectApi *, const JobContext &context) { return count(context); }, done);
    else if (kind == QStringLiteral("write"))
        m_bridge->write<void>(Touched::Nothing, this, [count](ProjectApi &, const JobContext &context) { return count(context); }, done);
    else
        m_bridge->createSampleProject("/projects/Sample.fettle", this, done);
    QTRY_VERIFY(isDone);
    QTRY_VERIFY(isSeen);
    QTRY_COMPARE(m_bridge->currentJob().kind, JobInfo::Kind::None);
    QTest::qWait(3 * 40); // whatever waits in the buffer is drained within one period of 40 ms
    QCOMPARE(m_bridge->currentJob().kind, JobInfo::Kind::None);
}

void BridgeTest::runTellsEverythingOnceAndInOrder()
{
    open();
    QStringList order;
    connect(m_bridge.get(), &Bridge::runStateChanged, this, [&](const engine::RunInfo &run) {
        order.append(run.state == engine::RunState::Preparing ? "preparing" : run.state == engine::RunState::Running ? "running" : "finished");
    });
    std::vector<std::int64_t> steps;
    connect(m_bridge.get(), &Bridge::metricsAppended, this, [&](RunId, const std::vector<engine::MetricPoint> &points, double) {
        for (const auto &point : points)
            steps.push_back(point.step);
    });
    QSignalSpy evals(m_bridge.get(), &Bridge::evaluated);
    QSignalSpy checkpoints(m_bridge.get(), &Bridge::checkpointed);
    QSignalSpy ended(m_bridge.get(), &Bridge::runEnded);
    m_bridge->startRun(request());
    QTRY_COMPARE(ended.count(), 1);
    QCOMPARE(order, QStringList({"preparing", "running", "finished"}));
    QCOMPARE(steps.size(), std::size_t(60));
    for (std::size_t i = 0; i < steps.size(); ++i)
        QCOMPARE(steps[i], std::int64_t(i) + 1);
    QCOMPARE(evals.count(), 3);
    QCOMPARE(checkpoints.count(), 3);
    QVERIFY(!m_bridge->isRunActive());
    QCOMPARE(m_bridge->currentJob().kind, JobInfo::Kind::None);
}

void BridgeTest::pausesAndResumes()
{
    open();
    std::counting_semaphore<1000> gate(10);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    QSignalSpy ended(m_bridge.get(), &Bridge::runEnded);
    m_bridge->startRun(request());
    QTRY_VERIFY(m_bridge->activeRunInfo().step >= 5);
    m_bridge->pauseRun();
    gate.release(500);
    QTRY_COMPARE(ended.count(), 1);
    const auto paused = m_bridge->project()->run(RunId{1});
    QCOMPARE(paused->state, engine::RunState::Paused);
    QVERIFY(paused->step < 60);
    m_bridge->resumeRun(RunId{1}, {});
    QTRY_COMPARE(ended.count(), 2);
    QCOMPARE(m_bridge->project()->run(RunId{1})->state, engine::RunState::Finished);
    QCOMPARE(m_bridge->project()->metrics(RunId{1}, -1)->size(), std::size_t(60));
}

void BridgeTest::stopsWithAndWithoutResult()
{
    open();
    std::counting_semaphore<1000> gate(10);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    QSignalSpy ended(m_bridge.get(), &Bridge::runEnded);
    QSignalSpy errors(m_bridge.get(), &Bridge::errorOccurred);
    m_bridge->startRun(request());
    QTRY_VERIFY(m_bridge->activeRunInfo().step >= 2);
    m_bridge->stopRun(engine::RunControl::Wish::StopAndKeep);
    gate.release(500);
    QTRY_COMPARE(ended.count(), 1);
    QCOMPARE(m_bridge->project()->run(RunId{1})->state, engine::RunState::Cancelled);
    QCOMPARE(errors.count(), 0);
}

void BridgeTest::failedRunIsReportedOnce()
{
    open();
    m_engine->runError = Error{ErrorCode::DiskFull, "The disk is full.", "Free 1.4 GB.", {}};
    QSignalSpy ended(m_bridge.get(), &Bridge::runEnded);
    QSignalSpy errors(m_bridge.get(), &Bridge::errorOccurred);
    m_bridge->startRun(request());
    QTRY_COMPARE(ended.count(), 1);
    QCOMPARE(errors.count(), 1);
    QCOMPARE(ended.first().first().value<engine::RunInfo>().state, engine::RunState::Failed);
}

void BridgeTest::editsDoNotWaitForARun()
{
    open();
    std::counting_semaphore<1000> gate(1);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    m_bridge->startRun(request());
    QTRY_VERIFY(m_bridge->isRunActive());
    QSignalSpy changed(m_bridge.get(), &Bridge::recordsChanged);
    m_bridge->setStatus({RecordId{1}}, data::RecordStatus::Rejected);
    QTRY_COMPARE(changed.count(), 1); // while the run is held
    QVERIFY(m_bridge->isRunActive());
    gate.release(500);
    QTRY_VERIFY(!m_bridge->isRunActive());
}

void BridgeTest::editsDoNotWaitForACheck()
{
    open();
    std::binary_semaphore isMeasuring(0), goOn(0);
    m_engine->beforeMeasuring = [&] {
        isMeasuring.release();
        goOn.acquire();
    };
    bool isChecked = false;
    m_bridge->updateFindings(160, this, [&](Result<> result) { isChecked = result.has_value(); });
    isMeasuring.acquire();
    m_bridge->setStatus({RecordId{3}}, data::RecordStatus::Approved);
    QTRY_COMPARE(m_bridge->project()->record(RecordId{3})->status, data::RecordStatus::Approved);
    QVERIFY(!isChecked);
    goOn.release();
    QTRY_VERIFY(isChecked);
    // Closing the project ends a check, and waits for its handle.
    m_engine->beforeMeasuring = {};
    m_bridge->updateFindings(160);
    m_bridge->closeProject();
    open();
}

void BridgeTest::lensDoesNotWaitForARun()
{
    open();
    std::counting_semaphore<1000> gate(1);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    m_bridge->startRun(request());
    QTRY_VERIFY(m_bridge->isRunActive());
    bool isAnswered = false;
    m_bridge->label(data::makePair("Question", {}, "Answer"), {}, this, [&](auto) { isAnswered = true; });
    QTRY_VERIFY(isAnswered);
    QVERIFY(m_bridge->isRunActive());
    gate.release(500);
    QTRY_VERIFY(!m_bridge->isRunActive());
}

void BridgeTest::answersAreServedBetweenSteps()
{
    open();
    std::counting_semaphore<1000> gate(1);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    m_bridge->startRun(request());
    QTRY_VERIFY(m_bridge->activeRunInfo().step >= 1);
    engine::GenerateRequest question;
    question.columns = {{"base", 1.0}, {"1", 1.0}};
    question.conversation = {{data::Role::User, "Is ibuprofen safe for dogs?", {}}};
    std::optional<Result<std::vector<engine::ColumnResult>>> answer;
    m_bridge->generate("smollm2-135m-instruct", question, this, [&](auto result) { answer = std::move(result); });
    gate.release(1); // one more step
    QTRY_VERIFY(answer.has_value());
    QVERIFY(answer->has_value());
    QCOMPARE((*answer)->size(), std::size_t(2));
    QVERIFY(m_bridge->isRunActive());
    gate.release(500);
    QTRY_VERIFY(!m_bridge->isRunActive());
}

void BridgeTest::answersStreamAndCanBeStopped()
{
    open();
    engine::GenerateRequest question;
    question.columns = {{"base", 1.0}};
    question.conversation = {{data::Role::User, "Hello", {}}};
    QString text;
    QStringList order;
    connect(m_bridge.get(), &Bridge::answerStarted, this, [&](JobId, const auto &, qint64 promptTokens) {
        QCOMPARE(promptTokens, 24);
        order.append("started");
    });
    connect(m_bridge.get(), &Bridge::tokensGenerated, this, [&](JobId, const std::vector<engine::GeneratedToken> &tokens) {
        for (const auto &token : tokens)
            text += QString::fromStdString(token.text);
    });
    connect(m_bridge.get(), &Bridge::columnFinished, this, [&](JobId, int, const auto &) { order.append("column"); });
    m_bridge->generate("m", question, this, [&](Result<std::vector<engine::ColumnResult>> result) {
        order.append("done");
        QCOMPARE(text, QString::fromStdString(result->front().text)); // every token arrived before the end
    });
    QTRY_COMPARE(order, QStringList({"started", "column", "done"}));
    QVERIFY(!text.isEmpty());
}

void BridgeTest::projectIsNotSwitchedDuringARun()
{
    open();
    std::counting_semaphore<1000> gate(1);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    m_bridge->startRun(request());
    QTRY_VERIFY(m_bridge->isRunActive());
    std::optional<Result<>> answer;
    m_bridge->openProject("/projects/Other.fettle", this, [&](Result<> result) { answer = std::move(result); });
    QTRY_VERIFY(answer.has_value());
    QVERIFY(!answer->has_value());
    QVERIFY(m_bridge->project());
    gate.release(500);
    QTRY_VERIFY(!m_bridge->isRunActive());
}

void BridgeTest::queuedRunsFollowEachOther()
{
    open();
    QSignalSpy ended(m_bridge.get(), &Bridge::runEnded);
    m_bridge->startRun(request());
    m_bridge->startRun(request());
    QCOMPARE(m_bridge->queuedRuns(), 2);
    QTRY_COMPARE(ended.count(), 2);
    QCOMPARE(m_bridge->queuedRuns(), 0);
    QCOMPARE(m_bridge->project()->runs()->size(), std::size_t(2));
}

void BridgeTest::queuedRunsChangePlaces()
{
    open();
    std::counting_semaphore<1000> gate(1);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    std::mutex mutex;
    std::vector<std::string> began;
    m_engine->beforeRun = [&](const engine::TrainRequest &begun) {
        const std::scoped_lock lock(mutex);
        began.push_back(begun.model);
    };
    std::map<std::string, JobId> jobs;
    for (const char *model : {"first", "a", "b", "c"}) {
        engine::TrainRequest wish = request();
        wish.model = model;
        jobs[model] = m_bridge->startRun(wish);
        // Other work waits between the runs, and stays where it is.
        m_bridge->work<void>("Export", JobInfo::Kind::Export, this, [](const JobContext &) -> Result<> { return {}; }, [](Result<>) {});
    }
    QTRY_COMPARE(m_bridge->queuedRuns(), 3);
    QSignalSpy changed(m_bridge.get(), &Bridge::queueChanged);
    m_bridge->moveQueuedRun(jobs["c"], -1); // a c b
    m_bridge->moveQueuedRun(jobs["c"], -1); // c a b
    m_bridge->moveQueuedRun(jobs["c"], -1); // is the next one already
    m_bridge->moveQueuedRun(jobs["a"], 1);  // c b a
    m_bridge->moveQueuedRun(jobs["a"], 1);  // is the last one already
    m_bridge->moveQueuedRun(jobs["first"], 1); // does not wait any more
    QCOMPARE(changed.count(), 3);
    QCOMPARE(m_bridge->queue().front().job, jobs["c"]);
    QCOMPARE(m_bridge->queue().front().run.modelName, std::string("c"));
    m_bridge->cancel(jobs["b"]);
    QCOMPARE(m_bridge->queuedRuns(), 2);
    QSignalSpy ended(m_bridge.get(), &Bridge::runEnded);
    gate.release(500);
    QTRY_COMPARE(ended.count(), 3);
    QCOMPARE(began, (std::vector<std::string>{"first", "c", "a"}));
    m_engine->beforeRun = {};
}

void BridgeTest::whatWaitsCanBeCancelled()
{
    open();
    std::counting_semaphore<1000> gate(1);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    m_bridge->startRun(request());
    QTRY_VERIFY(m_bridge->activeRunInfo().step >= 1);
    const JobId second = m_bridge->startRun(request());
    QCOMPARE(m_bridge->queuedRuns(), 1);
    std::optional<Error> told;
    const JobId job = m_bridge->work<void>("Export", JobInfo::Kind::Export, this, [](const JobContext &) -> Result<> { return {}; },
                                           [&](Result<> result) { told = result ? Error{} : result.error(); });
    QSignalSpy errors(m_bridge.get(), &Bridge::errorOccurred);
    m_bridge->cancel(job);
    QTRY_VERIFY(told.has_value()); // although the run before it still goes on
    QCOMPARE(told->code, ErrorCode::Cancelled);
    m_bridge->cancel(second);
    QCOMPARE(m_bridge->queuedRuns(), 0);
    QCOMPARE(errors.count(), 0);
    gate.release(500);
    QTRY_VERIFY(!m_bridge->isRunActive());
    QCOMPARE(m_state->runs.size(), std::size_t(1));
}

void BridgeTest::closingWithARunPausesIt()
{
    open();
    std::counting_semaphore<1000> gate(3);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    m_bridge->startRun(request());
    QTRY_VERIFY(m_bridge->activeRunInfo().step >= 2);
    auto state = m_state;
    gate.release(900);
    m_bridge.reset(); // waits for the engine thread
    const auto end = state->runs.front().state;
    QVERIFY(end == engine::RunState::Paused || end == engine::RunState::Finished);
}

void BridgeTest::workerRunsInOrderAndCancels()
{
    std::vector<int> order;
    std::binary_semaphore gate(0);
    std::atomic<int> done = 0;
    {
        Worker worker;
        worker.post(1, [&](std::stop_token) { gate.acquire(); order.push_back(1); ++done; });
        worker.post(2, [&](std::stop_token) { order.push_back(2); ++done; });
        worker.post(3, [&](std::stop_token) { order.push_back(3); ++done; }, {}, "same");
        worker.post(4, [&](std::stop_token) { order.push_back(4); ++done; }, {}, "same");
        worker.post(5, [&](std::stop_token) { order.push_back(5); ++done; });
        QVERIFY(worker.cancel(5));
        QVERIFY(!worker.cancel(99));
        gate.release();
        QTRY_COMPARE(done.load(), 3);
    }
    QCOMPARE(order, std::vector<int>({1, 2, 4}));
}

// Also while the worker takes it from those that wait.
void BridgeTest::jobsHearThatTheyAreCancelledAtAnyMoment()
{
    std::atomic<bool> isOver = false;
    Worker worker;
    for (JobId id = 1; id <= 20'000; ++id) {
        isOver = false;
        worker.post(
            id,
            [&](std::stop_token stop) {
                while (!stop.stop_requested())
                    std::this_thread::yield();
                isOver = true;
            },
            [&] { isOver = true; });
        for (std::atomic<int> spin = 0; spin < int(id % 500); ++spin) { }
        QVERIFY2(worker.cancel(id), qPrintable(QStringLiteral("job %1 goes on").arg(id)));
        while (!isOver)
            std::this_thread::yield();
    }
}

void BridgeTest::downloadThatWaitsCanBeStopped()
{
    std::binary_semaphore gate(0);
    m_engine->download = [&](const std::string &, const ProgressCallback &, std::stop_token stop) -> Result<engine::HubDownload> {
        const std::stop_callback woken(stop, [&] { gate.release(); });
        gate.acquire();
        return fail(ErrorCode::Cancelled, "It was cancelled.");
    };
    for (int i = 0; i < 200; ++i) { // most of them before the thread has taken it up
        m_bridge->startDownload(QStringLiteral("acme/tinychat"));
        QVERIFY(m_bridge->download().isOn);
        m_bridge->stopDownload();
        QTRY_VERIFY(!m_bridge->download().isOn);
        QVERIFY(!m_bridge->download().failure);
    }
}

QTEST_MAIN(BridgeTest)
#include "tst_bridge.moc"
