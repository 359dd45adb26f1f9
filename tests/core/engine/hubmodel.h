// The tiny chat model as a hub offers it, and the answers of a hub that is well.
#pragma once

#include "core/base/sha1.h"
#include "core/base/sha256.h"
#include "tests/core/engine/hubserver.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace fettle::fixture {

namespace fs = std::filesystem;

inline std::string hubRevision() { return std::string(40, 'a'); }

inline std::string contentOf(const fs::path &file)
{
    std::ifstream stream(file, std::ios::binary);
    return {(std::istreambuf_iterator<char>(stream)), {}};
}

using Files = std::map<std::string, std::string>; // by name

inline Files tinychat()
{
    Files files;
    for (const auto &entry : fs::directory_iterator(FETTLE_FIXTURES "/tinychat"))
        files[entry.path().filename()] = contentOf(entry.path());
    files["README.md"] = "---\nlicense: mit\n---\n# Tiny chat\n";
    return files;
}

inline bool isLarge(const std::string &name) { return name.ends_with(".safetensors") || name.ends_with(".gguf"); }

inline nlohmann::json listOf(const Files &files)
{
    nlohmann::json siblings = nlohmann::json::array();
    for (const auto &[name, content] : files) {
        nlohmann::json file = {{"rfilename", name}, {"size", content.size()}, {"blobId", gitBlobName(content)}};
        if (isLarge(name))
            file["lfs"] = {{"size", content.size()}, {"sha256", sha256Hex(content)}, {"pointerSize", 134}};
        siblings.push_back(file);
    }
    return {{"id", "acme/tinychat"}, {"sha", hubRevision()}, {"siblings", siblings}};
}

inline WebAnswer partOf(const std::string &content, const WebRequest &request)
{
    const std::size_t from = request.from();
    if (from >= content.size() && from > 0)
        return {416, {"Content-Length: 0"}};
    WebAnswer answer{from > 0 ? 206 : 200, {fmt::format("Content-Length: {}", content.size() - from)}, content.substr(from)};
    if (from > 0)
        answer.headers.push_back(fmt::format("Content-Range: bytes {}-{}/{}", from, content.size() - 1, content.size()));
    return answer;
}

// As the hub answers when all is well.
inline WebAnswer wellBehaved(const Files &files, const WebRequest &request)
{
    if (request.path == "/api/models/acme/tinychat/revision/main?blobs=true")
        return {200, {"Content-Type: application/json"}, listOf(files).dump()};
    const std::string prefix = "/acme/tinychat/resolve/" + hubRevision() + "/";
    const auto file = request.path.starts_with(prefix) ? files.find(request.path.substr(prefix.size())) : files.end();
    return file == files.end() ? WebAnswer{404, {"Content-Length: 0"}} : partOf(file->second, request);
}

} // namespace fettle::fixture
