// The README of an exported model: what it was made from and how well it did, from what the project knows of the run. Internal header of the engine.
#pragma once

#include "core/engine/delivery.h"

#include <optional>
#include <string>

namespace fettle::engine {

// The run that an adapter ("3", "3@40") belongs to; nothing for folders.
[[nodiscard]] std::optional<RunInfo> runBehind(const std::string &adapter, const Project *project);
// Markdown with the header that model hubs read. Nothing where no run is behind the request.
[[nodiscard]] std::optional<std::string> modelCard(const ExportRequest &request, const Project *project);

} // namespace fettle::engine
