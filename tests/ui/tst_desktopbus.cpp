// What Fettle asks of a desktop, on a private message bus with stand-ins for the desktop's services.
#include "ui/desktop/notification.h"
#include "ui/desktop/sleepguard.h"

#include <QProcess>
#include <QStandardPaths>
#include <QSignalSpy>
#include <QTest>

#include <future>

#ifdef FETTLE_WITH_DBUS
#include <QDBusConnection>
#include <QDBusConnectionInterface>
#include <QDBusContext>
#include <QDBusObjectPath>
#include <QDBusUnixFileDescriptor>

#include <fcntl.h>
#include <unistd.h>
#endif

using namespace fettle;
using namespace fettle::ui;

#ifdef FETTLE_WITH_DBUS

class FakeNotifications : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")

public:
    QStringList capabilities, shown, actions;
    QVariantMap hints;

public slots:
    QStringList GetCapabilities() { return capabilities; }
    uint Notify(const QString &program, uint, const QString &icon, const QString &title, const QString &body, const QStringList &offered, const QVariantMap &given, int)
    {
        actions = offered;
        shown = QStringList{program, icon, title, body};
        hints = given;
        return 7;
    }
};

class FakeNotificationPortal : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Notification")

public:
    QVariantMap shown;
    QString id;

public slots:
    void AddNotification(const QString &name, const QVariantMap &content)
    {
        id = name;
        shown = content;
    }
};

// Hands out the writing end of a pipe: when the last copy of it is closed, the reading end ends.
class FakeLogin : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.login1.Manager")

public:
    QStringList asked;
    int readingEnd = -1;
    ~FakeLogin() override { ::close(readingEnd); }
    [[nodiscard]] bool isHeld() const
    {
        char byte = 0;
        return ::read(readingEnd, &byte, 1) < 0; // nothing to read yet, but somebody could write
    }

public slots:
    QDBusUnixFileDescriptor Inhibit(const QString &what, const QString &who, const QString &why, const QString &mode)
    {
        asked = QStringList{what, who, why, mode};
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
            return {};
        readingEnd = ends[0];
        QDBusUnixFileDescriptor writingEnd(ends[1]); // a copy
        ::close(ends[1]);
        return writingEnd;
    }
};

class FakeInhibitPortal : public QObject, protected QDBusContext {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Inhibit")

public:
    uint flags = 0;
    QString reason, caller;

public slots:
    QDBusObjectPath Inhibit(const QString &, uint wished, const QVariantMap &options)
    {
        flags = wished;
        reason = options.value(QStringLiteral("reason")).toString();
        caller = message().service();
        return QDBusObjectPath(QStringLiteral("/org/freedesktop/portal/desktop/request/1"));
    }
};

class DesktopBusTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void cleanupTestCase();

    void messageIsShown_data();
    void messageIsShown();
    void portalShowsItToo();
    void aClickIsTold();
    void loginHoldsSleepBack();
    void portalHoldsSleepBack();
    void withoutServicesItIsSaid();

private:
    // Calls wait for their answer, which this thread gives.
    template <class Call>
    auto away(Call call)
    {
        auto pending = std::async(std::launch::async, std::move(call));
        (void)QTest::qWaitFor([&] { return pending.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }, 20'000);
        return pending.get();
    }
    struct Service {
        Service(QDBusConnection &bus, const char *service, const char *path, QObject *object) : m_bus(bus), m_name(QLatin1String(service)), m_path(QLatin1String(path))
        {
            isThere = m_bus.registerObject(m_path, object, QDBusConnection::ExportAllSlots) && m_bus.registerService(m_name);
        }
        ~Service()
        {
            m_bus.unregisterService(m_name);
            m_bus.unregisterObject(m_path);
        }
        bool isThere = false;
        QDBusConnection &m_bus;
        QString m_name, m_path;
    };

    QProcess m_daemon;
    QDBusConnection m_bus = QDBusConnection(QStringLiteral("none"));
};

