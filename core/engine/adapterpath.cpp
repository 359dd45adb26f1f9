#include "core/engine/adapterpath.h"

#include "core/base/folders.h"
#include "core/base/words.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace fettle::engine {

namespace {

std::optional<std::int64_t> number(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0)
        return {};
    return value;
}

// A folder with the config of a model and none of an adapter.
bool holdsModel(const std::filesystem::path &folder)
{
    std::error_code error;
    return std::filesystem::exists(folder / "config.json", error) && !std::filesystem::exists(folder / "adapter_config.json", error);
}

struct RunStep {
    RunId run;
    std::optional<std::int64_t> step;
};

// "3", "run3", "Run 3", each with @STEP or without.
std::optional<RunStep> parseRunStep(std::string_view text)
{
    const std::size_t at = text.find('@');
    std::string_view run = text.substr(0, at);
    if (run.starts_with("run") || run.starts_with("Run"))
        run.remove_prefix(run.size() > 3 && run[3] == ' ' ? 4 : 3);
    const auto id = number(run);
    if (!id || *id == 0)
        return {};
    if (at == std::string_view::npos)
        return RunStep{RunId{*id}, {}};
    const auto step = number(text.substr(at + 1));
    if (!step)
        return {};
    return RunStep{RunId{*id}, step};
}

Result<AdapterPath> checkpointOf(const Project &project, const RunInfo &run, std::int64_t step)
{
    auto checkpoints = project.checkpoints(run.id);
    if (!checkpoints)
        return passError(checkpoints);
    std::string present;
    for (const CheckpointInfo &checkpoint : *checkpoints) {
        if (checkpoint.step == step)
            return AdapterPath{checkpoint.path, tr("{}, step {}", run.name, step), step, holdsModel(checkpoint.path)};
        present += fmt::format("{}{}", present.empty() ? "" : ", ", checkpoint.step);
    }
    return fail(ErrorCode::NotFound, tr("{} has no checkpoint at step {}.", run.name, step),
                present.empty() ? tr("The run has kept no checkpoint.") : tr("Its checkpoints are at the steps {}.", present));
}

} // namespace

Result<AdapterPath> resolveAdapter(const std::string &adapter, const Project *project)
{
    const std::filesystem::path folder = expandHome(adapter);
    std::error_code error;
    if (std::filesystem::exists(folder / "adapter_config.json", error) || holdsModel(folder))
        return AdapterPath{folder, std::filesystem::absolute(folder, error).lexically_normal().filename().string(), 0, holdsModel(folder)};
    const auto wanted = parseRunStep(adapter);
    if (!wanted || project == nullptr)
        return fail(ErrorCode::NotFound, tr("There is no adapter \"{}\".", adapter),
                    wanted ? tr("To use a run, name its project with --project.") : tr("Name the folder of an adapter or of a trained model, or a run of the project."));
    auto run = project->run(wanted->run);
    if (!run)
        return passError(run);
    if (wanted->step)
        return checkpointOf(*project, *run, *wanted->step);
    if (!run->adapter.empty())
        return AdapterPath{run->adapter, run->name, run->step, holdsModel(run->adapter)};
    // No result yet (paused, interrupted): the newest checkpoint stands for it.
    auto checkpoints = project->checkpoints(run->id);
    if (!checkpoints)
        return passError(checkpoints);
    if (checkpoints->empty())
        return fail(ErrorCode::NotFound, tr("{} has no result and no checkpoint yet.", run->name), tr("Let it train until its first checkpoint."));
    return checkpointOf(*project, *run, checkpoints->back().step);
}

} // namespace fettle::engine
