// What the Playground, its evaluation and its exports promise, on a real model:
//   bench_playground first MODEL    from asking a short question to the first token
//   bench_playground cancel MODEL   from "stop" to the end of an answer and of the reading of a long prompt
//   bench_playground columns MODEL  base and tuned in one pass against the base alone; sixteen prompts against one
//   bench_playground stops MODEL    from "cancel" to the end of exports, evaluation, judging, blind vote, "try it" and the index of training rows
//   bench_playground export MODEL   writing the merged model against writing as many bytes to the same disk, and the memory that it needs beside the model
#include "core/torch.h"

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/random.h"
#include "core/engine/ballot.h"
#include "core/engine/correction.h"
#include "core/engine/delivery.h"
#include "core/engine/judging.h"
#include "core/engine/models.h"
#include "core/engine/playground.h"
#include "core/engine/sample.h"
#include "core/export/exporting.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/generator.h"
#include "core/io/atomicfile.h"
#include "core/tune/lora.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>

#include <unistd.h>

using namespace fettle;
namespace fs = std::filesystem;

namespace {

int failed(const Error &error)
{
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return 1;
}

void tell(const char *what, std::vector<double> values)
{
    std::ranges::sort(values);
    std::printf("%-46s median %6.1f ms, longest %6.1f ms (%zu times)\n", what, values[values.size() / 2], values.back(), values.size());
    std::fflush(stdout);
}

std::shared_ptr<tune::LoraAdapter> adapterFor(const model::ModelConfig &config)
{
    auto adapter = *tune::LoraAdapter::create(config, {}, 1);
    RandomStream random(2);
    for (const auto &parameter : adapter->parameters())
        if (parameter.name.find("lora_B") != std::string::npos)
            random.fillNormal({parameter.tensor.detach().data_ptr<float>(), static_cast<std::size_t>(parameter.tensor.numel())}, 0.0f, 0.01f);
    return adapter;
}

engine::GenerateRequest question(const std::string &text, int maxTokens)
{
    engine::GenerateRequest request;
    request.columns = {{}};
    request.conversation = {{data::Role::User, text, {}}};
    request.sampling.maxTokens = maxTokens;
    return request;
}

int first(const std::string &model)
{
    Stopwatch opening;
    auto playground = engine::Playground::open(model);
    if (!playground)
        return failed(playground.error());
    std::printf("%-46s %.2f s\n", "opening the model", opening.seconds());
    std::vector<double> waited;
    for (int i = 0; i < 11; ++i) {
        Stopwatch watch;
        double ms = -1;
        engine::GenerateEvents events;
        events.token = [&](const engine::GeneratedToken &) {
            if (ms < 0)
                ms = watch.seconds() * 1e3;
        };
        auto request = question("My cat was sick twice this morning but is still eating. What should I do about case " + std::to_string(i) + "?", 8);
        if (const auto answered = (*playground)->generate(request, nullptr, events); !answered)
            return failed(answered.error());
        if (i > 0) // the first one makes the buffers
            waited.push_back(ms);
        else
            std::printf("%-46s %.1f ms\n", "first token of the very first question", ms);
    }
    tell("first token of a short question", waited);
    return 0;
}

// Stops after `when` has been true for the first time; how long until the call is back.
int cancel(const std::string &model)
{
    auto playground = engine::Playground::open(model);
    if (!playground)
        return failed(playground.error());
    std::string longText;
    for (int i = 0; i < 700; ++i)
        longText += "The clinic opens at nine. ";
    for (const bool isReading : {false, true}) {
        std::vector<double> waited;
        for (int i = 0; i < 8; ++i) {
            std::stop_source stop;
            std::mutex mutex;
            std::condition_variable changed;
            bool isUnderWay = false;
            const auto begun = [&] {
                const std::scoped_lock lock(mutex);
                isUnderWay = true;
                changed.notify_one();
            };
            engine::GenerateEvents events;
            int tokens = 0;
            if (isReading)
                events.started = [&](const auto &, std::int64_t) { begun(); };
            else
                events.token = [&](const engine::GeneratedToken &) {
                    if (++tokens == 5 + i)
                        begun();
                };
            Stopwatch watch;
            std::jthread stopper([&] {
                std::unique_lock lock(mutex);
                changed.wait(lock, [&] { return isUnderWay; });
                lock.unlock();
                if (isReading)
                    std::this_thread::sleep_for(std::chrono::milliseconds(100 + 20 * i)); // within the prompt
                watch.restart();
                stop.request_stop();
            });
            auto request = question(isReading ? std::to_string(i) + longText : "Tell me about cats " + std::to_string(i), 500);
            request.sampling.greedy = true;
            const auto answered = (*playground)->generate(request, nullptr, events, stop.get_token());
            const double ms = watch.seconds() * 1e3;
            begun();
            stopper.join();
            if (!answered && answered.error().code != ErrorCode::Cancelled)
                return failed(answered.error());
            waited.push_back(ms);
        }
        tell(isReading ? "stopped within a long prompt" : "stopped within an answer", waited);
    }
    return 0;
}

// Lets a job run once, then stops it at times that are spread over its length; how long until it is back.
int stopping(const char *what, const std::function<Result<>(std::stop_token)> &job)
{
    Stopwatch whole;
    if (const auto done = job({}); !done)
        return failed(done.error());
    const double length = whole.seconds();
    std::vector<double> waited;
    std::pair<double, double> longest; // milliseconds, and when within the job
    constexpr int kTimes = 16;
    for (int i = 0; i < kTimes; ++i) {
        std::stop_source stop;
        Stopwatch watch;
        std::jthread stopper([&] {
            std::this_thread::sleep_for(std::chrono::duration<double>(length * (i + 0.5) / kTimes));
            watch.restart();
            stop.request_stop();
        });
        const auto done = job(stop.get_token());
        const double ms = watch.seconds() * 1e3;
        const bool wasStopped = stop.stop_requested();
        stopper.join();
        if (!done && done.error().code != ErrorCode::Cancelled)
            return failed(done.error());
        if (!wasStopped)
            continue;
        waited.push_back(ms);
        longest = std::max(longest, {ms, length * (i + 0.5) / kTimes});
    }
    std::printf("(%.1f s, longest at %.1f) ", length, longest.second);
    tell(what, waited);
    return 0;
}

Result<> orError(const auto &result)
{
    return result ? Result<>() : Result<>(passError(result));
}

// On the sample project, with a run whose result is an adapter that was never trained.
int stops(const std::string &model)
{
    const fs::path folder = fs::current_path() / ("bench_playground." + std::to_string(getpid()));
    const auto end = std::shared_ptr<void>(nullptr, [&](void *) { fs::remove_all(folder); });
    auto project = engine::createSampleProject(folder / "sample.fettle");
    if (!project)
        return failed(project.error());
    const auto path = engine::resolveModel(model);
    const auto weights = path ? model::loadWeights(*path) : passError(path);
    if (!weights)
        return failed(weights.error());
    engine::RunInfo run;
    run.state = engine::RunState::Finished;
    run.adapter = (folder / "adapter").string();
    run.step = 1;
    if (auto saved = adapterFor((*weights)->config)->save(run.adapter); !saved)
        return failed(saved.error());
    const auto snapshot = project->freezeSnapshot({}, {});
    if (!snapshot)
        return failed(snapshot.error());
    run.snapshot = snapshot->id;
    const auto added = project->addRun(run);
    if (!added)
        return failed(added.error());
    const std::string number = std::to_string(added->id.value);

    for (const auto &[target, type] : {std::pair("merged", "f32"), std::pair("gguf", "q8_0"), std::pair("gguf", "q4_k_m"), std::pair("peft", ""), std::pair("gguf-lora", "")})
        if (const int code = stopping(("export, " + std::string(target) + " " + type).c_str(), [&](std::stop_token stop) {
                fs::remove_all(folder / "out");
                return orError(engine::exportAdapter({model, number, target, type, folder / "out", {}, {}, 0}, &*project, {}, stop));
            }))
            return code;

    engine::EvaluationRequest request;
    request.model = model;
    request.columns = {"base", number};
    request.records = *engine::recordsOfSplit(*project, data::Split::HeldOut);
    request.maxTokens = 48;
    engine::EvaluationResult judged;
    const auto forget = [&] { fs::remove_all(project->folder() / "evaluations"); };
    if (const int code = stopping("evaluation", [&](std::stop_token stop) {
            forget();
            auto done = engine::evaluateRecords(request, &*project, {}, stop);
            if (done)
                judged = *done;
            return orError(done);
        }))
        return code;
    if (const int code = stopping("judging", [&](std::stop_token stop) {
            forget();
            auto comparison = judged.comparison;
            return engine::judgeAnswers({model}, {}, &*project, comparison, {}, stop);
        }))
        return code;
    engine::BallotInfo ballot;
    ballot.adapter = number;
    ballot.run = added->id;
    ballot.maxTokens = 48;
    if (const int code = stopping("blind vote", [&](std::stop_token stop) {
            forget();
            return orError(engine::prepareBallot(ballot, model, *project, {}, {}, {}, stop));
        }))
        return code;
    engine::CorrectionRequest wrong;
    wrong.model = model;
    wrong.adapter = number;
    wrong.record = request.records.front();
    if (const int code = stopping("try it", [&](std::stop_token stop) { return orError(engine::tryCorrection(wrong, &*project, {}, stop)); }))
        return code;
    auto playground = engine::Playground::open(model);
    if (!playground)
        return failed(playground.error());
    return stopping("index of training rows", [&](std::stop_token stop) { return orError((*playground)->indexRows(number, *project, {}, stop)); });
}

// Seconds of the best of some rounds.
double seconds(generate::Generator &generator, const std::vector<generate::SequenceRequest> &requests)
{
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
        Stopwatch watch;
        if (!generator.generate(requests))
            return -1;
        best = std::min(best, watch.seconds());
    }
    return best;
}

