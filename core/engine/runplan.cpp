// What a run would do and what stands in its way, found without loading weights: planRun and methodCost of training.h.
#include "core/base/words.h"
#include "core/engine/adapterpath.h"
#include "core/engine/models.h"
#include "core/train/mixshares.h"
#include "core/engine/training.h"
#include "core/engine/trainingdata.h"
#include "core/export/tokenizerfiles.h"
#include "core/model/device.h"
#include "core/model/fast/gemm.h"
#include "core/train/trainer.h"
#include "core/tune/adapter.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::engine {
namespace {

using Problem = TrainPlan::Problem;

constexpr std::int64_t kFewestSteps = 20;

std::string counted(std::size_t count, std::string_view one, std::string_view many)
{
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

void countTokens(TrainPlan &plan, const TrainingData &data)
{
    plan.trainRows = static_cast<std::int64_t>(data.train.documents.size());
    plan.heldOutRows = static_cast<std::int64_t>(data.heldOut.documents.size());
    plan.tokens = data.train.tokens;
    plan.trainedTokens = data.train.trainedTokens;
    plan.cutRows = static_cast<std::int64_t>(data.train.cut.size());
    plan.droppedRows = static_cast<std::int64_t>(data.train.dropped.size() + data.train.failed.size());
}

void layOutSteps(TrainPlan &plan, const TrainingData &data, const train::Recipe &recipe)
{
    if (data.train.documents.empty())
        return;
    const train::BatchSettings settings = train::batchSettings(recipe);
    const train::BatchPlan batches(data.train.documents, settings);
    plan.stepsPerEpoch = batches.stepsPerEpoch();
    plan.steps = train::totalSteps(recipe, plan.stepsPerEpoch);
    plan.rowCapacity = settings.tokensPerMicroBatch;
    for (const train::PackedRow &row : batches.rows(0)) {
        std::vector<TrainPlan::Document> documents;
        for (const std::int64_t index : row.documents)
            documents.push_back({data.train.documents[static_cast<std::size_t>(index)].trained});
        plan.firstBatch.push_back(std::move(documents));
        plan.rowCapacity = std::max(plan.rowCapacity, row.length());
    }
}

void findLengthProblems(TrainPlan &plan, const TrainingData &data, const train::Recipe &recipe, std::int64_t context)
{
    const std::int64_t maxLength = recipe.integer("maxLength");
    if (context > 0 && maxLength > context && data.train.longest > context)
        plan.problems.push_back({"longerThanModel", tr("The model was made for {} tokens; the longest row has {}.", countText(context), countText(data.train.longest)),
                                 tr("Cut at {}", countText(context)), fmt::format("maxLength={}", context), false});
    if (data.train.cut.empty())
        return;
    const std::size_t rows = data.train.documents.size() + data.train.dropped.size();
    std::int64_t enough = (data.train.longest + 63) / 64 * 64;
    if (context > 0)
        enough = std::min(enough, context);
    Problem problem{"answersCut",
                    tr("{} of {} {} cut off at {} tokens. The model would learn to stop in the middle of an answer.",
                                countText(static_cast<std::int64_t>(data.train.cut.size())), counted(rows, "row", "rows"), data.train.cut.size() == 1 ? "is" : "are", countText(maxLength)),
                    {}, {}, false};
    if (enough > maxLength) {
        problem.fixLabel = tr("Raise to {} tokens", countText(enough));
        problem.fixSetting = fmt::format("maxLength={}", enough);
    }
    plan.problems.push_back(std::move(problem));
}

void findRowProblems(TrainPlan &plan, const TrainingData &data, const train::Recipe &recipe)
{
    if (auto checked = checkTrainingData(data, recipe); !checked) {
        const bool isCut = data.train.trainedTokens == 0 && !data.train.cut.empty() && !data.train.firstFailure;
        plan.problems.push_back({data.train.firstFailure ? "templateRefused" : "nothingToLearn", checked.error().message + " " + checked.error().hint,
                                 isCut ? tr("Raise to {} tokens", countText(data.train.longest)) : std::string(),
                                 isCut ? fmt::format("maxLength={}", data.train.longest) : std::string(), true});
        return;
    }
    if (!data.train.failed.empty())
        plan.problems.push_back({"templateRefused",
                                 tr("{} cannot be used: {}", counted(data.train.failed.size(), "row", "rows"), data.train.firstFailure->message), {},
                                 {}, false});
    if (!data.train.dropped.empty())
        plan.problems.push_back({"nothingLeft",
                                 tr("{} left out: nothing in {} is learnt.", counted(data.train.dropped.size(), "row is", "rows are"),
                                             data.train.dropped.size() == 1 ? "it" : "them"),
                                 {}, {}, false});
    if (data.heldOut.documents.empty()) {
        const bool isOff = recipe.real("evalFraction") == 0.0;
        plan.problems.push_back({"noHeldOut",
                                 tr("No rows are held out: you would not see whether the model understands or only memorises."),
                                 isOff ? tr("Hold out a tenth") : "", isOff ? "evalFraction=0.1" : "", false});
    }
}

void findSettingProblems(TrainPlan &plan, const train::Recipe &recipe)
{
    const double rate = recipe.real("learningRate");
    const train::MethodInfo &method = *train::findMethod(recipe.method); // the recipe is valid
    if (rate > method.highestRate)
        plan.problems.push_back({"learningRateHigh", tr("A learning rate of {} is unusually high for this method; the loss may jump.", rate),
                                 tr("Set to {:g}", method.highestRate / 2), fmt::format("learningRate={:g}", method.highestRate / 2), false});
    else if (rate < method.lowestRate)
        plan.problems.push_back({"learningRateLow", tr("With a learning rate of {} this method learns next to nothing.", rate),
                                 tr("Set to {:g}", method.lowestRate * 10), fmt::format("learningRate={:g}", method.lowestRate * 10), false});
    if (recipe.text("compute") == "bf16" && !model::fast::hasBf16Products())
        plan.problems.push_back({"noBf16", tr("This processor cannot multiply the base in 16 bits."), tr("Use 32 bits"), "compute=fp32", true});
    if (plan.steps <= 0 || plan.steps >= kFewestSteps)
        return;
    Problem problem{"fewSteps", tr("The run makes only {}. That is seldom enough to learn anything.",
                                            counted(static_cast<std::size_t>(plan.steps), "correction", "corrections")),
                    {}, {}, false};
    if (recipe.integer("maxSteps") == 0) {
        const double epochs = std::ceil(static_cast<double>(2 * kFewestSteps) / static_cast<double>(std::max<std::int64_t>(plan.stepsPerEpoch, 1)));
        problem.fixLabel = tr("Read the rows {} times", epochs);
        problem.fixSetting = fmt::format("epochs={}", epochs);
    }
    plan.problems.push_back(std::move(problem));
}

Result<std::int64_t> parametersOf(const Project &project, const TrainRequest &request, const model::ModelConfig &model)
{
    if (request.adapter.empty())
        return trainableParameters(request.recipe, model);
    auto start = resolveAdapter(request.adapter, &project);
    if (!start)
        return passError(start);
    return tune::parametersOfFolder(start->folder, model);
}

// Stored as fp32: what is trained, or the whole model; PiSSA's file holds twice the rank, and a prefix's projection is thrown away.
std::int64_t resultBytes(const train::Recipe &recipe, const model::ModelConfig &model, std::int64_t parameters)
{
    std::int64_t values = parameters;
    if (recipe.method == "full")
        values = model.parameters();
    else if (recipe.method == "lora" && recipe.text("init") == "pissa")
        values = 2 * parameters;
    else if (recipe.method == "prefix") {
        train::Recipe finished = recipe;
        finished.values["projection"] = false;
        values = trainableParameters(finished, model).value_or(values);
    }
    return 4 * values;
}

void addBlocking(TrainPlan &plan, std::string code, const Error &error)
{
    plan.problems.push_back({std::move(code), error.hint.empty() ? error.message : error.message + " " + error.hint, {}, {}, true});
}

} // namespace

PlanRecords dealRecords(std::vector<data::Record> all, double evalFraction)
{
    PlanRecords records;
    std::vector<data::Record> unassigned;
    for (data::Record &record : all) {
        if (data::responseOf(record).empty())
            continue;
        switch (record.split) {
        case data::Split::Unassigned: unassigned.push_back(std::move(record)); break;
        case data::Split::Train: records.train.push_back(std::move(record)); break;
        case data::Split::HeldOut: records.heldOut.push_back(std::move(record)); break;
        case data::Split::Test: break;
        }
    }
    const auto heldOut = std::llround(evalFraction * static_cast<double>(unassigned.size()));
    for (std::size_t i = 0; i < unassigned.size(); ++i)
        (static_cast<long long>(i) < heldOut ? records.heldOut : records.train).push_back(std::move(unassigned[i]));
    return records;
}

Result<PlanRecords> planRecords(const Project &project, const TrainRequest &request, std::stop_token stop)
{
    PlanRecords records;
    if (request.snapshot.isValid()) {
        auto train = project.snapshotRecords(request.snapshot, data::Split::Train);
        if (!train)
            return passError(train);
        auto heldOut = project.snapshotRecords(request.snapshot, data::Split::HeldOut);
        if (!heldOut)
            return passError(heldOut);
        records.train = std::move(*train);
        records.heldOut = std::move(*heldOut);
        return records;
    }
    RecordFilter filter;
    filter.statuses = {data::RecordStatus::New, data::RecordStatus::Edited, data::RecordStatus::Approved};
    auto ids = project.recordIds(filter);
    if (!ids)
        return passError(ids);
    std::vector<data::Record> all;
    for (const RecordId id : *ids) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Planning the run was cancelled."));
        auto record = project.record(id);
        if (!record)
            return passError(record);
        all.push_back(std::move(*record));
    }
    return dealRecords(std::move(all), request.recipe.real("evalFraction"));
}

