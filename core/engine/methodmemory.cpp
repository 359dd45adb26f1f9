// The figures lie in the user's cache folder under the hash of the weights: the same file elsewhere is not measured again, another one is.
#include "core/engine/methodmemory.h"

#include "core/base/folders.h"
#include "core/base/memory.h"
#include "core/base/version.h"
#include "core/base/words.h"
#include "core/engine/fit.h"
#include "core/engine/models.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kRowsOfThePreset = 500; // the preset's other settings hardly depend on it

train::Recipe measuredRecipe(std::string_view method)
{
    train::Recipe recipe = train::presetRecipe(train::Preset::Balanced, method, kRowsOfThePreset);
    recipe.values["maxLength"] = kMeasuredLength;
    recipe.values["rowsPerStep"] = kMeasuredRows;
    return recipe;
}

fs::path measuredFile() { return cacheFolder() / "method-memory.json"; }

// A convenience: whatever is wrong with it, it is measured anew.
nlohmann::json readMeasured()
{
    io::JsonLimits limits;
    limits.maxBytes = 16 << 20;
    auto cache = io::readJsonFile(measuredFile(), limits);
    return cache && cache->is_object() ? *std::move(cache) : nlohmann::json::object();
}

// Another version may need other memory, and so may another computer that shares the home folder.
std::string keyOf(const std::string &hash) { return fmt::format("{} {} {}", hash, version(), memoryFigures().totalBytes); }

void keepFigures(const std::string &key, const MethodMemory &measured)
{
    nlohmann::json cache = readMeasured();
    cache[key][measured.method] = {{"bytes", measured.bytes}, {"isExtrapolated", measured.isExtrapolated}, {"secondsPerStep", measured.secondsPerStep}};
    static_cast<void>(io::writeFileAtomically(measuredFile(), cache.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
}

void readFigures(const nlohmann::json &figures, MethodMemory &method)
{
    const auto found = figures.find(method.method);
    if (found == figures.end())
        return;
    method.bytes = std::max<std::int64_t>(0, io::jsonField<std::int64_t>(*found, "bytes", "", std::int64_t{0}).value_or(0));
    method.isExtrapolated = io::jsonField<bool>(*found, "isExtrapolated", "", false).value_or(false);
    method.secondsPerStep = std::max(0.0, io::jsonField<double>(*found, "secondsPerStep", "", 0.0).value_or(0));
}

Result<ModelMemory> possibleMethods(const fs::path &model)
{
    ModelMemory memory;
    memory.available = memoryFigures().availableBytes;
    for (const train::MethodInfo &method : train::methods()) {
        auto cost = methodCost(model.string(), measuredRecipe(method.key));
        if (!cost)
            return passError(cost);
        MethodMemory own;
        own.method = method.key;
        own.refusal = std::move(cost->refusal);
        memory.methods.push_back(std::move(own));
    }
    return memory;
}

} // namespace

Result<ModelMemory> knownMemory(const fs::path &model, std::stop_token stop)
{
    auto memory = possibleMethods(model);
    if (!memory)
        return memory;
    const nlohmann::json cache = readMeasured();
    if (cache.empty())
        return memory;
    auto hash = modelHash(model, stop);
    if (!hash)
        return passError(hash);
    if (const auto figures = cache.find(keyOf(*hash)); figures != cache.end() && figures->is_object())
        for (MethodMemory &method : memory->methods)
            readFigures(*figures, method);
    return memory;
}

Result<ModelMemory> measureMemory(const fs::path &model, const ProgressCallback &progress, std::stop_token stop)
{
    auto memory = possibleMethods(model);
    if (!memory)
        return memory;
    auto hash = modelHash(model, stop);
    if (!hash)
        return passError(hash);
    const auto total = std::ranges::count_if(memory->methods, [](const MethodMemory &method) { return !method.refusal; });
    std::int64_t done = 0;
    for (MethodMemory &method : memory->methods) {
        if (method.refusal)
            continue;
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Measuring was cancelled."));
        if (progress)
            progress({tr("Measuring {}", train::findMethod(method.method)->label), done, total, -1.0});
        FitRequest request;
        request.run.model = model.string();
        request.run.recipe = measuredRecipe(method.method);
        request.isAdvised = false;
        auto fit = measureFit(nullptr, request, {}, stop);
        if (!fit)
            return passError(fit);
        method.bytes = fit->bytes.total();
        method.isExtrapolated = fit->isExtrapolated;
        method.secondsPerStep = fit->secondsPerStep;
        keepFigures(keyOf(*hash), method);
        ++done;
    }
    memory->available = memoryFigures().availableBytes;
    return memory;
}

} // namespace fettle::engine
