// The side of Home: projects, the guided sample, what happened lately.
#pragma once

#include "ui/home/homefacts.h"
#include "ui/widgets/card.h"

class QAction;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class TextLabel;

class ProjectsPane : public Pane {
    Q_OBJECT

public:
    ProjectsPane(QAction *newProject, QAction *openProject, QAction *startSample, QWidget *parent = nullptr);
    void showProjects(const QString &openFolder);
    void showActivity(const std::vector<Activity> &activity);
    void setNarrow(bool isNarrow); // without printed keys

signals:
    void projectChosen(const QString &folder);

private:
    QVBoxLayout *m_projects;
    QVBoxLayout *m_activity;
    TextLabel *m_activityHead;
    Button *m_new, *m_open;
    QString m_newKeys, m_openKeys;
    QWidget *m_foot;
};

// The keys at the foot of Home's side panes.
[[nodiscard]] QWidget *keyFoot(bool withPages);

} // namespace fettle::ui
