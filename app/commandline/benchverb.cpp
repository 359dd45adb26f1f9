// bench: figures of this machine.
#include "app/commandline/commandline.h"
#include "core/engine/benchmark.h"
#include "core/engine/machine.h"

#include <fmt/format.h>

namespace fettle::cli {

void addBenchVerb(Registry &registry)
{
    auto request = std::make_shared<engine::BenchmarkRequest>();
    CLI::App *verb = registry.add("bench", "Measures this machine", [request](Context &context) {
        Terminal &terminal = context.terminal;
        auto compute = context.compute();
        if (!compute)
            return terminal.fail(compute.error());
        request->compute = *compute;
        auto figures = engine::runBenchmark(*request, terminal.progressCallback(), context.stop);
        terminal.endProgress();
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
        terminal.say(fmt::format("{}, {} cores\n{}", facts.processor, facts.cores, formatTable({"figure", "value", "what"}, rows)));
        return 0;
    });
    verb->add_option("WHAT", request->what, "train, decode, prefill, tokenize, import or all")
        ->check(CLI::IsMember({"train", "decode", "prefill", "tokenize", "import", "all"}))->capture_default_str();
    verb->add_option("--model", request->model, "Model; the default model when left out");
    verb->add_option("--data", request->data, "train: rows; tokenize: a text; the sample data when left out");
    verb->add_option("--steps", request->steps, "train: optimiser steps")->check(CLI::Range(2, 1000))->capture_default_str();
}

} // namespace fettle::cli
