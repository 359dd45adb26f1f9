// Models: what lies on this computer, what it is, whether it can be trained.
#pragma once

#include "ui/frame/page.h"

class QStackedLayout;

namespace fettle::ui {

class ModelsPage : public Page {
    Q_OBJECT

public:
    explicit ModelsPage(const PageContext &context, QWidget *parent = nullptr);
    void setProject() override;
    void onShown() override;
};

} // namespace fettle::ui
