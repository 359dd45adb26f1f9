// A run on the tiny chat model that is cut off in some way, and the question whether what goes on afterwards ends as the run that was left in
// peace: adapter, optimiser, log of losses and ledger of rows are the same bits.
#pragma once

#include "core/engine/training.h"
#include "core/train/checkpoint.h"

#include <QFile>

#include <fmt/format.h>

namespace fettle::engine {
namespace fs = std::filesystem;

inline const std::string kModel = FETTLE_FIXTURES "/tinychat";

// 18 training rows, 6 a step in two portions, two side by side in a computation: 3 steps an epoch; the warm-up ends inside the second epoch.
inline TrainRequest request(const std::vector<const char *> &settings = {})
{
    TrainRequest made;
    made.model = kModel;
    made.compute.threads = 1;
    std::vector<const char *> all{"epochs=4", "rowsPerStep=3", "gradientAccumulation=2", "tokensPerMicroBatch=192", "learningRate=0.02", "rank=4", "dropout=0.1", "warmup=4",
                                  "schedule=cosine", "checkpointEvery=2", "evalEvery=3", "keepCheckpoints=3"};
    all.insert(all.end(), settings.begin(), settings.end());
    for (const char *setting : all)
        if (!train::applySetting(made.recipe, setting))
            qFatal("%s", setting);
    return made;
}

inline std::string fileBytes(const fs::path &path)
{
    QFile file(QString::fromStdString(path.string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : "missing";
}

// All that two equal runs have in common, times and memory left out.
struct Outcome {
    std::string adapter, optimizer, metrics, evals, rows;
    friend bool operator==(const Outcome &, const Outcome &) = default;
};

inline Outcome outcomeOf(const Project &project, RunId id)
{
    Outcome outcome;
    const auto run = project.run(id);
    const auto metrics = project.metrics(id);
    const auto evals = project.evals(id);
    const auto ledger = project.lossLedger(id);
    const auto checkpoints = train::listCheckpoints(project.runFolder(id) / "checkpoints");
    if (!run || !metrics || !evals || !ledger || checkpoints.empty())
        return outcome;
    outcome.adapter = fileBytes(fs::path(run->adapter) / "adapter_model.safetensors");
    outcome.optimizer = fileBytes(checkpoints.back().path / "optimizer.safetensors");
    for (const MetricPoint &point : *metrics)
        outcome.metrics += fmt::format("{} {:a} {:a} {:a} {:a} {} {:a}\n", point.step, point.epoch, point.loss, point.learningRate, point.gradNorm, point.tokens, point.accuracy);
    for (const EvalPoint &point : *evals)
        outcome.evals += fmt::format("{} {:a} {} {:a}\n", point.step, point.loss, point.tokens, point.accuracy);
    for (const data::LossTable *part : {&ledger->train, &ledger->heldOut}) {
        for (std::size_t reading = 0; reading < part->at.size(); ++reading) {
            outcome.rows += fmt::format("{}:", part->at[reading]);
            for (const float loss : part->losses[reading])
                outcome.rows += fmt::format(" {:a}", loss);
            outcome.rows += '\n';
        }
    }
    return outcome;
}

// Trains in the project, or goes on with the run that it holds.
inline Result<RunSummary> workIn(Project &project, const RunEvents &events = {})
{
    if (auto marked = project.markInterruptedRuns(); !marked)
        return passError(marked);
    const auto runs = project.runs();
    if (!runs)
        return passError(runs);
    return runs->empty() ? trainRun(project, request(), events) : resumeRun(project, runs->back().id, {.threads = 1}, events);
}

// An empty project with the rows of the run; no probe prompts.
inline Result<> makeRunProject(const fs::path &folder)
{
    auto project = Project::create(folder);
    if (!project)
        return passError(project);
    std::vector<data::Record> records;
    for (int i = 0; i < 24; ++i) {
        records.push_back(data::makePair(fmt::format("Which shelf holds box {}?", i), "", fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40)));
        records.back().split = i % 4 == 3 ? data::Split::HeldOut : data::Split::Train;
    }
    if (auto added = project->addRecords(std::move(records), "Added rows"); !added)
        return passError(added);
    return project->setSetting(data::kProbeSetting, data::probeChoiceText({0, 8, {}}));
}

} // namespace fettle::engine
