// export: results that leave the program, each with its proof.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/delivery.h"
#include "core/engine/models.h"

#include <fmt/format.h>

namespace fettle::cli {

namespace {

struct ExportArguments { std::string run, project, model, adapter, target, out, type = "f32"; };

int runExport(const ExportArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    engine::ExportRequest request;
    request.target = arguments.target;
    request.type = arguments.type;
    request.folder = arguments.out;
    std::optional<engine::Project> project;
    if (!arguments.project.empty()) {
        auto opened = engine::Project::open(arguments.project, engine::Access::ReadOnly);
        if (!opened)
            return terminal.fail(opened.error());
        project = std::move(*opened);
    }
    if (!arguments.run.empty()) {
        if (!project || !arguments.adapter.empty())
            return terminal.fail({ErrorCode::Usage, tr("--run needs --project P and no --adapter."), {}, {}});
        auto id = parseRun(arguments.run.substr(0, arguments.run.find('@')));
        if (!id)
            return terminal.fail(id.error());
        auto run = project->run(*id);
        if (!run)
            return terminal.fail(run.error());
        request.model = arguments.model.empty() ? run->modelPath : arguments.model;
        request.adapter = arguments.run;
    } else if (!arguments.adapter.empty()) {
        request.model = arguments.model.empty() ? engine::kDefaultModelName : arguments.model;
        request.adapter = arguments.adapter;
    } else {
        return terminal.fail({ErrorCode::Usage, tr("export needs --run R --project P, or --model M --adapter A."), {}, {}});
    }
    auto result = engine::exportAdapter(request, project ? &*project : nullptr, terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!result)
        return terminal.fail(result.error());
    const auto &test = result->selfTest;
    terminal.json({{"folder", arguments.out}, {"files", result->files}, {"bytes", result->bytes},
                   {"selfTest", {{"passed", test.hasPassed}, {"maxLogitDifference", test.maxLogitDifference}, {"prompts", test.prompts}, {"cause", test.cause}}}});
    terminal.say(tr("{}: {} files, {}. Self-test {} on {} prompts, largest logit difference {:.2g}.{}", arguments.out, result->files.size(),
                             formatBytes(static_cast<double>(result->bytes)), test.hasPassed ? "passed" : "FAILED", test.prompts, test.maxLogitDifference,
                             test.cause.empty() ? "" : " " + test.cause));
    return test.hasPassed ? 0 : exitCode(ErrorCode::Internal);
}

} // namespace

void addDeliveryVerbs(Registry &registry)
{
    auto arguments = std::make_shared<ExportArguments>();
    CLI::App *verb = registry.add("export", tr("Writes a result for other programs and proves it by reading it back"), [arguments](Context &context) { return runExport(*arguments, context); });
    verb->add_option("--run", arguments->run, tr("Run of the project: RUN or RUN@STEP"));
    verb->add_option("--project", arguments->project, tr("The project"));
    verb->add_option("--model", arguments->model, tr("Base model"));
    verb->add_option("--adapter", arguments->adapter, tr("Adapter folder"));
    verb->add_option("--to", arguments->target, tr("peft or adapterhub: adapter folder; merged: complete model folder"))->required()->check(CLI::IsMember({"peft", "adapterhub", "merged"}));
    verb->add_option("OUT", arguments->out, tr("New folder"))->required();
    verb->add_option("--type", arguments->type, tr("Numbers of a merged model"))->check(CLI::IsMember({"f32", "f16", "bf16"}))->capture_default_str();
}

} // namespace fettle::cli