Result<MethodCost> methodCost(const std::string &model, const train::Recipe &recipe)
{
    MethodCost cost;
    auto path = resolveModel(model);
    if (!path)
        return passError(path);
    auto config = model::readConfig(*path);
    if (!config)
        return passError(config);
    if (auto valid = train::validate(recipe); !valid)
        cost.refusal = valid.error();
    else if (auto possible = checkMethod(recipe, *path, {}); !possible)
        cost.refusal = possible.error();
    if (auto parameters = trainableParameters(recipe, *config); parameters) {
        cost.trainableParameters = *parameters;
        cost.resultBytes = resultBytes(recipe, *config, *parameters);
    } else if (!cost.refusal) {
        cost.refusal = parameters.error();
    }
    return cost;
}

Result<TrainPlan> planRun(const Project &project, const TrainRequest &request, const ProgressCallback &progress, std::stop_token stop)
{
    TrainPlan plan;
    if (auto valid = train::validate(request.recipe); !valid) {
        addBlocking(plan, "setting", valid.error());
        return plan;
    }
    auto path = resolveModel(request.model);
    if (!path) {
        addBlocking(plan, "model", path.error());
        return plan;
    }
    auto lens = Lens::open(request.model);
    if (!lens) {
        addBlocking(plan, "model", lens.error());
        return plan;
    }
    if (auto device = model::findDevice(request.recipe.text("device")); !device) {
        addBlocking(plan, "setting", device.error());
        plan.problems.back().fixLabel = tr("Let the processor compute");
        plan.problems.back().fixSetting = "device=cpu";
    }
    std::int64_t context = 0;
    if (auto possible = checkMethod(request.recipe, *path, {}); !possible) {
        addBlocking(plan, "method", possible.error());
        if (possible.error().code == ErrorCode::Usage) { // of the memory that the base would lie in
            plan.problems.back().fixLabel = tr("Keep it in 16 bits");
            plan.problems.back().fixSetting = "storage=bf16";
        }
    }
    if (auto model = model::readConfig(*path); !model) {
        addBlocking(plan, "model", model.error());
    } else {
        context = model->context;
        if (auto parameters = parametersOf(project, request, *model); !parameters) {
            addBlocking(plan, "setting", parameters.error());
        } else {
            plan.trainableParameters = *parameters;
            plan.resultBytes = resultBytes(request.recipe, *model, *parameters);
        }
    }

    auto records = planRecords(project, request, stop);
    if (!records)
        return passError(records);
    const train::Recipe recipe = withProjectMix(project, request.recipe);
    auto data = labelTrainingData(**lens, records->train, records->heldOut, renderOptions(project, recipe), recipe, request.compute.threads, progress, stop);
    if (!data)
        return passError(data);
    if (auto own = exporting::loadChatTemplate(*path); !own && own.error().code == ErrorCode::NotFound)
        plan.problems.push_back({"plainTemplate",
                                 tr("The model has no chat template and was perhaps never taught to answer: records are written with \"Question:\" and \"Answer:\" in front. "
                                    "The token view on the Data page shows how."),
                                 {}, {}, false});
    countTokens(plan, *data);
    layOutSteps(plan, *data, request.recipe);
    if (train::isMixed(recipe.text("mix")))
        plan.problems.push_back({"mix", tr("Sets are read as often as the mix says: {}.", recipe.text("mix")), tr("Read every record once"), fmt::format("mix={}", train::kMixOff), false});
    for (const std::string &set : data->unknownSets)
        plan.problems.push_back({"unknownSet", tr("The mix names \"{}\", and no record belongs to it.", set), {}, {}, false});
    findRowProblems(plan, *data, request.recipe);
    if (plan.trainRows > 0) {
        findLengthProblems(plan, *data, request.recipe, context);
        findSettingProblems(plan, request.recipe);
    }
    return plan;
}

} // namespace fettle::engine
