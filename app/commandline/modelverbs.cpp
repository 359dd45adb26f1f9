// inspect, download, doctor: what a file is, what a hub has, what this machine offers.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/machine.h"
#include "core/engine/models.h"
#include "core/engine/webmodels.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fettle::cli {

namespace {

int runInspect(const std::string &path, Context &context)
{
    Terminal &terminal = context.terminal;
    auto resolved = engine::resolveModel(path);
    if (!resolved)
        return terminal.fail(resolved.error());
    auto inspection = engine::inspect(*resolved);
    if (!inspection)
        return terminal.fail(inspection.error());
    const auto &it = *inspection;
    Json problems = Json::array();
    for (const auto &problem : it.problems)
        problems.push_back({{"message", problem.message}, {"hint", problem.hint}});
    Json facts = Json::object();
    for (const auto &[name, value] : it.facts)
        facts[name] = value;
    terminal.json({{"kind", it.kind}, {"name", it.name}, {"path", it.path}, {"architecture", it.architecture}, {"parameters", it.parameters},
                   {"storage", it.storage}, {"tensors", it.tensors}, {"fileBytes", it.fileBytes}, {"context", it.context}, {"layers", it.layers},
                   {"width", it.width}, {"heads", it.heads}, {"keyValueHeads", it.keyValueHeads}, {"vocabulary", it.vocabulary},
                   {"tokenizer", it.tokenizer}, {"chatTemplate", it.hasChatTemplate}, {"licence", it.licence}, {"trainable", it.trainable}, {"refusedMethods", it.refusedMethods},
                   {"problems", problems}, {"facts", facts}});
    std::vector<std::vector<std::string>> rows = {{tr("what"), it.kind}, {tr("name"), it.name}};
    const auto add = [&rows](const std::string &name, const std::string &value) {
        if (!value.empty() && value != "0")
            rows.push_back({name, value});
    };
    add(tr("architecture"), it.architecture);
    add(tr("parameters"), it.parameters >= 1'000'000 ? tr("{:.1f} million", static_cast<double>(it.parameters) / 1e6) : std::to_string(it.parameters));
    add(tr("storage"), it.storage);
    add(tr("tensors"), it.tensors ? std::to_string(it.tensors) : "");
    add(tr("on disk"), it.fileBytes ? formatBytes(static_cast<double>(it.fileBytes)) : "");
    add(tr("context"), it.context ? tr("{} tokens", it.context) : "");
    add(tr("tokenizer"), it.tokenizer);
    if (it.kind == "model" || it.kind == "gguf") {
        add(tr("chat template"), it.hasChatTemplate ? tr("yes") : tr("none"));
        add(tr("can be trained"), !it.trainable ? tr("no") : it.refusedMethods.empty() ? tr("with every method") : tr("with every method but {}", fmt::join(it.refusedMethods, " and ")));
    }
    add(tr("licence"), it.licence);
    for (const auto &[name, value] : it.facts)
        rows.push_back({tr(name), value});
    terminal.say(it.path);
    std::size_t width = 14;
    for (const auto &row : rows)
        width = std::max(width, row[0].size());
    for (const auto &row : rows)
        terminal.say(fmt::format("  {:<{}}  {}", row[0], width, row[1]));
    for (const auto &problem : it.problems)
        terminal.say(fmt::format("  ! {} {}", problem.message, problem.hint));
    return 0;
}

int runDownload(const std::string &name, Context &context)
{
    Terminal &terminal = context.terminal;
    auto model = engine::downloadModel(name, terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!model)
        return terminal.fail(model.error());
    terminal.json({{"path", model->path.string()}, {"bytes", model->bytes}, {"fetched", model->fetched}});
    terminal.say(tr("{} ({}, {} of it fetched now)", model->path.string(), formatBytes(static_cast<double>(model->bytes)), formatBytes(static_cast<double>(model->fetched))));
    return 0;
}

int runDoctor(Context &context)
{
    Json checks = Json::array();
    for (const auto &check : engine::doctor()) {
        checks.push_back({{"name", check.name}, {"value", check.value}, {"state", check.state}, {"hint", check.hint}});
        context.terminal.say(fmt::format("  {:<9}{:<26}{}{}", check.state, check.name, check.value, check.hint.empty() ? "" : "  (" + check.hint + ")"));
    }
    context.terminal.json({{"checks", checks}});
    return 0;
}

} // namespace

void addModelVerbs(Registry &registry)
{
    auto path = std::make_shared<std::string>();
    registry.add("inspect", tr("Says what a model, adapter, file or project is, and whether it can be trained"), [path](Context &context) { return runInspect(*path, context); })
        ->add_option("PATH", *path, tr("Folder, file or model name"))->required();
    auto name = std::make_shared<std::string>();
    registry.add("download", tr("Fetches a model from a hub into the local cache, checked; goes on where an earlier try ended (HF_ENDPOINT, HF_HOME and HF_TOKEN are honoured)"),
                 [name](Context &context) { return runDownload(*name, context); })
        ->add_option("NAME", *name, tr("publisher/model, or publisher/model:Q4_K_M for one of its GGUF files"))->required();
    registry.add("doctor", tr("Says what this machine offers"), [](Context &context) { return runDoctor(context); });
}

} // namespace fettle::cli
