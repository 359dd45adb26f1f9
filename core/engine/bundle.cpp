#include "core/engine/bundle.h"

#include "core/base/words.h"
#include "core/data/messages.h"
#include "core/engine/bundleconfigs.h"
#include "core/engine/lens.h"
#include "core/engine/modelcard.h"
#include "core/engine/models.h"
#include "core/engine/trainingdata.h"
#include "core/export/exporting.h"
#include "core/export/staging.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"
#include "core/train/documents.h"
#include "core/train/fromrecipe.h"
#include "core/train/mix.h"

#include <fmt/format.h>
#include <unordered_map>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// One conversation a line, as the trainer rendered it: context joined, the project's system prompt in place.
Result<std::string> linesOf(const std::vector<data::Record> &records, const data::RenderOptions &options)
{
    std::string lines;
    for (const data::Record &record : records) {
        auto messages = data::messagesOf(record, options);
        if (!messages)
            return passError(messages);
        lines += Json{{"messages", messages->list}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    return lines;
}

Result<Json> expectedLosses(const RunInfo &run, const Project &project, const std::vector<data::Record> &heldOut, const train::Recipe &recipe, const ProgressCallback &progress,
                            std::stop_token stop)
{
    Json expected = {{"run", run.name}, {"base", run.modelName}, {"baseHash", run.modelHash}, {"firstSteps", Json::array()}, {"heldOut", Json::array()}};
    const auto metrics = project.metrics(run.id);
    if (!metrics)
        return passError(metrics);
    for (std::size_t i = 0; i < std::min<std::size_t>(10, metrics->size()); ++i)
        expected["firstSteps"].push_back({{"step", (*metrics)[i].step}, {"loss", (*metrics)[i].loss}, {"learningRate", (*metrics)[i].learningRate}});
    if (const auto evals = project.evals(run.id))
        for (const EvalPoint &point : *evals)
            expected["heldOut"].push_back({{"step", point.step}, {"loss", point.loss}});
    if (heldOut.empty())
        return expected;
    const auto trainOn = renderOptions(project, recipe).trainOn;
    const auto score = scoreRecords(run.modelPath, {}, heldOut, trainOn, &project, {}, progress, stop);
    if (!score)
        return passError(score);
    expected["heldOutBeforeTraining"] = score->loss; // does not depend on any order
    double rows = 0; // what the other trainers report: the mean of the rows' means
    for (const ScoreRow &row : score->rows)
        rows += row.loss / static_cast<double>(score->rows.size());
    expected["heldOutBeforeTrainingMeanOfRows"] = rows;
    return expected;
}

// The rows in the order in which the first epoch read them, so that the losses of the first steps can be compared one by one: with a mix, as often
// as it says. Rows in which there was nothing to learn are left out.
Result<std::vector<data::Record>> inOrderOfReading(std::vector<data::Record> records, const std::filesystem::path &base, const data::RenderOptions &options, const train::Recipe &recipe,
                                                   std::stop_token stop)
{
    const auto lens = Lens::open(base.string());
    if (!lens)
        return passError(lens);
    auto labelled = train::labelRecords(records, [&](const data::Record &record) { return (*lens)->label(record, options); }, 0, {}, std::move(stop));
    if (!labelled)
        return passError(labelled);
    std::unordered_map<std::int64_t, const data::Record *> byId;
    for (const data::Record &record : records)
        byId[record.id.value] = &record;
    if (const auto mixed = train::applyMix(*labelled, records, recipe.text("mix")); !mixed)
        return passError(mixed);
    std::vector<data::Record> ordered;
    const train::BatchPlan plan(labelled->documents, train::batchSettings(recipe));
    for (std::int64_t step = 0; step < plan.stepsPerEpoch(); ++step)
        for (const std::int64_t document : plan.chosen(step))
            ordered.push_back(*byId.at(labelled->documents[static_cast<std::size_t>(document)].record.value));
    return ordered;
}

// Trainers read Hugging Face folders only.
Result<std::string> placeBase(const RunInfo &run, const fs::path &folder, const ProgressCallback &progress, std::stop_token stop)
{
    const auto path = resolveModel(run.modelPath);
    if (!path)
        return passError(path);
    if (path->extension() != ".gguf")
        return path->string();
    auto weights = model::loadWeights(*path, progress, stop, {model::WeightStorage::File});
    if (!weights)
        return passError(weights);
    const auto written = exporting::exportMerged({*path, std::move(*weights), nullptr, {}}, exporting::MergedType::F32, folder / "base", progress, stop);
    if (!written)
        return passError(written);
    return std::string("base");
}

Result<SelfTest> fill(const fs::path &folder, const RunInfo &run, const Project &project, const ProgressCallback &progress, std::stop_token stop)
{
    const auto json = nlohmann::json::parse(run.recipeJson, nullptr, false);
    const auto recipe = train::recipeFromJson(json);
    if (!recipe)
        return passError(recipe);
    const data::RenderOptions options = renderOptions(project, *recipe);
    SelfTest test;
    std::vector<data::Record> heldOut;
    for (const auto &[name, split] : {std::pair("train", data::Split::Train), std::pair("heldout", data::Split::HeldOut)}) {
        auto records = project.snapshotRecords(run.snapshot, split);
        if (records && split == data::Split::Train && !records->empty())
            records = inOrderOfReading(std::move(*records), run.modelPath, options, *recipe, stop);
        if (!records)
            return passError(records);
        const auto lines = linesOf(*records, options);
        if (!lines)
            return passError(lines);
        const fs::path file = folder / "data" / (std::string(name) + ".jsonl");
        if (auto written = io::writeFileAtomically(file, *lines); !written)
            return passError(written);
        const auto back = io::readTextFile(file);
        test.checks.push_back({tr("Rows of {}", file.filename().string()), tr("{} written and read back", records->size()), tr("the same bytes"), back && *back == *lines});
        if (split == data::Split::HeldOut)
            heldOut = *records;
    }
    const auto base = placeBase(run, folder, progress, stop);
    if (!base)
        return passError(base);
    const auto expected = expectedLosses(run, project, heldOut, *recipe, progress, stop);
    if (!expected)
        return passError(expected);
    auto files = bundleConfigs(*recipe, *base, run.name, *expected, heldOut.empty() ? HeldOutRows::None : HeldOutRows::Some, run.steps);
    files.emplace_back("recipe.json", train::recipeToJson(*recipe).dump(2) + "\n");
    files.emplace_back("expected.json", expected->dump(2) + "\n");
    for (const auto &[name, text] : files)
        if (auto written = io::writeFileAtomically(folder / name, text); !written)
            return passError(written);
    test.hasPassed = std::all_of(test.checks.begin(), test.checks.end(), [](const ExportCheck &check) { return check.hasPassed; });
    test.cause = test.hasPassed ? std::string() : tr("the data did not come back as they were written");
    return test;
}

} // namespace

Result<ExportResult> exportBundle(const ExportRequest &request, const Project *project, const ProgressCallback &progress, std::stop_token stop)
{
    const auto run = runBehind(request.adapter, project);
    if (!run)
        return fail(ErrorCode::Usage, tr("A hand-over bundle is made from a run of a project."), tr("Name the run, with --run R --project P."));
    auto staging = exporting::Staging::create(request.folder);
    if (!staging)
        return passError(staging);
    const auto test = fill(staging->folder(), *run, *project, progress, stop);
    if (!test)
        return tl::unexpected(staging->inTarget(test.error()));
    if (auto published = staging->publish(); !published)
        return passError(published);
    ExportResult result{{}, 0, *test};
    std::error_code error;
    for (const auto &entry : fs::recursive_directory_iterator(request.folder, error)) {
        if (!entry.is_regular_file(error))
            continue;
        result.files.push_back(fs::relative(entry.path(), request.folder, error).string());
        result.bytes += static_cast<std::int64_t>(entry.file_size(error));
    }
    std::sort(result.files.begin(), result.files.end());
    return result;
}

} // namespace fettle::engine
