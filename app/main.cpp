// The program: a verb runs in the terminal, no verb opens the window.
#include "app/commandline/commandline.h"
#include "core/base/memory.h"
#ifndef FETTLE_NO_WINDOW
#include "ui/frame/runwindow.h"
#endif

#include <string_view>

int main(int argc, char **argv)
{
    fettle::tuneAllocator();
#ifndef FETTLE_NO_WINDOW
    // The window has options of its own (--sample, --project, --theme ...); everything else belongs to the command line.
    const std::string_view first = argc > 1 ? argv[1] : "";
    const bool isHelp = first == "--help" || first == "-h" || first == "--version";
    if (argc == 1 || (first.starts_with("-") && !isHelp))
        return fettle::ui::runWindow(argc, argv);
#endif
    return fettle::cli::runCommandLine(argc, argv);
}
