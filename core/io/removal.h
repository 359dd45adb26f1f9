// Removing large files without waiting for the disk: their names go at once, their space while nobody waits (freeing some hundred megabytes takes longer
// than a person wants to wait for a cancel).
#pragma once

#include <filesystem>

namespace fettle::io {

// The file's name goes; descriptor, its last hold, is closed on a thread of its own where that takes long.
void removeOpenFile(const std::filesystem::path &file, int descriptor);
// A folder with all that is in it. What cannot be removed stays.
void removeAll(const std::filesystem::path &path);

} // namespace fettle::io
