// Opens the window of the program. See runwindow.cpp.
#pragma once

namespace fettle::ui {

// Returns the exit code of the process. Arguments: an optional project folder to open.
[[nodiscard]] int runWindow(int argc, char **argv);

} // namespace fettle::ui
