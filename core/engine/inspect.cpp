// Says what a path is. Reads headers and small files only, never weights.
#include "core/base/words.h"
#include "core/engine/inspectparts.h"
#include "core/engine/modelplaces.h"
#include "core/engine/project.h"
#include "core/io/foreignfile.h"
#include "core/io/mappedfile.h"
#include "core/io/safetensors.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

Result<Inspection> inspectProject(const fs::path &folder)
{
    auto project = Project::open(folder, Access::ReadOnly);
    if (!project)
        return passError(project);
    Inspection inspection;
    inspection.kind = "project";
    inspection.path = folder.string();
    inspection.name = project->name();
    if (const auto counts = project->recordCounts())
        inspection.facts["records"] = std::to_string(counts->all);
    if (const auto snapshots = project->snapshots())
        inspection.facts["snapshots"] = std::to_string(snapshots->size());
    if (const auto runs = project->runs())
        inspection.facts["runs"] = std::to_string(runs->size());
    addFileSizes(inspection, {folder / "project.db"});
    return inspection;
}

Inspection inspectTokenizerFolder(const fs::path &folder)
{
    Inspection inspection;
    inspection.kind = "tokenizer";
    inspection.path = folder.string();
    inspection.name = folder.filename().string();
    inspection.licence = licenceOfFolder(folder);
    addTokenizer(inspection, folder);
    addFileSizes(inspection, {folder / "tokenizer.json"});
    addProblem(inspection,
               {ErrorCode::BadInput, tr("The folder holds a tokenizer without a model."),
                tr("Fetch config.json and the weights too if you want to train it.")});
    return inspection;
}

Result<Inspection> inspectSafetensors(const fs::path &path)
{
    auto opened = io::Safetensors::open(path);
    if (!opened)
        return passError(opened);
    Inspection inspection;
    inspection.kind = "safetensors";
    inspection.path = path.string();
    inspection.name = path.stem().string();
    addTensors(inspection, opened->tensors());
    addFileSizes(inspection, opened->files());
    for (const auto &[key, value] : opened->metadata()) {
        if (inspection.facts.size() < 40)
            inspection.facts["metadata " + key.substr(0, 60)] = value.substr(0, 200);
    }
    std::error_code error;
    const fs::path folder = fs::is_directory(path, error) ? path : path.parent_path();
    inspection.licence = licenceOfFolder(folder);
    if (isModelFolder(folder)) {
        addProblem(inspection,
                   {ErrorCode::BadInput, tr("This file holds the weights of a model."),
                    tr("Choose its folder \"{}\" to train it.", folder.string())});
    } else {
        addProblem(inspection,
                   {ErrorCode::BadInput,
                    tr("The file holds tensors but not what kind of model they belong to (there is no config.json beside it)."),
                    tr("Choose the folder of a whole model.")});
    }
    return inspection;
}

Result<Inspection> inspectFolder(const fs::path &folder)
{
    std::error_code error;
    const auto has = [&](const char *name) { return fs::exists(folder / name, error); };
    if (has("project.db"))
        return inspectProject(folder);
    if (has("adapter_config.json"))
        return inspectAdapter(folder);
    if (has("config.json"))
        return inspectModelFolder(folder);
    std::vector<fs::path> ggufs, safetensors, pickles;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const fs::path extension = it->path().extension();
        const auto part = io::ggufPart(it->path().stem().string());
        if (extension == ".gguf" && (!part || part->number == 1))
            ggufs.push_back(it->path());
        else if (extension == ".safetensors")
            safetensors.push_back(it->path());
        else if (io::hasPickleName(it->path()))
            pickles.push_back(it->path());
    }
    std::sort(ggufs.begin(), ggufs.end());
    if (ggufs.size() == 1)
        return inspectGguf(ggufs.front());
    if (!ggufs.empty()) {
        return fail(ErrorCode::BadInput, tr("\"{}\" holds {} GGUF files.", folder.string(), ggufs.size()),
                    tr("Choose one of them, for example \"{}\".", ggufs.front().filename().string()));
    }
    if (has("tokenizer.json") || has("tokenizer_config.json"))
        return inspectTokenizerFolder(folder);
    if (!safetensors.empty())
        return inspectSafetensors(folder);
    if (!pickles.empty())
        return tl::unexpected(io::pickleError(*std::min_element(pickles.begin(), pickles.end())));
    return fail(ErrorCode::BadInput, tr("\"{}\" is no model, adapter, tokenizer or project.", folder.string()),
                tr("Choose a folder with config.json, adapter_config.json, tokenizer.json or project.db, or a GGUF file."));
}

Result<Inspection> inspectFile(const fs::path &file)
{
    auto mapped = io::MappedFile::open(file);
    if (!mapped)
        return passError(mapped);
    // The content decides, not the name: broken and renamed files are told by the readers.
    const auto kind = io::foreignKind((*mapped)->bytes());
    const std::string extension = file.extension().string();
    if (kind == io::ForeignKind::Gguf || extension == ".gguf")
        return inspectGguf(file);
    if (kind == io::ForeignKind::Pickle || kind == io::ForeignKind::ZippedPickle || (io::hasPickleName(file) && !kind))
        return tl::unexpected(io::pickleError(file));
    if (kind == io::ForeignKind::Safetensors || kind == io::ForeignKind::LfsPointer || extension == ".safetensors")
        return inspectSafetensors(file);
    return fail(ErrorCode::BadInput, tr("\"{}\" is no model file.", file.string()),
                tr("Choose a .gguf or .safetensors file, or the folder of a model, adapter or project."));
}

} // namespace

Result<Inspection> inspect(const fs::path &path)
{
    std::error_code error;
    if (!fs::exists(path, error)) {
        return fail(ErrorCode::NotFound, tr("\"{}\" does not exist.", path.string()), tr("Check the spelling of the path."),
                    error ? error.message() : "");
    }
    if (fs::is_directory(path, error))
        return inspectFolder(path);
    const std::string name = path.filename().string();
    for (const char *part : {"config.json", "adapter_config.json", "tokenizer.json", "model.safetensors.index.json", "project.db"}) {
        if (name == part)
            return inspectFolder(path.parent_path());
    }
    return inspectFile(path);
}

} // namespace fettle::engine
