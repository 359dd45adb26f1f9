// A file that comes in pieces and may be gone on with later: what is written stays, whatever happens next. Not atomic: see atomicfile.h.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace fettle::io {

class PartialFile {
public:
    // Opens what is there, or begins. Errors: NoPermission, DiskFull, NotFound (no folder).
    [[nodiscard]] static Result<PartialFile> open(const std::filesystem::path &path);
    PartialFile(PartialFile &&other) noexcept;
    PartialFile &operator=(PartialFile &&) = delete;
    ~PartialFile();

    [[nodiscard]] std::int64_t size() const { return m_size; }
    // What went wrong, if anything: DiskFull and others.
    [[nodiscard]] std::optional<Error> clear();
    [[nodiscard]] std::optional<Error> append(std::string_view bytes);
    [[nodiscard]] Result<> sync(); // makes it durable

private:
    PartialFile(std::filesystem::path path, int descriptor, std::int64_t size);
    std::filesystem::path m_path;
    int m_descriptor = -1;
    std::int64_t m_size = 0;
};

} // namespace fettle::io
