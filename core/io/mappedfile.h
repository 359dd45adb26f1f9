// A file as read-only memory: pages are read when they are touched and shared between processes.
// The bytes must not be trusted. A file that another program shortens while it is mapped ends the process (SIGBUS): our own writers
// therefore never write in place but rename (atomicfile.h).
#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace fettle::io {

class MappedFile {
public:
    // Errors: NotFound, NoPermission, BadInput (a folder or device). An empty file has empty bytes.
    [[nodiscard]] static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path &path);
    ~MappedFile();
    MappedFile(const MappedFile &) = delete;
    MappedFile &operator=(const MappedFile &) = delete;

    [[nodiscard]] const std::filesystem::path &path() const { return m_path; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return {m_data, m_size}; }
    [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char *>(m_data), m_size}; }
    // Tells the system that a range will be read soon, in order.
    void expectReading(std::span<const std::byte> range) const;

private:
    MappedFile(std::filesystem::path path, const std::byte *data, std::size_t size);
    std::filesystem::path m_path;
    const std::byte *m_data = nullptr;
    std::size_t m_size = 0;
};

} // namespace fettle::io
