// See recentprojects.h.
#include "ui/frame/recentprojects.h"

#include <QFileInfo>
#include <QSettings>


namespace fettle::ui {

namespace {

constexpr int kMost = 12;
const auto kKey = QStringLiteral("projects/recent");

void store(const QList<RecentProject> &projects)
{
    QSettings settings;
    settings.beginWriteArray(kKey, int(projects.size()));
    for (int i = 0; i < projects.size(); ++i) {
        settings.setArrayIndex(i);
        settings.setValue(QStringLiteral("folder"), projects[i].folder);
        settings.setValue(QStringLiteral("name"), projects[i].name);
        settings.setValue(QStringLiteral("opened"), projects[i].opened);
        settings.setValue(QStringLiteral("facts"), projects[i].facts);
    }
    settings.endArray();
}

} // namespace

QList<RecentProject> recentProjects()
{
    QSettings settings;
    QList<RecentProject> projects;
    const int count = settings.beginReadArray(kKey);
    for (int i = 0; i < qMin(count, kMost); ++i) {
        settings.setArrayIndex(i);
        RecentProject project;
        project.folder = settings.value(QStringLiteral("folder")).toString();
        project.name = settings.value(QStringLiteral("name")).toString();
        project.opened = settings.value(QStringLiteral("opened")).toDateTime();
        project.facts = settings.value(QStringLiteral("facts")).toString();
        project.exists = QFileInfo::exists(project.folder);
        projects.append(project);
    }
    settings.endArray();
    return projects;
}

void rememberProject(const QString &folder, const QString &name)
{
    QList<RecentProject> projects = recentProjects();
    RecentProject project;
    for (const RecentProject &known : projects) {
        if (known.folder == folder)
            project = known;
    }
    project.folder = folder;
    project.name = name;
    project.opened = QDateTime::currentDateTime();
    projects.removeIf([&](const RecentProject &known) { return known.folder == folder; });
    projects.prepend(project);
    store(projects.mid(0, kMost));
}

void setProjectFacts(const QString &folder, const QString &facts)
{
    QList<RecentProject> projects = recentProjects();
    for (RecentProject &project : projects) {
        if (project.folder != folder || project.facts == facts)
            continue;
        project.facts = facts;
        store(projects);
        return;
    }
}

void forgetProject(const QString &folder)
{
    QList<RecentProject> projects = recentProjects();
    projects.removeIf([&](const RecentProject &known) { return known.folder == folder; });
    store(projects);
}

} // namespace fettle::ui
