// One line for each page. See pagelist.h.
#include "ui/frame/pagelist.h"

#include "ui/data/datapage.h"
#include "ui/home/homepage.h"
#include "ui/models/modelspage.h"
#include "ui/playground/playgroundpage.h"
#include "ui/runs/runspage.h"
#include "ui/train/trainpage.h"

#include <QCoreApplication>

namespace fettle::ui {

namespace {

template <class T>
PageEntry entry(const char *id, const char *title, const char *iconName, bool needsProject = true)
{
    return {QString::fromLatin1(id), QCoreApplication::translate("fettle::ui::PageList", title), QString::fromLatin1(iconName),
            needsProject, [](const PageContext &context) -> Page * { return new T(context); }};
}

} // namespace

std::vector<PageEntry> pageEntries()
{
    return {
        entry<HomePage>("home", QT_TRANSLATE_NOOP("fettle::ui::PageList", "Home"), "house", false),
        entry<DataPage>("data", QT_TRANSLATE_NOOP("fettle::ui::PageList", "Data"), "database"),
        entry<TrainPage>("train", QT_TRANSLATE_NOOP("fettle::ui::PageList", "Train"), "sliders-horizontal"),
        entry<RunsPage>("runs", QT_TRANSLATE_NOOP("fettle::ui::PageList", "Runs"), "activity"),
        entry<PlaygroundPage>("playground", QT_TRANSLATE_NOOP("fettle::ui::PageList", "Playground"), "columns-2"),
        entry<ModelsPage>("models", QT_TRANSLATE_NOOP("fettle::ui::PageList", "Models"), "box", false),
    };
}

} // namespace fettle::ui
