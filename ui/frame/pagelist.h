// The pages of the window, in the order of the rail. To add one: one line in pagelist.cpp.
#pragma once

#include <QString>

#include <functional>
#include <vector>

namespace fettle::ui {

class Page;
struct PageContext;

struct PageEntry {
    QString id;       // "data"
    QString title;    // in the rail and in the command bar
    QString iconName;
    bool needsProject = true; // dimmed in the rail while no project is open
    std::function<Page *(const PageContext &)> make;
};

[[nodiscard]] std::vector<PageEntry> pageEntries();

} // namespace fettle::ui
