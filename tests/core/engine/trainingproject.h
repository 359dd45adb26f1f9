// A project of 24 short records on the tiny chat model, and what is asked of a run on it.
#pragma once

#include "core/engine/training.h"

#include <QtGlobal>

#include <fmt/format.h>

namespace trainingproject {

using namespace fettle;
using namespace fettle::engine;

inline const std::string kModel = FETTLE_FIXTURES "/tinychat";

inline std::vector<data::Record> someRecords(int count)
{
    std::vector<data::Record> records;
    for (int i = 0; i < count; ++i) {
        data::Record record = data::makePair(fmt::format("Which shelf holds box {}?", i), i % 3 == 0 ? "The archive has 40 shelves." : "",
                                             fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40));
        record.split = i % 8 == 7 ? data::Split::HeldOut : data::Split::Train;
        records.push_back(std::move(record));
    }
    return records;
}

inline train::Recipe recipe(std::initializer_list<const char *> settings)
{
    train::Recipe made;
    for (const char *setting : {"epochs=3", "rowsPerStep=5", "learningRate=0.01", "rank=4", "dropout=0.1", "checkpointEvery=2"})
        if (!train::applySetting(made, setting))
            qFatal("%s", setting);
    for (const char *setting : settings)
        if (!train::applySetting(made, setting))
            qFatal("%s", setting);
    return made;
}

inline TrainRequest request(std::initializer_list<const char *> settings = {})
{
    TrainRequest made;
    made.model = kModel;
    made.recipe = recipe(settings);
    made.compute.threads = 1;
    return made;
}

} // namespace trainingproject
