// See homepage.h.
#include "ui/home/homepage.h"

#include "ui/frame/recentprojects.h"
#include "ui/home/firststart.h"
#include "ui/home/overview.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/words.h"

#include <QStackedWidget>
#include <QVBoxLayout>

namespace fettle::ui {

namespace {

constexpr int kRefreshMs = 150;

} // namespace

HomePage::HomePage(const PageContext &pageContext, QWidget *parent) : Page(pageContext, parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_head = new PageHead(tr("Home"));
    m_stack = new QStackedWidget;
    const WaysIn ways{context().windowAction(QStringLiteral("startSample")), context().windowAction(QStringLiteral("newProject")),
                      context().windowAction(QStringLiteral("openProject"))};
    m_firstStart = new FirstStart(bridge(), ways);
    m_overview = new Overview(pageContext);
    m_stack->addWidget(m_firstStart);
    m_stack->addWidget(m_overview);
    column->addWidget(m_head);
    column->addWidget(m_stack, 1);
    m_refresh.setSingleShot(true);
    m_refresh.setInterval(kRefreshMs);
    connect(&m_refresh, &QTimer::timeout, this, &HomePage::readFacts);
    connectBridge();
}

void HomePage::connectBridge()
{
    for (const auto signal : {&Bridge::recordsChanged, &Bridge::snapshotsChanged, &Bridge::runsChanged})
        connect(&bridge(), signal, this, &HomePage::refreshSoon);
    connect(&bridge(), &Bridge::jobChanged, this, [this] {
        if (isVisible() && bridge().project())
            m_overview->showJob();
    });
}

void HomePage::setProject()
{
    const ProjectApi *project = bridge().project();
    m_head->setTitle(project ? QString::fromStdString(project->name()) : tr("Home"));
    m_head->setState(project ? QString() : recentProjects().isEmpty() ? tr("no project yet") : tr("no project open"));
    m_stack->setCurrentWidget(project ? static_cast<QWidget *>(m_overview) : m_firstStart);
    m_overview->showProjects();
    if (project)
        readFacts();
}

void HomePage::onShown()
{
    if (bridge().project())
        readFacts();
    else
        m_firstStart->refresh();
}

void HomePage::refreshSoon()
{
    if (isVisible() && !m_refresh.isActive())
        m_refresh.start();
}

void HomePage::readFacts()
{
    bridge().readCounts<HomeFacts>(
        this,
        [](const ProjectApi *project, const JobContext &job) -> Result<HomeFacts> {
            if (!project)
                return fail(ErrorCode::NotFound, tr("No project is open.").toStdString());
            return readHomeFacts(*project, job.stop);
        },
        [this](Result<HomeFacts> facts) {
            if (facts)
                showFacts(*facts);
            else if (bridge().project())
                context().showMessage(messageOf(facts.error()));
        },
        "home");
}

void HomePage::showFacts(const HomeFacts &facts)
{
    const ProjectApi *project = bridge().project();
    if (!project)
        return;
    const QString when = facts.journal.empty() ? QString() : clockText(facts.journal.front().when);
    m_head->setState(when.isEmpty() ? tr("everything is saved") : tr("everything saved %1").arg(when));
    m_overview->show(facts);
    setProjectFacts(QString::fromStdString(project->folder().string()),
                    facts.runs.empty() ? tr("%1 records, no run").arg(countText(facts.counts.all))
                                       : tr("%1 records, %n run(s)", nullptr, int(facts.runs.size())).arg(countText(facts.counts.all)));
    m_overview->showProjects();
}

} // namespace fettle::ui
