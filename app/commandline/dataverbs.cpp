// new, import, snapshot: records on disk.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/project.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iostream>
#include <iterator>

namespace fettle::cli {

namespace {

Json toJson(const data::RejectedRow &row)
{
    return {{"row", row.row}, {"line", row.line}, {"field", row.field}, {"reason", row.reason}};
}

Json toJson(const data::ImportReport &report)
{
    Json rejected = Json::array(), notices = Json::array();
    for (const auto &row : report.rejected)
        rejected.push_back(toJson(row));
    for (const auto &notice : report.notices)
        notices.push_back({{"code", notice.code}, {"count", notice.count}, {"text", notice.text}});
    Json mapping = Json::object();
    for (const auto &[field, column] : report.mapping)
        mapping[field] = column;
    Json json = {{"format", report.format}, {"shape", report.shape}, {"encoding", report.encoding}, {"columns", report.columns},
                 {"mapping", mapping}, {"rowsInFile", report.rowsInFile}, {"accepted", report.accepted}, {"records", report.records},
                 {"rejected", rejected}, {"notices", notices}};
    Json speakers = Json::array();
    for (const data::SpeakerFacts &speaker : report.speakers)
        speakers.push_back({{"name", speaker.name}, {"role", speaker.role ? Json(data::nameOf(*speaker.role)) : Json()}, {"messages", speaker.messages}});
    if (!speakers.empty())
        json["speakers"] = speakers;
    if (report.isPacked)
        json["compression"] = "gzip";
    if (!report.sheet.empty())
        json["sheet"] = report.sheet;
    if (report.delimiter != '\0')
        json["delimiter"] = std::string(1, report.delimiter);
    if (!report.quote.empty())
        json["quote"] = report.quote;
    return json;
}

void say(const Terminal &terminal, const std::string &name, const data::ImportReport &report)
{
    terminal.say(tr("{}: {}{} ({}{}{}), {} {}, {} accepted, {} rejected", name, report.format, report.isPacked ? ", gzip" : "", report.shape, report.shape.empty() ? "" : ", ", report.encoding,
                             report.rowsInFile, report.rowsInFile == 1 ? "row" : "rows", report.accepted, report.rejected.size()));
    if (report.delimiter != '\0')
        terminal.say(tr("  separator: {}, quotation marks: {}", report.delimiter == '\t' ? std::string("tab") : std::string(1, report.delimiter), report.quote));
    if (report.records != report.accepted)
        terminal.say(tr("  {} records", report.records));
    std::vector<std::string> columns;
    for (const auto &[field, column] : report.mapping)
        columns.push_back(fmt::format("{} = \"{}\"", field, column));
    if (!columns.empty())
        terminal.say(tr("  columns: {}", fmt::join(columns, ", ")));
    for (const data::SpeakerFacts &speaker : report.speakers) {
        if (!speaker.role)
            terminal.say(tr("  the speaker \"{0}\" is not known ({1} messages); say who that is with --roles {0}=user", speaker.name, speaker.messages));
    }
    for (const auto &row : report.rejected)
        terminal.say(tr("  line {}{}: {}", row.line, row.field.empty() ? "" : fmt::format(", field \"{}\"", row.field), row.reason));
    for (const auto &notice : report.notices)
        terminal.say(tr("  note: {} ({})", notice.text, notice.count));
}

// instruction=COL,context=COL
Result<std::map<std::string, std::string>> parseMapping(const std::string &text)
{
    std::map<std::string, std::string> mapping;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string pair = text.substr(begin, end - begin);
        const std::size_t equals = pair.find('=');
        const std::string field = pair.substr(0, equals);
        if (equals == std::string::npos || equals + 1 == pair.size()
            || (field != "instruction" && field != "context" && field != "response" && field != "system" && field != "tags"))
            return fail(ErrorCode::Usage, tr("--map: \"{}\" is not FIELD=COLUMN.", pair), tr("Fields are instruction, context, response, system, tags."));
        mapping[field] = pair.substr(equals + 1);
        begin = end + 1;
    }
    return mapping;
}

// NAME=user,NAME=assistant
Result<std::map<std::string, data::Role>> parseRoles(const std::string &text)
{
    std::map<std::string, data::Role> roles;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string pair = text.substr(begin, end - begin);
        const std::size_t equals = pair.find('=');
        const std::string name = equals == std::string::npos ? "" : pair.substr(equals + 1);
        bool isKnown = false;
        for (const auto role : {data::Role::System, data::Role::User, data::Role::Assistant, data::Role::Tool}) {
            if (name != data::nameOf(role))
                continue;
            roles[pair.substr(0, equals)] = role;
            isKnown = true;
        }
        if (!isKnown)
            return fail(ErrorCode::Usage, tr("--roles: \"{}\" is not NAME=ROLE.", pair), tr("Roles are system, user, assistant, tool."));
        begin = end + 1;
    }
    return roles;
}

