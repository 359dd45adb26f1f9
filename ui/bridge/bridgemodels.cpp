// Models of this computer and of a hub: listed, looked at, fetched, measured, deleted. See bridge.h.
#include "ui/bridge/bridge.h"

#include <algorithm>
#include <iterator>

namespace fettle::ui {

namespace {

bool isSameOrInside(const std::filesystem::path &path, const std::filesystem::path &folder)
{
    const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return end == folder.end();
}

} // namespace

JobId Bridge::listModels(const std::vector<std::filesystem::path> &added, QObject *receiver,
                         Done<std::vector<engine::Inspection>> done)
{
    return readSlowly<std::vector<engine::Inspection>>(
        receiver,
        [added](const ProjectApi *, const JobContext &context) -> Result<std::vector<engine::Inspection>> {
            std::vector<std::filesystem::path> folders;
            std::error_code error;
            std::ranges::copy_if(added, std::back_inserter(folders), [&](const std::filesystem::path &path) { return std::filesystem::is_directory(path, error); });
            auto models = context.engine.libraryModels(folders, {}, context.stop);
            if (!models)
                return models;
            for (const std::filesystem::path &path : added) {
                if (std::ranges::any_of(*models, [&](const engine::Inspection &model) { return isSameOrInside(model.path, path); }))
                    continue;
                auto model = context.engine.inspect(path);
                if (!model) {
                    engine::Inspection broken;
                    broken.kind = "model";
                    broken.name = path.filename().string();
                    broken.path = path.string();
                    broken.problems = {{model.error().message, model.error().hint}};
                    model = std::move(broken);
                }
                models->push_back(std::move(*model));
            }
            return models;
        },
        std::move(done), "models");
}

JobId Bridge::modelsUnder(const std::filesystem::path &path, QObject *receiver, Done<std::vector<engine::Inspection>> done)
{
    return readSlowly<std::vector<engine::Inspection>>(
        receiver,
        [path](const ProjectApi *, const JobContext &context) -> Result<std::vector<engine::Inspection>> {
            std::error_code error;
            if (std::filesystem::is_directory(path, error)) {
                auto models = context.engine.libraryModels({path}, {}, context.stop);
                if (!models)
                    return models;
                std::erase_if(*models, [&](const engine::Inspection &model) { return !isSameOrInside(model.path, path); });
                if (!models->empty())
                    return models;
            }
            auto model = context.engine.inspect(path); // or why there is none
            if (!model)
                return passError(model);
            return std::vector<engine::Inspection>{std::move(*model)};
        },
        std::move(done));
}

JobId Bridge::inspectModel(const std::filesystem::path &path, QObject *receiver, Done<engine::Inspection> done)
{
    return readSlowly<engine::Inspection>(
        receiver, [=](const ProjectApi *, const JobContext &context) { return context.engine.inspect(path); }, std::move(done));
}

JobId Bridge::hashModel(const std::filesystem::path &path, QObject *receiver, Done<std::string> done)
{
    return readSlowly<std::string>(
        receiver, [=](const ProjectApi *, const JobContext &context) { return context.engine.modelHash(path, context.stop); },
        std::move(done), "hash");
}

JobId Bridge::readModelCard(const std::filesystem::path &model, QObject *receiver, Done<std::string> done)
{
    return readSlowly<std::string>(
        receiver, [=](const ProjectApi *, const JobContext &context) { return context.engine.readModelCard(model); }, std::move(done), "card");
}

JobId Bridge::knownMemory(const std::filesystem::path &model, QObject *receiver, Done<engine::ModelMemory> done)
{
    return readSlowly<engine::ModelMemory>(
        receiver, [=](const ProjectApi *, const JobContext &context) { return context.engine.knownMemory(model, context.stop); }, std::move(done), "memory");
}

JobId Bridge::measureMemory(const std::filesystem::path &model, QObject *receiver, Done<engine::ModelMemory> done)
{
    return work<engine::ModelMemory>(
        tr("Measuring"), JobInfo::Kind::Other, receiver,
        [this, model](const JobContext &context) {
            freeModels(); // one model in memory at a time, and what is measured is the method alone
            return context.engine.measureMemory(model, context.progress, context.stop);
        },
        std::move(done));
}

// --- downloads

void Bridge::startDownload(const QString &wanted)
{
    if (m_download.isOn)
        return;
    m_download = {};
    m_download.isOn = true;
    m_download.wanted = wanted;
    const JobId id = m_downloadJob = m_nextJob++;
    emit downloadChanged();
    const auto end = [this, id](const Result<engine::HubDownload> &fetched) {
        append(CallEvent{[this, id, fetched] {
            if (id != m_downloadJob)
                return;
            m_downloadJob = 0;
            m_download.isOn = false;
            if (fetched)
                m_download.finished = fetched->path;
            else if (fetched.error().code != ErrorCode::Cancelled)
                m_download.failure = fetched.error();
            emit downloadChanged();
        }});
    };
    const auto job = [this, id, end, name = wanted.toStdString()](std::stop_token stop) {
        std::int64_t first = -1; // bytes that were there before
        QElapsedTimer timer;
        const auto progressed = [&](const Progress &progress) {
            if (first < 0 && progress.total > 0) {
                first = progress.done;
                timer.start();
            }
            const double speed = first >= 0 && timer.elapsed() > 0 ? double(progress.done - first) / (double(timer.elapsed()) / 1000) : 0;
            append(CallEvent{[this, id, progress, speed] {
                if (id != m_downloadJob)
                    return; // stopped meanwhile
                m_download.progress = progress;
                m_download.bytesPerSecond = speed;
                emit downloadChanged();
            }});
        };
        end(caught([&] { return m_engine->downloadModel(name, progressed, stop); }));
    };
    m_downloads.post(id, job, [end] { end(fail(ErrorCode::Cancelled, "It was cancelled before it began.")); });
}

// It is over when the connection has been let go of: then the same model can be asked for again.
void Bridge::stopDownload()
{
    m_downloads.cancel(m_downloadJob);
}

JobId Bridge::listDownloads(QObject *receiver, Done<std::vector<engine::UnfinishedDownload>> done)
{
    return readSlowly<std::vector<engine::UnfinishedDownload>>(
        receiver,
        [](const ProjectApi *, const JobContext &context) { return Result<std::vector<engine::UnfinishedDownload>>(context.engine.unfinishedDownloads()); },
        std::move(done), "downloads");
}

JobId Bridge::discardDownload(const QString &wanted, QObject *receiver, Done<std::int64_t> done)
{
    return readSlowly<std::int64_t>(
        receiver, [name = wanted.toStdString()](const ProjectApi *, const JobContext &context) { return context.engine.discardDownload(name); }, std::move(done));
}

// --- deleting

std::vector<Bridge::ModelUse> Bridge::modelUses() const
{
    std::vector<ModelUse> uses;
    const auto waits = [&](const QueuedRun &queued) {
        for (const std::string &model : {queued.run.modelPath, queued.wish.request.model})
            uses.push_back({model, {ErrorCode::Usage, tr("A run that waits needs this model.").toStdString(), tr("Take it out of the queue first, or wait until it has ended.").toStdString(), {}}});
    };
    if (isRunActive())
        uses.push_back({m_activeRun.modelPath, {ErrorCode::Usage, tr("%1 is learning on this model.").arg(QString::fromStdString(m_activeRun.name)).toStdString(),
                                                tr("Stop it first, or wait until it has ended.").toStdString(), {}}});
    if (m_starting)
        waits(*m_starting);
    std::ranges::for_each(m_queue, waits);
    std::erase_if(uses, [](const ModelUse &use) { return use.model.empty(); });
    return uses;
}

template <class T>
JobId Bridge::unlessInUse(const std::filesystem::path &model, QObject *receiver, std::function<Result<T>(const JobContext &)> job, Done<T> done)
{
    return readSlowly<T>(
        receiver,
        [model = model.lexically_normal(), uses = modelUses(), job = std::move(job)](const ProjectApi *, const JobContext &context) -> Result<T> {
            for (const ModelUse &use : uses) {
                const auto path = context.engine.resolveModel(use.model); // runs may name it by its name
                if (path && isSameOrInside(path->lexically_normal(), model))
                    return tl::unexpected<Error>(use.refusal);
            }
            return job(context);
        },
        std::move(done));
}

JobId Bridge::planRemoval(const std::filesystem::path &model, QObject *receiver, Done<engine::ModelRemoval> done)
{
    return unlessInUse<engine::ModelRemoval>(model, receiver, [model](const JobContext &context) { return context.engine.planRemoval(model); }, std::move(done));
}

JobId Bridge::removeModel(const std::filesystem::path &model, QObject *receiver, Done<std::int64_t> done)
{
    return unlessInUse<std::int64_t>(model, receiver, [model](const JobContext &context) { return context.engine.removeModel(model); }, std::move(done));
}

} // namespace fettle::ui
