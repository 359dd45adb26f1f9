// The tiny Llama of tests/fixtures/train with documents and recipes, for tests of the loop.
#pragma once

#include "core/base/random.h"
#include "core/base/sha256.h"
#include "core/model/weights.h"
#include "core/train/checkpoint.h"
#include "core/train/trainer.h"
#include "core/tune/lora.h"
#include "core/tune/peftfolder.h"

#include <QFile>
#include <nlohmann/json.hpp>

namespace trainfixture {

using namespace fettle;
namespace fs = std::filesystem;

inline fs::path folder()
{
    return fs::path(FETTLE_FIXTURES) / "train";
}

inline nlohmann::json json(const char *name)
{
    QFile file(QString::fromStdString((folder() / name).string()));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("fixture %s is missing", name);
    return nlohmann::json::parse(file.readAll().toStdString());
}

inline std::shared_ptr<const model::ModelWeights> weights()
{
    static const auto loaded = [] {
        auto result = model::loadWeights(folder() / "tinyllama");
        if (!result)
            qFatal("cannot load the tiny model: %s", result.error().message.c_str());
        return *result;
    }();
    return loaded;
}

inline std::vector<train::Document> documents(const nlohmann::json &list)
{
    std::vector<train::Document> made;
    for (const nlohmann::json &item : list) {
        train::Document document;
        document.ids = item.at("ids").get<std::vector<TokenId>>();
        document.trained = item.at("trained").get<std::vector<std::uint8_t>>();
        made.push_back(std::move(document));
    }
    return made;
}

// Random documents that a seed names; something can be learnt: each is a run of neighbours.
inline std::vector<train::Document> documents(int count, std::uint64_t seed)
{
    RandomStream chance(seed);
    std::vector<train::Document> made;
    for (int i = 0; i < count; ++i) {
        train::Document document;
        document.record = RecordId{i + 1};
        const auto length = static_cast<TokenId>(4 + chance.below(20));
        const auto first = static_cast<TokenId>(3 + chance.below(60));
        for (TokenId t = 0; t < length; ++t) {
            document.ids.push_back(first + t);
            document.trained.push_back(t >= 2 ? 1 : 0);
        }
        made.push_back(std::move(document));
    }
    return made;
}

inline train::Recipe recipe(std::initializer_list<const char *> settings)
{
    train::Recipe made;
    for (const char *setting : settings) {
        if (const auto applied = train::applySetting(made, setting); !applied)
            qFatal("%s", applied.error().message.c_str());
    }
    return made;
}

inline std::shared_ptr<tune::LoraAdapter> freshAdapter(const train::Recipe &recipe)
{
    tune::LoraConfig config;
    config.rank = recipe.integer("rank");
    config.alpha = recipe.real("alpha");
    config.dropout = recipe.real("dropout");
    auto adapter = tune::LoraAdapter::create(weights()->config, config, static_cast<std::uint64_t>(recipe.integer("seed")));
    if (!adapter)
        qFatal("%s", adapter.error().message.c_str());
    return *adapter;
}

inline std::string fileHash(const fs::path &path)
{
    QFile file(QString::fromStdString(path.string()));
    if (!file.open(QIODevice::ReadOnly))
        return "missing";
    return sha256Hex(file.readAll().toStdString());
}

// What two runs must have in common to be called equal: the adapter, both moments of the optimiser, every loss, and which records were read in
// which order with which loss at each step, to the last bit.
using RowsRead = std::vector<std::pair<std::int64_t, double>>; // record, loss
struct Trace {
    std::map<std::int64_t, double> losses, evaluations;
    std::map<std::int64_t, RowsRead> rows; // by step
    std::string adapter, optimizer;
    friend bool operator==(const Trace &, const Trace &) = default;
};

// What was known of a run when its checkpoint of this step was written.
inline Trace upTo(const Trace &whole, std::int64_t step)
{
    Trace before;
    before.losses.insert(whole.losses.begin(), whole.losses.upper_bound(step));
    before.evaluations.insert(whole.evaluations.begin(), whole.evaluations.upper_bound(step));
    before.rows.insert(whole.rows.begin(), whole.rows.upper_bound(step));
    return before;
}

inline train::TrainerHooks tracing(Trace &trace)
{
    train::TrainerHooks hooks;
    const auto pending = std::make_shared<RowsRead>(); // of the step under way
    hooks.rowsRead = [pending](std::span<const train::RowLoss> rows) {
        for (const train::RowLoss &row : rows)
            pending->emplace_back(row.record.value, row.loss);
    };
    hooks.stepFinished = [&trace, pending](const train::StepReport &step) {
        trace.losses[step.step] = step.loss;
        trace.rows[step.step] = std::exchange(*pending, {});
    };
    hooks.evaluated = [&trace](const train::EvalReport &evaluation) { trace.evaluations[evaluation.step] = evaluation.loss; };
    return hooks;
}

inline void finishTrace(Trace &trace, const fs::path &checkpoints)
{
    const auto all = train::listCheckpoints(checkpoints);
    if (all.empty())
        return;
    trace.adapter = fileHash(all.back().path / "adapter_model.safetensors");
    trace.optimizer = fileHash(all.back().path / "optimizer.safetensors");
}

} // namespace trainfixture
