// The hash that names the weights of a model in runs and badges. Reading a large model takes seconds, so results are kept in a file in the
// user's cache folder, by path, size and time of change.
#include "core/base/folders.h"
#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/models.h"
#include "core/io/atomicfile.h"
#include "core/io/filedigest.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/io/safetensors.h"

#include <algorithm>
#include <fmt/format.h>
#include <mutex>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {


std::mutex g_cacheMutex;

fs::path cacheFile()
{
    return cacheFolder() / "model-hashes.json";
}

struct FileState {
    std::string path;
    std::int64_t size = 0;
    std::int64_t changed = 0; // nanoseconds; meaningful only for comparison
};

Result<FileState> stateOf(const fs::path &file)
{
    std::error_code error;
    FileState state;
    state.path = fs::canonical(file, error).string();
    if (error)
        return tl::unexpected(io::fileError(error.value(), "read", file));
    state.size = static_cast<std::int64_t>(fs::file_size(file, error));
    state.changed = static_cast<std::int64_t>(fs::last_write_time(file, error).time_since_epoch().count());
    if (error)
        return tl::unexpected(io::fileError(error.value(), "read", file));
    return state;
}

// The cache is a convenience: whatever is wrong with it, the hash is computed anew.
nlohmann::json readCache()
{
    io::JsonLimits limits;
    limits.maxBytes = 16 << 20;
    auto cache = io::readJsonFile(cacheFile(), limits);
    return cache && cache->is_object() ? *std::move(cache) : nlohmann::json::object();
}

std::string cachedHash(const FileState &state)
{
    const std::lock_guard lock(g_cacheMutex);
    const nlohmann::json cache = readCache();
    const auto found = cache.find(state.path);
    if (found == cache.end())
        return {};
    const auto size = io::jsonField<std::int64_t>(*found, "size", "cache");
    const auto changed = io::jsonField<std::int64_t>(*found, "changed", "cache");
    const auto hash = io::jsonField<std::string>(*found, "sha256", "cache");
    return size && changed && hash && *size == state.size && *changed == state.changed && hash->size() == 64 ? *hash : std::string();
}

void keepHash(const FileState &state, const std::string &hash)
{
    const std::lock_guard lock(g_cacheMutex);
    nlohmann::json cache = readCache();
    for (auto it = cache.begin(); it != cache.end();) { // forget files that are gone
        std::error_code error;
        it = fs::exists(it.key(), error) ? std::next(it) : cache.erase(it);
    }
    cache[state.path] = {{"size", state.size}, {"changed", state.changed}, {"sha256", hash}};
    static_cast<void>(io::writeFileAtomically(cacheFile(), cache.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
}

Result<std::string> hashOfFile(const fs::path &file, const std::stop_token &stop)
{
    auto before = stateOf(file);
    if (!before)
        return passError(before);
    if (std::string known = cachedHash(*before); !known.empty())
        return known;
    auto digest = io::digestOfFile(file, stop);
    if (!digest)
        return passError(digest);
    keepHash(*before, digest->sha256);
    return digest->sha256;
}

Result<std::vector<fs::path>> weightFiles(const fs::path &path)
{
    std::error_code error;
    if (fs::is_directory(path, error) || path.extension() == ".safetensors") {
        auto opened = io::Safetensors::open(path);
        if (!opened)
            return passError(opened);
        return opened->files();
    }
    if (path.extension() == ".gguf") {
        auto opened = io::Gguf::open(path);
        if (!opened)
            return passError(opened);
        return opened->files();
    }
    return std::vector{path};
}

} // namespace

Result<std::string> modelHash(const fs::path &path, std::stop_token stop)
{
    auto files = weightFiles(path);
    if (!files)
        return passError(files);
    std::sort(files->begin(), files->end());
    std::string lines;
    for (const fs::path &file : *files) {
        auto hash = hashOfFile(file, stop);
        if (!hash || files->size() == 1) // one file: its plain SHA-256, which people can compare with the publisher's
            return hash;
        lines += fmt::format("{}  {}\n", *hash, file.filename().string());
    }
    return sha256Hex(std::string_view(lines));
}

} // namespace fettle::engine
