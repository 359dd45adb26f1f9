// The hub's list of a model's files with their sizes and hashes, and the cache of huggingface_hub:
//   models--org--name/blobs/HASH             the files by their content; HASH.incomplete while it comes
//                    /snapshots/REVISION/... names that point to them
//                    /refs/main              the revision; written last: what it names is complete
//                    /fettle-download-X.json what is being fetched, as long as it is not complete
#include "core/engine/webmodels.h"

#include "core/base/clock.h"
#include "core/base/folders.h"
#include "core/base/sha1.h"
#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/modelnames.h"
#include "core/engine/modelplaces.h"
#include "core/io/atomicfile.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/store/filelock.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLongestList = 16 << 20;
constexpr std::int64_t kLargestFile = std::int64_t{1} << 44; // all files of the longest list together do not overflow
constexpr std::int64_t kLargestSmallFile = 64 << 20; // of those that git holds itself
constexpr std::int64_t kRoomToSpare = 64 << 20;

struct HubFile {
    std::string name;
    std::int64_t bytes = 0;
    std::string hash; // SHA-256 of large files, git's name of small ones
    [[nodiscard]] bool isLarge() const { return hash.size() == 64; }
};
struct HubModel {
    std::string revision;
    std::vector<HubFile> files;
};

bool isHex(const std::string &text, std::size_t length)
{
    return text.size() == length && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// A name that stays inside its folder and is no trick.
bool isPlainName(const std::string &name)
{
    return !name.empty() && name.size() < 256 && name.front() != '.' && name.find_first_of("/\\") == std::string::npos && std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

bool isOrganisationOrName(const std::string &part)
{
    const auto isFine = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.'; };
    return !part.empty() && part.size() <= 96 && part.front() != '.' && part.front() != '-' && part.find("..") == std::string::npos && part.find("--") == std::string::npos && std::ranges::all_of(part, isFine);
}

std::string endpoint()
{
    std::string address = environment("HF_ENDPOINT").value_or("https://huggingface.co");
    while (address.ends_with('/'))
        address.pop_back();
    return address;
}

bool isOffline()
{
    const std::string value = lowerCase(environment("HF_HUB_OFFLINE").value_or("0"));
    return value == "1" || value == "true" || value == "yes" || value == "on";
}

Result<HubModel> listOf(const std::string &model, const io::WebOptions &web, const std::stop_token &stop)
{
    const std::string source = tr("The list of {}", model);
    auto text = io::fetchText(fmt::format("{}/api/models/{}/revision/main?blobs=true", endpoint(), model), web, kLongestList, stop);
    if (!text)
        return passError(text);
    auto json = io::parseJson(*text, source);
    if (!json)
        return passError(json);
    const auto broken = [&](std::string_view what) { return fail(ErrorCode::BadInput, tr("{} is damaged: {}.", source, what), tr("Try again later, or check HF_ENDPOINT.")); };
    HubModel found;
    found.revision = io::jsonField<std::string>(*json, "sha", source, std::string()).value_or("");
    const auto siblings = json->find("siblings");
    if (!isHex(found.revision, 40) || siblings == json->end() || !siblings->is_array())
        return broken(tr("it names no revision or no files"));
    for (const nlohmann::json &sibling : *siblings) {
        if (!sibling.is_object())
            return broken(tr("a file has no name"));
        HubFile file;
        file.name = io::jsonField<std::string>(sibling, "rfilename", source, std::string()).value_or("");
        if (!isPlainName(file.name)) // in a folder, or a trick: nothing that is needed
            continue;
        const auto large = sibling.find("lfs");
        const bool isLarge = large != sibling.end() && large->is_object();
        file.bytes = io::jsonField<std::int64_t>(isLarge ? *large : sibling, "size", source, std::int64_t{-1}).value_or(-1);
        file.hash = io::jsonField<std::string>(isLarge ? *large : sibling, isLarge ? "sha256" : "blobId", source, std::string()).value_or("");
        if (file.bytes < 0 || file.bytes > kLargestFile || !isHex(file.hash, isLarge ? 64 : 40))
            return broken(tr("{} has no size or no hash", file.name));
        found.files.push_back(std::move(file));
    }
    return found;
}

// Files of a GGUF by its name without the number of a part.
std::map<std::string, std::vector<HubFile>> ggufsOf(const HubModel &model)
{
    std::map<std::string, std::vector<HubFile>> files;
    for (const HubFile &file : model.files) {
        const fs::path path(file.name);
        if (lowerCase(path.extension().string()) != ".gguf" || lowerCase(file.name).find("mmproj") != std::string::npos)
            continue;
        const std::string stem = path.stem().string();
        const auto part = io::ggufPart(stem);
        files[part ? std::string(part->name) : stem].push_back(file);
    }
    return files;
}

Result<std::vector<HubFile>> chosenGguf(const HubModel &model, const HubName &wanted)
{
    const auto all = ggufsOf(model);
    std::vector<std::string> fitting;
    const std::string variant = lowerCase(wanted.variant);
    for (const auto &[stem, files] : all) {
        if (variant.empty() || lowerCase(stem) == variant || lowerCase(stem) + ".gguf" == variant || lowerCase(stem).ends_with("-" + variant) || lowerCase(stem).ends_with("." + variant))
            fitting.push_back(stem);
    }
    if (fitting.size() == 1)
        return all.at(fitting.front());
    std::vector<std::string> names;
    for (const auto &[stem, files] : all)
        names.push_back(stem);
    const std::string shown = fmt::format("{}{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(names.size(), 20)), ", "), names.size() > 20 ? ", ..." : "");
    return fail(ErrorCode::BadInput, fitting.empty() ? tr("{} has no GGUF file \"{}\".", wanted.model, wanted.variant) : tr("{} has {} GGUF files to choose from.", wanted.model, fitting.size()),
                tr("Write one behind a colon, such as {}:{}. There are: {}.", wanted.model, names.empty() ? "Q4_K_M" : names.front(), shown));
}

Result<std::vector<HubFile>> chosenFiles(const HubModel &model, const HubName &wanted)
{
    std::vector<HubFile> chosen;
    const auto has = [&](auto test) { return std::ranges::any_of(model.files, [&](const HubFile &file) { return test(file.name); }); };
    const bool hasSafetensors = has([](const std::string &name) { return name.starts_with("model") && name.ends_with(".safetensors"); });
    if (wanted.variant.empty() && hasSafetensors && has([](const std::string &name) { return name == "config.json"; })) {
        for (const HubFile &file : model.files) {
            if (isCompanionName(file.name) || (file.name.starts_with("model") && file.name.ends_with(".safetensors")))
                chosen.push_back(file);
        }
        return chosen;
    }
    if (!ggufsOf(model).empty() || !wanted.variant.empty()) {
        auto gguf = chosenGguf(model, wanted);
        if (!gguf)
            return gguf;
        for (const HubFile &file : model.files) {
            if (file.name == "README.md" || file.name.starts_with("LICENSE"))
                chosen.push_back(file);
        }
        chosen.insert(chosen.end(), gguf->begin(), gguf->end());
        return chosen;
    }
    const bool isPickled = has([](const std::string &name) { return name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".pth"); });
    return fail(ErrorCode::BadInput, isPickled ? tr("{} has pickled weights only, which can hold programs and are never opened.", wanted.model) : tr("{} has no weights that Fettle reads.", wanted.model),
                tr("Look for a version with safetensors or GGUF files."));
}

Result<std::string> hashOf(const fs::path &path, const HubFile &file, const std::stop_token &stop)
{
    std::ifstream stream(path, std::ios::binary);
    if (!file.isLarge()) {
        const std::string content((std::istreambuf_iterator<char>(stream)), {});
        return gitBlobName(content);
    }
    Sha256 hash;
    std::string buffer(1 << 20, '\0');
    while (stream) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The download was cancelled."));
        stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        hash.update(std::string_view(buffer).substr(0, static_cast<std::size_t>(stream.gcount())));
    }
    return hash.finishHex();
}

// The file under its hash, complete and checked.
Result<> fetchBlob(const fs::path &blobs, const HubFile &file, const std::string &url, const io::WebOptions &web, const std::function<void(std::int64_t)> &received, const std::stop_token &stop)
{
    if (!file.isLarge() && file.bytes > kLargestSmallFile)
        return fail(ErrorCode::BadInput, tr("{} is too large for a file without a SHA-256 ({} bytes).", file.name, countText(file.bytes)), tr("Fetch this model with another program."));
    const fs::path target = blobs / file.hash, partial = target.string() + ".incomplete";
    if (auto fetched = io::fetchFile(url, partial, file.bytes, web, received, stop); !fetched)
        return fetched;
    auto hash = hashOf(partial, file, stop);
    if (!hash)
        return passError(hash);
    std::error_code error;
    if (*hash != file.hash) {
        fs::remove(partial, error);
        return fail(ErrorCode::BadInput, tr("{} arrived damaged: its hash is not the one that the hub lists.", file.name), tr("It was thrown away. Try again; when it stays so, the hub's copy is damaged."),
                    fmt::format("{}, not {}", *hash, file.hash));
    }
    fs::rename(partial, target, error);
    if (error)
        return tl::unexpected<Error>(io::fileError(error.value(), "write", target));
    return io::syncFolder(blobs);
}

Result<> putName(const fs::path &snapshot, const HubFile &file)
{
    const fs::path name = snapshot / file.name;
    std::error_code error;
    fs::remove(name, error);
    fs::create_symlink(fs::path("../../blobs") / file.hash, name, error);
    if (error) // a disk without links
        fs::copy_file(snapshot.parent_path().parent_path() / "blobs" / file.hash, name, fs::copy_options::overwrite_existing, error);
    return error ? Result<>(tl::unexpected<Error>(io::fileError(error.value(), "write", name))) : Result<>();
}

fs::path rootOf(const std::string &model)
{
    std::string name = "models--" + model;
    name.replace(name.find('/'), 1, "--");
    return hubCacheFolder() / name;
}

std::int64_t sizeOf(const fs::path &path)
{
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return error ? 0 : static_cast<std::int64_t>(size);
}

std::string nameOf(const HubName &wanted) { return wanted.variant.empty() ? wanted.model : wanted.model + ":" + wanted.variant; }

constexpr std::string_view kNotePrefix = "fettle-download-";

fs::path noteOf(const HubName &wanted)
{
    return rootOf(wanted.model) / fmt::format("{}{}.json", kNotePrefix, sha256Hex(nameOf(wanted)).substr(0, 12));
}

Result<> writeNote(const HubName &wanted, const std::vector<HubFile> &files)
{
    nlohmann::json list = nlohmann::json::array();
    for (const HubFile &file : files)
        list.push_back({{"hash", file.hash}, {"bytes", file.bytes}});
    return io::writeFileAtomically(noteOf(wanted), nlohmann::json{{"wanted", nameOf(wanted)}, {"files", list}}.dump() + "\n");
}

std::int64_t presentOf(const fs::path &blobs, const HubFile &file)
{
    return std::min(file.bytes, std::max(sizeOf(blobs / file.hash), sizeOf(blobs / (file.hash + ".incomplete"))));
}

struct Note {
    HubName wanted;
    std::vector<HubFile> files;
};

// Nothing for a note that is damaged: it is no more than a help.
std::optional<Note> readNote(const fs::path &path)
{
    const auto json = io::readJsonFile(path, {kLongestList, 8});
    if (!json || !json->is_object())
        return std::nullopt;
    auto wanted = parseHubName(io::jsonField<std::string>(*json, "wanted", "", std::string()).value_or(""));
    const auto files = json->find("files");
    if (!wanted || noteOf(*wanted) != path || files == json->end() || !files->is_array())
        return std::nullopt;
    Note note{std::move(*wanted), {}};
    for (const nlohmann::json &entry : *files) {
        HubFile file{{}, io::jsonField<std::int64_t>(entry, "bytes", "", std::int64_t{-1}).value_or(-1), io::jsonField<std::string>(entry, "hash", "", std::string()).value_or("")};
        if (file.bytes < 0 || file.bytes > kLargestFile || (!isHex(file.hash, 64) && !isHex(file.hash, 40)))
            return std::nullopt;
        note.files.push_back(std::move(file));
    }
    return note;
}

} // namespace

