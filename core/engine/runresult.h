// Where the result of a run lies, and how a checkpoint becomes it. Internal header of the engine; shows no tensor.
#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <string_view>

namespace fettle::engine {

[[nodiscard]] std::filesystem::path resultFolder(const std::filesystem::path &runFolder, std::string_view method);
// Verifies the checkpoint and copies what makes an adapter or a model of it in place of an earlier result. Returns the folder.
// Errors: BadInput (damaged), DiskFull, NoPermission; an earlier result is then untouched.
[[nodiscard]] Result<std::filesystem::path> copyAsResult(const std::filesystem::path &checkpoint, const std::filesystem::path &runFolder,
                                                         std::string_view method);

} // namespace fettle::engine
