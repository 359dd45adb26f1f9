// Starts the application: theme, bridge on the real engine, main window. Nothing heavy happens before the window is on screen.
#include "ui/frame/runwindow.h"

#include "ui/bridge/realengine.h"
#include "ui/frame/mainwindow.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QFileInfo>

namespace fettle::ui {

int runWindow(int argc, char **argv)
{
    QGuiApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
    QApplication application(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("Fettle"));
    QApplication::setApplicationName(QStringLiteral("fettle"));
    QApplication::setApplicationDisplayName(QStringLiteral("Fettle"));
    Theme theme(application, MainWindow::storedThemeChoice());
    Bridge bridge(makeRealEngine());
    MainWindow window(bridge, theme);
    window.show();
    const QStringList arguments = QApplication::arguments();
    const QString wish = arguments.size() > 1 ? QFileInfo(arguments.last()).absoluteFilePath() : QString();
    window.start(wish);
    return QApplication::exec();
}

} // namespace fettle::ui