Result<HubName> parseHubName(const std::string &text)
{
    std::string name = text;
    for (const std::string &prefix : {endpoint() + "/", std::string("https://huggingface.co/"), std::string("hf.co/")}) {
        if (name.starts_with(prefix))
            name.erase(0, prefix.size());
    }
    HubName wanted;
    if (const auto colon = name.find(':'); colon != std::string::npos) {
        wanted.variant = name.substr(colon + 1);
        name.resize(colon);
    }
    while (name.ends_with('/'))
        name.pop_back();
    const auto slash = name.find('/');
    const bool isName = slash != std::string::npos && isOrganisationOrName(name.substr(0, slash)) && isOrganisationOrName(name.substr(slash + 1));
    if (!isName || (!wanted.variant.empty() && !isPlainName(wanted.variant)))
        return fail(ErrorCode::Usage, tr("\"{}\" is not the name of a model on a hub.", text.substr(0, 100)), tr("Write it as publisher/model, such as HuggingFaceTB/SmolLM2-135M-Instruct, or publisher/model:Q4_K_M for one of its GGUF files."));
    wanted.model = std::move(name);
    return wanted;
}

Result<HubDownload> downloadModel(const std::string &text, const ProgressCallback &progress, std::stop_token stop, const io::WebOptions &options)
{
    auto wanted = parseHubName(text);
    if (!wanted)
        return passError(wanted);
    if (isOffline())
        return fail(ErrorCode::Usage, tr("Downloads are switched off (HF_HUB_OFFLINE)."), tr("Unset HF_HUB_OFFLINE to fetch a model."));
    if (const std::string address = endpoint(); !address.starts_with("https://") && !address.starts_with("http://"))
        return fail(ErrorCode::Usage, tr("HF_ENDPOINT is \"{}\", which is no address.", address.substr(0, 100)), tr("It begins with https://."));
    io::WebOptions web = options;
    if (web.token.empty())
        web.token = environment("HF_TOKEN").value_or("");
    if (progress)
        progress({tr("Asking for {}", wanted->model), 0, 0});
    auto model = listOf(wanted->model, web, stop);
    if (!model)
        return passError(model);
    auto files = chosenFiles(*model, *wanted);
    if (!files)
        return passError(files);

    const fs::path root = rootOf(wanted->model), blobs = root / "blobs", snapshot = root / "snapshots" / model->revision;
    for (const fs::path &folder : {blobs, snapshot, root / "refs"}) {
        if (auto created = io::createFolder(folder); !created)
            return passError(created);
    }
    auto lock = store::FileLock::take(root / kDownloadLock);
    if (!lock)
        return fail(ErrorCode::NoPermission, tr("{} is being downloaded by another Fettle already.", wanted->model), tr("Wait for it to end."), lock.error().message);
    std::int64_t total = 0, present = 0;
    for (const HubFile &file : *files) {
        total += file.bytes;
        present += presentOf(blobs, file);
    }
    if (const std::int64_t free = freeDiskBytes(root); free >= 0 && total - present + kRoomToSpare > free)
        return fail(ErrorCode::DiskFull, tr("{} needs {:.1f} GB more; the disk has {:.1f} GB free.", wanted->model, static_cast<double>(total - present) * 1e-9, static_cast<double>(free) * 1e-9),
                    tr("Free some room, or choose another folder with HF_HOME."));
    if (auto noted = writeNote(*wanted, *files); !noted)
        return passError(noted);
    const Stopwatch watch;
    Stopwatch sinceReport;
    std::int64_t done = 0; // of files that are complete
    for (const HubFile &file : *files) {
        const auto received = [&](std::int64_t bytes) {
            if (!progress || (sinceReport.seconds() < 0.04 && bytes < file.bytes))
                return;
            sinceReport.restart();
            const std::int64_t now = done + bytes, fetched = now - present;
            progress({tr("Fetching {}", file.name), now, total, fetched > 0 ? watch.seconds() / static_cast<double>(fetched) * static_cast<double>(total - now) : -1.0});
        };
        std::error_code error;
        if (!fs::exists(blobs / file.hash, error) || sizeOf(blobs / file.hash) != file.bytes) {
            const std::string url = fmt::format("{}/{}/resolve/{}/{}", endpoint(), wanted->model, model->revision, file.name);
            if (auto fetched = fetchBlob(blobs, file, url, web, received, stop); !fetched)
                return passError(fetched);
        }
        done += file.bytes;
        received(0);
    }
    for (const HubFile &file : *files) {
        if (auto named = putName(snapshot, file); !named)
            return passError(named);
    }
    if (auto written = io::writeFileAtomically(root / "refs" / "main", model->revision); !written)
        return passError(written);
    std::error_code ignored; // a note that stays tells of a download that has nothing left to do
    fs::remove(noteOf(*wanted), ignored);
    const auto gguf = std::ranges::find_if(*files, [](const HubFile &file) { return lowerCase(fs::path(file.name).extension().string()) == ".gguf"; }); // its first part
    return HubDownload{gguf == files->end() ? snapshot : snapshot / gguf->name, total, total - present};
}