struct ImportArguments {
    std::vector<std::string> files;
    std::string project, format, map, roles, encoding, delimiter, quote, sheet;
    bool isDryRun = false;
};

int runImport(const ImportArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    data::ImportOptions options;
    options.format = arguments.format;
    options.encoding = arguments.encoding;
    options.sheet = arguments.sheet;
    options.quote = arguments.quote;
    if (!arguments.delimiter.empty())
        options.delimiter = arguments.delimiter == "\\t" || arguments.delimiter == "tab" ? '\t' : arguments.delimiter[0];
    auto mapping = parseMapping(arguments.map);
    if (!mapping)
        return terminal.fail(mapping.error());
    options.mapping = *mapping;
    auto roles = parseRoles(arguments.roles);
    if (!roles)
        return terminal.fail(roles.error());
    options.roles = *roles;
    if (arguments.project.empty() && !arguments.isDryRun)
        return terminal.fail({ErrorCode::Usage, tr("import needs --project P, or --dry-run to only look."), tr("fettle new P creates a project."), {}});

    std::optional<engine::Project> project;
    if (!arguments.isDryRun) {
        auto opened = engine::Project::open(arguments.project, engine::Access::ReadWrite);
        if (!opened)
            return terminal.fail(opened.error());
        project = std::move(*opened);
    }
    Json reports = Json::array();
    for (const std::string &file : arguments.files) {
        Result<data::ImportReport> report = fail(ErrorCode::Internal, "");
        if (file == "-" || arguments.isDryRun) {
            auto read = file == "-"
                ? data::readRecordsFromMemory(std::string(std::istreambuf_iterator<char>(std::cin), {}), tr("standard input"), options, {}, terminal.progressCallback(), context.stop)
                : data::readRecords(file, options, {}, terminal.progressCallback(), context.stop);
            if (!read)
                return terminal.fail(read.error());
            report = read->report;
            if (project) {
                auto added = project->addRecords(std::move(read->records), tr("Imported {} records from standard input", report->records));
                if (!added)
                    return terminal.fail(added.error());
            }
        } else {
            report = project->importFile(file, options, terminal.progressCallback(), context.stop);
        }
        terminal.endProgress();
        if (!report)
            return terminal.fail(report.error());
        say(terminal, file == "-" ? tr("standard input") : file, *report);
        Json json = toJson(*report);
        json["file"] = file;
        reports.push_back(json);
    }
    if (reports.size() == 1)
        terminal.json(reports[0]);
    else
        terminal.json({{"files", reports}});
    return 0;
}

// 80/10/10 or 90/10
Result<engine::SplitShares> parseShares(const std::string &text, std::uint64_t seed)
{
    std::vector<double> parts;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find('/', begin), text.size());
        try {
            std::size_t used = 0;
            parts.push_back(std::stod(text.substr(begin, end - begin), &used));
            if (used != end - begin || parts.back() < 0)
                parts.clear();
        } catch (const std::exception &) {
            parts.clear();
        }
        if (parts.empty())
            break;
        begin = end + 1;
    }
    double sum = 0;
    for (const double part : parts)
        sum += part;
    if (parts.size() < 2 || parts.size() > 3 || sum <= 0 || parts[0] <= 0)
        return fail(ErrorCode::Usage, tr("--split {} is not a split.", text), tr("Write the shares as train/held-out/test, for example 80/10/10."));
    return engine::SplitShares{parts[0] / sum, parts[1] / sum, parts.size() > 2 ? parts[2] / sum : 0.0, seed};
}

} // namespace

