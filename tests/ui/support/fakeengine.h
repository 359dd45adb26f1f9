// An engine without a model, for GUI tests and pictures: projects in memory, a lens that splits at spaces, runs with a made-up curve,
// answers from a table. Behaviour that a test wants to steer is a public field, set before the bridge takes the engine.
#pragma once

#include "tests/ui/support/fakeproject.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>

namespace fettle::ui {

// Splits at spaces; end marks and role heads are special tokens, as ChatML has them.
class FakeLens : public LensApi {
public:
    Result<data::LabelledTokens> label(const data::Record &record, const data::RenderOptions &options) const override;
    Result<engine::TokenizeResult> tokenize(const std::string &text, bool parseSpecial) const override;
    std::string tokenText(TokenId id) const override;
    std::string modelName() const override { return "smollm2-135m-instruct"; }
};

class FakeEngine : public EngineApi {
public:
    FakeEngine();

    // A project that openProject then finds. The state can be looked at and filled by the test.
    std::shared_ptr<FakeProjectState> addProject(const std::filesystem::path &folder, std::vector<data::Record> records = {});
    [[nodiscard]] std::shared_ptr<FakeProjectState> state(const std::filesystem::path &folder);
    void putProject(const std::filesystem::path &folder, std::shared_ptr<FakeProjectState> state); // one of another engine

