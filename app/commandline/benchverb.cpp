// bench: figures of this machine.
#include "app/commandline/commandline.h"
#include "core/base/clock.h"
#include "core/base/folders.h"
#include "core/base/words.h"
#include "core/engine/benchmark.h"
#include "core/engine/machine.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

namespace fettle::cli {

namespace {

// From starting this program anew until its window has painted once; the best of three starts, as a person's second start finds the files in
// memory. The window opens the project that it opened last, as always.
Result<engine::Figure> windowFigure()
{
    std::string program;
    for (const char letter : executablePath().string())
        program += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    const bool hasDisplay = environment("DISPLAY") || environment("WAYLAND_DISPLAY");
    const std::string command = fmt::format("{}'{}' --until-shown 2>/dev/null", hasDisplay ? "" : "QT_QPA_PLATFORM=offscreen ", program);
    double best = -1;
    for (int i = 0; i < 3; ++i) {
        const Stopwatch watch;
        std::FILE *output = popen(command.c_str(), "r");
        char line[64] = "";
        const bool isShown = output && std::fgets(line, sizeof(line), output) && std::string_view(line).starts_with("shown");
        const double seconds = watch.seconds();
        if (output)
            pclose(output);
        if (!isShown)
            return fail(ErrorCode::NotFound, tr("The window did not come up."), tr("Start fettle without a verb to see why."));
        best = best < 0 ? seconds : std::min(best, seconds);
    }
    return engine::Figure{best, "s", hasDisplay ? tr("from the start of the program to its window on screen") : tr("from the start of the program to its first frame, without a display")};
}

} // namespace

void addBenchVerb(Registry &registry)
{
    auto request = std::make_shared<engine::BenchmarkRequest>();
    CLI::App *verb = registry.add("bench", tr("Measures this machine"), [request](Context &context) {
        Terminal &terminal = context.terminal;
        auto compute = context.compute(request->what == "train" ? Context::Work::Training : Context::Work::Answers);
        if (!compute)
            return terminal.fail(compute.error());
        request->compute = *compute;
        const bool isWindow = request->what == "window";
        auto figures = isWindow ? Result<engine::Figures>(engine::Figures{}) : engine::runBenchmark(*request, terminal.progressCallback(), context.stop);
        terminal.endProgress();
        if (figures && (isWindow || request->what == "all")) {
            if (auto window = windowFigure())
                (*figures)["window.seconds"] = *window;
            else if (isWindow)
                return terminal.fail(window.error());
        }
        if (!figures)
            return terminal.fail(figures.error());
        Json json = Json::object();
        std::vector<std::vector<std::string>> rows;
        for (const auto &[name, figure] : *figures) {
            json[name] = {{"value", figure.value}, {"unit", figure.unit}, {"text", figure.text}};
            rows.push_back({name, figure.unit.starts_with("bytes") ? formatBytes(figure.value) + figure.unit.substr(5) : fmt::format("{:.4g} {}", figure.value, figure.unit), figure.text});
        }
        const auto facts = engine::machineFacts();
        terminal.json({{"machine", {{"processor", facts.processor}, {"cores", facts.cores}, {"instructionSets", facts.instructionSets}, {"memoryBytes", facts.memoryBytes},
                                    {"versions", facts.versions}}},
                       {"figures", json}});
        terminal.say(tr("{}, {} cores\n{}", facts.processor, facts.cores, formatTable({"figure", "value", "what"}, rows)));
        return 0;
    });
    verb->add_option("WHAT", request->what, tr("train, decode, prefill, tokenize, import, window, kernels, methods or all"))
        ->check(CLI::IsMember({"train", "decode", "prefill", "tokenize", "import", "window", "kernels", "methods", "all"}))->capture_default_str();
    verb->add_option("--model", request->model, tr("Model; the default model when left out"));
    verb->add_option("--data", request->data, tr("train: rows; tokenize: a text; the sample data when left out"));
    verb->add_option("--method", request->method, tr("train: lora, full, bottleneck, prefix, prompt or ia3"))
        ->check(CLI::IsMember({"lora", "full", "bottleneck", "prefix", "prompt", "ia3"}))->capture_default_str();
    verb->add_option("--checkpointing", request->checkpointing, tr("train: none, selective or full"))->check(CLI::IsMember({"none", "selective", "full"}))->capture_default_str();
    verb->add_option("--rows", request->rows, tr("import: records, about 1,000 bytes each; a million when left out"))->check(CLI::Range(std::int64_t{1000}, std::int64_t{20'000'000}));
    verb->add_option("--steps", request->steps, tr("train: optimiser steps"))->check(CLI::Range(2, 1000))->capture_default_str();
}

} // namespace fettle::cli
