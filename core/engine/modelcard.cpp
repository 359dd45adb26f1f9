#include "core/engine/modelcard.h"

#include "core/base/words.h"
#include "core/train/settings.h"

#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::engine {

namespace {

std::string dataSection(const RunInfo &run, const Project &project)
{
    const auto count = [&](data::Split split) {
        const auto records = project.snapshotRecords(run.snapshot, split);
        return records ? records->size() : 0;
    };
    return tr("## Data\n\n{} rows were learnt; {} were held out to measure progress, {} kept for a last test. The rows themselves are not part of this folder.\n\n",
              count(data::Split::Train), count(data::Split::HeldOut), count(data::Split::Test));
}

std::string settingsSection(const RunInfo &run)
{
    std::string text = tr("## Settings\n\nMethod `{}`; everything that differs from Fettle's defaults:\n\n| setting | value |\n| --- | --- |\n", run.method);
    const auto json = nlohmann::json::parse(run.recipeJson, nullptr, false);
    const auto recipe = json.is_discarded() ? Result<train::Recipe>(tl::unexpected(Error{})) : train::recipeFromJson(json);
    if (!recipe)
        return text + "\n";
    const auto plain = train::recipeToJson(train::Recipe{recipe->method, {}}), own = train::recipeToJson(*recipe);
    for (const auto &[key, value] : own.items()) {
        const bool isOther = !plain.contains(key) || plain[key] != value;
        if (isOther && value.is_primitive())
            text += fmt::format("| `{}` | {} |\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    return text + "\n";
}

std::string figuresSection(const RunInfo &run, const Project &project)
{
    std::string text = tr("## Figures\n\n- {} of {} steps, {:.2f} epochs, {} trained tokens\n", run.step, run.steps, run.epoch, run.trainedTokens);
    if (run.trainLoss)
        text += tr("- loss on what was learnt: {:.4f}\n", *run.trainLoss);
    if (const auto evals = project.evals(run.id); evals && !evals->empty())
        text += tr("- loss on held-out rows: {:.4f} at step {}, {:.4f} at step {}\n", evals->front().loss, evals->front().step, evals->back().loss, evals->back().step);
    else if (run.evalLoss)
        text += tr("- loss on held-out rows: {:.4f}\n", *run.evalLoss);
    return text + "\n";
}

} // namespace

std::optional<RunInfo> runBehind(const std::string &adapter, const Project *project)
{
    std::string_view digits = std::string_view(adapter).substr(0, adapter.find('@'));
    if (digits.starts_with("run") || digits.starts_with("Run"))
        digits.remove_prefix(digits.find_first_of("0123456789") == std::string_view::npos ? digits.size() : digits.find_first_of("0123456789"));
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (project == nullptr || error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    auto run = project->run(RunId{id});
    return run ? std::optional(*run) : std::nullopt;
}

std::optional<std::string> modelCard(const ExportRequest &request, const Project *project)
{
    const auto run = runBehind(request.adapter, project);
    if (!run)
        return std::nullopt;
    const std::string title = request.name.empty() ? run->name : request.name;
    // Quoted as JSON, which YAML reads too: names come from folders.
    std::string text = fmt::format("---\nbase_model: {}\nlibrary_name: {}\npipeline_tag: text-generation\ntags:\n- fettle\n- {}\n---\n\n# {}\n\n", nlohmann::json(run->modelName).dump(),
                                   request.target == "peft" ? "peft" : "transformers", run->method, title);
    text += tr("Made with Fettle from {} ({}), started {}.\n\nBase weights: `{}`\n\n", run->modelName, run->name, run->started, run->modelHash);
    text += dataSection(*run, *project) + settingsSection(*run) + figuresSection(*run, *project);
    text += tr("## Limits\n\nA tuned model repeats what it was taught, mistakes included. It is no source of truth.\n");
    return text;
}

} // namespace fettle::engine
