// Layout of the cache: huggingface_hub, models--org--name/{refs/main,snapshots/<revision>}.
#include "core/engine/modelplaces.h"

#include "core/base/folders.h"
#include "core/engine/modelnames.h"
#include "core/io/gguf.h"

#include <algorithm>
#include <fstream>
#include <set>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

constexpr int kDepth = 3;
constexpr int kMostEntries = 20'000; // a library folder that is somebody's whole disk must not take minutes

bool isLaterPart(const std::string &stem)
{
    const auto part = io::ggufPart(stem);
    return part && part->number != 1;
}

class Finder {
public:
    explicit Finder(std::stop_token stop)
        : m_stop(std::move(stop))
    {
    }

    void search(const fs::path &folder, int depth)
    {
        if (isModelFolder(folder)) {
            add(folder, folder.filename().string());
            return;
        }
        for (const fs::path &path : entriesOf(folder)) {
            std::error_code error;
            const std::string name = path.filename().string();
            if (name.starts_with('.'))
                continue;
            if (fs::is_directory(path, error)) {
                if (const std::string hub = hubName(path); !hub.empty())
                    addCached(path, hub);
                else if (depth > 1)
                    search(path, depth - 1);
                else if (isModelFolder(path))
                    add(path, name);
            } else if (lowerCase(path.extension().string()) == ".gguf" && !isLaterPart(path.stem().string())) {
                add(path, nameWithoutQuantisation(path.stem().string()));
            }
        }
    }

    void searchCache(const fs::path &cache)
    {
        for (const fs::path &path : entriesOf(cache)) {
            if (const std::string hub = hubName(path); !hub.empty())
                addCached(path, hub);
        }
    }

    std::vector<ModelPlace> found;

private:
    std::vector<fs::path> entriesOf(const fs::path &folder)
    {
        std::vector<fs::path> paths;
        std::error_code error;
        for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end; !error && it != end;
             it.increment(error)) {
            if (m_stop.stop_requested() || ++m_seen > kMostEntries)
                break;
            paths.push_back(it->path());
        }
        std::sort(paths.begin(), paths.end());
        return paths;
    }

    void addCached(const fs::path &folder, const std::string &name)
    {
        const auto snapshot = hubSnapshot(folder);
        if (!snapshot)
            return;
        if (isModelFolder(*snapshot)) {
            add(*snapshot, name);
            return;
        }
        for (const fs::path &path : entriesOf(*snapshot)) {
            if (lowerCase(path.extension().string()) == ".gguf" && !isLaterPart(path.stem().string()))
                add(path, name + "/" + path.stem().string());
        }
    }

    void add(const fs::path &path, std::string name)
    {
        std::error_code error;
        const fs::path real = fs::canonical(path, error);
        if (!error && m_known.insert(real.string()).second)
            found.push_back({path, std::move(name)});
    }

    std::stop_token m_stop;
    std::set<std::string> m_known;
    int m_seen = 0;
};

} // namespace

fs::path hubCacheFolder()
{
    if (const auto cache = environment("HF_HUB_CACHE"))
        return expandHome(*cache);
    if (const auto home = environment("HF_HOME"))
        return expandHome(*home) / "hub";
    if (const auto cache = environment("XDG_CACHE_HOME"))
        return fs::path(*cache) / "huggingface" / "hub";
    return homeFolder() / ".cache" / "huggingface" / "hub";
}

std::string hubName(const fs::path &folder)
{
    constexpr std::string_view kPrefix = "models--";
    std::string name = folder.filename().string();
    if (!name.starts_with(kPrefix))
        return {};
    name.erase(0, kPrefix.size());
    if (const std::size_t border = name.find("--"); border != std::string::npos)
        name.replace(border, 2, "/");
    return name;
}

std::optional<fs::path> hubSnapshot(const fs::path &folder)
{
    std::error_code error;
    const fs::path snapshots = folder / "snapshots";
    std::string revision;
    if (std::ifstream reference(folder / "refs" / "main"); std::getline(reference, revision) && !revision.empty()
        && revision.find_first_of("/\\.") == std::string::npos && fs::is_directory(snapshots / revision, error))
        return snapshots / revision;
    std::optional<fs::path> newest;
    fs::file_time_type newestTime;
    for (fs::directory_iterator it(snapshots, error), end; !error && it != end; it.increment(error)) {
        std::error_code timeError;
        const auto time = fs::last_write_time(it->path(), timeError);
        if (!timeError && (!newest || time > newestTime)) {
            newest = it->path();
            newestTime = time;
        }
    }
    return newest;
}

bool isModelFolder(const fs::path &folder)
{
    std::error_code error;
    return fs::is_regular_file(folder / "config.json", error) && !fs::exists(folder / "adapter_config.json", error);
}

std::vector<ModelPlace> findModelPlaces(const std::vector<fs::path> &folders, std::stop_token stop)
{
    Finder finder(std::move(stop));
    for (const fs::path &folder : folders)
        finder.search(folder, kDepth);
    finder.searchCache(hubCacheFolder());
    return std::move(finder.found);
}

} // namespace fettle::engine
