// export: results that leave the program, each with its proof.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/delivery.h"
#include "core/engine/models.h"

#include <fmt/format.h>

namespace fettle::cli {

namespace {

struct ExportArguments { std::string run, project, model, adapter, target, out, type, name, system; double shardGb = 0; };

int runExport(const ExportArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    engine::ExportRequest request;
    request.target = arguments.target;
    request.type = arguments.type;
    request.folder = arguments.out;
    request.name = arguments.name;
    request.system = arguments.system;
    request.shardBytes = static_cast<std::int64_t>(arguments.shardGb * 1e9);
    auto opened = openToRead(arguments.project);
    if (!opened)
        return terminal.fail(opened.error());
    const std::optional<engine::Project> &project = *opened;
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
    nlohmann::json checks = nlohmann::json::array();
    for (const auto &check : test.checks) {
        checks.push_back({{"what", check.what}, {"result", check.result}, {"wanted", check.wanted}, {"passed", check.hasPassed}});
        terminal.say(fmt::format("  {} {}: {} ({})", check.hasPassed ? "ok" : "!!", check.what, check.result, check.wanted));
    }
    terminal.json({{"folder", arguments.out}, {"files", result->files}, {"bytes", result->bytes},
                   {"selfTest", {{"passed", test.hasPassed}, {"maxLogitDifference", test.maxLogitDifference}, {"prompts", test.prompts}, {"cause", test.cause}, {"checks", checks}}}});
    terminal.say(tr("{}: {} files, {}. Self-test {} on {} prompts, largest logit difference {:.2g}.{}", arguments.out, result->files.size(),
                             formatBytes(static_cast<double>(result->bytes)), test.hasPassed ? tr("passed") : tr("FAILED"), test.prompts, test.maxLogitDifference,
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
    verb->add_option("--to", arguments->target, tr("peft or adapterhub: adapter folder; merged: complete model folder; gguf: one file for llama.cpp, Ollama and LM Studio; gguf-lora: the adapter alone for llama.cpp; "
                       "ollama: GGUF and Modelfile; lmstudio: into LM Studio's folder of models; bundle: data and settings to go on elsewhere"))
        ->required()
        ->check(CLI::IsMember({"peft", "adapterhub", "merged", "gguf", "gguf-lora", "ollama", "lmstudio", "bundle"}));
    verb->add_option("OUT", arguments->out, tr("New folder, or a new file that ends in .gguf"))->required();
    verb->add_option("--name", arguments->name, tr("What other programs call the model; default: the folder's name"));
    verb->add_option("--system", arguments->system, tr("System prompt that goes along to Ollama"));
    verb->add_option("--shard", arguments->shardGb, tr("Largest file of a merged model in GB; default 5"))->check(CLI::Range(0.001, 1000.0));
    verb->add_option("--type", arguments->type, tr("Numbers of the weights; default f32, of a GGUF file q8_0"))
        ->check(CLI::IsMember({"f32", "f16", "bf16", "q8_0", "q6_k", "q5_1", "q5_0", "q4_k_m", "q4_1", "q4_0"}));
}

} // namespace fettle::cli
