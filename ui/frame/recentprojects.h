// The projects that were open before, newest first, kept in the user's settings.
#pragma once

#include <QDateTime>
#include <QList>
#include <QString>

namespace fettle::ui {

struct RecentProject {
    QString folder;
    QString name;
    QDateTime opened;
    QString facts; // "1,284 records, 8 runs" as it was when it was last open
    bool exists = true;
};

[[nodiscard]] QList<RecentProject> recentProjects();
void rememberProject(const QString &folder, const QString &name);
void setProjectFacts(const QString &folder, const QString &facts);
void forgetProject(const QString &folder);

} // namespace fettle::ui