void addDataVerbs(Registry &registry)
{
    auto folder = std::make_shared<std::string>();
    CLI::App *create = registry.add("new", tr("Creates a project"), [folder](Context &context) {
        auto project = engine::Project::create(*folder);
        if (!project)
            return context.terminal.fail(project.error());
        context.terminal.say(tr("Created {}", project->folder().string()));
        context.terminal.json({{"project", project->folder().string()}});
        return 0;
    });
    create->add_option("P", *folder, tr("New folder of the project, for example clinic.fettle"))->required();

    auto arguments = std::make_shared<ImportArguments>();
    CLI::App *import = registry.add("import", tr("Reads records from JSON, JSONL, CSV, TSV, XLSX, Parquet or text files, packed with gzip or not"), [arguments](Context &context) { return runImport(*arguments, context); });
    import->add_option("FILE", arguments->files, tr("Files; - is standard input"))->required();
    import->add_option("--project", arguments->project, tr("The project that takes the records"));
    import->add_option("--format", arguments->format, tr("json, jsonl, csv, tsv, text, xlsx or parquet instead of what is recognised"))->check(CLI::IsMember({"json", "jsonl", "csv", "tsv", "text", "xlsx", "parquet"}));
    import->add_option("--map", arguments->map, tr("instruction=COL,context=COL,response=COL,system=COL,tags=COL"));
    import->add_option("--roles", arguments->roles, tr("Who the speakers of conversations are where their names are not known: student=user,teacher=assistant"));
    import->add_option("--encoding", arguments->encoding, tr("Encoding instead of the recognised one, for example windows-1252"));
    import->add_option("--delimiter", arguments->delimiter, tr("Delimiter of a CSV file; tab for a tab"));
    import->add_option("--quote", arguments->quote, tr("Quotation mark of a CSV file instead of the recognised one: double, single or none"))->check(CLI::IsMember({"double", "single", "none"}));
    import->add_option("--sheet", arguments->sheet, tr("Sheet of a workbook instead of the first that is not hidden"));
    import->add_flag("--dry-run", arguments->isDryRun, tr("Read and report only"));

    struct SnapshotArguments { std::string project, filter, split = "90/10"; std::uint64_t seed = 1207; std::int64_t back = 0; };
    auto snapshot = std::make_shared<SnapshotArguments>();
    CLI::App *freeze = registry.add("snapshot", tr("Freezes the records for training"), [snapshot](Context &context) {
        auto shares = parseShares(snapshot->split, snapshot->seed);
        if (!shares)
            return context.terminal.fail(shares.error());
        auto project = engine::Project::open(snapshot->project, engine::Access::ReadWrite);
        if (!project)
            return context.terminal.fail(project.error());
        if (snapshot->back > 0) {
            const auto records = project->backToSnapshot({snapshot->back}, context.terminal.progressCallback(), context.stop);
            if (!records)
                return context.terminal.fail(records.error());
            context.terminal.say(tr("The records are as in snapshot {} again; {} changed.", snapshot->back, *records));
            context.terminal.json({{"snapshot", snapshot->back}, {"changed", *records}});
            return 0;
        }
        engine::RecordFilter filter;
        filter.query = snapshot->filter;
        auto frozen = project->freezeSnapshot(filter, *shares);
        if (!frozen)
            return context.terminal.fail(frozen.error());
        context.terminal.say(tr("Snapshot {} ({}): {} rows, {} train, {} held out, {} test", frozen->id.value, frozen->hash.substr(0, 8), frozen->rows,
                                         frozen->train, frozen->heldOut, frozen->test));
        context.terminal.json({{"snapshot", frozen->hash}, {"number", frozen->id.value}, {"rows", frozen->rows},
                               {"splits", {{"train", frozen->train}, {"heldOut", frozen->heldOut}, {"test", frozen->test}}}});
        return 0;
    });
    freeze->add_option("--project", snapshot->project, tr("The project"))->required();
    freeze->add_option("--filter", snapshot->filter, tr("Which records, as in the search field: words, tag:dosage, status:approved, length<512, -split:test"));
    freeze->add_option("--split", snapshot->split, tr("Shares of train/held-out/test for records without a split"))->capture_default_str();
    freeze->add_option("--back", snapshot->back, tr("Go back to the snapshot of that number instead, as one step that undo takes back"))->check(CLI::PositiveNumber);
    freeze->add_option("--seed", snapshot->seed, tr("Seed of the split"))->capture_default_str();
}

} // namespace fettle::cli
