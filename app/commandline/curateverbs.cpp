// check, replace, export-data: what the Data page does to many records.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/autopsy.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/project.h"

#include <fmt/format.h>

namespace fettle::cli {

namespace {

std::optional<engine::RecordFlag> flagFrom(const std::string &name)
{
    for (int i = 0; i < data::kRecordFlags; ++i) {
        if (name == nameOf(static_cast<engine::RecordFlag>(i)))
            return static_cast<engine::RecordFlag>(i);
    }
    return std::nullopt;
}

struct CheckArguments {
    std::string project, model, fix;
    std::int64_t length = 0;
    bool isDryRun = false, hasAutopsy = false;
};

// Shows or does a change; the result of both has the same fields.
int runChange(engine::Project &project, const data::BulkChange &change, const std::vector<RecordId> &ids, bool isDryRun, Context &context)
{
    constexpr std::size_t kShown = 20;
    Terminal &terminal = context.terminal;
    const auto preview = project.previewChange(change, ids, kShown, terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!preview)
        return terminal.fail(preview.error());
    Json records = Json::array();
    for (const RecordId id : preview->changed)
        records.push_back(id.value);
    if (isDryRun) {
        for (const auto &[before, after] : preview->shown) {
            for (std::size_t i = 0; i < before.turns.size() && i < after.turns.size(); ++i) {
                if (before.turns[i].text != after.turns[i].text)
                    terminal.say(tr("record {}\n- {}\n+ {}", before.id.value, before.turns[i].text, after.turns[i].text));
            }
            if (before.status != after.status || before.split != after.split)
                terminal.say(tr("record {}: {} {} -> {} {}", before.id.value, nameOf(before.status), nameOf(before.split), nameOf(after.status), nameOf(after.split)));
        }
        terminal.say(tr("{} records would change.", preview->changed.size()));
    } else {
        const auto changed = project.applyChange(change, preview->changed, terminal.progressCallback(), context.stop);
        terminal.endProgress();
        if (!changed)
            return terminal.fail(changed.error());
        terminal.say(tr("{} records changed.", *changed));
    }
    terminal.json({{"changed", preview->changed.size()}, {"records", records}, {"isDryRun", isDryRun}});
    return 0;
}

int runCheck(const CheckArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    auto project = engine::Project::open(arguments.project, engine::Access::ReadWrite);
    if (!project)
        return terminal.fail(project.error());
    const auto flag = flagFrom(arguments.fix);
    if (!arguments.fix.empty() && !flag)
        return terminal.fail({ErrorCode::Usage, tr("--fix {}: there is no such finding.", arguments.fix), tr("`fettle check --project P` lists the findings."), {}});
    if (auto done = project->updateFindings(terminal.progressCallback(), context.stop); !done)
        return terminal.fail(done.error());
    if (arguments.length > 0 || !arguments.model.empty()) {
        const auto lens = engine::Lens::open(arguments.model.empty() ? std::string(engine::kDefaultModelName) : arguments.model);
        if (!lens)
            return terminal.fail(lens.error());
        if (auto done = engine::measureLengths(*project, **lens, arguments.length, terminal.progressCallback(), context.stop); !done)
            return terminal.fail(done.error());
    }
    std::optional<data::AutopsySummary> autopsy;
    if (arguments.hasAutopsy) {
        const auto compute = context.compute();
        if (!compute)
            return terminal.fail(compute.error());
        auto summary = engine::runAutopsy(*project, arguments.model.empty() ? std::string(engine::kDefaultModelName) : arguments.model, *compute,
                                          terminal.progressCallback(), context.stop);
        if (!summary)
            return terminal.fail(summary.error());
        autopsy = std::move(*summary);
    }
    terminal.endProgress();
    const auto idsOf = [&](engine::RecordFlag wanted) {
        engine::RecordFilter filter;
        filter.flag = wanted;
        return project->recordIds(filter);
    };
    if (flag) {
        const auto ids = idsOf(*flag);
        return ids ? runChange(*project, *flag, *ids, arguments.isDryRun, context) : terminal.fail(ids.error());
    }
    Json findings = Json::array();
    for (int i = 0; i < data::kRecordFlags; ++i) {
        const auto kind = static_cast<engine::RecordFlag>(i);
        const auto ids = idsOf(kind);
        if (!ids)
            return terminal.fail(ids.error());
        Json records = Json::array();
        for (const RecordId id : *ids)
            records.push_back(id.value);
        findings.push_back({{"kind", nameOf(kind)}, {"count", ids->size()}, {"records", records}, {"hasFix", data::hasFix(kind)}});
        terminal.say(fmt::format("{:<18} {:>8}", nameOf(kind), ids->size()));
    }
    Json result = {{"findings", findings}};
    if (autopsy) {
        terminal.say(tr("{} has read {} records; the middle one of their answers has a loss of {:.2f}.", autopsy->model, autopsy->measured, autopsy->middle));
        result["autopsy"] = {{"model", autopsy->model}, {"measured", autopsy->measured}, {"medianLoss", autopsy->middle}};
    }
    terminal.json(result);
    return 0;
}

struct ExportDataArguments { std::string project, file, format = "messages", filter; };

int runExportData(const ExportDataArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    const auto format = data::dataFormatFrom(arguments.format);
    if (!format)
        return terminal.fail({ErrorCode::Usage, tr("The format \"{}\" is not known.", arguments.format), tr("Use messages, prompt-completion, alpaca, sharegpt, csv or parquet."), {}});
    auto project = engine::Project::open(arguments.project, engine::Access::ReadOnly);
    if (!project)
        return terminal.fail(project.error());
    engine::RecordFilter filter;
    filter.query = arguments.filter;
    const auto ids = project->recordIds(filter);
    if (!ids)
        return terminal.fail(ids.error());
    const auto report = project->exportRecords(*ids, *format, arguments.file, terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!report)
        return terminal.fail(report.error());
    Json skipped = Json::array();
    for (const auto &[id, reason] : report->skipped) {
        skipped.push_back({{"record", id.value}, {"reason", reason}});
        terminal.note(tr("Left out record {}: {}.", id.value, reason));
    }
    terminal.say(tr("{}: {} rows, {} left out", arguments.file, report->rows, report->skipped.size()));
    terminal.json({{"rows", report->rows}, {"file", arguments.file}, {"format", arguments.format}, {"skipped", skipped}});
    return 0;
}

struct ReplaceArguments {
    std::string project, filter;
    data::Replacement replacement;
    bool isDryRun = false;
};

int runReplace(const ReplaceArguments &arguments, Context &context)
{
    auto project = engine::Project::open(arguments.project, engine::Access::ReadWrite);
    if (!project)
        return context.terminal.fail(project.error());
    engine::RecordFilter filter;
    filter.query = arguments.filter;
    const auto ids = project->recordIds(filter);
    return ids ? runChange(*project, arguments.replacement, *ids, arguments.isDryRun, context) : context.terminal.fail(ids.error());
}

} // namespace

void addCurateVerbs(Registry &registry)
{
    auto check = std::make_shared<CheckArguments>();
    CLI::App *verb = registry.add("check", tr("Looks for what spoils a training: duplicates, contradictions, leaks, personal data and more"), [check](Context &context) { return runCheck(*check, context); });
    verb->add_option("--project", check->project, tr("The project"))->required();
    verb->add_option("--model", check->model, tr("The model whose tokens count the length"));
    verb->add_option("--length", check->length, tr("Tokens that are trained on of each record; finds what is longer"))->check(CLI::Range(1, 10'000'000));
    verb->add_flag("--autopsy", check->hasAutopsy, tr("Has the base model read every record: finds what it knows already, what surprises it, and odd wording"));
    verb->add_option("--fix", check->fix, tr("Settles this finding, as one step that undo takes back: duplicate, personal-data, odd-encoding, boilerplate, leak, ..."));
    verb->add_flag("--dry-run", check->isDryRun, tr("With --fix: only shows what would change"));

    auto replace = std::make_shared<ReplaceArguments>();
    verb = registry.add("replace", tr("Replaces a text in many records, as one step that undo takes back"), [replace](Context &context) { return runReplace(*replace, context); });
    verb->add_option("FIND", replace->replacement.find, tr("The text that is looked for"))->required();
    verb->add_option("WITH", replace->replacement.with, tr("The text that is put in its place"))->required();
    verb->add_option("--project", replace->project, tr("The project"))->required();
    verb->add_option("--filter", replace->filter, tr("Which records, as in the search field"));
    verb->add_flag("--regex", replace->replacement.isRegex, tr("FIND is a regular expression; WITH may name its groups: $1"));
    verb->add_flag("--case", replace->replacement.isCaseSensitive, tr("Upper and lower case differ"));
    verb->add_flag("--words", replace->replacement.isWholeWords, tr("Whole words only"));
    verb->add_flag("--dry-run", replace->isDryRun, tr("Only shows what would change"));

    auto out = std::make_shared<ExportDataArguments>();
    verb = registry.add("export-data", tr("Writes records as JSONL, JSON, CSV or Parquet for other programs"), [out](Context &context) { return runExportData(*out, context); });
    verb->add_option("--project", out->project, tr("The project"))->required();
    verb->add_option("--to", out->file, tr("The file; an older one is replaced"))->required();
    verb->add_option("--format", out->format, tr("messages (JSONL), prompt-completion (JSONL), alpaca (JSON), sharegpt (JSON), csv or parquet"))->capture_default_str();
    verb->add_option("--filter", out->filter, tr("Which records, as in the search field: words, tag:dosage, status:approved"));
}

} // namespace fettle::cli
