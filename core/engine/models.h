// Local models as the window and the command line see them: names, facts, whether they can be trained and why not.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::engine {

inline constexpr const char *kDefaultModelName = "smollm2-135m-instruct";

struct ModelProblem { std::string message, hint; };

// Answer of `inspect`. kind: model, adapter, gguf, safetensors, project, tokenizer.
struct Inspection {
    std::string kind;
    std::string name;         // shown to people: "SmolLM2-135M-Instruct"
    std::string path;
    std::string architecture; // "LlamaForCausalLM"
    std::int64_t parameters = 0;
    std::string storage;      // "Q4_1, Q8_0" or "F32"
    std::int64_t tensors = 0;
    std::int64_t fileBytes = 0;
    std::int64_t context = 0; // tokens
    int layers = 0, width = 0, heads = 0, keyValueHeads = 0, vocabulary = 0;
    std::string tokenizer;    // "byte-level BPE, 49,152 tokens"
    bool hasChatTemplate = false;
    std::string licence;
    bool trainable = false;
    std::vector<std::string> refusedMethods; // of a model that can be trained: those that it cannot be trained with, "full" for example
    std::vector<ModelProblem> problems; // why not, or what is missing
    std::map<std::string, std::string> facts; // more, by name
};

// A path, a name in the library ("smollm2-135m-instruct"), or a hub name found in the local Hugging Face cache.
// Errors: NotFound, listing what is there.
[[nodiscard]] Result<std::filesystem::path> resolveModel(const std::string &model);
[[nodiscard]] Result<Inspection> inspect(const std::filesystem::path &path);
// Models found in the library folders (FETTLE_MODELS, the private model folder, the Hugging Face cache) and in extraFolders.
[[nodiscard]] Result<std::vector<Inspection>> libraryModels(const std::vector<std::filesystem::path> &extraFolders = {},
                                                            const ProgressCallback &progress = {}, std::stop_token stop = {});
// SHA-256 of the weights' files, cached beside the library by size and time of change. Lower-case hex.
[[nodiscard]] Result<std::string> modelHash(const std::filesystem::path &path, std::stop_token stop = {});

} // namespace fettle::engine
