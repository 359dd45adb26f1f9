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
    // Models whose weights were trained themselves, by folder; the newest use last.
    struct OtherModel {
        std::filesystem::path folder;
        std::shared_ptr<generate::Generator> generator;
        std::filesystem::file_time_type written;
    };
    std::vector<OtherModel> otherModels;
    int threads = 0;
};

} // namespace fettle::engine
