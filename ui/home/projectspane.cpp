// See projectspane.h.
#include "ui/home/projectspane.h"

#include "ui/frame/recentprojects.h"
#include "ui/home/projectrow.h"
#include "ui/widgets/button.h"
#include "ui/widgets/keyhint.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QAction>
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kMostProjects = 5;

void clear(QVBoxLayout *layout)
{
    while (QLayoutItem *item = layout->takeAt(0)) {
        delete item->widget();
        delete item;
    }
}

} // namespace

QWidget *keyFoot(bool withPages)
{
    auto *foot = new Pane(Surface::Window, Qt::TopEdge);
    auto *row = new QHBoxLayout(foot);
    row->setContentsMargins(0, kStep3, 0, 0);
    row->setSpacing(6);
    if (withPages) {
        row->addWidget(new KeyHint(ProjectsPane::tr("Ctrl 1")));
        row->addWidget(smallLabel(ProjectsPane::tr("to")));
        row->addWidget(new KeyHint(ProjectsPane::tr("Ctrl 6")));
        row->addWidget(smallLabel(ProjectsPane::tr("pages")));
        row->addStretch(1);
    }
    row->addWidget(new KeyHint(ProjectsPane::tr("Ctrl K")));
    row->addWidget(smallLabel(ProjectsPane::tr("every action")));
    row->addStretch(1);
    row->addWidget(new KeyHint(ProjectsPane::tr("F1")));
    row->addWidget(smallLabel(ProjectsPane::tr("help")));
    return foot;
}

ProjectsPane::ProjectsPane(QAction *newProject, QAction *openProject, QAction *startSample, QWidget *parent)
    : Pane(Surface::Window, Qt::LeftEdge, parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneSide, kPaneSide, kStep3);
    column->setSpacing(0);
    auto *head = sectionLabel(tr("Projects"));
    head->setContentsMargins(kStep3, 0, 0, 0);
    column->addWidget(head);
    column->addSpacing(kStep1);
    m_projects = new QVBoxLayout;
    m_projects->setSpacing(0);
    column->addLayout(m_projects);
    column->addSpacing(kStep2);
    auto *buttons = new QHBoxLayout;
    buttons->setContentsMargins(kStep3, 0, 0, 0);
    buttons->setSpacing(kStep2);
    m_new = new Button(tr("New project..."), QStringLiteral("plus"), newProject->statusTip());
    m_newKeys = keyHintText(newProject->shortcut());
    connect(m_new, &QPushButton::clicked, newProject, &QAction::trigger);
    m_open = new Button(tr("Open..."), {}, openProject->statusTip());
    m_openKeys = keyHintText(openProject->shortcut());
    connect(m_open, &QPushButton::clicked, openProject, &QAction::trigger);
    buttons->addWidget(m_new);
    buttons->addWidget(m_open);
    buttons->addStretch(1);
    column->addLayout(buttons);
    column->addSpacing(kStep4);

    auto *sample = new Card;
    auto *rows = new QVBoxLayout(sample);
    rows->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3 + 2);
    rows->setSpacing(kStep1);
    auto *title = new QHBoxLayout;
    title->addWidget(strongLabel(tr("Guided sample")));
    title->addStretch(1);
    title->addWidget(smallLabel(tr("about 4 min")));
    rows->addLayout(title);
    auto *text = new TextLabel(tr("Sample records and a small model: from raw data to a finished before and after, one step at a time."));
    text->setWordWrap(true);
    rows->addWidget(text);
    rows->addSpacing(kStep1);
    auto *start = new Button(tr("Start the sample"), QStringLiteral("play"), startSample->statusTip());
    connect(start, &QPushButton::clicked, startSample, &QAction::trigger);
    rows->addWidget(start, 0, Qt::AlignLeft);
    column->addWidget(sample);
    column->addSpacing(kStep5);

    m_activityHead = sectionLabel(tr("Lately"));
    m_activityHead->setContentsMargins(kStep3, 0, 0, 0);
    column->addWidget(m_activityHead);
    column->addSpacing(kStep2);
    m_activity = new QVBoxLayout;
    m_activity->setContentsMargins(kStep3, 0, 0, 0);
    m_activity->setSpacing(kStep2);
    column->addLayout(m_activity);
    column->addStretch(1);
    m_foot = keyFoot(true);
    column->addWidget(m_foot);
    setNarrow(false);
}

void ProjectsPane::setNarrow(bool isNarrow)
{
    m_new->setKeyHint(isNarrow ? QString() : m_newKeys);
    m_open->setKeyHint(isNarrow ? QString() : m_openKeys);
    m_foot->setVisible(!isNarrow);
}

void ProjectsPane::showProjects(const QString &openFolder)
{
    clear(m_projects);
    int shown = 0;
    for (const RecentProject &project : recentProjects()) {
        if (!project.exists && project.folder != openFolder)
            continue;
        auto *row = new ProjectRow(project, project.folder == openFolder);
        connect(row, &ProjectRow::clicked, this, [this, folder = project.folder] { emit projectChosen(folder); });
        m_projects->addWidget(row);
        if (++shown == kMostProjects)
            break;
    }
}

void ProjectsPane::showActivity(const std::vector<Activity> &activity)
{
    clear(m_activity);
    m_activityHead->setVisible(!activity.empty());
    const bool isAllToday = !activity.empty() && activity.back().when.date() == QDate::currentDate();
    m_activityHead->setText(isAllToday ? tr("Today") : tr("Lately"));
    for (const Activity &entry : activity) {
        auto *line = new QWidget;
        auto *row = new QHBoxLayout(line);
        row->setContentsMargins(0, 0, 0, 0);
        row->setSpacing(kStep2);
        auto *when = smallLabel(whenText(entry.when));
        when->setFixedWidth(isAllToday ? 34 : 72);
        when->setContentsMargins(0, 2, 0, 0);
        row->addWidget(when, 0, Qt::AlignTop);
        auto *text = new TextLabel(entry.text);
        text->setWordWrap(true);
        row->addWidget(text, 1);
        m_activity->addWidget(line);
    }
}

} // namespace fettle::ui