void DesktopBusTest::initTestCase()
{
    const QString program = QStandardPaths::findExecutable(QStringLiteral("dbus-daemon"));
    if (program.isEmpty())
        QSKIP("dbus-daemon is not installed");
    m_daemon.start(program, {QStringLiteral("--session"), QStringLiteral("--nofork"), QStringLiteral("--print-address=1")});
    QVERIFY(m_daemon.waitForStarted());
    QVERIFY(m_daemon.waitForReadyRead());
    const QByteArray address = m_daemon.readLine().trimmed();
    QVERIFY(!address.isEmpty());
    qputenv("DBUS_SESSION_BUS_ADDRESS", address);
    qputenv("DBUS_SYSTEM_BUS_ADDRESS", address); // one bus serves for both
    m_bus = QDBusConnection::connectToBus(QString::fromLatin1(address), QStringLiteral("test"));
    QVERIFY(m_bus.isConnected());
}

void DesktopBusTest::cleanupTestCase()
{
    QDBusConnection::disconnectFromBus(QStringLiteral("test"));
    m_daemon.kill();
    m_daemon.waitForFinished();
}

void DesktopBusTest::messageIsShown_data()
{
    QTest::addColumn<QStringList>("capabilities");
    QTest::addColumn<QString>("body");
    QTest::newRow("plain text") << QStringList{QStringLiteral("body")} << QStringLiteral("60 steps & a loss < 2");
    QTest::newRow("markup") << QStringList{QStringLiteral("body"), QStringLiteral("body-markup")} << QStringLiteral("60 steps &amp; a loss &lt; 2");
}