int columns(const std::string &model)
{
    const auto path = engine::resolveModel(model);
    if (!path)
        return failed(path.error());
    auto generator = generate::Generator::load(*path);
    if (!generator)
        return failed(generator.error());
    (*generator)->setEndTokens({}); // every answer has the same length
    const auto lora = (*generator)->addAdapter(*adapterFor((*generator)->config()));
    if (!lora)
        return failed(lora.error());
    constexpr int kTokens = 128;
    const auto request = [&](std::uint64_t seed, std::shared_ptr<const generate::DecodeAdapter> adapter) {
        generate::SequenceRequest one;
        RandomStream random(seed);
        for (int i = 0; i < 24; ++i)
            one.prompt.push_back(100 + static_cast<TokenId>(random.below(40000)));
        one.adapter = std::move(adapter);
        one.sampling.isGreedy = true;
        one.maxTokens = kTokens;
        return one;
    };
    const double base = seconds(**generator, {request(1, nullptr)}), both = seconds(**generator, {request(1, nullptr), request(1, *lora)});
    std::vector<generate::SequenceRequest> many;
    for (std::uint64_t i = 0; i < 16; ++i)
        many.push_back(request(i, nullptr));
    const double all = seconds(**generator, many);
    std::printf("base alone %.0f tokens/s; base and tuned together: %.2f times the time of the base alone\n", kTokens / base, both / base);
    std::printf("sixteen prompts together %.0f tokens/s: %.2f times the throughput of one\n", 16 * kTokens / all, 16 * base / all);
    return 0;
}

