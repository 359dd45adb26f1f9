// A folder that appears complete or not at all: filled under a temporary name beside the target, then renamed. Knows no model.
#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace fettle::exporting {

class Staging {
public:
    // Errors: BadInput when the target exists and is not an empty folder, NoPermission, DiskFull.
    [[nodiscard]] static Result<Staging> create(const std::filesystem::path &target);
    Staging(Staging &&other) noexcept;
    Staging &operator=(Staging &&) = delete;
    ~Staging(); // removes what was written unless publish() succeeded

    [[nodiscard]] const std::filesystem::path &folder() const { return m_folder; }
    [[nodiscard]] Result<> publish();
    // The same error with the target's name in place of the temporary one, which nobody chose and which is gone by then.
    [[nodiscard]] Error inTarget(Error error) const;

private:
    Staging(std::filesystem::path target, std::filesystem::path folder);
    std::filesystem::path m_target, m_folder;
};

struct Source;
// The further files of a source (its model card) into the folder.
[[nodiscard]] Result<> writeBeside(const Source &source, const Staging &staging);

// Names and total size of the files in a folder, sorted by name.
struct FolderContent {
    std::vector<std::string> files;
    std::int64_t bytes = 0;
};
[[nodiscard]] FolderContent contentOf(const std::filesystem::path &folder);

} // namespace fettle::exporting
