// The cache of a hub keeps each content once, under its hash, and names that point to it: several revisions, and several GGUF files of one model, share
// a folder. Deleting one takes its names, and of the contents those that nothing else names.
#include "core/engine/modelfiles.h"

#include "core/base/folders.h"
#include "core/base/resources.h"
#include "core/base/words.h"
#include "core/engine/modelnames.h"
#include "core/engine/modelplaces.h"
#include "core/engine/webmodels.h"
#include "core/io/atomicfile.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/store/filelock.h"

#include <algorithm>
#include <optional>
#include <set>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLongestCard = 4 << 20;

fs::path realPath(const fs::path &path)
{
    std::error_code error;
    fs::path real = fs::weakly_canonical(path, error);
    return error ? path.lexically_normal() : real;
}

bool isInside(const fs::path &path, const fs::path &folder)
{
    const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return end == folder.end();
}

// The folder models--publisher--name around a model of the cache; nothing for others.
std::optional<fs::path> cacheRootOf(const fs::path &model)
{
    for (fs::path folder = model; folder.has_relative_path(); folder = folder.parent_path()) {
        if (folder.parent_path().filename() == "snapshots" && !hubName(folder.parent_path().parent_path()).empty())
            return folder.parent_path().parent_path();
    }
    return std::nullopt;
}

// What the disk gets back when this name goes: nothing for links and for contents with another name.
std::int64_t freedBy(const fs::path &file)
{
    std::error_code error;
    if (!fs::is_regular_file(fs::symlink_status(file, error)) || fs::hard_link_count(file, error) > 1)
        return 0;
    const auto size = fs::file_size(file, error);
    return error ? 0 : static_cast<std::int64_t>(size);
}

bool isWeightsName(const fs::path &name)
{
    const std::string extension = lowerCase(name.extension().string());
    return extension == ".safetensors" || extension == ".gguf";
}

bool isOfModelFolder(const std::string &name)
{
    return isCompanionName(name) || lowerCase(name).ends_with(".safetensors") || name.ends_with(".safetensors.index.json") || (name.starts_with("pytorch_model") && (name.ends_with(".bin") || name.ends_with(".index.json")));
}

// Whether a file is one of the parts of this GGUF.
bool isPartOf(const fs::path &file, const fs::path &gguf)
{
    if (file.filename() == gguf.filename())
        return true;
    const std::string stem = file.stem().string(), own = gguf.stem().string();
    const auto part = io::ggufPart(stem), first = io::ggufPart(own);
    return part && first && part->name == first->name && part->count == first->count && file.extension() == gguf.extension();
}

std::vector<fs::path> filesIn(const fs::path &folder)
{
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        files.push_back(it->path());
    std::ranges::sort(files);
    return files;
}

ModelRemoval wholeCacheFolder(const fs::path &root)
{
    ModelRemoval removal{root, {root}, 0, 0};
    std::error_code error;
    for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error))
        removal.bytes += it->path().filename() == kDownloadLock ? 0 : freedBy(it->path());
    return removal;
}

ModelRemoval cachedRemoval(const fs::path &root, const fs::path &model)
{
    std::error_code error;
    const bool isFolder = fs::is_directory(model, error);
    const fs::path snapshot = isFolder ? model : model.parent_path();
    std::vector<fs::path> own;
    std::set<fs::path> named; // contents that stay
    bool hasOtherWeights = false;
    for (const fs::path &revision : filesIn(root / "snapshots")) {
        for (const fs::path &file : filesIn(revision)) {
            if (revision.filename() == snapshot.filename() && (isFolder || isPartOf(file, model))) {
                own.push_back(file);
                continue;
            }
            named.insert(realPath(file));
            hasOtherWeights = hasOtherWeights || isWeightsName(file.filename());
        }
    }
    if (!hasOtherWeights)
        return wholeCacheFolder(root);
    ModelRemoval removal{model, own, 0, 0};
    for (const fs::path &file : own) {
        removal.bytes += freedBy(file);
        if (const fs::path content = realPath(file); fs::is_symlink(file, error) && isInside(content, realPath(root)) && named.insert(content).second) {
            removal.files.push_back(content);
            removal.bytes += freedBy(content);
        }
    }
    return removal;
}

