// The run doctor on real runs of the tiny chat model: some are made badly on purpose, one is good. Each bad one has its own finding, the good
// one has none.
#include "core/engine/lossgroups.h"
#include "core/engine/training.h"
#include "tests/core/verifyok.h"
#include "ui/runs/rundoctor.h"

#include <QTemporaryDir>
#include <QTest>

#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

using namespace fettle;
using namespace fettle::ui;
namespace fs = std::filesystem;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

// Questions whose answers follow one rule, so that what is learnt from some helps with the others.
std::vector<data::Record> lessons()
{
    const char *names[] = {"Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hal", "Ida", "Jon"};
    std::vector<data::Record> records;
    for (int i = 0; i < 240; ++i) {
        const bool isMorning = i % 2 == 0;
        records.push_back(data::makePair(fmt::format("{} comes in the {}. When?", names[i / 2 % 10], isMorning ? "morning" : "evening"), "",
                                         isMorning ? "At seven, before the others are here." : "At nine, when the others have gone home."));
        records.back().split = i % 5 == 4 ? data::Split::HeldOut : data::Split::Train;
        records.back().tags = {isMorning ? "morning" : "evening"};
    }
    return records;
}

// So many letters that follow from nothing.
std::string letters(std::uint64_t seed, int count)
{
    std::string made;
    std::uint64_t state = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    for (int i = 0; i < count; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        made += char('a' + (state >> 33) % 26);
    }
    return made;
}

struct Spoilt {
    std::vector<const char *> settings;
    std::function<void(std::vector<data::Record> &)> records = [](auto &) {};
    std::function<void(const fs::path &model)> model = {}; // changes a copy of it
    std::function<void(std::int64_t step)> atStep = {};
};

// Asks for pages of a file that is thrown out of memory again and again, as memory on the disk would be.
class PageHunger {
public:
    explicit PageHunger(const fs::path &file)
    {
        std::ofstream(file, std::ios::binary) << std::string(kBytes, 'x');
        m_file = ::open(file.c_str(), O_RDWR);
        ::fsync(m_file);
        m_thread = std::jthread([this](std::stop_token stop) {
            while (!stop.stop_requested()) {
                auto *bytes = static_cast<volatile char *>(::mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, m_file, 0));
                ::madvise(const_cast<char *>(bytes), kBytes, MADV_RANDOM);
                for (std::size_t at = 0; at < kBytes; at += 4096)
                    (void)bytes[at];
                ::munmap(const_cast<char *>(bytes), kBytes);
                ::posix_fadvise(m_file, 0, 0, POSIX_FADV_DONTNEED);
            }
        });
    }
    ~PageHunger()
    {
        m_thread.request_stop();
        m_thread.join();
        ::close(m_file);
    }

private:
    static constexpr std::size_t kBytes = 1 << 20;
    int m_file = -1;
    std::jthread m_thread;
};

// Other programs that want the processor too: several for each core.
class OtherWork {
public:
    void begin()
    {
        constexpr unsigned kForEachCore = 6;
        for (unsigned i = 0; i < kForEachCore * std::max(1U, std::thread::hardware_concurrency()); ++i)
            m_threads.emplace_back([](std::stop_token stop) { while (!stop.stop_requested()) {} });
    }

private:
    std::vector<std::jthread> m_threads;
};

} // namespace

Q_DECLARE_METATYPE(Spoilt)

class RunDoctorRealTest : public QObject {
    Q_OBJECT

private slots:
    void badRunsAreTold_data();
    void badRunsAreTold();
    void goodRunHasNoFinding();
    void plainTemplateTeachesTheEnd();
    void memoryOnTheDiskIsCounted();
    void busyComputerIsTold();

private:
    // What the doctor says about a run; the step of its end where it failed.
    [[nodiscard]] std::vector<RunFinding> findingsOf(const Spoilt &spoilt);
    QTemporaryDir m_dir;
    int m_count = 0;
};

std::vector<RunFinding> RunDoctorRealTest::findingsOf(const Spoilt &spoilt)
{
    const QString place = m_dir.filePath(QString::number(++m_count));
    std::string model = kModel;
    if (spoilt.model) {
        model = (place + QStringLiteral("-model")).toStdString();
        fs::copy(kModel, model);
        spoilt.model(model);
    }
    auto project = engine::Project::create((place + QStringLiteral(".fettle")).toStdString());
    std::vector<data::Record> records = lessons();
    spoilt.records(records);
    engine::TrainRequest wish;
    wish.model = model;
    wish.compute.threads = 1;
    wish.recipe.method = "full"; // the tiny model knows nothing that an adapter could build on
    std::vector<const char *> settings{"epochs=8", "rowsPerStep=8", "learningRate=0.003", "watchGeneral=false", "checkpointEvery=12", "evalEvery=12", "maxLength=256"};
    settings.insert(settings.end(), spoilt.settings.begin(), spoilt.settings.end());
    for (const char *setting : settings)
        if (!train::applySetting(wish.recipe, setting))
            qFatal("%s", setting);
    if (!project || !project->addRecords(std::move(records), "Added"))
        qFatal("no project");
    engine::RunEvents events;
    if (spoilt.atStep)
        events.stepFinished = [&](RunId, const engine::MetricPoint &point, double) { spoilt.atStep(point.step); };
    (void)engine::trainRun(*project, wish, events); // one that fails is examined too
    const engine::RunInfo run = project->runs()->back();
    RunCurves curves;
    curves.steps = run.steps;
    curves.points = *project->metrics(run.id);
    curves.evals = *project->evals(run.id);
    curves.checkpoints = *project->checkpoints(run.id);
    curves.general = *project->generalLosses(run.id);
    const auto ledger = *project->lossLedger(run.id);
    curves.tags = engine::lossGroups(ledger, *project->recordRows(ledger.train.rows), engine::LedgerPart::Train, engine::GroupBy::Tag).groups;
    std::vector<RunFinding> findings = runFindings(curves, run);
    qInfo("%zu steps, loss %.3f to %.3f, held out %.3f", curves.points.size(), curves.points.front().loss, curves.points.back().loss, curves.evals.empty() ? -1 : curves.evals.back().loss);
    for (const RunFinding &finding : findings)
        qInfo("%s %s", qPrintable(finding.what), qPrintable(finding.remedy));
    if (!spoilt.atStep) // programs beside this test are told too, and rightly
        std::erase_if(findings, [](const RunFinding &finding) { return finding.ailment == Ailment::Slows; });
    return findings;
}

