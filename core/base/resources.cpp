// The compile-time paths are those of the source tree; an installed program never reaches them.
#include "core/base/resources.h"

#include "core/base/folders.h"

#include <system_error>

namespace fettle {

namespace fs = std::filesystem;

namespace {

// Where an installed program keeps what it needs; empty for one that is not installed.
fs::path installedFolder(const char *name)
{
    std::error_code error;
    if (const fs::path program = executablePath(); !program.empty()) {
        fs::path installed = program.parent_path().parent_path() / "share" / "fettle" / name;
        if (fs::is_directory(installed, error))
            return installed;
    }
    return {};
}

fs::path ownFolder(const char *variable, const char *name, const char *sources)
{
    if (const auto folder = environment(variable))
        return *folder;
    if (fs::path installed = installedFolder(name); !installed.empty())
        return installed;
    return sources;
}

} // namespace

fs::path resourcesFolder()
{
    return ownFolder("FETTLE_RESOURCES", "resources", FETTLE_RESOURCES);
}

fs::path datasetsFolder()
{
    return ownFolder("FETTLE_DATASETS", "datasets", FETTLE_DATASETS);
}

std::vector<fs::path> modelsFolders()
{
    std::vector<fs::path> folders;
    if (const auto value = environment("FETTLE_MODELS")) {
        std::size_t begin = 0;
        while (begin <= value->size()) {
            const std::size_t end = std::min(value->find(':', begin), value->size());
            if (end > begin)
                folders.push_back(expandHome(value->substr(begin, end - begin)));
            begin = end + 1;
        }
    }
    folders.push_back(dataFolder() / "models");
    folders.push_back(bundledModelsFolder());
    return folders;
}

fs::path bundledModelsFolder()
{
    if (fs::path installed = installedFolder("models"); !installed.empty())
        return installed;
    return fs::path(FETTLE_RESOURCES).parent_path() / "build" / "env" / "models";
}

} // namespace fettle
