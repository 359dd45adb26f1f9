// The generic calls of Bridge: a job by value goes to a worker, its result comes back on the GUI thread. Included by bridge.h only.
#pragma once

#include "ui/bridge/bridge.h"

#include "core/base/caught.h"

namespace fettle::ui {

template <class T>
void Bridge::deliver(QPointer<QObject> receiver, bool hasReceiver, Done<T> done, Result<T> result)
{
    // Result<T> is moved through a shared pointer, because a std::function must be copyable.
    auto shared = std::make_shared<Result<T>>(std::move(result));
    QMetaObject::invokeMethod(
        this,
        [this, receiver, hasReceiver, done = std::move(done), shared] {
            if (done && (!hasReceiver || receiver))
                done(std::move(*shared));
            else if (!done && !*shared)
                report(shared->error());
        },
        Qt::QueuedConnection);
}

template <class T>
std::function<void()> Bridge::cancelledAnswer(QPointer<QObject> receiver, bool hasReceiver, const Done<T> &done)
{
    return [this, receiver, hasReceiver, done] {
        if (done) // nobody reports what the user wanted
            deliver<T>(receiver, hasReceiver, done, fail(ErrorCode::Cancelled, "It was cancelled before it began."));
    };
}

template <class T>
JobId Bridge::readOn(Worker &worker, Reader &reader, QObject *receiver,
                     std::function<Result<T>(const ProjectApi *, const JobContext &)> job, Done<T> done, const std::string &replaceKey)
{
    const JobId id = m_nextJob++;
    auto cancelled = cancelledAnswer<T>(receiver, receiver != nullptr, done);
    worker.post(
        id,
        [this, id, &reader, job = std::move(job), done = std::move(done), target = QPointer<QObject>(receiver),
         hasReceiver = receiver != nullptr](std::stop_token stop) {
            const JobContext context{*m_engine, progressOf(id), stop};
            deliver<T>(target, hasReceiver, done, caught([&] { return job(reader.project.get(), context); }));
            appendEnd(id);
        },
        std::move(cancelled), replaceKey);
    return id;
}

template <class T>
JobId Bridge::read(QObject *receiver, std::function<Result<T>(const ProjectApi *, const JobContext &)> job, Done<T> done,
                   const std::string &replaceKey)
{
    return readOn<T>(m_fast, m_fastState, receiver, std::move(job), std::move(done), replaceKey);
}

template <class T>
JobId Bridge::readSlowly(QObject *receiver, std::function<Result<T>(const ProjectApi *, const JobContext &)> job, Done<T> done,
                         const std::string &replaceKey)
{
    return readOn<T>(m_background, m_backgroundState, receiver, std::move(job), std::move(done), replaceKey);
}

template <class T>
JobId Bridge::readList(QObject *receiver, std::function<Result<T>(const ProjectApi *, const JobContext &)> job, Done<T> done,
                       const std::string &replaceKey)
{
    return readOn<T>(m_lists, m_listsState, receiver, std::move(job), std::move(done), replaceKey);
}

template <class T>
JobId Bridge::readCounts(QObject *receiver, std::function<Result<T>(const ProjectApi *, const JobContext &)> job, Done<T> done,
                         const std::string &replaceKey)
{
    return readOn<T>(m_counts, m_countsState, receiver, std::move(job), std::move(done), replaceKey);
}

template <class T>
JobId Bridge::withLens(QObject *receiver, std::function<Result<T>(const LensApi &)> job, Done<T> done, const std::string &replaceKey)
{
    return read<T>(
        receiver,
        [this, model = baseModel(), job = std::move(job)](const ProjectApi *, const JobContext &) -> Result<T> {
            const auto lens = lensFor(model);
            if (!lens)
                return passError(lens);
            return job(**lens);
        },
        std::move(done), replaceKey);
}

template <class T>
JobId Bridge::write(Touched touched, QObject *receiver, std::function<Result<T>(ProjectApi &, const JobContext &)> job, Done<T> done)
{
    const JobId id = m_nextJob++;
    auto cancelled = cancelledAnswer<T>(receiver, receiver != nullptr, done);
    m_writer.post(id, [this, id, touched, job = std::move(job), done = std::move(done), target = QPointer<QObject>(receiver),
                        hasReceiver = receiver != nullptr](std::stop_token stop) {
        const JobContext context{*m_engine, progressOf(id), stop};
        if (!m_writerState.project) {
            deliver<T>(target, hasReceiver, done,
                       fail(ErrorCode::NotFound, "No project is open.", "Open a project or begin a new one first."));
            return;
        }
        Result<T> result = caught([&] { return job(*m_writerState.project, context); });
        const bool isDone = result.has_value();
        deliver<T>(target, hasReceiver, done, std::move(result));
        appendEnd(id);
        if (isDone)
            QMetaObject::invokeMethod(this, [this, touched] { afterWrite(touched); }, Qt::QueuedConnection);
    }, std::move(cancelled));
    return id;
}

template <class T>
JobId Bridge::work(const QString &title, JobInfo::Kind kind, QObject *receiver, std::function<Result<T>(const JobContext &)> job,
                   Done<T> done)
{
    const JobId id = m_nextJob++;
    auto cancelled = cancelledAnswer<T>(receiver, receiver != nullptr, done);
    m_heavy.post(id, [this, id, title, kind, job = std::move(job), done = std::move(done), target = QPointer<QObject>(receiver),
                       hasReceiver = receiver != nullptr](std::stop_token stop) {
        append(CallEvent{[this, id, title, kind] {
            JobInfo info;
            info.id = id;
            info.kind = kind;
            info.title = title;
            info.canCancel = true;
            showJob(info);
        }});
        const JobContext context{*m_engine, progressOf(id), stop};
        auto result = std::make_shared<Result<T>>(caught([&] { return job(context); }));
        append(CallEvent{[this, id, target, hasReceiver, done, result] {
            endJob(id);
            if (done && (!hasReceiver || target))
                done(std::move(*result));
            else if (!done && !*result)
                report(result->error());
        }});
    }, std::move(cancelled));
    return id;
}

} // namespace fettle::ui
