#include "core/engine/adaptercache.h"

#include "core/tune/adapter.h"

#include <algorithm>

namespace fettle::engine {

namespace {

constexpr std::size_t kKept = 8; // an adapter of the default model takes 20 MB

} // namespace

Result<std::shared_ptr<const generate::DecodeAdapter>> AdapterCache::load(const AdapterPath &path, const generate::Generator &generator)
{
    Entry entry;
    std::error_code problem;
    std::filesystem::path file = path.folder / "adapter_model.safetensors";
    if (!std::filesystem::exists(file, problem))
        file = path.folder / "adapter.safetensors"; // AdapterHub's
    entry.folder = path.folder;
    entry.written = std::filesystem::last_write_time(file, problem);
    entry.bytes = problem ? 0 : std::filesystem::file_size(file, problem);
    const auto known = std::find_if(m_entries.begin(), m_entries.end(), [&](const Entry &old) { return old.folder == entry.folder; });
    if (known != m_entries.end()) {
        const bool isSame = known->written == entry.written && known->bytes == entry.bytes;
        entry.adapter = isSame ? known->adapter : nullptr;
        m_entries.erase(known);
    }
    if (!entry.adapter) {
        auto tuned = tune::loadAdapter(path.folder, generator.config());
        if (!tuned)
            return passError(tuned);
        auto adapter = generator.addAdapter(**tuned);
        if (!adapter)
            return passError(adapter);
        entry.adapter = std::move(*adapter);
    }
    m_entries.push_back(entry);
    if (m_entries.size() > kKept)
        m_entries.erase(m_entries.begin());
    return entry.adapter;
}

} // namespace fettle::engine
