// See modelspage.h.
#include "ui/home/modelspage.h"

namespace fettle::ui {

ModelsPage::ModelsPage(const PageContext &context, QWidget *parent) : Page(context, parent) {}

void ModelsPage::setProject() {}

void ModelsPage::onShown() {}

} // namespace fettle::ui
