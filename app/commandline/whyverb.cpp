// why: the training rows of a run that the model finds most like a question and its answer.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/models.h"
#include "core/engine/playground.h"

#include <fmt/format.h>

namespace fettle::cli {

namespace {

struct WhyArguments {
    std::string model, adapter, project, prompt, answer, system;
    std::size_t count = 8;
};

int runWhy(const WhyArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    auto place = workplace(arguments.project, context);
    if (!place)
        return terminal.fail(place.error());
    auto playground = engine::Playground::open(arguments.model, place->compute, terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!playground)
        return terminal.fail(playground.error());
    data::Record asked;
    if (!arguments.system.empty())
        asked.turns.push_back({data::Role::System, arguments.system, {}});
    asked.turns.push_back({data::Role::User, arguments.prompt, {}});
    std::string answer = arguments.answer;
    if (answer.empty()) { // what it says by itself
        engine::GenerateRequest request;
        request.columns = {{arguments.adapter, 1.0}};
        request.conversation = asked.turns;
        request.sampling.greedy = true;
        auto answers = (*playground)->generate(request, place->projectOrNull(), {}, context.stop);
        if (!answers)
            return terminal.fail(answers.error());
        answer = answers->front().text;
    }
    asked.turns.push_back({data::Role::Assistant, answer, {}});
    auto rows = (*playground)->nearestRows(arguments.adapter, asked, *place->project, arguments.count, context.stop);
    if (!rows && rows.error().code == ErrorCode::NotFound) { // no index yet, or an old one
        auto indexed = (*playground)->indexRows(arguments.adapter, *place->project, terminal.progressCallback(), context.stop);
        terminal.endProgress();
        if (!indexed)
            return terminal.fail(indexed.error());
        rows = (*playground)->nearestRows(arguments.adapter, asked, *place->project, arguments.count, context.stop);
    }
    if (!rows)
        return terminal.fail(rows.error());
    Json list = Json::array();
    terminal.say(tr("Answer: {}", answer));
    for (const auto &row : *rows) {
        list.push_back({{"record", row.record.value}, {"similarity", row.similarity}, {"question", row.question}, {"answer", row.answer}, {"changed", row.isChanged}});
        terminal.say(fmt::format("{:3.0f} %  {}  {} -> {}", 100 * row.similarity, row.record.value, row.question, row.answer));
    }
    terminal.json({{"answer", answer}, {"rows", list}});
    return 0;
}

} // namespace

void addWhyVerb(Registry &registry)
{
    auto arguments = std::make_shared<WhyArguments>();
    CLI::App *verb = registry.add("why", tr("The training rows that are most like a question and its answer"), [arguments](Context &context) { return runWhy(*arguments, context); });
    verb->add_option("--model", arguments->model, tr("Base model"))->default_val(engine::kDefaultModelName);
    verb->add_option("--adapter", arguments->adapter, tr("RUN[@STEP] of the project"))->required();
    verb->add_option("--project", arguments->project, tr("Project of the run"))->required();
    verb->add_option("--prompt", arguments->prompt, tr("The question"))->required();
    verb->add_option("--answer", arguments->answer, tr("The answer; without it, what the run answers"));
    verb->add_option("--system", arguments->system, tr("System prompt"));
    verb->add_option("--count", arguments->count, tr("How many rows"))->check(CLI::Range(1, 1000))->capture_default_str();
}

} // namespace fettle::cli
