// Where models lie on this computer: library folders and the local Hugging Face cache. Looks at names only, opens nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::engine {

struct ModelPlace {
    std::filesystem::path path; // a .gguf file (first part of several) or a folder with config.json
    std::string name;           // "SmolLM2-135M-Instruct"; from the cache "HuggingFaceTB/SmolLM2-135M-Instruct"
};

// HF_HUB_CACHE, HF_HOME/hub, or the cache folder of the user.
[[nodiscard]] std::filesystem::path hubCacheFolder();
// The files of a cached model: the revision that "main" points to, else the newest. folder: .../models--org--name.
[[nodiscard]] std::optional<std::filesystem::path> hubSnapshot(const std::filesystem::path &folder);
// "org/name" of a folder models--org--name; empty for other folders.
[[nodiscard]] std::string hubName(const std::filesystem::path &folder);
// Whether a folder looks like a model in Hugging Face form.
[[nodiscard]] bool isModelFolder(const std::filesystem::path &folder);

// All models below the folders (three levels deep, hidden folders left out) and in the cache, each once, in the order found.
[[nodiscard]] std::vector<ModelPlace> findModelPlaces(const std::vector<std::filesystem::path> &folders, std::stop_token stop = {});

} // namespace fettle::engine
