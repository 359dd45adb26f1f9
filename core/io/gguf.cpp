// Opening of one file or all parts of a sharded model. The header is read by ggufheader.cpp.
#include "core/io/gguf.h"

#include "core/base/words.h"
#include "core/io/forgetpages.h"
#include "core/io/ggufheader.h"

#include <charconv>
#include <fmt/format.h>

namespace fettle::io {

namespace fs = std::filesystem;

namespace {

// The files of a sharded model, first to last, by the rule of llama.cpp: name-00001-of-00003.gguf.
Result<std::vector<fs::path>> shardsOf(const fs::path &path)
{
    const std::string stem = path.stem().string();
    const auto part = path.extension() == ".gguf" ? ggufPart(stem) : std::nullopt;
    if (!part)
        return std::vector{path};
    const int count = part->count;
    std::vector<fs::path> shards;
    for (int i = 1; i <= count; ++i) {
        shards.push_back(path.parent_path() / fmt::format("{}-{:05}-of-{:05}.gguf", part->name, i, count));
        std::error_code error;
        if (!fs::exists(shards.back(), error)) {
            return fail(
                ErrorCode::NotFound,
                tr("\"{}\" is one of {} files, but \"{}\" is missing.", path.string(), count, shards.back().filename().string()),
                tr("Put all parts of the model into one folder."));
        }
    }
    return shards;
}

} // namespace

std::optional<GgufPart> ggufPart(std::string_view stem)
{
    constexpr std::string_view kShape = "-#####-of-#####";
    if (stem.size() <= kShape.size())
        return std::nullopt;
    const std::string_view tail = stem.substr(stem.size() - kShape.size());
    for (std::size_t i = 0; i < kShape.size(); ++i) {
        if (kShape[i] == '#' ? tail[i] < '0' || tail[i] > '9' : tail[i] != kShape[i])
            return std::nullopt;
    }
    GgufPart part{stem.substr(0, stem.size() - kShape.size()), 0, 0};
    std::from_chars(tail.data() + 1, tail.data() + 6, part.number);
    std::from_chars(tail.data() + 10, tail.data() + 15, part.count);
    if (part.number < 1 || part.number > part.count)
        return std::nullopt;
    return part;
}

Result<Gguf> Gguf::open(const fs::path &path)
{
    auto shards = shardsOf(path);
    if (!shards)
        return passError(shards);
    Gguf opened;
    opened.m_path = path;
    for (const fs::path &shard : *shards) {
        if (auto added = opened.addFile(shard, &shard == &shards->front()); !added)
            return passError(added);
    }
    return opened;
}

Result<> Gguf::addFile(const fs::path &file, bool isFirst)
{
    auto mapped = MappedFile::open(file);
    if (!mapped)
        return passError(mapped);
    auto header = readGgufHeader(**mapped);
    if (!header)
        return passError(header);
    m_maps.push_back(*mapped);
    if (isFirst) { // the other shards repeat nothing but their number
        m_version = header->version;
        m_metadata = std::move(header->metadata);
    }
    m_tensors.reserve(m_tensors.size() + header->tensors.size());
    for (TensorEntry &entry : header->tensors) {
        if (!m_index.emplace(entry.name, m_tensors.size()).second) {
            return fail(ErrorCode::BadInput,
                        tr("\"{}\" is not a usable GGUF file: tensor \"{}\" occurs twice.", file.string(), entry.name),
                        tr("Fetch the file again; a broken download is the usual cause."));
        }
        m_tensors.push_back(std::move(entry));
    }
    return {};
}

void Gguf::forgetRead() const
{
    for (const auto &map : m_maps)
        forgetPages(*map);
}

std::vector<fs::path> Gguf::files() const
{
    std::vector<fs::path> paths;
    for (const auto &map : m_maps)
        paths.push_back(map->path());
    return paths;
}

} // namespace fettle::io
