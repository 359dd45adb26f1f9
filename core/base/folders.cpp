// Linux and other XDG systems. Another system adds its branch here and nowhere else.
#include "core/base/folders.h"

#include <cstdlib>

#if defined(__unix__)
#include <pwd.h>
#include <unistd.h>
#endif

namespace fettle {

namespace fs = std::filesystem;

namespace {

// XDG base directory specification: relative values are to be ignored.
fs::path baseFolder(const char *variable, const char *below)
{
    if (const auto value = environment(variable); value && fs::path(*value).is_absolute())
        return fs::path(*value) / "fettle";
    return homeFolder() / below / "fettle";
}

} // namespace

std::optional<std::string> environment(const char *name)
{
    const char *value = std::getenv(name);
    if (value == nullptr || *value == '\0')
        return std::nullopt;
    return value;
}

fs::path homeFolder()
{
    if (const auto home = environment("HOME"))
        return *home;
#if defined(__unix__)
    if (const passwd *entry = getpwuid(getuid()); entry != nullptr && entry->pw_dir != nullptr)
        return entry->pw_dir;
#endif
    return fs::temp_directory_path();
}

fs::path configFolder()
{
    return baseFolder("XDG_CONFIG_HOME", ".config");
}

fs::path cacheFolder()
{
    return baseFolder("XDG_CACHE_HOME", ".cache");
}

fs::path dataFolder()
{
    return baseFolder("XDG_DATA_HOME", ".local/share");
}

fs::path executablePath()
{
    std::error_code error;
    const fs::path path = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::path() : path;
}

fs::path expandHome(const std::string &path)
{
    if (path == "~")
        return homeFolder();
    if (path.starts_with("~/"))
        return homeFolder() / path.substr(2);
    return path;
}

std::int64_t freeDiskBytes(const fs::path &path)
{
    std::error_code error;
    fs::path folder = fs::absolute(path, error);
    if (error)
        return -1;
    while (!fs::exists(folder, error) && folder.has_relative_path())
        folder = folder.parent_path();
    const fs::space_info space = fs::space(folder, error);
    return error ? -1 : static_cast<std::int64_t>(space.available);
}

} // namespace fettle
