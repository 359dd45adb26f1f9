// draft: answers that a model proposes for records of a project, to be judged on the Data page.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/drafting.h"
#include "core/engine/models.h"

#include <fmt/format.h>

namespace fettle::cli {

namespace {

struct DraftArguments {
    std::string project, model, filter;
    engine::DraftWish wish;
    bool isAccepting = false;
};

struct Outcome {
    std::vector<RecordId> drafted;
    std::int64_t passedOver = 0;
};

Result<Outcome> draft(const DraftArguments &arguments, engine::Project &project, engine::Playground &playground, Context &context)
{
    engine::RecordFilter filter;
    filter.query = arguments.filter;
    const auto ids = project.recordIds(filter);
    if (!ids)
        return passError(ids);
    Outcome outcome;
    for (std::size_t i = 0; i < ids->size(); ++i) {
        if (const auto progress = context.terminal.progressCallback())
            progress({tr("Drafting answers"), static_cast<std::int64_t>(i), static_cast<std::int64_t>(ids->size())});
        const auto record = project.record((*ids)[i]);
        if (!record)
            return passError(record);
        auto turns = project.questionTurns(*record);
        if (!turns || (!arguments.wish.areAnswered && engine::hasAnswer(*record))) {
            ++outcome.passedOver;
            continue;
        }
        const auto answers = playground.generate(engine::draftRequest(arguments.wish, std::move(*turns)), &project, {}, context.stop);
        if (!answers)
            return passError(answers);
        const engine::ColumnResult &answer = answers->front();
        if (answer.finish == engine::FinishReason::Stopped)
            return fail(ErrorCode::Cancelled, tr("Drafting was cancelled."), tr("{} drafts are kept.", outcome.drafted.size()));
        if (auto kept = project.putDraft(record->id, engine::draftFrom(arguments.wish, answer)); !kept)
            return passError(kept);
        outcome.drafted.push_back(record->id);
    }
    return outcome;
}

int runDraft(DraftArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    const auto compute = context.compute();
    if (!compute)
        return terminal.fail(compute.error());
    auto project = engine::Project::open(arguments.project, engine::Access::ReadWrite);
    if (!project)
        return terminal.fail(project.error());
    auto playground = engine::Playground::open(arguments.model, *compute, terminal.progressCallback(), context.stop);
    if (!playground)
        return terminal.fail(playground.error());
    engine::DraftWish &wish = arguments.wish;
    wish.author = wish.adapter == "base" ? std::filesystem::path(arguments.model).filename().string() : tr("Run {}", wish.adapter);
    const auto outcome = draft(arguments, *project, **playground, context);
    terminal.endProgress();
    if (!outcome)
        return terminal.fail(outcome.error());
    std::int64_t accepted = 0;
    if (arguments.isAccepting) {
        const auto count = project->acceptDrafts(outcome->drafted);
        if (!count)
            return terminal.fail(count.error());
        accepted = *count;
    }
    Json records = Json::array();
    for (const RecordId id : outcome->drafted)
        records.push_back(id.value);
    terminal.json({{"drafted", outcome->drafted.size()}, {"passedOver", outcome->passedOver}, {"accepted", accepted}, {"records", records}});
    terminal.say(arguments.isAccepting ? tr("{} drafts written and accepted, {} records passed over", accepted, outcome->passedOver)
                                       : tr("{} drafts written, {} records passed over; judge them on the Data page", outcome->drafted.size(), outcome->passedOver));
    return 0;
}

} // namespace

void addDraftVerb(Registry &registry)
{
    auto arguments = std::make_shared<DraftArguments>();
    CLI::App *verb = registry.add("draft", tr("Has a model propose answers for records without one"), [arguments](Context &context) { return runDraft(*arguments, context); });
    verb->add_option("--project", arguments->project, tr("The project"))->required();
    verb->add_option("--model", arguments->model, tr("Base model"))->default_val(engine::kDefaultModelName);
    verb->add_option("--adapter", arguments->wish.adapter, tr("base, or RUN[@STEP] of the project"))->capture_default_str();
    verb->add_option("--filter", arguments->filter, tr("Which records, as in the search field: words, tag:dosage, status:new"));
    verb->add_option("--max-tokens", arguments->wish.maxTokens, tr("Longest answer"))->check(CLI::Range(1, 8192))->capture_default_str();
    verb->add_flag("--all", arguments->wish.areAnswered, tr("Records that have an answer too; their answers stay until a draft is accepted"));
    verb->add_flag("--accept", arguments->isAccepting, tr("Makes the drafts the answers at once, as one step that undo takes back"));
}

} // namespace fettle::cli
