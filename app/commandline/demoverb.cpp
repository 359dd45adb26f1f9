// demo: the main job on the sample project, in the terminal.
#include "app/commandline/commandline.h"
#include "core/base/folders.h"
#include "core/base/words.h"
#include "core/engine/sample.h"

#include <fmt/format.h>

namespace fettle::cli {

namespace {

Json toJson(const engine::ExamResult &exam)
{
    Json answers = Json::array();
    for (const auto &answer : exam.answers)
        answers.push_back({{"question", answer.question}, {"expected", answer.expected}, {"answer", answer.answer}, {"correct", answer.isCorrect}});
    return {{"exactMatch", exam.exactMatch}, {"answers", answers}};
}

std::string oneLine(std::string text, std::size_t longest)
{
    for (char &c : text)
        if (c == '\n' || c == '\r')
            c = ' ';
    if (text.size() > longest) {
        std::size_t end = longest;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
            --end;
        text = text.substr(0, end) + "...";
    }
    return text;
}

int runDemoVerb(const std::string &folder, Context &context)
{
    Terminal &terminal = context.terminal;
    auto compute = context.compute(Context::Work::Training);
    if (!compute)
        return terminal.fail(compute.error());
    auto result = engine::runDemo(folder, *compute, runEvents(context), terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!result)
        return terminal.fail(result.error());
    Json json = {{"event", "result"}, {"before", toJson(result->before)}, {"after", toJson(result->after)}, {"seconds", result->seconds},
                 {"run", result->run.id.value}, {"project", folder}, {"adapter", result->run.adapter}};
    terminal.jsonLine(json);
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < result->after.answers.size(); ++i) {
        const auto &after = result->after.answers[i];
        const std::string before = i < result->before.answers.size() ? result->before.answers[i].answer : "";
        rows.push_back({oneLine(after.question, 58), oneLine(before, 44), oneLine(after.answer, 60), after.isCorrect ? "right" : "wrong"});
    }
    terminal.say(formatTable({tr("question, never seen in training"), "before", "after", ""}, rows));
    terminal.say(tr("\nRight answers: {:.0f} % before, {:.0f} % after, in {}.\nThe project: {}", result->before.exactMatch * 100, result->after.exactMatch * 100,
                             formatDuration(result->seconds), folder));
    return 0;
}

} // namespace

void addDemoVerb(Registry &registry)
{
    auto folder = std::make_shared<std::string>();
    registry.add("demo", tr("Trains the sample project and shows the answers before and after"), [folder](Context &context) {
        return runDemoVerb(folder->empty() ? (dataFolder() / "demo.fettle").string() : *folder, context);
    })->add_option("P", *folder, tr("Folder of the sample project; made new"));
}

} // namespace fettle::cli
