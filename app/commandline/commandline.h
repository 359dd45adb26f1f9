// The verbs. Each is a client of core/engine, nothing more; the same calls as the window's.
#pragma once

#include "app/commandline/terminal.h"
#include "core/data/importer.h"
#include "core/engine/training.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

namespace fettle::cli {

// Parses, runs the verb, prints, returns the exit code (commandline.md).
[[nodiscard]] int runCommandLine(int argc, char **argv);

// What a verb gets to work with.
struct Context {
    Common &common;
    Terminal &terminal;
    std::stop_token stop;
    enum class Work { Answers, Training }; // training alone can be done in 16 bits, and on a graphics card
    [[nodiscard]] Result<engine::ComputeOptions> compute(Work work = Work::Answers) const;
};
using Action = std::function<int(Context &)>;

// Each function adds its verbs to the parser and remembers what to do for the one that was chosen.
struct Registry {
    CLI::App &app;
    Common &common;
    Action chosen;
    // Adds a verb with the common options; the action runs after parsing.
    CLI::App *add(const std::string &name, const std::string &description, Action action);
};
void addDataVerbs(Registry &registry);     // new, import, snapshot
void addCurateVerbs(Registry &registry);   // check, replace, export-data
void addTextVerbs(Registry &registry);     // tokenize, render
void addModelVerbs(Registry &registry);    // inspect, doctor
void addTrainVerbs(Registry &registry);    // train, fit, race, resume
void addRunsVerb(Registry &registry);
void addAnswerVerbs(Registry &registry);   // score, generate
void addEvaluateVerb(Registry &registry);
void addDeliveryVerbs(Registry &registry); // export
void addDemoVerb(Registry &registry);
void addBenchVerb(Registry &registry);
void addServeVerb(Registry &registry);
void addWhyVerb(Registry &registry);
void addDraftVerb(Registry &registry);

// Options shared by several verbs.
[[nodiscard]] Result<std::vector<data::Record>> readDataFile(const std::string &file, Context &context);
[[nodiscard]] Json toJson(const engine::RunInfo &run);
[[nodiscard]] engine::RunEvents runEvents(Context &context);
[[nodiscard]] Json runResult(const engine::RunInfo &run);
// The project of --project, to look things up in; without a folder none. Errors: those of Project::open.
[[nodiscard]] Result<std::optional<engine::Project>> openToRead(const std::string &folder);
// What a verb that computes begins with: the computing options, and the project as openToRead. Errors: of either.
struct Workplace {
    engine::ComputeOptions compute;
    std::optional<engine::Project> project;
    [[nodiscard]] const engine::Project *projectOrNull() const { return project ? &*project : nullptr; }
};
[[nodiscard]] Result<Workplace> workplace(const std::string &project, const Context &context, Context::Work work = Context::Work::Answers);
[[nodiscard]] Result<RunId> parseRun(const std::string &text);

} // namespace fettle::cli
