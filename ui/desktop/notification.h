// A message of the desktop, seen although the window is covered or minimised. How a desktop is told stands in notification.cpp and nowhere else.
#pragma once

#include "core/base/result.h"

#include <QString>

namespace fettle::ui {

struct Notification { QString title, text; }; // text: plain

// Waits for the desktop up to a second or two: not for the GUI thread. Errors: NotFound, no desktop that shows messages.
[[nodiscard]] Result<> notifyDesktop(const Notification &notification);

} // namespace fettle::ui
