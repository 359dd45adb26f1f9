// The runs that wait for their turn: their order, and how the project keeps them until the next start. See bridge.h.
#include "ui/bridge/bridge.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace fettle::ui {

JobId Bridge::startRun(const engine::TrainRequest &request)
{
    QueuedRun queued;
    queued.wish.request = request;
    return enqueueRun(titled(std::move(queued)));
}

JobId Bridge::resumeRun(RunId run, const engine::ComputeOptions &compute, double epochs)
{
    QueuedRun queued;
    queued.wish.resume = run;
    queued.wish.compute = compute;
    queued.wish.epochs = epochs;
    return enqueueRun(titled(std::move(queued)));
}

QueuedRun Bridge::titled(QueuedRun queued) const
{
    engine::RunInfo &run = queued.run;
    if (const RunId resume = queued.wish.resume; resume.isValid()) {
        queued.title = tr("Run %1").arg(resume.value);
        run.id = resume;
        if (const auto known = m_project ? m_project->run(resume) : Result<engine::RunInfo>(run))
            run = *known;
        return queued;
    }
    const engine::TrainRequest &request = queued.wish.request;
    queued.title = tr("New run");
    run.method = request.recipe.method;
    run.modelName = request.model;
    run.snapshot = request.snapshot;
    run.recipeJson = recipeToJson(request.recipe).dump();
    run.tags = request.tags;
    return queued;
}

int Bridge::queuedRuns() const
{
    return int(std::ranges::count(m_queue, false, &QueuedRun::isHeld));
}

void Bridge::leaveQueue(JobId job)
{
    std::erase_if(m_queue, [job](const QueuedRun &queued) { return queued.job == job; });
    storeQueue();
    emit queueChanged();
}

void Bridge::moveQueuedRun(JobId job, int places)
{
    const auto found = std::ranges::find(m_queue, job, &QueuedRun::job);
    if (found == m_queue.end() || (places < 0 ? found == m_queue.begin() : found + 1 == m_queue.end()))
        return;
    const auto other = places < 0 ? found - 1 : found + 1;
    // The worker's queue says what comes next: one of them may have begun a moment ago. It does not know those that are held.
    const bool isMoved = found->isHeld || other->isHeld ? found->isHeld == other->isHeld : places < 0 ? m_heavy.moveBefore(found->job, other->job) : m_heavy.moveBefore(other->job, found->job);
    if (isMoved) {
        std::iter_swap(found, other);
        storeQueue();
        emit queueChanged();
    }
}

void Bridge::startHeldRuns()
{
    std::vector<QueuedRun> held;
    std::ranges::copy_if(m_queue, std::back_inserter(held), &QueuedRun::isHeld);
    std::erase_if(m_queue, [](const QueuedRun &queued) { return queued.isHeld; });
    for (QueuedRun &queued : held) {
        queued.isHeld = false;
        enqueueRun(std::move(queued));
    }
}

void Bridge::readQueue()
{
    m_storedQueue = m_project->setting(engine::kQueueSetting).value_or("[]");
    for (engine::RunWish &wish : engine::runWishesFrom(*m_storedQueue)) {
        const auto run = wish.resume.isValid() ? m_project->run(wish.resume) : Result<engine::RunInfo>();
        if (!run || !run->trashed.empty())
            continue;
        QueuedRun queued;
        queued.wish = std::move(wish);
        queued = titled(std::move(queued));
        queued.job = m_nextJob++;
        queued.isHeld = true;
        m_queue.push_back(std::move(queued));
    }
    emit queueChanged();
}

void Bridge::storeQueue()
{
    if (!m_storedQueue)
        return;
    std::vector<engine::RunWish> wishes;
    if (m_starting)
        wishes.push_back(m_starting->wish);
    for (const QueuedRun &queued : m_queue)
        wishes.push_back(queued.wish);
    std::string text = engine::textOf(wishes);
    if (text == *m_storedQueue)
        return;
    m_storedQueue = text;
    write<void>(Touched::Nothing, nullptr, [text = std::move(text), folder = m_folder](ProjectApi &project, const JobContext &) {
        return project.folder() == folder ? project.setSetting(engine::kQueueSetting, text) : Result<>();
    }, {});
}

void Bridge::dropQueue()
{
    m_storedQueue.reset();
    m_starting.reset();
    for (const QueuedRun &queued : std::exchange(m_queue, {}))
        m_heavy.cancel(queued.job);
    emit queueChanged();
}

} // namespace fettle::ui
