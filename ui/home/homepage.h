// Home: the map of the work, what waits, before and after, the projects. See the other files of this folder for its parts.
#pragma once

#include "ui/frame/page.h"

class QStackedLayout;

namespace fettle::ui {

class HomePage : public Page {
    Q_OBJECT

public:
    explicit HomePage(const PageContext &context, QWidget *parent = nullptr);
    void setProject() override;
    void onShown() override;
};

} // namespace fettle::ui
