// The engine as it is. The only place of the window that links the computing layers.
#pragma once

#include "ui/bridge/engineapi.h"

namespace fettle::ui {

[[nodiscard]] std::unique_ptr<EngineApi> makeRealEngine();

} // namespace fettle::ui