void RunDoctorRealTest::badRunsAreTold_data()
{
    QTest::addColumn<Spoilt>("spoilt");
    QTest::addColumn<int>("ailment");
    const auto row = [](const char *name, Ailment ailment, Spoilt spoilt) { QTest::newRow(name) << spoilt << int(ailment); };
    row("diverges", Ailment::Diverges, {{"learningRate=1", "warmup=192", "schedule=constant"}}); // learns while the rate is small, and unlearns when it has grown
    row("climbs first", Ailment::RateTooHigh, {{"learningRate=1", "clipNorm=0", "warmup=0", "schedule=linear", "evalEvery=96"}});
    row("forgets", Ailment::Forgets, {{"watchGeneral=true"}});
    row("rows one by one", Ailment::ReadOneByOne, {{"packing=false"}});
    row("hardly learns", Ailment::RateTooLow, {{"learningRate=0.000001"}});
    row("cut", Ailment::AnswersCut, {{"maxLength=40"}});
    row("no end mark", Ailment::NoEnd, {{}, [](auto &) {}, [](const fs::path &model) {
        std::ofstream(model / "chat_template.jinja", std::ios::trunc)
            << "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";
    }});
    row("one tag is noise", Ailment::TagLags, {{}, [](std::vector<data::Record> &records) {
        for (std::uint64_t i = 0; i < 40; ++i) {
            records.push_back(data::makePair(fmt::format("What is the word of the day {}?", i), "", letters(i, 40)));
            records.back().split = i % 4 == 3 ? data::Split::HeldOut : data::Split::Train;
            records.back().tags = {"word"};
        }
    }});
    row("clipped", Ailment::Clipped, {{"clipNorm=0.02", "epochs=3"}});
    // Who comes when follows no rule: it can be learnt by heart only.
    row("memorises", Ailment::Memorises, {{"epochs=30"}, [](std::vector<data::Record> &records) {
        for (std::size_t i = 0; i < records.size(); ++i)
            records[i].turns.back().text = fmt::format("At {} with {}.", letters(i, 2), letters(i + 1000, 3));
    }});
    // Most training rows ask for what nobody knows, the held-out ones do not.
    row("held-out rows are easier", Ailment::HeldOutLeaks, {{}, [](std::vector<data::Record> &records) {
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (records[i].split == data::Split::Train)
                records[i].turns.back().text += " " + letters(i, 6);
        }
    }});
    row("few held out", Ailment::FewHeldOutTokens, {{}, [](std::vector<data::Record> &records) {
        for (std::size_t i = 10; i < records.size(); ++i)
            records[i].split = data::Split::Train;
    }});
}

void RunDoctorRealTest::badRunsAreTold()
{
    QFETCH(Spoilt, spoilt);
    QFETCH(int, ailment);
    const auto findings = findingsOf(spoilt);
    QVERIFY(!findings.empty());
    QCOMPARE(findings.size(), std::size_t(1));
    QCOMPARE(int(findings.front().ailment), ailment);
    QVERIFY(findings.front().to > findings.front().from);
}

void RunDoctorRealTest::goodRunHasNoFinding()
{
    for (const char *seed : {"seed=1", "seed=2", "seed=3"})
        QVERIFY(findingsOf({{seed}}).empty());
}

// A model without a chat template is written to with the plain one, which has an end mark behind each answer.
void RunDoctorRealTest::plainTemplateTeachesTheEnd()
{
    QVERIFY(findingsOf({{}, [](auto &) {}, [](const fs::path &model) { fs::remove(model / "chat_template.jinja"); }}).empty());
}

void RunDoctorRealTest::memoryOnTheDiskIsCounted()
{
    // On a disk that is no disk (a RAM file system) nothing has to be fetched.
    const fs::path file = fs::path(FETTLE_BINARY_DIR) / "tst_rundoctor_real.pages";
    std::vector<RunFinding> findings;
    {
        const PageHunger hunger(file);
        findings = findingsOf({{"epochs=10"}});
    }
    fs::remove(file);
    if (findings.empty())
        QSKIP("The build folder lies in memory.");
    QCOMPARE(findings.size(), std::size_t(1));
    QCOMPARE(findings.front().ailment, Ailment::Pages);
}

void RunDoctorRealTest::busyComputerIsTold()
{
    constexpr std::int64_t kSince = 140; // of 192 steps
    OtherWork others;
    const auto findings = findingsOf({{}, [](auto &) {}, {}, [&others](std::int64_t step) {
        if (step == kSince)
            others.begin();
    }});
    QCOMPARE(findings.size(), std::size_t(1));
    QCOMPARE(findings.front().ailment, Ailment::Slows);
    QVERIFY(findings.front().from > kSince);
}

QTEST_APPLESS_MAIN(RunDoctorRealTest)
#include "tst_rundoctor_real.moc"
