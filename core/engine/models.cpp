// From what a person types to a path, and the list of what is there. What a path holds is told by inspect.cpp.
#include "core/engine/models.h"

#include "core/base/clock.h"
#include "core/base/folders.h"
#include "core/base/resources.h"
#include "core/base/words.h"
#include "core/engine/modelnames.h"
#include "core/engine/modelplaces.h"
#include "core/io/gguf.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

// The only GGUF file of a folder that is no model folder itself; nothing when there are several (parts of one model count once).
std::optional<fs::path> onlyGguf(const fs::path &folder)
{
    std::error_code error;
    if (!fs::is_directory(folder, error) || fs::exists(folder / "config.json", error))
        return std::nullopt;
    std::optional<fs::path> only;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const auto part = io::ggufPart(it->path().stem().string());
        if (it->path().extension() != ".gguf" || (part && part->number != 1))
            continue;
        if (only)
            return std::nullopt;
        only = it->path();
    }
    return only;
}

// What a path that exists means: cache folders stand for their snapshot, files of a model for its folder, a folder around one GGUF for it.
fs::path meaningOf(const fs::path &given)
{
    std::error_code error;
    fs::path path = fs::absolute(given, error).lexically_normal();
    if (error)
        path = given;
    if (!path.has_filename()) // a trailing slash
        path = path.parent_path();
    if (!hubName(path).empty()) {
        if (const auto snapshot = hubSnapshot(path))
            path = *snapshot;
    }
    if (auto gguf = onlyGguf(path))
        return *std::move(gguf);
    const std::string name = path.filename().string();
    for (const char *part : {"config.json", "model.safetensors.index.json", "adapter_config.json", "tokenizer.json", "project.db"}) {
        if (name == part && !fs::is_directory(path, error))
            return path.parent_path();
    }
    return path;
}

// How well a name fits a place: 3 the file itself, 2 the full name, 1 the name without the publisher; 0 not at all. wanted: lower case.
int fitOf(const ModelPlace &place, const std::string &wanted)
{
    if (wanted == lowerCase(place.path.filename().string()) || wanted == lowerCase(place.path.stem().string()))
        return 3;
    const std::string name = lowerCase(place.name);
    if (wanted == name)
        return 2;
    // "publisher/model" or, for a GGUF in the cache, "publisher/model/file".
    const std::size_t first = name.find('/'), last = name.rfind('/');
    if (first == std::string::npos)
        return 0;
    if (wanted == name.substr(first + 1)
        || (last != first && (wanted == name.substr(0, last) || wanted == name.substr(first + 1, last - first - 1))))
        return 1;
    return 0;
}

std::int64_t sizeOf(const fs::path &path)
{
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return error ? 0 : static_cast<std::int64_t>(size);
}

Error notFound(const std::string &model, const std::vector<ModelPlace> &places)
{
    Error error{ErrorCode::NotFound, {}, {}};
    if (model.find('/') != std::string::npos || model.ends_with(".gguf") || model.ends_with(".safetensors"))
        error.message = tr("\"{}\" is neither a path nor a model on this computer.", model);
    else
        error.message = tr("There is no model \"{}\" on this computer.", model);
    if (places.empty()) {
        error.hint = tr("The model library is empty. Start app/run.sh once to fetch the default model, or give the path of a model folder or "
                     "GGUF file.");
        return error;
    }
    std::vector<std::string> names;
    for (const ModelPlace &place : places) {
        if (std::find(names.begin(), names.end(), place.name) == names.end())
            names.push_back(place.name);
    }
    const std::size_t shown = std::min<std::size_t>(names.size(), 10);
    error.hint = tr("Models that are there: {}{}. The path of a model folder or GGUF file does too.",
                             fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                             names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
    return error;
}

} // namespace

Result<fs::path> resolveModel(const std::string &model)
{
    if (model.empty())
        return fail(ErrorCode::Usage, tr("No model was named."), tr("Name one, for example \"{}\".", kDefaultModelName));
    std::error_code error;
    if (const fs::path path = expandHome(model); fs::exists(path, error))
        return meaningOf(path);
    // Folders that the user named come before those that Fettle knows by itself.
    const std::string wanted = lowerCase(model);
    const auto folders = modelsFolders();
    std::vector<ModelPlace> places;
    for (std::size_t i = 0; i <= folders.size(); ++i) {
        places = i < folders.size() ? findModelPlaces({folders[i]}) : findModelPlaces(folders);
        if (std::any_of(places.begin(), places.end(), [&](const ModelPlace &place) { return fitOf(place, wanted) > 0; }))
            break;
    }
    const ModelPlace *best = nullptr;
    int bestFit = 0;
    std::int64_t bestSize = -1;
    for (const ModelPlace &place : places) {
        const int fit = fitOf(place, wanted);
        // Of several ways of storing the same model the most exact one, which is the largest; folders (unquantised) before files.
        const std::int64_t size = fs::is_directory(place.path, error) ? INT64_MAX : sizeOf(place.path);
        if (fit > bestFit || (fit > 0 && fit == bestFit && size > bestSize)) {
            best = &place;
            bestFit = fit;
            bestSize = size;
        }
    }
    if (best == nullptr)
        return tl::unexpected(notFound(model, places));
    return best->path;
}

Result<std::vector<Inspection>> libraryModels(const std::vector<fs::path> &extraFolders, const ProgressCallback &progress,
                                              std::stop_token stop)
{
    std::vector<fs::path> folders = modelsFolders();
    folders.insert(folders.end(), extraFolders.begin(), extraFolders.end());
    const auto places = findModelPlaces(folders, stop);
    const auto stopped = [] { return fail(ErrorCode::Cancelled, tr("Looking for models was stopped.")); };
    if (stop.stop_requested())
        return stopped();
    std::vector<Inspection> models;
    Stopwatch sinceReport;
    for (const ModelPlace &place : places) {
        if (stop.stop_requested())
            return stopped();
        if (progress && (models.empty() || sinceReport.seconds() > 0.04)) {
            progress({tr("Looking at models"), static_cast<std::int64_t>(models.size()), static_cast<std::int64_t>(places.size()), -1});
            sinceReport.restart();
        }
        auto inspection = inspect(place.path);
        if (!inspection) {
            // A broken model is listed too: people should see why it does not appear among those that can be used.
            Inspection broken;
            broken.kind = place.path.extension() == ".gguf" ? "gguf" : "model";
            broken.path = place.path.string();
            broken.problems.push_back({inspection.error().message, inspection.error().hint});
            inspection = std::move(broken);
        }
        inspection->name = place.name;
        models.push_back(*std::move(inspection));
    }
    std::stable_sort(models.begin(), models.end(), [](const Inspection &a, const Inspection &b) {
        const std::string left = lowerCase(a.name), right = lowerCase(b.name);
        return std::pair(left != kDefaultModelName, left) < std::pair(right != kDefaultModelName, right);
    });
    return models;
}

} // namespace fettle::engine
