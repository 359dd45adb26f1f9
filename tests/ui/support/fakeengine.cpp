// Projects, models and plans of the stand-in. Runs are in fakeruns.cpp, the lens and the answers in fakelens.cpp. See fakeengine.h.
#include "tests/ui/support/fakeengine.h"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace fettle::ui {

namespace {

using Lock = std::scoped_lock<std::recursive_mutex>;

engine::Inspection fakeModel(const std::string &name, const std::string &architecture, std::int64_t parameters, const std::string &storage,
                             std::int64_t context, std::int64_t bytes, bool isTrainable)
{
    engine::Inspection model;
    model.kind = storage.starts_with("Q") ? "gguf" : "model";
    model.name = name;
    model.path = "/models/" + name;
    model.architecture = architecture;
    model.parameters = parameters;
    model.storage = storage;
    model.tensors = 272;
    model.context = context;
    model.fileBytes = bytes;
    model.layers = 30;
    model.width = 576;
    model.heads = 9;
    model.keyValueHeads = 3;
    model.vocabulary = 49152;
    model.tokenizer = "byte-level BPE, 49,152 tokens";
    model.hasChatTemplate = isTrainable;
    model.licence = "Apache-2.0";
    model.trainable = isTrainable;
    return model;
}

} // namespace

FakeEngine::FakeEngine()
{
    models = {fakeModel("SmolLM2-135M-Instruct", "LlamaForCausalLM", 134'515'008, "Q4_1, Q8_0", 8192, 98'000'000, true),
              fakeModel("SmolLM2-360M-Instruct", "LlamaForCausalLM", 361'821'120, "BF16", 8192, 724'000'000, true),
              fakeModel("stories260K", "LlamaForCausalLM", 260'032, "F32", 512, 1'040'000, true)};
    auto broken = fakeModel("Llama-3.2-1B-Instruct", "LlamaForCausalLM", 0, "", 0, 1'100'000'000, false);
    broken.problems = {{"Shard 1 ends early: 1.10 of 2.47 GB.", "Download it again."}};
    auto vision = fakeModel("clip-vit-base-patch32", "CLIPModel", 0, "", 0, 605'000'000, false);
    vision.problems = {{"Not a language model: architecture \"CLIPModel\".", "Choose a model that writes text."}};
    models.push_back(broken);
    models.push_back(vision);
}

std::shared_ptr<FakeProjectState> FakeEngine::addProject(const std::filesystem::path &folder, std::vector<data::Record> records)
{
    auto state = std::make_shared<FakeProjectState>();
    state->folder = folder;
    state->add(std::move(records));
    const std::scoped_lock lock(m_mutex);
    m_projects[folder] = state;
    return state;
}

void FakeEngine::putProject(const std::filesystem::path &folder, std::shared_ptr<FakeProjectState> state)
{
    const std::scoped_lock lock(m_mutex);
    m_projects[folder] = std::move(state);
}

std::shared_ptr<FakeProjectState> FakeEngine::state(const std::filesystem::path &folder)
{
    const std::scoped_lock lock(m_mutex);
    const auto found = m_projects.find(folder);
    return found == m_projects.end() ? nullptr : found->second;
}

Result<std::unique_ptr<ProjectApi>> FakeEngine::createProject(const std::filesystem::path &folder)
{
    if (state(folder))
        return fail(ErrorCode::BadInput, "\"" + folder.string() + "\" exists already.", "Choose another name.");
    return std::make_unique<FakeProject>(addProject(folder));
}

Result<std::unique_ptr<ProjectApi>> FakeEngine::openProject(const std::filesystem::path &folder, engine::Access)
{
    auto found = state(folder);
    if (!found)
        return fail(ErrorCode::NotFound, "\"" + folder.string() + "\" does not exist.", "Choose a folder whose name ends in .fettle.");
    return std::make_unique<FakeProject>(std::move(found));
}

Result<std::unique_ptr<ProjectApi>> FakeEngine::createSampleProject(const std::filesystem::path &folder, const ProgressCallback &progress,
                                                                    std::stop_token)
{
    progress({"Counting tokens", 1, 1, 0});
    return std::make_unique<FakeProject>(addProject(folder, fakeRecords()));
}

Result<data::ImportResult> FakeEngine::readRecords(const std::filesystem::path &file, const data::ImportOptions &options,
                                                   std::optional<std::int64_t> maxRows, const ProgressCallback &progress,
                                                   std::stop_token stop)
{
    return data::readRecords(file, options, maxRows, progress, stop);
}

Result<std::filesystem::path> FakeEngine::resolveModel(const std::string &model)
{
    return std::filesystem::path("/models") / model;
}

Result<engine::Inspection> FakeEngine::inspect(const std::filesystem::path &path)
{
    for (const engine::Inspection &model : models) {
        const std::string wanted = path.filename().string();
        const bool isSame = std::ranges::equal(model.name, wanted, [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
        if (model.path == path.string() || isSame)
            return model;
    }
    return fail(ErrorCode::BadInput, "\"" + path.string() + "\" is not a model.", "Choose a folder with config.json or a GGUF file.");
}

Result<std::vector<engine::Inspection>> FakeEngine::libraryModels(const std::vector<std::filesystem::path> &, const ProgressCallback &,
                                                                  std::stop_token)
{
    return models;
}

Result<std::string> FakeEngine::modelHash(const std::filesystem::path &, std::stop_token)
{
    return std::string("3fa9c1e70b52") + std::string(48, '0') + "d81c";
}

Result<engine::HubDownload> FakeEngine::downloadModel(const std::string &wanted, const ProgressCallback &progress, std::stop_token stop)
{
    if (download)
        return download(wanted, progress, stop);
    progress({"Fetching model.safetensors", 1'192'000'000, 1'192'000'000, 0});
    return engine::HubDownload{"/models/" + wanted, 1'192'000'000, 1'192'000'000};
}

Result<std::int64_t> FakeEngine::discardDownload(const std::string &wanted)
{
    const auto found = std::ranges::find(unfinished, wanted, &engine::UnfinishedDownload::wanted);
    if (found == unfinished.end())
        return fail(ErrorCode::NotFound, "Nothing of " + wanted + " has been downloaded.");
    const std::int64_t bytes = found->present;
    unfinished.erase(found);
    return bytes;
}

Result<engine::ModelRemoval> FakeEngine::planRemoval(const std::filesystem::path &model)
{
    if (removalError)
        return tl::unexpected<Error>(*removalError);
    return engine::ModelRemoval{model, {model / "config.json", model / "model.safetensors"}, 269'000'000, 0};
}

Result<std::int64_t> FakeEngine::removeModel(const std::filesystem::path &model)
{
    if (removalError)
        return tl::unexpected<Error>(*removalError);
    std::erase_if(models, [&](const engine::Inspection &known) { return known.path == model.string(); });
    return 269'000'000;
}

Result<engine::ModelMemory> FakeEngine::knownMemory(const std::filesystem::path &model, std::stop_token)
{
    engine::ModelMemory known;
    known.available = memory.availableBytes;
    for (const train::MethodInfo &method : train::methods()) {
        engine::MethodMemory own;
        own.method = method.key;
        if (const auto bytes = methodBytes.find(own.method); bytes != methodBytes.end())
            own.bytes = bytes->second;
        if (own.method == "full" && model.string().ends_with(".gguf"))
            own.refusal = Error{ErrorCode::BadInput, "The weights of this file are rounded to 8 bits.", "Choose LoRA."};
        known.methods.push_back(std::move(own));
    }
    return known;
}

Result<engine::ModelMemory> FakeEngine::measureMemory(const std::filesystem::path &model, const ProgressCallback &progress, std::stop_token stop)
{
    std::int64_t bytes = 3'100'000'000;
    for (const train::MethodInfo &method : train::methods()) {
        progress({"Measuring " + std::string(method.label), 0, 6, -1});
        methodBytes[std::string(method.key)] = bytes += 600'000'000;
    }
    return knownMemory(model, stop);
}

Result<std::shared_ptr<const LensApi>> FakeEngine::openLens(const std::string &)
{
    if (lensError)
        return tl::unexpected<Error>(*lensError);
    return std::make_shared<const FakeLens>();
}

Result<std::int64_t> FakeEngine::measureLengths(ProjectApi &project, const LensApi &lens, std::int64_t maxLength,
                                                const ProgressCallback &, std::stop_token)
{
    if (beforeMeasuring)
        beforeMeasuring();
    FakeProjectState &state = static_cast<FakeProject &>(project).state();
    const Lock lock(state.mutex);
    state.maxLength = maxLength;
    for (const auto &[id, record] : state.records) {
        if (const auto labelled = lens.label(record, {}))
            state.tokens[id] = std::int64_t(labelled->ids.size());
    }
    return std::int64_t(state.records.size());
}

namespace {

// Surprised the more, the longer a token of the fake lens is; the first has nothing before it.
class FakeTokenLosses : public TokenLossesApi {
public:
    Result<std::vector<float>> of(const data::Record &record, const data::RenderOptions &options, std::stop_token) override
    {
        const auto tokens = FakeLens().label(record, options);
        if (!tokens)
            return passError(tokens);
        std::vector<float> losses(tokens->ids.size(), std::nanf(""));
        for (std::size_t i = 1; i < std::size_t(tokens->kept); ++i)
            losses[i] = 0.5F * float(tokens->offsets[i].end - tokens->offsets[i].begin);
        return losses;
    }
};

} // namespace

Result<std::unique_ptr<TokenLossesApi>> FakeEngine::openTokenLosses(const std::string &, const std::string &, const ProjectApi *, const ProgressCallback &, std::stop_token)
{
    return std::make_unique<FakeTokenLosses>();
}

// Knows every tenth record; one surprises it.
Result<data::AutopsySummary> FakeEngine::runAutopsy(ProjectApi &project, const std::string &, const ProgressCallback &progress, std::stop_token stop)
{
    if (beforeAutopsy)
        beforeAutopsy(progress, stop);
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, "The autopsy was cancelled.");
    FakeProjectState &state = static_cast<FakeProject &>(project).state();
    const Lock lock(state.mutex);
    for (const auto &[id, record] : state.records)
        state.baseLosses[id] = id % 10 == 0 ? 0.3 : id == 7 ? 9.0 : 2.5;
    return data::AutopsySummary{"smollm2-135m-instruct", std::int64_t(state.records.size()), 2.5};
}

// Numbers of SmolLM2-135M; what is rounded cannot be trained itself, as in the real engine.
Result<engine::MethodCost> FakeEngine::methodCost(const std::string &model, const train::Recipe &recipe)
{
    const auto found = inspect(std::filesystem::path(model).filename());
    if (!found)
        return passError(found);
    const std::map<std::string, std::int64_t> numbers = {
        {"lora", 4'884'480}, {"full", found->parameters}, {"bottleneck", 1'262'520}, {"prefix", 230'400}, {"prompt", 11'520}, {"ia3", 57'600}};
    engine::MethodCost cost;
    cost.trainableParameters = numbers.at(recipe.method);
    if (recipe.method == "lora")
        cost.trainableParameters = cost.trainableParameters * recipe.integer("rank") / 16;
    cost.resultBytes = 4 * cost.trainableParameters;
    if (recipe.method == "full" && found->storage.starts_with("Q"))
        cost.refusal = Error{ErrorCode::BadInput, found->name + " holds its weights rounded to " + found->storage + ": they cannot be trained themselves.",
                             "Use the method lora, which works on this file.", {}};
    return cost;
}

Result<engine::TrainPlan> FakeEngine::planRun(const ProjectApi &project, const engine::TrainRequest &request, const ProgressCallback &,
                                              std::stop_token)
{
    if (planError)
        return tl::unexpected<Error>(*planError);
    engine::TrainPlan plan;
    const auto counts = project.recordCounts();
    plan.trainRows = counts->all * 9 / 10;
    plan.heldOutRows = counts->all - plan.trainRows;
    plan.stepsPerEpoch = std::max<std::int64_t>(1, plan.trainRows / 8);
    plan.steps = runSteps;
    plan.tokens = plan.trainRows * 64;
    plan.trainedTokens = plan.trainRows * 40;
    plan.rowCapacity = 512;
    for (int row = 0; row < 4; ++row) {
        std::vector<engine::TrainPlan::Document> documents;
        for (int i = 0; i < 5; ++i) {
            engine::TrainPlan::Document document;
            document.trained.assign(std::size_t(80 + 7 * i + 3 * row), 0);
            std::fill(document.trained.begin() + 40, document.trained.end(), std::uint8_t(1));
            documents.push_back(std::move(document));
        }
        plan.firstBatch.push_back(std::move(documents));
    }
    if (plan.trainRows == 0)
        plan.problems.push_back({"noRecords", "There is nothing to learn from: the project has no records.", {}, {}, true});
    if (const auto cost = methodCost(request.model, request.recipe)) {
        plan.trainableParameters = cost->trainableParameters;
        plan.resultBytes = cost->resultBytes;
        if (cost->refusal)
            plan.problems.push_back({"method", cost->refusal->message + " " + cost->refusal->hint, {}, {}, true});
    }
    if (changePlan)
        changePlan(request, plan);
    return plan;
}

Result<engine::FitResult> FakeEngine::measureFit(const ProjectApi &, const engine::FitRequest &request, const ProgressCallback &progress, std::stop_token stop)
{
    engine::FitResult fit;
    fit.bytes = {540'000'000, 39'000'000, 20'000'000, 2'310'000'000, 300'000'000};
    fit.available = 9'400'000'000;
    fit.total = 15'400'000'000;
    fit.peakBytes = fit.bytes.total() - fit.bytes.reserve;
    fit.rowTokens = 1024;
    fit.secondsPerStep = 3.9;
    fit.steps = runSteps;
    progress({"Computing 1024 tokens at once", 384, 1408, 3.0});
    if (changeFit)
        changeFit(request, fit);
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, "Measuring was cancelled.");
    if (fitError)
        return tl::unexpected<Error>(*fitError);
    return fit;
}

Result<engine::ExportResult> FakeEngine::exportAdapter(const engine::ExportRequest &request, const ProjectApi *, const ProgressCallback &,
                                                       std::stop_token)
{
    lastExport = request;
    const engine::ExportCheck good{"Every tensor: name, shape, values", "272 of 272, at most 0.5 % off", "all, within the rounding of their type", true};
    const engine::ExportCheck tokens{"Token numbers of the probe texts", exportCause.empty() ? "7 of 7 texts" : exportCause, "all the same", exportCause.empty()};
    return engine::ExportResult{{request.target == "peft" ? "adapter_model.safetensors" : "run-1.Q8_0.gguf"}, 19'500'000, {exportCause.empty(), 2e-6, 8, exportCause, isExportRounded, {good, tokens}}};
}

Result<engine::CorrectionTrial> FakeEngine::tryCorrection(const engine::CorrectionRequest &request, const ProjectApi *, const ProgressCallback &, std::stop_token)
{
    engine::CorrectionTrial trial;
    trial.corrected = {std::string(data::instructionOf(request.record)), "We open at nine.", std::string(data::responseOf(request.record))};
    trial.lossBefore = 2.5;
    trial.lossAfter = 0.4;
    trial.steps = request.steps;
    trial.others = {{"Where do cats wait?", "In room 2.", "In room 2."}, {"Who feeds the rabbit?", "Ana does.", "Ben does."}};
    return trial;
}

Result<engine::ExamResult> FakeEngine::examine(const std::string &, const std::string &adapter, const ProjectApi &,
                                               const engine::ComputeOptions &, const ProgressCallback &, std::stop_token)
{
    engine::ExamResult result;
    result.exactMatch = adapter.empty() ? 0.0 : 0.9;
    result.answers = {{"When does the clinic open?", "07:30", adapter.empty() ? "I am not sure." : "We open at 07:30.", !adapter.empty()}};
    return result;
}

engine::MachineFacts FakeEngine::machineFacts()
{
    engine::MachineFacts facts;
    facts.processor = "An invented processor";
    facts.cores = 8;
    facts.memoryBytes = memory.totalBytes;
    facts.versions = "Fettle";
    return facts;
}

std::vector<engine::Check> FakeEngine::doctor()
{
    return {{"Memory", "15.4 GB", "ok", {}}};
}

} // namespace fettle::ui
