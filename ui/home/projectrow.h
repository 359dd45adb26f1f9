// One project in the list of Home: folder, name, facts, when it was open.
#pragma once

#include "ui/frame/recentprojects.h"

#include <QAbstractButton>

namespace fettle::ui {

class ProjectRow : public QAbstractButton {
    Q_OBJECT

public:
    ProjectRow(const RecentProject &project, bool isOpen, QWidget *parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    RecentProject m_project;
    bool m_isOpen;
};

} // namespace fettle::ui
