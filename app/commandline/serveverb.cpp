// serve: an OpenAI-compatible service for one's own programs, on this computer only.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/models.h"
#include "core/engine/serve.h"

#include <fmt/format.h>
#include <mutex>

namespace fettle::cli {

namespace {

struct ServeArguments {
    std::string project;
    engine::ServeOptions options;
};

int runServe(const ServeArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    auto place = workplace(arguments.project, context);
    if (!place)
        return terminal.fail(place.error());
    engine::ServeOptions options = arguments.options;
    options.compute = place->compute;
    engine::ServeEvents events;
    events.started = [&](const engine::ServeAddress &address) {
        terminal.endProgress();
        terminal.jsonLine({{"event", "started"}, {"url", address.url}, {"token", address.token}, {"models", address.models}});
        std::string models;
        for (const auto &model : address.models)
            models += (models.empty() ? "" : ", ") + model;
        terminal.say(tr("Serving at {}\nAPI key: {}\nModels: {}\nCtrl+C ends it.", address.url, address.token, models));
        std::fflush(stdout);
    };
    std::mutex lines; // answers come from several threads
    events.answered = [&](const std::string &method, const std::string &path, int status) {
        const std::lock_guard lock(lines);
        terminal.note(fmt::format("{} {} {}", status, method, path));
    };
    auto served = engine::serve(options, place->projectOrNull(), events, terminal.progressCallback(), context.stop);
    terminal.endProgress();
    return served ? 0 : terminal.fail(served.error());
}

} // namespace

void addServeVerb(Registry &registry)
{
    auto arguments = std::make_shared<ServeArguments>();
    CLI::App *verb = registry.add("serve", tr("Lets your own programs ask the model: an OpenAI-compatible service on this computer only"), [arguments](Context &context) { return runServe(*arguments, context); });
    verb->add_option("--model", arguments->options.model, tr("Base model"))->default_val(engine::kDefaultModelName);
    verb->add_option("--adapter", arguments->options.adapter, tr("Adapter folder, or RUN[@STEP] with --project"))->capture_default_str();
    verb->add_option("--project", arguments->project, tr("Project of the run named by --adapter"));
    verb->add_option("--strength", arguments->options.strength, tr("Strength of the adapter"))->check(CLI::Range(0.0, 1.5))->capture_default_str();
    verb->add_option("--port", arguments->options.port, tr("Port; 0 = any free one"))->check(CLI::Range(0, 65535))->capture_default_str();
}

} // namespace fettle::cli
