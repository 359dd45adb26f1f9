#include "core/engine/tunedmodel.h"

namespace fettle::engine {

Result<TunedModel> loadTuned(const std::filesystem::path &base, const std::string &adapter, const Project *project, const ProgressCallback &progress,
                             std::stop_token stop, const model::StorageChoice &choice)
{
    TunedModel tuned{base, nullptr, nullptr};
    std::filesystem::path folder; // of an adapter
    if (!adapter.empty() && adapter != "base") {
        auto found = resolveAdapter(adapter, project);
        if (!found)
            return passError(found);
        (found->isModel ? tuned.path : folder) = found->folder;
    }
    auto weights = model::loadWeights(tuned.path, progress, stop, choice);
    if (!weights)
        return passError(weights);
    tuned.weights = std::move(*weights);
    if (folder.empty())
        return tuned;
    auto loaded = tune::loadAdapter(folder, tuned.weights->config);
    if (!loaded)
        return passError(loaded);
    tuned.adapter = std::move(*loaded);
    return tuned;
}

} // namespace fettle::engine