void DesktopBusTest::messageIsShown()
{
    QFETCH(QStringList, capabilities);
    QFETCH(QString, body);
    FakeNotifications desktop;
    desktop.capabilities = capabilities;
    const Service service(m_bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications", &desktop);
    QVERIFY(service.isThere);
    const auto told = away([] { return DesktopMessages().show({QStringLiteral("Run 8 has finished"), QStringLiteral("60 steps & a loss < 2"), {}}); });
    QVERIFY2(told.has_value(), told ? "" : told.error().message.c_str());
    QCOMPARE(desktop.shown, QStringList({QStringLiteral("Fettle"), QStringLiteral("fettle"), QStringLiteral("Run 8 has finished"), body}));
    QCOMPARE(desktop.hints.value(QStringLiteral("desktop-entry")).toString(), QStringLiteral("fettle"));
}

void DesktopBusTest::portalShowsItToo()
{
    FakeNotificationPortal portal;
    DesktopMessages messages;
    QSignalSpy clicks(&messages, &DesktopMessages::activated);
    const Service service(m_bus, "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", &portal);
    QVERIFY(service.isThere);
    const auto told = away([&] { return messages.show({QStringLiteral("Run 8 has failed"), QStringLiteral("a < b"), QStringLiteral("8 /data/clinic")}); });
    QVERIFY2(told.has_value(), told ? "" : told.error().message.c_str());
    QCOMPARE(portal.shown.value(QStringLiteral("title")).toString(), QStringLiteral("Run 8 has failed"));
    QCOMPARE(portal.shown.value(QStringLiteral("body")).toString(), QStringLiteral("a < b"));
    const QString action = portal.shown.value(QStringLiteral("default-action")).toString();
    QDBusMessage click = QDBusMessage::createSignal(QStringLiteral("/org/freedesktop/portal/desktop"), QStringLiteral("org.freedesktop.portal.Notification"), QStringLiteral("ActionInvoked"));
    click << portal.id << action << QVariantList{};
    QVERIFY(m_bus.send(click));
    QTRY_COMPARE(clicks.size(), 1);
    QCOMPARE(clicks[0][0].toString(), QStringLiteral("8 /data/clinic"));
}

// Of this message and of no other; the desktop also gives leave to come to the front.
void DesktopBusTest::aClickIsTold()
{
    FakeNotifications desktop;
    desktop.capabilities = QStringList{QStringLiteral("body"), QStringLiteral("actions")};
    const Service service(m_bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications", &desktop);
    QVERIFY(service.isThere);
    DesktopMessages messages;
    QSignalSpy clicks(&messages, &DesktopMessages::activated);
    const auto told = away([&] { return messages.show({QStringLiteral("Run 8 has finished"), {}, QStringLiteral("8 /data/clinic")}); });
    QVERIFY2(told.has_value(), told ? "" : told.error().message.c_str());
    QCOMPARE(desktop.actions.value(0), QStringLiteral("default"));
    const auto send = [&](const char *signal, uint id, const QString &text) {
        QDBusMessage message = QDBusMessage::createSignal(QStringLiteral("/org/freedesktop/Notifications"), QStringLiteral("org.freedesktop.Notifications"), QLatin1String(signal));
        message << id << text;
        QVERIFY(m_bus.send(message));
    };
    send("ActionInvoked", 6, QStringLiteral("default")); // of another program
    send("ActivationToken", 7, QStringLiteral("leave-42"));
    send("ActionInvoked", 7, QStringLiteral("default"));
    QTRY_COMPARE(clicks.size(), 1);
    QCOMPARE(clicks[0][0].toString(), QStringLiteral("8 /data/clinic"));
    QCOMPARE(qgetenv("XDG_ACTIVATION_TOKEN"), QByteArray("leave-42"));
    qunsetenv("XDG_ACTIVATION_TOKEN");
}

void DesktopBusTest::loginHoldsSleepBack()
{
    FakeLogin login;
    const Service service(m_bus, "org.freedesktop.login1", "/org/freedesktop/login1", &login);
    QVERIFY(service.isThere);
    auto guard = away([] { return SleepGuard::take(QStringLiteral("A model is learning.")); });
    QVERIFY2(guard.has_value(), guard ? "" : guard.error().message.c_str());
    QCOMPARE(login.asked, QStringList({QStringLiteral("sleep:idle"), QStringLiteral("Fettle"), QStringLiteral("A model is learning."), QStringLiteral("block")}));
    QTest::qWait(50); // copies that were on their way are gone
    QVERIFY(login.isHeld());
    guard->reset();
    QTRY_VERIFY(!login.isHeld());
}

void DesktopBusTest::portalHoldsSleepBack()
{
    FakeInhibitPortal portal;
    const Service service(m_bus, "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", &portal);
    QVERIFY(service.isThere);
    auto guard = away([] { return SleepGuard::take(QStringLiteral("A model is learning.")); });
    QVERIFY2(guard.has_value(), guard ? "" : guard.error().message.c_str());
    QCOMPARE(portal.flags, 12U); // suspend and idle
    QCOMPARE(portal.reason, QStringLiteral("A model is learning."));
    const auto isHeld = [&] { return m_bus.interface()->isServiceRegistered(portal.caller).value(); };
    QVERIFY(!portal.caller.isEmpty() && isHeld());
    guard->reset();
    QTRY_VERIFY(!isHeld());
}

void DesktopBusTest::withoutServicesItIsSaid()
{
    const auto told = away([] { return DesktopMessages().show({QStringLiteral("Run 8 has finished"), {}, {}}); });
    QVERIFY(!told);
    QCOMPARE(told.error().code, ErrorCode::NotFound);
    const auto guard = away([] { return SleepGuard::take(QStringLiteral("A model is learning.")); });
    QVERIFY(!guard);
    QCOMPARE(guard.error().code, ErrorCode::NotFound);
    // No session at all: nothing is started for it.
    qunsetenv("DBUS_SESSION_BUS_ADDRESS");
    const auto alone = away([] { return DesktopMessages().show({QStringLiteral("Run 8 has finished"), {}, {}}); });
    QVERIFY(!alone);
    QCOMPARE(alone.error().code, ErrorCode::NotFound);
}

#else

class DesktopBusTest : public QObject {
    Q_OBJECT

private slots:
    void withoutABusItIsSaid()
    {
        QVERIFY(!DesktopMessages().show({QStringLiteral("Run 8 has finished"), {}, {}}));
        QVERIFY(!SleepGuard::take(QStringLiteral("A model is learning.")));
    }
};

#endif

QTEST_GUILESS_MAIN(DesktopBusTest)
#include "tst_desktopbus.moc"