int exportModel(const std::string &model)
{
    const auto path = engine::resolveModel(model);
    if (!path)
        return failed(path.error());
    const auto weights = model::loadWeights(*path);
    if (!weights)
        return failed(weights.error());
    const auto adapter = adapterFor((*weights)->config);
    std::int64_t largest = 0;
    for (const auto &tensor : model::expectedTensors((*weights)->config)) {
        std::int64_t bytes = 4;
        for (const std::int64_t size : tensor.shape)
            bytes *= size;
        largest = std::max(largest, bytes);
        (void)(*weights)->tensor(tensor.name).sum(); // the model itself is in memory
    }
    const fs::path folder = fs::current_path() / ("bench_playground." + std::to_string(getpid()));
    fs::create_directory(folder);
    const auto end = std::shared_ptr<void>(nullptr, [&](void *) { fs::remove_all(folder); });
    returnFreeMemory();
    const std::int64_t before = memoryFigures().ownBytes;
    resetOwnPeak();
    Stopwatch watch;
    double written = 0;
    std::int64_t peakWhileWriting = 0;
    const auto outcome = exporting::exportMerged({*path, std::move(*weights), adapter, {}}, exporting::MergedType::F32, folder / "merged", [&](const Progress &progress) {
        if (progress.what == "Checking the files" && written == 0)
            written = watch.seconds();
        if (written == 0)
            peakWhileWriting = memoryFigures().ownPeakBytes;
    });
    const double whole = watch.seconds();
    if (!outcome)
        return failed(outcome.error());
    const std::int64_t peak = memoryFigures().ownPeakBytes;
    std::vector<std::byte> block(8 << 20, std::byte{1});
    watch.restart();
    auto plain = io::AtomicFile::create(folder / "plain");
    for (std::int64_t done = 0; plain && done < outcome->bytes; done += static_cast<std::int64_t>(block.size()))
        if (auto put = plain->write(block); !put)
            return failed(put.error());
    if (auto put = plain->commit(); !put)
        return failed(put.error());
    const double disk = watch.seconds();
    const auto mega = [](std::int64_t bytes) { return static_cast<double>(bytes) / 1e6; };
    std::printf("%.0f MB merged and written in %.2f s (%.0f MB/s), as many bytes alone in %.2f s (%.0f MB/s): %.2f times\n", mega(outcome->bytes), written, mega(outcome->bytes) / written, disk,
                mega(outcome->bytes) / disk, written / disk);
    std::printf("memory beside the model: %.0f MB while it is written (largest tensor %.0f MB), %.0f MB with the check, which reads the files as other programs do (%.1f s, %s)\n",
                mega(peakWhileWriting - before), mega(largest), mega(peak - before), whole - written, outcome->selfTest.hasPassed ? "passed" : outcome->selfTest.cause.c_str());
    return outcome->selfTest.hasPassed ? 0 : 1;
}

} // namespace

int main(int argc, char **argv)
{
    tuneAllocator();
    const std::string what = argc > 1 ? argv[1] : "", model = argc > 2 ? argv[2] : "smollm2-135m-instruct";
    if (what == "first")
        return first(model);
    if (what == "cancel")
        return cancel(model);
    if (what == "stops")
        return stops(model);
    if (what == "columns")
        return columns(model);
    if (what == "export")
        return exportModel(model);
    std::fprintf(stderr, "bench_playground first|cancel|stops|columns|export [MODEL]\n");
    return 2;
}
