// See runwatch.h.
#include "ui/desktop/runwatch.h"

#include "core/base/log.h"
#include "ui/desktop/sleepguard.h"
#include "ui/runs/runwords.h"
#include "ui/widgets/words.h"

#include <QSettings>

namespace fettle::ui {

namespace {

const auto kNotifyKey = QStringLiteral("window/notifyWhenRunEnds");

} // namespace

RunWatch::Desktop RunWatch::realDesktop()
{
    auto messages = std::make_shared<DesktopMessages>();
    return {[messages](const Notification &notification) { return messages->show(notification); }, [](const QString &why) -> Result<std::shared_ptr<void>> {
                auto guard = SleepGuard::take(why);
                if (!guard)
                    return passError(guard);
                return std::shared_ptr<void>(std::shared_ptr<SleepGuard>(std::move(*guard)));
            }, messages};
}

RunWatch::RunWatch(Bridge &bridge, Desktop desktop, QObject *parent)
    : QObject(parent), m_bridge(bridge), m_desktop(std::move(desktop)), m_worker([this] { m_awake.reset(); })
{
    connect(&bridge, &Bridge::jobChanged, this, &RunWatch::keepAwake);
    connect(&bridge, &Bridge::runEnded, this, [this](const engine::RunInfo &run) {
        runEnded(run);
        keepAwake();
    });
    if (m_desktop.messages)
        connect(m_desktop.messages.get(), &DesktopMessages::activated, this, &RunWatch::activated);
}

bool RunWatch::isNotifying()
{
    return QSettings().value(kNotifyKey, true).toBool();
}

void RunWatch::setNotifying(bool isNotifying)
{
    QSettings().setValue(kNotifyKey, isNotifying);
}

void RunWatch::keepAwake()
{
    const bool isWanted = m_bridge.isRunActive() || m_bridge.queuedRuns() > 0;
    if (isWanted == m_isAwakeWanted)
        return;
    m_isAwakeWanted = isWanted;
    m_worker.post(m_nextJob++, [this, isWanted, why = tr("A model is learning.")](std::stop_token) {
        m_awake.reset();
        if (!isWanted)
            return;
        if (auto held = m_desktop.stayAwake(why))
            m_awake = std::move(*held);
        else
            logInfo("The computer may fall asleep during the run: {}", held.error().message);
    });
}

void RunWatch::activated(const QString &target)
{
    const std::string folder = target.section(QLatin1Char(' '), 1).toStdString();
    const bool isOpen = m_bridge.project() && m_bridge.project()->folder() == folder;
    emit runWished(isOpen ? RunId{target.section(QLatin1Char(' '), 0, 0).toLongLong()} : RunId{});
}

// Whoever pauses or stops a run knows that it has ended.
void RunWatch::runEnded(const engine::RunInfo &run)
{
    using engine::RunState;
    const bool isCutOff = run.state == RunState::Failed || run.state == RunState::Interrupted;
    if (!isNotifying() || (run.state != RunState::Finished && !isCutOff))
        return;
    Notification notification;
    const QString name = QString::fromStdString(run.name);
    if (isCutOff) {
        notification = {run.state == RunState::Failed ? tr("%1 has failed").arg(name) : tr("%1 was cut off").arg(name), failureWords(run.failure).what, {}};
    } else {
        notification = {tr("%1 has finished").arg(name), tr("%1 steps in %2.").arg(countText(run.step), durationText(run.seconds)), {}};
        if (run.evalLoss)
            notification.text += QLatin1Char(' ') + tr("Held-out loss %1.").arg(lossText(*run.evalLoss));
    }
    if (m_bridge.project())
        notification.target = QStringLiteral("%1 %2").arg(run.id.value).arg(QString::fromStdString(m_bridge.project()->folder().string()));
    m_worker.post(m_nextJob++, [this, notification](std::stop_token) {
        if (const auto told = m_desktop.notify(notification); !told)
            logInfo("The desktop shows no messages: {}", told.error().message);
    });
}

} // namespace fettle::ui
