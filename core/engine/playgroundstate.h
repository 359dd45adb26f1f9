// What an open playground holds. Internal header of the engine; tests use it to look behind the playground's back.
#pragma once

#include "core/engine/adaptercache.h"
#include "core/engine/lens.h"
#include "core/engine/playground.h"

namespace fettle::engine {

struct Playground::State {
    std::shared_ptr<const Lens> lens; // renders the conversation: the same code as the trainer and the token lens
    std::unique_ptr<generate::Generator> generator;
    AdapterCache adapters;
    // Weights of their own beside the base: models that were trained themselves, and other base models.
    struct OtherModel {
        std::filesystem::path folder; // or file
        std::filesystem::file_time_type written;
        std::unique_ptr<generate::Generator> generator;
        std::shared_ptr<const Lens> lens; // of another base model; null: reads and writes the tokens of the base
        AdapterCache adapters;
    };
    std::vector<std::shared_ptr<OtherModel>> otherModels; // the newest use last
    int threads = 0;
};

} // namespace fettle::engine
