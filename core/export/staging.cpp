#include "core/export/staging.h"

#include "core/base/process.h"
#include "core/base/words.h"
#include "core/export/exporting.h"
#include "core/io/atomicfile.h"
#include "core/io/removal.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace fettle::exporting {

namespace fs = std::filesystem;

Result<Staging> Staging::create(const fs::path &target)
{
    std::error_code error;
    if (fs::exists(target, error) && (!fs::is_directory(target, error) || !fs::is_empty(target, error)))
        return fail(ErrorCode::BadInput, tr("{} exists already.", target.string()), tr("Choose a new or an empty folder; nothing was overwritten."));
    const fs::path parent = fs::absolute(target).lexically_normal().parent_path();
    if (auto made = io::createFolder(parent); !made)
        return passError(made);
    const fs::path folder = parent / fmt::format(".{}.{}.partial", target.filename().string(), processId());
    fs::remove_all(folder, error);
    Staging staging(fs::absolute(target).lexically_normal(), folder);
    if (auto made = io::createFolder(folder); !made)
        return tl::unexpected(staging.inTarget(made.error()));
    return staging;
}

Staging::Staging(fs::path target, fs::path folder) : m_target(std::move(target)), m_folder(std::move(folder)) {}

Staging::Staging(Staging &&other) noexcept : m_target(std::move(other.m_target)), m_folder(std::exchange(other.m_folder, {})) {}

Staging::~Staging()
{
    if (!m_folder.empty())
        io::removeAll(m_folder);
}

Result<> Staging::publish()
{
    if (auto synced = io::syncFolder(m_folder); !synced)
        return synced;
    std::error_code error;
    fs::remove(m_target, error); // an empty folder may be there
    fs::rename(m_folder, m_target, error);
    if (error)
        return tl::unexpected<Error>(io::fileError(error.value(), "create", m_target));
    m_folder.clear();
    return io::syncFolder(m_target.parent_path());
}

Error Staging::inTarget(Error error) const
{
    for (std::string *text : {&error.message, &error.hint, &error.detail})
        for (std::size_t at; !m_folder.empty() && (at = text->find(m_folder.string())) != std::string::npos;)
            text->replace(at, m_folder.string().size(), m_target.string());
    return error;
}

Result<> writeBeside(const Source &source, const Staging &staging)
{
    for (const auto &[name, text] : source.beside)
        if (auto written = io::writeFileAtomically(staging.folder() / name, text); !written)
            return written;
    return {};
}

FolderContent contentOf(const fs::path &folder)
{
    FolderContent content;
    std::error_code error;
    for (const auto &entry : fs::directory_iterator(folder, error)) {
        if (!entry.is_regular_file(error))
            continue;
        content.files.push_back(entry.path().filename().string());
        content.bytes += static_cast<std::int64_t>(entry.file_size(error));
    }
    std::sort(content.files.begin(), content.files.end());
    return content;
}

} // namespace fettle::exporting
