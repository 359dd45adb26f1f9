// What a column of the playground answers with: weights, adapters, and the badge that tells what lies in memory. Internal header of the engine.
#pragma once

#include "core/engine/playgroundstate.h"
#include "core/generate/decodeadapter.h"

namespace fettle::engine {

struct PlaygroundColumn {
    std::shared_ptr<Playground::State::OtherModel> other; // null: the base model
    std::shared_ptr<const generate::DecodeAdapter> adapter;
    bool isMixed = false; // adapter holds two, with their strengths
    ColumnBadge badge; // without the number of tokens

    [[nodiscard]] generate::Generator &generator(Playground::State &state) const { return other ? *other->generator : *state.generator; }
    [[nodiscard]] const Lens &lens(const Playground::State &state) const { return other && other->lens ? *other->lens : *state.lens; }
};

// live: what kLiveAdapter stands for, or null. Errors: Usage (a strength that makes no sense here), NotFound, those of the files, OutOfMemory, Cancelled.
[[nodiscard]] Result<PlaygroundColumn> loadColumn(Playground::State &state, const ColumnChoice &choice, const Project *project, const LiveRun *live,
                                                 std::stop_token stop);

// Errors: Usage naming the value and its range.
[[nodiscard]] Result<> checkRange(std::string_view name, double value, double low, double high);

} // namespace fettle::engine
