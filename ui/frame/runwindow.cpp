// Starts the application: theme, bridge on the real engine, main window. Nothing heavy happens before the window is on screen.
#include "ui/frame/runwindow.h"

#include "core/base/words.h"
#include "ui/bridge/realengine.h"
#include "ui/desktop/runwatch.h"
#include "ui/frame/mainwindow.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QFileInfo>
#include <QIcon>

#include <cstdio>

namespace fettle::ui {

namespace {

// Says "shown" when the window has painted for the first time, then ends the program: how `fettle bench window` measures a start.
class FirstFrame : public QObject {
public:
    using QObject::QObject;
    bool eventFilter(QObject *watched, QEvent *event) override
    {
        if (event->type() == QEvent::UpdateRequest && !m_isSeen) {
            m_isSeen = true;
            QMetaObject::invokeMethod(watched, [] { // after this frame was drawn
                std::puts("shown");
                std::fflush(stdout);
                QCoreApplication::quit();
            }, Qt::QueuedConnection);
        }
        return false;
    }

private:
    bool m_isSeen = false;
};

// How messages of core are translated: lupdate files them under the namespace that tr() stands in.
std::string translateForCore(std::string_view english)
{
    return QCoreApplication::translate("fettle", QByteArray(english.data(), qsizetype(english.size())).constData()).toStdString();
}

} // namespace

int runWindow(int argc, char **argv)
{
    QGuiApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
    QApplication application(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("Fettle"));
    QApplication::setApplicationName(QStringLiteral("fettle"));
    QApplication::setApplicationDisplayName(QStringLiteral("Fettle"));
    QApplication::setDesktopFileName(QStringLiteral("fettle"));

    setTranslator(translateForCore);

    QCommandLineParser parser;
    parser.addHelpOption();
    const QCommandLineOption project(QStringLiteral("project"), QApplication::translate("fettle::ui", "Opens this project folder."),
                                     QStringLiteral("folder"));
    const QCommandLineOption sample(QStringLiteral("sample"), QApplication::translate("fettle::ui", "Opens the guided sample; makes it at the first time."));
    const QCommandLineOption theme(QStringLiteral("theme"), QApplication::translate("fettle::ui", "Look of this start: light, dark or system."),
                                   QStringLiteral("look"));
    QCommandLineOption untilShown(QStringLiteral("until-shown"), QApplication::translate("fettle::ui", "Ends the program when the window is on screen."));
    untilShown.setFlags(QCommandLineOption::HiddenFromHelp);
    parser.addOptions({project, sample, theme, untilShown});
    parser.process(application); // an unknown option ends the program with a message

    ThemeChoice look = MainWindow::storedThemeChoice();
    if (parser.isSet(theme))
        look = parser.value(theme) == QLatin1String("dark") ? ThemeChoice::Dark
            : parser.value(theme) == QLatin1String("light") ? ThemeChoice::Light
                                                            : ThemeChoice::System;
    Theme colours(application, look);
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/fettle.svg")));
    Bridge bridge(makeRealEngine());
    const RunWatch watch(bridge);
    MainWindow window(bridge, colours);
    QObject::connect(&watch, &RunWatch::runWished, &window, &MainWindow::comeForward);
    if (parser.isSet(untilShown))
        window.installEventFilter(new FirstFrame(&window));
    window.show();
    window.start({parser.isSet(project) ? QFileInfo(parser.value(project)).absoluteFilePath() : QString(), parser.isSet(sample)});
    return QApplication::exec();
}

} // namespace fettle::ui