std::vector<UnfinishedDownload> unfinishedDownloads()
{
    std::vector<UnfinishedDownload> found;
    std::error_code error, inner;
    for (fs::directory_iterator it(hubCacheFolder(), error), end; !error && it != end; it.increment(error)) {
        if (hubName(it->path()).empty())
            continue;
        for (fs::directory_iterator file(it->path(), inner); !inner && file != end; file.increment(inner)) {
            if (!file->path().filename().string().starts_with(kNotePrefix))
                continue;
            const auto note = readNote(file->path());
            if (!note)
                continue;
            UnfinishedDownload download{nameOf(note->wanted), 0, 0};
            for (const HubFile &part : note->files) {
                download.bytes += part.bytes;
                download.present += presentOf(it->path() / "blobs", part);
            }
            found.push_back(std::move(download));
        }
    }
    std::ranges::sort(found, {}, &UnfinishedDownload::wanted);
    return found;
}

Result<std::int64_t> discardDownload(const std::string &text)
{
    auto wanted = parseHubName(text);
    if (!wanted)
        return passError(wanted);
    const fs::path root = rootOf(wanted->model);
    const auto note = readNote(noteOf(*wanted));
    if (!note)
        return fail(ErrorCode::NotFound, tr("Nothing of {} has been downloaded.", text), tr("Look for models again."));
    auto lock = store::FileLock::take(root / kDownloadLock);
    if (!lock)
        return fail(ErrorCode::NoPermission, tr("{} is being downloaded.", text), tr("Cancel the download first."), lock.error().message);
    std::set<std::string> named; // contents that a complete model points to
    bool isEmpty = true;
    std::error_code error;
    for (fs::recursive_directory_iterator it(root / "snapshots", error), end; !error && it != end; it.increment(error)) {
        std::error_code none;
        isEmpty = isEmpty && fs::is_directory(it->symlink_status(none));
        if (const fs::path target = fs::read_symlink(it->path(), none); !none)
            named.insert(target.filename().string());
    }
    std::int64_t freed = 0;
    for (const HubFile &file : note->files) {
        for (const fs::path &blob : {root / "blobs" / file.hash, root / "blobs" / (file.hash + ".incomplete")}) {
            const std::int64_t bytes = sizeOf(blob);
            if (named.contains(blob.filename().string()) || !fs::remove(blob, error))
                continue;
            freed += bytes;
        }
    }
    fs::remove(noteOf(*wanted), error);
    if (isEmpty && std::ranges::none_of(unfinishedDownloads(), [&](const UnfinishedDownload &other) { return other.wanted == wanted->model || other.wanted.starts_with(wanted->model + ":"); }))
        fs::remove_all(root, error);
    return freed;
}

} // namespace fettle::engine
