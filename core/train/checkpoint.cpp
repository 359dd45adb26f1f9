#include "core/train/checkpoint.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/filedigest.h"
#include "core/io/jsonfile.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace fettle::train {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr const char *kManifest = "manifest.json";
constexpr int kFormat = 1;

std::optional<std::int64_t> stepOf(const std::string &name)
{
    if (!name.starts_with(kPrefix))
        return {};
    std::int64_t step = 0;
    const char *end = name.data() + name.size();
    const auto [stopped, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
    if (error != std::errc{} || stopped != end || step < 0)
        return {};
    return step;
}

tl::unexpected<Error> damagedError(const fs::path &checkpoint, const std::string &what)
{
    return fail(ErrorCode::BadInput, tr("The checkpoint {} is damaged: {}.", checkpoint.filename().string(), what),
                tr("An older checkpoint of the run can be used; this folder can be deleted."));
}

void removeFolder(const fs::path &folder)
{
    std::error_code ignored; // a folder that stays is removed the next time: it does not count without its name or manifest
    fs::remove_all(folder, ignored);
}

} // namespace

CheckpointWriter::CheckpointWriter(fs::path folder, std::int64_t step)
    : m_folder(std::move(folder))
    , m_temporary(m_folder / fmt::format("{}{}.tmp", kPrefix, step))
    , m_step(step)
{
}

CheckpointWriter::CheckpointWriter(CheckpointWriter &&other) noexcept
    : m_folder(std::move(other.m_folder))
    , m_temporary(std::exchange(other.m_temporary, {}))
    , m_step(other.m_step)
{
}

CheckpointWriter::~CheckpointWriter()
{
    if (!m_temporary.empty())
        removeFolder(m_temporary);
}

Result<CheckpointWriter> CheckpointWriter::begin(const fs::path &folder, std::int64_t step)
{
    CheckpointWriter writer(folder, step);
    removeFolder(writer.m_temporary);
    if (auto created = io::createFolder(writer.m_temporary); !created)
        return passError(created);
    return writer;
}

Result<fs::path> CheckpointWriter::finish()
{
    nlohmann::json files = nlohmann::json::object();
    std::error_code error;
    for (fs::directory_iterator entry(m_temporary, error), end; !error && entry != end; entry.increment(error)) {
        auto proof = io::digestOfFile(entry->path());
        if (!proof)
            return passError(proof);
        files[entry->path().filename().string()] = {{"bytes", proof->bytes}, {"sha256", proof->sha256}};
    }
    if (error)
        return tl::unexpected<Error>(io::fileError(error.value(), "read", m_temporary));
    const nlohmann::json manifest = {{"format", kFormat}, {"step", m_step}, {"files", std::move(files)}};
    if (auto written = io::writeFileAtomically(m_temporary / kManifest, manifest.dump(2) + "\n"); !written)
        return passError(written);
    if (auto synced = io::syncFolder(m_temporary); !synced)
        return passError(synced);

    fs::path final = m_folder / fmt::format("{}{}", kPrefix, m_step);
    removeFolder(final); // of the same step: a resumed run writes the same bytes again
    fs::rename(m_temporary, final, error);
    if (error)
        return tl::unexpected<Error>(io::fileError(error.value(), "write", final));
    m_temporary.clear();
    if (auto synced = io::syncFolder(m_folder); !synced)
        return passError(synced);
    return final;
}

std::vector<CheckpointOnDisk> listCheckpoints(const fs::path &folder)
{
    std::vector<CheckpointOnDisk> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (const auto step = stepOf(entry->path().filename().string()); step && entry->is_directory())
            found.push_back({*step, entry->path()});
    }
    std::ranges::sort(found, {}, &CheckpointOnDisk::step);
    return found;
}

Result<> verifyCheckpoint(const fs::path &checkpoint)
{
    auto manifest = io::readJsonFile(checkpoint / kManifest);
    if (!manifest)
        return damagedError(checkpoint, tr("{} cannot be read ({})", kManifest, manifest.error().message));
    const auto format = io::jsonField<std::int64_t>(*manifest, "format", kManifest);
    const auto files = manifest->is_object() ? manifest->find("files") : manifest->end();
    if (!format || *format != kFormat || files == manifest->end() || !files->is_object() || files->empty())
        return damagedError(checkpoint, tr("{} does not list its files", kManifest));
    for (const auto &[name, facts] : files->items()) {
        // Names come from a file: never leave the folder.
        if (name.find('/') != std::string::npos || name.find('\\') != std::string::npos || name.starts_with(".."))
            return damagedError(checkpoint, tr("{} names a file outside of the folder", kManifest));
        const auto bytes = io::jsonField<std::int64_t>(facts, "bytes", kManifest);
        const auto hash = io::jsonField<std::string>(facts, "sha256", kManifest);
        if (!bytes || !hash)
            return damagedError(checkpoint, tr("{} says too little about {}", kManifest, name));
        auto proof = io::digestOfFile(checkpoint / name);
        if (!proof)
            return damagedError(checkpoint, tr("{} is missing or cannot be read", name));
        if (proof->bytes != *bytes)
            return damagedError(checkpoint, tr("{} has {} bytes instead of {}", name, proof->bytes, *bytes));
        if (proof->sha256 != *hash)
            return damagedError(checkpoint, tr("the content of {} has changed", name));
    }
    return {};
}

Result<NewestCheckpoint> newestValidCheckpoint(const fs::path &folder)
{
    NewestCheckpoint result;
    const std::vector<CheckpointOnDisk> all = listCheckpoints(folder);
    for (auto candidate = all.rbegin(); candidate != all.rend(); ++candidate) {
        if (auto verified = verifyCheckpoint(candidate->path); !verified) {
            result.damaged.push_back(verified.error());
            continue;
        }
        result.checkpoint = *candidate;
        return result;
    }
    if (result.damaged.empty())
        return fail(ErrorCode::NotFound, tr("There is no checkpoint in {}.", folder.string()),
                    tr("The run stopped before its first checkpoint. Start it again."));
    return fail(ErrorCode::BadInput, tr("None of the {} checkpoints can be used. {}", result.damaged.size(), result.damaged.front().message),
                tr("Start the run again."));
}

std::vector<std::int64_t> retainCheckpoints(const fs::path &folder, std::int64_t keep, std::span<const std::int64_t> protectedSteps)
{
    std::vector<std::int64_t> removed;
    const std::vector<CheckpointOnDisk> all = listCheckpoints(folder);
    const auto newest = static_cast<std::size_t>(std::max<std::int64_t>(keep, 1));
    for (std::size_t i = 0; i + newest < all.size(); ++i) {
        if (std::ranges::find(protectedSteps, all[i].step) != protectedSteps.end())
            continue;
        removeFolder(all[i].path);
        removed.push_back(all[i].step);
    }
    return removed;
}

void dropCheckpointsAfter(const fs::path &folder, std::int64_t step)
{
    for (const CheckpointOnDisk &checkpoint : listCheckpoints(folder)) {
        if (checkpoint.step > step)
            removeFolder(checkpoint.path);
    }
    std::error_code error;
    std::vector<fs::path> temporary;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().extension() == ".tmp" && entry->path().filename().string().starts_with(kPrefix))
            temporary.push_back(entry->path());
    }
    for (const fs::path &path : temporary)
        removeFolder(path);
}

} // namespace fettle::train
