// The freedesktop.org ways: logind holds sleep back for as long as a file is open that it hands out; the portal does so for as long as the
// connection lasts. Other systems add their branch here. See sleepguard.h.
#include "ui/desktop/sleepguard.h"

#include "ui/desktop/desktopbus.h"

#ifdef FETTLE_WITH_DBUS
#include <QDBusUnixFileDescriptor>
#endif

namespace fettle::ui {

#ifdef FETTLE_WITH_DBUS

namespace {

constexpr DesktopBus::Place kLogin{"org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"};
constexpr DesktopBus::Place kInhibitPortal{"org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Inhibit"};
constexpr unsigned kSuspendAndIdle = 4 | 8;

} // namespace

struct SleepGuard::Hold {
    QDBusUnixFileDescriptor file;        // logind's
    std::unique_ptr<DesktopBus> session; // the portal's
};

Result<std::unique_ptr<SleepGuard>> SleepGuard::take(const QString &why)
{
    auto hold = std::make_unique<Hold>();
    DesktopBus system(DesktopBus::Which::System);
    const auto granted = system.call(kLogin, "Inhibit", {QStringLiteral("sleep:idle"), QStringLiteral("Fettle"), why, QStringLiteral("block")});
    if (granted && !granted->isEmpty())
        hold->file = granted->front().value<QDBusUnixFileDescriptor>();
    if (!hold->file.isValid()) {
        hold->session = std::make_unique<DesktopBus>(DesktopBus::Which::Session);
        const QVariantMap options{{QStringLiteral("reason"), why}};
        if (const auto asked = hold->session->call(kInhibitPortal, "Inhibit", {QString(), kSuspendAndIdle, options}); !asked)
            return passError(asked);
    }
    return std::make_unique<SleepGuard>(std::move(hold));
}

#else

struct SleepGuard::Hold {};

Result<std::unique_ptr<SleepGuard>> SleepGuard::take(const QString &)
{
    return fail(ErrorCode::NotFound, "This program was built without a way to keep the computer awake.");
}

#endif

SleepGuard::SleepGuard(std::unique_ptr<Hold> hold) : m_hold(std::move(hold)) {}

SleepGuard::~SleepGuard() = default;

} // namespace fettle::ui
