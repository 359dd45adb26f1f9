// Grabs pictures of the window on the stand-in engine, to be looked at beside the design's pictures.
// Usage: fettle_ui_pictures FOLDER [light|dark] [WIDTHxHEIGHT] [page | first | commands | message]
#include "tests/ui/support/fakeengine.h"
#include "ui/bridge/bridge.h"
#include "ui/frame/commandbar.h"
#include "ui/frame/mainwindow.h"
#include "ui/theme/theme.h"

#include <QAbstractButton>
#include <QApplication>
#include <QDateTime>
#include <QDir>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QSettings>
#include <QStandardPaths>
#include <QTimer>

#include <thread>

using namespace fettle;
using namespace fettle::ui;

namespace {

void settle(int ms)
{
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < ms)
        QCoreApplication::processEvents(QEventLoop::AllEvents, 10);
}

engine::RunInfo finishedRun(int id, double loss, const std::string &method)
{
    engine::RunInfo run;
    run.id = RunId{id};
    run.name = "Run " + std::to_string(id);
    run.state = engine::RunState::Finished;
    run.method = method;
    run.modelName = "SmolLM2-135M-Instruct";
    run.snapshot = SnapshotId{1};
    run.step = run.steps = 207;
    run.trainLoss = loss - 0.3;
    run.evalLoss = loss;
    run.tokens = 423'936;
    run.seconds = 780;
    run.started = QDateTime::currentDateTime().addSecs(-4000 * (9 - id)).toString(Qt::ISODate).toStdString();
    run.adapter = "runs/" + std::to_string(id) + "/adapter";
    return run;
}

} // namespace

int main(int argc, char **argv)
{
    QStandardPaths::setTestModeEnabled(true);
    QGuiApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
    QApplication application(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("fettle-pictures"));
    QApplication::setApplicationName(QStringLiteral("fettle-pictures"));
    QSettings().clear();
    const QStringList arguments = QApplication::arguments();
    const QString out = arguments.value(1, QStringLiteral("."));
    const bool isDark = arguments.value(2) == QLatin1String("dark");
    const QStringList size = arguments.value(3, QStringLiteral("1600x1000")).split(QLatin1Char('x'));
    const QString what = arguments.value(4, QStringLiteral("home"));
    QDir().mkpath(out);

    Theme theme(application, isDark ? ThemeChoice::Dark : ThemeChoice::Light);
    auto engine = std::make_unique<FakeEngine>();
    auto *fake = engine.get();
    const std::filesystem::path folder = (out + QStringLiteral("/Hollybrook answers.fettle")).toStdString();
    std::filesystem::create_directories(folder);
    auto state = fake->addProject(folder, fakeRecords(214));
    fake->runSteps = 207;
    for (const auto &[id, loss, method] : {std::tuple(1, 1.58, "lora"), std::tuple(2, 1.44, "lora"), std::tuple(3, 1.41, "lora")})
        state->runs.push_back(finishedRun(id, loss, method));
    state->settings["baseModel"] = "\"SmolLM2-135M-Instruct\"";
    Bridge bridge(std::move(engine));
    MainWindow window(bridge, theme);
    window.resize(size.value(0).toInt(), size.value(1).toInt());
    window.show();
    if (what != QLatin1String("first"))
        window.start({QString::fromStdString(folder.string()), false});
    settle(400);
    if (what != QLatin1String("first")) {
        bridge.freezeSnapshot({}, {}, nullptr, {});
        bridge.setStatus({RecordId{3}, RecordId{4}, RecordId{5}}, data::RecordStatus::Approved);
        bridge.updateFindings(64);
    }
    settle(300);
    if (what == QLatin1String("running")) {
        fake->beforeStep = [](int step) {
            if (step > 129)
                std::this_thread::sleep_for(std::chrono::milliseconds(200));
        };
        engine::TrainRequest request;
        request.recipe.method = "lora";
        bridge.startRun(request);
        settle(600);
    } else if (what == QLatin1String("menu") || what == QLatin1String("settings")) {
        const QString wanted = what == QLatin1String("menu") ? QStringLiteral("fettle::ui::ProjectButton") : QStringLiteral("fettle::ui::RailButton");
        QAbstractButton *found = nullptr;
        for (auto *button : window.findChildren<QAbstractButton *>()) {
            if (button->metaObject()->className() == wanted && (what == QLatin1String("menu") || !button->isCheckable()))
                found = button;
        }
        found->click();
        settle(300);
        QApplication::activePopupWidget()->grab().save(out + QLatin1Char('/') + what + QStringLiteral(".png"));
        QApplication::activePopupWidget()->close();
        return 0;
    } else if (what == QLatin1String("question")) {
        QTimer::singleShot(400, &window, [&] {
            QWidget *dialog = QApplication::activeModalWidget();
            dialog->grab().save(out + QStringLiteral("/question.png"));
            dialog->close();
        });
        (void)window.dialogs().ask(&window, {QStringLiteral("Run 8 is still learning."),
                                             QStringLiteral("It can be paused now and goes on exactly there at the next start."),
                                             {QStringLiteral("Pause and quit"), QStringLiteral("Stay")}});
        return 0;
    } else if (what == QLatin1String("commands")) {
        window.windowAction(QStringLiteral("commandBar"))->trigger();
        window.commandBar().field()->setText(QStringLiteral("pro"));
    } else if (what == QLatin1String("message")) {
        window.showMessage({MessageTone::Info, QStringLiteral("Exported 19.5 MB to \"run-3-peft\"."),
                            QStringLiteral("Self-test passed on 8 prompts: the reloaded file answers alike."), {}, {}, {}});
        window.showMessage({MessageTone::Warning, QStringLiteral("6 contradictions are in the snapshot."),
                            QStringLiteral("The run learns both answers."), {}, QStringLiteral("Show"), [] {}});
        window.showMessage({MessageTone::Bad, QStringLiteral("Run 8 stopped at step 140: the disk \"Data\" is full."),
                            QStringLiteral("The checkpoint needs 59 MB, 12 MB are free. Nothing before step 120 is lost."),
                            QStringLiteral("Cannot write \"runs/8/checkpoint-140/adapter.safetensors\""), QStringLiteral("Resume"), [] {}});
    } else if (what != QLatin1String("home") && what != QLatin1String("first")) {
        window.openPage(what);
    }
    settle(700);
    const QString name = QStringLiteral("%1/%2-%3-%4.png").arg(out, what, isDark ? QStringLiteral("dark") : QStringLiteral("light"), size.join(QLatin1Char('x')));
    window.grab().save(name);
    if (bridge.isRunActive()) {
        fake->beforeStep = {};
        bridge.stopRun(engine::RunControl::Wish::StopAndDiscard);
    }
    settle(300);
    return 0;
}
