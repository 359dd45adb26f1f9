// What was likely at every word of the answers of a conversation: one file for each in the project's folder "history". Knows no model and no window.
#pragma once

#include "core/engine/history.h"

namespace fettle::engine {

// Nothing is written where no answer has tokens. Durable when it returns. Errors: those of writing (NoPermission, DiskFull).
[[nodiscard]] Result<> keepHistoryWords(const std::filesystem::path &projectFolder, const HistoryEntry &entry);
[[nodiscard]] Result<> forgetHistoryWords(const std::filesystem::path &projectFolder, const std::string &id);

} // namespace fettle::engine
