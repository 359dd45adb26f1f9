#include "core/engine/runresult.h"

#include "core/io/atomicfile.h"
#include "core/io/mappedfile.h"
#include "core/train/checkpoint.h"

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

// Files of a checkpoint that make an adapter or a model: all but the optimiser's, the counters and the proof.
bool isResultFile(const fs::path &file)
{
    const std::string name = file.filename().string();
    return name != "optimizer.safetensors" && name != "state.json" && name != "manifest.json";
}

} // namespace

fs::path resultFolder(const fs::path &runFolder, std::string_view method)
{
    return runFolder / (method == "full" ? "model" : "adapter");
}

Result<fs::path> copyAsResult(const fs::path &checkpoint, const fs::path &runFolder, std::string_view method)
{
    if (auto verified = train::verifyCheckpoint(checkpoint); !verified)
        return passError(verified);
    const fs::path target = resultFolder(runFolder, method);
    const fs::path fresh = target.string() + ".new";
    std::error_code error;
    fs::remove_all(fresh, error);
    if (auto created = io::createFolder(fresh); !created)
        return passError(created);
    for (fs::directory_iterator entry(checkpoint, error), end; !error && entry != end; entry.increment(error)) {
        if (!entry->is_regular_file() || !isResultFile(entry->path()))
            continue;
        auto file = io::MappedFile::open(entry->path());
        if (!file)
            return passError(file);
        const auto bytes = (*file)->bytes();
        const std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
        if (auto written = io::writeFileAtomically(fresh / entry->path().filename(), text); !written)
            return passError(written);
    }
    if (!error) {
        fs::remove_all(target, error);
        fs::rename(fresh, target, error);
    }
    if (error)
        return tl::unexpected<Error>(io::fileError(error.value(), "write", target));
    if (auto synced = io::syncFolder(runFolder); !synced)
        return passError(synced);
    return target;
}

} // namespace fettle::engine
