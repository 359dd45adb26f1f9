#include "app/commandline/commandline.h"

#include "core/base/log.h"
#include "core/base/version.h"
#include "core/base/words.h"

#include <fmt/format.h>
#include <new>

namespace fettle::cli {

CLI::App *Registry::add(const std::string &name, const std::string &description, Action action)
{
    CLI::App *verb = app.add_subcommand(name, description);
    verb->add_flag("--json", common.isJson, tr("One JSON document on standard output (streams: one object for each line)"));
    verb->add_flag("-q,--quiet", common.isQuiet, tr("No progress, errors only"));
    verb->add_flag("-v,--verbose", common.verbosity, tr("More detail on standard error"));
    verb->add_option("--threads", common.threads, tr("Processor threads to use; 0 = all cores"))->check(CLI::Range(0, 1024));
    verb->add_option("--device", common.device, tr("What computes a training: cpu, or cuda[:N], a graphics card of NVIDIA"));
    verb->add_option("--compute", common.compute, tr("Type of number to compute with"))->check(CLI::IsMember({"fp32", "bf16", "fp16", "auto"}));
    verb->callback([this, action = std::move(action)] { chosen = action; });
    return verb;
}

Result<engine::ComputeOptions> Context::compute(Work work) const
{
    engine::ComputeOptions options;
    options.threads = common.threads;
    options.device = common.device;
    if (!common.device.empty() && common.device != "cpu" && work == Work::Answers)
        return fail(ErrorCode::Usage, tr("--device {} is for training only.", common.device), tr("Leave --device out: answers are computed by the processor."));
    if (common.compute == "fp16")
        return fail(ErrorCode::Usage, tr("--compute fp16: this version computes in fp32, or trains in bf16."), tr("Use --compute fp32, bf16 or auto."));
    if (common.compute == "bf16" && work == Work::Answers)
        return fail(ErrorCode::Usage, tr("--compute bf16 is for training only."), tr("Use --compute fp32 or auto."));
    options.compute = common.compute == "fp32" ? engine::ComputeType::Fp32 : common.compute == "bf16" ? engine::ComputeType::Bf16 : engine::ComputeType::Auto;
    return options;
}

int runCommandLine(int argc, char **argv)
{
    Common common;
    Terminal terminal(common);
    CLI::App app(tr("Fettle: fine-tune language models on your own machine. Without a verb it opens the window."), "fettle");
    app.set_version_flag("--version", std::string("Fettle ") + std::string(version()));
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);
    Registry registry{app, common, {}};
    addDemoVerb(registry);
    addDataVerbs(registry);
    addCurateVerbs(registry);
    addTextVerbs(registry);
    addModelVerbs(registry);
    addTrainVerbs(registry);
    addRunsVerb(registry);
    addAnswerVerbs(registry);
    addEvaluateVerb(registry);
    addDeliveryVerbs(registry);
    addBenchVerb(registry);
    addServeVerb(registry);
    addWhyVerb(registry);
    addDraftVerb(registry);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        // Help and version end with 0, everything else is a usage error.
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (common.verbosity > 0)
        setLogLevel(common.verbosity > 1 ? LogLevel::Debug : LogLevel::Info);
    Interrupts interrupts;
    Context context{common, terminal, interrupts.token()};
    try {
        return registry.chosen(context);
    } catch (const std::bad_alloc &) {
        return terminal.fail({ErrorCode::OutOfMemory, tr("There is not enough memory for this."), tr("Close other programs, or use a smaller model or shorter records."), {}});
    } catch (const std::exception &error) {
        return terminal.fail({ErrorCode::Internal, tr("Fettle met an error that it did not expect."), tr("Nothing that was saved is lost. Report it with the text after -v."), error.what()});
    }
}

Result<std::optional<engine::Project>> openToRead(const std::string &folder)
{
    if (folder.empty())
        return std::optional<engine::Project>();
    auto project = engine::Project::open(folder, engine::Access::ReadOnly);
    if (!project)
        return passError(project);
    return std::optional<engine::Project>(std::move(*project));
}

Result<Workplace> workplace(const std::string &project, const Context &context, Context::Work work)
{
    auto compute = context.compute(work);
    if (!compute)
        return passError(compute);
    auto opened = openToRead(project);
    if (!opened)
        return passError(opened);
    return Workplace{*compute, std::move(*opened)};
}

Result<RunId> parseRun(const std::string &text)
{
    // "3", "run3", "Run 3"
    const std::size_t digits = text.find_first_of("0123456789");
    if (digits == std::string::npos || text.find_first_not_of("0123456789", digits) != std::string::npos || text.size() - digits > 15)
        return fail(ErrorCode::Usage, tr("\"{}\" is not a run.", text), tr("Give the number that `fettle runs` lists, for example 3."));
    return RunId{std::stoll(text.substr(digits))};
}

Result<std::vector<data::Record>> readDataFile(const std::string &file, Context &context)
{
    auto result = data::readRecords(file, {}, {}, context.terminal.progressCallback(), context.stop);
    context.terminal.endProgress();
    if (!result)
        return passError(result);
    for (const auto &row : result->report.rejected)
        context.terminal.note(tr("{}, line {}{}: {}", file, row.line, row.field.empty() ? "" : fmt::format(", field \"{}\"", row.field), row.reason));
    if (result->records.empty())
        return fail(ErrorCode::BadInput, tr("{} holds no usable rows ({} rejected).", file, result->report.rejected.size()),
                    tr("Each row needs an instruction and a response; see the formats in the README."));
    return std::move(result->records);
}

} // namespace fettle::cli
