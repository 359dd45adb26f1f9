// Two or more runs that are selected in the list stand side by side. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/runs/compareview.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runwords.h"

#include <QMenu>
#include <QStackedWidget>

namespace fettle::ui {

namespace {

constexpr int kOfferedRuns = 20;

} // namespace

bool RunsPage::isComparing() const
{
    return m_right->currentWidget() == m_comparison;
}

void RunsPage::runsSelected(const std::vector<RunId> &runs)
{
    const bool isMany = runs.size() > 1;
    if (isMany) {
        std::vector<RunId> shown(runs.begin(), runs.begin() + std::ptrdiff_t(std::min(runs.size(), kMostCompared)));
        if (runs.size() > kMostCompared)
            context().showMessage({MessageTone::Info, tr("%1 runs can be compared at once; the others that you selected are left out.").arg(kMostCompared), {}, {}, {}, {}});
        m_comparison->showRuns(std::move(shown));
    }
    if (isMany != isComparing()) {
        m_right->setCurrentIndex(isMany ? 1 : 0);
        updateActions();
    }
}

void RunsPage::compareWith()
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->setObjectName(QStringLiteral("compareMenu"));
    for (int row = 0; row < std::min(m_model->rowCount(), kOfferedRuns); ++row) {
        const engine::RunInfo *run = m_model->runAt(row);
        if (run->id == m_shown)
            continue;
        menu->addAction(tr("%1: %2").arg(QString::number(run->id.value), runListName(*run)), this, [this, id = run->id] { m_list->select({m_shown, id}); });
    }
    menu->popup(m_list->mapToGlobal(QPoint(m_list->width() / 4, m_list->height() - menu->sizeHint().height())));
}

void RunsPage::closeComparison()
{
    if (!isComparing())
        return;
    m_list->select({m_list->chosen().isValid() ? m_list->chosen() : m_shown});
    m_list->setFocus();
}

} // namespace fettle::ui
