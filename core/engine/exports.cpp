// Exports by the names that people type and choose. See delivery.h.
#include "core/base/words.h"
#include "core/engine/bundle.h"
#include "core/engine/delivery.h"
#include "core/engine/modelcard.h"
#include "core/engine/models.h"
#include "core/engine/tunedmodel.h"
#include "core/export/exporting.h"
#include "core/tune/adapterhubhooks.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;
using exporting::Outcome;

constexpr std::array kTargets = {"peft", "adapterhub", "merged", "gguf", "gguf-lora", "ollama", "lmstudio", "bundle"};

bool writesWeights(const std::string &target)
{
    return target != "peft" && target != "adapterhub" && target != "gguf-lora";
}

Result<> checkTarget(const ExportRequest &request, const TunedModel &tuned)
{
    if (writesWeights(request.target))
        return {};
    if (!tuned.adapter)
        return fail(ErrorCode::Usage, tr("The weights themselves were trained: there is no adapter to export."), tr("Export it as merged; the result is a model folder."));
    const auto bottleneck = std::dynamic_pointer_cast<tune::BottleneckAdapter>(tuned.adapter);
    if (request.target == "peft" && bottleneck)
        return fail(ErrorCode::Usage, tr("PEFT has no bottleneck adapters."), tr("Export it as adapterhub."));
    if (request.target == "adapterhub" && !bottleneck)
        return fail(ErrorCode::Usage, tr("Only bottleneck adapters are written in AdapterHub's form."), tr("Export it as peft."));
    if (const std::string why = bottleneck ? tune::whyNotInAdapterHub(tuned.weights->config, bottleneck->config().kind) : std::string(); !why.empty())
        return fail(ErrorCode::Usage, why, tr("Use the adapter here, or train LoRA or the double kind."));
    return {};
}

Result<exporting::MergedType> mergedType(const std::string &type)
{
    if (type.empty() || type == "f32")
        return exporting::MergedType::F32;
    if (type == "f16")
        return exporting::MergedType::F16;
    if (type == "bf16")
        return exporting::MergedType::Bf16;
    return fail(ErrorCode::Usage, tr("A merged model folder has no type \"{}\".", type), tr("Choose f32, f16 or bf16."));
}

Result<exporting::GgufForm> formOf(const std::string &type)
{
    if (type.empty())
        return exporting::GgufForm::Q8_0;
    if (const auto form = exporting::ggufForm(type))
        return *form;
    return fail(ErrorCode::Usage, tr("A GGUF file has no type \"{}\".", type), tr("Choose f32, f16, bf16, q8_0, q6_k, q5_1, q5_0, q4_k_m, q4_1 or q4_0."));
}

std::string modelName(const ExportRequest &request)
{
    return request.name.empty() ? request.folder.stem().string() : request.name;
}

Result<Outcome> exportGgufAt(const ExportRequest &request, exporting::Source source, const ProgressCallback &progress, std::stop_token stop)
{
    const auto form = formOf(request.type);
    if (!form)
        return passError(form);
    const std::string name = modelName(request);
    const fs::path file = request.folder.extension() == ".gguf" ? request.folder : request.folder / fmt::format("{}.{}.gguf", name, exporting::nameOf(*form));
    return exporting::exportGguf(std::move(source), *form, file, name, progress, stop);
}

Result<Outcome> write(const ExportRequest &request, exporting::Source source, const ProgressCallback &progress, std::stop_token stop)
{
    if (request.target == "gguf")
        return exportGgufAt(request, std::move(source), progress, stop);
    if (request.target == "gguf-lora") {
        const bool isFile = request.folder.extension() == ".gguf";
        return exporting::exportGgufLora(std::move(source), isFile ? request.folder : request.folder / (modelName(request) + ".lora.gguf"), progress, stop);
    }
    if (request.target == "ollama") {
        const auto form = formOf(request.type);
        if (!form)
            return passError(form);
        return exporting::exportOllama(std::move(source), *form, request.folder, modelName(request), request.system, progress, stop);
    }
    if (request.target == "lmstudio") { // its folder of models has publisher, model, file
        ExportRequest inside = request;
        inside.name = modelName(request);
        inside.folder = request.folder / "fettle" / inside.name;
        auto outcome = exportGgufAt(inside, std::move(source), progress, stop);
        for (std::size_t i = 0; outcome && i < outcome->files.size(); ++i)
            outcome->files[i] = "fettle/" + inside.name + "/" + outcome->files[i];
        return outcome;
    }
    if (request.target != "merged")
        return exporting::exportAdapterFolder(std::move(source), request.folder, progress, stop);
    const auto type = mergedType(request.type);
    if (!type)
        return passError(type);
    return exporting::exportMerged(std::move(source), *type, request.folder, progress, stop, request.shardBytes > 0 ? request.shardBytes : exporting::kShardBytes);
}

} // namespace

Result<ExportResult> exportAdapter(const ExportRequest &request, const Project *project, const ProgressCallback &progress, std::stop_token stop)
{
    if (std::find(kTargets.begin(), kTargets.end(), request.target) == kTargets.end())
        return fail(ErrorCode::Usage, tr("\"{}\" is no export.", request.target), tr("Choose peft, adapterhub, merged, gguf, gguf-lora, ollama, lmstudio or bundle."));
    if (request.target == "bundle")
        return exportBundle(request, project, progress, stop);
    const auto path = resolveModel(request.model);
    if (!path)
        return passError(path);
    // As the files hold them: what is exported is unpacked tensor by tensor.
    auto tuned = loadTuned(*path, request.adapter, project, progress, stop, {model::WeightStorage::File});
    if (!tuned)
        return passError(tuned);
    if (auto checked = checkTarget(request, *tuned); !checked)
        return passError(checked);
    exporting::Source source{tuned->path, std::move(tuned->weights), tuned->adapter, {}};
    if (auto card = modelCard(request, project))
        source.beside.emplace_back("README.md", *card);
    auto outcome = write(request, std::move(source), progress, stop);
    if (!outcome)
        return passError(outcome);
    const auto &test = outcome->selfTest;
    ExportResult result{outcome->files, outcome->bytes, {test.hasPassed, test.maxLogitDifference, test.prompts, test.cause, test.isRounded, {}}};
    for (const auto &check : test.checks)
        result.selfTest.checks.push_back({check.what, check.result, check.wanted, check.hasPassed});
    return result;
}

} // namespace fettle::engine