    int runSteps = 60;
    std::function<void(int step)> beforeStep; // on the engine thread: a test can hold a run there
    std::function<void(const engine::TrainRequest &request)> beforeRun;                            // on the engine thread
    std::function<void(const engine::TrainRequest &request, engine::TrainPlan &plan)> changePlan; // on the background thread
    std::function<void(const engine::FitRequest &request, engine::FitResult &fit)> changeFit; // on the engine thread: a test can hold a measurement there
    std::optional<Error> fitError;
    std::optional<Error> planError;
    std::optional<Error> runError;            // fails the run at its half
    std::vector<std::string> probeQuestions;  // answered every 20 steps; none: a run has no probes
    std::string runNotice;                    // told while the run is prepared
    std::map<std::string, std::string> answers; // by "base" or adapter, else a standard sentence
    std::function<void(int index)> beforeToken;                                // on the engine thread: a test can hold the answers there
    std::function<void(const engine::GenerateRequest &request)> beforeAnswer; // on the engine thread
    std::optional<Error> answerError;
    std::function<void(const engine::GenerateRequest &request, const std::vector<TokenId> &answer)> beforeReading; // on the engine thread
    std::optional<Error> readingError;
    std::function<void(std::size_t index)> beforePair; // on the engine thread: a test can hold a ballot or an evaluation there
    std::function<void(const engine::EvaluationRequest &request)> beforeEvaluation;                    // on the engine thread
    std::function<void(evaluate::Comparison &comparison)> changeComparison; // on the engine thread
    std::optional<Error> ballotError;                  // ends a ballot after its pairs
    std::vector<engine::Inspection> models;
    std::function<Result<engine::HubDownload>(const std::string &wanted, const ProgressCallback &progress, std::stop_token stop)> download; // on the thread of the downloads
    std::vector<engine::UnfinishedDownload> unfinished;
    std::optional<Error> removalError;
    std::string modelCard = "# A small chat model\n\nIt answers in **one** sentence.\n";
    std::map<std::string, std::int64_t> methodBytes; // measured before, by method
    std::optional<Error> lensError;
    std::function<void()> beforeMeasuring; // on the thread of the checks: a test can hold them there
    std::atomic<bool> areSensorsAsleep = false; // holds the next reading of the gauges until it is false and notified
    std::atomic<int> gaugeReadings = 0;         // that have begun
    void setSensors(SensorFigures sensors)      // at any time; at first a computer without sensors
    {
        const std::scoped_lock lock(m_mutex);
        m_sensors = std::move(sensors);
    }
    std::function<void(const ProgressCallback &progress, std::stop_token stop)> beforeAutopsy; // on the engine thread
    engine::MemoryUse memory{15'400'000'000, 6'000'000'000, 540'000'000, 3'700'000'000};

    Result<std::unique_ptr<ProjectApi>> createProject(const std::filesystem::path &folder) override;
    Result<std::unique_ptr<ProjectApi>> openProject(const std::filesystem::path &folder, engine::Access access) override;
    Result<std::unique_ptr<ProjectApi>> createSampleProject(const std::filesystem::path &folder, const ProgressCallback &progress,
                                                            std::stop_token stop) override;
    Result<data::ImportResult> readRecords(const std::filesystem::path &file, const data::ImportOptions &options,
                                           std::optional<std::int64_t> maxRows, const ProgressCallback &progress,
                                           std::stop_token stop) override;
    Result<std::filesystem::path> resolveModel(const std::string &model) override;
    Result<engine::Inspection> inspect(const std::filesystem::path &path) override;
    Result<std::vector<engine::Inspection>> libraryModels(const std::vector<std::filesystem::path> &extraFolders,
                                                          const ProgressCallback &progress, std::stop_token stop) override;
    Result<std::string> modelHash(const std::filesystem::path &path, std::stop_token stop) override;
    Result<engine::HubDownload> downloadModel(const std::string &wanted, const ProgressCallback &progress, std::stop_token stop) override;
    std::vector<engine::UnfinishedDownload> unfinishedDownloads() override { return unfinished; }
    Result<std::int64_t> discardDownload(const std::string &wanted) override;
    Result<engine::ModelRemoval> planRemoval(const std::filesystem::path &model) override;
    Result<std::int64_t> removeModel(const std::filesystem::path &model) override;
    Result<std::string> readModelCard(const std::filesystem::path &) override { return modelCard; }
    Result<engine::ModelMemory> knownMemory(const std::filesystem::path &model, std::stop_token stop) override;
    Result<engine::ModelMemory> measureMemory(const std::filesystem::path &model, const ProgressCallback &progress, std::stop_token stop) override;
    Result<std::shared_ptr<const LensApi>> openLens(const std::string &model) override;
    Result<std::int64_t> measureLengths(ProjectApi &project, const LensApi &lens, std::int64_t maxLength,
                                        const ProgressCallback &progress, std::stop_token stop) override;
    Result<data::AutopsySummary> runAutopsy(ProjectApi &project, const std::string &model, const ProgressCallback &progress, std::stop_token stop) override;
    Result<engine::MethodCost> methodCost(const std::string &model, const train::Recipe &recipe) override;
    Result<engine::TrainPlan> planRun(const ProjectApi &project, const engine::TrainRequest &request, const ProgressCallback &progress,
                                      std::stop_token stop) override;
    Result<engine::FitResult> measureFit(const ProjectApi &project, const engine::FitRequest &request, const ProgressCallback &progress,
                                         std::stop_token stop) override;
    Result<engine::RunSummary> trainRun(ProjectApi &project, const engine::TrainRequest &request, const engine::RunEvents &events,
                                        const engine::RunControl *control, std::stop_token stop) override;
    Result<engine::RunSummary> resumeRun(ProjectApi &project, RunId run, const engine::ComputeOptions &compute,
                                         const engine::RunEvents &events, const engine::RunControl *control,
                                         std::stop_token stop) override;
    void forgetBase() override { ++basesForgotten; }
    std::atomic<int> basesForgotten = 0;
    Result<engine::Race> beginRace(ProjectApi &project, const engine::TrainRequest &common) override;
    Result<std::vector<engine::RaceStanding>> raceStandings(const ProjectApi &project, const std::string &tag) override;
    Result<> keepExactMatches(ProjectApi &project, const std::string &tag, const std::map<RunId, double> &shares) override;
    Result<std::unique_ptr<PlaygroundApi>> openPlayground(const std::string &model, const engine::ComputeOptions &compute,
                                                          const ProgressCallback &progress, std::stop_token stop) override;
    Result<std::unique_ptr<TokenLossesApi>> openTokenLosses(const std::string &model, const std::string &adapter, const ProjectApi *project, const ProgressCallback &progress,
                                                            std::stop_token stop) override;
    Result<engine::ExportResult> exportAdapter(const engine::ExportRequest &request, const ProjectApi *project,
                                               const ProgressCallback &progress, std::stop_token stop) override;
    Result<engine::CorrectionTrial> tryCorrection(const engine::CorrectionRequest &request, const ProjectApi *project, const ProgressCallback &progress,
                                                  std::stop_token stop) override;
    Result<engine::ExamResult> examine(const std::string &model, const std::string &adapter, const ProjectApi &project,
                                       const engine::ComputeOptions &compute, const ProgressCallback &progress,
                                       std::stop_token stop) override;
    Result<engine::BallotOutcome> prepareBallot(const engine::BallotInfo &ballot, const std::string &model, const ProjectApi &project,
                                                const engine::PairCallback &ready, const ProgressCallback &progress,
                                                std::stop_token stop) override;
    Result<engine::EvaluationResult> evaluateRecords(const engine::EvaluationRequest &request, const ProjectApi &project,
                                                     const ProgressCallback &progress, std::stop_token stop) override;
    Result<> writeFile(const std::filesystem::path &file, std::string_view bytes) override;
    Result<> writeEvaluation(const evaluate::Comparison &comparison, const std::filesystem::path &file) override;
    engine::MachineFacts machineFacts() override;
    engine::MemoryUse memoryUse() override { return memory; }
    engine::Gauges gauges(const std::filesystem::path &folder) override
    {
        ++gaugeReadings;
        areSensorsAsleep.wait(true);
        const std::scoped_lock lock(m_mutex);
        return {memory, folder.empty() ? std::nullopt : std::optional(freeDiskBytes(folder)), m_sensors};
    }
    std::int64_t freeDiskBytes(const std::filesystem::path &) override { return 41'000'000'000; }
    std::vector<engine::Check> doctor() override;

    // A service that asks what a test tells it to ask, as programs would.
    Result<> serve(const engine::ServeOptions &options, const engine::Answerer &answerer, const engine::ServeEvents &events, std::stop_token stop) override;
    void askAsProgram(const std::string &question);
    std::vector<engine::NearRow> nearRows;    // of every question, once the index is built
    std::function<void(int row)> beforeRow;   // on the engine thread: a test can hold the index there
    mutable std::atomic<bool> isIndexed = false;
    std::optional<Error> serveError;
    engine::ServeOptions lastServed; // read when the service is on

    engine::ExportRequest lastExport; // read when the export has ended
    std::string exportCause;          // not empty: the next exports do not pass their self-test
    bool isExportRounded = false;     // the next exports keep fewer bits than their source

private:
    Result<engine::RunSummary> drive(FakeProjectState &state, engine::RunInfo run, std::int64_t from, const engine::RunEvents &events,
                                     const engine::RunControl *control, std::stop_token stop);

    std::mutex m_serveMutex;
    std::condition_variable_any m_serveWake;
    std::deque<std::string> m_programs; // questions
    std::mutex m_mutex;
    SensorFigures m_sensors;
    std::map<std::filesystem::path, std::shared_ptr<FakeProjectState>> m_projects;
};

// Some records of an invented clinic, with a duplicate, a contradiction and an empty answer.
[[nodiscard]] std::vector<data::Record> fakeRecords(int count = 40);

} // namespace fettle::ui
