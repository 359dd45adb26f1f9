// The tiny models of every family and what the references computed on them for each method: make_method_fixtures.py, make_familymethod_fixtures.py,
// make_bottleneck_fixtures.py. Includes LibTorch: come before Qt's headers.
#pragma once

#include "tests/core/model/fixture.h"

#include "core/model/loss.h"

namespace fixture {

inline std::shared_ptr<const fettle::model::ModelWeights> weightsOf(const char *name)
{
    auto weights = fettle::model::loadWeights(folder() / "models" / name);
    return weights ? *weights : nullptr;
}

inline std::filesystem::path methodFolder(const std::string &name) { return folder() / "methods" / name; }

inline std::map<std::string, at::Tensor> expectedOf(const std::string &method)
{
    return tensors(folder() / "expected" / ("method-" + method + ".safetensors"));
}

inline fettle::model::LossBatch lossBatch(std::map<std::string, at::Tensor> &tensors) { return {batch(tensors["ids"]), tensors["rows"], tensors["targets"]}; }

class ScratchFolder {
public:
    explicit ScratchFolder(const char *test) : path(std::filesystem::path(FETTLE_BINARY_DIR) / test) { std::filesystem::remove_all(path); }
    ~ScratchFolder() { std::filesystem::remove_all(path); }
    const std::filesystem::path path;
};

// The families beyond Llama, each with its tiny model.
inline constexpr std::pair<const char *, const char *> kFamilies[] = {
    {"mistral", "mistral-window"},       {"qwen2", "../families/qwen2"}, {"qwen3", "../families/qwen3"}, {"gemma2", "../families/gemma2"}, {"gemma3", "../families/gemma3"},
    {"smollm3", "../families/smollm3"},  {"olmo2", "../families/olmo2"}, {"phi3", "../families/phi3"},   {"gpt2", "../families/gpt2"},     {"neox", "../families/neox"}};

// Prefix tuning takes no sliding window; null: every model of the family has one.
inline const char *prefixModel(const std::string &family, const char *model)
{
    return family.starts_with("gemma") ? nullptr : family == "mistral" ? "mistral-full" : family == "phi3" ? "../families/phi3-partial" : model;
}

// For AdapterHub, which is at version 4 of transformers: models whose config.json that version reads.
struct BottleneckModel { const char *family, *model; std::vector<const char *> kinds; };
inline const BottleneckModel kBottleneckModels[] = {
    {"qwen2", "../families/qwen2-window", {"", "-double", "-parallel"}},
    {"qwen3", "../families/qwen3-old", {"", "-double", "-parallel"}},
    {"gpt2", "../families/gpt2", {"", "-double", "-parallel"}},
    {"smollm3", "../families/smollm3-window", {"", "-double", "-parallel"}},
    {"mistral", "mistral-window", {"", "-double", "-parallel"}},
    {"phi3", "../families/phi3-partial", {"", "-double", "-parallel"}},
    {"gemma2", "../families/gemma2-uncapped", {"", "-double", "-parallel"}},
    {"gemma3", "../families/gemma3-old", {"", "-double", "-parallel"}},
    {"olmo2", "../families/olmo2", {"", "-double", "-parallel"}},
    {"neox", "../families/neox-old", {"", "-parallel"}}, // attention and MLP one after the other
    {"neox", "../families/neox", {"-double"}},
};

} // namespace fixture
