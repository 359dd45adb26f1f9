// Where the program's own files lie: an environment variable, else beside the installed program, else the source tree it was built from.
#pragma once

#include <filesystem>
#include <vector>

namespace fettle {

[[nodiscard]] std::filesystem::path resourcesFolder(); // FETTLE_RESOURCES, ../share/fettle/resources, the sources
[[nodiscard]] std::filesystem::path datasetsFolder();  // FETTLE_DATASETS, ../share/fettle/datasets, the sources
// Folders searched for models, first match wins; they need not exist: FETTLE_MODELS (several with ':'), <user data>/models,
// then ../share/fettle/models or, where that is not, the private environment under the build folder of the source tree.
[[nodiscard]] std::vector<std::filesystem::path> modelsFolders();
// The last of them: what came with the program.
[[nodiscard]] std::filesystem::path bundledModelsFolder();

} // namespace fettle
