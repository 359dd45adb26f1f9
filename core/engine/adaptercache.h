// The adapters that a playground has loaded, by folder, so that asking again costs nothing. A folder that was written anew is read anew.
// Internal header of the engine.
#pragma once

#include "core/engine/adapterpath.h"
#include "core/generate/generator.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace fettle::engine {

class AdapterCache {
public:
    // Errors: those of the adapter's files, OutOfMemory.
    [[nodiscard]] Result<std::shared_ptr<const generate::DecodeAdapter>> load(const AdapterPath &path, const generate::Generator &generator);

private:
    struct Entry {
        std::filesystem::path folder;
        std::filesystem::file_time_type written;
        std::uintmax_t bytes = 0;
        std::shared_ptr<const generate::DecodeAdapter> adapter;
    };
    std::vector<Entry> m_entries; // newest use last
};

} // namespace fettle::engine
