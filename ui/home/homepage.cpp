// See homepage.h.
#include "ui/home/homepage.h"

namespace fettle::ui {

HomePage::HomePage(const PageContext &context, QWidget *parent) : Page(context, parent) {}

void HomePage::setProject() {}

void HomePage::onShown() {}

} // namespace fettle::ui
