// Files that are either there completely or not at all, also after kill -9, a full disk or a power cut: written under a temporary name in
// the same folder, synced, renamed, folder synced.
#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace fettle::io {

class AtomicFile {
public:
    // Creates the temporary file next to path; missing folders are created. Errors: NoPermission, DiskFull, BadInput (path is a folder).
    [[nodiscard]] static Result<AtomicFile> create(const std::filesystem::path &path);
    AtomicFile(AtomicFile &&other) noexcept;
    AtomicFile &operator=(AtomicFile &&other) noexcept;
    ~AtomicFile(); // removes the temporary file when commit was not reached

    // Errors: DiskFull and others; after an error only the destructor may follow.
    [[nodiscard]] Result<> write(std::span<const std::byte> bytes);
    [[nodiscard]] Result<> write(std::string_view text);
    // Makes the file durable under its name, replacing an older one.
    [[nodiscard]] Result<> commit();
    [[nodiscard]] std::int64_t written() const { return m_written; }

private:
    AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int descriptor);
    Result<> flushBuffer();
    void discard();
    std::filesystem::path m_path, m_temporary;
    int m_descriptor = -1;
    std::int64_t m_written = 0;
    std::string m_buffer; // small writes are gathered
};

[[nodiscard]] Result<> writeFileAtomically(const std::filesystem::path &path, std::string_view text);

// Creates a folder and its missing parents. Errors as above, BadInput where a file is in the way.
[[nodiscard]] Result<> createFolder(const std::filesystem::path &folder);
// Makes names in a folder durable (after renames and removals).
[[nodiscard]] Result<> syncFolder(const std::filesystem::path &folder);
// The error for a failed system call on a file: DiskFull, NoPermission, NotFound or BadInput with a hint that says what to do.
// what: "write", "read", "create".
[[nodiscard]] Error fileError(int systemError, std::string_view what, const std::filesystem::path &path);

} // namespace fettle::io