ModelRemoval plainRemoval(const fs::path &model)
{
    std::error_code error;
    const bool isFolder = fs::is_directory(model, error);
    ModelRemoval removal{model, {}, 0, 0};
    for (const fs::path &file : filesIn(isFolder ? model : model.parent_path())) {
        if (isFolder ? !fs::is_directory(file, error) && isOfModelFolder(file.filename().string()) : isPartOf(file, model)) {
            removal.files.push_back(file);
            removal.bytes += freedBy(file);
        } else if (isFolder) {
            ++removal.others;
        }
    }
    return removal;
}

std::optional<Error> whyNotRemoved(const fs::path &model)
{
    const fs::path bundled = bundledModelsFolder();
    std::error_code error;
    const fs::path given = fs::absolute(model, error).lexically_normal();
    if (isInside(given, bundled.lexically_normal()) || isInside(realPath(model), realPath(bundled)))
        return Error{ErrorCode::Usage, tr("\"{}\" came with Fettle and stays.", model.filename().string()), tr("It goes when Fettle is removed."), {}};
    for (fs::path folder = realPath(model); folder.has_relative_path(); folder = folder.parent_path()) {
        if (fs::exists(folder / "project.db", error))
            return Error{ErrorCode::Usage, tr("\"{}\" belongs to the project \"{}\", whose runs need it.", model.filename().string(), folder.stem().string()),
                         tr("Throw the runs away on the Runs page, or delete the whole project."), {}};
    }
    return std::nullopt;
}

} // namespace

Result<ModelRemoval> planRemoval(const fs::path &model)
{
    std::error_code error;
    if (!fs::exists(fs::symlink_status(model, error)))
        return fail(ErrorCode::NotFound, tr("\"{}\" does not exist any more.", model.string()), tr("Look for models again."));
    if (auto reason = whyNotRemoved(model))
        return tl::unexpected<Error>(*std::move(reason));
    const auto root = cacheRootOf(model);
    ModelRemoval removal = root ? cachedRemoval(*root, model) : plainRemoval(model);
    if (removal.files.empty())
        return fail(ErrorCode::Usage, tr("\"{}\" holds no file of a model.", model.string()), tr("Delete it in the file manager."));
    return removal;
}

Result<std::int64_t> removeModel(const fs::path &model)
{
    const auto root = cacheRootOf(model);
    std::optional<store::FileLock> lock;
    if (root) {
        auto taken = store::FileLock::take(*root / kDownloadLock);
        if (!taken)
            return fail(ErrorCode::NoPermission, tr("\"{}\" is being downloaded.", hubName(*root)), tr("Cancel the download first."), taken.error().detail);
        lock = std::move(*taken);
    }
    auto removal = planRemoval(model);
    if (!removal)
        return passError(removal);
    // What makes it a model goes first: half a model is not found as one.
    std::ranges::stable_partition(removal->files, [](const fs::path &file) { return file.filename() == "config.json" || isWeightsName(file.filename()); });
    for (const fs::path &file : removal->files) {
        std::error_code error;
        fs::remove_all(file, error);
        if (error)
            return tl::unexpected<Error>(io::fileError(error.value(), "delete", file));
    }
    std::error_code ignored; // a folder that holds other files stays
    if (removal->files.front() != removal->place && fs::is_directory(model, ignored))
        fs::remove(model, ignored);
    return removal->bytes;
}

Result<std::string> readModelCard(const fs::path &model)
{
    std::error_code error;
    const bool isFolder = fs::is_directory(model, error);
    const fs::path file = (isFolder ? model : model.parent_path()) / "README.md";
    if (!fs::exists(file, error))
        return std::string();
    auto text = io::readTextFile(file, kLongestCard);
    if (!text)
        return text;
    const bool hasHead = text->starts_with("---\n") || text->starts_with("---\r\n");
    if (!isFolder && !hasHead && !cacheRootOf(model)) // a README of something else in a folder of many files
        return std::string();
    if (!hasHead)
        return text;
    const auto end = text->find("\n---", 3);
    const auto line = end == std::string::npos ? end : text->find('\n', end + 1);
    return line == std::string::npos ? *text : text->substr(line + 1);
}

} // namespace fettle::engine
