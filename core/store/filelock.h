// The claim of one process to write to a project. Held by the open file, so it ends with the process, however that ends.
#pragma once

#include "core/base/result.h"

#include <filesystem>

namespace fettle::store {

class FileLock {
public:
    // Creates the file where needed. Errors: NoPermission, saying which process holds the lock or that the folder cannot be written; DiskFull.
    [[nodiscard]] static Result<FileLock> take(const std::filesystem::path &file);
    FileLock(FileLock &&other) noexcept;
    FileLock &operator=(FileLock &&other) noexcept;
    ~FileLock();

private:
    explicit FileLock(int descriptor) : m_descriptor(descriptor) { }
    int m_descriptor = -1;
};

} // namespace fettle::store
